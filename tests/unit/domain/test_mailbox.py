"""What is kept of a look at a mailbox's Secret (IT-16)."""

import pytest

from tenantry.domain.mailbox import Mailbox, MailboxKind
from tenantry.specs.base import SecretKeyRef


@pytest.mark.parametrize("kind", MailboxKind)
@pytest.mark.parametrize("source", ["", "uid/17/a.token"])
def test_what_the_account_keeps_tells_all_that_was_found(kind: MailboxKind, source: str) -> None:
    found = Mailbox(kind, "mail.example", "a.token", source)
    assert Mailbox.parse(str(found)) == found


def test_an_account_that_keeps_nothing_has_not_looked() -> None:
    assert Mailbox.parse("") is None


@pytest.mark.parametrize(("name", "key", "same"), [("mail", "a", True), ("mail", "b", False), ("post", "a", False)])
def test_what_was_found_elsewhere_is_not_found_here(name: str, key: str, *, same: bool) -> None:
    assert Mailbox(MailboxKind.FOUND, "mail", "a").is_at(SecretKeyRef(name=name, key=key)) == same
