"""What a User is given in one workgroup: its membership by the spec, and the levels that come with it."""

from datetime import datetime

from tenantry.domain.access import HeldLevel, held_levels
from tenantry.domain.account import Member
from tenantry.domain.seating import takes_more_by
from tenantry.domain.user_context import Entry, UserContext


def plan_member(ctx: UserContext, entry: Entry) -> Member:
    """Return what the account has in one workgroup; without groups, those by default for its license type (NR-14)."""
    wanted = entry.membership
    return Member(
        workgroup=wanted.workgroup_ref,
        since=_since(ctx, entry),
        kind=wanted.membership,
        role=entry.role,
        groups=tuple(wanted.groups) or _default_groups(ctx, entry),
        access=tuple((a.module, a.level) for a in wanted.access),
        scopes=tuple((s.name, tuple(s.values)) for s in wanted.scopes),
        notifications=tuple(wanted.notifications),
        default_module=wanted.default_module,
    )


def _default_groups(ctx: UserContext, entry: Entry) -> tuple[str, ...]:
    if not entry.is_member or entry.policy is None or ctx.spec.license is None:
        return ()
    return tuple(g.name for g in entry.policy.spec.groups if ctx.spec.license.type in g.default_for)


def _since(ctx: UserContext, entry: Entry) -> datetime:
    """Return since when the account has what this role counts against: a role that takes nothing more is no news."""
    held = ctx.account.member_of(entry.membership.workgroup_ref) if ctx.account is not None else None
    return ctx.snapshot.now if held is None or takes_more_by(ctx, entry) else held.since


def levels_by_spec(ctx: UserContext, entry: Entry) -> dict[str, HeldLevel]:
    """Return the level in each module that the spec gives to a membership; nothing where the workgroup is not there."""
    if entry.policy is None or not entry.is_member:
        return {}
    return held_levels(plan_member(ctx, entry), entry.policy.spec)
