"""Mails: which follow from what, and that each goes out once, whatever happens (MM-01, MM-04, TH-17, TH-23)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from controlplane.service import free_ports
from tenantry.domain.observed import Observed
from tenantry.runtime_api.letters import write_letter
from tenantry.runtime_api.postman import Postman
from tenantry.runtime_api.smtp import MailServer, ServerAway
from tenantry.services import outbox
from tenantry.services.managed import Put, carry_out
from tenantry.services.onboarding import cancel_invitation, resend_invitation
from tenantry.store.account import load_by_id
from tenantry.store.outbox import MailRow
from tenantry.store.schema import links, metadata
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited
from tests.support.eventually import eventually
from tests.support.mailserver import Mailbox, mail_server
from tests.support.watched import WatchedTenant

PAGE = "https://tracker.example/welcome"
SENDER = "tenantry@tracker.example"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


def inviting(**fields: Any) -> Observed[Any]:
    onboarding = {"mode": "Invitation", "expirationHours": 168}
    return workgroup(spec={"onboarding": onboarding, "mail": {"linkURL": PAGE}, **fields})


def person(login: str = "ada", **fields: Any) -> Observed[Any]:
    return user(login, spec={"emails": [{"value": f"{login}@people.example"}], **fields})


def postman(tenant: WatchedTenant, server: MailServer | None) -> Postman:
    return Postman(tenant.store, server, SENDER, now=lambda: tenant.now)


def deliver(tenant: WatchedTenant, mailbox: Mailbox) -> int:
    return postman(tenant, mailbox.server).deliver()


def waiting(tenant: WatchedTenant) -> list[MailRow]:
    return outbox.list_unsent(tenant.store, tenant.ref.namespace)


def now_of(tenant: WatchedTenant) -> str:
    return tenant.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_mm_01_who_is_invited_is_mailed_a_link(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    tenant.apply(pool(static=1), inviting(mail={"from": "desk@tracker.example", "linkURL": PAGE}), person())
    assert deliver(tenant, mailbox) == 1
    (mail,) = mailbox.mails
    assert (mail["To"], mail["From"]) == ("ada@people.example", "desk@tracker.example")
    assert f"{PAGE}?act=accept&token=tnl_" in mail.get_content()
    assert waiting(tenant) == []
    assert deliver(tenant, mailbox) == 0


def test_without_a_page_the_mail_has_the_token_and_the_sender_of_the_server(
    tenant: WatchedTenant, mailbox: Mailbox
) -> None:
    tenant.apply(pool(static=1), inviting(mail={}), person())
    deliver(tenant, mailbox)
    assert mailbox.mails[0]["From"] == SENDER
    assert mailbox.token("ada@people.example").startswith("tnl_")


def test_the_store_holds_no_token(tenant: WatchedTenant) -> None:
    tenant.apply(pool(static=1), inviting(), person())
    (letter,) = outbox.claim(tenant.store, tenant.ref.namespace, tenant.now)
    with tenant.store.read() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table))]
    assert letter.address in str(rows)
    assert letter.token not in str(rows)
    assert letter.token not in repr(letter)


def test_an_edit_that_changes_no_address_mails_nobody_again(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    ada = person()
    tenant.apply(pool(static=1), inviting(), ada)
    deliver(tenant, mailbox)
    tenant.apply(edited(ada, comment="later"))
    tenant.later(hours=1).sweep()
    assert deliver(tenant, mailbox) == 0


def test_a_new_address_before_acceptance_gets_the_invitation_instead(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    ada = person()
    tenant.apply(pool(static=1), inviting(), ada)
    tenant.apply(edited(ada, emails=[{"value": "ada@new.example"}]))
    assert deliver(tenant, mailbox) == 1
    assert [mail["To"] for mail in mailbox.mails] == ["ada@new.example"]


def test_mm_04_an_invitation_is_resent_at_run_time_and_by_its_user(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    ada = person()
    tenant.apply(pool(static=1), inviting(), ada)
    deliver(tenant, mailbox)
    tenant.later(hours=1)
    assert resend_invitation(tenant.store, tenant.ref.namespace, "ada", "account x", tenant.now) is None
    tenant.settle()
    assert deliver(tenant, mailbox) == 1
    tenant.later(hours=1).apply(edited(ada, invitationResendTime=now_of(tenant.later(hours=1))))
    assert deliver(tenant, mailbox) == 1


def test_mm_04_an_invitation_that_expired_is_mailed_once_it_has_a_seat_again(
    tenant: WatchedTenant, mailbox: Mailbox
) -> None:
    tenant.apply(pool(static=1), inviting(), person())
    deliver(tenant, mailbox)
    tenant.later(hours=169).settle()
    assert resend_invitation(tenant.store, tenant.ref.namespace, "ada", "account x", tenant.now) is None
    assert deliver(tenant, mailbox) == 0
    tenant.settle()
    assert deliver(tenant, mailbox) == 1
    refusal = resend_invitation(tenant.store, tenant.ref.namespace, "bob", "account x", tenant.now)
    assert refusal is not None
    assert refusal.reason == "UserNotFound"


def test_an_invitation_that_was_taken_back_is_not_mailed(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    ada = person()
    tenant.apply(pool(static=1), inviting(), ada)
    tenant.apply(deleted(ada))
    assert deliver(tenant, mailbox) == 0


def test_th_17_an_address_to_be_verified_is_mailed_to(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    tenant.apply(pool(static=1), workgroup(spec={"emailVerification": "Required"}), person())
    deliver(tenant, mailbox)
    assert mailbox.mails[0]["Subject"].startswith("Is this your email address?")


def test_th_17_verified_from_the_first_means_no_mail(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    tenant.apply(pool(static=1), workgroup(), person())
    assert deliver(tenant, mailbox) == 0


def test_a_password_reset_by_the_spec_is_obeyed_once(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    ada = person()
    tenant.apply(pool(static=1), workgroup(), ada)
    asked = edited(ada, passwordResetRequestTime=now_of(tenant.later(hours=1)))
    tenant.apply(asked)
    tenant.apply(edited(asked, comment="later"))
    assert deliver(tenant, mailbox) == 1
    assert mailbox.mails[0]["Subject"] == "Another password for tracker"


def test_a_password_reset_asked_for_in_the_future_is_refused(tenant: WatchedTenant) -> None:
    tenant.apply(pool(static=1), workgroup(), ada := person(passwordResetRequestTime="2030-01-01T00:00:00Z"))
    assert tenant.reason(ada) == "TimeInFuture"


OWNED = {"owner": {"email": "owner@verdant.example"}, "plan": {"name": "Grow"}}


def test_th_23_the_owner_is_mailed_what_a_change_of_the_subscription_altered(
    tenant: WatchedTenant, mailbox: Mailbox
) -> None:
    static = {"type": "Static", "quantity": 3}
    limit = {"name": "developers", "included": 2, "addOns": 1, "consumedBy": [{"workgroupRef": "w", "role": "r"}]}
    bought = pool(spec={**OWNED, "licenses": [static], "limits": [limit]})
    tenant.apply(bought)
    assert deliver(tenant, mailbox) == 0
    more = edited(
        bought, licenses=[{**static, "quantity": 5}], limits=[{**limit, "addOns": 4}], plan={"name": "Startup"}
    )
    tenant.apply(more)
    tenant.apply(edited(more, displayName="Verdant"))
    assert deliver(tenant, mailbox) == 1
    text = mailbox.to("owner@verdant.example")[0].get_content()
    for line in ("plan: Grow → Startup", "licenses Static, quantity: 3 → 5", "limit developers, add-ons: 1 → 4"):
        assert f"- {line}" in text


def test_a_subscription_without_an_owner_mails_nobody(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    bought = pool(static=1)
    tenant.apply(bought)
    tenant.apply(edited(bought, licenses=[{"type": "Static", "quantity": 2}]))
    assert deliver(tenant, mailbox) == 0


def test_a_hundred_invitations_go_out_once_each_with_two_who_send(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    tenant.apply(pool(static=100), inviting(), *(person(f"p{i}") for i in range(100)))
    threads = [threading.Thread(target=deliver, args=(tenant, mailbox)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver(tenant, mailbox)  # what a sender could not take because of the other
    assert sorted(mail["To"] for mail in mailbox.mails) == sorted(f"p{i}@people.example" for i in range(100))


@pytest.mark.parametrize("where", ["answers", "data"])
def test_a_mail_that_is_put_off_is_tried_again_later(tenant: WatchedTenant, mailbox: Mailbox, where: str) -> None:
    tenant.apply(pool(static=1), inviting(), person())
    getattr(mailbox, where).append("451 come back later")
    assert deliver(tenant, mailbox) == 0
    (row,) = waiting(tenant)
    assert (row.attempts, row.failure) == (1, "451")
    assert row.due is not None
    assert tenant.now < row.due <= tenant.now + timedelta(minutes=5)
    tenant.later(minutes=5)
    assert deliver(tenant, mailbox) == 1
    assert waiting(tenant) == []


def test_a_mail_that_is_refused_for_good_is_kept_to_be_seen_and_not_tried_again(
    tenant: WatchedTenant, mailbox: Mailbox
) -> None:
    tenant.apply(pool(static=2), inviting(), person(), person("bob"))
    mailbox.answers.append("550 no such mailbox")
    assert deliver(tenant, mailbox) == 1
    tenant.later(days=1)
    assert deliver(tenant, mailbox) == 0
    (row,) = waiting(tenant)
    assert (row.due, row.failure) == (None, "550")
    refused = row.mail.address.partition("@")[0]
    assert resend_invitation(tenant.store, tenant.ref.namespace, refused, "account x", tenant.now) is None
    tenant.settle()
    assert deliver(tenant, mailbox) == 1
    assert waiting(tenant) == []


def test_a_sender_that_is_refused_holds_up_no_mail_of_others(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    tenant.apply(pool(static=2), inviting(), person(), person("bob"))
    mailbox.senders.append("550 not from you")
    assert deliver(tenant, mailbox) == 1
    (row,) = waiting(tenant)
    assert (row.due, row.failure) == (None, "550")


def test_while_the_server_is_away_no_mail_is_touched(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    tenant.apply(pool(static=1), inviting(), person())
    (port,) = free_ports(1)
    with pytest.raises(ServerAway):
        postman(tenant, MailServer.parse(f"smtp://127.0.0.1:{port}")).deliver()
    assert [row.attempts for row in waiting(tenant)] == [0]
    assert deliver(tenant, mailbox) == 1


def test_without_a_server_mails_wait(tenant: WatchedTenant, mailbox: Mailbox, caplog: pytest.LogCaptureFixture) -> None:
    tenant.apply(pool(static=1), inviting(), person())
    assert postman(tenant, None).deliver() == 0
    assert "--smtp-url" in caplog.text
    assert "ada" not in caplog.text
    assert deliver(tenant, mailbox) == 1


def test_a_sender_that_dies_after_the_server_took_a_mail_leaves_one_of_the_same_id(
    tenant: WatchedTenant, mailbox: Mailbox
) -> None:
    tenant.apply(pool(static=1), inviting(), person())
    (letter,) = outbox.claim(tenant.store, tenant.ref.namespace, tenant.now)
    connection = mailbox.server.connect()
    connection.send(write_letter(letter, SENDER))
    connection.close()
    assert deliver(tenant, mailbox) == 0  # the lease of the one that died is not over
    tenant.now += outbox.LEASE
    assert deliver(tenant, mailbox) == 1
    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    outbox.mark_sent(tenant.store, letter, tenant.now)  # should it not have died: nothing is left to be marked
    assert waiting(tenant) == []


def test_an_invitation_that_ran_out_before_it_was_sent_is_dropped(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    tenant.apply(pool(static=1), inviting(), person())
    tenant.later(hours=169).settle()
    assert deliver(tenant, mailbox) == 0
    assert waiting(tenant) == []


def test_what_people_are_called_makes_no_header(tenant: WatchedTenant, mailbox: Mailbox) -> None:
    evil = "Desk\r\nBcc: eve@evil.example"
    tenant.apply(pool(static=1), inviting(displayName=evil), person(displayName="Ada\nBcc: x@evil.example"))
    assert deliver(tenant, mailbox) == 1
    assert mailbox.mails[0]["Bcc"] is None
    assert mailbox.mails[0]["Subject"] == "You are invited to Desk Bcc: eve@evil.example"


@pytest.mark.parametrize(
    ("written", "mailed"),
    [
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("jürgen@people.example", "jürgen@people.example"),
    ],
)
def test_an_address_beyond_ascii_is_mailed_to_and_no_other(
    tenant: WatchedTenant, mailbox: Mailbox, written: str, mailed: str
) -> None:
    tenant.apply(pool(static=1), inviting(), user("ada", spec={"emails": [{"value": written}]}))
    assert deliver(tenant, mailbox) == 1
    assert mailbox.recipients == [mailed]
    assert waiting(tenant) == []


def test_mm_04_the_invitation_of_an_account_of_the_api_is_cancelled_and_leaves_nothing(
    tenant: WatchedTenant, mailbox: Mailbox
) -> None:
    tenant.apply(pool(static=1), inviting())
    document = {
        "userName": "ada",
        "workgroups": [{"workgroupRef": "tracker"}],
        "emails": [{"value": "ada@people.example"}],
    }
    (made,) = carry_out(tenant.store, tenant.ref.namespace, [Put(document, create=True)], "account x", tenant.now)
    assert made.account is not None
    assert deliver(tenant, mailbox) == 1
    assert cancel_invitation(tenant.store, tenant.ref.namespace, "ada", "account x", tenant.now) is None
    tenant.settle()
    again = cancel_invitation(tenant.store, tenant.ref.namespace, "ada", "account x", tenant.now)
    assert again is not None
    assert again.reason == "UserNotFound"
    with tenant.store.read() as connection:
        assert connection.execute(select(links)).all() == []
        assert load_by_id(connection, [made.account.id]) == []


def test_a_postman_goes_on_once_the_mail_server_is_there(tenant: WatchedTenant) -> None:
    tenant.apply(pool(static=1), inviting(), person())
    (port,) = free_ports(1)
    sender = Postman(tenant.store, MailServer.parse(f"smtp://127.0.0.1:{port}"), SENDER, lambda: tenant.now, idle=0.05)
    sender.start()
    try:
        with mail_server(port) as mailbox:
            assert eventually(lambda: mailbox.to("ada@people.example"))
            assert eventually(lambda: not waiting(tenant))
    finally:
        sender.stop()


def test_two_hundred_invitations_are_put_into_the_outbox_by_one_statement(tenant: WatchedTenant) -> None:
    tenant.apply(pool(static=200), inviting())
    people = [person(f"p{i}") for i in range(200)]
    with statements(tenant.store.engine) as seen:
        tenant.apply(*people)
    assert len([statement for statement in seen if statement.startswith("INSERT INTO outbox")]) == 1


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Note what is said to the database."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)
