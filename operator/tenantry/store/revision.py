"""Which migration a database is at, told without Alembic: that costs 10 MB which a running operator has no use for."""

from pathlib import Path

from sqlalchemy import inspect, text

from tenantry.store.database import Store

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


def newest_revision() -> str:
    """Return the newest revision: files are named after theirs, which count up."""
    return max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))


def is_current(store: Store) -> bool:
    """Tell whether the database is at the newest revision.

    Raises:
        StoreUnavailable: it cannot be reached.
    """
    with store.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == newest_revision()
