"""Passwords from Secrets: the latest change wins, a refused one leaves the old (NR-09, TT-07, TT-10)."""

from typing import Any

import pytest

from tenantry.domain.observed import Observed
from tenantry.services import secret_needs
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited
from tests.support.invariants import count_records
from tests.support.watched import WatchedTenant

SECRET = {"password": {"secretKeyRef": {"name": "passwords", "key": "ada"}}}


def policy(**password: int) -> Observed[Any]:
    return workgroup(spec={"password": {"minLength": 6, "maxLength": 10, **password}})


def ada(**meta: Any) -> Observed[Any]:
    return user("ada", spec=SECRET, **meta)


def changed(tenant: WatchedTenant, seen: Observed[Any]) -> str | None:
    password = tenant.status(seen).get("password")
    return None if password is None else str(password["changedTime"])


def test_the_password_is_taken_with_the_account(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen = ada()
    tenant.apply(pool(static=1), policy(), seen)
    assert tenant.is_ready(seen)
    assert changed(tenant, seen) == "2026-01-01T13:00:00Z"


@pytest.mark.parametrize(
    ("secrets", "reason"),
    [
        ({}, "SecretNotFound"),
        ({("passwords", "bob"): "teal-otter"}, "SecretKeyNotFound"),
        ({("passwords", "ada"): "short"}, "PasswordInvalid"),
        ({("passwords", "ada"): "eleven-char"}, "PasswordInvalid"),
    ],
)
def test_a_secret_that_cannot_be_taken_is_refused_and_heals(
    tenant: WatchedTenant, secrets: dict[tuple[str, str], str], reason: str
) -> None:
    tenant.secrets |= secrets
    seen = ada()
    tenant.apply(pool(static=1), policy(), seen)
    message = (tenant.condition(seen) or {})["message"]
    assert tenant.reason(seen) == reason
    assert message.startswith("spec.password.secretKeyRef: ")
    assert not any(value in message for value in secrets.values())
    tenant.rotate("passwords", "ada", "teal-otter")
    assert tenant.is_ready(seen)


def test_a_secret_is_read_also_where_the_policy_comes_later(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen = ada()
    tenant.apply(seen)
    tenant.apply(pool(static=1), policy())
    assert tenant.is_ready(seen)
    assert changed(tenant, seen)


def test_who_waits_for_a_seat_keeps_the_password(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    holder, seen = user("holder", age=1), ada(age=2)
    tenant.apply(pool(static=1), policy(), holder, seen)
    tenant.later(days=1).apply(deleted(holder))
    assert tenant.is_ready(seen)
    assert changed(tenant, seen) == "2026-01-01T13:00:00Z"


def test_a_rotated_secret_changes_the_password(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen = ada()
    tenant.apply(pool(static=1), policy(), seen)
    tenant.later(days=1).rotate("passwords", "ada", "red-maple")
    assert changed(tenant, seen) == "2026-01-02T13:00:00Z"


def test_an_unchanged_value_is_no_change(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen = ada()
    tenant.apply(pool(static=1), policy(history=3), seen)
    records = count_records(tenant.store)
    tenant.later(days=1).rotate("passwords", "ada", "teal-otter")
    assert count_records(tenant.store) == records
    again = edited(seen, displayName="Ada L.")
    tenant.later(days=1).apply(again)
    assert tenant.is_ready(again)
    assert changed(tenant, again) == "2026-01-01T13:00:00Z"


def test_a_rotated_secret_that_breaks_the_policy_leaves_the_old_password(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen = ada()
    tenant.apply(pool(static=1), policy(), seen)
    tenant.later(days=1).rotate("passwords", "ada", "x")
    assert tenant.reason(seen) == "PasswordInvalid"
    assert tenant.status(seen)["state"] == "Active"
    assert changed(tenant, seen) == "2026-01-01T13:00:00Z"
    tenant.later(days=1).rotate("passwords", "ada", "teal-otter")
    assert tenant.is_ready(seen)
    assert changed(tenant, seen) == "2026-01-01T13:00:00Z"


@pytest.mark.parametrize(("history", "refused"), [(0, False), (1, False), (2, True), (3, True)])
def test_a_password_in_the_history_is_refused(tenant: WatchedTenant, history: int, *, refused: bool) -> None:
    """The present password counts: with a history of one, the one before it may come back."""
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen = ada()
    tenant.apply(pool(static=1), policy(history=history), seen)
    tenant.later(days=1).rotate("passwords", "ada", "red-maple")
    tenant.later(days=1).rotate("passwords", "ada", "teal-otter")
    assert tenant.reason(seen) == ("PasswordInHistory" if refused else "Provisioned")
    assert changed(tenant, seen) == ("2026-01-02T13:00:00Z" if refused else "2026-01-03T13:00:00Z")


def test_a_refused_password_stays_told_when_something_else_is_looked_at(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen, rules = ada(), policy()
    tenant.apply(pool(static=1), rules, seen)
    tenant.rotate("passwords", "ada", "x")
    tenant.apply(edited(rules, displayName="Trackers"))
    assert tenant.reason(seen) == "PasswordInvalid"


def test_of_two_workgroups_the_strictest_rule_holds(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen = ada(in_=[{"workgroupRef": "tracker"}, {"workgroupRef": "vault"}])
    vault = workgroup("vault", spec={"password": {"minLength": 12, "maxLength": 64}})
    tenant.apply(pool(static=1), workgroup(spec={"password": {"minLength": 6, "maxLength": 64}}), vault, seen)
    assert tenant.reason(seen) == "PasswordInvalid"
    assert "12 to 64" in (tenant.condition(seen) or {})["message"]
    tenant.rotate("passwords", "ada", "teal-otter-in-the-bay")
    assert tenant.is_ready(seen)


def test_a_tightened_policy_leaves_passwords_that_were_taken(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen, rules = ada(), policy()
    tenant.apply(pool(static=1), rules, seen)
    tenant.apply(edited(rules, password={"minLength": 20, "maxLength": 64}))
    assert tenant.is_ready(seen)


def test_taking_the_reference_out_leaves_the_password(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen = ada()
    tenant.apply(pool(static=1), policy(), seen)
    without = edited(seen, password=None)
    tenant.apply(without)
    assert tenant.is_ready(without)
    assert changed(tenant, without)


def test_a_secret_that_goes_leaves_the_account_and_says_so_at_the_next_look(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen = ada()
    tenant.apply(pool(static=1), policy(), seen)
    del tenant.secrets["passwords", "ada"]
    changed_spec = edited(seen, displayName="Ada L.")
    tenant.apply(changed_spec)
    assert tenant.reason(changed_spec) == "SecretNotFound"
    assert tenant.status(changed_spec)["state"] == "Active"
    tenant.rotate("passwords", "ada", "teal-otter")
    assert tenant.is_ready(changed_spec)


def test_secret_and_user_that_go_together_leave_nothing_behind(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen, next_ = ada(age=1), user("next", age=2)
    tenant.apply(pool(static=1), policy(), seen, next_)
    tenant.secrets.clear()
    outcomes = tenant.apply(deleted(seen))
    assert [o.name for o in outcomes if o.released] == ["ada"]
    assert tenant.is_ready(next_)
    assert secret_needs.secrets_known(tenant.store, "") == []


def test_no_value_and_no_hash_is_in_any_audit_record(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen = ada()
    tenant.apply(pool(static=1), policy(), seen)
    before = count_records(tenant.store)
    tenant.later(days=1).rotate("passwords", "ada", "red-maple")
    assert count_records(tenant.store) == before + 1
    with tenant.store.read() as connection:
        trail = str(connection.exec_driver_sql("SELECT facts, personal FROM audit_records").all())
    assert not any(word in trail for word in ("teal-otter", "red-maple", "retto-laet", "elpam-der"))


def test_a_secret_rotated_while_something_else_is_wrong_is_taken_afterwards(tenant: WatchedTenant) -> None:
    roles = workgroup(spec={"roles": [{"name": "Agent"}]})
    seen = user("ada", in_=[{"workgroupRef": "tracker", "role": "Agent"}], spec=SECRET)
    tenant.secrets["passwords", "ada"] = "teal-otter"
    tenant.apply(pool(static=1), roles, seen)
    first = changed(tenant, seen)
    broken = edited(roles, roles=[{"name": "Other"}])
    tenant.later(hours=1).apply(broken)
    tenant.rotate("passwords", "ada", "blue-heron")
    (before,) = secret_needs.secrets_known(tenant.store, "")
    tenant.later(hours=1).apply(edited(broken, roles=[{"name": "Agent"}]))
    (after,) = secret_needs.secrets_known(tenant.store, "")
    assert (before.state, after.state) == ("RoleNotFound", "Provisioned")  # so the look-out tries once more
    tenant.rotate("passwords", "ada", "blue-heron")
    assert changed(tenant, seen) != first


MOVED = {"secretKeyRef": {"name": "others", "key": "ada"}}
FAULTS = {
    "a role that is missing": {"workgroups": [{"workgroupRef": "tracker", "role": "Boss"}]},
    "a workgroup that is missing": {"workgroups": [{"workgroupRef": "tracker"}, {"workgroupRef": "later"}]},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_another_secret_that_came_with_a_fault_is_taken_when_that_is_mended(
    tenant: WatchedTenant, fault: dict[str, Any]
) -> None:
    """Its offer was for nothing: the fault was told first. Nothing of the User changes when it is read again."""
    tenant.secrets |= {("passwords", "ada"): "teal-otter", ("others", "ada"): "blue-heron"}
    seen, roles = ada(), workgroup(spec={"roles": [{"name": "Agent"}]})
    tenant.apply(pool(static=1), roles, seen)
    moved = edited(seen, password=MOVED, **fault)
    tenant.later(hours=1).apply(moved)
    assert not tenant.is_ready(moved)
    tenant.later(hours=1).apply(edited(roles, roles=[{"name": "Boss"}]), workgroup("later"))
    assert tenant.is_ready(moved)
    assert changed(tenant, moved) == "2026-01-01T15:00:00Z"


def test_another_secret_with_the_same_value_is_no_change_and_not_read_at_every_look(tenant: WatchedTenant) -> None:
    tenant.secrets |= {("passwords", "ada"): "teal-otter", ("others", "ada"): "teal-otter"}
    seen, rules = ada(), policy()
    tenant.apply(pool(static=1), rules, seen)
    moved = edited(seen, password=MOVED)
    tenant.later(hours=1).apply(moved)
    assert changed(tenant, moved) == "2026-01-01T13:00:00Z"
    tenant.read.clear()
    tenant.apply(edited(rules, displayName="Trackers"))
    assert tenant.is_ready(moved)
    assert not tenant.read


def test_another_secret_that_has_not_been_read_is_not_said_to_be_in_force(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    seen = ada()
    tenant.apply(pool(static=1), policy(), seen)
    moved = edited(seen, password=MOVED)
    tenant.apply(moved)
    assert tenant.reason(moved) == "SecretNotFound"
    assert tenant.status(moved)["state"] == "Active"
    tenant.rotate("others", "ada", "blue-heron")
    assert tenant.is_ready(moved)
