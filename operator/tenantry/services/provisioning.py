"""Reconcile batches of objects into the store. The signatures are the contract with the controllers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tenantry.domain.observed import Kind, Observed
from tenantry.services.work import Outcome, PasswordNeed, SweepReport, TenantRef, Work
from tenantry.store import Store


def reconcile(store: Store, work: Work) -> list[Outcome]:
    """Bring the rows in step with a batch of objects, in one transaction.

    Returns one outcome for each object given, and for each other object whose status changed on the way (a waiter that
    got a seat, a pool whose use changed).

    Raises:
        StoreUnavailable: the database is gone or locked; nothing was changed.
        LeadershipLost: a newer epoch stands in the store; nothing was changed.
    """
    raise NotImplementedError


def load_due(store: Store, now: datetime, limit: int = 500) -> dict[str, list[Observed[Any]]]:
    """Return by namespace the objects that must be looked at again by now, as their rows remember them."""
    raise NotImplementedError


def passwords_needed(store: Store, tenant: TenantRef, objects: Sequence[Observed[Any]]) -> list[PasswordNeed]:
    """Return the Secrets to read before this batch: for Users with a password whose spec or look-up is new."""
    raise NotImplementedError


def passwords_known(store: Store, after_uid: str, limit: int = 500) -> list[PasswordNeed]:
    """Return a page of all Users with a password, by UID, for the look-out for rotated Secrets."""
    raise NotImplementedError


def sweep(
    store: Store,
    tenant: TenantRef,
    live: Mapping[str, tuple[Kind, str, int]],
    since: datetime,
    now: datetime,
    epoch: int,
) -> SweepReport:
    """Compare the tenant's rows with the objects there are (UID to kind, name, generation; listed after ``since``).

    Rows whose object is gone are planned as deleted, unless too many went at once: then the tenant is detached.
    """
    raise NotImplementedError
