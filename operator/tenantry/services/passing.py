"""Time passes in tenants that no operator looks at: invitations run out there too, and what was done has effects."""

from datetime import datetime

from tenantry.errors import TenantLocked
from tenantry.services.provisioning import load_due, reconcile
from tenantry.services.work import TenantRef, Work
from tenantry.store import Store
from tenantry.store.resource import load_due_on_command_line
from tenantry.store.tenant import COMMAND_LINE, find_tenant

#: One round is a batch a tenant; who asks often enough needs no more.
_MOST_ROUNDS = 20


def settle_due(store: Store, now: datetime) -> int:
    """Do what is due in the tenants of the command line, as an operator does in those of its cluster; return how much.

    Each batch is a transaction. No Secret is read: passwords stay as they are until the files are applied again.

    Raises:
        StoreUnavailable: the database is gone or locked; what was not done is due still.
    """
    done = 0
    locked: set[str] = set()
    for _ in range(_MOST_ROUNDS):
        namespaces = _namespaces(store, now) - locked
        for namespace in namespaces:
            try:
                done += _settle(store, namespace, now)
            except TenantLocked:  # that one waits; the others do not wait for it
                locked.add(namespace)
        if not namespaces:
            break
    return done


def _namespaces(store: Store, now: datetime) -> set[str]:
    with store.read() as connection:
        return set(load_due_on_command_line(connection, now))


def _settle(store: Store, namespace: str, now: datetime) -> int:
    objects = load_due(store, now, namespace=namespace).get(namespace, [])
    with store.read() as connection:
        tenant = find_tenant(connection, namespace)
    if tenant is None or not objects:
        return 0
    reconcile(store, Work(TenantRef(namespace, COMMAND_LINE), objects, now, tenant.epoch))
    return len(objects)
