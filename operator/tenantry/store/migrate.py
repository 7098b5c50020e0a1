"""Migrations: in the package, applied by the operator at its start."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from tenantry.store.database import Store
from tenantry.store.schema import metadata

_SCRIPTS = Path(__file__).parent / "migrations"
#: Two operators that start at once on one PostgreSQL must not both migrate.
_LOCK = 0x7E4A_4721


def upgrade(store: Store) -> str:
    """Bring the database to the newest revision, in one transaction, and return that revision.

    Raises:
        StoreUnavailable: the database cannot be reached; it is as it was.
    """
    with store.write() as connection:
        if store.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if revision(connection) != newest():
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return newest()


def revision(connection: Connection) -> str | None:
    """Return the revision a database is at, or None where it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """Return the newest revision there is."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return head or ""


def differences(store: Store) -> list[str]:
    """Return in what the database differs from the models: nothing, when the migrations are complete."""
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, metadata)]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config
