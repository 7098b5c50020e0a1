"""Limits of a subscription, and caps on the holders of a role (TH-03 to TH-05, TH-08, TH-22)."""

from typing import Any

import pytest

from tenantry.domain.observed import Kind, Observed
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited
from tests.support.watched import WatchedTenant

ROLES = [{"name": "Administrator"}, {"name": "Developer"}, {"name": "User"}]


def limit(name: str, *roles: str, included: int = 0, add_ons: int = 0) -> dict[str, Any]:
    consumed = [{"workgroupRef": "instance", "role": role} for role in roles]
    return {"name": name, "included": included, "addOns": add_ons, "consumedBy": consumed}


def subscription(*limits: dict[str, Any], **fields: object) -> Observed[Any]:
    free = [{"workgroupRef": "instance", "role": "User"}]
    return pool("subscription", spec={"limits": list(limits), "freeRoles": free, **fields})


def instance(**fields: object) -> Observed[Any]:
    return workgroup("instance", pool="subscription", spec={"roles": ROLES, **fields})


def account(name: str, role: str, **meta: Any) -> Observed[Any]:
    return user(name, license=None, in_=[{"workgroupRef": "instance", "role": role}], **meta)


def limits_of(tenant: WatchedTenant) -> dict[str, tuple[int, int, int]]:
    status = tenant.status_of(Kind.LICENSE_POOL, "subscription")
    return {x["name"]: (x["capacity"], x["used"], x["waiting"]) for x in status["limits"]}


@pytest.mark.parametrize(("included", "add_ons"), [(0, 0), (0, 1), (1, 0), (1, 2)])
def test_a_limit_lets_in_what_is_included_and_what_was_added(
    tenant: WatchedTenant, included: int, add_ons: int
) -> None:
    capacity = included + add_ons
    people = [account(f"dev-{n}", "Developer", age=n) for n in range(capacity + 1)]
    tenant.apply(subscription(limit("developers", "Developer", included=included, add_ons=add_ons)), instance())
    tenant.apply(*people)
    assert [tenant.is_ready(one) for one in people] == [True] * capacity + [False]
    assert tenant.reason(people[-1]) == "LimitReached"
    message = (tenant.condition(people[-1]) or {})["message"]
    assert f'lets in {capacity} for limit "developers"' in message
    assert limits_of(tenant) == {"developers": (capacity, capacity, 1)}


@pytest.mark.parametrize("roles", [ROLES, [{**role, "maxHolders": 1} for role in ROLES]], ids=["limit", "cap too"])
def test_who_only_has_access_counts_against_no_role(tenant: WatchedTenant, roles: list[dict[str, Any]]) -> None:
    """The API server takes no role of such a one, but what counts does not rest on that."""
    entry = {"workgroupRef": "instance", "membership": "Available", "role": "Administrator"}
    guests = [user(name, license=None, in_=[entry]) for name in ("ada", "bob", "cyd")]
    tenant.apply(subscription(limit("administrators", "Administrator", included=1)), instance(roles=roles), *guests)
    assert limits_of(tenant) == {"administrators": (1, 0, 0)}
    tenant.apply(account("dan", "Administrator"), edited(guests[0], displayName="Ada"))
    assert limits_of(tenant) == {"administrators": (1, 1, 0)}
    joining = edited(guests[1], workgroups=[{**entry, "membership": "Member"}])
    tenant.apply(joining)
    assert (tenant.reason(joining), limits_of(tenant)) == ("LimitReached", {"administrators": (1, 1, 1)})


def test_one_more_add_on_lets_exactly_one_more_in(tenant: WatchedTenant) -> None:
    bought = subscription(limit("administrators", "Administrator", add_ons=1))
    people = [account(f"admin-{n}", "Administrator", age=n) for n in range(3)]
    tenant.apply(bought, instance(), *people)
    tenant.apply(edited(bought, limits=[limit("administrators", "Administrator", add_ons=2)]))
    assert [tenant.is_ready(one) for one in people] == [True, True, False]


def test_free_roles_count_against_no_limit(tenant: WatchedTenant) -> None:
    guests = [account(f"guest-{n}", "User") for n in range(20)]
    tenant.apply(subscription(limit("developers", "Developer")), instance(), *guests)
    assert all(tenant.is_ready(one) for one in guests)
    assert limits_of(tenant) == {"developers": (0, 0, 0)}


def test_an_account_counts_once_whatever_roles_of_a_limit_it_holds(tenant: WatchedTenant) -> None:
    other = workgroup("lab", pool="subscription", spec={"roles": ROLES})
    staff = limit("staff", "Developer", "Administrator", included=1)
    staff["consumedBy"].append({"workgroupRef": "lab", "role": "Developer"})
    roles = [{"workgroupRef": "instance", "role": "Administrator"}, {"workgroupRef": "lab", "role": "Developer"}]
    ada, bob = user("ada", license=None, in_=roles, age=1), account("bob", "Developer", age=2)
    tenant.apply(subscription(staff), instance(), other, ada, bob)
    assert tenant.is_ready(ada)
    assert tenant.reason(bob) == "LimitReached"
    assert limits_of(tenant) == {"staff": (1, 1, 1)}


def test_a_role_that_nobody_defines_is_refused_for_that_alone(tenant: WatchedTenant) -> None:
    bought = subscription(limit("developers", "Developer", included=5))
    tenant.apply(bought, instance(), ada := account("ada", "Developper"))
    message = (tenant.condition(ada) or {})["message"]
    assert (tenant.reason(ada), "in no limit" in message) == ("RoleNotFound", False)


def test_a_role_that_is_in_no_limit_and_not_free_is_refused(tenant: WatchedTenant) -> None:
    bought = subscription(limit("developers", "Developer", included=5))
    ada, nobody = account("ada", "Administrator"), user("nobody", license=None, in_="instance")
    tenant.apply(bought, instance(), ada, nobody)
    assert tenant.reason(ada) == tenant.reason(nobody) == "RoleNotInPlan"
    condition = tenant.condition(ada) or {}
    assert 'role "Administrator"' in condition["message"]
    assert condition["message"].startswith("spec.workgroups[0].role: ")
    both = [limit("developers", "Developer", included=5), limit("administrators", "Administrator", included=1)]
    tenant.apply(edited(bought, limits=both))
    assert tenant.is_ready(ada)


def test_a_promotion_beyond_the_limit_leaves_the_former_role(tenant: WatchedTenant) -> None:
    limits = [limit("administrators", "Administrator", add_ons=1), limit("developers", "Developer", included=1)]
    ada, bob = account("ada", "Administrator"), account("bob", "Developer")
    tenant.apply(subscription(*limits), instance(), ada, bob)
    promoted = edited(bob, workgroups=[{"workgroupRef": "instance", "role": "Administrator"}])
    tenant.apply(promoted)
    assert tenant.reason(promoted) == "LimitReached"
    assert tenant.status(promoted)["workgroups"][0]["role"] == "Developer"
    assert limits_of(tenant) == {"administrators": (1, 1, 1), "developers": (1, 1, 0)}
    tenant.apply(deleted(ada))
    assert tenant.status(promoted)["workgroups"][0]["role"] == "Administrator"
    assert limits_of(tenant) == {"administrators": (1, 1, 0), "developers": (1, 0, 0)}


def test_a_promotion_frees_the_former_role_for_who_waits(tenant: WatchedTenant) -> None:
    limits = [limit("administrators", "Administrator", add_ons=1), limit("developers", "Developer", included=1)]
    bob, waiter = account("bob", "Developer", age=1), account("waiter", "Developer", age=2)
    tenant.apply(subscription(*limits), instance(), bob, waiter)
    tenant.apply(edited(bob, workgroups=[{"workgroupRef": "instance", "role": "Administrator"}]))
    assert tenant.is_ready(waiter)


def test_who_needs_a_seat_and_a_limit_waits_for_what_is_missing_only(tenant: WatchedTenant) -> None:
    licenses = [{"type": "Static", "quantity": 1}]
    bought = subscription(limit("developers", "Developer", included=0), licenses=licenses)
    role = [{"workgroupRef": "instance", "role": "Developer"}]
    both, guest = (
        user("both", in_=role, age=1),
        user("guest", in_=[{"workgroupRef": "instance", "role": "User"}], age=2),
    )
    tenant.apply(bought, instance(), both, guest)
    assert tenant.reason(both) == "LimitReached"
    assert tenant.is_ready(guest)
    tenant.apply(edited(bought, limits=[limit("developers", "Developer", included=1)]))
    assert tenant.reason(both) == "SeatLimitReached"
    tenant.apply(deleted(guest))
    assert tenant.is_ready(both)


def test_a_system_user_counts_against_no_limit(tenant: WatchedTenant) -> None:
    owner = {"userName": "owner", "login": "Enabled", "role": "Administrator"}
    ada = account("ada", "Administrator")
    bought = subscription(limit("administrators", "Administrator", add_ons=1))
    tenant.apply(bought, instance(systemUsers=[owner]), ada)
    assert tenant.is_ready(ada)
    assert limits_of(tenant) == {"administrators": (1, 1, 0)}


def test_a_limit_counts_the_workgroups_of_its_own_pool_only(tenant: WatchedTenant) -> None:
    """A role of a workgroup that another pool seats is that pool's affair."""
    elsewhere = workgroup("lab", pool="other", spec={"roles": ROLES})
    staff = limit("staff", "Developer", included=1)
    staff["consumedBy"].append({"workgroupRef": "lab", "role": "Developer"})
    stranger = user("stranger", license=None, in_=[{"workgroupRef": "lab", "role": "Developer"}], age=1)
    ada = account("ada", "Developer", age=2)
    tenant.apply(subscription(staff), pool("other"), instance(), elsewhere, stranger)
    tenant.apply(ada)
    assert tenant.is_ready(stranger)
    assert tenant.is_ready(ada)
    assert limits_of(tenant) == {"staff": (1, 1, 0)}


def test_a_role_of_a_workgroup_without_a_pool_is_not_counted(tenant: WatchedTenant) -> None:
    club = workgroup("club", pool=None, spec={"roles": [{"name": "Chair"}]})
    roles = [{"workgroupRef": "instance", "role": "User"}, {"workgroupRef": "club", "role": "Chair"}]
    ada = user("ada", license=None, in_=roles)
    tenant.apply(subscription(limit("developers", "Developer")), instance(), club, ada)
    assert tenant.is_ready(ada)


def test_a_plan_without_accounts_lets_nobody_new_in(tenant: WatchedTenant) -> None:
    bought = subscription(plan={"name": "Free", "multipleAccounts": True})
    ada, bob = account("ada", "User"), account("bob", "User")
    tenant.apply(bought, instance(), ada)
    downgraded = edited(bought, plan={"name": "Free", "multipleAccounts": False})
    tenant.apply(downgraded, bob)
    assert tenant.is_ready(ada)
    assert tenant.reason(bob) == "PlanForbidsAccounts"
    assert 'plan "Free"' in (tenant.condition(bob) or {})["message"]
    tenant.apply(edited(downgraded, plan={"name": "Startup"}))
    assert tenant.is_ready(bob)


def capped(holders: int | None) -> Observed[Any]:
    role: dict[str, object] = {"name": "Kiosk"}
    if holders is not None:
        role["maxHolders"] = holders
    return workgroup(pool=None, spec={"roles": [role, {"name": "Viewer"}]})


def kiosk(name: str, **meta: Any) -> Observed[Any]:
    return user(name, license=None, in_=[{"workgroupRef": "tracker", "role": "Kiosk"}], **meta)


def test_no_more_than_max_holders_hold_a_role(tenant: WatchedTenant) -> None:
    first, second = kiosk("first", age=1), kiosk("second", age=2)
    tenant.apply(capped(1), first, second)
    assert tenant.is_ready(first)
    assert tenant.reason(second) == "RoleLimitReached"
    assert "lets 1 hold role" in (tenant.condition(second) or {})["message"]


def test_max_holders_is_for_each_workgroup(tenant: WatchedTenant) -> None:
    other = workgroup("other", pool=None, spec={"roles": [{"name": "Kiosk", "maxHolders": 1}]})
    first, second = kiosk("first"), user("second", license=None, in_=[{"workgroupRef": "other", "role": "Kiosk"}])
    tenant.apply(capped(1), other, first, second)
    assert tenant.is_ready(first)
    assert tenant.is_ready(second)


@pytest.mark.parametrize("raised", [2, None], ids=["raised", "lifted"])
def test_who_waits_for_a_role_gets_it_when_the_cap_is(tenant: WatchedTenant, raised: int | None) -> None:
    policy, first, second = capped(1), kiosk("first", age=1), kiosk("second", age=2)
    tenant.apply(policy, first, second)
    roles = [{"name": "Kiosk"} | ({"maxHolders": raised} if raised else {}), {"name": "Viewer"}]
    tenant.apply(edited(policy, roles=roles))
    assert tenant.is_ready(second)


def test_a_lowered_max_holders_leaves_who_holds_the_role(tenant: WatchedTenant) -> None:
    policy, people = capped(2), [kiosk(name, age=age) for age, name in enumerate(("ada", "bob", "cyd"))]
    tenant.apply(policy, *people)
    tenant.apply(edited(policy, roles=[{"name": "Kiosk", "maxHolders": 1}, {"name": "Viewer"}]))
    assert [tenant.is_ready(one) for one in people] == [True, True, False]
    tenant.apply(deleted(people[0]))
    assert [tenant.is_ready(one) for one in people[1:]] == [True, False]
    tenant.apply(deleted(people[1]))
    assert tenant.is_ready(people[2])


def test_a_role_that_is_full_leaves_the_former_one(tenant: WatchedTenant) -> None:
    first, second = kiosk("first"), user("second", license=None, in_=[{"workgroupRef": "tracker", "role": "Viewer"}])
    tenant.apply(capped(1), first, second)
    moving = edited(second, workgroups=[{"workgroupRef": "tracker", "role": "Kiosk"}])
    tenant.apply(moving)
    assert tenant.reason(moving) == "RoleLimitReached"
    assert tenant.status(moving)["workgroups"][0]["role"] == "Viewer"
    assert tenant.status(moving)["state"] == "Active"
