"""What the store says when a statement fails: the database is away, or it will never do this."""

import os
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from itertools import count, repeat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, column, or_, select, text, true
from sqlalchemy.exc import DBAPIError

from tenantry.domain.observed import Kind, Ref
from tenantry.errors import StoreUnavailable, TenantLocked
from tenantry.services.work import TenantRef
from tenantry.store import Store, account, audit, database, project_member, resource, usage
from tenantry.store.tenant import find_tenant
from tests.support.builders import user, workgroup
from tests.support.tenancy import Tenant
from tests.support.watched import WatchedTenant

#: More than PostgreSQL has parameters for in a statement.
MANY = 70_000


@pytest.mark.parametrize(
    "statement",
    [
        text("SELECT nothing FROM nowhere"),
        text("SELEKT"),
        text("SELECT 1 / 'hunter2' FROM tenants WHERE nothing = 1"),
        select(true()).where(or_(*(column("hunter2") == text(f"{n} + 1") for n in range(3000)))),
        select(true()).where(column("id").in_([f"hunter2-{n}" for n in range(300_000)])),
    ],
    ids=["no such table", "syntax", "no such column", "too deep", "too many parameters"],
)
def test_a_statement_that_can_never_succeed_is_no_outage(store: Store, statement: Any) -> None:
    with pytest.raises(DBAPIError), store.read() as connection:
        connection.execute(statement)


def test_an_error_of_the_store_quotes_no_values(store: Store) -> None:
    with pytest.raises(DBAPIError) as caught, store.read() as connection:
        connection.execute(text("SELECT nothing FROM nowhere WHERE a = :a"), {"a": "hunter2"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["sqlite", "postgresql"])
def test_a_database_that_is_not_there_is_an_outage(scheme: str, tmp_path: Path) -> None:
    folder = tmp_path / "store.db"
    folder.mkdir()
    store = Store.open(f"sqlite:///{folder}" if scheme == "sqlite" else "postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(StoreUnavailable), store.read() as connection:
        connection.execute(select(1))


def test_a_database_that_another_keeps_locked_is_an_outage(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.01)
    store, held, done = Store.open(sqlite_url), threading.Event(), threading.Event()

    def hold() -> None:
        with store.write():
            held.set()
            done.wait(10)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(10)
    with pytest.raises(StoreUnavailable), store.write():
        pass
    done.set()
    other.join()
    store.close()


def test_who_waited_for_a_writer_of_this_process_has_less_time_for_those_of_others(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: Iterator[int] = count(step=2)
    monkeypatch.setattr(database, "monotonic", lambda: next(moments))
    store = Store.open(sqlite_url, patience=5)
    assert _patience_of(store) == 3000
    moments = repeat(9)
    assert _patience_of(store) == 5000, "the connection is used again by one that did not wait"
    store.close()


def _patience_of(store: Store) -> int:
    """Return for how many milliseconds the next writer waits for one of another process."""
    with store.write() as connection:
        patience: int = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    return patience


def test_a_tenant_that_another_keeps_locked_is_no_outage_of_the_others(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    store = Store.open(postgresql_url)
    acme, globex = Tenant(store), Tenant(store, ref=TenantRef("globex", "globex-uid"))
    acme.apply(workgroup(pool=None))
    with store.write() as connection:
        find_tenant(connection, acme.ref.namespace, lock=True)
        with pytest.raises(TenantLocked):
            acme.apply(user("ada", license=None))
        globex.apply(workgroup(pool=None, namespace="globex"))
    acme.apply(user("ada", license=None))
    store.close()


def test_a_server_that_went_away_without_a_word_is_waited_for_no_longer_than_half_a_minute(postgresql_url: str) -> None:
    store = Store.open(postgresql_url)
    with store.read() as connection:
        driver: Any = connection.connection.dbapi_connection
        with socket.socket(fileno=os.dup(driver.fileno())) as kept:
            options = [kept.getsockopt(socket.IPPROTO_TCP, o) for o in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL)]
            times = kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
            assert options[0] + options[1] * times <= 30
            assert kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 30_000
            assert kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) > 0
    store.close()


def test_a_connection_that_broke_is_an_outage(store: Store) -> None:
    if store.dialect == "sqlite":
        pytest.skip("SQLite has no server that ends a connection")
    with pytest.raises(StoreUnavailable):
        _end_own_connection(store)


def _end_own_connection(store: Store) -> None:
    with store.write() as connection:
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with store.write() as other:
            other.execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
        connection.execute(select(1))


def _drop_refs(connection: Connection, ids: Collection[str]) -> None:
    present = dict.fromkeys(ids, frozenset({Ref("Workgroup", "desk")}))
    resource.replace_refs(connection, 1, present, dict.fromkeys(ids, frozenset()))


#: Whatever takes ids of any number.
CALLS: dict[str, Callable[[Connection, list[str]], Any]] = {
    "load_by_uid": account.load_by_uid,
    "load_by_id": account.load_by_id,
    "load_by_login": lambda connection, ids: account.load_by_login(connection, 1, ids),
    "load_named": lambda connection, ids: resource.load_named(connection, 1, Kind.USER, ids),
    "load_refs": resource.load_refs,
    "names_of_owners": resource.names_of_owners,
    "replace_refs": _drop_refs,
    "mark_objects": lambda connection, ids: resource.mark_objects(connection, 1, Kind.USER, ids),
    "mark_dependents": lambda c, ids: resource.mark_dependents(c, 1, [Ref("User", name) for name in ids]),
    "load_projects": lambda connection, ids: project_member.load_projects(connection, 1, ids),
    "load_members": project_member.load_members,
    "apply_project_members": lambda connection, ids: project_member.apply_project_members(connection, ids, []),
    "erase_personal": lambda connection, ids: audit.erase_personal(connection, 1, ids),
    "count_members": lambda connection, ids: usage.count_members(connection, 1, ids),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_no_number_of_ids_is_too_many(store: Store, call: Callable[[Connection, list[str]], Any]) -> None:
    with store.write() as connection:
        call(connection, [f"id-{n}" for n in range(MANY)])


def test_a_tenant_may_have_any_number_of_capped_roles(tenant: WatchedTenant) -> None:
    roles = [{"name": f"role-{n}", "maxHolders": 1} for n in range(16)]
    groups = [workgroup(f"group-{n}", pool=None, spec={"roles": roles}) for n in range(70)]
    tenant.apply(*groups)
    people = [
        user(f"user-{n}", age=n, license=None, in_=[{"workgroupRef": "group-9", "role": "role-9"}]) for n in (0, 1)
    ]
    tenant.apply(*people)
    assert [tenant.is_ready(one) for one in people] == [True, False]
