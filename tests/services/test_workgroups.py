"""Workgroups: their system users (NR-07), what an edit does to accounts, and their end (design, decisions 4 and 5)."""

from dataclasses import replace
from typing import Any

import pytest

from tenantry.domain.observed import Kind, Observed
from tenantry.domain.reading import parse_spec
from tenantry.services.trail import export_trails
from tenantry.store.account import load_all
from tenantry.store.tenant import find_tenant
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited, made_again
from tests.support.watched import WatchedTenant

SYSTEM = [{"userName": "Admin", "login": "Enabled"}, {"userName": "TBD"}, {"userName": "Inet"}]


def accounts(tenant: WatchedTenant) -> dict[str, bool]:
    """Give the accounts there are by login and whether they may log in."""
    with tenant.store.read() as connection:
        row = find_tenant(connection, tenant.ref.namespace)
        assert row is not None
        return {a.user_name: a.can_log_in for a in load_all(connection, row.id) if a.tombstone is None}


def system_users(tenant: WatchedTenant, seen: Observed[Any]) -> dict[str, str]:
    return {u["userName"]: u["accountId"] for u in tenant.status(seen).get("systemUsers", ())}


def test_system_users_take_no_seat_and_log_in_as_the_policy_says(tenant: WatchedTenant) -> None:
    policy, ada = workgroup(spec={"systemUsers": SYSTEM}), user("ada")
    tenant.apply(pool(static=1), policy, ada)
    assert list(system_users(tenant, policy)) == ["Admin", "TBD", "Inet"]
    assert accounts(tenant) == {"Admin": True, "TBD": False, "Inet": False, "ada": True}
    assert tenant.is_ready(ada)
    assert tenant.status_of(Kind.LICENSE_POOL, "seats")["used"] == 1


def test_switching_the_log_in_of_a_system_user_is_on_record(tenant: WatchedTenant) -> None:
    policy = workgroup(pool=None, spec={"systemUsers": [{"userName": "Admin", "login": "Disabled"}]})
    tenant.apply(policy)
    tenant.apply(edited(policy, systemUsers=[{"userName": "Admin", "login": "Enabled"}]))
    records = export_trails(tenant.store)
    assert {"canLogIn": [False, True]} in [record.get("facts") for record in records]


def test_each_workgroup_has_its_own_system_users(tenant: WatchedTenant) -> None:
    one, other = (workgroup(name, spec={"systemUsers": SYSTEM}) for name in ("one", "other"))
    tenant.apply(pool(static=1), one, other)
    assert not set(system_users(tenant, one).values()) & set(system_users(tenant, other).values())


def test_system_users_follow_the_policy_and_keep_their_accounts(tenant: WatchedTenant) -> None:
    policy = workgroup(spec={"systemUsers": SYSTEM})
    tenant.apply(pool(static=1), policy)
    before = system_users(tenant, policy)
    changed = edited(policy, systemUsers=[{"userName": "admin", "login": "Disabled"}, {"userName": "Robot"}])
    tenant.apply(changed)
    after = system_users(tenant, changed)
    assert after["admin"] == before["Admin"]
    assert accounts(tenant) == {"admin": False, "Robot": False}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [({"role": "Nobody"}, "RoleNotFound"), ({"groups": ["Nobody"]}, "GroupNotFound")],
)
def test_a_system_user_of_an_unknown_role_or_group_is_told(
    tenant: WatchedTenant, entry: dict[str, object], reason: str
) -> None:
    policy = workgroup(spec={"systemUsers": [{"userName": "Admin", **entry}]})
    tenant.apply(pool(static=1), policy)
    assert tenant.reason(policy) == reason
    assert (tenant.condition(policy) or {})["message"].startswith("spec.systemUsers[0].")


def test_of_two_system_users_of_one_login_the_second_is_told(tenant: WatchedTenant) -> None:
    policy = workgroup(spec={"systemUsers": [{"userName": "Admin"}, {"userName": "admin"}]})
    tenant.apply(pool(static=1), policy)
    assert tenant.reason(policy) == "LoginTaken"
    message = (tenant.condition(policy) or {})["message"]
    assert message.startswith('spec.systemUsers[1].userName: "admin" is the same login as "Admin"')
    assert accounts(tenant) == {"Admin": False}


def test_a_system_user_that_takes_the_name_of_a_member_leaves_the_member(tenant: WatchedTenant) -> None:
    policy, ada = workgroup(), user("ada")
    tenant.apply(pool(static=1), policy, ada)
    tenant.apply(edited(policy, systemUsers=[{"userName": "ada"}]))
    assert (tenant.reason(ada), tenant.status(ada)["state"]) == ("LoginReserved", "Active")


def test_a_workgroup_that_nobody_uses_goes_at_once_with_its_system_users(tenant: WatchedTenant) -> None:
    policy = workgroup(spec={"systemUsers": SYSTEM})
    tenant.apply(pool(static=1), policy)
    outcomes = tenant.apply(deleted(policy))
    assert [o.released for o in outcomes if o.uid == policy.uid] == [True]
    assert accounts(tenant) == {}


def test_a_workgroup_in_use_stays_and_takes_nobody_new(tenant: WatchedTenant) -> None:
    policy, ada = workgroup(), user("ada")
    tenant.apply(pool(static=9), policy, ada)
    going = deleted(policy)
    tenant.apply(going)
    assert tenant.reason(going) == "InUse"
    told = (tenant.condition(going) or {})["message"]
    assert "1 account needs it: ada;" in told
    assert told.endswith("tenantry users list --workgroup tracker")
    assert tenant.is_ready(ada)
    newcomer = user("newcomer")
    tenant.apply(newcomer)
    assert tenant.reason(newcomer) == "WorkgroupDeleting"
    tenant.apply(deleted(ada))
    assert going.uid not in tenant.objects
    assert tenant.reason(newcomer) == "WorkgroupNotFound"


def test_a_member_of_a_workgroup_that_goes_can_still_be_edited(tenant: WatchedTenant) -> None:
    policy, ada = workgroup(), user("ada")
    tenant.apply(pool(static=9), policy, ada)
    tenant.apply(deleted(policy))
    changed = edited(ada, displayName="Ada L.")
    tenant.apply(changed)
    assert tenant.is_ready(changed)


@pytest.mark.parametrize("way", ["moved", "made available", "evicted with the entry"])
def test_a_workgroup_goes_when_the_last_account_has_left(tenant: WatchedTenant, way: str) -> None:
    policy, ada = workgroup(), user("ada")
    tenant.apply(pool(static=9), policy, workgroup("other"), ada)
    going = deleted(policy)
    tenant.apply(going)
    both = [{"workgroupRef": "other"}]
    if way == "made available":
        both.append({"workgroupRef": "tracker", "membership": "Available"})
    tenant.apply(edited(ada, workgroups=both))
    assert (going.uid in tenant.objects) == (way == "made available")


def test_who_is_named_by_a_workgroup_that_goes_in_the_same_batch_waits_for_it(tenant: WatchedTenant) -> None:
    policy = workgroup()
    tenant.apply(pool(static=9), policy)
    newcomer = user("newcomer")
    tenant.apply(deleted(policy), newcomer)
    assert tenant.reason(newcomer) == "WorkgroupNotFound"
    tenant.apply(made_again(policy))
    assert tenant.is_ready(newcomer)


def test_a_workgroup_made_again_is_bound_again(tenant: WatchedTenant) -> None:
    """Its finalizer was stripped while it was in use: rows are keyed by name, so the new one takes over."""
    policy, ada = workgroup(spec={"systemUsers": SYSTEM}), user("ada")
    tenant.apply(pool(static=9), policy, ada)
    before = tenant.status(ada)
    tenant.vanish(policy)
    again = made_again(policy, displayName="Again")
    tenant.apply(again)
    assert tenant.is_ready(again)
    assert tenant.status(ada) == before
    newcomer = user("newcomer")
    tenant.apply(newcomer)
    assert tenant.is_ready(newcomer)


def test_a_workgroup_whose_finalizer_was_stripped_governs_until_its_accounts_are_gone(tenant: WatchedTenant) -> None:
    policy, ada = workgroup(spec={"deletion": {"mode": "Permanent"}}), user("ada")
    tenant.apply(pool(static=9), policy, ada)
    tenant.vanish(policy)
    tenant.later(hours=1).sweep()
    assert tenant.is_ready(ada)
    newcomer = user("newcomer")
    tenant.apply(newcomer)
    assert tenant.reason(newcomer) == "WorkgroupDeleting"
    tenant.apply(deleted(ada))
    assert tenant.reason(newcomer) == "WorkgroupNotFound"
    assert tenant.status_of(Kind.LICENSE_POOL, "seats")["used"] == 0


def test_an_unused_workgroup_made_again_before_anybody_saw_it_go_is_in_force(tenant: WatchedTenant) -> None:
    policy = workgroup(spec={"systemUsers": SYSTEM})
    tenant.apply(pool(static=9), policy)
    tenant.vanish(policy)
    again = made_again(policy)
    tenant.apply(again)
    assert tenant.is_ready(again)
    assert list(system_users(tenant, again)) == ["Admin", "TBD", "Inet"]


def test_late_events_of_an_earlier_workgroup_touch_nothing(tenant: WatchedTenant) -> None:
    policy, ada = workgroup(), user("ada")
    tenant.apply(pool(static=9), policy, ada)
    tenant.vanish(policy)
    again = made_again(policy)
    tenant.apply(again)
    before = tenant.status(again)
    tenant.apply(deleted(policy))
    assert tenant.status(again) == before
    newcomer = user("newcomer")
    tenant.apply(newcomer)
    assert tenant.is_ready(newcomer)


def test_a_workgroup_whose_spec_does_not_parse_keeps_the_last_good_policy(tenant: WatchedTenant) -> None:
    policy, ada = workgroup(), user("ada")
    tenant.apply(pool(static=9), policy, ada)
    document = '{"roles": 7}'
    _, fault = parse_spec(Kind.WORKGROUP, document)
    broken = replace(policy, generation=2, document=document, spec=None, fault=fault)
    tenant.apply(broken)
    assert tenant.reason(broken) == "InvalidSpec"
    newcomer = user("newcomer")
    tenant.apply(newcomer)
    assert tenant.is_ready(newcomer)


def test_edit_and_back_comes_back_to_the_first_state(tenant: WatchedTenant) -> None:
    spec = {"roles": [{"name": "Agent"}], "preferences": [{"name": "unit", "values": ["C", "F"], "default": "C"}]}
    policy = workgroup(spec=spec)
    ada = user("ada", in_=[{"workgroupRef": "tracker", "role": "Agent"}])
    tenant.apply(pool(static=9), policy, ada)
    before = tenant.status(ada)
    other = edited(policy, roles=[], preferences=[{"name": "unit", "values": ["K"], "default": "K"}])
    tenant.apply(other)
    assert not tenant.is_ready(ada)
    tenant.apply(edited(other, **spec))
    assert tenant.status(ada) == before


def test_a_restored_cluster_that_counts_to_the_same_generation_again_is_believed(tenant: WatchedTenant) -> None:
    backed_up = workgroup(spec={"login": {"maxLength": 40}})
    lost = edited(backed_up, login={"maxLength": 3})
    again = edited(backed_up, login={"maxLength": 39})
    ada = user("abcdef")
    tenant.apply(pool(static=9), backed_up)
    tenant.apply(lost)
    tenant.apply(ada)
    assert tenant.reason(ada) == "LoginInvalid"
    tenant.apply(again)
    assert again.generation == lost.generation
    assert tenant.is_ready(ada)
    bob = user("abcdefg")
    tenant.later(seconds=1).apply(bob)
    assert tenant.is_ready(bob)
    off = edited(bob, active=False)
    tenant.apply(edited(bob, comment="lost"))
    tenant.apply(off)
    assert tenant.status(off)["state"] == "Inactive"
