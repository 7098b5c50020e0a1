"""Whether the store can be asked at all."""

from tenantry.store import Store
from tenantry.store.tenant import find_tenant


def ask_store(store: Store) -> None:
    """Ask the store for next to nothing.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        find_tenant(connection, "")
