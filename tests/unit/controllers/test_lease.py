import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenantry.controllers.api_error import Unreachable
from tenantry.controllers.backoff import Backoff
from tenantry.controllers.lease import Lease
from tenantry.errors import LeadershipLost
from tests.unit.controllers.fakes import FakeApi, until

PATH = "/apis/coordination.k8s.io/v1/namespaces/system/leases/tenantry"
SECONDS = 0.2
Make = Callable[..., Lease]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    monkeypatch.setattr("tenantry.controllers.lease.OUTAGE", Backoff(0.001, 0.002))
    return FakeApi()


@pytest.fixture
def make(api: FakeApi) -> Make:
    def make_lease(identity: str, seconds: float = SECONDS) -> Lease:
        return Lease(api, "system", "tenantry", identity, seconds)

    return make_lease


def spec(api: FakeApi) -> Any:
    return api.objects[PATH]["spec"]


def hold_by_another(api: FakeApi, *, age: float = 0.0, epoch: int = 5) -> None:
    renewed = datetime.now(UTC) - timedelta(seconds=age)
    api.objects[PATH] = {
        "metadata": {"name": "tenantry", "resourceVersion": "9"},
        "spec": {
            "holderIdentity": "other",
            "leaseDurationSeconds": 1,
            "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "leaseTransitions": epoch,
        },
    }


async def test_the_first_one_leads(api: FakeApi, make: Make) -> None:
    lease = make("first")
    await lease.acquire()
    assert lease.sure
    assert spec(api)["holderIdentity"] == "first"
    assert spec(api)["leaseTransitions"] == lease.epoch


async def test_epochs_grow_even_if_the_lease_was_deleted_or_restored(api: FakeApi, make: Make) -> None:
    first = make("first")
    await first.acquire()
    await first.release()
    second = make("second")
    await second.acquire()
    assert second.epoch > first.epoch
    del api.objects[PATH]
    api.objects[PATH] = {"metadata": {"name": "tenantry", "resourceVersion": "1"}, "spec": {"leaseTransitions": 3}}
    third = make("third")
    await third.acquire()
    assert third.epoch >= first.epoch


async def test_the_second_one_waits_until_the_first_lets_go(make: Make) -> None:
    first, second = make("first", 30.0), make("second")
    await first.acquire()
    waiting = asyncio.create_task(second.acquire())
    await until(lambda: second.standby)
    assert not waiting.done()
    await first.release()
    await asyncio.wait_for(waiting, 5.0)
    assert not second.standby
    assert second.sure


async def test_a_holder_that_is_silent_loses_the_lease_after_its_duration(api: FakeApi, make: Make) -> None:
    hold_by_another(api)
    started = asyncio.get_running_loop().time()
    await make("first").acquire()
    assert asyncio.get_running_loop().time() - started >= 1.0


async def test_a_lease_long_dead_is_taken_at_once(api: FakeApi, make: Make) -> None:
    hold_by_another(api, age=60.0)
    started = asyncio.get_running_loop().time()
    await make("first").acquire()
    assert asyncio.get_running_loop().time() - started < 0.5


async def test_an_identity_that_outlives_the_process_takes_its_lease_back_at_once(make: Make) -> None:
    former, later = make("pod", 30.0), make("pod", 30.0)
    await former.acquire()
    await asyncio.wait_for(later.acquire(), 1.0)
    assert later.epoch > former.epoch


async def test_who_holds_the_lease_renews_it(api: FakeApi, make: Make) -> None:
    lease = make("first")
    await lease.acquire()
    first = spec(api)["renewTime"]
    keeping = asyncio.create_task(lease.keep())
    await until(lambda: spec(api)["renewTime"] > first)
    assert lease.sure
    keeping.cancel()


async def test_a_lease_taken_by_another_is_lost(api: FakeApi, make: Make) -> None:
    lease = make("first")
    await lease.acquire()
    hold_by_another(api, epoch=lease.epoch + 1)
    with pytest.raises(LeadershipLost):
        await asyncio.wait_for(lease.keep(), 5.0)


async def test_a_later_life_of_the_same_identity_is_another_holder(make: Make) -> None:
    former, later = make("pod"), make("pod")
    await former.acquire()
    await later.acquire()
    with pytest.raises(LeadershipLost):
        await asyncio.wait_for(former.keep(), 5.0)


async def test_a_label_on_the_lease_does_not_end_it(api: FakeApi, make: Make) -> None:
    lease = make("first")
    await lease.acquire()
    labeled = api.objects[PATH]["metadata"]
    api.objects[PATH]["metadata"] = {**labeled, "resourceVersion": "77", "labels": {"a": "b"}}
    keeping = asyncio.create_task(lease.keep())
    await until(lambda: int(api.objects[PATH]["metadata"]["resourceVersion"]) > 77)
    assert not keeping.done()
    keeping.cancel()


async def test_a_lease_deleted_by_hand_is_made_again_with_the_same_epoch(api: FakeApi, make: Make) -> None:
    lease = make("first")
    await lease.acquire()
    epoch = lease.epoch
    del api.objects[PATH]
    keeping = asyncio.create_task(lease.keep())
    await until(lambda: PATH in api.objects)
    assert spec(api)["leaseTransitions"] == epoch == lease.epoch
    keeping.cancel()


async def test_while_the_api_server_is_away_the_lease_is_not_sure_and_then_it_is_again(
    api: FakeApi, make: Make
) -> None:
    lease = make("first")
    await lease.acquire()
    api.failures = [Unreachable("no") for _ in range(10_000)]
    keeping = asyncio.create_task(lease.keep())
    await until(lambda: not lease.sure)
    assert not keeping.done()
    api.failures.clear()
    await until(lambda: lease.sure)
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


async def test_who_waits_for_the_lease_and_ends_leaves_it_to_its_holder(api: FakeApi, make: Make) -> None:
    leader, waiter = make("leader"), make("waiter", 600.0)
    await leader.acquire()
    waiting = asyncio.create_task(waiter.acquire())
    await until(lambda: waiter.standby)
    waiting.cancel()
    await waiter.release()
    assert spec(api)["holderIdentity"] == "leader"
