import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from tenantry.controllers import status_writer
from tenantry.controllers.api_error import ApiError, Denied, Refused, ServerFault, Throttled, Unreachable
from tenantry.controllers.backoff import Backoff
from tenantry.controllers.connection import IN_FLIGHT
from tenantry.controllers.ledger import Ledger
from tenantry.controllers.sighting import sight
from tenantry.controllers.status_writer import StatusWriter
from tenantry.domain.observed import Kind
from tenantry.resources.meta import FINALIZER
from tests.unit.controllers.desk import Desk, forbid, outcome
from tests.unit.controllers.fakes import NAMESPACE, FakeApi, path_of, turns, until, user

DELETED = "2026-01-01T00:00:00Z"


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr("tenantry.controllers.status_writer.OUTAGE", Backoff(0.001, 0.002))
    monkeypatch.setattr("tenantry.controllers.status_writer.OBJECT", Backoff(0.001, 0.002))
    api, ledger = FakeApi(), Ledger()
    writer = StatusWriter(api, ledger)
    task = asyncio.create_task(writer.run())
    yield Desk(api, ledger, writer)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_status_replaces_all_that_was_there(desk: Desk) -> None:
    ada = desk.api.add(user("ada"))
    ada["status"] = {"state": "Waiting", "license": {"waitingSinceTime": DELETED}}
    desk.show(ada, {"state": "Active", "license": {"type": "Static"}})
    await desk.done()
    assert desk.status(ada) == {"state": "Active", "license": {"type": "Static"}}


async def test_a_status_that_shows_already_is_not_written(desk: Desk) -> None:
    ada = desk.api.add(user("ada"))
    ada["status"] = {"state": "Active"}
    desk.show(ada, {"state": "Active"})
    await desk.done()
    assert desk.api.requests == []


async def test_the_status_of_an_object_never_lands_on_a_new_one_of_its_name(desk: Desk) -> None:
    new = desk.api.add(user("ada", uid="second"))
    desk.show(user("ada", uid="first"), {"state": "Active"})
    await desk.done()
    assert desk.status(new) == {"observedGeneration": -1}
    assert len(desk.api.asked("PATCH")) == 1


async def test_of_what_waits_for_one_object_only_the_newest_is_written(desk: Desk) -> None:
    ada = desk.api.add(user("ada"))
    desk.api.gate.clear()
    for number in range(5):
        desk.show(ada, {"state": f"s{number}"})
        await asyncio.sleep(0)
    desk.api.gate.set()
    await desk.done()
    assert desk.status(ada) == {"state": "s4"}
    assert len(desk.api.asked("PATCH")) <= 2


async def test_one_object_is_never_written_twice_at_once(desk: Desk) -> None:
    ada = desk.api.add(user("ada"))
    desk.api.gate.clear()
    desk.show(ada, {"state": "first"})
    await until(lambda: desk.api.requests)
    desk.show(ada, {"state": "second"})
    await turns()
    assert len(desk.api.requests) == 1
    desk.api.gate.set()
    await desk.done()
    assert desk.status(ada) == {"state": "second"}


async def test_no_more_than_the_limit_is_written_at_once(desk: Desk) -> None:
    desk.api.gate.clear()
    for number in range(IN_FLIGHT * 2):
        desk.show(desk.api.add(user(f"u{number}")), {"state": "Active"})
    await until(lambda: len(desk.api.requests) == IN_FLIGHT)
    desk.api.gate.set()
    await desk.done()
    assert desk.api.busiest == IN_FLIGHT
    assert len(desk.api.asked("PATCH")) == IN_FLIGHT * 2


@pytest.mark.parametrize("error", [ServerFault, Throttled, Unreachable, Denied])
async def test_what_may_succeed_later_is_tried_again(desk: Desk, error: type[ApiError]) -> None:
    ada = desk.api.add(user("ada"))
    desk.api.failures = [error("no"), error("no")]
    desk.show(ada, {"state": "Active"})
    await desk.done()
    assert desk.status(ada) == {"state": "Active"}
    assert len(desk.api.requests) == 3


async def test_objects_that_may_not_be_written_hold_up_no_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenantry.controllers.status_writer.OBJECT", Backoff(300.0, 300.0))
    monkeypatch.setattr("tenantry.controllers.status_writer._MOST_WAITING", IN_FLIGHT)
    forbid(desk, "globex")
    for number in range(IN_FLIGHT * 2):
        desk.show(desk.api.add(user(f"u{number}", namespace="globex")), {"state": "Active"})
    ada = desk.api.add(user("ada"))
    desk.show(ada, {"state": "Active"})
    await until(lambda: desk.status(ada) == {"state": "Active"})
    assert desk.writer.has_room
    assert len(desk.writer) == IN_FLIGHT * 2
    assert not await desk.writer.drained(0.01)


async def test_what_comes_while_a_write_is_put_off_joins_it(desk: Desk) -> None:
    forbid(desk, NAMESPACE)
    ada = desk.api.add(user("ada", finalizers=[]))
    desk.show(ada, {"state": "first"})
    await until(lambda: len(desk.api.requests) == 1)
    desk.show({**ada, "metadata": {**ada["metadata"], "finalizers": [FINALIZER]}}, {"state": "second"})
    desk.api.faults.clear()
    await desk.done()
    assert desk.finalizers(ada) == [FINALIZER]
    assert desk.status(ada) == {"state": "second"}
    assert len(desk.api.asked("PATCH")) == 3


async def test_what_was_written_of_an_object_is_not_written_again_with_the_rest(desk: Desk) -> None:
    ada = desk.api.add(user("ada", finalizers=[]))
    desk.api.faults[f"{path_of(ada)}/status"] = Denied("Forbidden", status=403)
    desk.show(ada, {"state": "Active"})
    await until(lambda: len(desk.api.requests) > 2)
    desk.api.faults.clear()
    await desk.done()
    assert desk.api.asked("PATCH").count(path_of(ada)) == 1
    assert desk.status(ada) == {"state": "Active"}


async def test_writes_that_fail_come_back_the_slower_the_more_they_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.controllers.status_writer._MOST_RETRIES_A_SECOND", 0.01)
    desk.api.failures = [Denied("Forbidden", status=403)]
    desk.show(desk.api.add(user("ada")), {"state": "Active"})
    assert not await desk.writer.drained(0.1)
    assert len(desk.api.requests) == 1


async def test_the_server_says_when_to_come_back(desk: Desk) -> None:
    ada = desk.api.add(user("ada"))
    desk.api.failures = [Throttled("TooManyRequests", retry_after=0.1)]
    started = asyncio.get_running_loop().time()
    desk.show(ada, {"state": "Active"})
    await desk.done()
    assert asyncio.get_running_loop().time() - started >= 0.1


async def test_an_object_that_is_gone_is_dropped(desk: Desk) -> None:
    desk.show(user("ada"), {"state": "Active"})
    await desk.done()
    assert len(desk.api.requests) == 1


async def test_a_status_that_the_schema_refuses_is_dropped(desk: Desk) -> None:
    desk.api.add(user("ada"))
    desk.api.failures = [Refused("Invalid", status=422, details={"causes": [{"field": "status.state"}]})]
    desk.show(user("ada"), {"state": "?"})
    await desk.done()
    assert len(desk.api.requests) == 1


@pytest.mark.parametrize(("finalizers", "released"), [([FINALIZER], True), ([], False)], ids=["remove", "add"])
async def test_a_finalizer_that_a_policy_denies_to_write_is_tried_ever_more_rarely(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, finalizers: list[str], *, released: bool
) -> None:
    monkeypatch.setattr("tenantry.controllers.status_writer.OBJECT", Backoff(300.0, 300.0))
    ada = desk.api.add(user("ada", finalizers=finalizers))
    desk.api.faults[path_of(ada)] = Refused("Invalid", status=422)
    monkeypatch.setattr(desk.api, "read", reader(ada))
    desk.show(ada, None, released=released)
    await until(lambda: desk.api.asked("PATCH"))
    assert not await desk.writer.drained(0.05)
    assert len(desk.api.asked("PATCH")) == 2
    desk.api.faults.clear()
    desk.show({**ada, "metadata": {**ada["metadata"], "resourceVersion": "2", "labels": {"owner": "me"}}}, {"a": "b"})
    await desk.done()
    assert desk.finalizers(ada) == (None if released else [FINALIZER])


def reader(body: dict[str, Any]) -> Callable[[str], Awaitable[dict[str, Any]]]:
    """Give reads of an object whose writes are refused."""

    async def read(_: str) -> dict[str, Any]:
        return body

    return read


async def test_a_status_that_a_policy_denies_for_a_while_is_written_later(desk: Desk) -> None:
    ada = desk.api.add(user("ada"))
    desk.api.failures = [Refused("Invalid", status=422, details={"causes": [{"message": "label owner is required"}]})]
    desk.show(ada, {"state": "Active"})
    await desk.done()
    assert desk.status(ada) == {"state": "Active"}


@pytest.mark.parametrize("fault", [Denied("Forbidden", status=403), Refused("Invalid", status=422)])
async def test_a_status_that_may_not_be_written_does_not_hold_up_the_release(desk: Desk, fault: ApiError) -> None:
    ada = desk.api.add(user("ada", finalizers=[FINALIZER, "other"], deletionTimestamp=DELETED))
    desk.api.faults[f"{path_of(ada)}/status"] = fault
    desk.show(ada, {"state": "Deleting"}, released=True)
    await desk.done()
    assert desk.finalizers(ada) == ["other"]


async def test_a_write_that_is_forbidden_for_good_is_logged_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(status_writer.log, "warning", lambda _, **what: told.append(what))
    forbid(desk, NAMESPACE)
    desk.show(desk.api.add(user("ada")), {"state": "hunter2"})
    await until(lambda: len(desk.api.asked("PATCH")) > 8)
    assert told == [{"kind": Kind.USER, "uid": "ada", "status": 403}]


async def test_the_statuses_of_writes_that_are_put_off_do_not_pile_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.controllers.status_writer._MOST_PUT_OFF", 10)
    monkeypatch.setattr("tenantry.controllers.status_writer.OBJECT", Backoff(300.0, 300.0))
    forbid(desk, NAMESPACE)
    names = [f"u{number:02}" for number in range(30)]
    for name in names:
        desk.show(desk.api.add(user(name)), {"state": "Active"})
        await until(lambda: f"{path_of(user(name))}/status" in desk.api.asked("PATCH"))  # noqa: B023 - at once
    await until(lambda: len(desk.writer) == 10)
    assert desk.writer.has_room
    assert desk.writer.forgotten(500) == []
    desk.api.faults.clear()
    for name in names[20:]:  # the pauses of those that were kept end
        desk.show(user(name, version=9), {"state": "Active"})
    await desk.done()
    assert desk.writer.forgotten(15) == names[:15]
    desk.writer.reclaim(names[:15])
    assert desk.writer.forgotten(500) == names[15:20]


async def test_a_finalizer_that_is_put_off_waits_on_when_the_status_is_forgotten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.controllers.status_writer._MOST_PUT_OFF", 0)
    forbid(desk, NAMESPACE)
    ada = desk.api.add(user("ada", finalizers=[]))
    desk.show(ada, {"state": "Active"})
    await until(lambda: len(desk.api.asked("PATCH")) > 1)
    desk.api.faults.clear()
    await desk.done()
    assert desk.finalizers(ada) == [FINALIZER]
    assert desk.writer.forgotten(500) == ["ada"]


async def test_a_missing_finalizer_is_added_before_the_status_and_others_are_kept(desk: Desk) -> None:
    ada = desk.api.add(user("ada", finalizers=["other/one"]))
    desk.show(ada, {"state": "Active"})
    await desk.done()
    assert desk.finalizers(ada) == ["other/one", FINALIZER]
    assert [path.endswith("/status") for path in desk.api.asked("PATCH")] == [False, True]


async def test_a_finalizer_that_another_added_meanwhile_is_not_lost(desk: Desk) -> None:
    ada = desk.api.add(user("ada", finalizers=["other/one"], version=7))
    desk.show(user("ada", finalizers=[], version=5), {"state": "Active"})
    await desk.done()
    assert desk.finalizers(ada) == ["other/one", FINALIZER]


async def test_no_finalizer_is_added_to_an_object_that_began_to_go(desk: Desk) -> None:
    ada = desk.api.add(user("ada", finalizers=["other"], version=7, deletionTimestamp=DELETED))
    desk.show(user("ada", finalizers=[], version=5), {"state": "Active"})
    await desk.done()
    assert desk.finalizers(ada) == ["other"]


async def test_a_released_object_loses_our_finalizer_and_no_other(desk: Desk) -> None:
    ada = desk.api.add(user("ada", finalizers=["a", FINALIZER, "b"], deletionTimestamp=DELETED))
    desk.show(ada, None, released=True)
    await desk.done()
    assert desk.finalizers(ada) == ["a", "b"]


async def test_a_released_object_is_read_again_where_its_finalizers_moved(desk: Desk) -> None:
    ada = desk.api.add(user("ada", finalizers=["new", FINALIZER], deletionTimestamp=DELETED))
    desk.show(user("ada", deletionTimestamp=DELETED), None, released=True)
    await desk.done()
    assert desk.finalizers(ada) == ["new"]


async def test_a_released_object_that_no_event_told_of_is_read_first(desk: Desk) -> None:
    ada = desk.api.add(user("ada", deletionTimestamp=DELETED))
    desk.writer.submit(outcome(sight(Kind.USER, ada), None, released=True))
    await desk.done()
    assert desk.finalizers(ada) is None


async def test_nothing_is_written_of_an_object_that_vanishes_with_its_finalizer(desk: Desk) -> None:
    ada = desk.api.add(user("ada", deletionTimestamp=DELETED))
    desk.show(ada, {"state": "Deleting"}, released=True)
    await desk.done()
    assert desk.api.asked("PATCH") == [path_of(ada)]


async def test_the_event_of_a_released_objects_end_is_not_news(desk: Desk) -> None:
    ada = desk.api.add(user("ada", deletionTimestamp=DELETED))
    sighting = desk.show(ada, None, released=True)
    await desk.done()
    assert not desk.ledger.take(replace(sighting, gone=True, version=99))


async def test_nothing_is_written_to_an_object_that_is_gone(desk: Desk) -> None:
    sighting = sight(Kind.USER, user("ada"), gone=True)
    desk.writer.submit(outcome(sighting, {"state": "Active"}, released=True), sighting)
    await desk.done()
    assert desk.api.requests == []


async def test_a_fault_shows_in_the_conditions_and_leaves_the_rest_of_the_status(desk: Desk) -> None:
    ada = desk.api.add(user("ada", generation=3))
    ada["status"] = {"state": "Active", "conditions": [_condition("Ready", "True"), _condition("EmailMissing", "True")]}
    desk.writer.report_fault(sight(Kind.USER, ada))
    await desk.done()
    status = desk.status(ada)
    assert status["state"] == "Active"
    found = {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]}
    assert found == {
        "Ready": ("False", "InternalError"),
        "Reconciling": ("True", "InternalError"),
        "EmailMissing": ("True", "Provisioned"),
    }
    assert status["conditions"][0]["observedGeneration"] == 3


async def test_an_object_that_the_writer_fails_at_keeps_no_other_from_being_written(desk: Desk) -> None:
    odd = desk.api.add(user("odd"))
    odd["status"] = {"conditions": [{"type": "Ready"}]}
    desk.writer.report_fault(sight(Kind.USER, odd))
    ada = desk.api.add(user("ada"))
    desk.show(ada, {"state": "Active"})
    await desk.done()
    assert desk.status(ada) == {"state": "Active"}


async def test_there_is_no_room_while_too_much_is_unwritten(desk: Desk) -> None:
    desk.api.gate.clear()
    for number in range(2100):
        desk.show(desk.api.add(user(f"u{number}")), {"state": "Active"})
    assert not desk.writer.has_room
    desk.api.gate.set()
    await until(lambda: desk.writer.has_room)
    await desk.done()


def _condition(type_: str, status: str) -> dict[str, Any]:
    return {"type": type_, "status": status, "reason": "Provisioned", "message": "m", "lastTransitionTime": DELETED}
