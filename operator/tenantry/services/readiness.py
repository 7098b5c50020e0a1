"""Whether the store can be asked at all."""

from tenantry.errors import StoreUnmigrated
from tenantry.store import Store
from tenantry.store.revision import newest_revision, revision_of


def ask_store(store: Store) -> None:
    """Ask the store whether this version can work with it. A later version may have migrated it under one that goes on.

    Raises:
        StoreUnmigrated: its tables are not there, or of an earlier version.
        StoreUnavailable: the database is gone or locked.
    """
    found = revision_of(store)
    if found is None or found < newest_revision():
        raise StoreUnmigrated(f"at revision {found or 'none'}, this version needs {newest_revision()}")
