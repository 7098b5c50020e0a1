"""Plan one LicensePool: what is in use, what is over-committed, and whose seats are taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tenantry.domain.account import Account, Waiting
from tenantry.domain.capacity import Capacity, CapacityKind, Usage
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.seating import pool_capacities
from tenantry.domain.snapshot import PoolPolicy
from tenantry.domain.status import Finding, not_ready, ready, rfc3339
from tenantry.specs import LicensePoolSpec, LicensePoolStatus
from tenantry.specs.licensepool import LicenseType, LicenseUsage, LimitUsage, ReductionPolicy


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """A pool's status, since when each capacity is over-committed, and when the next grace of that ends."""

    status: LicensePoolStatus
    findings: tuple[Finding, ...]
    reduced: Mapping[Capacity, datetime]
    due: datetime | None


def only_amounts_differ(one: LicensePoolSpec, other: LicensePoolSpec) -> bool:
    """Tell whether nothing but amounts differs: then only those who wait are concerned."""
    return _without_amounts(one) == _without_amounts(other)


def _without_amounts(spec: LicensePoolSpec) -> tuple[object, ...]:
    return (
        spec.plan.multiple_accounts if spec.plan else True,
        tuple((limit.name, limit.consumed_by) for limit in spec.limits),
        spec.free_roles,
    )


def exceeded(pool: PoolPolicy, usage: Usage) -> dict[Capacity, int]:
    """Return what is in use beyond what was bought, by capacity."""
    over = {c: usage.used[c] - room for c, room in pool_capacities(pool).items()}
    return {c: n for c, n in over.items() if n > 0}


def fallen(before: PoolPolicy, after: PoolPolicy) -> set[Capacity]:
    """Return the capacities that were lowered from one spec to the next: each has a grace of its own from then."""
    new = pool_capacities(after)
    return {capacity for capacity, room in pool_capacities(before).items() if new.get(capacity, 0) < room}


def eviction_times(pool: PoolPolicy, reduced: Mapping[Capacity, datetime]) -> dict[Capacity, datetime]:
    """Return when what is above each capacity is taken back; nothing where it is kept."""
    reduction = pool.spec.when_reduced
    if reduction.policy is not ReductionPolicy.EVICT:
        return {}
    return {capacity: since + timedelta(days=reduction.grace_days) for capacity, since in reduced.items()}


def evict(account: Account, taken: frozenset[Capacity], now: datetime) -> Account:
    """Return the account without its place, at the end of the waiting list. Nothing else of it is lost."""
    return replace(account, members=(), evicted_from=account.memberships, seat=None, waiting=Waiting(now, taken))


def plan_pool(pool: PoolPolicy, usage: Usage, now: datetime, *, users: int = 0) -> PoolPlan:
    """Plan a pool from the rows as they stand at the end of the transaction.

    ``users`` is how many accounts still hold a seat or a limit of it: a pool that goes waits for them.
    """
    over = exceeded(pool, usage)
    reduced = {capacity: pool.reduced.get(capacity, now) for capacity in over}
    findings = [] if not pool.deleting else not_ready([in_use("LicensePool", pool.name, users)])
    committed = _over_committed(over)
    findings = findings or ready(f"The pool is in force, but {committed.message}" if over else "The pool is in force.")
    findings.append(committed)
    # What a pause held up is evicted when that ends; to look at the pool over and over until then would be a loop.
    tried = {capacity for capacity, due in eviction_times(pool, pool.reduced).items() if due <= now}
    times = [due for capacity, due in eviction_times(pool, reduced).items() if capacity not in tried]
    return PoolPlan(_describe(pool, usage, reduced), tuple(findings), reduced, min(times, default=None))


def in_use(kind: str, name: str, accounts: int) -> Refusal:
    """Return the refusal to let something go that accounts still need (design §2, decision 5)."""
    noun = "account needs" if accounts == 1 else "accounts need"
    return Refusal(
        Reason.IN_USE,
        "metadata.deletionTimestamp",
        f'{kind} "{name}" is deleted and {accounts} {noun} it: it grants nothing new, log-ins go on; '
        "delete their Users, or move them elsewhere",
    )


def _over_committed(over: dict[Capacity, int]) -> Finding:
    if not over:
        return Finding(
            "OverCommitted", holds=False, reason=Reason.WITHIN_CAPACITY, message="What is in use was bought."
        )
    parts = ", ".join(f"{c.name} by {n}" for c, n in sorted(over.items()))
    message = f"more is in use than was bought: {parts}; nothing new is granted until that many are removed or bought"
    return Finding("OverCommitted", holds=True, reason=Reason.OVER_COMMITTED, message=message)


def _describe(pool: PoolPolicy, usage: Usage, reduced: Mapping[Capacity, datetime]) -> LicensePoolStatus:
    licenses = tuple(found for t in LicenseType if (found := _license_usage(pool, usage, t)) is not None)
    limits = []
    for limit in pool.spec.limits:
        capacity = Capacity(CapacityKind.LIMIT, pool.name, limit.name)
        limits.append(
            LimitUsage(
                name=limit.name,
                capacity=limit.capacity,
                used=usage.used[capacity],
                waiting=usage.waiting[capacity],
            )
        )
    rows: tuple[LicenseUsage | LimitUsage, ...] = (*licenses, *limits)
    return LicensePoolStatus(
        observed_generation=pool.generation,
        licenses=licenses,
        limits=tuple(limits),
        capacity=sum(r.capacity for r in rows),
        used=sum(r.used for r in rows),
        free=sum(max(0, r.capacity - r.used) for r in rows),
        waiting=sum(r.waiting for r in rows),
        reduced_time=rfc3339(min(reduced.values())) if reduced else None,
    )


def _license_usage(pool: PoolPolicy, usage: Usage, type_: LicenseType) -> LicenseUsage | None:
    """Return the use of a type that was bought, or that is still in use or waited for; None of any other."""
    bought = next((x for x in pool.spec.licenses if x.type is type_), None)
    capacity = Capacity(CapacityKind.LICENSE, pool.name, type_)
    if bought is None and not usage.used[capacity] and not usage.waiting[capacity]:
        return None
    return LicenseUsage(
        type=type_,
        purchased=bought.quantity if bought else 0,
        capacity=bought.capacity if bought else 0,
        used=usage.used[capacity],
        waiting=usage.waiting[capacity],
    )
