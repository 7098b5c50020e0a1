"""What a User's account holds: settled before the User goes, or leaves a workgroup or group (NR-16, NR-22, NR-25)."""

import shlex
from collections.abc import Iterable, Iterator, Sequence

from tenantry.domain.account import Account
from tenantry.domain.holding import (
    EVERY_KIND,
    Estate,
    Held,
    Settlement,
    is_droppable,
    policy_of,
    settle,
    sole_coverage,
)
from tenantry.domain.observed import Observed, Ref, user_ref, workgroup_ref
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.domain.snapshot import Snapshot
from tenantry.domain.user_context import Entry, UserContext
from tenantry.domain.user_member import plan_member
from tenantry.specs import UserSpec
from tenantry.specs.user_membership import HoldingChoice, MembershipKind
from tenantry.specs.workgroup_deletion import HoldingPolicy


def leaving(ctx: UserContext) -> frozenset[str]:
    """Return the workgroups that the spec deletes the account from; mere access to one stays out of it (NR-25)."""
    return leaving_by(ctx.spec, ctx.account)


def leaving_by(spec: UserSpec | None, account: Account | None) -> frozenset[str]:
    """Return the workgroups that a spec deletes the account from; one that does not parse changes nothing."""
    if spec is None or account is None:
        return frozenset()
    return account.homes - {m.workgroup_ref for m in spec.workgroups if m.membership is MembershipKind.MEMBER}


def leaves_something(ctx: UserContext) -> bool:
    """Tell whether the spec takes the account out of a workgroup or group: then it counts what the account holds."""
    return bool(leaving(ctx)) or any(groups for _, groups in _leaving_groups(ctx))


def _leaving_groups(ctx: UserContext) -> Iterator[tuple[Entry, frozenset[str]]]:
    """Yield the groups that the spec takes the account out of, by the workgroups that it stays in."""
    for entry in ctx.entries:
        held = ctx.account.member_of(entry.membership.workgroup_ref) if ctx.account is not None else None
        if entry.is_member and held is not None and held.groups:
            yield entry, frozenset(held.groups) - frozenset(plan_member(ctx, entry).groups)


def settle_removal(user: Observed[UserSpec], account: Account | None, snapshot: Snapshot) -> Settlement:
    """Decide on all that the account of a User that goes holds; one that never was in force holds nothing."""
    if account is None or not account.provisioned:
        return Settlement()
    return settle(snapshot.holdings.get(account.id, ()), _estate(user, account, snapshot))


def settle_change(ctx: UserContext) -> Settlement:
    """Decide on what the account holds in the workgroups that the spec deletes it from."""
    left = leaving(ctx)
    if ctx.account is None or not left:
        return Settlement()
    held = [h for h in ctx.snapshot.holdings.get(ctx.account.id, ()) if h.workgroup in left]
    return settle(held, _estate(ctx.user, ctx.account, ctx.snapshot))


def _estate(user: Observed[UserSpec], account: Account, snapshot: Snapshot) -> Estate:
    return Estate(
        account=account,
        command=f"tenantry holdings reassign -n {user.namespace} --from {shlex.quote(account.user_name)}",
        choices=_choices(user),
        policies={name: policy.spec.deletion.holdings for name, policy in snapshot.workgroups.items()},
        assignees={
            name: snapshot.accounts[uid] for name, uid in snapshot.assignees.items() if uid in snapshot.accounts
        },
    )


def _choices(user: Observed[UserSpec]) -> Sequence[HoldingChoice]:
    return user.spec.offboarding.holdings if user.spec is not None else ()


def held_up(ctx: UserContext) -> tuple[Held, ...]:
    """Return the holdings that keep the account in a workgroup or group."""
    return (*settle_change(ctx).left, *(held for held, _ in _covering(ctx)))


def check_holdings(ctx: UserContext) -> Iterator[Refusal]:
    """Nothing is left behind in a workgroup or group that the account is taken out of (NR-22, NR-25)."""
    yield from settle_change(ctx).refusals
    for _, refusal in _covering(ctx):
        yield refusal


def _covering(ctx: UserContext) -> Iterator[tuple[Held, Refusal]]:
    """Yield the holdings that cover a group alone that the account is to leave (NR-22)."""
    for entry, groups in _leaving_groups(ctx):
        if ctx.account is None or entry.policy is None:
            continue
        policies = entry.policy.spec.deletion.holdings
        for held in ctx.snapshot.holdings.get(ctx.account.id, ()):
            if (held.workgroup == entry.policy.name and held.covers in groups) and sole_coverage(held, policies):
                message = (
                    f'{held.count} of kind "{held.kind}" in Workgroup "{held.workgroup}" cover group "{held.covers}" '
                    "alone; edit or delete them in the application first, or keep the group"
                )
                yield held, Refusal(Reason.HOLDINGS_LEFT, f"{entry.field}.groups", message)


def check_offboarding(ctx: UserContext) -> Iterator[Refusal]:
    """A choice is for a workgroup that is there, for a kind that it lists, and drops only what may be (NR-17).

    It may be one that the account is not in: that says what becomes of the holdings once it is.
    """
    for index, choice in enumerate(ctx.spec.offboarding.holdings):
        field = f"spec.offboarding.holdings[{index}]"
        workgroup = ctx.snapshot.workgroups.get(choice.workgroup_ref)
        if workgroup is None:
            message = f'Workgroup "{choice.workgroup_ref}" does not exist; create it, or take the entry out'
            yield Refusal(Reason.WORKGROUP_NOT_FOUND, f"{field}.workgroupRef", message)
        if choice.reassign_to == ctx.user.name:
            message = "the account cannot be given what it leaves itself; name another User"
            yield Refusal(Reason.ASSIGNEE_NOT_ALLOWED, f"{field}.reassignTo", message)
        if workgroup is not None and choice.kind != EVERY_KIND:
            yield from _check_choice(choice, field, workgroup.spec.deletion.holdings)


def _check_choice(choice: HoldingChoice, field: str, policies: Sequence[HoldingPolicy]) -> Iterator[Refusal]:
    policy = policy_of(choice.kind, policies)
    if policy is None:
        known = choices(p.kind for p in policies)
        message = f'Workgroup "{choice.workgroup_ref}" lists no holdings of kind "{choice.kind}"; {known}'
        yield Refusal(Reason.HOLDING_NOT_FOUND, f"{field}.kind", message)
    elif choice.drop and not is_droppable(policy):
        message = (
            f'Workgroup "{choice.workgroup_ref}" does not let holdings of kind "{choice.kind}" be dropped; '
            "name a User in reassignTo instead"
        )
        yield Refusal(Reason.HOLDING_NOT_DROPPABLE, f"{field}.drop", message)


def possible_assignees(user: Observed[UserSpec], workgroups: Iterable[str], snapshot: Snapshot) -> set[str]:
    """Return the names of the Users that could be given what the account holds in these workgroups."""
    found = {choice.reassign_to for choice in _choices(user)}
    for name in snapshot.workgroups.keys() & set(workgroups):
        found |= {policy.default_assignee for policy in snapshot.workgroups[name].spec.deletion.holdings}
    return {name for name in found if name is not None}


def refs_of_holdings(user: Observed[UserSpec], left: Iterable[Held], snapshot: Snapshot) -> frozenset[Ref]:
    """Return what can let a User go that is held up by holdings: their workgroups' policies, and who may take them."""
    workgroups = {held.workgroup for held in left}
    assignees = {user_ref(name) for name in possible_assignees(user, workgroups, snapshot)}
    return frozenset(assignees | {workgroup_ref(name) for name in workgroups})
