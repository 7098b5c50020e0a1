"""Plan one User: from its spec, its account and the policies to the account it should have, and its status."""

from dataclasses import dataclass, replace
from datetime import datetime

from tenantry.domain.account import Account, Manager, Onboarding, Password, Seat, Tombstone, Waiting
from tenantry.domain.act import obey_sessions
from tenantry.domain.capacity import Capacity
from tenantry.domain.holding import Held, Settlement, Transfer
from tenantry.domain.login import login_fault, login_key
from tenantry.domain.observed import Observed, Ref, email_ref, login_ref, secret_ref, workgroup_ref
from tenantry.domain.onboarding import lapse, next_change, plan_onboarding, reset_again, send_again, warn_of_new_address
from tenantry.domain.password import apply_offer, expiration, password_policy, takes_password
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.seating import Verdict, capacities_held, full, judge, place_in_line
from tenantry.domain.snapshot import Snapshot
from tenantry.domain.status import Finding, not_ready, ready
from tenantry.domain.user_context import UserContext
from tenantry.domain.user_holdings import held_up, leaving, refs_of_holdings, settle_change, settle_removal
from tenantry.domain.user_member import plan_members
from tenantry.domain.user_profile import kept_preferences, own_preferences
from tenantry.domain.user_references import definitions_of_attributes, definitions_of_preferences
from tenantry.domain.user_rules import check_user
from tenantry.domain.user_status import describe_user, with_holdings
from tenantry.domain.user_warnings import check_warnings, warn_of_kept_profile
from tenantry.specs import UserSpec, UserStatus
from tenantry.specs.user import OnExisting
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_deletion import DeletionMode
from tenantry.specs.workgroup_profile import AttributeFormat


@dataclass(frozen=True, slots=True)
class UserPlan:
    """What becomes of one User. ``before`` to ``after`` is what the store writes; equal means nothing.

    ``status`` has no conditions yet: they are stamped from ``findings`` against the former ones. ``due`` is when time
    alone changes something. ``transfers`` are the holdings that the account gives away with this change, ``orphaned``
    those that it leaves to nobody. ``goes``: nothing holds up the deletion of the object.
    """

    before: Account | None
    after: Account | None
    status: UserStatus
    findings: tuple[Finding, ...]
    refs: frozenset[Ref]
    due: datetime | None = None
    transfers: tuple[Transfer, ...] = ()
    orphaned: tuple[Held, ...] = ()
    goes: bool = False


def plan_user(user: Observed[UserSpec], snapshot: Snapshot, *, turn: bool = False) -> UserPlan:
    """Plan a User that exists. With ``turn`` it is the first in line for what it waits for."""
    present = snapshot.accounts.get(user.uid)
    if not snapshot.attached:
        return _refuse(user, snapshot, present, [detached()])
    present = present or adopted(user, snapshot)
    account = None if present is None else _in_time(user, present, snapshot)
    if account is present:
        return _plan(user, snapshot, account, turn=turn)
    _take(snapshot, present, account)  # first of all: what it held is free for whoever is next, itself too
    return replace(_plan(user, snapshot, account, turn=turn), before=present)


def _in_time(user: Observed[UserSpec], account: Account, snapshot: Snapshot) -> Account:
    """Return the account after what time alone did, and what its User asks for whatever its spec is worth."""
    account = replace(account, going=False) if account.going else account
    return obey_sessions(user, lapse(account, snapshot.now), snapshot.now)


def _plan(user: Observed[UserSpec], snapshot: Snapshot, account: Account | None, *, turn: bool) -> UserPlan:
    if user.spec is None:
        fault = user.fault or Refusal(Reason.INVALID_SPEC, "spec", "does not parse")
        return _refuse(user, snapshot, account, [fault])
    ctx = UserContext(user, user.spec, snapshot, account)
    refusals = check_user(ctx)
    if refusals:
        return _with_held(_refuse(user, snapshot, account, refusals), user, held_up(ctx), snapshot)
    verdict = judge(ctx, turn=turn)
    return _queue(ctx, verdict) if verdict.blocked else _provision(ctx)


def adopted(user: Observed[UserSpec], snapshot: Snapshot) -> Account | None:
    """Return the account of the runtime API that a User takes over: id, seat, password stay (design §2, decision 6)."""
    if user.spec is None or user.spec.on_existing is not OnExisting.ADOPT or user.manager is Manager.API:
        return None
    other = snapshot.logins.get(login_key(user.spec.user_name)) if login_fault(user.spec.user_name) is None else None
    return other if other is not None and other.manager is Manager.API and other.tombstone is None else None


def plan_removal(user: Observed[UserSpec], snapshot: Snapshot) -> UserPlan:
    """Plan a User that goes: its seat frees, and its account becomes a tombstone or is erased (design §2).

    While something that it holds is not settled nothing of that happens (NR-16), unless its whole namespace goes.
    """
    account = snapshot.accounts.get(user.uid)
    settlement = settle_removal(user, account, snapshot)
    if account is not None and settlement.left and not snapshot.terminating:
        return _hold(user, account, settlement, snapshot)
    named = () if user.spec is None else tuple(m.workgroup_ref for m in user.spec.workgroups)
    after = None if account is None else bury(account, deletion_mode(account, named, snapshot), snapshot)
    _take(snapshot, account, after)
    snapshot.give(settlement.transfers)
    return UserPlan(
        account,
        after,
        UserStatus(),
        (),
        frozenset(),
        transfers=settlement.transfers,
        orphaned=settlement.left,
        goes=True,
    )


def _hold(user: Observed[UserSpec], account: Account, settlement: Settlement, snapshot: Snapshot) -> UserPlan:
    """Keep the account as it is, shut. Its place in line is given up, and switching it off is obeyed all the same."""
    active = account.active if user.spec is None else user.spec.active
    after = replace(_in_time(user, account, snapshot), active=active, waiting=None, going=True)
    _take(snapshot, account, after)
    plan = _planned(user, snapshot, account, after, not_ready(settlement.refusals))
    return _with_held(plan, user, settlement.left, snapshot)


def _with_held(plan: UserPlan, user: Observed[UserSpec], left: tuple[Held, ...], snapshot: Snapshot) -> UserPlan:
    """Say what holds the account up, and have it looked at again when that may have changed."""
    if not left:
        return plan
    refs = plan.refs | refs_of_holdings(user, left, snapshot)
    return replace(plan, status=with_holdings(plan.status, left), refs=refs)


def detached() -> Refusal:
    """Return the refusal of everything in a detached tenant (design §2, decision 14)."""
    return Refusal(
        Reason.DETACHED,
        "metadata.namespace",
        "the store holds accounts of another cluster or of objects that are gone; nothing is granted or deleted here "
        "until somebody runs: tenantry tenant attach",
    )


def _refuse(user: Observed[UserSpec], snapshot: Snapshot, account: Account | None, refusals: list[Refusal]) -> UserPlan:
    """Keep the last good state. Switching off is obeyed all the same; a newcomer's place in line is given up.

    It has the same place when its spec is good again: a newcomer's arrival is the creation of its object. Whose
    invitation ran out has none: it queues anew when another is asked for.
    """
    if account is not None and account.resource_uid != user.uid:
        account = None  # what it would take over stays as it is
    after = account
    if account is not None and snapshot.attached:
        if user.spec is not None:
            after = account.with_active(active=user.spec.active)
        lapsed = any(refusal.reason is Reason.INVITATION_EXPIRED for refusal in refusals)
        place = None if lapsed else _kept_place(account)
        after = replace(after or account, waiting=place) if account.provisioned else None
    _take(snapshot, account, after)
    return _planned(user, snapshot, account, after, not_ready(refusals))


def _kept_place(account: Account) -> Waiting | None:
    """Return the account's place in line: it holds up nobody until its spec is good again, and is its place then."""
    return replace(account.waiting, capacities=frozenset()) if account.waiting is not None else None


def _queue(ctx: UserContext, verdict: Verdict) -> UserPlan:
    """Put the account in line. What it had stays whole; a new one gets its row, and with it the login."""
    waiting = place_in_line(ctx, verdict.blocked)
    if ctx.account is not None and ctx.account.in_force:
        mine = replace(ctx.account, manager=ctx.user.manager, resource_uid=ctx.user.uid)
        kept = mine.with_active(active=ctx.spec.active)
        # The password is no part of what is asked for: left aside now, it would not be offered a second time.
        after = replace(
            kept,
            waiting=waiting,
            mailbox=str(ctx.mailbox or ""),
            password=_password(ctx, kept),
            onboarding=send_again(ctx, kept),
            reset_obeyed=reset_again(ctx, kept),
        )
    else:
        after = replace(_described(ctx), waiting=waiting)
    before = ctx.account or ctx.former
    _take(ctx.snapshot, before, after)
    refusals = [full(capacity, ctx.snapshot) for capacity in verdict.blocked]
    return _planned(ctx.user, ctx.snapshot, before, after, not_ready(refusals))


def _provision(ctx: UserContext) -> UserPlan:
    """Put the spec in force."""
    base = _described(ctx)
    members = plan_members(ctx)
    now_member = {m.workgroup for m in members if m.kind is MembershipKind.MEMBER}
    after = replace(
        base,
        members=members,
        former_workgroups=(base.former_workgroups | _left(ctx)) - now_member,
        evicted_from=frozenset(),
        seat=_seat(ctx),
        waiting=None,
        provisioned=True,
        assigned=_assigned(ctx, base),
        onboarding=plan_onboarding(ctx, base.onboarding),
        reset_obeyed=reset_again(ctx, base),
    )
    before = ctx.account or ctx.former
    transfers = settle_change(ctx).transfers
    _take(ctx.snapshot, before, after)
    ctx.snapshot.give(transfers)
    kept = [*ctx.profile.kept, *kept_preferences(ctx.spec, after, ctx.policies)]
    findings = [*ready("The account is provisioned."), *check_warnings(ctx), *warn_of_kept_profile(kept)]
    findings += warn_of_new_address(after)
    return replace(_planned(ctx.user, ctx.snapshot, before, after, findings), transfers=transfers)


def _described(ctx: UserContext) -> Account:
    """Return the account with the person's data of the spec, new, present or restored."""
    spec = ctx.spec
    base = (
        ctx.account
        or _restored(ctx)
        or Account(
            id=ctx.user.uid,
            user_name=spec.user_name,
            login_key=ctx.key,
            manager=ctx.user.manager,
            created=ctx.snapshot.now,
        )
    )
    return replace(
        base,
        user_name=spec.user_name,
        manager=ctx.user.manager,
        resource_uid=ctx.user.uid,
        active=spec.active,
        can_log_in=not ctx.unlicensed,
        profile=ctx.profile.values,
        attributes=tuple((a.name, a.value) for a in spec.attributes),
        preferences=_preferences(ctx, base),
        password=_password(ctx, base),
        mailbox=str(ctx.mailbox or ""),
    )


def _password(ctx: UserContext, base: Account) -> Password | None:
    """Return the password by the Secret. Taking the reference out of the spec leaves the password as it is."""
    taking = [policy for policy in ctx.policies if takes_password(policy)]
    password = apply_offer(base.password, ctx.offer, ctx.snapshot.now)
    return expiration(password, password_policy(ctx.spec, taking)) if taking else password


def _restored(ctx: UserContext) -> Account | None:
    """Return the tombstone raised: its id, its sequences, and its preferences as they were (NR-14)."""
    if ctx.former is None:
        return None
    return replace(
        ctx.former,
        tombstone=None,
        restored_preferences=ctx.former.preferences,
        former_workgroups=frozenset(),
        # Who never came is invited anew: the invitation went with the account.
        onboarding=ctx.former.onboarding if ctx.former.onboarding.joined is not None else Onboarding(),
    )


def _preferences(ctx: UserContext, base: Account) -> tuple[tuple[str, str], ...]:
    """Return the preferences in force: the person's own, else the spec's, else the restored, else the default."""
    given = {p.name: p.value for p in ctx.spec.preferences} | own_preferences(ctx.account, ctx.policies)
    restored = dict(base.restored_preferences)
    found = []
    for definition in definitions_of_preferences(ctx).values():
        kept = restored.get(definition.name)
        chosen = given.get(definition.name)
        value = (
            (chosen if chosen in definition.values else None)
            or (kept if kept in definition.values else None)
            or definition.default
        )
        if value is not None:
            found.append((definition.name, value))
    return tuple(found)


def _left(ctx: UserContext) -> frozenset[str]:
    """Return the workgroups that this change deletes the account from, where that is remembered (NR-25)."""
    return frozenset(w for w in leaving(ctx) if _mode_of(w, ctx.snapshot) is not DeletionMode.PERMANENT)


def _seat(ctx: UserContext) -> Seat | None:
    """Return the seat by the spec; one that stays keeps the time it was granted."""
    if ctx.spec.license is None or ctx.pool is None:
        return None
    held = ctx.account.seat if ctx.account is not None else None
    if held is not None and (held.pool, held.type) == (ctx.pool.name, ctx.spec.license.type):
        return held
    return Seat(ctx.pool.name, ctx.spec.license.type, ctx.snapshot.now)


def _assigned(ctx: UserContext, base: Account) -> tuple[tuple[str, int], ...]:
    """Return the sequence values: those it has for ever, and new ones where a policy asks (TT-04)."""
    have = dict(base.assigned)
    for definition in definitions_of_attributes(ctx).values():
        if definition.format is AttributeFormat.SEQUENCE and definition.name not in have:
            have[definition.name] = ctx.snapshot.next_in_sequence(definition.name)
    return tuple(have.items())


def _mode_of(workgroup: str, snapshot: Snapshot) -> DeletionMode:
    policy = snapshot.workgroups.get(workgroup)
    return policy.spec.deletion.mode if policy else DeletionMode.RESTORABLE


def deletion_mode(account: Account, named: tuple[str, ...], snapshot: Snapshot) -> DeletionMode:
    """Return how the account is deleted by the policies of its workgroups; the most lasting, should they differ.

    An account that was never in force leaves nothing. One that is not in force now goes by the workgroups it was in,
    else by those ``named``.
    """
    if not account.provisioned:
        return DeletionMode.PERMANENT
    workgroups = tuple(m.workgroup for m in account.members) or tuple(account.evicted_from) or named
    modes = {_mode_of(w, snapshot) for w in workgroups} or {DeletionMode.RESTORABLE}
    lasting = (DeletionMode.PERMANENT_RESERVED, DeletionMode.RESTORABLE, DeletionMode.PERMANENT)
    return next(mode for mode in lasting if mode in modes)


def bury(account: Account, mode: DeletionMode, snapshot: Snapshot) -> Account | None:
    """Return what stays of the account: its tombstone, or None where it is erased and its login freed."""
    if mode is DeletionMode.PERMANENT:
        return None
    tombstone = Tombstone(snapshot.now, mode)
    if mode is DeletionMode.PERMANENT_RESERVED:
        return Account(
            id=account.id,
            user_name="",
            login_key=account.login_key,
            manager=account.manager,
            created=account.created,
            assigned=account.assigned,
            tombstone=tombstone,
        )
    return replace(
        account,
        resource_uid=None,
        members=(),
        former_workgroups=account.former_workgroups | account.homes,
        evicted_from=frozenset(),
        seat=None,
        waiting=None,
        going=False,
        password=None,
        mailbox="",
        tombstone=tombstone,
    )


def _take(snapshot: Snapshot, before: Account | None, after: Account | None) -> None:
    """Count the change and let the next plan of the batch see it."""
    if before == after:
        return
    snapshot.usage.move(capacities_held(before, snapshot), capacities_held(after, snapshot))
    snapshot.usage.queue(_queued(before), _queued(after))
    snapshot.record(before, after)


def _queued(account: Account | None) -> frozenset[Capacity]:
    return account.waiting.capacities if account is not None and account.waiting is not None else frozenset()


def _planned(
    user: Observed[UserSpec],
    snapshot: Snapshot,
    before: Account | None,
    after: Account | None,
    findings: list[Finding],
) -> UserPlan:
    ready_reason = findings[0].reason
    status = describe_user(user.generation, after, ready_reason, snapshot.now)
    due = next_change(user.spec, after, snapshot.now)
    return UserPlan(before, after, status, tuple(findings), refs_of(user, after), due)


def refs_of(user: Observed[UserSpec], account: Account | None) -> frozenset[Ref]:
    """Return what this User depends on: a change there has it looked at again.

    One without an account depends on its login and its addresses too: who takes them, and who gives them back.
    """
    if user.spec is None:
        return frozenset()
    found = {workgroup_ref(m.workgroup_ref) for m in user.spec.workgroups}
    found |= {workgroup_ref(choice.workgroup_ref) for choice in user.spec.offboarding.holdings}
    found |= {secret_ref(ref.name) for ref in (user.spec.password_ref, user.spec.mailbox_ref) if ref is not None}
    if account is None and login_fault(user.spec.user_name) is None:
        found.add(login_ref(login_key(user.spec.user_name)))
        found |= {email_ref(login_key(email.value)) for email in user.spec.emails}
    return frozenset(found)
