"""Plan one LicensePool: what is in use, what is over-committed, and whose seats are taken back."""

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
    """A pool's status, since when it is over-committed, and when the grace of that ends."""

    status: LicensePoolStatus
    findings: tuple[Finding, ...]
    reduced: datetime | None
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


def eviction_time(pool: PoolPolicy, reduced: datetime | None) -> datetime | None:
    """Return when the seats above the capacity are taken back, or None where they are kept."""
    reduction = pool.spec.when_reduced
    if reduced is None or reduction.policy is not ReductionPolicy.EVICT:
        return None
    return reduced + timedelta(days=reduction.grace_days)


def evict(account: Account, taken: frozenset[Capacity], now: datetime) -> Account:
    """Return the account without its place, at the end of the waiting list. Nothing else of it is lost."""
    return replace(account, members=(), seat=None, waiting=Waiting(now, taken))


def plan_pool(pool: PoolPolicy, usage: Usage, now: datetime, *, users: int = 0) -> PoolPlan:
    """Plan a pool from the rows as they stand at the end of the transaction.

    ``users`` is how many accounts still hold a seat or a limit of it: a pool that goes waits for them.
    """
    over = exceeded(pool, usage)
    reduced = (pool.reduced or now) if over else None
    findings = [] if not pool.deleting else not_ready([in_use("LicensePool", pool.name, users)])
    committed = _over_committed(over)
    findings = findings or ready(f"The pool is in force, but {committed.message}" if over else "The pool is in force.")
    findings.append(committed)
    tried = eviction_time(pool, pool.reduced)
    # What a pause held up is evicted when that ends; to look at the pool over and over until then would be a loop.
    due = None if tried is not None and tried <= now else eviction_time(pool, reduced)
    return PoolPlan(_describe(pool, usage, reduced), tuple(findings), reduced, due)


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


def _describe(pool: PoolPolicy, usage: Usage, reduced: datetime | None) -> LicensePoolStatus:
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
        reduced_time=rfc3339(reduced) if reduced else None,
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
