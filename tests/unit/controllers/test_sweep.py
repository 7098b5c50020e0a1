import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from tenantry.controllers.api_error import ServerFault
from tenantry.controllers.aside import Aside
from tenantry.controllers.engine import Engine
from tenantry.controllers.inbox import Inbox
from tenantry.controllers.lease import Lease
from tenantry.controllers.ledger import Ledger
from tenantry.controllers.provisioning import StoreThread
from tenantry.controllers.secret_lane import SecretLane
from tenantry.controllers.sighting import sight
from tenantry.controllers.status_writer import StatusWriter
from tenantry.controllers.sweep import Sweeper
from tenantry.controllers.tenants import Tenants
from tenantry.controllers.transaction import Transactions
from tenantry.domain.observed import Kind
from tenantry.errors import LeadershipLost, StoreUnavailable, TenantLocked
from tenantry.services.work import SweepReport
from tests.unit.controllers.fakes import NAMESPACE, FakeApi, FakeServices, seen, turns, until, user


@dataclass
class Rig:
    api: FakeApi
    services: FakeServices
    engine: Engine
    sweeper: Sweeper

    @property
    def live(self) -> dict[str, Any]:
        return {tenant.namespace: dict(live) for tenant, live in self.services.swept}


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    api, services, ledger, inbox, store = FakeApi(), FakeServices(), Ledger(), Inbox(), StoreThread()
    writer, tenants = StatusWriter(api, ledger), Tenants(api)
    aside = Aside(writer.report_fault)
    lane = SecretLane(api, inbox.put, aside, ledger.outdated)
    transactions = Transactions(services.bound(), store, writer, tenants, lane, aside, epoch=lambda: 1)
    engine = Engine(transactions, ledger, inbox, may_write=lambda: True)
    lease = Lease(api, "system", "tenantry", "me", 15.0)
    await lease.acquire()
    yield Rig(api, services, engine, Sweeper(api, services.bound(), store, engine, writer, tenants, ledger, lease))
    store.close()


async def test_the_objects_of_each_tenant_are_compared_with_its_rows(rig: Rig) -> None:
    rig.api.add(user("ada", generation=3))
    rig.api.add(user("main"), "licensepools")
    await rig.sweeper.sweep()
    assert rig.live == {NAMESPACE: {"ada": (Kind.USER, "ada", 3), "main": (Kind.LICENSE_POOL, "main", 1)}}


async def test_a_tenant_without_objects_is_compared_too(rig: Rig) -> None:
    rig.services.namespaces = [NAMESPACE]
    await rig.sweeper.sweep()
    assert rig.live == {NAMESPACE: {}}


async def test_a_namespace_that_never_was_in_this_cluster_has_no_uid(rig: Rig) -> None:
    rig.services.namespaces = ["elsewhere"]
    await rig.sweeper.sweep()
    [(tenant, _)] = rig.services.swept
    assert (tenant.uid, tenant.terminating) == ("", True)


async def test_a_namespace_that_was_deleted_keeps_its_uid(rig: Rig) -> None:
    rig.services.namespaces = [NAMESPACE]
    await rig.sweeper.sweep()
    del rig.api.objects[f"/api/v1/namespaces/{NAMESPACE}"]
    await rig.sweeper.sweep()
    assert [(tenant.uid, tenant.terminating) for tenant, _ in rig.services.swept] == [
        ("acme-uid", False), ("acme-uid", True),
    ]  # fmt: skip


async def test_namespaces_out_of_scope_are_not_touched(rig: Rig) -> None:
    rig.sweeper.scope = [NAMESPACE]
    rig.services.namespaces = [NAMESPACE, "globex"]
    await rig.sweeper.sweep()
    assert list(rig.live) == [NAMESPACE]


async def test_a_drifted_object_is_read_and_offered_even_if_it_looks_unchanged(rig: Rig) -> None:
    rig.api.add(user("ada"))
    rig.engine.offer(Kind.USER, user("ada"))
    rig.engine.inbox.take(1)
    rig.services.report = SweepReport(drifted=((Kind.USER, "ada", "ada"), (Kind.USER, "gone", "gone")))
    await rig.sweeper.sweep()
    assert [each.name for each in rig.engine.inbox.take(5)] == ["ada"]


async def test_an_object_on_its_way_is_not_read(rig: Rig) -> None:
    rig.engine.offer(Kind.USER, rig.api.add(user("ada")))
    rig.services.report = SweepReport(drifted=((Kind.USER, "ada", "ada"),))
    await rig.sweeper.sweep()
    assert not any(path.endswith("/users/ada") for path in rig.api.asked("GET"))


async def test_what_is_gone_is_forgotten(rig: Rig) -> None:
    rig.sweeper.ledger.take(seen("former"))
    rig.api.add(user("ada"))
    await rig.sweeper.sweep()
    assert rig.sweeper.ledger.known() == set()


async def test_the_first_sweep_waits_for_the_events_of_what_it_lists(rig: Rig) -> None:
    ada = rig.api.add(user("ada"))
    rig.engine.idle.set()
    sweeping = asyncio.create_task(rig.sweeper.sweep(first=True))
    await turns()
    assert rig.services.swept == []
    rig.engine.offer(Kind.USER, ada)
    await asyncio.wait_for(sweeping, 5.0)
    assert len(rig.services.swept) == 1


async def test_the_first_sweep_does_not_wait_for_ever_for_an_engine_that_cannot_go_on(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.controllers.sweep._FIRST_EVENTS_SECONDS", 0.01)
    rig.engine.offer(Kind.USER, rig.api.add(user("ada")))
    await asyncio.wait_for(rig.sweeper.sweep(first=True), 5.0)
    assert list(rig.live) == [NAMESPACE]


@pytest.mark.parametrize("where", ["services", "lock", "api"])
async def test_a_tenant_that_fails_does_not_keep_the_others_from_being_swept(rig: Rig, where: str) -> None:
    rig.services.namespaces = ["aaa", NAMESPACE]
    if where != "api":
        rig.services.faults["aaa"] = TenantLocked() if where == "lock" else RuntimeError()
    else:
        rig.api.faults["/api/v1/namespaces/aaa"] = ServerFault("no", status=500)
    assert not await rig.sweeper.sweep()
    assert list(rig.live) == [NAMESPACE]
    rig.services.faults.clear()
    rig.api.faults.clear()
    assert await rig.sweeper.sweep()


@pytest.mark.parametrize("fault", [StoreUnavailable, LeadershipLost])
async def test_an_outage_or_another_leader_ends_the_sweep(rig: Rig, fault: type[Exception]) -> None:
    rig.services.namespaces = ["aaa", NAMESPACE]
    rig.services.faults["aaa"] = fault()
    with pytest.raises(fault):
        await rig.sweeper.sweep()
    assert not rig.live


async def test_a_sweep_that_a_tenant_failed_in_is_soon_tried_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenantry.controllers.sweep._RETRY_SECONDS", 0.01)
    rig.engine.idle.set()
    rig.services.namespaces = [NAMESPACE]
    rig.services.faults[NAMESPACE] = RuntimeError()
    sweeping = asyncio.create_task(rig.sweeper.run(600.0))
    await until(lambda: len(rig.api.asked("LIST")) > len(Kind))
    rig.services.faults.clear()
    await until(lambda: rig.live)
    sweeping.cancel()
    with suppress(asyncio.CancelledError):
        await sweeping


async def test_another_leader_ends_the_sweeper(rig: Rig) -> None:
    rig.engine.idle.set()
    rig.services.namespaces = [NAMESPACE]
    rig.services.faults[NAMESPACE] = LeadershipLost()
    with pytest.raises(LeadershipLost):
        await asyncio.wait_for(rig.sweeper.run(600.0), 5.0)


async def test_a_state_that_came_while_an_older_one_was_read_is_the_one_that_counts(rig: Rig) -> None:
    old = rig.api.add(user("ada", generation=2, version=20))
    rig.engine.offer(Kind.USER, old)
    rig.engine.inbox.take(1)
    rig.services.report = SweepReport(drifted=((Kind.USER, "ada", "ada"),))
    read = rig.api.read

    async def overtaken(path: str, accept: str = "") -> Any:
        found = await read(path, accept)
        if path.endswith("/users/ada"):
            rig.engine.offer(Kind.USER, user("ada", generation=3, version=30))
        return found

    rig.api.read = overtaken  # type: ignore[method-assign]
    await rig.sweeper.sweep()
    [taken] = rig.engine.inbox.take(5)
    assert taken.generation == 3
    assert not rig.sweeper.ledger.outdated(taken)


async def test_objects_that_were_seen_after_the_listing_began_are_told_to_be_there(rig: Rig) -> None:
    rig.engine.offer(Kind.USER, rig.api.add(user("ada")))
    pages = rig.api.pages

    async def listed(path: str, accept: str = "") -> AsyncIterator[list[Any]]:
        async for page in pages(path, accept):
            yield page
        rig.engine.offer(Kind.USER, user("bob"))

    rig.api.pages = listed  # type: ignore[method-assign]
    await rig.sweeper.sweep()
    assert rig.services.learnt == [{"bob"}]


async def test_a_lease_that_ends_during_a_sweep_ends_the_sweep(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.services.namespaces = [NAMESPACE, "globex"]
    monkeypatch.setattr(Lease, "sure", property(lambda _: len(rig.services.swept) < 1))
    assert not await rig.sweeper.sweep()
    assert list(rig.live) == [NAMESPACE]


@pytest.mark.parametrize(("gone", "kept"), [(False, False), (True, True)])
async def test_an_object_set_aside_that_vanished_unnoticed_is_not_tried_again(
    rig: Rig, *, gone: bool, kept: bool
) -> None:
    """One whose end was seen is tried again until its row is settled."""
    aside = rig.engine.transactions.aside
    rig.api.add(user("bob"))
    for name in ("ada", "bob"):
        aside.put(sight(Kind.USER, user(name), gone=gone), RuntimeError())
    await rig.sweeper.sweep()
    assert ("ada" in aside, "bob" in aside) == (kept, True)


async def test_what_a_namespace_held_is_looked_at_when_it_begins_to_go(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.controllers.sweep._END_SECONDS", 0.001)
    ada = rig.api.add(user("ada", deletionTimestamp="2026-01-01T00:00:00Z"))
    rig.engine.offer(Kind.USER, ada)
    rig.engine.inbox.take(1)
    rig.services.held = [(Kind.USER, "ada", "ada")]
    watching = asyncio.create_task(rig.sweeper.run_ends())
    namespace = rig.api.objects[f"/api/v1/namespaces/{NAMESPACE}"]
    rig.sweeper.tenants.note(namespace, gone=False)
    await turns()
    assert len(rig.engine.inbox) == 0
    going = {"metadata": {**namespace["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    rig.sweeper.tenants.note(going, gone=False)
    await until(lambda: "ada" in rig.engine.inbox)
    rig.engine.inbox.take(1)
    rig.sweeper.tenants.note(going, gone=False)  # told once more, it is no news
    await turns()
    assert len(rig.engine.inbox) == 0
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
