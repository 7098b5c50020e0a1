"""Plan one LicensePool: what is in use, what is over-committed, and whose seats are taken back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from tenantry.domain.account import Account, Waiting
from tenantry.domain.capacity import Capacity, CapacityKind, Usage
from tenantry.domain.observed import Ref, workgroup_ref
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.domain.seating import pool_capacities
from tenantry.domain.snapshot import PoolPolicy, WorkgroupPolicy
from tenantry.domain.status import Finding, not_ready, ready, rfc3339, summary
from tenantry.specs import LicensePoolSpec, LicensePoolStatus
from tenantry.specs.licensepool import LicenseType, LicenseUsage, LimitUsage, LoginUsage, ReductionPolicy, RoleReference

#: A command in a message names at most this many workgroups; the rest has to be asked for.
_MOST_WORKGROUPS = 5


@dataclass(frozen=True, slots=True)
class Need:
    """By whom a policy is still needed: how many accounts, what the first are called, and in which workgroups."""

    accounts: int = 0
    names: tuple[str, ...] = ()
    workgroups: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the names, and how many more there are."""
        more = self.accounts - len(self.names)
        return f"{', '.join(self.names)}{f' and {more} more' if more > 0 else ''}"

    @property
    def command(self) -> str:
        """Return the command that lists the accounts."""
        wanted = [f"--workgroup {name}" for name in self.workgroups[:_MOST_WORKGROUPS]]
        return " ".join(("tenantry users list", *wanted))


NOBODY = Need()


@dataclass(frozen=True, slots=True)
class LoginFigures:
    """The log-ins of one license type of a pool. ``next_lapse``: when the next one ends without a heartbeat."""

    active: int = 0
    peak: int = 0
    denied: int = 0
    next_lapse: datetime | None = None


NO_LOGINS: Mapping[LicenseType, LoginFigures] = MappingProxyType({})


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
        bool(spec.licenses),  # where licenses are sold, who has none cannot log in
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
    """Return the account without its place, at the end of the waiting list. Nothing else of it is lost.

    One that waited for another capacity already keeps its place in line.
    """
    since = account.waiting.since if account.waiting is not None else now
    return replace(account, members=(), evicted_from=account.memberships, seat=None, waiting=Waiting(since, taken))


def plan_pool(
    pool: PoolPolicy,
    usage: Usage,
    workgroups: Mapping[str, WorkgroupPolicy],
    now: datetime,
    need: Need = NOBODY,
    logins: Mapping[LicenseType, LoginFigures] = NO_LOGINS,
) -> PoolPlan:
    """Plan a pool from the rows as they stand at the end of the transaction.

    ``need`` is by whom it is still needed: a pool that goes waits for them.
    """
    over = exceeded(pool, usage)
    reduced = {capacity: pool.reduced.get(capacity, now) for capacity in over}
    findings = [] if not pool.deleting else not_ready([in_use("LicensePool", pool.name, need)])
    committed = _over_committed(over)
    findings = findings or ready(f"The pool is in force, but {committed.message}" if over else "The pool is in force.")
    findings += [*warn_of_unknown_roles(pool.spec, workgroups), committed]
    # What a pause held up is evicted when that ends; to look at the pool over and over until then would be a loop.
    tried = {capacity for capacity, due in eviction_times(pool, pool.reduced).items() if due <= now}
    times = [due for capacity, due in eviction_times(pool, reduced).items() if capacity not in tried]
    return PoolPlan(_describe(pool, usage, reduced, logins), tuple(findings), reduced, min(times, default=None))


def in_use(kind: str, name: str, need: Need) -> Refusal:
    """Return the refusal to let something go that accounts still need (design §2, decision 5)."""
    noun = "account needs" if need.accounts == 1 else "accounts need"
    return Refusal(
        Reason.IN_USE,
        "metadata.deletionTimestamp",
        f'{kind} "{name}" is deleted and {need.accounts} {noun} it: {need}; it grants nothing new, log-ins go on; '
        f"delete their Users, or move them elsewhere; to list them: {need.command}",
    )


def check_roles_named(spec: LicensePoolSpec, workgroups: Mapping[str, WorkgroupPolicy]) -> Iterator[Refusal]:
    """Every role that a limit or freeRoles names is there; it may still come, so this is only worth telling."""
    for field, reference in _references(spec):
        workgroup, role = reference.workgroup_ref, reference.role
        policy = workgroups.get(workgroup)
        if policy is None:
            known = choices(sorted(workgroups))
            message = f'Workgroup "{workgroup}" does not exist; create it, or correct the name; {known}'
            yield Refusal(Reason.WORKGROUP_NOT_FOUND, f"{field}.workgroupRef", message)
        elif role not in policy.spec.roles_by_name:
            known = choices(policy.spec.roles_by_name)
            message = f'role "{role}" is not defined in Workgroup "{workgroup}"; {known}'
            yield Refusal(Reason.ROLE_NOT_FOUND, f"{field}.role", message)


def _references(spec: LicensePoolSpec) -> Iterator[tuple[str, RoleReference]]:
    for i, limit in enumerate(spec.limits):
        for j, reference in enumerate(limit.consumed_by):
            yield f"spec.limits[{i}].consumedBy[{j}]", reference
    for i, reference in enumerate(spec.free_roles):
        yield f"spec.freeRoles[{i}]", reference


def warn_of_unknown_roles(spec: LicensePoolSpec, workgroups: Mapping[str, WorkgroupPolicy]) -> list[Finding]:
    """Return whether all roles that the pool names are there; nothing of one that names none."""
    unknown = list(check_roles_named(spec, workgroups))
    if unknown:
        message = summary(unknown)
        return [Finding("RolesDefined", holds=False, reason=unknown[0].reason, message=message)]
    if not refs_of_pool(spec):
        return []
    message = "Every role that the pool names is there."
    return [Finding("RolesDefined", holds=True, reason=Reason.ROLES_DEFINED, message=message)]


def refs_of_pool(spec: LicensePoolSpec) -> frozenset[Ref]:
    """Return what a pool depends on: the Workgroups whose roles it names."""
    return frozenset(workgroup_ref(reference.workgroup_ref) for _, reference in _references(spec))


def _over_committed(over: dict[Capacity, int]) -> Finding:
    if not over:
        return Finding(
            "OverCommitted", holds=False, reason=Reason.WITHIN_CAPACITY, message="What is in use was bought."
        )
    parts = ", ".join(f"{c.name} by {n}" for c, n in sorted(over.items()))
    message = f"more is in use than was bought: {parts}; nothing new is granted until that many are removed or bought"
    return Finding("OverCommitted", holds=True, reason=Reason.OVER_COMMITTED, message=message)


def _describe(
    pool: PoolPolicy,
    usage: Usage,
    reduced: Mapping[Capacity, datetime],
    logins: Mapping[LicenseType, LoginFigures],
) -> LicensePoolStatus:
    licenses = tuple(x for t in LicenseType if (x := _license_usage(pool, usage, t, logins.get(t))) is not None)
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


def _license_usage(
    pool: PoolPolicy, usage: Usage, type_: LicenseType, logins: LoginFigures | None
) -> LicenseUsage | None:
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
        logins=_login_usage(bought.quantity if bought else 0, logins) if logins is not None else None,
    )


def _login_usage(licenses: int, figures: LoginFigures) -> LoginUsage:
    """Return the log-ins: as many at a time as there are licenses, whatever the number of accounts (NR-03 to NR-05)."""
    return LoginUsage(capacity=licenses, active=figures.active, peak=figures.peak, denied=figures.denied)
