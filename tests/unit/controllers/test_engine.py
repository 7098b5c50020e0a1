import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from tenantry.controllers.api_error import Denied, ServerFault, Unreachable
from tenantry.controllers.aside import Aside
from tenantry.controllers.backoff import Backoff
from tenantry.controllers.engine import Engine
from tenantry.controllers.inbox import Inbox
from tenantry.controllers.ledger import Ledger
from tenantry.controllers.provisioning import StoreThread
from tenantry.controllers.secret_lane import SecretLane
from tenantry.controllers.sighting import observe
from tenantry.controllers.status_writer import StatusWriter
from tenantry.controllers.tenants import Tenants
from tenantry.controllers.transaction import Transactions
from tenantry.domain.observed import Kind
from tenantry.domain.password import OfferKind
from tenantry.errors import LeadershipLost, StoreUnavailable, TenantLocked
from tenantry.services.work import PasswordNeed, SecretNeed
from tenantry.specs.base import SecretKeyRef
from tests.unit.controllers.fakes import NAMESPACE, FakeApi, FakeServices, path_of, seen, until, user
from tests.unit.controllers.rig import Rig

DELETED = "2026-01-01T00:00:00Z"


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    for module in ("engine", "status_writer", "secret_lane", "barred"):
        monkeypatch.setattr(f"tenantry.controllers.{module}.OUTAGE", Backoff(0.001, 0.002))
    monkeypatch.setattr("tenantry.controllers.aside.OBJECT", Backoff(0.02, 0.05))
    monkeypatch.setattr("tenantry.controllers.status_writer.OBJECT", Backoff(0.001, 0.002))
    monkeypatch.setattr("tenantry.controllers.engine._DUE_SECONDS", 0.01)
    api, services, ledger, inbox, store = FakeApi(), FakeServices(), Ledger(), Inbox(), StoreThread()
    api.objects["/api/v1/namespaces/globex"] = {"metadata": {"name": "globex", "uid": "globex-uid"}}
    writer = StatusWriter(api, ledger)
    aside = Aside(writer.report_fault)
    lane = SecretLane(api, inbox.put, aside, ledger.outdated)
    transactions = Transactions(services.bound(), store, writer, Tenants(api), lane, aside, epoch=lambda: 7)
    found = Rig(api, services, Engine(transactions, ledger, inbox, may_write=lambda: found.leads), store)
    found.running = asyncio.create_task(found.engine.run())
    tasks = asyncio.gather(asyncio.create_task(writer.run()), asyncio.create_task(lane.run()), found.running)
    yield found
    tasks.cancel()
    with suppress(asyncio.CancelledError, LeadershipLost):
        await tasks
    store.close()


async def next_beat(rig: Rig) -> None:
    """Wait until the engine has begun its step after the next."""
    beats = Counter[bool]()
    rig.engine.pulse.beat = lambda: beats.update([True])  # type: ignore[method-assign]
    await until(lambda: beats[True] > 1)


async def test_an_object_is_committed_and_then_shown(rig: Rig) -> None:
    rig.offer(user("ada"))
    await until(lambda: rig.shown("ada"))
    [work] = rig.services.batches
    assert (work.tenant.namespace, work.tenant.uid, work.epoch) == (NAMESPACE, "acme-uid", 7)


async def test_what_comes_together_is_one_transaction(rig: Rig) -> None:
    for number in range(50):
        rig.offer(user(f"u{number}"))
    await until(lambda: rig.shown(*(f"u{number}" for number in range(50))))
    assert len(rig.services.batches) == 1


async def test_a_transaction_has_at_most_500_objects(rig: Rig) -> None:
    for number in range(1200):
        rig.offer(user(f"u{number}"))
    await until(lambda: sum(map(len, rig.services.names)) == 1200)
    assert [len(names) for names in rig.services.names] == [500, 500, 200]


async def test_each_tenant_has_its_own_transaction(rig: Rig) -> None:
    rig.offer(user("ada"))
    rig.offer(user("bob", namespace="globex"))
    await until(lambda: len(rig.services.batches) == 2)
    assert {work.tenant.uid for work in rig.services.batches} == {"acme-uid", "globex-uid"}


async def test_the_echo_of_our_own_status_makes_no_work(rig: Rig) -> None:
    rig.offer(user("ada"))
    await until(lambda: rig.shown("ada"))
    rig.engine.offer(Kind.USER, rig.api.objects[path_of(user("ada"))])
    rig.offer(user("bob"))
    await until(lambda: rig.shown("bob"))
    assert rig.services.names == [["ada"], ["bob"]]


async def test_a_status_that_another_changed_is_written_again(rig: Rig) -> None:
    rig.offer(user("ada"))
    await until(lambda: rig.shown("ada"))
    tampered = {**rig.api.objects[path_of(user("ada"))], "status": {"state": "Refused"}}
    tampered["metadata"] = {**tampered["metadata"], "resourceVersion": "99"}
    rig.offer(tampered)
    await until(lambda: rig.shown("ada"))


async def test_one_bad_object_does_not_hold_up_the_others(rig: Rig) -> None:
    names = [f"u{number}" for number in range(100)]
    rig.services.faults["u63"] = RuntimeError("a password: hunter2")
    for name in names:
        rig.offer(user(name))
    names.remove("u63")
    await until(lambda: rig.shown(*names))
    await until(lambda: rig.status("u63").get("conditions"))
    conditions = {c["type"]: c["reason"] for c in rig.status("u63")["conditions"]}
    assert conditions == {"Ready": "InternalError", "Reconciling": "InternalError"}
    assert "hunter2" not in str(rig.status("u63"))


async def test_a_bad_object_is_tried_again_until_it_succeeds(rig: Rig) -> None:
    rig.services.faults["ada"] = RuntimeError()
    rig.offer(user("ada"))
    await until(lambda: rig.status("ada").get("conditions"))
    rig.services.faults.clear()
    await until(lambda: rig.shown("ada"))


async def test_a_bad_object_says_so_once_not_at_each_attempt(rig: Rig) -> None:
    rig.services.faults["ada"] = RuntimeError()
    rig.offer(user("ada"))
    await until(lambda: rig.services.attempts["ada"] > 3)
    assert len(rig.api.asked("PATCH")) == 1


async def test_a_bad_object_that_is_edited_is_tried_at_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenantry.controllers.aside.OBJECT", Backoff(300.0, 300.0))
    rig.services.faults["ada"] = RuntimeError()
    rig.offer(user("ada"))
    await until(lambda: "ada" in rig.engine.transactions.aside)
    rig.services.faults.clear()
    rig.offer(user("ada", generation=2, version=50))
    await until(lambda: rig.shown("ada"))


async def test_nothing_is_lost_while_the_store_is_away(rig: Rig) -> None:
    rig.services.outage = [StoreUnavailable() for _ in range(5)]
    for number in range(20):
        rig.offer(user(f"u{number}"))
    await until(lambda: rig.store.up is False)
    await until(lambda: rig.shown(*(f"u{number}" for number in range(20))))
    assert rig.store.up


async def test_nothing_is_lost_while_the_api_server_is_away(rig: Rig) -> None:
    rig.api.failures = [Unreachable("no") for _ in range(3)]
    rig.offer(user("ada"))
    await until(lambda: rig.shown("ada"))


async def test_a_namespace_that_cannot_be_looked_up_holds_up_no_other(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.controllers.barred.OUTAGE", Backoff(0.05, 0.05))
    rig.api.faults["/api/v1/namespaces/globex"] = Denied("Forbidden", status=403)
    rig.offer(hal := user("hal", namespace="globex"))
    rig.offer(user("ada"))
    await until(lambda: rig.shown("ada"))
    rig.services.due.append({NAMESPACE: [observe(seen("bob"))]})
    rig.api.add(user("bob"))
    await until(lambda: rig.shown("bob"))
    assert len(rig.api.asked("GET")) < 20  # no busy loop
    rig.api.faults.clear()
    await until(lambda: rig.api.objects[path_of(hal)]["status"].get("state") == "Active")
    assert rig.services.names == [["ada"], ["bob"], ["hal"]]


async def test_a_namespace_that_cannot_be_looked_up_does_not_slow_down_the_others(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("engine", "barred"):
        monkeypatch.setattr(f"tenantry.controllers.{module}.OUTAGE", Backoff(300.0, 300.0))
    rig.api.faults["/api/v1/namespaces/globex"] = ServerFault("InternalError", status=500)
    rig.offer(user("hal", namespace="globex"))
    await until(lambda: "hal" in rig.engine.barred)
    for number in range(3):
        rig.offer(user("hal", namespace="globex", generation=number + 2, version=number + 2))
        rig.offer(user(f"u{number}"))
        await until(lambda: rig.shown(f"u{number}"))  # noqa: B023 - at once
    assert rig.api.asked("GET").count("/api/v1/namespaces/globex") == 1
    assert rig.engine.is_waiting("hal")


async def test_a_tenant_that_another_keeps_locked_holds_up_no_other_and_is_no_outage(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.controllers.engine.OUTAGE", Backoff(300.0, 300.0))
    monkeypatch.setattr("tenantry.controllers.barred.OUTAGE", Backoff(0.05, 0.05))
    rig.services.faults["hal"] = TenantLocked()
    rig.offer(hal := user("hal", namespace="globex"))
    await until(lambda: "hal" in rig.engine.barred)
    rig.offer(user("ada"))
    await until(lambda: rig.shown("ada"))
    assert rig.store.up
    rig.services.faults.clear()
    await until(lambda: rig.api.objects[path_of(hal)]["status"].get("state") == "Active")


async def test_what_waits_for_a_namespace_is_the_newest_of_each_object(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.controllers.barred.OUTAGE", Backoff(0.05, 0.05))
    rig.api.faults["/api/v1/namespaces/globex"] = Denied("Forbidden", status=403)
    rig.offer(user("hal", namespace="globex"))
    await until(lambda: "hal" in rig.engine.barred)
    rig.offer(user("hal", namespace="globex", generation=2, version=2))
    rig.api.faults.clear()
    await until(lambda: rig.services.batches)
    assert [o.generation for work in rig.services.batches for o in work.objects] == [2]


async def test_a_status_that_the_writer_had_to_forget_is_read_from_its_row(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.controllers.status_writer._MOST_PUT_OFF", 0)
    rig.services.stored["ada"] = observe(seen("ada"))
    rig.api.faults[f"{path_of(user('ada'))}/status"] = Denied("Forbidden", status=403)
    rig.offer(user("ada"))
    await until(lambda: rig.services.attempts["ada"] > 2)
    rig.api.faults.clear()
    await until(lambda: rig.shown("ada"))


async def test_the_newest_state_wins_over_one_that_an_outage_gave_back(rig: Rig) -> None:
    rig.services.outage = [StoreUnavailable()]
    rig.offer(user("ada"))
    await until(lambda: not rig.services.outage)
    rig.offer(user("ada", generation=2, version=2))
    await until(lambda: rig.shown("ada"))
    assert rig.services.batches[-1].objects[0].generation == 2


async def test_who_lost_the_lead_stops(rig: Rig) -> None:
    rig.services.outage = [LeadershipLost()]
    rig.offer(user("ada"))
    with pytest.raises(LeadershipLost):
        await rig.end()


async def test_nothing_is_processed_while_the_lease_is_not_surely_ours(rig: Rig) -> None:
    rig.leads = False
    rig.offer(user("ada"))
    await until(lambda: rig.engine.pulse.age < 0.01)
    assert not rig.services.batches
    rig.leads = True
    await until(lambda: rig.shown("ada"))


async def test_an_engine_that_waits_for_the_writer_to_catch_up_is_not_stuck(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.controllers.status_writer._MOST_WAITING", 0)
    await next_beat(rig)
    rig.offer(user("ada"))
    await next_beat(rig)
    assert not rig.services.batches
    monkeypatch.setattr("tenantry.controllers.status_writer._MOST_WAITING", 1)
    await until(lambda: rig.shown("ada"))


async def test_a_deleted_object_is_released_once(rig: Rig) -> None:
    ada = user("ada", generation=2, deletionTimestamp=DELETED)
    rig.offer(ada)
    await until(lambda: "finalizers" not in rig.api.objects[path_of(ada)]["metadata"])
    rig.offer(user("ada", generation=2, version=9, deletionTimestamp=DELETED), deleted=True)
    rig.offer(user("bob"))
    await until(lambda: rig.shown("bob"))
    assert rig.services.names == [["ada"], ["bob"]]


async def test_an_object_that_vanished_is_reconciled_and_nothing_is_written(rig: Rig) -> None:
    rig.offer(user("ada"), deleted=True)
    await until(lambda: rig.services.batches)
    assert rig.services.batches[0].objects[0].deleting
    assert rig.api.asked("PATCH") == []


async def test_who_deletes_is_asked_whether_the_namespace_goes_too(rig: Rig) -> None:
    rig.offer(user("ada"))
    await until(lambda: rig.shown("ada"))
    rig.api.objects[f"/api/v1/namespaces/{NAMESPACE}"]["metadata"]["deletionTimestamp"] = DELETED
    rig.offer(user("ada", generation=2, version=50, deletionTimestamp=DELETED))
    await until(lambda: len(rig.services.batches) == 2)
    assert [work.tenant.terminating for work in rig.services.batches] == [False, True]


async def test_objects_that_are_due_are_reconciled_until_none_is_left(rig: Rig) -> None:
    for name in ("ada", "bob"):
        rig.api.add(user(name))
        rig.services.due.append({NAMESPACE: [observe(seen(name))]})
    await until(lambda: rig.shown("ada", "bob"))


async def test_due_objects_that_wait_for_something_else_do_not_hide_those_behind_them(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of the queue may be full of objects that are set aside, or wait for a Secret."""
    last = "u599"
    rig.api.add(user(last))
    monkeypatch.setattr(rig.engine, "is_waiting", lambda uid: uid != seen(last).uid)
    rig.services.backlog = [observe(seen(f"u{number}")) for number in range(600)]
    await until(lambda: rig.shown(last))


async def test_who_waited_for_a_policy_comes_before_who_comes_with_it(rig: Rig) -> None:
    rig.services.due = [{NAMESPACE: [observe(seen(name))]} for name in ("ada", "bob")]
    rig.api.add(user("ada"))
    rig.api.add(user("bob"))
    rig.offer(user("newcomer"))
    rig.offer(user("desk"), Kind.WORKGROUP)
    await until(lambda: rig.shown("newcomer"))
    assert [name for batch in rig.services.names for name in batch] == ["desk", "ada", "bob", "newcomer"]


async def test_a_due_object_that_is_set_aside_does_not_make_the_engine_spin(rig: Rig) -> None:
    rig.services.faults["ada"] = RuntimeError()
    rig.offer(user("ada"))
    await until(lambda: "ada" in rig.engine.transactions.aside)
    rig.services.due = [{NAMESPACE: [observe(seen("ada"))]} for _ in range(1000)]
    rig.offer(user("bob"))
    await until(lambda: rig.shown("bob"))
    assert len(rig.services.due) > 900


async def test_a_user_with_a_password_does_not_hold_up_the_others(rig: Rig) -> None:
    secret = f"/api/v1/namespaces/{NAMESPACE}/secrets/ada-login"
    rig.services.needs["ada"] = SecretNeed("ada", NAMESPACE, PasswordNeed(SecretKeyRef(name="ada-login")))
    rig.api.objects[secret] = {
        "metadata": {"name": "ada-login", "uid": "s", "resourceVersion": "1"},
        "data": {"password": "aHVudGVyMjI="},
    }
    rig.offer(user("ada"))
    rig.offer(user("bob"))
    await until(lambda: rig.shown("ada", "bob"))
    assert rig.services.names == [["bob"], ["ada"]]
    offer = rig.services.batches[1].offers["ada"].password
    assert offer is not None
    assert (offer.kind, offer.source, offer.length) == (OfferKind.NEW, "ada-login/s/1/password", 8)


async def test_a_user_whose_secret_is_missing_is_told_so(rig: Rig) -> None:
    rig.services.needs["ada"] = SecretNeed("ada", NAMESPACE, PasswordNeed(SecretKeyRef(name="ada-login")))
    rig.offer(user("ada"))
    await until(lambda: rig.shown("ada"))
    offer = rig.services.batches[0].offers["ada"].password
    assert offer is not None
    assert offer.kind is OfferKind.NO_SECRET


async def test_a_fault_in_the_secret_lane_sets_only_that_user_aside(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("tenantry.controllers.secret_lane.make_offer", fail)
    rig.services.needs["ada"] = SecretNeed("ada", NAMESPACE, PasswordNeed(SecretKeyRef(name="ada-login")))
    rig.offer(user("ada"))
    rig.offer(user("bob"))
    await until(lambda: rig.shown("bob") and rig.status("ada").get("conditions"))


async def test_a_user_set_aside_waits_for_its_secret_before_it_is_tried_again(rig: Rig) -> None:
    secret = f"/api/v1/namespaces/{NAMESPACE}/secrets/ada-login"
    rig.services.faults["ada"] = RuntimeError()
    rig.offer(user("ada"))
    await until(lambda: "ada" in rig.engine.transactions.aside)
    rig.services.faults.clear()
    rig.services.needs["ada"] = SecretNeed("ada", NAMESPACE, PasswordNeed(SecretKeyRef(name="ada-login")))
    rig.api.faults[secret] = Unreachable("no")
    await until(lambda: rig.api.asked("GET").count(secret) > 1 and rig.engine.transactions.aside.due())
    rig.offer(user("bob"))
    await until(lambda: rig.shown("bob"))
    assert rig.services.names == [["bob"]]
    rig.api.faults.clear()
    await until(lambda: rig.shown("ada"))
    assert list(rig.services.batches[1].offers) == ["ada"]


async def test_offering_is_cheap(rig: Rig) -> None:
    body = user("ada")
    started = time.perf_counter()
    for _ in range(1000):
        rig.engine.offer(Kind.USER, body)
    assert time.perf_counter() - started < 0.5


async def test_a_step_under_way_is_finished_when_told_to_stop(rig: Rig) -> None:
    rig.offer(user("ada"))
    await until(lambda: len(rig.engine.inbox) == 0)
    rig.engine.stop()
    await until(lambda: rig.shown("ada"))
