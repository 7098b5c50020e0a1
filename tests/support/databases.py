"""Databases that are used again, and what goes on in one."""

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


def waits_for_a_lock(store: Store) -> bool:
    """Tell whether a transaction of this PostgreSQL database waits for another."""
    with store.read() as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return bool(connection.exec_driver_sql(query).scalar_one())
