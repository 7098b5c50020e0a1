"""What accounts hold in applications, and what becomes of it when its account goes (NR-16, NR-17)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tenantry.domain.account import Account
from tenantry.domain.audit import Change
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.specs.user_membership import HoldingChoice
from tenantry.specs.workgroup_deletion import Assignees, HoldingPolicy, OnDelete, OnGroupRemoval
from tenantry.specs.workgroup_profile import UserType

EVERY_KIND = "*"
_OFFBOARDING = "spec.offboarding.holdings"


@dataclass(frozen=True, slots=True, order=True)
class Holding:
    """One thing in an application. ``covers``: the one group that a saved query or chart is about, or empty."""

    workgroup: str
    kind: str
    name: str
    account_id: str
    covers: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """How many of one kind an account holds in one workgroup, apart by what they cover."""

    workgroup: str
    kind: str
    covers: str
    count: int


@dataclass(frozen=True, slots=True, order=True)
class Transfer:
    """All that an account holds of one kind in one workgroup, given to another account or, with None, dropped."""

    account_id: str
    workgroup: str
    kind: str
    count: int
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of holdings. What is ``left`` has a refusal each, which says what to do."""

    transfers: tuple[Transfer, ...] = ()
    left: tuple[Held, ...] = ()
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Estate:
    """Whose holdings are to be settled, and by what: its User's choices, policies by workgroup, who could take them.

    ``assignees`` are accounts by the name of their User. ``command`` gives holdings away by hand.
    """

    account: Account
    command: str
    choices: Sequence[HoldingChoice] = ()
    policies: Mapping[str, Sequence[HoldingPolicy]] = field(default_factory=dict)
    assignees: Mapping[str, Account] = field(default_factory=dict)


def settle(held: Iterable[Held], estate: Estate) -> Settlement:
    """Decide on all that an account holds.

    The choice for the kind wins over that for every kind, and both over the policy; a kind that nobody speaks of goes
    with the account.
    """
    transfers, left, refusals = [], [], []
    for parcel in _by_kind(held):
        to, refusal = _decide(parcel, estate)
        if refusal is None:
            transfers.append(Transfer(estate.account.id, parcel.workgroup, parcel.kind, parcel.count, to))
        else:
            left.append(parcel)
            refusals.append(refusal)
    return Settlement(tuple(transfers), tuple(left), tuple(refusals))


def _by_kind(held: Iterable[Held]) -> Iterator[Held]:
    """Yield the holdings summed up: what they cover makes no difference to a deletion."""
    counts: dict[tuple[str, str], int] = {}
    for some in held:
        counts[some.workgroup, some.kind] = counts.get((some.workgroup, some.kind), 0) + some.count
    return (Held(workgroup, kind, "", count) for (workgroup, kind), count in sorted(counts.items()))


def policy_of(kind: str, policies: Iterable[HoldingPolicy]) -> HoldingPolicy | None:
    """Return the policy for a kind: its own, else that for every kind, else None."""
    by_kind = {policy.kind: policy for policy in policies}
    return by_kind.get(kind) or by_kind.get(EVERY_KIND)


def _choice_of(parcel: Held, choices: Sequence[HoldingChoice]) -> tuple[int, HoldingChoice] | None:
    decided = ((i, c) for i, c in enumerate(choices) if c.reassign_to is not None or c.drop)
    named = {c.kind: (i, c) for i, c in decided if c.workgroup_ref == parcel.workgroup}
    return named.get(parcel.kind) or named.get(EVERY_KIND)


def _decide(parcel: Held, estate: Estate) -> tuple[str | None, Refusal | None]:
    """Return to which account the parcel goes (None: it is dropped), or why it is left."""
    policy = policy_of(parcel.kind, estate.policies.get(parcel.workgroup, ()))
    chosen = _choice_of(parcel, estate.choices)
    if chosen is not None:
        index, choice = chosen
        return _by_choice(parcel, policy, choice, f"{_OFFBOARDING}[{index}]", estate)
    if policy is None or policy.on_delete is OnDelete.DROP:
        return None, None
    if policy.on_delete is OnDelete.REASSIGN and policy.default_assignee is not None:
        origin = f'Workgroup "{parcel.workgroup}" gives {_told(parcel)} to its defaultAssignee, but '
        return _give(parcel, policy, policy.default_assignee, _OFFBOARDING, origin, estate)
    return None, Refusal(Reason.HOLDINGS_LEFT, _OFFBOARDING, _left(parcel, policy, estate))


def _by_choice(
    parcel: Held, policy: HoldingPolicy | None, choice: HoldingChoice, path: str, estate: Estate
) -> tuple[str | None, Refusal | None]:
    if choice.reassign_to is not None:
        origin = f"{_told(parcel)} cannot be given away: "
        return _give(parcel, policy, choice.reassign_to, f"{path}.reassignTo", origin, estate)
    if is_droppable(policy):
        return None, None
    message = (
        f'Workgroup "{parcel.workgroup}" does not let holdings of kind "{parcel.kind}" be dropped, and {parcel.count} '
        f"are left; name a User in reassignTo instead"
    )
    return None, Refusal(Reason.HOLDING_NOT_DROPPABLE, f"{path}.drop", message)


def is_droppable(policy: HoldingPolicy | None) -> bool:
    """Tell whether an offboarding may drop what this policy is about."""
    return policy is None or policy.droppable or policy.on_delete is OnDelete.DROP


def _give(
    parcel: Held, policy: HoldingPolicy | None, name: str, path: str, origin: str, estate: Estate
) -> tuple[str | None, Refusal | None]:
    candidate = estate.assignees.get(name)
    if candidate is None or not candidate.in_force:
        message = f'{origin}User "{name}" is not there, has no account yet, or is being deleted; name another'
        return None, Refusal(Reason.ASSIGNEE_NOT_FOUND, path, message)
    fault = assignee_fault(candidate, estate.account, parcel.workgroup, policy)
    if fault is None:
        return candidate.id, None
    return None, Refusal(Reason.ASSIGNEE_NOT_ALLOWED, path, f'{origin}User "{name}" {fault}; name another')


def assignee_fault(candidate: Account, account: Account, workgroup: str, policy: HoldingPolicy | None) -> str | None:
    """Return why an account may not be given what one that goes holds in a workgroup, or None (NR-17).

    Here a system user may never: it is for what is given away before a deletion.
    """
    allowed = policy.assignees if policy is not None else Assignees()
    if candidate.id == account.id:
        return "is the one that goes"
    if candidate.scope:
        return "is a system user"
    if workgroup not in candidate.memberships:
        return f'is no member of Workgroup "{workgroup}"'
    license_type = candidate.seat.type if candidate.seat is not None else None
    if allowed.license_types and license_type not in allowed.license_types:
        return f"has license type {license_type or 'none'}, and allowed is {' or '.join(allowed.license_types)}"
    user_type = (candidate.profile or {}).get("userType", UserType.INTERNAL)
    if allowed.user_types and user_type not in allowed.user_types:
        return f"is {user_type}, and allowed is {' or '.join(allowed.user_types)}"
    return None


def _told(parcel: Held) -> str:
    noun = "holding" if parcel.count == 1 else "holdings"
    return f'{parcel.count} {noun} of kind "{parcel.kind}"'


def _left(parcel: Held, policy: HoldingPolicy | None, estate: Estate) -> str:
    drop = " or drop: true" if is_droppable(policy) else ""
    return (
        f'{_told(parcel)} in Workgroup "{parcel.workgroup}" must be settled first; add an entry for workgroupRef '
        f"{parcel.workgroup} and kind {parcel.kind} with reassignTo{drop}, or run: {estate.command} --to LOGIN "
        f"--workgroup {parcel.workgroup} --kind {parcel.kind}"
    )


def sole_coverage(held: Held, policies: Iterable[HoldingPolicy]) -> bool:
    """Tell whether these hold up the removal of their account from the group that they cover (NR-22)."""
    policy = policy_of(held.kind, policies)
    return bool(held.covers) and policy is not None and policy.on_group_removal is OnGroupRemoval.BLOCK_IF_SOLE_COVERAGE


def describe_transfer(transfer: Transfer, resource_uid: str | None) -> Change:
    """Return what is recorded of holdings that were given away or dropped."""
    facts = {"workgroup": transfer.workgroup, "kind": transfer.kind, "count": transfer.count}
    if transfer.to is None:
        return Change("HoldingsDropped", "Holding", transfer.account_id, resource_uid, facts, {})
    return Change("HoldingsReassigned", "Holding", transfer.account_id, resource_uid, {**facts, "to": transfer.to}, {})


def describe_orphans(account_id: str, resource_uid: str | None, held: Held) -> Change:
    """Return what is recorded of holdings whose account went with its namespace (design §2, decision 15)."""
    facts = {"workgroup": held.workgroup, "kind": held.kind, "count": held.count}
    return Change("HoldingsOrphaned", "Holding", account_id, resource_uid, facts, {})
