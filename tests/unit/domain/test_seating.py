"""What it costs to decide who is let in."""

import sys
from typing import Any

import pytest

from tenantry.domain.capacity import Capacity, CapacityKind
from tenantry.domain.seating import capacities_held
from tenantry.domain.user import plan_user
from tests.support.builders import pool, user, workgroup
from tests.support.edits import edited
from tests.support.world import World


def _world(workgroups: int, limits: int) -> World:
    """Return a tenant in which each limit counts a role of every workgroup."""
    refs = [{"workgroupRef": f"w{number}", "role": "Agent"} for number in range(workgroups)]
    bought = [{"name": f"l{number}", "included": 9, "consumedBy": refs} for number in range(limits)]
    world = World()
    spec = {"licenses": [{"type": "Static", "quantity": 9}], "limits": bought}
    roles = {"roles": [{"name": "Agent"}]}
    world.apply(pool(spec=spec), *(workgroup(f"w{number}", spec=roles) for number in range(workgroups)))
    return world


def _calls(world: World) -> int:
    """Return how many functions it takes to plan the edit of a User in the first workgroup."""
    ada = user("ada", in_=[{"workgroupRef": "w0", "role": "Agent"}])
    world.apply(ada)
    count = 0

    def tally(_frame: object, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(tally)
    try:
        plan_user(edited(ada, comment="moved"), world.snapshot)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("limits", [1, 8])
def test_to_plan_a_user_costs_the_same_however_many_workgroups_there_are(limits: int) -> None:
    assert _calls(_world(40, limits)) == _calls(_world(2, limits))


def test_to_plan_a_user_costs_little_more_for_each_limit_that_it_counts_against() -> None:
    few, many = (_calls(_world(2, limits)) for limits in (1, 16))
    assert many - few < 16 * 20


def test_a_role_of_a_workgroup_that_has_another_pool_counts_against_no_limit() -> None:
    world = _world(2, 1)
    ada = user("ada", in_=[{"workgroupRef": "w0", "role": "Agent"}])
    world.apply(ada)
    limit = Capacity(CapacityKind.LIMIT, "seats", "l0")
    assert limit in capacities_held(world.account(ada), world.snapshot)
    other = pool("others", spec={"licenses": [{"type": "Static", "quantity": 9}]})
    world.apply(other, workgroup("w0", pool="others", spec={"roles": [{"name": "Agent"}]}, generation=2))
    assert limit not in capacities_held(world.account(ada), world.snapshot)
