"""Several waiting lines at once: nobody passes anybody in any of them, and a long one takes several transactions."""

from dataclasses import replace
from typing import Any

import pytest

from tenantry.domain.observed import Kind, Observed
from tenantry.services import lines, provisioning, tenancy
from tenantry.services.work import Work
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited, made_again
from tests.support.watched import WatchedTenant

ROLES = {"roles": [{"name": "Admin"}, {"name": "User"}]}
ADMIN = [{"workgroupRef": "tracker", "role": "Admin"}]


def bought(admins: int | None = None, /, **types: int) -> dict[str, Any]:
    """Return the spec of a pool: licenses by type, and on demand a limit of administrators."""
    licenses: list[dict[str, Any]] = [{"type": type_, "quantity": n} for type_, n in types.items()]
    for license_ in licenses:
        license_.update({"accountsPerLicense": 1} if license_["type"] == "Floating" else {})
    limits = {
        "limits": [{"name": "admins", "included": admins, "consumedBy": ADMIN}],
        "freeRoles": [{"workgroupRef": "tracker", "role": "User"}],
    }
    return {"licenses": licenses} | (limits if admins is not None else {})


def arrives(tenant: WatchedTenant, name: str, **given: Any) -> Observed[Any]:
    """Apply a User that is made an hour later."""
    seen = replace(user(name, **given), created=tenant.later(hours=1).now)
    tenant.apply(seen)
    return seen


def test_whose_turn_it_is_in_one_line_passes_nobody_in_another(tenant: WatchedTenant) -> None:
    tenant.apply(pool(spec=bought(1, Static=1)), workgroup(spec=ROLES))
    holder = user("holder", in_=ADMIN, age=0)
    tenant.apply(holder)
    first, second = user("first", license=None, in_=ADMIN, age=1), user("second", in_=ADMIN, age=2)
    tenant.apply(first, second)
    tenant.apply(deleted(holder))
    assert tenant.is_ready(first)
    assert tenant.reason(second) == "LimitReached"


def test_who_has_a_place_and_changes_its_mind_joins_the_other_line_at_its_end(tenant: WatchedTenant) -> None:
    holders = [user("a"), user("r", license="Restricted"), user("f", license="Floating")]
    tenant.apply(pool(spec=bought(Static=1, Restricted=1, Floating=1)), workgroup(), *holders)
    early = edited(holders[0], license={"type": "Floating"})
    tenant.later(hours=1).apply(early)
    waiter = arrives(tenant, "waiter", license="Restricted")
    tenant.later(hours=1).apply(edited(early, license={"type": "Restricted"}))
    tenant.later(hours=1).apply(deleted(holders[1]))
    assert tenant.is_ready(waiter)


def test_an_edit_of_somebody_else_costs_nobody_its_place(tenant: WatchedTenant) -> None:
    policy, role = workgroup(spec=ROLES), [{"workgroupRef": "tracker", "role": "User"}]
    first, second, holder = user("first", in_=role), user("second", age=1), user("holder", license="Restricted")
    tenant.apply(pool(spec=bought(Static=2, Restricted=1)), policy, first, second, holder)
    wanted = [edited(one, license={"type": "Restricted"}) for one in (first, second)]
    for one in wanted:
        tenant.later(hours=1).apply(one)
    without = edited(policy, roles=[{"name": "Admin"}])
    tenant.later(hours=1).apply(without)
    assert tenant.reason(wanted[0]) == "RoleNotFound"
    tenant.later(hours=1).apply(edited(without, **ROLES))
    tenant.later(hours=1).apply(deleted(holder))
    assert [tenant.is_ready(one) for one in wanted] == [True, False]


def test_a_password_that_comes_with_a_change_that_must_wait_is_taken(tenant: WatchedTenant) -> None:
    first, second, holder = user("first"), user("second", age=1), user("holder", license="Restricted")
    tenant.apply(pool(spec=bought(Static=2, Restricted=1)), workgroup(), first, second, holder)
    tenant.secrets["own", "password"] = "longenough1"
    wanted = edited(first, license={"type": "Restricted"}, password={"secretKeyRef": {"name": "own"}})
    tenant.later(hours=1).apply(wanted)
    assert tenant.reason(wanted) == "SeatLimitReached"
    tenant.later(hours=1).apply(edited(second, license={"type": "Restricted"}))
    tenant.later(hours=1).apply(deleted(holder))
    assert tenant.is_ready(wanted)
    assert tenant.status(wanted)["password"]["changedTime"]


def test_who_is_evicted_keeps_the_place_in_the_line_it_stands_in(tenant: WatchedTenant) -> None:
    seats = pool(spec={**bought(Static=2, Floating=1), "whenReduced": {"policy": "Evict", "graceDays": 0}})
    holder, old, new = user("holder", license="Floating"), user("old"), user("new", age=1)
    tenant.apply(seats, workgroup(), holder, old)
    tenant.later(minutes=1).apply(new)
    moving = edited(new, license={"type": "Floating"})
    tenant.later(hours=1).apply(moving)
    later = arrives(tenant, "later", license="Floating")
    tenant.later(hours=1).apply(edited(seats, **bought(Static=1, Floating=1)))
    tenant.later(hours=1).settle()
    assert tenant.status(moving)["state"] == "Waiting"
    tenant.later(hours=1).apply(deleted(holder))
    assert tenant.is_ready(moving)
    assert not tenant.is_ready(later)


@pytest.mark.parametrize("raised", [1, 5])
def test_after_an_attach_the_line_goes_on(tenant: WatchedTenant, raised: int) -> None:
    home = [pool(static=1), workgroup(), user("holder"), user("waiter", age=1)]
    tenant.apply(*home)
    tenant.move("namespace-2")
    there = [made_again(seen) for seen in home]
    tenant.apply(*there)
    tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    assert [tenant.is_ready(seen) for seen in there[2:]] == [True, False]
    newcomer = arrives(tenant, "newcomer")
    tenant.apply(edited(there[0], licenses=[{"type": "Static", "quantity": raised}]))
    tenant.later(hours=1).apply(deleted(there[2]))
    assert tenant.is_ready(there[3])
    assert tenant.is_ready(newcomer) is (raised > 1)


@pytest.mark.parametrize("admins", [None, 1])
def test_a_long_line_is_gone_through_over_several_transactions(
    tenant: WatchedTenant, monkeypatch: pytest.MonkeyPatch, admins: int | None
) -> None:
    """Where all of it can be seated, and where all of it waits for something else as well."""
    monkeypatch.setattr(lines, "_MOST", 10)
    monkeypatch.setattr(lines, "_PAGE", 4)
    seats = pool(spec=bought(admins, Static=1))
    people = [user(f"user-{n:02}", age=n, in_=ADMIN) for n in range(40)]
    tenant.apply(seats, workgroup(spec=ROLES), *people)
    raised = edited(seats, **bought(admins, Static=40))
    tenant.objects[raised.uid] = raised
    work = Work(tenant.ref, [raised], tenant.later(hours=1).now, tenant.epoch)
    outcomes = provisioning.reconcile(tenant.store, work)
    tenant._remember(outcomes)
    assert sum(o.kind is Kind.USER for o in outcomes) <= 14
    tenant.settle()
    assert sum(tenant.is_ready(one) for one in people) == (40 if admins is None else 1)


def test_a_workgroup_made_again_with_another_pool_moves_its_accounts_figures(tenant: WatchedTenant) -> None:
    one, other = (pool(name, spec=bought(n, Static=5)) for name, n in (("one", 3), ("other", 1)))
    policy = workgroup(pool="one", spec=ROLES)
    people = [user(f"user-{n}", license=None, in_=ADMIN, age=n) for n in range(3)]
    tenant.apply(one, other, policy, *people)
    tenant.vanish(policy)
    tenant.apply(made_again(policy, 60.0, licensePoolRef="other"))
    used = {name: tenant.status_of(Kind.LICENSE_POOL, name)["limits"][0]["used"] for name in ("one", "other")}
    assert used == {"one": 0, "other": 3}
    conditions = tenant.status_of(Kind.LICENSE_POOL, "other")["conditions"]
    assert [c["status"] for c in conditions if c["type"] == "OverCommitted"] == ["True"]
