import asyncio
import threading
from dataclasses import replace

import pytest

from tenantry.controllers import inbox as module
from tenantry.controllers.inbox import Inbox
from tenantry.domain.observed import Kind
from tenantry.domain.password import OfferKind, PasswordOffer
from tenantry.domain.secret import SecretOffer
from tests.unit.controllers.fakes import seen


async def test_of_one_object_the_newest_is_taken_in_the_place_of_the_first() -> None:
    inbox = Inbox()
    for each in (seen("ada"), seen("bob"), seen("ada", generation=2, version=3), seen("ada", version=2)):
        inbox.put(each)
    taken = inbox.take(10)
    assert [(each.name, each.version) for each in taken] == [("ada", 3), ("bob", 1)]
    assert len(inbox) == 0


async def test_one_that_is_gone_is_not_overtaken() -> None:
    inbox = Inbox()
    inbox.put(replace(seen("ada"), gone=True))
    inbox.put(seen("ada", version=9))
    assert inbox.take(1)[0].gone


async def test_policies_come_before_those_they_govern() -> None:
    inbox = Inbox()
    kinds = [Kind.PROJECT_MEMBER, Kind.USER, Kind.WORKGROUP, Kind.LICENSE_POOL]
    for kind in kinds:
        inbox.put(seen(kind.lower(), kind))
    assert [each.kind for each in inbox.take(10)] == [Kind.WORKGROUP, Kind.LICENSE_POOL]
    assert [each.kind for each in inbox.take(10)] == [Kind.USER, Kind.PROJECT_MEMBER]


async def test_who_waited_long_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", -1.0)
    inbox = Inbox()
    inbox.put(seen("member", Kind.PROJECT_MEMBER))
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 30.0)
    inbox.put(seen("ada"))
    assert [each.name for each in inbox.take(1)] == ["ada"]
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", -1.0)
    inbox.put(seen("pool", Kind.LICENSE_POOL))
    assert [each.name for each in inbox.take(2)] == ["pool", "member"]


async def test_a_batch_has_no_more_than_was_asked_for() -> None:
    inbox = Inbox()
    for number in range(7):
        inbox.put(seen(f"u{number}"))
    assert [len(inbox.take(5)), len(inbox.take(5))] == [5, 2]


async def test_a_password_stays_with_the_same_state_of_its_user() -> None:
    offer = SecretOffer(PasswordOffer(OfferKind.NEW, "source"))
    inbox = Inbox()
    inbox.put(seen("ada", version=5))
    inbox.put(replace(seen("ada", version=1), offer=offer))
    inbox.put(seen("bob", version=5, generation=2))
    inbox.put(replace(seen("bob", version=1), offer=offer))
    assert [each.offer for each in inbox.take(2)] == [offer, None]


async def test_what_is_given_back_does_not_replace_what_came_meanwhile() -> None:
    inbox = Inbox()
    inbox.put(seen("ada", generation=2, version=2))
    inbox.give_back(seen("ada"))
    assert inbox.take(1)[0].version == 2


async def test_another_thread_wakes_who_waits() -> None:
    inbox = Inbox()
    waiting = asyncio.create_task(inbox.wait(5.0))
    thread = threading.Thread(target=lambda: inbox.put(seen("ada")))
    thread.start()
    await asyncio.wait_for(waiting, 5.0)
    thread.join()
    assert len(inbox.take(1)) == 1


async def test_who_waits_is_woken_for_what_a_batch_left_over() -> None:
    inbox = Inbox()
    for number in range(3):
        inbox.put(seen(f"u{number}"))
    inbox.take(2)
    async with asyncio.timeout(1.0):
        await inbox.wait(60.0)


async def test_waiting_ends_when_nothing_comes() -> None:
    await Inbox().wait(0.01)
