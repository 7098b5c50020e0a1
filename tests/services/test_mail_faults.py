"""What becomes of mails, and of those of others, when the mail server or the store is at fault."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from tenantry.errors import StoreUnavailable, TenantLocked
from tenantry.runtime_api.smtp import ServerAway
from tenantry.services import outbox
from tenantry.services.outbox import Letter
from tenantry.services.work import TenantRef
from tenantry.store import Store
from tenantry.store.schema import links
from tests.services.test_mail import deliver, inviting, person, postman, waiting
from tests.support.builders import pool
from tests.support.mailserver import Mailbox, mail_server
from tests.support.watched import WatchedTenant


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


@pytest.mark.parametrize(("answers", "left"), [(["451 later"] * 3, 0), (["550 never"], 0), (["451 later", ""], 1)])
def test_the_link_of_a_mail_that_did_not_go_out_is_forgotten(
    tenant: WatchedTenant, mailbox: Mailbox, answers: list[str], left: int
) -> None:
    tenant.apply(pool(static=1), inviting(), person())
    mailbox.answers += answers
    for _ in answers:
        deliver(tenant, mailbox)
        tenant.later(minutes=5)
    with tenant.store.read() as connection:
        assert len(connection.execute(select(links)).all()) == left


@pytest.mark.parametrize("where", ["senders", "answers", "data"])
def test_a_server_that_wants_a_log_in_first_refuses_no_mail_for_good(
    tenant: WatchedTenant, mailbox: Mailbox, where: str
) -> None:
    tenant.apply(pool(static=2), inviting(), person(), person("bob"))
    getattr(mailbox, where).append("530 5.7.0 Authentication required")
    with pytest.raises(ServerAway):
        deliver(tenant, mailbox)
    tenant.later(minutes=5)
    assert deliver(tenant, mailbox) == 2
    assert waiting(tenant) == []


def test_a_mail_that_the_server_has_is_not_sent_again_since_the_store_was_away(
    tenant: WatchedTenant, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.apply(pool(static=2), inviting(), person(), person("bob"))
    sender = postman(tenant, mailbox.server)

    def away(*_: object) -> None:
        message = "away"
        raise StoreUnavailable(message)

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "mark_sent", away)
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                sender.deliver()
    assert sender.deliver() == 1
    tenant.now += outbox.LEASE
    assert sender.deliver() == 0
    assert sorted(mail["To"] for mail in mailbox.mails) == ["ada@people.example", "bob@people.example"]
    assert waiting(tenant) == []


@pytest.mark.parametrize("at", ["claim", "mark_sent"])
def test_a_tenant_that_somebody_has_locked_holds_up_no_mail_of_another(
    tenant: WatchedTenant, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    tenant.apply(pool(static=1), inviting(), person())
    other = WatchedTenant(tenant.store, TenantRef("other", "uid-of-other"))
    other.apply(*(replace(seen, namespace="other", uid=f"other-{seen.uid}") for seen in (pool(static=1), inviting())))
    other.apply(replace(person("bob"), namespace="other"))
    sender, work = postman(tenant, mailbox.server), getattr(outbox, at)

    def unless_locked(store: Store, of: str | Letter, now: datetime) -> Any:
        if (of if isinstance(of, str) else of.namespace) == tenant.ref.namespace:
            raise TenantLocked
        return work(store, of, now)

    with monkeypatch.context() as patched:
        patched.setattr(outbox, at, unless_locked)
        sender.deliver()
        assert len(mailbox.to("bob@people.example")) == 1
    sender.deliver()
    assert len(mailbox.to("ada@people.example")) == 1
    assert waiting(tenant) == waiting(other) == []
