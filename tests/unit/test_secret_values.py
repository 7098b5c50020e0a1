"""Reading what the API server gives of a Secret."""

import base64
from typing import Any

import pytest

from tenantry.domain.mailbox import Mailbox, MailboxKind
from tenantry.services.secret_values import find_mailbox
from tenantry.specs.base import SecretKeyRef

REF = SecretKeyRef(name="mail", key="token")
METADATA = {"name": "mail", "uid": "s", "resourceVersion": "4"}


def secret(value: bytes, key: str = "token") -> dict[str, Any]:
    return {"metadata": METADATA, "data": {key: base64.b64encode(value).decode()}}


@pytest.mark.parametrize(
    ("given", "kind", "source"),
    [
        (secret(b"planted"), MailboxKind.FOUND, "mail/s/4/token"),
        (secret(b'{"refresh_token": "planted"}\n'), MailboxKind.FOUND, "mail/s/4/token"),
        (None, MailboxKind.NO_SECRET, ""),
        (secret(b"planted", key="other"), MailboxKind.NO_KEY, "mail/s/4/token"),
        ({"metadata": METADATA}, MailboxKind.NO_KEY, "mail/s/4/token"),
        (secret(b""), MailboxKind.EMPTY, "mail/s/4/token"),
        (secret(b" \t\n"), MailboxKind.EMPTY, "mail/s/4/token"),
        (secret(b"planted\xff"), MailboxKind.NOT_TEXT, "mail/s/4/token"),
        ({"metadata": METADATA, "data": {"token": "%%%"}}, MailboxKind.NOT_TEXT, "mail/s/4/token"),
    ],
)
def test_what_is_found_is_told_apart_and_not_kept(given: dict[str, Any] | None, kind: MailboxKind, source: str) -> None:
    assert find_mailbox(REF, given) == Mailbox(kind, "mail", "token", source)
