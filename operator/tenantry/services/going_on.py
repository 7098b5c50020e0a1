"""What holdings held up goes on, also where no operator looks."""

from datetime import datetime

from tenantry.services.effects import Plan
from tenantry.services.holdings import Result
from tenantry.services.pipeline import Request, apply, is_ours
from tenantry.services.provisioning import load_due
from tenantry.store import Store


def go_on(store: Store, namespace: str, result: Result, now: datetime, actor: str) -> Plan | None:
    """Do what is due in a tenant of the command line: a deletion that waited for holdings goes on (NR-16).

    A cluster's operator does that by itself, within two seconds. Nothing is asked of what was changed: a call that is
    repeated, since its answer was lost, changes nothing, and may have to end what the first began.

    Raises:
        InputError: the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked; what is due stays due.
    """
    if result.refusals or not is_ours(store, namespace):
        return None
    if not load_due(store, now, limit=1, namespace=namespace):
        return None
    return apply(store, Request(namespace, now, actor))
