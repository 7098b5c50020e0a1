"""A copy of a tenant in memory: what would become of it is tried out there, and holds up nobody."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Text, func, insert, select, type_coerce

from tenantry.store.database import Store
from tenantry.store.joined import JoinedStore
from tenantry.store.policy import forget_parsed
from tenantry.store.schema import UtcDateTime, audit_records, metadata, tenants

_PAGE = 2000
#: A time as SQLite has it, in the terms of PostgreSQL.
_TIME = "YYYY-MM-DD HH24:MI:SS.US"


@dataclass(frozen=True, slots=True)
class Copy:
    """A tenant to write to, and the one that it is a copy of as it was at that moment."""

    store: JoinedStore
    former: Connection


@contextmanager
def copied(store: Store, namespace: str) -> Iterator[Copy]:
    """Copy the rows of a tenant, and nothing of another. The copy is thrown away at the end.

    Raises:
        StoreUnavailable: the database is gone.
    """
    memory = Store.open("sqlite://", store.audit_key)
    try:
        with store.snapshot() as former, memory.write() as connection:
            metadata.create_all(connection)
            _fill(connection, former, namespace)
            yield Copy(JoinedStore(memory, connection), former)
    finally:
        memory.close()
        forget_parsed()  # what was parsed of generations that never were


def _fill(copy: Connection, former: Connection, namespace: str) -> None:
    """Copy all rows but the audit trail: that is only added to."""
    tenant = select(tenants.c.id).where(tenants.c.namespace == namespace).scalar_subquery()
    for table in metadata.sorted_tables:
        if table is audit_records:
            continue
        ours = (table.c.id if table is tenants else table.c.tenant_id) == tenant
        query = select(*(_as_kept(column, former.dialect.name) for column in table.c)).where(ours)
        statement = str(insert(table).compile(copy))
        for page in former.execute(query.execution_options(yield_per=_PAGE)).partitions():
            copy.exec_driver_sql(statement, [tuple(row) for row in page])


def _as_kept(column: Column[Any], dialect: str) -> ColumnElement[Any]:
    """Return a column as SQLite keeps it: to make values of it and then text again takes most of the time."""
    if not isinstance(column.type, UtcDateTime):
        return column
    return func.to_char(column, _TIME) if dialect == "postgresql" else type_coerce(column, Text)
