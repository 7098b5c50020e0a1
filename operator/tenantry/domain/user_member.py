"""What a User is given in its workgroups: its memberships by the spec, and the levels that come with them."""

from dataclasses import replace

from tenantry.domain.access import HeldLevel, held_levels
from tenantry.domain.account import Member
from tenantry.domain.capacity import Capacity
from tenantry.domain.seating import capacities_held, takes_more_by
from tenantry.domain.user_context import Entry, UserContext


def plan_members(ctx: UserContext) -> tuple[Member, ...]:
    """Return what the account has in its workgroups, each since when it does: a role that takes no more is no news."""
    held = capacities_held(ctx.account, ctx.snapshot)
    return tuple(_lasting(ctx, entry, held) for entry in ctx.entries)


def _lasting(ctx: UserContext, entry: Entry, held: frozenset[Capacity]) -> Member:
    wanted = plan_member(ctx, entry)
    present = ctx.account.member_of(wanted.workgroup) if ctx.account is not None else None
    return wanted if present is None or takes_more_by(ctx, entry, held) else replace(wanted, since=present.since)


def plan_member(ctx: UserContext, entry: Entry) -> Member:
    """Return what the account has in one workgroup; without groups, those by default for its license type (NR-14)."""
    wanted = entry.membership
    return Member(
        workgroup=wanted.workgroup_ref,
        since=ctx.snapshot.now,
        kind=wanted.membership,
        role=entry.role,
        groups=tuple(wanted.groups) or _default_groups(entry),
        access=tuple((a.module, a.level) for a in wanted.access),
        scopes=tuple((s.name, tuple(s.values)) for s in wanted.scopes),
        notifications=tuple(wanted.notifications),
        default_module=wanted.default_module,
    )


def _default_groups(entry: Entry) -> tuple[str, ...]:
    if not entry.is_member or entry.policy is None:
        return ()
    return entry.policy.spec.groups_by_default(entry.license_type)


def levels_by_spec(ctx: UserContext, entry: Entry) -> dict[str, HeldLevel]:
    """Return the level in each module that the spec gives to a membership; nothing where the workgroup is not there."""
    if entry.policy is None or not entry.is_member:
        return {}
    return held_levels(plan_member(ctx, entry), entry.policy.spec)
