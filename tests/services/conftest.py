"""One database of each kind for all tests, emptied before each: to make one, and to compile its statements, is slow."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres import Postgres
from tenantry.store import Store, policy
from tests.support.databases import empty
from tests.support.invariants import check_tenant
from tests.support.watched import WatchedTenant


@pytest.fixture(scope="session")
def kept_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("kept") / "store.db")
    store = Store.open(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.fixture(scope="session")
def kept_postgresql(postgres: Postgres, postgresql_template: str) -> Iterator[Store]:
    store = Store.open(postgres.create_database(postgresql_template))
    yield store
    store.close()


@pytest.fixture
def sqlite_url(kept_sqlite: Store) -> str:
    return empty(kept_sqlite)


@pytest.fixture
def postgresql_url(kept_postgresql: Store) -> str:
    return empty(kept_postgresql)


@pytest.fixture
def store(request: pytest.FixtureRequest, store_url: str) -> Store:
    kind = "sqlite" if store_url.startswith("sqlite") else "postgresql"
    kept: Store = request.getfixturevalue(f"kept_{kind}")
    return kept


@pytest.fixture
def tenant(store: Store) -> Iterator[WatchedTenant]:
    """A tenant on each kind of store; after the test everything that must always hold is checked."""
    policy._PARSED.clear()  # builders give the same UID to the same name, and another test's spec may be parsed already
    watched = WatchedTenant(store)
    yield watched
    check_tenant(watched)
