"""A kubeconfig: found where kubectl finds it, and read into what a connection needs."""

import base64
import binascii
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tenantry.controllers.access import ClusterAccess, client_tls, in_cluster
from tenantry.controllers.exec_plugin import Credential, run_plugin
from tenantry.controllers.token import Token
from tenantry.errors import InputError

_DEFAULT = Path("~/.kube/config")


def find_access(kubeconfig: Path | None = None) -> ClusterAccess:
    """Return how to reach the cluster: the file given, KUBECONFIG, the Pod's service account, ~/.kube/config.

    Raises:
        InputError: there is none of them, or it is not usable; the message says what is wrong.
    """
    if kubeconfig is not None:
        return read_kubeconfig([kubeconfig])
    listed = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if listed:
        return read_kubeconfig(listed)
    default = _DEFAULT.expanduser()
    if "KUBERNETES_SERVICE_HOST" not in os.environ and default.exists():
        return read_kubeconfig([default])
    return in_cluster()


def read_kubeconfig(paths: list[Path]) -> ClusterAccess:
    """Return the access that the current context of these files describes; of one name the first file's entry counts.

    Raises:
        InputError: no file is there, or the context is not complete.
    """
    files = [_File.load(path) for path in paths if path.exists()]
    if not files:
        raise InputError(f"no kubeconfig at {', '.join(map(str, paths))}")
    current = next((str(f.body["current-context"]) for f in files if f.body.get("current-context")), "")
    _, context = _named(files, "contexts", "context", current)
    at, cluster = _named(files, "clusters", "cluster", context.get("cluster", ""))
    by, user = _named(files, "users", "user", context["user"]) if context.get("user") else (files[0], {})
    return _access(at, cluster, by, user)


@dataclass(frozen=True, slots=True)
class _File:
    """One file. Paths in it are relative to its folder."""

    path: Path
    body: Mapping[str, Any]

    @classmethod
    def load(cls, path: Path) -> "_File":
        try:
            body = yaml.safe_load(path.read_text())
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            body = None
        if not isinstance(body, dict):
            raise InputError(f"{path} is not a readable kubeconfig")
        return cls(path, body)

    @property
    def folder(self) -> Path:
        return self.path.resolve().parent

    def content(self, entry: Mapping[str, Any], field: str) -> bytes | None:
        """Return what a field holds, given inline in base64 as ``<field>-data`` or as the path of a file."""
        try:
            if inline := entry.get(f"{field}-data"):
                return base64.b64decode(inline, validate=True)
            return (self.folder / entry[field]).read_bytes() if entry.get(field) else None
        except (OSError, binascii.Error) as error:
            raise InputError(f"{self.path}: {field} cannot be read: {type(error).__name__}") from error


def _named(files: list[_File], section: str, part: str, name: str) -> tuple[_File, Mapping[str, Any]]:
    for file in files:
        for entry in file.body.get(section) or ():
            if entry.get("name") == name:
                return file, entry.get(part) or {}
    raise InputError(f'{files[0].path}: {section} has no "{name}"')


def _access(at: _File, cluster: Mapping[str, Any], by: _File, user: Mapping[str, Any]) -> ClusterAccess:
    server = str(cluster.get("server", "")).rstrip("/")
    if not server.startswith(("https://", "http://")):
        raise InputError(f"{at.path}: the cluster has no server, or one that is no URL")
    certificate, key = by.content(user, "client-certificate"), by.content(user, "client-key")
    token, given = _token(by, user)
    if given is not None and given.certificate is not None:
        certificate, key = given.certificate, given.key
    tls = client_tls(
        at.content(cluster, "certificate-authority"),
        certificate,
        key,
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
    )
    return ClusterAccess(server, tls if server.startswith("https://") else None, token, cluster.get("proxy-url"))


def _token(file: _File, user: Mapping[str, Any]) -> tuple[Token, Credential | None]:
    if plugin := user.get("exec"):
        first = run_plugin(plugin, file.folder)
        return _plugin_token(plugin, file.folder, first), first
    if user.get("auth-provider"):
        raise InputError(f"{file.path}: auth-provider was removed from Kubernetes; use an exec plugin")
    if user.get("tokenFile"):
        file.content(user, "tokenFile")  # a wrong path is to be told at the start, not retried
        return Token.of_file(file.folder / user["tokenFile"]), None
    return Token.fixed(user.get("token", "")), None


def _plugin_token(plugin: Mapping[str, Any], folder: Path, first: Credential) -> Token:
    kept = [first]

    def read() -> tuple[str, float]:
        credential = kept.pop() if kept else run_plugin(plugin, folder)
        # A plugin that only gives a certificate need not run again: TLS keeps that.
        return credential.token, credential.seconds if credential.token else math.inf

    return Token(read)
