"""Every exception that Tenantry raises itself. Expected refusals are values (domain.refusal), not exceptions.

TenantryError
├── StoreUnavailable     the database cannot be reached or is locked: wait and try again
├── LeadershipLost       another operator holds a newer lease: stop at once
├── InputError           a file or argument that a person gave
└── InvalidObject        an object that does not parse as its kind
"""


class TenantryError(Exception):
    """The root of Tenantry's own exceptions."""


class StoreUnavailable(TenantryError):
    """The database cannot be reached or stays locked; the same call may succeed later."""


class LeadershipLost(TenantryError):
    """A newer lease epoch stands in the store: this process must not write."""


class InputError(TenantryError):
    """What a person gave cannot be used; the message says where and what would be right."""


class InvalidObject(TenantryError):
    """A Kubernetes object that does not parse as its kind.

    Carries the field path and a message without the value, since a value may be private.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
