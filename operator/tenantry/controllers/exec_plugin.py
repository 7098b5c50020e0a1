"""Credentials from a program that a kubeconfig names (client-go credential plugins)."""

import json
import math
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tenantry.errors import InputError

#: A plugin may ask a cloud; it never may ask a person, since nobody sits before an operator.
_PLUGIN_SECONDS = 60
#: Credentials are renewed this long before they expire.
_MARGIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Credential:
    """What a plugin gave: a token, a client certificate, or both; and for how many seconds."""

    token: str
    certificate: bytes | None
    key: bytes | None
    seconds: float


def run_plugin(config: Mapping[str, Any], folder: Path) -> Credential:
    """Run the program and return what it gives.

    Raises:
        InputError: it cannot be run, fails, or says something else than a credential.
    """
    version = config.get("apiVersion", "")
    info = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    given = {variable["name"]: variable["value"] for variable in config.get("env") or ()}
    environment = {**os.environ, **given, "KUBERNETES_EXEC_INFO": json.dumps(info)}
    try:
        done = subprocess.run(  # noqa: S603 - running it is what a kubeconfig with a plugin asks for
            [config["command"], *(config.get("args") or ())],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=_PLUGIN_SECONDS,
            check=True,
        )
        return _credential(json.loads(done.stdout)["status"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        # Neither its output nor the exception's text may be shown: both may hold the credential.
        command = config.get("command", "")
        raise InputError(
            f'the credential plugin "{command}" of the kubeconfig failed: {type(error).__name__}'
        ) from None


def _credential(status: Mapping[str, Any]) -> Credential:
    certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
    return Credential(
        token=status.get("token", ""),
        certificate=certificate.encode() if certificate else None,
        key=key.encode() if key else None,
        seconds=_seconds_left(status.get("expirationTimestamp")),
    )


def _seconds_left(expires: str | None) -> float:
    if expires is None:
        return math.inf
    left = datetime.fromisoformat(expires) - datetime.now(UTC)
    return max(0.0, left.total_seconds() - _MARGIN_SECONDS)
