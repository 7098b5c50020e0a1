"""Who is let in: what an account counts against, and whether there is room (rules NR-03 to NR-06, TH-03, TH-04)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from tenantry.domain.account import Account, Waiting, seat_capacity
from tenantry.domain.capacity import Capacity, CapacityKind
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.snapshot import PoolPolicy, Snapshot, WorkgroupPolicy
from tenantry.domain.user_context import Entry, UserContext
from tenantry.specs.licensepool import LicenseType
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_access import Role

RoleHeld: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an account is let in, and if not, what is full."""

    needed: frozenset[Capacity]
    blocked: tuple[Capacity, ...] = ()


def bought(capacity: Capacity, snapshot: Snapshot) -> int | None:
    """Return how many accounts the capacity lets in; None where nothing limits them any more."""
    if capacity.kind is CapacityKind.ROLE:
        workgroup = snapshot.workgroups.get(capacity.owner)
        role = workgroup.spec.roles_by_name.get(capacity.name) if workgroup else None
        return role.max_holders if role else None
    pool = snapshot.pools.get(capacity.owner)
    return None if pool is None else pool_capacities(pool).get(capacity)


def pool_capacities(pool: PoolPolicy) -> dict[Capacity, int]:
    """Return every capacity of a pool; a license type that was not bought has 0."""
    found = {Capacity(CapacityKind.LICENSE, pool.name, t): 0 for t in LicenseType}
    found |= {Capacity(CapacityKind.LICENSE, pool.name, x.type): x.capacity for x in pool.spec.licenses}
    found |= {Capacity(CapacityKind.LIMIT, pool.name, x.name): x.capacity for x in pool.spec.limits}
    return found


def is_counted(role: Role) -> bool:
    """Tell whether the holders of a role are counted: it has a cap, or it is meant for one account."""
    return role.max_holders is not None or not role.personal


def is_personal(capacity: Capacity, snapshot: Snapshot) -> bool:
    """Tell whether a counted role is a person's; one that is not there any more is nobody's concern."""
    workgroup = snapshot.workgroups.get(capacity.owner)
    role = workgroup.spec.roles_by_name.get(capacity.name) if workgroup else None
    return role is None or role.personal


def consuming_roles(pool: PoolPolicy, limit: str, workgroups: Mapping[str, WorkgroupPolicy]) -> list[RoleHeld]:
    """Return the roles that count against a limit: those of the pool's own workgroups."""
    own = {name for name, workgroup in workgroups.items() if workgroup.spec.license_pool_ref == pool.name}
    named = (r for x in pool.spec.limits if x.name == limit for r in x.consumed_by)
    return [(r.workgroup_ref, r.role) for r in named if r.workgroup_ref in own]


def _by_roles(pool: PoolPolicy | None, roles: list[RoleHeld], snapshot: Snapshot) -> set[Capacity]:
    """Return the limits and role caps that holding these roles counts against."""
    found: set[Capacity] = set()
    for workgroup, name in roles:
        policy = snapshot.workgroups.get(workgroup)
        if policy is None:
            continue
        if pool is not None and policy.spec.license_pool_ref == pool.name:
            limits = pool.spec.limits_by_role.get((workgroup, name), ())
            found |= {Capacity(CapacityKind.LIMIT, pool.name, limit) for limit in limits}
        role = policy.spec.roles_by_name.get(name)
        if role is not None and is_counted(role):
            found.add(Capacity(CapacityKind.ROLE, workgroup, name))
    return found


def capacities_needed(ctx: UserContext) -> frozenset[Capacity]:
    """Return what the spec counts against."""
    roles = [(e.membership.workgroup_ref, e.role) for e in ctx.entries if e.is_member and e.role]
    needed = _by_roles(ctx.pool, roles, ctx.snapshot)
    if ctx.spec.license is not None and ctx.pool is not None:
        needed.add(Capacity(CapacityKind.LICENSE, ctx.pool.name, ctx.spec.license.type))
    return frozenset(needed)


def capacities_held(account: Account | None, snapshot: Snapshot) -> frozenset[Capacity]:
    """Return what the account's rows count against, by the policies of now."""
    if account is None:
        return frozenset()
    roles = [(m.workgroup, m.role) for m in account.members if m.kind is MembershipKind.MEMBER and m.role is not None]
    pool = next(
        (
            snapshot.pools[policy.spec.license_pool_ref]
            for m in account.members
            if (policy := snapshot.workgroups.get(m.workgroup)) is not None
            and policy.spec.license_pool_ref in snapshot.pools
        ),
        None,
    )
    held = _by_roles(pool, roles, snapshot)
    if account.seat is not None:
        held.add(seat_capacity(account.seat))
    return frozenset(held)


def takes_more(ctx: UserContext) -> bool:
    """Tell whether the spec counts against something of the pool that the account does not hold yet."""
    more = capacities_needed(ctx) - capacities_held(ctx.account, ctx.snapshot)
    return any(capacity.kind is not CapacityKind.ROLE for capacity in more)


def takes_more_by(ctx: UserContext, entry: Entry, held: frozenset[Capacity]) -> bool:
    """Tell whether a membership's role counts against something beside what is ``held``."""
    role = entry.role
    if not entry.is_member or role is None:
        return False
    return bool(_by_roles(ctx.pool, [(entry.membership.workgroup_ref, role)], ctx.snapshot) - held)


def judge(ctx: UserContext, *, turn: bool) -> Verdict:
    """Decide whether there is room for what the spec counts against and the account does not hold yet.

    A newcomer never passes those who wait already, unless it is its ``turn``: then it was the first of them.
    """
    needed = capacities_needed(ctx)
    held = capacities_held(ctx.account, ctx.snapshot)
    queued = ctx.account.waiting.capacities if ctx.account and ctx.account.waiting else frozenset()
    usage = ctx.snapshot.usage
    blocked = []
    for capacity in sorted(needed - held):
        room = bought(capacity, ctx.snapshot)
        ahead = 0 if turn else usage.waiting[capacity] - (capacity in queued)
        if room is not None and (usage.free(capacity, room) <= 0 or ahead > 0):
            blocked.append(capacity)
    return Verdict(needed, tuple(blocked))


def place_in_line(ctx: UserContext, blocked: tuple[Capacity, ...]) -> Waiting:
    """Return the account's place in the waiting list; one it already has is kept.

    A newcomer's arrival is the creation of its object, so that the order depends neither on when its events came nor on
    what it was refused for before (P5).
    """
    return Waiting(since=_arrival(ctx, frozenset(blocked)), capacities=frozenset(blocked))


def _arrival(ctx: UserContext, blocked: frozenset[Capacity]) -> datetime:
    if ctx.account is None:
        return ctx.user.created
    waiting = ctx.account.waiting
    if waiting is None:
        return ctx.snapshot.now
    # Who has its place and waits for another joins that line anew when it changes its mind.
    same = not ctx.account.in_force or not waiting.capacities or waiting.capacities & blocked
    return waiting.since if same else ctx.snapshot.now


def full(capacity: Capacity, snapshot: Snapshot) -> Refusal:
    """Return the refusal for want of a capacity: what it is, what was bought, and that all of it is in use (NR-06)."""
    room = bought(capacity, snapshot) or 0
    match capacity.kind:
        case CapacityKind.LICENSE:
            return Refusal(capacity.kind.reason, "spec.license.type", _license_full(capacity, snapshot, room))
        case CapacityKind.LIMIT:
            state = ", and all are in use" if room else ""
            message = (
                f'LicensePool "{capacity.owner}" lets in {room} for limit "{capacity.name}" (with add-ons){state}; '
                "raise included or, where the plan allows it, addOns; or remove accounts"
            )
            return Refusal(capacity.kind.reason, "spec.workgroups", message)
        case CapacityKind.ROLE:
            message = (
                f'Workgroup "{capacity.owner}" lets {room} hold role "{capacity.name}" (maxHolders), '
                "and all are in use; raise maxHolders, or choose another role"
            )
            return Refusal(Reason.ROLE_LIMIT_REACHED, "spec.workgroups", message)


def _license_full(capacity: Capacity, snapshot: Snapshot, room: int) -> str:
    pool = snapshot.pools[capacity.owner].spec
    sold = next((x for x in pool.licenses if x.type == capacity.name), None)
    quantity = sold.quantity if sold else 0
    if not quantity:
        return f'LicensePool "{capacity.owner}" has 0 {capacity.name} licenses bought; buy one, or choose another type'
    seats = f" for {room} accounts" if room != quantity else ""
    noun = "license" if quantity == 1 else "licenses"
    return (
        f'LicensePool "{capacity.owner}" has {quantity} {capacity.name} {noun} bought{seats}, and all are in use; '
        "raise the quantity, or remove accounts"
    )
