"""Access and membership are two steps, and leaving a workgroup is a deletion there (NR-01, NR-14, NR-24 to NR-26)."""

from typing import Any

import pytest

from tenantry.domain.observed import Kind, Observed
from tests.support.builders import pool, user, workgroup
from tests.support.edits import edited
from tests.support.invariants import actions_on_record
from tests.support.watched import WatchedTenant

MEMBER = {"workgroupRef": "tracker"}
SUPPORT = {"workgroupRef": "support"}
AVAILABLE = {**SUPPORT, "membership": "Available"}


def memberships(tenant: WatchedTenant, seen: Observed[Any]) -> dict[str, str]:
    return {m["workgroupRef"]: m["membership"] for m in tenant.status(seen).get("workgroups", ())}


def policies(mode: str = "Restorable") -> list[Observed[Any]]:
    spec = {
        "deletion": {"mode": mode},
        "roles": [{"name": "Agent"}],
        "groups": [{"name": "Users", "defaultFor": ["Static"]}],
    }
    return [pool(static=9), workgroup(spec=spec), workgroup("support", spec=spec)]


def test_available_is_access_without_membership(tenant: WatchedTenant) -> None:
    ada = user("ada", in_=[MEMBER, AVAILABLE])
    tenant.apply(*policies(), ada)
    assert tenant.is_ready(ada)
    assert memberships(tenant, ada) == {"tracker": "Member", "support": "Available"}
    assert [m.get("groups") for m in tenant.status(ada)["workgroups"]] == [["Users"], None]


@pytest.mark.parametrize("field", [{"notifications": ["job"]}, {"defaultModule": "Jobs"}])
def test_every_edit_of_a_membership_is_on_record(tenant: WatchedTenant, field: dict[str, Any]) -> None:
    modules = [{"name": "Jobs", "levels": [{"name": "View", "actions": ["job:read"]}]}]
    ada = user("ada", license=None, in_=[MEMBER])
    tenant.apply(workgroup(pool=None, spec={"notifications": [{"name": "job"}], "modules": modules}), ada)
    tenant.apply(ada := edited(ada, workgroups=[{**MEMBER, **field}]))
    assert tenant.is_ready(ada)
    assert actions_on_record(tenant.store, "Account") == ["AccountCreated", "AccountChanged"]


def test_who_is_available_is_added_later(tenant: WatchedTenant) -> None:
    ada = user("ada", in_=[MEMBER, AVAILABLE])
    tenant.apply(*policies(), ada)
    added = edited(ada, workgroups=[MEMBER, {**SUPPORT, "role": "Agent"}])
    tenant.apply(added)
    assert tenant.is_ready(added)
    assert memberships(tenant, added) == {"tracker": "Member", "support": "Member"}


@pytest.mark.parametrize("left", [[MEMBER], [MEMBER, AVAILABLE]], ids=["access too", "membership only"])
def test_leaving_a_workgroup_leaves_the_account_and_its_others(
    tenant: WatchedTenant, left: list[dict[str, str]]
) -> None:
    ada = user("ada", in_=[MEMBER, SUPPORT])
    tenant.apply(*policies(), ada)
    before = tenant.status(ada)
    gone = edited(ada, workgroups=left)
    tenant.apply(gone)
    assert tenant.is_ready(gone)
    assert memberships(tenant, gone)["tracker"] == "Member"
    assert tenant.status(gone)["accountId"] == before["accountId"]
    assert tenant.status_of(Kind.LICENSE_POOL, "seats")["used"] == 1


def test_a_deleted_membership_comes_back_by_a_restore_only(tenant: WatchedTenant) -> None:
    ada = user("ada", in_=[MEMBER, SUPPORT])
    tenant.apply(*policies(), ada)
    left = edited(ada, workgroups=[MEMBER])
    tenant.apply(left)
    back = edited(left, workgroups=[MEMBER, SUPPORT])
    tenant.apply(back)
    message = (tenant.condition(back) or {})["message"]
    assert tenant.reason(back) == "MembershipDeleted"
    assert message.startswith("spec.workgroups[1].workgroupRef: ")
    assert "onExisting: Restore" in message
    assert memberships(tenant, back) == {"tracker": "Member"}
    assert tenant.status(back)["state"] == "Active"
    restored = edited(back, onExisting="Restore")
    tenant.apply(restored)
    assert tenant.is_ready(restored)
    assert memberships(tenant, restored) == {"tracker": "Member", "support": "Member"}


def test_a_membership_that_was_deleted_while_the_seat_was_taken_back_is_remembered(tenant: WatchedTenant) -> None:
    """Evicted, the account is in no workgroup; what its spec loses meanwhile is deleted all the same (NR-25)."""
    when = {"policy": "Evict", "graceDays": 0}
    bought = pool(spec={"licenses": [{"type": "Static", "quantity": 1}], "whenReduced": when})
    ada = user("ada", in_=[MEMBER, SUPPORT])
    tenant.apply(bought, workgroup(), workgroup("support"), ada)
    none = edited(bought, licenses=[])
    tenant.apply(none)
    tenant.later(seconds=1).settle()
    left = edited(ada, workgroups=[MEMBER])
    tenant.apply(left, edited(none, licenses=[{"type": "Static", "quantity": 1}]))
    assert tenant.is_ready(left)
    back = edited(left, workgroups=[MEMBER, SUPPORT])
    tenant.apply(back)
    assert tenant.reason(back) == "MembershipDeleted"


def test_a_restored_membership_is_in_the_default_group_only(tenant: WatchedTenant) -> None:
    ada = user("ada", in_=[MEMBER, SUPPORT])
    tenant.apply(*policies(), ada)
    left = edited(ada, workgroups=[MEMBER])
    tenant.apply(left)
    restored = edited(left, workgroups=[MEMBER, SUPPORT], onExisting="Restore")
    tenant.apply(restored)
    assert [m["groups"] for m in tenant.status(restored)["workgroups"]] == [["Users"], ["Users"]]


def test_available_after_a_deletion_needs_no_restore(tenant: WatchedTenant) -> None:
    ada = user("ada", in_=[MEMBER, SUPPORT])
    tenant.apply(*policies(), ada)
    left = edited(ada, workgroups=[MEMBER])
    tenant.apply(left)
    available = edited(left, workgroups=[MEMBER, AVAILABLE])
    tenant.apply(available)
    assert tenant.is_ready(available)
    tenant.apply(edited(available, workgroups=[MEMBER, SUPPORT]))
    assert tenant.reason(available) == "MembershipDeleted"


def test_a_membership_is_restored_only_while_the_account_is_active(tenant: WatchedTenant) -> None:
    ada = user("ada", in_=[MEMBER, SUPPORT])
    tenant.apply(*policies(), ada)
    left = edited(ada, workgroups=[MEMBER], active=False)
    tenant.apply(left)
    wish = edited(left, workgroups=[MEMBER, SUPPORT], onExisting="Restore")
    tenant.apply(wish)
    assert tenant.reason(wish) == "RestoreNotAllowed"
    tenant.apply(edited(wish, active=True))
    assert tenant.is_ready(wish)


def test_where_deletion_is_permanent_a_membership_comes_back_as_a_new_one(tenant: WatchedTenant) -> None:
    ada = user("ada", in_=[MEMBER, SUPPORT])
    tenant.apply(*policies("Permanent"), ada)
    left = edited(ada, workgroups=[MEMBER])
    tenant.apply(left)
    back = edited(left, workgroups=[MEMBER, SUPPORT])
    tenant.apply(back)
    assert tenant.is_ready(back)


def test_where_logins_are_reserved_a_membership_never_comes_back(tenant: WatchedTenant) -> None:
    ada = user("ada", in_=[MEMBER, SUPPORT])
    tenant.apply(*policies("PermanentReserved"), ada)
    left = edited(ada, workgroups=[MEMBER])
    tenant.apply(left)
    back = edited(left, workgroups=[MEMBER, SUPPORT], onExisting="Restore")
    tenant.apply(back)
    assert tenant.reason(back) == "LoginReserved"
    assert memberships(tenant, back) == {"tracker": "Member"}


def test_a_move_from_one_workgroup_to_another_keeps_the_seat(tenant: WatchedTenant) -> None:
    ada = user("ada", in_=[MEMBER])
    seats, *rest = policies()
    tenant.apply(edited(seats, licenses=[{"type": "Static", "quantity": 1}]), *rest, ada)
    moved = edited(ada, workgroups=[SUPPORT])
    tenant.apply(moved)
    assert tenant.is_ready(moved)
    assert memberships(tenant, moved) == {"support": "Member"}


def test_the_default_group_follows_the_license_type(tenant: WatchedTenant) -> None:
    groups = [
        {"name": "Users", "defaultFor": ["Static"]},
        {"name": "Limited", "defaultFor": ["Restricted"]},
        {"name": "X"},
    ]
    licenses = [{"type": t, "quantity": 1} for t in ("Static", "Restricted")]
    ada = user("ada", license="Static")
    tenant.apply(pool(spec={"licenses": licenses}), workgroup(spec={"groups": groups}), ada)
    assert tenant.status(ada)["workgroups"][0]["groups"] == ["Users"]
    changed = edited(ada, license={"type": "Restricted"})
    tenant.apply(changed)
    assert tenant.status(changed)["workgroups"][0]["groups"] == ["Limited"]
    named = edited(changed, workgroups=[{"workgroupRef": "tracker", "groups": ["X"]}])
    tenant.apply(named)
    assert tenant.status(named)["workgroups"][0]["groups"] == ["X"]
