import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tenantry.controllers.access import ClusterAccess
from tenantry.controllers.events import ForgetfulMemories, event_registry, unwatched, watch_settings, watched_resources
from tenantry.controllers.token import Token
from tenantry.controllers.watches import WatchDead, Watches
from tests.unit.controllers.fakes import user

ACCESS = ClusterAccess("http://127.0.0.1:1", None, Token.fixed(""))


def watches(*, reachable: bool) -> Watches:
    registry = event_registry(ACCESS, lambda *_, **__: None, None)
    return Watches(lambda: registry, watched_resources(namespaces=False), [], lambda: reachable)


def test_a_watch_without_a_task_is_found() -> None:
    names = ["watcher for users.v1alpha1.tenantry.dev@None", "watcher for namespaces.v1@None", "other"]
    resources = ["users.v1alpha1.tenantry.dev", "workgroups.v1alpha1.tenantry.dev", "namespaces.v1"]
    assert list(unwatched(names, resources, [None])) == ["workgroups.v1alpha1.tenantry.dev"]
    assert list(unwatched(names, resources[:1], ["acme"])) == ["users.v1alpha1.tenantry.dev"]


async def test_watches_that_do_not_come_are_dead_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenantry.controllers.watches._LONGEST_DOWN_SECONDS", 0.05)
    monkeypatch.setattr("tenantry.controllers.watches._CHECK_SECONDS", 0.01)
    lost = watches(reachable=True)
    with pytest.raises(WatchDead, match="users"):
        await lost.guard()
    assert not lost.alive


async def test_watches_may_be_missing_while_the_api_server_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenantry.controllers.watches._LONGEST_DOWN_SECONDS", 0.05)
    monkeypatch.setattr("tenantry.controllers.watches._CHECK_SECONDS", 0.01)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(watches(reachable=False).guard(), 0.3)


async def test_nothing_raw_leaves_a_handler() -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("hunter2")

    registry = event_registry(ACCESS, fail, fail)
    for handler in registry._watching.get_all_handlers():
        handle: Callable[..., Any] = handler.fn
        event: dict[str, Any] = {"type": "ADDED", "object": user("ada")}
        assert await handle(event=event) is None


def test_kopf_is_set_as_was_measured() -> None:
    settings = watch_settings()
    assert settings.peering.standalone
    assert settings.scanning.disabled
    assert not settings.posting.enabled
    assert settings.queueing.idle_timeout == 0.05
    assert settings.queueing.worker_limit is None
    assert (settings.watching.chunk_size, settings.watching.server_timeout, settings.watching.client_timeout) == (
        500, 600, 660,
    )  # fmt: skip
    assert settings.networking.request_timeout == 60
    assert settings.networking.enforce_retry_after
    assert max(settings.networking.error_backoffs) <= 5.0  # type: ignore[arg-type] # ours is a tuple


async def test_kopf_remembers_no_object() -> None:
    memories = ForgetfulMemories()
    await memories.recall(user("ada"))
    assert not list(memories.iter_all_memories())
