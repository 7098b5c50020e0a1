"""Accounts deleted for a person, or taken out of a workgroup: what they hold is settled first (NR-17, NR-25)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenantry.domain.administration import check, check_system_user
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.user_edit import set_entry, written
from tenantry.services.administration import Call, Case, Desk, do_to_many, find_for
from tenantry.services.managed import Asked, Drop, Put, carry_out, document_of, owned_elsewhere
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_capability import Capability
from tenantry.store import Store
from tenantry.store.holding import count_holdings
from tenantry.store.joined import JoinedStore


@dataclass(frozen=True, slots=True)
class Settled:
    """What is to become of one kind of what an account holds (NR-17): given to a login, or dropped."""

    workgroup: str
    kind: str
    reassign_to: str | None = None
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Deletion:
    """Which accounts are to go, and what is to become of what they hold.

    ``membership``: only from the workgroup of the person. Without ``confirmed`` it is told, and nothing is done.
    """

    account_ids: tuple[str, ...]
    settled: tuple[Settled, ...] = ()
    membership: bool = False
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Gone:
    """What became of one, or would: ``holdings`` are how many it has by workgroup and kind."""

    account_id: str
    login: str = ""
    refusal: Refusal | None = None
    holdings: tuple[tuple[str, str, int], ...] = ()


def delete_users(store: Store, call: Call, deletion: Deletion) -> list[Gone] | Refusal:
    """Delete accounts, a few in one transaction; each that is refused stays as it was (IT-18).

    A lost store ends it between two of those: asked again, it goes on with those that are left.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """

    def delete(held: JoinedStore, desk: Desk, ids: Sequence[str]) -> list[Gone]:
        return _delete(held, desk, call, deletion, ids)

    def refuse(id_: str, refusal: Refusal) -> Gone:
        return Gone(id_, refusal=refusal)

    ids = list(dict.fromkeys(deletion.account_ids))
    return do_to_many(store, call, Capability.DELETE_USERS, ids, delete, refuse)


def _delete(store: JoinedStore, desk: Desk, call: Call, deletion: Deletion, ids: Sequence[str]) -> list[Gone]:
    """Delete accounts, each by itself; those that have nothing to be settled go together, which is much faster."""
    found = [_lot(desk, deletion, account_id) for account_id in ids]
    plain = [lot for lot in found if isinstance(lot, _Lot) and len(lot.steps) == 1]
    refusals = _take(store, call, [lot.steps[0] for lot in plain], keep=deletion.confirmed)
    came = {lot.gone.account_id: refusal for lot, refusal in zip(plain, refusals, strict=True)}
    gone = []
    for lot in found:
        if isinstance(lot, Gone):
            gone.append(lot)
            continue
        refusal = came.get(lot.gone.account_id)
        if lot.gone.account_id not in came:
            refusal = _take_in_turn(store, call, lot.steps, keep=deletion.confirmed)
        gone.append(replace(lot.gone, refusal=refusal))
    return gone


@dataclass(frozen=True, slots=True)
class _Lot:
    """What is to be carried out for one account, all of it or nothing."""

    gone: Gone
    steps: list[Asked]


def _lot(desk: Desk, deletion: Deletion, account_id: str) -> _Lot | Gone:
    case = find_for(desk, Capability.DELETE_USERS, account_id)
    if isinstance(case, Refusal):
        return Gone(account_id, refusal=case)
    account = case.target.account
    counts = count_holdings(desk.connection, [account.id])[account.id]
    held = tuple(sorted((h.workgroup, h.kind, h.count) for h in counts))
    gone = Gone(account_id, account.user_name, holdings=held)
    steps = _steps(case, deletion)
    return replace(gone, refusal=steps) if isinstance(steps, Refusal) else _Lot(gone, steps)


def _take(store: JoinedStore, call: Call, steps: Sequence[Asked], *, keep: bool) -> list[Refusal | None]:
    """Carry out each by itself; without ``keep`` none, once it is known what would come of it."""
    if not steps:
        return []
    attempt = store.savepoint()
    done = carry_out(store, call.namespace, steps, call.actor, call.now)
    if keep:
        attempt.commit()
    else:
        attempt.rollback()
    return [each.refusal for each in done]


def _take_in_turn(store: JoinedStore, call: Call, steps: Sequence[Asked], *, keep: bool) -> Refusal | None:
    """Carry out step by step, all of them or none."""
    attempt = store.savepoint()
    refusal = None
    for step in steps:
        (refusal,) = _take(store, call, [step], keep=True)
        if refusal is not None:
            break
    if refusal is None and keep:
        attempt.commit()
    else:
        attempt.rollback()
    return refusal


def _steps(case: Case, deletion: Deletion) -> list[Asked] | Refusal:
    """Return what is to be carried out: the choices become those of the spec, which are obeyed as it goes."""
    account, here = case.target.account, case.desk.actor.workgroup
    refusal = check_system_user(case.target, case.desk.actor.policy, editable=False)
    refusal = refusal or owned_elsewhere(account, case.resource)
    if refusal is None and not deletion.membership:
        refusal = in_other_workgroups(case)
    choices = refusal or _choices(case, deletion.settled)
    if isinstance(choices, Refusal):
        return choices
    present = document_of(case.desk.connection, account) or {}
    document = written(present)  # what was chosen for an earlier deletion was for that one
    if choices:
        document = {**document, "offboarding": {"holdings": choices}}
    if deletion.membership:
        entry = {"role": None, "groups": None, "access": None, "scopes": None, "notifications": None}
        leaves = {**entry, "defaultModule": None, "membership": MembershipKind.AVAILABLE.value}
        return [Put(set_entry(document, here, **leaves), create=False)]
    return [*([Put(document, create=False)] if document != present else []), Drop(account.user_name)]


def in_other_workgroups(case: Case) -> Refusal | None:
    """Return that an account is not for this workgroup alone to delete, or None."""
    here = case.desk.actor.workgroup
    if not case.target.workgroups - {here}:
        return None
    message = (
        f'"{case.target.account.user_name}" has access to other workgroups too; delete its membership of "{here}", '
        "or have the account deleted where it was made"
    )
    return Refusal(Reason.OUT_OF_REACH, "", message)


def _choices(case: Case, settled: Sequence[Settled]) -> list[dict[str, Any]] | Refusal:
    """Return the choices as a spec has them: takers by the name of their object. To give away is a right of its own."""
    if settled:
        refusal = check(case.desk.actor, Capability.REASSIGN_HOLDINGS, case.target)
        if refusal is not None:
            return refusal
    found: list[dict[str, Any]] = []
    here = case.desk.actor.workgroup
    for index, choice in enumerate(settled):
        if choice.workgroup != here:
            message = f'you act in Workgroup "{here}"; what is held elsewhere is settled there'
            return Refusal(Reason.OUT_OF_REACH, f"holdings.{index}.workgroup", message)
        entry: dict[str, Any] = {"workgroupRef": choice.workgroup, "kind": choice.kind}
        if choice.reassign_to is None:
            found.append(entry | {"drop": choice.drop})
            continue
        name = _object_name(case.desk, choice.reassign_to)
        if name is None:
            message = f'no account of Workgroup "{choice.workgroup}" can be given anything by the login given'
            return Refusal(Reason.ASSIGNEE_NOT_FOUND, f"holdings.{index}.reassignTo", message)
        found.append(entry | {"reassignTo": name})
    return found


def _object_name(desk: Desk, login: str) -> str | None:
    found = desk.find_login(login)
    row = desk.row_of(found.account) if found is not None and found.account.tombstone is None else None
    return row.name if row is not None else None
