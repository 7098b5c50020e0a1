"""What applications may ask of the runtime API."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """One part of the runtime API; a client's token opens those it was given."""

    SESSIONS = "sessions"
    ACCOUNTS = "accounts"
    ADMINISTRATION = "administration"
    HOLDINGS = "holdings"
    ACCESS = "access"
    SCIM = "scim"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the accounts get that a client makes through SCIM, where it does not ask for something else."""

    workgroup: str | None = None
    role: str | None = None
    license: str | None = None
