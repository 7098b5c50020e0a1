"""Databases that are used again."""

from sqlalchemy import delete, text

from tenantry.store import Store
from tenantry.store.schema import metadata


def empty(store: Store) -> str:
    """Make a store as if it were new, and give its URL."""
    store.audit_key = b""
    with store.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
        if store.dialect == "postgresql":
            connection.execute(text("ALTER SEQUENCE tenants_id_seq RESTART"))
    return store.engine.url.render_as_string(hide_password=False)
