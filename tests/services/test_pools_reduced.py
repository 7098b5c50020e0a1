"""A capacity that falls below what is in use: kept, or taken back after a grace (P1)."""

from dataclasses import replace
from typing import Any

import pytest

from tenantry.domain.observed import Kind, Observed
from tenantry.domain.reading import parse_spec
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited, made_again, paused
from tests.support.watched import WatchedTenant

KEEP: dict[str, object] = {"policy": "Keep"}


def evict(days: int) -> dict[str, object]:
    return {"policy": "Evict", "graceDays": days}


def static(quantity: int) -> list[dict[str, object]]:
    return [{"type": "Static", "quantity": quantity}]


def seats(quantity: int, when: dict[str, object]) -> Observed[Any]:
    return pool(spec={"licenses": static(quantity), "whenReduced": when})


def people(count: int) -> list[Observed[Any]]:
    return [user(f"user-{n}", age=n) for n in range(count)]


def status(tenant: WatchedTenant) -> dict[str, Any]:
    return tenant.status_of(Kind.LICENSE_POOL, "seats")


def over_committed(tenant: WatchedTenant) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in status(tenant)["conditions"] if c["type"] == "OverCommitted")
    return found


def test_keep_leaves_everybody_and_grants_nothing_new(tenant: WatchedTenant) -> None:
    bought, some = seats(3, KEEP), people(3)
    tenant.apply(bought, workgroup(), *some)
    newcomer = user("newcomer", age=10)
    tenant.apply(edited(bought, licenses=static(1)), newcomer)
    assert [tenant.is_ready(one) for one in (*some, newcomer)] == [True, True, True, False]
    assert over_committed(tenant)["status"] == "True"
    assert "Static by 2" in over_committed(tenant)["message"]
    assert status(tenant)["free"] == 0
    tenant.later(days=400).settle()
    assert all(tenant.is_ready(one) for one in some)


def test_over_committed_ends_when_enough_have_left(tenant: WatchedTenant) -> None:
    bought, some = seats(3, KEEP), people(3)
    waiter = user("waiter", age=9)
    tenant.apply(bought, workgroup(), *some, waiter)
    tenant.apply(edited(bought, licenses=static(1)))
    tenant.apply(deleted(some[0]))
    assert over_committed(tenant)["status"] == "True"
    tenant.apply(deleted(some[1]))
    assert over_committed(tenant)["status"] == "False"
    assert not tenant.is_ready(waiter)
    tenant.apply(deleted(some[2]))
    assert tenant.is_ready(waiter)


def test_evict_waits_for_the_grace_and_takes_the_newest(tenant: WatchedTenant) -> None:
    bought = seats(3, evict(30))
    tenant.apply(bought, workgroup())
    some = people(3)
    for one in some:
        tenant.later(hours=1).apply(one)
    tenant.apply(edited(bought, licenses=static(1), whenReduced=evict(30)))
    fallen = status(tenant)["reducedTime"]
    tenant.later(days=29).settle()
    assert all(tenant.is_ready(one) for one in some)
    assert status(tenant)["reducedTime"] == fallen
    tenant.later(days=1, seconds=1).settle()
    assert [tenant.is_ready(one) for one in some] == [True, False, False]
    assert over_committed(tenant)["status"] == "False"
    assert "reducedTime" not in status(tenant)
    evicted = tenant.status(some[2])
    assert (evicted["state"], tenant.reason(some[2])) == ("Waiting", "SeatLimitReached")
    assert evicted["accountId"]


def test_who_is_evicted_keeps_the_account_and_comes_back(tenant: WatchedTenant) -> None:
    sequence = [{"name": "badge", "format": "Sequence"}]
    bought, ada, bob = seats(2, evict(0)), user("ada", age=1), user("bob", age=2)
    tenant.apply(bought, workgroup(spec={"attributes": sequence}), ada)
    tenant.later(hours=1).apply(bob)
    before = tenant.status(bob)
    lower = edited(bought, licenses=static(1))
    tenant.apply(lower)
    tenant.later(seconds=1).settle()
    assert not tenant.is_ready(bob)
    tenant.later(hours=1).apply(edited(lower, licenses=static(2)))
    assert tenant.is_ready(bob)
    assert tenant.status(bob)["accountId"] == before["accountId"]
    assert tenant.status(bob)["assigned"] == before["assigned"]


def test_who_is_evicted_stands_behind_those_who_wait(tenant: WatchedTenant) -> None:
    bought, some = seats(2, evict(0)), people(2)
    waiter = user("waiter", age=9)
    tenant.apply(bought, workgroup(), *some, waiter)
    lower = edited(bought, licenses=static(1))
    tenant.apply(lower)
    tenant.later(seconds=1).settle()
    evicted = next(one for one in some if not tenant.is_ready(one))
    tenant.apply(edited(lower, licenses=static(2)))
    assert tenant.is_ready(waiter)
    assert not tenant.is_ready(evicted)


def test_raising_within_the_grace_takes_nothing_back(tenant: WatchedTenant) -> None:
    bought, some = seats(2, evict(10)), people(2)
    tenant.apply(bought, workgroup(), *some)
    lower = edited(bought, licenses=static(1))
    tenant.apply(lower)
    tenant.later(days=9).apply(edited(lower, licenses=static(2)))
    tenant.later(days=30).settle()
    assert all(tenant.is_ready(one) for one in some)


def test_a_second_fall_counts_its_own_grace(tenant: WatchedTenant) -> None:
    bought, some = seats(2, evict(10)), people(2)
    tenant.apply(bought, workgroup(), *some)
    lower = edited(bought, licenses=static(1))
    tenant.apply(lower)
    raised = edited(lower, licenses=static(2))
    tenant.later(days=9).apply(raised)
    tenant.later(days=5).apply(edited(raised, licenses=static(1)))
    tenant.later(days=9).settle()
    assert all(tenant.is_ready(one) for one in some)
    tenant.later(days=2).settle()
    assert sum(tenant.is_ready(one) for one in some) == 1


@pytest.mark.parametrize("grace", [0, 3])
def test_a_limit_is_evicted_from_by_the_newest_holder(tenant: WatchedTenant, grace: int) -> None:
    roles = [{"workgroupRef": "tracker", "role": "Developer"}]
    limit = {"name": "developers", "included": 2, "consumedBy": roles}
    bought = pool(spec={"limits": [limit], "whenReduced": evict(grace)})
    tenant.apply(bought, workgroup(spec={"roles": [{"name": "Developer"}]}))
    old, new = (user(name, license=None, in_=roles) for name in ("old", "new"))
    for one in (old, new):
        tenant.later(hours=1).apply(one)
    tenant.apply(edited(bought, limits=[{**limit, "included": 1}]))
    tenant.later(days=grace, seconds=1).settle()
    assert tenant.is_ready(old)
    assert tenant.reason(new) == "LimitReached"


def test_who_is_over_two_capacities_is_evicted_once(tenant: WatchedTenant) -> None:
    roles = [{"workgroupRef": "tracker", "role": "Developer"}]
    limit = {"name": "developers", "included": 3, "consumedBy": roles}
    bought = pool(spec={"licenses": static(3), "limits": [limit], "whenReduced": evict(0)})
    tenant.apply(bought, workgroup(spec={"roles": [{"name": "Developer"}]}))
    some = [user(f"user-{n}", in_=roles) for n in range(3)]
    for one in some:
        tenant.later(hours=1).apply(one)
    tenant.apply(edited(bought, licenses=static(2), limits=[{**limit, "included": 2}]))
    tenant.later(seconds=1).settle()
    assert [tenant.is_ready(one) for one in some] == [True, True, False]
    assert [(x["used"], x["waiting"]) for x in status(tenant)["licenses"]] == [(2, 1)]


def test_who_waits_for_another_type_and_is_evicted_goes_on_waiting_for_it(tenant: WatchedTenant) -> None:
    both = [*static(2), {"type": "Restricted", "quantity": 0}]
    bought = pool(spec={"licenses": both, "whenReduced": evict(0)})
    tenant.apply(bought, workgroup())
    old, new = people(2)
    for one in (old, new):
        tenant.later(hours=1).apply(one)
    moving = edited(new, license={"type": "Restricted"})
    tenant.apply(moving)
    tenant.apply(edited(bought, licenses=[*static(1), {"type": "Restricted", "quantity": 0}]))
    tenant.later(seconds=1).settle()
    assert tenant.is_ready(old)
    assert tenant.status(moving)["state"] == "Waiting"
    assert {x["type"]: (x["used"], x["waiting"]) for x in status(tenant)["licenses"]} == {
        "Static": (1, 0),
        "Restricted": (0, 1),
    }


def test_a_type_that_is_not_sold_any_more_is_over_committed(tenant: WatchedTenant) -> None:
    bought, ada = seats(1, KEEP), user("ada")
    tenant.apply(bought, workgroup(), ada)
    tenant.apply(edited(bought, licenses=[]))
    assert tenant.is_ready(ada)
    assert over_committed(tenant)["status"] == "True"


@pytest.mark.parametrize("held", ["pool", "user"])
def test_a_pause_holds_up_the_eviction_and_its_end_lets_it_through(tenant: WatchedTenant, held: str) -> None:
    bought, some = seats(2, evict(1)), people(2)
    tenant.apply(bought, workgroup())
    for one in some:
        tenant.later(hours=1).apply(one)
    lower = edited(bought, licenses=static(1))
    tenant.apply(lower)
    stopped = lower if held == "pool" else some[1]
    tenant.apply(paused(stopped))
    tenant.later(days=2).apply(workgroup("another"))
    tenant.apply(user("newcomer", age=999))
    assert all(tenant.is_ready(one) for one in some)
    assert [tenant.status(one)["license"]["type"] for one in some] == ["Static", "Static"]
    tenant.apply(stopped)
    assert [tenant.is_ready(one) for one in some] == [True, False]


def test_a_further_fall_has_a_grace_of_its_own(tenant: WatchedTenant) -> None:
    bought, some = seats(3, evict(10)), people(3)
    tenant.apply(bought, workgroup())
    for one in some:
        tenant.later(hours=1).apply(one)
    lower = edited(bought, licenses=static(2))
    tenant.apply(lower)
    tenant.later(days=9).apply(edited(lower, licenses=static(1)))
    tenant.later(days=9).settle()
    assert all(tenant.is_ready(one) for one in some)
    tenant.later(days=1, seconds=1).settle()
    assert [tenant.is_ready(one) for one in some] == [True, False, False]


def test_a_fall_of_one_type_leaves_the_grace_of_another_as_it_is(tenant: WatchedTenant) -> None:
    restricted = [{"type": "Restricted", "quantity": 1}]
    bought = pool(spec={"licenses": [*static(1), *restricted], "whenReduced": evict(10)})
    ada, bob = user("ada"), user("bob", license="Restricted")
    tenant.apply(bought, workgroup(), ada, bob)
    lower = edited(bought, licenses=restricted)
    tenant.apply(lower)
    tenant.later(days=9).apply(edited(lower, licenses=[]))
    tenant.later(days=1, seconds=1).settle()
    assert [tenant.is_ready(one) for one in (ada, bob)] == [False, True]
    tenant.later(days=9).settle()
    assert not tenant.is_ready(bob)


def test_an_edit_does_not_make_a_holder_the_newest(tenant: WatchedTenant) -> None:
    """Of two developers the one goes that took the role last, whatever was edited since."""
    held = {"workgroupRef": "tracker", "role": "Developer"}
    limit = {"name": "developers", "included": 2, "consumedBy": [held]}
    bought = pool(spec={"limits": [limit], "whenReduced": evict(1)})
    tenant.apply(bought, workgroup(spec={"roles": [{"name": "Developer"}], "groups": [{"name": "Users"}]}))
    old, new = (user(name, license=None, in_=[held]) for name in ("old", "new"))
    for one in (old, new):
        tenant.later(hours=1).apply(one)
    tenant.later(hours=1).apply(edited(old, workgroups=[{**held, "groups": ["Users"]}]))
    tenant.apply(edited(bought, limits=[{**limit, "included": 1}]))
    tenant.later(days=1, seconds=1).settle()
    assert tenant.is_ready(old)
    assert tenant.reason(new) == "LimitReached"


def test_who_changes_between_roles_of_one_limit_is_not_the_newest(tenant: WatchedTenant) -> None:
    consumed = [{"workgroupRef": "tracker", "role": role} for role in ("Junior", "Senior")]
    limit = {"name": "developers", "included": 2, "consumedBy": consumed}
    bought = pool(spec={"limits": [limit], "whenReduced": evict(1)})
    tenant.apply(bought, workgroup(spec={"roles": [{"name": "Junior"}, {"name": "Senior"}]}))
    old, new = (user(name, license=None, in_=[consumed[0]]) for name in ("old", "new"))
    for one in (old, new):
        tenant.later(hours=1).apply(one)
    tenant.later(hours=1).apply(edited(old, workgroups=[consumed[1]]))
    tenant.apply(edited(bought, limits=[{**limit, "included": 1}]))
    tenant.later(days=1, seconds=1).settle()
    assert tenant.is_ready(old)
    assert tenant.reason(new) == "LimitReached"


def test_who_was_evicted_keeps_its_place_while_it_is_refused_for_something_else(tenant: WatchedTenant) -> None:
    """And meanwhile it holds up nobody."""
    held = [{"workgroupRef": "tracker", "role": "Agent"}]
    roles, bought = [{"name": "Agent"}], seats(2, evict(0))
    tracker = workgroup(spec={"roles": roles})
    first, evicted = user("first"), user("evicted", in_=held)
    tenant.apply(bought, tracker, first)
    tenant.later(hours=1).apply(evicted)
    lower = edited(bought, licenses=static(1))
    tenant.apply(lower)
    tenant.later(seconds=1).settle()
    assert tenant.reason(evicted) == "SeatLimitReached"
    without = edited(tracker, roles=[])
    tenant.later(hours=1).apply(without)
    assert tenant.reason(evicted) == "RoleNotFound"
    later = made_again(user("later"), 3 * 3600)
    tenant.later(hours=1).apply(later)
    tenant.apply(edited(without, roles=roles))
    assert tenant.reason(evicted) == tenant.reason(later) == "SeatLimitReached"
    tenant.apply(deleted(first))
    assert tenant.is_ready(evicted)
    assert not tenant.is_ready(later)


def test_a_pool_whose_spec_does_not_parse_shows_the_figures_that_are_in_force(tenant: WatchedTenant) -> None:
    bought, some = seats(2, KEEP), people(3)
    tenant.apply(bought, workgroup(), *some)
    document = '{"licenses": "many"}'
    spec, fault = parse_spec(bought.kind, document)
    broken = replace(bought, generation=2, document=document, spec=spec, fault=fault)
    tenant.apply(broken)
    assert tenant.reason(broken) == "InvalidSpec"
    figures = status(tenant)
    assert (figures["capacity"], figures["used"], figures["waiting"]) == (2, 2, 1)
    assert figures["observedGeneration"] == 2
