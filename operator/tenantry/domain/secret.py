"""What was found in the Secrets that a User refers to, outside of the transaction."""

from dataclasses import dataclass

from tenantry.domain.mailbox import Mailbox
from tenantry.domain.password import PasswordOffer


@dataclass(frozen=True, slots=True)
class SecretOffer:
    """What its Secrets offer a User; absent is what the spec does not ask for. No value is here."""

    password: PasswordOffer | None = None
    mailbox: Mailbox | None = None
