"""Many who wait for one tenant leave the store to the others."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tenantry.errors import TenantLocked
from tenantry.services.accounts import list_accounts
from tenantry.services.acts import acting
from tenantry.store import Store
from tenantry.store.tenant import lock_tenant
from tests.support.builders import START

_MANY = 40


@pytest.fixture
def store(postgresql_url: str) -> Iterator[Store]:
    opened = Store.open(postgresql_url, patience=1.0)
    for namespace in ("acme", "globex"):
        with opened.write() as connection:
            lock_tenant(connection, namespace, namespace)
    yield opened
    opened.close()


def act(store: Store, namespace: str) -> str:
    with acting(store, namespace, "test", START):
        return namespace


def test_who_waits_for_a_tenant_that_is_locked_takes_no_connection_from_others(store: Store) -> None:
    other = store.apart()
    with ThreadPoolExecutor(_MANY) as threads, other.write() as connection:
        lock_tenant(connection, "acme", "acme")
        started = threading.Barrier(_MANY + 1)

        def wait() -> str:
            started.wait(10)
            return act(store, "acme")

        waiting = [threads.submit(wait) for _ in range(_MANY)]
        started.wait(10)
        for _ in range(3):
            assert act(store, "globex") == "globex"
            assert list_accounts(store, "globex") == []
        for each in waiting:
            assert isinstance(each.exception(10), TenantLocked)
    other.close()
    assert act(store, "acme") == "acme"


def test_writers_of_one_tenant_come_one_after_the_other_and_all_of_them(store: Store) -> None:
    with ThreadPoolExecutor(_MANY) as threads:
        assert set(threads.map(lambda _: act(store, "acme"), range(200))) == {"acme"}
