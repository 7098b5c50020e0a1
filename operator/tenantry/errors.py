"""Every exception that Tenantry raises itself. Expected refusals are values (domain.refusal), not exceptions.

TenantryError
├── StoreUnavailable     the database cannot be reached or is locked: wait and try again
│   ├── TenantLocked     another keeps one tenant's row; the other tenants are not concerned
│   └── StoreUnmigrated  the tables are not there yet, or are those of an earlier version
├── DirectoryUnavailable a directory does not answer, or not as it should: nobody is let in by it
├── SecretUnavailable    a Secret that a log-in needs is not there, or may not be read
├── LeadershipLost       another operator holds a newer lease: stop at once
└── InputError           a file or argument that a person gave
    └── TrailSigned      a tenant's audit trail is signed by another key: nothing of it can be changed with this one
"""


class TenantryError(Exception):
    """The root of Tenantry's own exceptions."""


class StoreUnavailable(TenantryError):
    """The database cannot be reached or stays locked; the same call may succeed later."""

    @property
    def why(self) -> str:
        """Return what the database's driver says, as far as it says anything, in one line; it names no password."""
        cause = getattr(self.__cause__, "orig", None)
        return " ".join(str(cause if cause is not None else self).split())


class TenantLocked(StoreUnavailable):
    """Another transaction keeps the row that the call waited for; a call for another tenant may succeed now."""


class StoreUnmigrated(StoreUnavailable):
    """The tables are not there yet, or are those of an earlier version; the operator migrates them at its start."""


class DirectoryUnavailable(TenantryError):
    """A directory cannot be asked; the message is for the log, and holds nothing of a person or a Secret's value."""


class SecretUnavailable(TenantryError):
    """A Secret cannot be read; the message names it, never its value."""


class LeadershipLost(TenantryError):
    """A newer lease epoch stands in the store: this process must not write."""


class InputError(TenantryError):
    """What a person gave cannot be used; the message says where and what would be right."""


class TrailSigned(InputError):
    """The audit trail of a tenant is signed, and not by the key of this process; whoever reads is not concerned."""
