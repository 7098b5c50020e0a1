"""While the store is away, hangs or is locked nobody is let in; who asks hears it in time, and nothing is left (P9)."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from postgres import Postgres
from tenantry.domain.client import Scope
from tenantry.services.clients import create_client
from tenantry.store import Store
from tenantry.store.migrate import upgrade
from tests.support.builders import NAMESPACE, pool, user, workgroup
from tests.support.eventually import eventually
from tests.support.manifests import applied, secrets
from tests.support.serving import RuntimeApiProcess

#: A caller that hears nothing by then has waited too long: an exception of the client fails the test.
_LONGEST_SECONDS = 2.0
_LOG_IN = {"workgroup": "tracker", "userName": "ada", "password": "correct horse"}
_QUESTION = {
    "subject": {"type": "user", "id": "ada"},
    "action": {"name": "read"},
    "resource": {"type": "record", "id": "1"},
}
_CALLS: list[tuple[str, str, Any]] = [
    ("POST", "sessions", _LOG_IN),
    ("POST", "sessions/heartbeat", {"tokens": ["none"]}),
    ("POST", "access/v1/evaluation", _QUESTION),
]
#: A SQLite that somebody has locked can be read all the same.
_READS = {"access/v1/evaluation"}


@dataclass
class Scene:
    """A store with one floating license, a server on it, and what takes the store away."""

    api: RuntimeApiProcess
    token: str
    outage: Callable[[], AbstractContextManager[None]]
    readable: bool = False

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        return self.api.call(method, f"{NAMESPACE}/{path}", self.token, body, within=_LONGEST_SECONDS)

    def sessions(self) -> int:
        status, found = self.call("GET", "sessions")
        assert status == 200
        return len(found["sessions"])


def _prepare(url: str) -> str:
    store = Store.open(url)
    try:
        upgrade(store)
        floating = pool(spec={"licenses": [{"type": "Floating", "quantity": 1}]})
        passwords = {"passwords": {"ada": _LOG_IN["password"]}}
        ada = user("ada", license="Floating", spec={"password": {"secretKeyRef": {"name": "passwords", "key": "ada"}}})
        applied(store, floating, workgroup(), ada, secrets=secrets(passwords))
        return create_client(store, NAMESPACE, "portal", list(Scope), datetime.now(UTC))
    finally:
        store.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    holder = sqlite3.connect(path, isolation_level=None)
    try:
        assert eventually(lambda: _begins(holder))
        yield
        holder.execute("ROLLBACK")
    finally:
        holder.close()


def _begins(holder: sqlite3.Connection) -> bool:
    try:
        holder.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        return False
    return True


@pytest.fixture(params=["locked", "hung", "gone"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    if request.param == "locked":
        path = tmp_path / "store.db"
        url = f"sqlite:///{path}"
        token = _prepare(url)
        with RuntimeApiProcess(tmp_path, url) as api:
            yield Scene(api, token, lambda: _locked(path), readable=True)
        return
    with Postgres() as postgres:
        url = postgres.create_database()
        token = _prepare(url)
        with RuntimeApiProcess(tmp_path, url) as api:
            yield Scene(api, token, postgres.hang if request.param == "hung" else postgres.outage)


def test_nobody_is_let_in_and_whoever_asks_hears_it_in_time(scene: Scene) -> None:
    assert scene.sessions() == 0
    with scene.outage():
        for _ in range(3):
            for method, path, body in _CALLS:
                status, problem = scene.call(method, path, body)
                if status == 200 and scene.readable and path in _READS:
                    continue
                assert (status, problem["reason"]) == (503, "StoreUnavailable"), (method, path)
    assert eventually(lambda: scene.call("GET", "sessions")[0] == 200)
    assert scene.sessions() == 0
    assert eventually(lambda: scene.call("POST", "sessions", _LOG_IN)[0] == 201)
    assert scene.sessions() == 1
