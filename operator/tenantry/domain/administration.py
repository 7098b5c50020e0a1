"""Administration on behalf of a person: who may do what to whose account (NR-19, NR-27, TT-01, TH-19, IT-01, MM-10).

A person acts in the workgroup of the own session, on accounts of that workgroup. What a person may do comes from the
levels, the role and the groups there, as access does. Nobody gives away, or acts on, more than the person has: unless a
grant names roles, those that give a capability which the person lacks are out of its reach. What concerns the whole
account, as its email does, asks for that in each workgroup that the account has. To look at an account is not to act.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tenantry.domain.access import held_levels
from tenantry.domain.account import Account, Member
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.specs import WorkgroupSpec
from tenantry.specs.user import AccountState
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_capability import Capability, CapabilityGrant, Reach


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an account in the workgroup of its session, and what it is given there."""

    account: Account
    workgroup: str
    policies: Mapping[str, WorkgroupSpec]
    grants: tuple[CapabilityGrant, ...]

    @property
    def policy(self) -> WorkgroupSpec:
        """Return the policy of the workgroup."""
        return self.policies[self.workgroup]

    def grants_in(self, member: Member) -> list[CapabilityGrant]:
        """Return what a membership gives, in whichever workgroup; nothing in one that is not there."""
        policy = self.policies.get(member.workgroup)
        return list(grants_of(member, policy)) if policy is not None else []

    def grants_of(self, capability: Capability) -> list[CapabilityGrant]:
        """Return the grants of one capability."""
        return [grant for grant in self.grants if grant.name is capability]

    def has(self, capability: Capability) -> bool:
        """Tell whether the person has a capability, whatever its reach."""
        return bool(self.grants_of(capability))

    def reaches(self, capability: Capability) -> frozenset[Reach]:
        """Return how far a capability reaches."""
        return frozenset(grant.reach for grant in self.grants_of(capability))


@dataclass(frozen=True, slots=True)
class Target:
    """Whose account it is done to. ``workgroups`` are all that it has access to, or asks for while it waits.

    ``member`` is what it has, or asks for, in the workgroup of the actor, ``elsewhere`` what in the others.
    """

    account: Account
    workgroups: frozenset[str]
    member: Member | None
    elsewhere: tuple[Member, ...] = ()

    @property
    def is_system(self) -> bool:
        """Tell whether the account is the workgroup's own."""
        return bool(self.account.scope)

    @property
    def is_former(self) -> bool:
        """Tell whether the account lives on, in other workgroups alone."""
        return self.member is None and not self.is_system and self.account.tombstone is None


#: What is done to an account as it is in every workgroup.
_WHOLE = frozenset(
    {Capability.EDIT_USERS, Capability.RESET_PASSWORDS, Capability.LOCK_USERS, Capability.REVOKE_SESSIONS}
)
#: What may be done to an account that was in the workgroup and lives on elsewhere.
_TO_FORMER = frozenset({Capability.VIEW_USERS, Capability.ADD_EXISTING_USERS})
_LOOKING = frozenset({Capability.VIEW_USERS, Capability.READ_AUDIT})


def actor_of(account: Account, workgroup: str, policies: Mapping[str, WorkgroupSpec], now: datetime) -> Actor | Refusal:
    """Return who acts, or why nobody does: the account is not Active, or no member there any more."""
    member, policy = account.member_of(workgroup), policies.get(workgroup)
    if policy is None or member is None or member.kind is not MembershipKind.MEMBER:
        message = f'you are not a member of Workgroup "{workgroup}" any more'
        return Refusal(Reason.NOT_A_MEMBER, "Tenantry-Session", message)
    state = account.state(now)
    if account.tombstone is not None or not account.can_log_in or state is not AccountState.ACTIVE:
        return Refusal(Reason.ACCOUNT_NOT_ACTIVE, "Tenantry-Session", f"your account is {state}")
    return Actor(account, workgroup, policies, tuple(grants_of(member, policy)))


def grants_of(member: Member, policy: WorkgroupSpec) -> Iterator[CapabilityGrant]:
    """Yield what a member may do to the accounts of others, by its role, its levels and its groups.

    A ceiling lets pass what the role itself says and nothing else (NR-05, TH-10); a role that is not defined any more
    gives nothing, and its ceiling would be missing.
    """
    role = policy.roles_by_name.get(member.role or "")
    if role is not None:
        yield from role.capabilities
    if (role is None and member.role is not None) or (role is not None and role.ceiling is not None):
        return
    yield from _by_levels_and_groups(member, policy)


def _by_levels_and_groups(member: Member, policy: WorkgroupSpec) -> Iterator[CapabilityGrant]:
    for held in held_levels(member, policy).values():
        for level in held.module.levels[: held.index + 1]:
            yield from level.capabilities
    for name in member.groups:
        group = policy.groups_by_name.get(name)
        yield from group.capabilities if group is not None else ()


def check(actor: Actor, capability: Capability, target: Target | None, asked: Sequence[Member] = ()) -> Refusal | None:
    """Return why the actor may not do this to an account, or None.

    ``target`` is None for an account that is not there yet, ``asked`` what the account is to have afterwards, in other
    workgroups too.
    """
    grants = actor.grants_of(capability)
    if not grants:
        return _missing(actor, capability)
    if target is not None and target.is_former and capability not in _TO_FORMER:
        message = f'"{target.account.user_name}" is not in Workgroup "{actor.workgroup}" any more; add it there first'
        return Refusal(Reason.OUT_OF_REACH, "", message)
    reaching = [grant for grant in grants if target is None or _is_reached(grant.reach, target, actor.workgroup)]
    if target is not None and not reaching:
        return _out_of_reach(actor, capability, target)
    present = [target.member] if target is not None and target.member is not None else []
    here = [member for member in asked if member.workgroup == actor.workgroup]
    refusals = [next(_beyond(actor, grant, [*_touched(grant, present), *here]), None) for grant in reaching]
    if None not in refusals:
        return refusals[0]
    if target is None or capability not in _WHOLE:
        return None
    others = [*target.elsewhere, *(member for member in asked if member not in here)]
    return next(_beyond_elsewhere(actor, target, others), None)


def _touched(grant: CapabilityGrant, present: list[Member]) -> list[Member]:
    """Return what must not be beyond the actor: who is given system users by name is given what they have (NR-19)."""
    return [] if grant.reach is Reach.SYSTEM_USERS else present


def check_capability(actor: Actor, capability: Capability) -> Refusal | None:
    """Return why the actor may not do this to anybody, or None."""
    return None if actor.has(capability) else _missing(actor, capability)


def check_system_user(target: Target, policy: WorkgroupSpec, *, editable: bool) -> Refusal | None:
    """Return why a system user cannot be changed, or None (NR-07). ``editable``: those with such a profile may be."""
    if not target.is_system:
        return None
    defined = next((u for u in policy.system_users if u.user_name == target.account.user_name), None)
    if editable and defined is not None and defined.profile.value == "Editable":
        return None
    name, workgroup = target.account.user_name, target.account.scope
    what = "its profile alone can be edited" if defined and defined.profile.value == "Editable" else "nobody changes it"
    message = f'"{name}" is a system user of Workgroup "{workgroup}": {what}, and only the Workgroup removes it'
    return Refusal(Reason.SYSTEM_USER, "", message)


def _missing(actor: Actor, capability: Capability) -> Refusal:
    message = (
        f'you are not given "{capability}" in Workgroup "{actor.workgroup}"; '
        "ask for a role, a level or a group that gives it"
    )
    return Refusal(Reason.CAPABILITY_MISSING, "", message)


def _is_reached(reach: Reach, target: Target, workgroup: str) -> bool:
    match reach:
        case Reach.ANY:
            return True
        case Reach.SYSTEM_USERS:
            return target.is_system
        case Reach.SINGLE_WORKGROUP:
            return not target.is_system and target.workgroups <= {workgroup}


def _out_of_reach(actor: Actor, capability: Capability, target: Target) -> Refusal:
    reaches = " and ".join(_REACHES[reach] for reach in sorted(actor.reaches(capability)))
    return Refusal(
        Reason.OUT_OF_REACH,
        "",
        f'"{target.account.user_name}" is out of your reach: "{capability}" is given to you for {reaches} only',
    )


_REACHES = {
    Reach.ANY: "any account of the workgroup",
    Reach.SINGLE_WORKGROUP: "accounts with access to this workgroup alone",
    Reach.SYSTEM_USERS: "the accounts that the workgroup itself has",
}


def _beyond(actor: Actor, grant: CapabilityGrant, touched: Iterable[Member]) -> Iterator[Refusal]:
    """Yield what of these is beyond a grant: a role that it does not name, or more than the actor has."""
    for member in touched:
        if grant.roles is not None and member.role is not None and member.role not in grant.roles:
            named = ", ".join(grant.roles) or "none"
            yield _not_grantable(member, f'"{grant.name}" is given to you for the roles {named} only')
        given = (
            grants_of(member, actor.policy)
            if grant.roles is None or member.role is None
            else _by_levels_and_groups(_apart(member, actor.policy), actor.policy)
        )
        excess = sorted({g.name.value for g in given if not _covers(actor.grants, g)})
        if excess and grant.name not in _LOOKING:
            yield _not_grantable(member, f"it gives {', '.join(excess)}, which you are not given so far yourself")


def _beyond_elsewhere(actor: Actor, target: Target, others: Iterable[Member]) -> Iterator[Refusal]:
    """Yield where else the account has more than the actor, or would have: by its email it would be the actor's."""
    for member in others:
        own = actor.account.member_of(member.workgroup)
        grants = actor.grants_in(own) if own is not None else []
        excess = sorted({g.name.value for g in actor.grants_in(member) if not _covers(grants, g)})
        if excess:
            message = (
                f'"{target.account.user_name}" is given {", ".join(excess)} in Workgroup "{member.workgroup}", '
                "which you are not; ask somebody there"
            )
            yield Refusal(Reason.OUT_OF_REACH, "", message)


def _apart(member: Member, policy: WorkgroupSpec) -> Member:
    """Return what a member has beside a role that was named: its groups, and levels of its own where it takes any."""
    role = policy.roles_by_name.get(member.role or "")
    own = member.access if role is not None and role.customizable else ()
    if not own:
        return Member(member.workgroup, member.since, groups=member.groups)
    return Member(member.workgroup, member.since, role=member.role, groups=member.groups, access=own)


def _not_grantable(member: Member, why: str) -> Refusal:
    parts = [f'role "{member.role}"'] if member.role else []
    parts += [f"groups {', '.join(member.groups)}"] if member.groups else []
    message = f"{' with '.join(parts) or 'this membership'} is not yours to give or to act on: {why}"
    return Refusal(Reason.ROLE_NOT_GRANTABLE, "role", message)


def _covers(grants: Iterable[CapabilityGrant], given: CapabilityGrant) -> bool:
    return any(
        own.name is given.name and own.reach in {Reach.ANY, given.reach} and (own.roles is None or own == given)
        for own in grants
    )


def held_names(grants: Iterable[CapabilityGrant]) -> Mapping[str, tuple[str, ...]]:
    """Return capabilities with how far they reach, by name: what an application shows or hides by."""
    found: dict[str, set[str]] = {}
    for grant in grants:
        found.setdefault(grant.name.value, set()).add(grant.reach.value)
    return {name: tuple(sorted(reaches)) for name, reaches in sorted(found.items())}
