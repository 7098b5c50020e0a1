"""One database of each kind for all tests, emptied before each: to make one, and to compile its statements, is slow.

A folder's conftest that imports these fixtures has them instead of those of the root.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres import Postgres
from tenantry.store import Store
from tests.support.databases import empty

__all__ = ["kept_postgresql", "kept_sqlite", "postgresql_url", "sqlite_url", "store"]


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
