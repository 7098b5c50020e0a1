"""The operator is killed at any moment: nothing is lost, nothing is done twice."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tenantry.controllers.sighting import observe, sight
from tenantry.domain.observed import Kind
from tenantry.services.work import TenantRef
from tenantry.store.migrate import upgrade
from tests.faults import rows
from tests.faults.objects import chance, pool, reasons, unseated, user, workgroup
from tests.support.eventually import eventually
from tests.support.kube import Kube, KubeError, Object
from tests.support.operator import OperatorProcess
from tests.support.watched import WatchedTenant

Run = Callable[..., OperatorProcess]
_STEPS = 25  # changes in each life of the operator
_TIGHT = 15  # seats in a pool that is always full: who has one depends on who came first


@dataclass
class Traffic:
    """Creates, edits and deletes at random: the same ones in the same order for one seed."""

    kube: Kube
    seed: int
    made: int = 0
    alive: dict[str, Object] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = chance(self.seed)

    def policies(self) -> Iterator[Object]:
        numbered = [{"name": "number", "format": "Sequence"}]
        yield pool(static=10_000, name="ample")
        yield pool(static=_TIGHT, name="tight")
        yield workgroup("desk", pool="ample", attributes=numbered, roles=[{"name": "Agent"}, {"name": "Lead"}])
        yield workgroup("archive", pool="ample", deletion="Restorable")
        yield workgroup("booth", pool="tight")
        yield workgroup("lounge", pool=None)

    def steps(self, number: int) -> None:
        for _ in range(number):
            self.step()

    def step(self) -> None:
        """Make one change."""
        kind = self._chance.choices(("create", "edit", "delete", "again"), (5, 4, 2, 1))[0]
        if kind == "create" or len(self.alive) < 10:
            self._create(f"u{self.made:03}")
        elif kind == "edit":
            self._edit(self._chance.choice(sorted(self.alive)))
        elif kind == "delete":
            self._delete(self._chance.choice(sorted(self.alive)))
        elif self.gone:
            self._create(self.gone.pop())

    def _create(self, name: str) -> None:
        self.made += 1
        where = self._chance.choice(("desk", "desk", "archive", "booth", "lounge"))
        login = f"{name}-{self.made}" if where == "archive" else name  # a deleted login of the archive stays taken
        body = user(name, where) if where != "lounge" else unseated(name, where)
        body["spec"] |= {"userName": login, "displayName": f"{name} the first"}
        try:
            self.kube.create(body)
        except KubeError as error:
            if error.status == 409:  # the object of before is still going
                return
            raise
        self.alive[name] = body

    def _edit(self, name: str) -> None:
        change: dict[str, Any] = self._chance.choice(
            ({"displayName": f"{name} {self._chance.random()}"}, {"active": self._chance.random() < 0.5})
        )
        if self.alive[name]["spec"]["workgroups"] == [{"workgroupRef": "desk"}]:
            change = {"workgroups": [{"workgroupRef": "desk", "role": self._chance.choice(("Agent", "Lead"))}]}
        self.kube.patch("User", name, {"spec": change})

    def _delete(self, name: str) -> None:
        del self.alive[name]
        self.kube.delete("User", name)
        self.gone.append(name)


def _live_through(operator: OperatorProcess, traffic: Traffic, deaths: int, steps: int) -> None:
    """Make the changes while the operator is killed again and again: starting, working, and just before it began."""
    moments = chance(traffic.seed + 1)
    for _ in range(deaths):
        changes = threading.Thread(target=traffic.steps, args=(steps,))
        if moments.random() < 0.2:
            time.sleep(moments.uniform(0.3, 1.2))  # while it starts
            changes.start()
        else:
            operator.wait_ready()
            changes.start()
            time.sleep(moments.uniform(0.0, 0.5))  # the moment is the point
        operator.kill9()
        changes.join()
        operator.start()
    operator.wait_ready()


def _all_decided(kube: Kube, names: set[str]) -> bool:
    told = reasons(kube)
    observed = all(
        item["status"].get("observedGeneration") == item["metadata"]["generation"] for item in kube.items("User")
    )
    return observed and told.keys() == names and set(told.values()) <= {"Provisioned", "SeatLimitReached"}


def _undisturbed(kube: Kube, folder: Path) -> tuple[str, dict[str, Any]]:
    """Give the store and the statuses by UID of a run in which the last state of each object was all there ever was."""
    url = f"sqlite:///{folder / 'undisturbed.db'}"
    with rows.opened(url) as store:
        upgrade(store)
        uid = kube.get("Namespace", kube.namespace)["metadata"]["uid"]
        tenant = WatchedTenant(store, TenantRef(kube.namespace, uid), datetime.now(UTC))
        for kind in Kind:
            tenant.apply(*(observe(sight(kind, body)) for body in kube.items(kind)))
        return url, tenant.statuses


def _masked(status: Object) -> Object:
    """Take out times and numbers given in order."""
    told = [{k: v for k, v in c.items() if k != "lastTransitionTime"} for c in status["conditions"]]
    return {**{k: v for k, v in status.items() if k != "assigned"}, "conditions": told}


def _check_end(url: str, kube: Kube, traffic: Traffic, folder: Path) -> None:
    expected_url, expected = _undisturbed(kube, folder)
    tight = {name for name, body in traffic.alive.items() if body["spec"]["workgroups"][0]["workgroupRef"] == "booth"}
    found, wanted = (rows.accounts(each, kube.namespace) for each in (url, expected_url))
    assert found.keys() == wanted.keys()
    for login, account in found.items():
        if login not in tight:
            assert _described(account) == _described(wanted[login])
    for item in kube.items("User"):
        if item["metadata"]["name"] not in tight:
            assert _masked(item["status"]) == _masked(expected[item["metadata"]["uid"]])
    assert sum(found[login].seat is not None for login in tight) == min(_TIGHT, len(tight))
    numbers = Counter(value for account in found.values() for _, value in account.assigned)
    assert set(numbers.values()) <= {1}


def _described(account: Any) -> tuple[Any, ...]:
    seat = account.seat and (account.seat.pool, account.seat.type)
    members = tuple((m.workgroup, m.role) for m in account.members)
    return account.id, account.active, account.profile, members, seat, len(account.assigned)


def _check_trail(url: str, namespace: str) -> None:
    """One effect is one record: an account is made once, goes once, and no record repeats the one before."""
    records = rows.trail(url, namespace)
    for of_one in rows.actions(records).values():
        assert of_one["AccountCreated"] + of_one["AccountSeated"] <= 2
        assert of_one["AccountErased"] + of_one["AccountDeleted"] <= 1
    last: dict[str, Any] = {}
    for record in records:
        change = (record.change.action, record.change.facts, record.change.personal)
        assert last.get(record.change.subject) != change or not record.change.personal
        last[record.change.subject] = change
    assert rows.most_seated([r for r in records if _in_tight_pool(r)]) <= _TIGHT


def _in_tight_pool(record: Any) -> bool:
    return any(side and side[0] == "tight" for side in record.change.facts.get("seat", ()))


@pytest.mark.parametrize(("kind", "deaths"), [("sqlite", 20), ("postgresql", 4)])
def test_an_operator_killed_at_random_moments_comes_to_the_same_end(
    run_operator: Run,
    request: pytest.FixtureRequest,
    kube: Kube,
    tmp_path: Path,
    kind: str,
    deaths: int,
) -> None:
    url: str = request.getfixturevalue(f"{kind}_url")
    traffic = Traffic(kube, seed=20)
    for body in traffic.policies():
        kube.create(body)
    operator = run_operator(url, f"--identity={kube.namespace}")
    _live_through(operator, traffic, deaths, _STEPS)
    assert eventually(lambda: _all_decided(kube, set(traffic.alive)), within=60)
    operator.terminate()
    _check_end(url, kube, traffic, tmp_path)
    _check_trail(url, kube.namespace)
    rows.check_in_step(url, kube)
