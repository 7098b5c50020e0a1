"""Which migration a database is at, told without Alembic: that costs 10 MB which a running operator has no use for."""

from functools import cache
from pathlib import Path

from sqlalchemy import inspect, text

from tenantry.store.database import Store

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


@cache
def newest_revision() -> str:
    """Return the newest revision: files are named after theirs, which count up."""
    return max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))


def revision_of(store: Store) -> str | None:
    """Return the revision a database is at, or None where it is empty.

    Raises:
        StoreUnavailable: it cannot be reached.
    """
    with store.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return found


def is_current(store: Store) -> bool:
    """Tell whether the database is at the newest revision.

    Raises:
        StoreUnavailable: it cannot be reached.
    """
    return revision_of(store) == newest_revision()
