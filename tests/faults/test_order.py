"""Resources come in any order, and more people than seats: the end is the same."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults import rows
from tests.faults.objects import chance, create, pool, reason, reasons, unseated, user, workgroup
from tests.support.eventually import eventually
from tests.support.kube import Kube, Object
from tests.support.operator import OperatorProcess

_SEATS, _AGENTS = 6, 4
Run = Callable[..., OperatorProcess]


def _organization() -> list[Object]:
    """Give what depends on each other in every way: pools, roles, limits, groups, projects, sequences."""
    plan = pool(static=_SEATS)
    plan["spec"]["limits"] = [
        {"name": "agents", "included": _AGENTS, "consumedBy": [{"workgroupRef": "desk", "role": "Agent"}]}
    ]
    plan["spec"]["freeRoles"] = [{"workgroupRef": "desk", "role": "Reader"}]
    desk = workgroup(
        roles=[{"name": "Agent"}, {"name": "Reader", "requiresProject": True}],
        groups=[{"name": "everybody", "defaultFor": ["Static"]}],
        projects=[{"name": "alpha", "resources": [{"type": "device", "names": ["d1"], "operations": ["Read"]}]}],
    )
    agents = [user(f"agent-{n}", workgroups=[{"workgroupRef": "desk", "role": "Agent"}]) for n in range(_AGENTS)]
    readers = [user(f"reader-{n}", workgroups=[{"workgroupRef": "desk", "role": "Reader"}]) for n in range(2)]
    guests = [unseated(f"guest-{n}", "lounge") for n in range(3)]
    lost = user("lost", workgroups=[{"workgroupRef": "desk", "role": "Nobody"}])
    return [plan, desk, workgroup("lounge", pool=None), *agents, *readers, *guests, lost]


def _shown(kube: Kube) -> dict[tuple[str, str], Any]:
    """Give what each object says of itself, but for ids and times."""
    found = {}
    for kind in ("LicensePool", "Workgroup", "User"):
        for item in kube.items(kind):
            status = {k: v for k, v in item.get("status", {}).items() if k not in {"accountId", "conditions"}}
            told = [
                {k: v for k, v in c.items() if k != "lastTransitionTime"}
                for c in item.get("status", {}).get("conditions", ())
            ]
            found[kind, item["metadata"]["name"]] = (status, told)
    return found


def _settled(kube: Kube) -> bool:
    """Tell whether all is told: also by the pool, whose figures are a write of their own."""
    users = reasons(kube)
    told = users.pop("lost", "") == "RoleNotFound" and set(users.values()) == {"Provisioned"}
    return told and kube.get("LicensePool", "seats")["status"].get("used") == _SEATS + _AGENTS


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_resources_come_to_the_same_end_in_whatever_order_they_are_applied(
    run_operator: Run, sqlite_url: str, kube: Kube, seed: int
) -> None:
    operator = run_operator(sqlite_url)
    first = _organization()
    for body in first:
        kube.create(body)
    assert eventually(lambda: _settled(kube))
    expected = _shown(kube)
    for kind in ("User", "Workgroup", "LicensePool"):
        kube.delete_all(kind)
        eventually(lambda kind=kind: not kube.items(kind))  # type: ignore[misc] # bound now
    again = _organization()[::-1] if seed == 1 else chance(seed).sample(first, len(first))
    for body in again:
        kube.create(body)
    assert eventually(lambda: _settled(kube))
    assert eventually(lambda: _shown(kube) == expected)
    operator.terminate()
    rows.check_in_step(sqlite_url, kube)


def test_ten_seats_seat_ten_of_fifty_whatever_the_order(run_operator: Run, store_url: str, kube: Kube) -> None:
    operator = run_operator(store_url)
    people = [user(f"person-{n:02}") for n in range(50)]
    bodies = [*people, workgroup(), pool(static=10)]
    chance(7).shuffle(bodies)
    create(kube, bodies)
    assert eventually(lambda: set(reasons(kube).values()) == {"Provisioned", "SeatLimitReached"})
    assert list(reasons(kube).values()).count("Provisioned") == 10
    operator.terminate()
    assert len(rows.seated(store_url, kube.namespace)) == 10
    assert rows.most_seated(rows.trail(store_url, kube.namespace)) == 10
    rows.check_in_step(store_url, kube)


def test_of_those_that_are_decided_on_together_the_first_come_are_seated(
    run_operator: Run, store_url: str, kube: Kube
) -> None:
    run_operator(store_url)
    people = [user(f"person-{n:02}") for n in range(20)]
    chance(11).shuffle(people)
    create(kube, [pool(static=10)])
    for body in people:
        kube.create(body)
    assert eventually(lambda: set(reasons(kube).values()) == {"WorkgroupNotFound"})
    arrived = sorted(kube.items("User"), key=lambda u: (u["metadata"]["creationTimestamp"], u["metadata"]["uid"]))
    first = {u["metadata"]["name"] for u in arrived[:10]}
    create(kube, [workgroup()])  # makes all of them due, and so decided on, at once
    assert eventually(lambda: all(reason(kube, name) == "Provisioned" for name in first))
    assert rows.seated(store_url, kube.namespace) == first
