"""Reconcile batches of objects into the store. The signatures are the contract with the controllers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tenantry.domain.account import Manager
from tenantry.domain.capacity import Capacity, CapacityKind
from tenantry.domain.observed import Kind, Observed, manager_of
from tenantry.domain.reason import Reason
from tenantry.domain.seating import is_personal
from tenantry.domain.snapshot import Snapshot
from tenantry.domain.status import rfc3339
from tenantry.services import lines, members, policies, tenancy, users
from tenantry.services.batch import Batch
from tenantry.services.observed import observe, observe_gone
from tenantry.services.work import Outcome, SweepReport, TenantRef, Work
from tenantry.specs.base import Condition, ConditionStatus
from tenantry.store import Connection, Store
from tenantry.store.policy import load_policies
from tenantry.store.resource import (
    ResourceRow,
    load_api_resources,
    load_due_resources,
    load_resources,
)
from tenantry.store.resource import load_held as load_held_rows
from tenantry.store.sequence import load_sequences
from tenantry.store.tenant import TenantRow, find_tenant, list_tenants
from tenantry.store.usage import count_usage

#: A batch has at most this many objects.
BATCH_SIZE = 500
_PAUSED = "The annotation tenantry.dev/paused is true: the spec is not acted on until it is removed."
#: Objects younger than this when a listing began are left to the next sweep: clocks differ a little. What was made or
#: seen since is told by the controllers.
_LISTING_MARGIN = timedelta(seconds=5)


def reconcile(store: Store, work: Work) -> list[Outcome]:
    """Bring the rows in step with a batch of objects, in one transaction.

    Returns one outcome for each object given, and for each other object whose status changed on the way (a waiter that
    got a seat, a pool whose use changed), but for those that the runtime API keeps: nobody is to be shown a status.
    Objects that are as they were cost one read and no lock.

    Raises:
        StoreUnavailable: the database is gone or locked; nothing was changed.
        LeadershipLost: a newer epoch stands in the store; nothing was changed.
    """
    settled, fresh = _triage(store, work)
    if not fresh:
        return settled
    with store.write() as connection:
        batch = _open(connection, store, replace(work, objects=fresh))
        _run(batch)
    return [*settled, *(o for o in batch.outcomes.values() if manager_of(o.name) is not Manager.API)]


def _triage(store: Store, work: Work) -> tuple[list[Outcome], list[Observed[Any]]]:
    """Tell apart the objects whose rows are in step and those to plan."""
    with store.read() as connection:
        tenant = find_tenant(connection, work.tenant.namespace)
        if tenant is None or tenant.observed_uid != work.tenant.uid:
            return [], list(work.objects)
        rows = load_resources(connection, [o.uid for o in work.objects])
    settled, fresh = [], []
    for seen in work.objects:
        row = rows.get(seen.uid)
        ends = seen.deleting and work.tenant.terminating  # what held it up before may not hold any more
        if row is None or seen.uid in work.offers or not row.shows(seen) or ends or _is_due(row, work.now):
            fresh.append(seen)
        else:
            settled.append(Outcome(seen.uid, seen.kind, seen.namespace, seen.name, row.parsed_status()))
    return settled, fresh


def _is_due(row: ResourceRow, now: datetime) -> bool:
    return row.due is not None and row.due <= now


def _open(connection: Connection, store: Store, work: Work) -> Batch:
    """Lock the tenant, and read what the batch decides on."""
    tenant = tenancy.enter(connection, work.tenant, work.epoch, work.now, store.audit_key)
    rows = load_resources(connection, [o.uid for o in work.objects])
    # A row that went since it was read (an attach dropped it) must not come back by what was remembered of it.
    work = replace(work, objects=[o for o in work.objects if not o.remembered or o.uid in rows])
    gone = [*_predecessors(connection, tenant, work, rows), *_left_by_api(connection, tenant, work)]
    rows |= {row.uid: row for row in gone}
    former = [observe_gone(row, work.tenant.namespace) for row in gone]
    return Batch(
        connection=connection,
        tenant=tenant,
        actor=work.actor,
        now=work.now,
        work=replace(work, objects=[*former, *work.objects]),
        policies=load_policies(connection, tenant.id),
        snapshot=Snapshot(
            now=work.now, attached=tenant.attached, terminating=work.tenant.terminating, offers=dict(work.offers)
        ),
        audit_key=store.audit_key,
        rows=rows,
    )


def _predecessors(
    connection: Connection, tenant: TenantRow, work: Work, rows: Mapping[str, ResourceRow]
) -> list[ResourceRow]:
    found: list[ResourceRow] = []
    for kind in Kind:
        named = {o.name: o for o in work.objects if o.kind is kind and o.uid not in rows and not o.deleting}
        found += tenancy.predecessors(connection, tenant, kind, named) if named else []
    return [row for row in found if row.uid not in rows]


def _left_by_api(connection: Connection, tenant: TenantRow, work: Work) -> list[ResourceRow]:
    """Return what the runtime API keeps in a namespace that goes: its Workgroups would wait for those accounts."""
    ends = work.tenant.terminating and any(o.kind is Kind.WORKGROUP and o.deleting for o in work.objects)
    return load_api_resources(connection, tenant.id, BATCH_SIZE) if ends and tenant.attached else []


def _run(batch: Batch) -> None:
    """Plan and write: policies, Users that go, Users that come, those whose turn it is, then what follows from it."""
    active = []
    for seen in batch.work.objects:
        if _goes_detached(batch, seen):
            batch.let_go(seen)
        elif _is_held(seen, batch.work):
            _pause(batch, seen)
        else:
            active.append(seen)
    governing = [o for o in active if o.kind in {Kind.LICENSE_POOL, Kind.WORKGROUP}]
    policies.take_policies(batch, sorted(governing, key=lambda o: o.kind is Kind.WORKGROUP))
    before = _count(batch)
    users.reconcile_users(batch, [o for o in active if o.kind is Kind.USER])
    if batch.tenant.attached:
        users.evict_newest(batch)
        lines.seat_waiters(batch)
    moved = _moved(batch, before)
    policies.conclude_policies(batch, governing, {c.owner for c in moved if c.kind is not CapacityKind.ROLE})
    for workgroup in {c.owner for c in moved if c.kind is CapacityKind.ROLE and not is_personal(c, batch.snapshot)}:
        batch.concern(Kind.WORKGROUP, workgroup)  # it warns when several hold the role
    fresh = members.reconcile_members(batch, [o for o in active if o.kind is Kind.PROJECT_MEMBER])
    batch.write()
    members.put_in_force(batch, fresh)


def _count(batch: Batch) -> dict[str, dict[Any, int]]:
    """Read the use of every capacity, by the policies of now, and return it as it was before the batch."""
    snapshot = batch.snapshot
    snapshot.workgroups, snapshot.pools = batch.policies.workgroups, batch.policies.pools
    snapshot.usage = count_usage(batch.connection, batch.tenant.id, batch.policies)
    batch.sequences = load_sequences(batch.connection, batch.tenant.id)
    snapshot.sequences = dict(batch.sequences)
    return {"used": dict(snapshot.usage.used), "waiting": dict(snapshot.usage.waiting)}


def _moved(batch: Batch, before: dict[str, dict[Any, int]]) -> set[Capacity]:
    """Return what is used or waited for otherwise than before the batch."""
    usage = batch.snapshot.usage
    now = {"used": usage.used, "waiting": usage.waiting}
    return {
        capacity
        for what, counts in now.items()
        for capacity in counts.keys() | before[what].keys()
        if counts.get(capacity, 0) != before[what].get(capacity, 0)
    }


def _goes_detached(batch: Batch, seen: Observed[Any]) -> bool:
    """Tell whether a detached tenant's namespace goes: it is not held up, and what the store has waits for a person."""
    return seen.deleting and batch.work.tenant.terminating and not batch.tenant.attached


def _is_held(seen: Observed[Any], work: Work) -> bool:
    """Tell whether the object is left alone; a pause does not hold up the end of a whole namespace."""
    return seen.paused and not (seen.deleting and work.tenant.terminating)


def _pause(batch: Batch, seen: Observed[Any]) -> None:
    """Report that the object is paused, and change nothing else."""
    row = batch.rows.get(seen.uid)
    status = row.parsed_status() if row is not None else {}
    present = status.get("conditions", ())
    since = next((c["lastTransitionTime"] for c in present if c["type"] == Reason.PAUSED), rfc3339(batch.now))
    kept = [c for c in present if c["type"] != Reason.PAUSED]
    if not kept:
        kept = [_paused_condition("Ready", ConditionStatus.UNKNOWN, since, seen)]
    added = _paused_condition(Reason.PAUSED, ConditionStatus.TRUE, since, seen)
    # What the schema fills in is written as well: left out, the object would always seem to show something else.
    held = {"observedGeneration": -1, **status, "conditions": [*kept, added]}
    batch.hold(seen, held, kept[0]["reason"])


def _paused_condition(type_: str, status: ConditionStatus, since: str, seen: Observed[Any]) -> dict[str, Any]:
    command = f"kubectl annotate {seen.kind.lower()}.tenantry.dev {seen.name} -n {seen.namespace} tenantry.dev/paused-"
    condition = Condition(
        type=type_,
        status=status,
        reason=Reason.PAUSED,
        message=_PAUSED + f" The deletion waits for that; to go on: {command}" * seen.deleting,
        last_transition_time=since,
        observed_generation=seen.generation,
    )
    return condition.model_dump(mode="json", by_alias=True)


def load_due(
    store: Store, now: datetime, skip: int = 0, limit: int = BATCH_SIZE, namespace: str | None = None
) -> dict[str, list[Observed[Any]]]:
    """Return by namespace the objects that must be looked at again by now, as their rows remember them.

    The first to ``skip`` are those that the caller has on their way already. Without a ``namespace`` those of every
    tenant that a cluster has a part in.
    """
    with store.read() as connection:
        found = load_due_resources(connection, now, skip, limit, namespace)
    return {namespace: [observe(row, namespace) for row in rows] for namespace, rows in found.items()}


def load_objects(store: Store, uids: Sequence[str]) -> dict[str, list[Observed[Any]]]:
    """Return by namespace these objects, as their rows remember them."""
    with store.read() as connection:
        tenants = {t.id: t.namespace for t in list_tenants(connection)}
        rows = load_resources(connection, uids).values()
    found: dict[str, list[Observed[Any]]] = {}
    for row in rows:
        found.setdefault(tenants[row.tenant_id], []).append(observe(row, tenants[row.tenant_id]))
    return found


def load_held(store: Store, namespace: str) -> list[tuple[Kind, str, str]]:
    """Return kind, name and UID of the objects of a namespace that are being deleted and are there still."""
    with store.read() as connection:
        tenant = find_tenant(connection, namespace)
        return load_held_rows(connection, tenant.id) if tenant is not None else []


def sweep(
    store: Store,
    tenant: TenantRef,
    live: Mapping[str, tuple[Kind, str, int]],
    since: datetime,
    now: datetime,
    epoch: int,
    *,
    learnt: Collection[str] = (),
) -> SweepReport:
    """Compare the tenant's rows with the objects there are (UID to kind, name, generation; listed after ``since``).

    Rows whose object is gone are planned as deleted, unless too many went at once: then the tenant is detached.
    """
    missing = tenancy.find_missing(store, tenant, live, since - _LISTING_MARGIN, learnt)
    if missing.tenant is None:
        return SweepReport(missing.drifted)
    if missing.too_many or not missing.tenant.attached:
        return SweepReport(missing.drifted, detached=tenancy.detach(store, tenant, missing, epoch, now))
    outcomes: list[Outcome] = []
    for start in range(0, len(missing.rows), BATCH_SIZE):
        rows = missing.rows[start : start + BATCH_SIZE]
        gone = [observe_gone(row, tenant.namespace) for row in rows]
        outcomes += reconcile(store, Work(tenant, gone, now, epoch))
    if missing.tenant.confirmed:
        tenancy.settle(store, tenant, epoch)
    return SweepReport(missing.drifted, tuple(outcomes))
