"""What applications may ask of the runtime API."""

from enum import StrEnum


class Scope(StrEnum):
    """One part of the runtime API; a client's token opens those it was given."""

    SESSIONS = "sessions"
    ACCOUNTS = "accounts"
    ADMINISTRATION = "administration"
    HOLDINGS = "holdings"
    ACCESS = "access"
    SCIM = "scim"
