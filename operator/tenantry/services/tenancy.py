"""Whose store is it: the identity of a namespace, sweeps, and the attaching of a detached tenant."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tenantry.domain.account import Manager
from tenantry.domain.audit import Change
from tenantry.domain.login import login_key
from tenantry.domain.observed import Kind, Observed
from tenantry.domain.snapshot import PoolPolicy, WorkgroupPolicy
from tenantry.errors import InputError, LeadershipLost
from tenantry.services.acts import Act
from tenantry.services.observed import observe
from tenantry.services.trail import check_key
from tenantry.services.work import ACTOR, TenantRef
from tenantry.store import Connection, Store
from tenantry.store.account import load_all, rebind
from tenantry.store.audit import append_records
from tenantry.store.policy import delete_policies, load_policies
from tenantry.store.resource import (
    ResourceRow,
    delete_foreign,
    delete_resources,
    load_held,
    load_named,
    load_owners,
    load_present,
    load_resources,
    load_tenant_resources,
    mark_missing,
    mark_tenant,
)
from tenantry.store.tenant import (
    Detachment,
    TenantRow,
    find_tenant,
    has_accounts,
    list_tenants,
    lock_tenant,
    save_tenant,
)

#: A sweep that finds more than this share of a tenant's accounts without objects, and more than this many, is not
#: believed (design §2, decision 14).
_MOST_GONE_SHARE = 0.2
_MOST_GONE = 10
#: Who is on record for an attach: whoever may write to the store may do it, and nobody asks for a name.
_ATTACHER = "tenantry tenant attach"


def is_too_many(lost: int, of: int) -> bool:
    """Tell whether so many accounts lose their objects at once that it is rather a mistake."""
    return lost > _MOST_GONE and lost > of * _MOST_GONE_SHARE


def enter(connection: Connection, ref: TenantRef, epoch: int, now: datetime, audit_key: bytes) -> TenantRow:
    """Lock the tenant, check that no newer leader wrote, and settle whose namespace it is.

    Raises:
        LeadershipLost: the store has seen a newer epoch than ours.
    """
    tenant = lock_tenant(connection, ref.namespace, ref.uid)
    _check_epoch(tenant, epoch)
    if ref.uid == tenant.observed_uid:
        return tenant
    if has_accounts(connection, tenant.id):
        entered = save_tenant(connection, tenant, observed_uid=ref.uid)
        entered = _turn(connection, entered, _detachment(entered), ACTOR, now, audit_key)
    else:
        entered = _begin_anew(connection, tenant, ref, now, audit_key)
    # What was seen elsewhere says nothing here: planned, it would be granted a seat.
    delete_foreign(connection, tenant.id, {entered.namespace_uid, entered.observed_uid})
    mark_tenant(connection, tenant.id)
    return entered


def _check_epoch(tenant: TenantRow, epoch: int) -> None:
    if tenant.epoch > epoch:
        message = f"the store has seen lease epoch {tenant.epoch}, ours is {epoch}"
        raise LeadershipLost(message)


def _detachment(tenant: TenantRow) -> Detachment:
    """Return what the namespace seen now makes of the tenant. Lost objects are not back because the cluster is."""
    if tenant.detached is Detachment.LOST:
        return Detachment.LOST
    return Detachment.NONE if tenant.observed_uid == tenant.namespace_uid else Detachment.FOREIGN


def _turn(
    connection: Connection, tenant: TenantRow, detached: Detachment, actor: str, now: datetime, audit_key: bytes
) -> TenantRow:
    """Attach or detach the tenant, on record."""
    if detached is tenant.detached:
        return tenant
    turned = save_tenant(connection, tenant, detached=detached)
    facts = {"detached": [tenant.detached, detached], "namespaceUid": [tenant.namespace_uid, tenant.observed_uid]}
    action = "TenantAttached" if turned.attached else "TenantDetached"
    change = Change(action, "Tenant", tenant.namespace, None, facts, {})
    return append_records(connection, turned, [change], actor, now, audit_key)


def _begin_anew(
    connection: Connection, tenant: TenantRow, ref: TenantRef, now: datetime, audit_key: bytes
) -> TenantRow:
    """Forget what a namespace without accounts had before it was made again; its tombstones stay."""
    delete_resources(connection, load_tenant_resources(connection, tenant.id))
    policies = load_policies(connection, tenant.id)
    delete_policies(connection, tenant.id)
    act = Act(connection=connection, tenant=tenant, actor=ACTOR, now=now, audit_key=audit_key)
    act.dismiss([a for a in load_all(connection, tenant.id) if a.manager is Manager.SYSTEM])
    act.records += [_policy_gone(Kind.WORKGROUP, policy) for policy in policies.workgroups.values()]
    act.records += [_policy_gone(Kind.LICENSE_POOL, policy) for policy in policies.pools.values()]
    act.write()
    return save_tenant(connection, act.tenant, observed_uid=ref.uid, namespace_uid=ref.uid, detached=Detachment.NONE)


def _policy_gone(kind: Kind, policy: WorkgroupPolicy | PoolPolicy) -> Change:
    return Change("PolicyDeleted", kind, policy.name, policy.uid, {"generation": policy.generation}, {})


@dataclass(frozen=True, slots=True)
class Missing:
    """What a sweep found gone: the rows whose objects are not there any more."""

    tenant: TenantRow | None
    rows: tuple[ResourceRow, ...] = ()
    drifted: tuple[tuple[Kind, str, str], ...] = ()
    too_many: bool = False


def find_missing(
    store: Store,
    ref: TenantRef,
    live: Mapping[str, tuple[Kind, str, int]],
    before: datetime,
    learnt: Collection[str] = (),
) -> Missing:
    """Compare the rows of objects made ``before`` the listing, by its clock, with the objects there are.

    Those ``learnt`` of since it began are there too: two clocks may differ by more than the margin. In a namespace that
    goes, what was being deleted before is to be looked at again: a pause or a detachment does not hold it any more.
    """
    with store.read() as connection:
        tenant = find_tenant(connection, ref.namespace)
        known = load_tenant_resources(connection, tenant.id) if tenant is not None else {}
        held = {uid for _, _, uid in load_held(connection, tenant.id)} if tenant and ref.terminating else set[str]()
        drifted = tuple(
            (kind, name, uid)
            for uid, (kind, name, generation) in live.items()
            if uid not in known or known[uid][2] != generation or uid in held
        )
        if tenant is None:
            return Missing(None, drifted=drifted)
        owners = load_owners(connection, tenant.id)
        absent = [uid for uid in known if uid not in live and uid not in learnt]
        rows = [r for r in load_resources(connection, absent).values() if r.created < before] if absent else []
    gone = tuple(r for r in rows if not (r.deleting and r.kind in {Kind.WORKGROUP, Kind.LICENSE_POOL}))
    # One that was going already is not lost: what its account holds keeps its row until it is settled.
    lost = sum(r.uid in owners and not r.deleting for r in gone)
    return Missing(tenant, gone, drifted, is_too_many(lost, len(owners)) and not tenant.confirmed)


def detach(store: Store, ref: TenantRef, missing: Missing, epoch: int, now: datetime) -> bool:
    """Note whose objects are gone, and where they are too many stop deleting and granting; tell whether it is stopped.

    A person may have attached the tenant since the sweep looked at it: that stands.
    """
    with store.write() as connection:
        tenant = enter(connection, ref, epoch, now, store.audit_key)
        if tenant.epoch < epoch:
            tenant = save_tenant(connection, tenant, epoch=epoch)
        mark_missing(connection, tenant.id, [row.uid for row in missing.rows])
        if tenant.attached and missing.too_many and not tenant.confirmed:
            tenant = _turn(connection, tenant, Detachment.LOST, ACTOR, now, store.audit_key)
            mark_tenant(connection, tenant.id)
        return not tenant.attached


def settle(store: Store, ref: TenantRef, epoch: int) -> None:
    """End the confirmation that an attach gave: the sweep that it was for is over.

    Raises:
        LeadershipLost: the store has seen a newer epoch than ours.
    """
    with store.write() as connection:
        tenant = find_tenant(connection, ref.namespace, lock=True)
        if tenant is not None and tenant.confirmed:
            _check_epoch(tenant, epoch)
            save_tenant(connection, tenant, confirmed=False, epoch=epoch)


@dataclass(frozen=True, slots=True)
class Attachment:
    """What an attach does: logins bound to the objects of now, and logins whose object is not there."""

    bound: tuple[str, ...]
    unbound: tuple[str, ...]


def attach(store: Store, namespace: str, now: datetime, *, dry_run: bool = False) -> Attachment:
    """Attach a detached tenant to the cluster that was seen last: accounts go to the objects of the same login.

    Accounts whose login no object has are deleted by the next sweep, by the policy of their workgroups.

    Raises:
        InputError: the store has no such tenant, it is attached, or its audit trail is signed and this is not the key.
    """
    with store.write() as connection:
        tenant = find_tenant(connection, namespace, lock=True)
        if tenant is None:
            known = ", ".join(t.namespace for t in list_tenants(connection)) or "none"
            message = f'the store has no tenant "{namespace}"; it has: {known}'
            raise InputError(message)
        if tenant.attached:
            message = f'tenant "{namespace}" is attached; there is nothing to do'
            raise InputError(message)
        attachment, moves = _match(connection, tenant)
        if not dry_run:
            check_key(tenant, store.audit_key)
            _bind(connection, tenant, moves, now, store.audit_key)
    return attachment


def _match(connection: Connection, tenant: TenantRow) -> tuple[Attachment, list[tuple[str, str, str]]]:
    """Return who is bound and who is not, and the moves as (account id, former UID, new UID)."""
    owned = [a for a in load_all(connection, tenant.id) if a.manager is Manager.KUBERNETES and a.tombstone is None]
    rows = load_present(connection, tenant.id, Kind.USER, tenant.observed_uid)
    candidates = {}
    for row in sorted(rows, key=lambda r: r.created):  # made again, the younger of a login is the one there is
        user = observe(row, tenant.namespace)
        if user.spec is not None:
            candidates[login_key(user.spec.user_name)] = row.uid
    bound, unbound, moves = [], [], []
    for account in owned:
        uid = candidates.get(account.login_key)
        if uid is None:
            unbound.append(account.user_name)
        elif uid != account.resource_uid:
            bound.append(account.user_name)
            moves.append((account.id, account.resource_uid or "", uid))
    return Attachment(tuple(bound), tuple(unbound)), moves


def _bind(
    connection: Connection, tenant: TenantRow, moves: list[tuple[str, str, str]], now: datetime, audit_key: bytes
) -> None:
    delete_resources(connection, [former for _, former, _ in moves])
    _drop_former_policies(connection, tenant)
    for account_id, _, uid in moves:
        rebind(connection, account_id, uid)
    changes = [
        Change("AccountRebound", "Binding", id_, uid, {"resourceUid": [old, uid]}, {}) for id_, old, uid in moves
    ]
    tenant = append_records(connection, tenant, changes, _ATTACHER, now, audit_key)
    turned = _turn(connection, tenant, Detachment.NONE, _ATTACHER, now, audit_key)
    save_tenant(connection, turned, confirmed=True, namespace_uid=tenant.observed_uid)
    mark_tenant(connection, tenant.id)


def _drop_former_policies(connection: Connection, tenant: TenantRow) -> None:
    """Forget the Workgroups and LicensePools of the cluster before, where that of now has others of their names."""
    rows = load_resources(connection, list(load_tenant_resources(connection, tenant.id))).values()
    governing = [row for row in rows if row.kind in {Kind.WORKGROUP, Kind.LICENSE_POOL}]
    here = {(row.kind, row.name) for row in governing if row.namespace_uid == tenant.observed_uid}
    former = (row for row in governing if row.namespace_uid != tenant.observed_uid)
    delete_resources(connection, [row.uid for row in former if (row.kind, row.name) in here])


def predecessors(
    connection: Connection, tenant: TenantRow, kind: Kind, named: Mapping[str, Observed[Any]]
) -> list[ResourceRow]:
    """Return the rows of earlier objects of these names: a new object of a name proves that the one before is gone.

    A row of a younger object is none: then it is the object given that comes late.
    """
    if not tenant.attached:
        return []
    rows = load_named(connection, tenant.id, kind, named)
    return [r for r in rows if r.uid != named[r.name].uid and r.created <= named[r.name].created]
