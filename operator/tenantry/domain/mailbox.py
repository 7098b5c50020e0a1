"""What was found where a User's mailbox has its credential (IT-16). The credential itself is kept nowhere."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from tenantry.domain.reason import Reason
from tenantry.specs.base import SecretKeyRef

_FIELD = "spec.emailIntegration.secretKeyRef"


class MailboxKind(StrEnum):
    """What became of looking at the Secret."""

    FOUND = "Found"
    NO_SECRET = "NoSecret"  # noqa: S105 - an outcome
    NO_KEY = "NoKey"
    NOT_TEXT = "NotText"
    EMPTY = "Empty"


_FAULTS = {
    MailboxKind.NO_SECRET: (
        Reason.SECRET_NOT_FOUND,
        'Secret "{secret}" does not exist or cannot be read; create it, or correct the name',
    ),
    MailboxKind.NO_KEY: (Reason.SECRET_KEY_NOT_FOUND, 'Secret "{secret}" has no key "{key}"; add it'),
    MailboxKind.NOT_TEXT: (Reason.MAILBOX_INVALID, 'key "{key}" of Secret "{secret}" is not UTF-8 text; replace it'),
    MailboxKind.EMPTY: (Reason.MAILBOX_INVALID, 'key "{key}" of Secret "{secret}" is empty; put the credential there'),
}


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What was found at a key of a Secret; ``source`` is the Secret's identity and version, empty where it has none."""

    kind: MailboxKind
    secret: str
    key: str
    source: str = ""

    def __str__(self) -> str:
        """Return the text that the account keeps."""
        return f"{self.kind}/{self.secret}/{self.key}/{self.source}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return what the account keeps as a value, None where nobody has looked yet."""
        if not text:
            return None
        kind, secret, key, source = text.split("/", 3)  # no name of a Secret, and no key, has a slash
        return cls(MailboxKind(kind), secret, key, source)

    def is_at(self, ref: SecretKeyRef) -> bool:
        """Tell whether it was found where the spec says by now."""
        return (self.secret, self.key) == (ref.name, ref.key)

    def verdict(self) -> tuple[Reason, str]:
        """Return the reason and the message; names the Secret, never its value."""
        if self.kind is MailboxKind.FOUND:
            return Reason.MAILBOX_CONNECTED, "The Secret holds a credential for the mailbox. It was not tried."
        reason, message = _FAULTS[self.kind]
        return reason, f"{_FIELD}: {message.format(secret=self.secret, key=self.key)}"
