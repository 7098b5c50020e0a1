"""What was found in the Secrets that a User or Workgroup refers to, outside of the transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenantry.domain.mailbox import Mailbox
from tenantry.domain.password import PasswordOffer
from tenantry.specs.base import SecretKeyRef


@dataclass(frozen=True, slots=True)
class SecretOffer:
    """What its Secrets offer an object; absent is what the spec does not ask for. No value is here.

    ``system`` has by login key what is offered to the system users of a Workgroup.
    """

    password: PasswordOffer | None = None
    mailbox: Mailbox | None = None
    system: Mapping[str, PasswordOffer] = field(default_factory=dict)


def is_from(source: str, ref: SecretKeyRef) -> bool:
    """Tell whether a value's source (Secret, UID, version, key) is the Secret and key that the spec names by now."""
    parts = source.split("/")  # no name of a Secret, and no key, has a slash; empty where it is from no Secret
    return (parts[0], parts[-1]) == (ref.name, ref.key)
