import psycopg
import pytest

from postgres import Postgres
from tenantry.store import Store
from tenantry.store.migrate import newest, revision
from tenantry.store.schema import metadata


def answer(url: str) -> object:
    with psycopg.connect(url, connect_timeout=2) as connection:
        return connection.execute("SELECT 1").fetchone()


def test_databases_are_apart(postgres: Postgres) -> None:
    first, second = postgres.create_database(), postgres.create_database()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE only_here ()")
    with psycopg.connect(second) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT FROM only_here")


def test_hang_and_outage_pass() -> None:
    with Postgres() as own:
        url = own.url()
        with own.hang(), pytest.raises(psycopg.errors.ConnectionTimeout):
            answer(url)
        assert answer(url) == (1,)
        with own.outage(), pytest.raises(psycopg.OperationalError):
            answer(url)
        assert answer(url) == (1,)


def test_each_kind_of_store_is_migrated_and_has_no_rows(store: Store) -> None:
    with store.read() as connection:
        assert revision(connection) == newest()
        for table in metadata.sorted_tables:
            assert connection.execute(table.select()).all() == []


def test_an_empty_store_has_no_revision(empty_store_url: str) -> None:
    store = Store.open(empty_store_url)
    with store.read() as connection:
        assert revision(connection) is None
    store.close()
