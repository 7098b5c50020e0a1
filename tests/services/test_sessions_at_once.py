"""Heartbeats lock no tenant: what ends their sessions meanwhile waits for them, or they for it, never crosswise."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from tenantry.services import sessions
from tenantry.services.sessions import Chosen
from tenantry.store import Store
from tenantry.store.session import extend_sessions
from tests.support.builders import NAMESPACE, user, workgroup
from tests.support.databases import waits_for_a_lock
from tests.support.door import CLIENT, Door
from tests.support.eventually import eventually
from tests.support.watched import WatchedTenant


@contextmanager
def held_after_the_first_update(store: Store, begun: threading.Event) -> Iterator[None]:
    """Have a transaction stand still after its first update, until another has locked what it can.

    On SQLite the other begins when this one is over.
    """

    def stand(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("UPDATE sessions") and not begun.is_set():
            begun.set()
            if store.dialect == "postgresql":
                eventually(lambda: waits_for_a_lock(store), within=10)

    event.listen(store.engine, "after_cursor_execute", stand)
    yield
    event.remove(store.engine, "after_cursor_execute", stand)


@pytest.mark.parametrize("later", [timedelta(), timedelta(hours=1)], ids=["revoked", "lapsed"])
def test_heartbeats_and_what_ends_their_sessions_do_not_wait_crosswise(tenant: WatchedTenant, later: timedelta) -> None:
    tenant.apply(workgroup(pool=None), *(user(name, license=None) for name in ("ada", "bob")))
    door = Door(tenant)
    live = sorted((door.let_in(name).session for name in ("ada", "bob")), key=lambda session: session.id)
    begun = threading.Event()

    def beat() -> None:
        moments = {session.id: session.expires + timedelta(seconds=n) for n, session in enumerate(reversed(live), 1)}
        with tenant.store.write() as connection:
            extend_sessions(connection, moments)

    def end() -> int:
        begun.wait(10)
        return sessions.revoke(tenant.store, NAMESPACE, CLIENT, Chosen(), tenant.now + later)

    with held_after_the_first_update(tenant.store, begun), ThreadPoolExecutor(2) as threads:
        beating, ending = threads.submit(beat), threads.submit(end)
        beating.result(20)
        assert ending.result(20) == (0 if later else 2)
    assert not sessions.list_sessions(tenant.store, NAMESPACE, tenant.now)
