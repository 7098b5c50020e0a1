"""Tenants: the row that is locked first in every transaction that writes."""

from dataclasses import dataclass

from sqlalchemy import Connection, exists, insert, select, update

from tenantry.domain.account import Manager
from tenantry.domain.audit import GENESIS
from tenantry.store.schema import accounts, tenants


@dataclass(frozen=True, slots=True)
class TenantRow:
    """A tenant as its row has it; see schema.tenants."""

    id: int
    namespace: str
    namespace_uid: str
    observed_uid: str
    attached: bool
    confirmed: bool
    epoch: int
    audit_sequence: int
    audit_head: str
    audit_signature: str


def find_tenant(connection: Connection, namespace: str) -> TenantRow | None:
    """Return the tenant of a namespace, or None; takes no lock."""
    row = connection.execute(select(tenants).where(tenants.c.namespace == namespace)).one_or_none()
    return None if row is None else TenantRow(*row)


def list_tenants(connection: Connection) -> list[TenantRow]:
    """Return every tenant, by namespace."""
    return [TenantRow(*row) for row in connection.execute(select(tenants).order_by(tenants.c.namespace))]


def lock_tenant(connection: Connection, namespace: str, uid: str) -> TenantRow:
    """Lock the tenant until the end of the transaction; one that is new is made.

    SQLite has locked the whole database by now (BEGIN IMMEDIATE). On PostgreSQL two operators may make the row at the
    same time: the second waits for the first and finds the row.
    """
    query = select(tenants).where(tenants.c.namespace == namespace).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        _make(connection, namespace, uid)
        row = connection.execute(query).one()
    return TenantRow(*row)


def _make(connection: Connection, namespace: str, uid: str) -> None:
    values = {
        "namespace": namespace,
        "namespace_uid": uid,
        "observed_uid": uid,
        "attached": True,
        "confirmed": False,
        "epoch": 0,
        "audit_sequence": 0,
        "audit_head": GENESIS,
        "audit_signature": "",
    }
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_or_wait  # noqa: PLC0415 - one dialect's own

        connection.execute(insert_or_wait(tenants).values(values).on_conflict_do_nothing())
    else:
        connection.execute(insert(tenants).values(values))


def save_tenant(connection: Connection, tenant: TenantRow, **values: object) -> None:
    """Change columns of a locked tenant."""
    connection.execute(update(tenants).where(tenants.c.id == tenant.id).values(**values))


def has_accounts(connection: Connection, tenant_id: int) -> bool:
    """Tell whether the tenant has live accounts that resources own."""
    owned = (
        (accounts.c.tenant_id == tenant_id) & (accounts.c.manager == Manager.KUBERNETES) & accounts.c.deleted.is_(None)
    )
    return bool(connection.execute(select(exists().where(owned))).scalar())
