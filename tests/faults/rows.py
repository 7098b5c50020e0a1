"""What the store has, and whether it agrees with what the API server shows."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text, update

from tenantry.controllers.sighting import observe, sight
from tenantry.domain.account import Account
from tenantry.domain.audit import Record
from tenantry.domain.observed import Kind
from tenantry.services.provisioning import load_held
from tenantry.services.trail import verify_trails
from tenantry.services.work import TenantRef
from tenantry.store import Store
from tenantry.store.account import load_all
from tenantry.store.audit import read_records
from tenantry.store.schema import metadata, resources
from tenantry.store.tenant import find_tenant
from tests.support.invariants import check_tenant, digest
from tests.support.kube import Kube
from tests.support.watched import WatchedTenant


@contextmanager
def opened(url: str) -> Iterator[Store]:
    store = Store.open(url)
    try:
        yield store
    finally:
        store.close()


def accounts(url: str, namespace: str, *, buried: bool = False) -> dict[str, Account]:
    """Give the live accounts of a tenant by login; with ``buried``, the tombstones instead."""
    with opened(url) as store, store.read() as connection:
        tenant = find_tenant(connection, namespace)
        found = load_all(connection, tenant.id) if tenant is not None else []
    return {a.user_name: a for a in found if (a.tombstone is not None) == buried}


def held(url: str, namespace: str) -> set[str]:
    """Give the names of the objects that are being deleted and are there still."""
    with opened(url) as store:
        return {name for _, name, _ in load_held(store, namespace)}


def seated(url: str, namespace: str) -> set[str]:
    """Give the logins that hold a seat."""
    return {login for login, account in accounts(url, namespace).items() if account.seat is not None}


def trail(url: str, namespace: str) -> list[Record]:
    with opened(url) as store, store.read() as connection:
        tenant = find_tenant(connection, namespace)
        return list(read_records(connection, tenant.id)) if tenant is not None else []


def most_seated(records: list[Record]) -> int:
    """Give how many seats were taken at the most after any record, by the records alone."""
    held: set[str] = set()
    most = 0
    for record in records:
        _, seat = record.change.facts.get("seat", (None, record.change.subject in held))
        (held.add if seat else held.discard)(record.change.subject)
        most = max(most, len(held))
    return most


def actions(records: list[Record]) -> dict[str, Counter[str]]:
    """Give by account how often each thing was recorded."""
    found: dict[str, Counter[str]] = {}
    for record in records:
        found.setdefault(record.change.subject, Counter())[record.change.action] += 1
    return found


def content(url: str) -> str:
    """Give a digest of every row; on PostgreSQL also of which transaction wrote it, so that rewriting shows."""
    with opened(url) as store:
        found = digest(store)
        if store.dialect != "postgresql":
            return found
        with store.read() as connection:
            tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
            for table in sorted(tables):
                rows = connection.execute(text(f'SELECT xmin::text FROM "{table}" ORDER BY 1')).scalars()  # noqa: S608
                found += f"{table}{','.join(rows)}"
    return found


def age(url: str, **delta: float) -> None:
    """Make objects older in the store: a sweep does not trust a listing about objects younger than a minute."""
    with opened(url) as store, store.write() as connection:
        for uid, created in connection.execute(select(resources.c.uid, resources.c.created)).all():
            earlier = created - timedelta(**delta)
            connection.execute(update(resources).where(resources.c.uid == uid).values(created=earlier))


def check_in_step(url: str, kube: Kube) -> None:
    """Check, with the operator stopped, all that must hold of store and status; see tests.support.invariants."""
    namespace = kube.get("Namespace", kube.namespace)["metadata"]
    ref = TenantRef(kube.namespace, namespace["uid"])
    with opened(url) as store:
        with store.read() as connection:
            row = find_tenant(connection, kube.namespace)
        assert row is not None
        tenant = WatchedTenant(store, ref, datetime.now(UTC), row.epoch)
        for kind in Kind:
            for body in kube.items(kind):
                seen = observe(sight(kind, body))
                tenant.objects[seen.uid] = seen
                tenant.statuses[seen.uid] = body["status"]
        check_tenant(tenant)


def tenant_epoch(url: str, namespace: str) -> int:
    """Give the newest epoch that the store has seen of the tenant's leaders, 0 before the first."""
    with opened(url) as store, store.read() as connection:
        tenant = find_tenant(connection, namespace)
    return tenant.epoch if tenant is not None else 0


def fault_of(url: str, namespace: str) -> str | None:
    """Give what is wrong with the audit trail, None where it is whole."""
    with opened(url) as store:
        (verdict,) = verify_trails(store, namespace)
    return verdict.fault


def dump(url: str) -> str:
    """Give every row as text."""
    with opened(url) as store, store.read() as connection:
        return "\n".join(repr(tuple(row)) for t in metadata.sorted_tables for row in connection.execute(t.select()))
