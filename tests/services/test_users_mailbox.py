"""Mailboxes from Secrets: a broken one is reported and blocks nothing else (IT-16)."""

from typing import Any, cast

import pytest

from tenantry.domain.observed import Observed
from tenantry.services import secret_needs
from tenantry.store import Store
from tenantry.store.account import load_all
from tenantry.store.tenant import find_tenant
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited
from tests.support.invariants import count_records
from tests.support.watched import WatchedTenant

TYPE = "EmailIntegration"
MAIL = ("mail", "token")
NOT_UTF_8 = "planted\udcff"


def mailbox(name: str = "mail", key: str = "token") -> dict[str, Any]:
    return {"provider": "Google", "secretKeyRef": {"name": name, "key": key}}


def ada(**spec: Any) -> Observed[Any]:
    return user("ada", spec={"emailIntegration": mailbox(), **spec})


def verdict(tenant: WatchedTenant, seen: Observed[Any]) -> tuple[str, str] | None:
    condition = tenant.condition(seen, TYPE)
    return None if condition is None else (condition["status"], condition["reason"])


def kept(tenant: WatchedTenant) -> list[str]:
    """Give what the accounts keep of their mailboxes."""
    with tenant.store.read() as connection:
        row = find_tenant(connection, tenant.ref.namespace)
        assert row is not None
        return [account.mailbox for account in load_all(connection, row.id)]


@pytest.mark.parametrize(
    ("integration"),
    [
        mailbox(),
        {**mailbox(), "provider": "Office365"},
        {**mailbox(), "provider": "SMTP", "smtp": {"host": "mail.example.com"}},
    ],
)
def test_it_16_a_mailbox_whose_credential_is_there_is_connected(
    tenant: WatchedTenant, integration: dict[str, Any]
) -> None:
    tenant.secrets[MAIL] = "planted"
    seen = ada(emailIntegration=integration)
    tenant.apply(pool(static=1), workgroup(), seen)
    assert tenant.is_ready(seen)
    assert verdict(tenant, seen) == ("True", "MailboxConnected")
    assert "planted" not in str(kept(tenant))


@pytest.mark.parametrize(
    ("secrets", "reason", "remedy"),
    [
        ({}, "SecretNotFound", "create it"),
        ({("mail", "other"): "planted"}, "SecretKeyNotFound", 'no key "token"; add it'),
        ({MAIL: ""}, "MailboxInvalid", "put the credential there"),
        ({MAIL: " \n"}, "MailboxInvalid", "put the credential there"),
        ({MAIL: NOT_UTF_8}, "MailboxInvalid", "not UTF-8 text; replace it"),
    ],
)
def test_it_16_a_broken_mailbox_is_reported_blocks_nothing_and_heals(
    tenant: WatchedTenant, secrets: dict[tuple[str, str], str], reason: str, remedy: str
) -> None:
    tenant.secrets |= secrets
    seen = ada()
    tenant.apply(pool(static=1), workgroup(), seen)
    assert tenant.is_ready(seen)
    assert tenant.status(seen)["state"] == "Active"
    assert verdict(tenant, seen) == ("False", reason)
    message = (tenant.condition(seen, TYPE) or {})["message"]
    assert message.startswith("spec.emailIntegration.secretKeyRef: ")
    assert '"mail"' in message
    assert remedy in message
    assert "planted" not in message
    tenant.rotate(*MAIL, "planted")
    assert verdict(tenant, seen) == ("True", "MailboxConnected")


def test_it_16_a_secret_that_goes_or_is_emptied_is_noticed(tenant: WatchedTenant) -> None:
    tenant.secrets[MAIL] = "planted"
    seen = ada()
    tenant.apply(pool(static=1), workgroup(), seen)
    tenant.rotate(*MAIL, "")
    assert verdict(tenant, seen) == ("False", "MailboxInvalid")
    tenant.secrets.clear()
    tenant.look_out()
    assert verdict(tenant, seen) == ("False", "SecretNotFound")
    assert tenant.is_ready(seen)


def test_what_was_found_is_kept_and_is_nothing_to_put_on_record(tenant: WatchedTenant) -> None:
    tenant.secrets[MAIL] = "planted"
    seen, rules = ada(), workgroup()
    tenant.apply(pool(static=1), rules, seen)
    reads, records = len(tenant.read), count_records(tenant.store)
    tenant.rotate(*MAIL, "planted anew")
    assert (len(tenant.read), count_records(tenant.store)) == (reads + 1, records)
    tenant.apply(edited(rules, displayName="Trackers"))
    assert len(tenant.read) == reads + 1
    assert verdict(tenant, seen) == ("True", "MailboxConnected")


@pytest.mark.parametrize(("secrets", "reason"), [({}, "SecretNotFound"), ({MAIL: "x"}, "MailboxConnected")])
def test_the_condition_is_right_as_soon_as_there_is_an_account(
    tenant: WatchedTenant, secrets: dict[tuple[str, str], str], reason: str
) -> None:
    seen = ada()
    tenant.apply(seen)
    assert (tenant.reason(seen), verdict(tenant, seen)) == ("WorkgroupNotFound", None)
    tenant.secrets |= secrets
    tenant.apply(pool(static=1), workgroup())
    assert (verdict(tenant, seen) or ("", ""))[1] == reason


def test_who_waits_for_a_seat_is_told_of_the_mailbox_with_it(tenant: WatchedTenant) -> None:
    holder, seen = user("holder", age=1), user("ada", age=2, spec={"emailIntegration": mailbox()})
    tenant.apply(pool(static=1), workgroup(), holder, seen)
    tenant.apply(deleted(holder))
    assert tenant.is_ready(seen)
    assert verdict(tenant, seen) == ("False", "SecretNotFound")


def test_who_waits_for_another_license_is_told_of_a_mailbox_that_came_with_it(tenant: WatchedTenant) -> None:
    kinds = [{"type": "Static", "quantity": 1}, {"type": "Restricted", "quantity": 1}]
    holder, seen = user("holder", age=1, spec={"license": {"type": "Restricted"}}), user("ada", age=2)
    tenant.apply(pool(spec={"licenses": kinds}), workgroup(), holder, seen)
    changed = edited(seen, license={"type": "Restricted"}, emailIntegration=mailbox())
    tenant.apply(changed)
    assert (tenant.reason(changed), verdict(tenant, changed)) == ("SeatLimitReached", None)
    tenant.apply(deleted(holder))
    assert tenant.is_ready(changed)
    assert verdict(tenant, changed) == ("False", "SecretNotFound")


def test_of_a_changed_reference_the_former_secret_tells_nothing(tenant: WatchedTenant) -> None:
    """Changed together with something that is refused: the account keeps what it had until that is put right."""
    roles = workgroup(spec={"roles": [{"name": "Agent"}]})
    tenant.secrets[MAIL] = "planted"
    seen = ada()
    tenant.apply(pool(static=1), roles, seen)
    entry = {"workgroupRef": "tracker", "role": "Lead"}
    changed = edited(seen, emailIntegration=mailbox("post"), workgroups=[entry])
    tenant.apply(changed)
    assert tenant.reason(changed) == "RoleNotFound"
    tenant.apply(edited(roles, roles=[{"name": "Agent"}, {"name": "Lead"}]))
    assert tenant.is_ready(changed)
    assert verdict(tenant, changed) == ("False", "SecretNotFound")
    assert '"post"' in (tenant.condition(changed, TYPE) or {})["message"]


def test_taking_the_mailbox_out_of_the_spec_leaves_nothing_of_it(tenant: WatchedTenant) -> None:
    tenant.secrets[MAIL] = "planted"
    seen = ada()
    tenant.apply(pool(static=1), workgroup(), seen)
    without = edited(seen, emailIntegration=None)
    tenant.apply(without)
    assert tenant.is_ready(without)
    assert verdict(tenant, without) is None
    assert kept(tenant) == [""]
    assert secret_needs.secrets_known(tenant.store, "") == []


def test_a_restored_account_is_told_of_its_mailbox_as_it_is_now(tenant: WatchedTenant) -> None:
    tenant.secrets[MAIL] = "planted"
    seen = ada()
    tenant.apply(pool(static=1), workgroup(spec={"deletion": {"mode": "Restorable"}}), seen)
    tenant.apply(deleted(seen))
    assert kept(tenant) == [""]
    tenant.secrets.clear()
    again = user("ada", uid="ada-again", spec={"emailIntegration": mailbox(), "onExisting": "Restore"})
    tenant.apply(again)
    assert tenant.is_ready(again)
    assert verdict(tenant, again) == ("False", "SecretNotFound")


def test_password_and_mailbox_of_one_secret_are_each_their_own(tenant: WatchedTenant) -> None:
    tenant.secrets |= {MAIL: "", ("mail", "login"): "teal-otter"}
    seen = ada(password={"secretKeyRef": {"name": "mail", "key": "login"}})
    rules = workgroup(spec={"password": {"minLength": 6, "maxLength": 10}})
    tenant.apply(pool(static=1), rules, seen)
    assert tenant.is_ready(seen)
    assert tenant.status(seen)["password"]
    assert verdict(tenant, seen) == ("False", "MailboxInvalid")
    tenant.rotate(*MAIL, "planted")
    assert verdict(tenant, seen) == ("True", "MailboxConnected")
    tenant.rotate("mail", "login", "x")
    assert tenant.reason(seen) == "PasswordInvalid"
    tenant.rotate("mail", "login", "red-maple")
    assert tenant.is_ready(seen)
    assert verdict(tenant, seen) == ("True", "MailboxConnected")


@pytest.mark.parametrize(
    ("secrets", "missing"),
    [({}, True), ({("mail", "other"): "x"}, True), ({MAIL: ""}, False), ({MAIL: "x"}, False)],
)
def test_only_what_is_missing_is_looked_for_more_often(
    tenant: WatchedTenant, secrets: dict[tuple[str, str], str], *, missing: bool
) -> None:
    tenant.secrets |= secrets
    tenant.apply(pool(static=2), workgroup(), ada(), user("bob"))
    assert len(secret_needs.secrets_known(tenant.store, "")) == 1
    assert bool(secret_needs.secrets_missing(tenant.store, "")) == missing


def test_who_refers_to_no_secret_costs_no_query(tenant: WatchedTenant) -> None:
    no_store = cast("Store", None)
    assert secret_needs.secrets_needed(no_store, tenant.ref, [user("bob"), workgroup()]) == []
