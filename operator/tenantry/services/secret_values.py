"""What the API server gives of a Secret, read."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from tenantry.domain.mailbox import Mailbox, MailboxKind
from tenantry.specs.base import SecretKeyRef


def source_of(secret: Mapping[str, Any], key: str) -> str:
    """Return the identity of a Secret's value: the same Secret, unchanged, and the same key give the same."""
    metadata = secret["metadata"]
    return f"{metadata['name']}/{metadata['uid']}/{metadata['resourceVersion']}/{key}"


def decode(encoded: str) -> str | None:
    """Return a value as text, None where it is none."""
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    # A file ends with a line break that nobody can type into a log-in form.
    return text.removesuffix("\n").removesuffix("\r")


def find_mailbox(ref: SecretKeyRef, secret: Mapping[str, Any] | None) -> Mailbox:
    """Return what is found at the key of the Secret, as read from the API server. None: there is no Secret."""
    if secret is None:
        return Mailbox(MailboxKind.NO_SECRET, ref.name, ref.key)
    return Mailbox(_kind((secret.get("data") or {}).get(ref.key)), ref.name, ref.key, source_of(secret, ref.key))


def _kind(encoded: str | None) -> MailboxKind:
    if encoded is None:
        return MailboxKind.NO_KEY
    text = decode(encoded)
    if text is None:
        return MailboxKind.NOT_TEXT
    return MailboxKind.FOUND if text.strip() else MailboxKind.EMPTY
