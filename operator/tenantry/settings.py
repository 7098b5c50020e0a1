"""The operator's settings: environment variables TENANTRY_…, each also an option of `tenantry run`."""

import hashlib
import os
import socket
import uuid
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_VOLUME = Path("/var/lib/tenantry")
_LEASE = "tenantry"
_NAMESPACE_PATTERN = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"

Namespace = Annotated[str, StringConstraints(pattern=_NAMESPACE_PATTERN)]


class LogFormat(StrEnum):
    """How the log is written."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """From which severity on the log is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _default_store() -> str:
    """Return the volume of the image where there is one, else a file in the current folder."""
    folder = _VOLUME if os.access(_VOLUME, os.W_OK) else Path.cwd()
    return f"sqlite:///{folder / 'tenantry.db'}"


class Settings(BaseSettings):
    """What an operator needs to know before it starts."""

    model_config = SettingsConfigDict(env_prefix="TENANTRY_", extra="ignore", frozen=True)

    store_url: str = Field(
        default_factory=_default_store,
        description="The identity store: sqlite:///path or postgresql://user@host/name. Others see the command line: a "
        "URL with a password goes into TENANTRY_STORE_URL. Default: the file tenantry.db in /var/lib/tenantry where "
        "that is writable, else in the working folder.",
    )
    kubeconfig: Path | None = Field(
        default=None,
        description="A kubeconfig. Without one: KUBECONFIG, the Pod's service account, ~/.kube/config.",
    )
    namespace_scope: Annotated[tuple[Namespace, ...], NoDecode] = Field(
        default=(), description="Only these namespaces, separated by commas; none for all."
    )
    health_host: str = Field(
        default="0.0.0.0",  # noqa: S104 - the kubelet and Prometheus ask from outside of the Pod
        description="The address on which probes and metrics are answered.",
    )
    health_port: int = Field(default=8080, ge=0, le=65535, description="The port of /livez, /readyz and /metrics.")
    lease_namespace: Namespace = Field(
        default="tenantry-system", description="The namespace of the Lease that lets only one operator work."
    )
    lease_name: str = Field(
        default="",
        description="The Lease's name. Empty: tenantry, followed by a digest of the scope where there is one.",
    )
    lease_seconds: float = Field(
        default=15.0, ge=1.0, le=3600.0, description="How long a dead operator's Lease holds off the next one."
    )
    identity: str = Field(
        default="",
        description="Who holds the Lease. One that outlives the process, such as the Pod's UID, takes its own Lease "
        "back at once after a crash; no two operators may share it. Empty: a new one for each process.",
    )
    resync_seconds: float = Field(
        default=600.0, ge=1.0, description="Within this time a rotated Secret is noticed; the look-ups spread over it."
    )
    sweep_seconds: float = Field(
        default=600.0, ge=1.0, description="How often all objects are compared with all rows of the store."
    )
    audit_key_file: Path | None = Field(
        default=None,
        description="A file with the key that signs the head of each audit trail; without it heads are not signed.",
    )
    log_format: LogFormat = Field(default=LogFormat.CONSOLE, description="json for machines, console for people.")
    log_level: LogLevel = Field(default=LogLevel.INFO, description="debug, info, warning or error.")

    @field_validator("namespace_scope", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Take a list as an environment variable can give it."""
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @property
    def lease(self) -> str:
        """Return the Lease's name: operators of different scopes do not keep each other out."""
        if self.lease_name or not self.namespace_scope:
            return self.lease_name or _LEASE
        scope = ",".join(sorted(self.namespace_scope))
        return f"{_LEASE}-{hashlib.sha256(scope.encode()).hexdigest()[:10]}"

    @property
    def holder(self) -> str:
        """Return what stands in the Lease as its holder."""
        return self.identity or f"{socket.gethostname()}_{uuid.uuid4()}"
