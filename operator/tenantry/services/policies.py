"""Workgroups and LicensePools of a batch: taken before the Users are planned, concluded after."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tenantry.domain.audit import Change
from tenantry.domain.capacity import Capacity
from tenantry.domain.licensepool import (
    NO_LOGINS,
    NOBODY,
    Need,
    PoolPlan,
    fallen,
    only_amounts_differ,
    plan_pool,
    refs_of_pool,
)
from tenantry.domain.mail import owner_notices
from tenantry.domain.observed import Kind, Observed, Ref, pool_ref, secret_ref, workgroup_ref
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.seating import pool_capacities
from tenantry.domain.snapshot import Policy, PoolPolicy, WorkgroupPolicy
from tenantry.domain.status import not_ready
from tenantry.domain.user import detached
from tenantry.domain.workgroup import plan_workgroup
from tenantry.services.acts import REPORT_SECONDS
from tenantry.services.batch import Batch
from tenantry.services.observed import observe
from tenantry.specs import LicensePoolSpec, LicensePoolStatus, WorkgroupSpec, WorkgroupStatus
from tenantry.store.account import load_system
from tenantry.store.policy import delete_policy, save_policy, save_reduced
from tenantry.store.resource import load_named, mark_dependents, mark_waiters
from tenantry.store.session import save_reported
from tenantry.store.usage import count_members, first_members

#: The message of a policy that is in use names at most this many accounts.
_MOST_NAMED = 5


def take_policies(batch: Batch, objects: Sequence[Observed[Any]]) -> None:
    """Put the specs of Workgroups and LicensePools in force, and have their dependents looked at again.

    A spec that does not parse changes nothing: the last good one stays.
    """
    for seen in objects:
        if batch.tenant.attached and seen.spec is not None:
            _take(batch, seen)


def _take(batch: Batch, seen: Observed[Any]) -> None:
    present = _policies(batch, seen.kind).get(seen.name)
    if seen.deleting and (present is None or present.uid != seen.uid):
        return  # a late event of an earlier object of this name must not touch the policy that took its place
    if present is not None and (present.uid, present.generation, present.deleting, present.spec) == (
        seen.uid,
        seen.generation,
        seen.deleting,
        seen.spec,
    ):
        return
    policy: Policy[Any] = Policy(seen.name, seen.uid, seen.generation, seen.spec, seen.deleting)
    if present is not None and isinstance(seen.spec, LicensePoolSpec):
        again = fallen(present, policy)
        policy = replace(policy, reduced={c: since for c, since in present.reduced.items() if c not in again})
        batch.mails += owner_notices(seen.name, present.spec, seen.spec)
    save_policy(batch.connection, batch.tenant.id, seen.kind, policy, seen.document, known=present is not None)
    _policies(batch, seen.kind)[seen.name] = policy
    batch.records.append(_record(seen, present))
    if present is not None and isinstance(seen.spec, WorkgroupSpec):
        batch.pools_touched |= _pool_of(present.spec) ^ _pool_of(seen.spec)  # its accounts count elsewhere from now on
    _wake(batch, seen.kind, present, policy)


def _pool_of(spec: WorkgroupSpec) -> set[str]:
    return {spec.license_pool_ref} if spec.license_pool_ref is not None else set()


def _policies(batch: Batch, kind: Kind) -> dict[str, Any]:
    return batch.policies.workgroups if kind is Kind.WORKGROUP else batch.policies.pools


def _record(seen: Observed[Any], present: Policy[Any] | None) -> Change:
    facts: dict[str, Any] = {
        "generation": [present.generation if present else None, seen.generation],
        "deleting": [present.deleting if present else None, seen.deleting],
        "specDigest": [None, hashlib.sha256(seen.document.encode()).hexdigest()],
    }
    if isinstance(seen.spec, LicensePoolSpec):
        before = present.spec if present else None
        facts["amounts"] = [_amounts(before) if before else None, _amounts(seen.spec)]
    return Change("PolicyChanged", seen.kind, seen.name, seen.uid, facts, {})


def _amounts(spec: LicensePoolSpec) -> dict[str, int]:
    return {x.type.value: x.capacity for x in spec.licenses} | {x.name: x.capacity for x in spec.limits}


def _wake(batch: Batch, kind: Kind, before: Policy[Any] | None, after: Policy[Any]) -> None:
    """Have everything that this policy concerns looked at again. When only amounts moved, only those who wait."""
    if isinstance(after.spec, LicensePoolSpec) and before is not None and not after.deleting | before.deleting:
        changed = _moved(before, after)
        if only_amounts_differ(before.spec, after.spec):
            mark_waiters(batch.connection, batch.tenant.id, changed)
            return
    # A policy that goes changes nothing for who is in force: only for who is not, and for newcomers.
    goes = before is not None and before.spec == after.spec and after.deleting
    for workgroup in _own(batch, after.name) if goes and kind is Kind.LICENSE_POOL else ():
        batch.concern(Kind.WORKGROUP, workgroup)
    skipped = Reason.PROVISIONED if goes else ""
    mark_dependents(batch.connection, batch.tenant.id, _concerned(batch, kind, after.name), but=skipped)


def _moved(before: PoolPolicy, after: PoolPolicy) -> list[Capacity]:
    old, new = pool_capacities(before), pool_capacities(after)
    return [c for c in old.keys() | new.keys() if old.get(c) != new.get(c)]


def _concerned(batch: Batch, kind: Kind, name: str) -> set[Ref]:
    """Return what objects refer to when they depend on this policy: a pool's Users refer to its Workgroups."""
    if kind is Kind.WORKGROUP:
        return {workgroup_ref(name)}
    return {pool_ref(name)} | {workgroup_ref(workgroup) for workgroup in _own(batch, name)}


def conclude_policies(batch: Batch, objects: Sequence[Observed[Any]], pools_moved: set[str]) -> None:
    """Plan the status of the batch's policies, and of every pool whose use has changed."""
    batch.flush()
    for seen in objects:
        if seen.kind is Kind.WORKGROUP:
            _conclude_workgroup(batch, seen)
    for pool in [
        *(o for o in objects if o.kind is Kind.LICENSE_POOL),
        *_others(batch, objects, pools_moved | batch.pools_touched),
    ]:
        _conclude_pool(batch, pool)
    batch.flush()


def _others(batch: Batch, objects: Sequence[Observed[Any]], names: set[str]) -> list[Observed[Any]]:
    """Return the pools that the batch did not bring but changed the use of, if they were taken before."""
    missing = names - {o.name for o in objects if o.kind is Kind.LICENSE_POOL}
    if not missing:
        return []
    rows = load_named(batch.connection, batch.tenant.id, Kind.LICENSE_POOL, missing)
    taken = {policy.uid for policy in batch.policies.pools.values()}
    rows = [row for row in rows if row.uid in taken]
    batch.rows.update({row.uid: row for row in rows})
    held = {seen.uid for seen in batch.work.objects if seen.paused}
    return [observe(row, batch.work.tenant.namespace) for row in rows if not row.paused and row.uid not in held]


def _conclude_workgroup(batch: Batch, seen: Observed[WorkgroupSpec]) -> None:
    policy = batch.policies.workgroups.get(seen.name)
    refusals = _unusable(batch, seen)
    if refusals:
        batch.conclude(seen, WorkgroupStatus(observed_generation=seen.generation), not_ready(refusals))
        return
    if policy is None or policy.uid != seen.uid:
        batch.release(seen)
        return
    need = _need(batch, seen, [seen.name])
    system = tuple(load_system(batch.connection, batch.tenant.id, seen.name))
    if seen.deleting and not need.accounts:
        _forget(batch, seen, policy)
        batch.dismiss(system)
        return
    plan = plan_workgroup(policy, system, batch.snapshot, need)
    kept = {a.id for a in plan.after}
    for account in plan.after:
        batch.change(next((a for a in plan.before if a.id == account.id), None), account)
    batch.dismiss([account for account in plan.before if account.id not in kept])
    pool = policy.spec.license_pool_ref
    refs = {pool_ref(pool)} if pool else set()
    refs |= {secret_ref(u.password_ref.name) for u in policy.spec.system_users if u.password_ref is not None}
    batch.conclude(seen, plan.status, plan.findings, refs=frozenset(refs))


def _conclude_pool(batch: Batch, seen: Observed[LicensePoolSpec]) -> None:
    policy = batch.policies.pools.get(seen.name)
    refusals = _unusable(batch, seen)
    if refusals:
        # The last good spec stays in force, and with it the figures and the grace of what was lowered.
        known = policy if policy is not None and policy.uid == seen.uid else None
        plan = _plan_pool(batch, seen, known) if known is not None else None
        status = plan.status if plan is not None else LicensePoolStatus()
        status = status.model_copy(update={"observed_generation": seen.generation})
        batch.conclude(seen, status, not_ready(refusals), due=plan.due if plan is not None else None)
        return
    if policy is None or policy.uid != seen.uid:
        batch.release(seen)
        return
    need = _need(batch, seen, sorted(_own(batch, seen.name)))
    if seen.deleting and not need.accounts:
        _forget(batch, seen, policy)
        return
    plan = _plan_pool(batch, seen, policy, need)
    if plan.reduced != policy.reduced:
        batch.policies.pools[seen.name] = reduced = replace(policy, reduced=plan.reduced)
        save_reduced(batch.connection, batch.tenant.id, reduced)
    batch.conclude(seen, plan.status, plan.findings, refs=refs_of_pool(policy.spec), due=plan.due)


def _plan_pool(batch: Batch, seen: Observed[LicensePoolSpec], policy: PoolPolicy, need: Need = NOBODY) -> PoolPlan:
    """Plan a pool with its log-ins as they are now; those that lapse are looked at together, every two seconds."""
    logins = batch.logins().get(policy.name, NO_LOGINS)
    plan = plan_pool(policy, batch.snapshot.usage, batch.policies.workgroups, batch.now, need, logins)
    row = batch.results.get(seen.uid) or batch.rows.get(seen.uid)
    told = row.parsed_status().get("licenses", ()) if row is not None else ()
    if [x.get("logins") for x in told] != [x.logins and x.logins.model_dump() for x in plan.status.licenses]:
        save_reported(batch.connection, batch.tenant.id, policy.name, batch.now)
    lapses = [figures.next_lapse for figures in logins.values() if figures.next_lapse is not None]
    if not lapses:
        return plan
    lapse = max(min(lapses), batch.now + timedelta(seconds=REPORT_SECONDS))
    return replace(plan, due=min(plan.due or lapse, lapse))


def _own(batch: Batch, pool: str) -> list[str]:
    """Return the names of a pool's workgroups."""
    return [w.name for w in batch.policies.workgroups.values() if w.spec.license_pool_ref == pool]


def _need(batch: Batch, seen: Observed[Any], workgroups: Sequence[str]) -> Need:
    """Return by whom a policy that goes is still needed: of a pool, those of free roles need it too."""
    if not seen.deleting:
        return NOBODY
    count = count_members(batch.connection, batch.tenant.id, workgroups)
    names = first_members(batch.connection, batch.tenant.id, workgroups, _MOST_NAMED) if count else []
    return Need(count, tuple(names), tuple(workgroups))


def _unusable(batch: Batch, seen: Observed[Any]) -> list[Refusal]:
    if not batch.tenant.attached:
        return [detached()]
    if seen.spec is None and not seen.deleting:
        return [seen.fault or Refusal(Reason.INVALID_SPEC, "spec", "does not parse")]
    return []


def _forget(batch: Batch, seen: Observed[Any], policy: WorkgroupPolicy | PoolPolicy) -> None:
    """Drop a policy that is deleted and that no account needs."""
    delete_policy(batch.connection, batch.tenant.id, seen.kind, policy.name)
    _policies(batch, seen.kind).pop(policy.name)
    batch.records.append(Change("PolicyDeleted", seen.kind, seen.name, seen.uid, {"generation": seen.generation}, {}))
    batch.dependents |= _concerned(batch, seen.kind, policy.name)
    batch.release(seen)
