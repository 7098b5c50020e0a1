"""Logins: one an account, whatever the spelling; what a deleted one leaves; and its restore (NR-13 to NR-15, NR-26)."""

from typing import Any

import pytest

from tenantry.domain.observed import Observed
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited, made_again
from tests.support.watched import WatchedTenant

PREFERENCES = [{"name": "home", "values": ["Inbox", "Board"], "default": "Inbox"}]
GROUPS = [
    {"name": "Users", "defaultFor": ["Static", "Floating"]},
    {"name": "RestrictedUsers", "defaultFor": ["Restricted"]},
    {"name": "Leads"},
]
RESTORE = {"onExisting": "Restore"}


def policy(mode: str = "Restorable", **fields: object) -> Observed[Any]:
    badge = [{"name": "badge", "format": "Sequence"}]
    spec = {"groups": GROUPS, "preferences": PREFERENCES, "attributes": badge, "deletion": {"mode": mode}}
    return workgroup(spec={**spec, **fields})


def message(tenant: WatchedTenant, seen: Observed[Any]) -> str:
    condition = tenant.condition(seen)
    assert condition is not None
    return str(condition["message"])


@pytest.mark.parametrize(
    "other",
    ["ada", "ADA", "\uff21\uff44\uff41", "ad\uff41"],
    ids=["the same", "in capitals", "in full width", "mixed"],
)
def test_a_login_that_is_taken_is_refused_with_the_holders_name(tenant: WatchedTenant, other: str) -> None:
    holder, rival = user("holder", spec={"userName": "Ada"}, age=1), user("rival", spec={"userName": other}, age=2)
    tenant.apply(pool(static=9), workgroup(), holder, rival)
    before = tenant.status(holder)
    assert tenant.is_ready(holder)
    assert (tenant.reason(rival), tenant.status(rival)["state"]) == ("LoginTaken", "Refused")
    assert 'is the login of User "holder"' in message(tenant, rival)
    tenant.later(hours=1).apply(edited(rival, displayName="Another Ada"))
    assert tenant.status(holder) == before


def test_the_domain_of_an_email_login_is_the_same_in_unicode_and_in_ascii(tenant: WatchedTenant) -> None:
    one, other = (
        user("one", spec={"userName": "a@bücher.example"}),
        user("two", spec={"userName": "a@xn--bcher-kva.example"}),
    )
    tenant.apply(pool(static=9), workgroup(), one, other)
    assert sorted([tenant.reason(one), tenant.reason(other)]) == ["LoginTaken", "Provisioned"]


def test_a_login_is_free_again_when_its_holder_is_gone_for_good(tenant: WatchedTenant) -> None:
    holder, rival = user("holder", spec={"userName": "ada"}, age=1), user("rival", spec={"userName": "ada"}, age=2)
    tenant.apply(pool(static=9), policy("Permanent"), holder, rival)
    tenant.apply(deleted(holder))
    assert tenant.is_ready(rival)


def test_a_refused_user_holds_no_login(tenant: WatchedTenant) -> None:
    wrong = user("wrong", spec={"userName": "ada"}, in_=[{"workgroupRef": "tracker", "role": "Nobody"}], age=1)
    right = user("right", spec={"userName": "ada"}, age=2)
    tenant.apply(pool(static=9), workgroup(), wrong, right)
    assert tenant.is_ready(right)
    assert 'is the login of User "right"' in message(tenant, wrong)


def test_who_waits_for_a_seat_holds_the_login_already(tenant: WatchedTenant) -> None:
    waiter, rival = user("waiter", spec={"userName": "ada"}, age=1), user("rival", spec={"userName": "ada"}, age=2)
    tenant.apply(pool(static=0), workgroup(), waiter, rival)
    assert tenant.reason(waiter) == "SeatLimitReached"
    assert tenant.reason(rival) == "LoginTaken"


@pytest.mark.parametrize("name", ["Admin", "admin", "\uff21\uff24\uff2d\uff29\uff2e"])
def test_no_user_takes_the_name_of_a_system_user(tenant: WatchedTenant, name: str) -> None:
    one = user("one", spec={"userName": name})
    tenant.apply(pool(static=9), workgroup(spec={"systemUsers": [{"userName": "Admin"}]}), one)
    assert tenant.reason(one) == "LoginReserved"
    assert 'system user of Workgroup "tracker"' in message(tenant, one)


@pytest.mark.parametrize(
    ("login", "name", "expected"),
    [
        ({"maxLength": 40}, "x" * 40, "Provisioned"),
        ({"maxLength": 40}, "x" * 41, "LoginInvalid"),
        ({"maxLength": 5}, "\U0001f680" * 5, "Provisioned"),
        ({"format": "Email"}, "ada@example.com", "Provisioned"),
        ({"format": "Email"}, "ada", "LoginInvalid"),
        ({"format": "Email"}, "Ada <ada@example.com>", "LoginInvalid"),
        ({}, "ad\u200da", "LoginInvalid"),
        ({}, "\u00a0ada", "LoginInvalid"),
        ({}, "ad\u202ea", "LoginInvalid"),
    ],
)
def test_a_login_has_the_form_that_the_workgroup_asks_for(
    tenant: WatchedTenant, login: dict[str, object], name: str, expected: str
) -> None:
    one = user("one", spec={"userName": name})
    tenant.apply(pool(static=9), workgroup(spec={"login": login}), one)
    assert tenant.reason(one) == expected


def test_a_login_that_was_deleted_offers_a_restore(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=9), policy(), ada)
    tenant.apply(deleted(ada))
    again = made_again(ada)
    tenant.apply(again)
    assert (tenant.reason(again), tenant.status(again)["state"]) == ("LoginDeleted", "Refused")
    assert "onExisting: Restore" in message(tenant, again)
    tenant.apply(edited(again, **RESTORE))
    assert tenant.is_ready(again)


def test_a_restore_brings_back_id_sequence_and_preferences(tenant: WatchedTenant) -> None:
    chosen = [{"name": "home", "value": "Board"}]
    ada = user("ada", spec={"preferences": chosen}, in_=[{"workgroupRef": "tracker", "groups": ["Users", "Leads"]}])
    tenant.apply(pool(static=9), policy(), user("before-her"), ada)
    before = tenant.status(ada)
    tenant.apply(deleted(ada))
    plain = [{"workgroupRef": "tracker"}]
    again = made_again(ada, preferences=None, workgroups=plain, **RESTORE)
    tenant.later(days=1).apply(again)
    after = tenant.status(again)
    assert after["accountId"] == before["accountId"]
    assert after["assigned"] == before["assigned"]
    assert after["preferences"] == chosen
    assert after["workgroups"][0]["groups"] == ["Users"]


def test_a_restore_takes_the_preferences_that_the_spec_names(tenant: WatchedTenant) -> None:
    ada = user("ada", spec={"preferences": [{"name": "home", "value": "Board"}]})
    tenant.apply(pool(static=9), policy(), ada)
    tenant.apply(deleted(ada))
    again = made_again(ada, preferences=[{"name": "home", "value": "Inbox"}], **RESTORE)
    tenant.apply(again)
    assert tenant.status(again)["preferences"] == [{"name": "home", "value": "Inbox"}]


@pytest.mark.parametrize(
    ("type_", "group"), [("Static", "Users"), ("Floating", "Users"), ("Restricted", "RestrictedUsers")]
)
def test_a_restored_user_is_in_the_default_group_of_its_license(tenant: WatchedTenant, type_: str, group: str) -> None:
    licenses = [{"type": type_, "quantity": 1}]
    ada = user("ada", license=type_, in_=[{"workgroupRef": "tracker", "groups": ["Leads"]}])
    tenant.apply(pool(spec={"licenses": licenses}), policy(), ada)
    tenant.apply(deleted(ada))
    again = made_again(ada, workgroups=[{"workgroupRef": "tracker"}], **RESTORE)
    tenant.apply(again)
    assert tenant.status(again)["workgroups"][0]["groups"] == [group]


def test_a_restore_needs_a_free_seat(tenant: WatchedTenant) -> None:
    ada, bob = user("ada", age=1), user("bob", age=2)
    tenant.apply(pool(static=1), policy(), ada)
    before = tenant.status(ada)
    tenant.apply(deleted(ada))
    tenant.apply(bob)
    again = made_again(ada, **RESTORE)
    tenant.apply(again)
    assert tenant.reason(again) == "SeatLimitReached"
    tenant.apply(deleted(bob))
    assert tenant.is_ready(again)
    assert tenant.status(again)["accountId"] == before["accountId"]


def test_a_restore_that_waits_and_is_deleted_can_be_restored_later(tenant: WatchedTenant) -> None:
    ada, bob = user("ada", age=1), user("bob", age=2)
    tenant.apply(pool(static=1), policy(), ada)
    before = tenant.status(ada)
    tenant.apply(deleted(ada))
    waits = made_again(ada, **RESTORE)
    tenant.apply(bob, waits)
    tenant.apply(deleted(waits), deleted(bob))
    third = made_again(waits, **RESTORE)
    tenant.apply(third)
    assert tenant.is_ready(third)
    assert tenant.status(third)["accountId"] == before["accountId"]


def test_only_an_active_account_is_restored(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=9), policy(), ada)
    tenant.apply(deleted(ada))
    again = made_again(ada, active=False, **RESTORE)
    tenant.apply(again)
    assert tenant.reason(again) == "RestoreNotAllowed"
    tenant.apply(edited(again, active=True))
    assert tenant.is_ready(again)


def test_restore_of_a_login_that_was_never_there_makes_an_account(tenant: WatchedTenant) -> None:
    ada = user("ada", spec=RESTORE)
    tenant.apply(pool(static=9), policy(), ada)
    assert tenant.is_ready(ada)


def test_a_second_deletion_and_restore_comes_back_to_the_same(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=9), policy(), ada)
    first = tenant.status(ada)
    tenant.apply(deleted(ada))
    again = made_again(ada, **RESTORE)
    tenant.later(days=1).apply(again)
    tenant.later(days=1).apply(deleted(again))
    third = made_again(again)
    tenant.later(days=1).apply(third)
    assert tenant.is_ready(third)
    assert {k: tenant.status(third)[k] for k in ("accountId", "assigned")} == {
        k: first[k] for k in ("accountId", "assigned")
    }


def test_permanent_leaves_nothing_and_the_next_is_another(tenant: WatchedTenant) -> None:
    ada = user("ada", spec={"preferences": [{"name": "home", "value": "Board"}]})
    tenant.apply(pool(static=9), policy("Permanent"), ada)
    before = tenant.status(ada)
    tenant.apply(deleted(ada))
    again = made_again(ada, preferences=None)
    tenant.apply(again)
    after = tenant.status(again)
    assert after["accountId"] != before["accountId"]
    assert after["assigned"] != before["assigned"]
    assert after["preferences"] == [{"name": "home", "value": "Inbox"}]


@pytest.mark.parametrize("wish", [{}, RESTORE], ids=["refuse", "restore"])
def test_a_reserved_login_is_never_free_again(tenant: WatchedTenant, wish: dict[str, object]) -> None:
    ada = user("ada")
    tenant.apply(pool(static=9), policy("PermanentReserved"), ada)
    tenant.apply(deleted(ada))
    again = made_again(ada, userName="ADA", **wish)
    tenant.apply(again)
    assert tenant.reason(again) == "LoginReserved"
    assert "never be used again" in message(tenant, again)


def test_a_user_that_was_never_in_force_leaves_no_tombstone(tenant: WatchedTenant) -> None:
    waiter, refused = user("ada"), user("bob", in_=[{"workgroupRef": "tracker", "role": "Nobody"}])
    seats = pool(static=0)
    tenant.apply(seats, policy("PermanentReserved"), waiter, refused)
    tenant.apply(deleted(waiter), deleted(refused))
    new = [made_again(waiter), made_again(refused, workgroups=[{"workgroupRef": "tracker"}])]
    tenant.apply(edited(seats, licenses=[{"type": "Static", "quantity": 2}]), *new)
    assert [tenant.is_ready(one) for one in new] == [True, True]


def test_the_new_of_the_same_name_is_not_touched_by_late_events_of_the_old(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=9), policy("Permanent"), ada)
    gone = deleted(ada)
    tenant.apply(gone)
    again = made_again(ada)
    tenant.apply(again)
    before = tenant.status(again)
    tenant.apply(gone)
    assert tenant.status(again) == before
    assert tenant.is_ready(again)


def test_the_new_proves_that_the_old_of_the_same_name_is_gone(tenant: WatchedTenant) -> None:
    """The old one's finalizer was stripped, and nobody saw it go."""
    ada = user("ada")
    tenant.apply(pool(static=1), policy("Permanent"), ada)
    tenant.vanish(ada)
    again = made_again(ada)
    tenant.apply(again)
    assert tenant.is_ready(again)


def test_a_late_event_of_an_earlier_object_never_touches_the_new_one(tenant: WatchedTenant) -> None:
    former = user("ada")
    later = made_again(former)
    tenant.apply(pool(static=9), policy("Permanent"), former)
    tenant.apply(deleted(former))
    tenant.apply(later)
    before = tenant.status(later)
    tenant.apply(former)
    assert tenant.status(later) == before
    assert tenant.reason(former) == "LoginTaken"
    tenant.vanish(former)
    tenant.later(hours=1).sweep()


@pytest.mark.parametrize("login", ["a\x00b", "\ufdfa" * 254], ids=["NUL", "ligatures that fold to 4572 characters"])
def test_a_login_that_no_store_can_keep_is_refused(tenant: WatchedTenant, login: str) -> None:
    one = user("one", spec={"userName": login, "emails": []})
    tenant.apply(pool(static=9), workgroup(), one)
    assert tenant.reason(one) == "LoginInvalid"
