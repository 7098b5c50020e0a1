"""`tenantry db` on both kinds of database, and what commands say of one that is not ready."""

from pathlib import Path

import pytest

from tenantry.store import Store
from tenantry.store.migrate import newest, revision
from tests.support.commands import tenantry


def test_upgrade_migrates_and_prints_the_revision(empty_store_url: str) -> None:
    for _ in range(2):
        done = tenantry("db", "upgrade", "--store-url", empty_store_url)
        assert (done.code, done.out) == (0, f"{newest()}\n")
    store = Store.open(empty_store_url)
    with store.read() as connection:
        assert revision(connection) == newest()
    store.close()


def test_check_finds_no_difference_in_a_migrated_store(store_url: str) -> None:
    done = tenantry("db", "check", "--store-url", store_url)
    assert (done.code, done.out) == (0, f"The models and revision {newest()} agree.\n")


def test_check_names_what_differs(empty_store_url: str) -> None:
    tenantry("db", "upgrade", "--store-url", empty_store_url)
    store = Store.open(empty_store_url)
    with store.write() as connection:
        connection.exec_driver_sql("DROP TABLE waits")
    store.close()
    done = tenantry("db", "check", "--store-url", empty_store_url)
    assert done.code == 1
    assert all(line.startswith("store: ") for line in done.lines)
    assert "add_table" in done.out
    assert "waits" in done.out


READERS = [
    ["users", "list"],
    ["pools", "list"],
    ["tenant", "list"],
    ["tenant", "attach", "acme"],
    ["audit", "verify"],
    ["audit", "export"],
]


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_database_that_is_not_migrated_is_told_with_what_to_do(empty_store_url: str, command: list[str]) -> None:
    tenantry("db", "upgrade", "--store-url", empty_store_url)
    store = Store.open(empty_store_url)
    with store.write() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
        connection.exec_driver_sql("DROP TABLE audit_records")
        connection.exec_driver_sql("ALTER TABLE tenants RENAME TO tenants_of_old")
    store.close()
    done = tenantry(*command, "--store-url", empty_store_url)
    assert (done.code, done.out) == (1, "")
    assert f"this version needs {newest()}; run: tenantry db upgrade" in done.err


@pytest.mark.parametrize("command", READERS, ids=" ".join)
@pytest.mark.parametrize(
    ("url", "code", "message"),
    [
        ("sqlite:////nowhere/store.db", 1, "tenantry: there is no database /nowhere/store.db;"),
        ("postgresql://127.0.0.1:1/none", 3, "tenantry: the identity store cannot be reached: connection failed"),
        ("mysql://localhost/x", 1, "tenantry: --store-url is not a database URL;"),
        ("store.db", 1, "tenantry: --store-url is not a database URL;"),
    ],
)
def test_a_store_that_cannot_be_used_is_told_on_stderr(command: list[str], url: str, code: int, message: str) -> None:
    done = tenantry(*command, environment={"TENANTRY_STORE_URL": url})
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(message)


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_file_that_is_no_database_is_told_of_and_stays_as_it_was(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database\n" * 100)
    done = tenantry(*command, "--store-url", f"sqlite:///{file}")
    assert (done.code, done.out) == (3, "")
    assert done.err == "tenantry: the identity store cannot be reached: file is not a database\n"
    assert file.read_text() == "not a database\n" * 100
