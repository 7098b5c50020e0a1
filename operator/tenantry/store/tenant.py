"""Tenants: the row that is locked first in every transaction that writes."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, insert, select, update

from tenantry.domain.account import Manager
from tenantry.domain.audit import GENESIS
from tenantry.store.schema import accounts, tenants

_BY_NAMESPACE = select(tenants).where(tenants.c.namespace == bindparam("namespace"))
_LOCKED = _BY_NAMESPACE.with_for_update()
_CHANGE = update(tenants).where(tenants.c.id == bindparam("of_id"))
#: Stands for the namespace's UID where no cluster has the tenant: `tenantry apply` manages it.
COMMAND_LINE = "cli"


class Detachment(StrEnum):
    """Why nothing is granted or deleted in a tenant."""

    NONE = ""
    FOREIGN = "Foreign"
    LOST = "Lost"


@dataclass(frozen=True, slots=True)
class TenantRow:
    """A tenant as its row has it; see schema.tenants."""

    id: int
    namespace: str
    namespace_uid: str
    observed_uid: str
    detached: Detachment
    confirmed: bool
    epoch: int
    audit_sequence: int
    audit_head: str
    audit_signature: str

    @property
    def attached(self) -> bool:
        """Tell whether grants and deletions are decided here."""
        return self.detached is Detachment.NONE

    @property
    def on_command_line(self) -> bool:
        """Tell whether no cluster has a part in the tenant."""
        return self.observed_uid == self.namespace_uid == COMMAND_LINE


def find_tenant(connection: Connection, namespace: str, *, lock: bool = False) -> TenantRow | None:
    """Return the tenant of a namespace, or None; on demand it is locked until the end of the transaction."""
    row = connection.execute(_LOCKED if lock else _BY_NAMESPACE, {"namespace": namespace}).one_or_none()
    return None if row is None else _tenant(row)


def list_tenants(connection: Connection) -> list[TenantRow]:
    """Return every tenant, by namespace."""
    return [_tenant(row) for row in connection.execute(select(tenants).order_by(tenants.c.namespace))]


def lock_tenant(connection: Connection, namespace: str, uid: str) -> TenantRow:
    """Lock the tenant until the end of the transaction; one that is new is made.

    SQLite has locked the whole database by now (BEGIN IMMEDIATE). On PostgreSQL two operators may make the row at the
    same time: the second waits for the first and finds the row.
    """
    named = {"namespace": namespace}
    row = connection.execute(_LOCKED, named).one_or_none()
    if row is None:
        _make(connection, namespace, uid)
        row = connection.execute(_LOCKED, named).one()
    return _tenant(row)


def _tenant(row: Row[Any]) -> TenantRow:
    found = TenantRow(*tuple(row))
    return replace(found, detached=Detachment(found.detached))


def _make(connection: Connection, namespace: str, uid: str) -> None:
    values = {
        "namespace": namespace,
        "namespace_uid": uid,
        "observed_uid": uid,
        "detached": Detachment.NONE,
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


def save_tenant(connection: Connection, tenant: TenantRow, **values: Any) -> TenantRow:  # noqa: ANN401 - columns
    """Change columns of a locked tenant, and return its row as it is then."""
    connection.execute(_CHANGE, {"of_id": tenant.id, **values})
    return replace(tenant, **values)


def has_accounts(connection: Connection, tenant_id: int) -> bool:
    """Tell whether the tenant has live accounts beside those of its workgroups themselves."""
    owned = (accounts.c.tenant_id == tenant_id) & (accounts.c.manager != Manager.SYSTEM) & accounts.c.deleted.is_(None)
    return bool(connection.execute(select(exists().where(owned))).scalar())
