"""What accounts hold in applications: registered, listed, given away, deleted (NR-16, NR-18, NR-28)."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from tenantry.domain.account import Account
from tenantry.domain.audit import Change
from tenantry.domain.holding import Held, Holding, Transfer, assignee_fault, describe_transfer, policy_of
from tenantry.domain.login import login_key
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.domain.snapshot import WorkgroupPolicy
from tenantry.domain.user_holdings import leaving_by
from tenantry.services.accounts import chosen_tenants
from tenantry.services.acts import Act, acting
from tenantry.services.observed import observe
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_id, load_by_key, load_by_login, load_system_named
from tenantry.store.holding import (
    apply_transfers,
    count_holdings,
    find_holdings,
    insert_holdings,
    list_by_owner,
    remove_holdings,
    update_holdings,
)
from tenantry.store.policy import load_policies
from tenantry.store.resource import load_resources
from tenantry.store.tenant import TenantRow

#: Who is on record unless the caller says who.
ACTOR = "tenantry holdings"
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_LONGEST_NAME = 253


@dataclass(frozen=True, slots=True)
class Registration:
    """Things of one kind that an application says belong to an account, named by its login.

    ``covers``: the one group that these saved queries or charts are about, or empty. ``place``: where it stands in what
    was asked, which refusals name.
    """

    workgroup: str
    kind: str
    owner: str
    names: tuple[str, ...]
    covers: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Deletion:
    """Things of one kind that an application does not have any more."""

    workgroup: str
    kind: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Handover:
    """From whom to whom, by login. Without a workgroup or kind: of all of them."""

    giver: str
    taker: str
    workgroup: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How many holdings changed. With refusals nothing did."""

    changed: int = 0
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedHolding:
    """One line of the list of holdings."""

    tenant: str
    login: str
    account: str
    workgroup: str
    kind: str
    name: str
    covers: str


def list_holdings(
    store: Store,
    namespace: str | None = None,
    *,
    workgroup: str | None = None,
    kind: str | None = None,
    owner: str | None = None,
) -> list[ListedHolding]:
    """Return the holdings of one tenant or all, by login, workgroup, kind and name (NR-28).

    Raises:
        InputError: the store has no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    found = []
    with store.read() as connection:
        for tenant in chosen_tenants(connection, namespace):
            account = find_owner(connection, tenant, owner, workgroup) if owner is not None else None
            if owner is not None and account is None:
                continue
            account_id = account.id if account is not None else None
            rows = list_by_owner(connection, tenant.id, workgroup=workgroup, kind=kind, account_id=account_id)
            found += [
                ListedHolding(tenant.namespace, login, h.account_id, h.workgroup, h.kind, h.name, h.covers)
                for h, login in rows
            ]
    return found


def put_holdings(store: Store, namespace: str, wanted: Registration, now: datetime, *, actor: str = ACTOR) -> Result:
    """Register what belongs to one account, as ``put_all`` does.

    Raises:
        InputError: the store has no such tenant, or its audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    return put_all(store, namespace, [wanted], now, actor=actor)


def put_all(
    store: Store, namespace: str, wanted: Sequence[Registration], now: datetime, *, actor: str = ACTOR
) -> Result:
    """Register what belongs to accounts: what is new is added, what is another's or covers something else is edited.

    All of it or nothing: with one refusal nothing is registered, and each that there is is told. The same again changes
    nothing.

    Raises:
        InputError: the store has no such tenant, or its audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    with acting(store, namespace, actor, now) as act:
        workgroups = load_policies(act.connection, act.tenant.id).workgroups
        accounts = _owners(act, wanted)
        owners = [accounts.get((each.workgroup, login_key(each.owner))) for each in wanted]
        refusals = [
            replace(refusal, field=f"{each.place}.{refusal.field}" if each.place else refusal.field)
            for each, owner in zip(wanted, owners, strict=True)
            for refusal in _check(each, workgroups.get(each.workgroup), owner, now)
        ]
        if refusals:
            return Result(refusals=tuple(refusals))
        return Result(_put(act, [(each, owner) for each, owner in zip(wanted, owners, strict=True) if owner]))


def _owners(act: Act, wanted: Sequence[Registration]) -> dict[tuple[str, str], Account]:
    """Return the account or tombstone of each login by the workgroup it is named with, which may have its own."""
    keys = {login_key(each.owner) for each in wanted}
    found = load_by_key(act.connection, act.tenant.id, keys)
    users = {account.login_key: account for account in found if not account.scope}
    system = {(account.scope, account.login_key): account for account in found if account.scope}
    named = {(each.workgroup, login_key(each.owner)) for each in wanted}
    return {name: account for name in named if (account := system.get(name) or users.get(name[1])) is not None}


def _check(
    wanted: Registration, workgroup: WorkgroupPolicy | None, owner: Account | None, now: datetime
) -> Iterator[Refusal]:
    yield from _check_form(wanted)
    yield from _check_workgroup(wanted, workgroup)
    if owner is None or not _is_alive(owner):
        yield _unfit(wanted.owner, owner, "userName", now)
    elif workgroup is not None and wanted.workgroup not in owner.homes:
        message = f'"{wanted.owner}" is no member of Workgroup "{wanted.workgroup}"; add its User there first'
        yield Refusal(Reason.NOT_A_MEMBER, "userName", message)


def _put(act: Act, wanted: Iterable[tuple[Registration, Account]]) -> int:
    """Write what is new or other than before; of one that is named twice the last counts."""
    asked = {
        (each.workgroup, each.kind, name): Holding(each.workgroup, each.kind, name, owner.id, each.covers)
        for each, owner in wanted
        for name in each.names
    }
    present = _present(act, asked)
    new = [holding for place, holding in asked.items() if place not in present]
    edited = [holding for place, holding in asked.items() if present.get(place, holding) != holding]
    insert_holdings(act.connection, act.tenant.id, new)
    update_holdings(act.connection, act.tenant.id, edited)
    former = {present[holding.workgroup, holding.kind, holding.name].account_id for holding in edited}
    owners = former | {holding.account_id for holding in (*new, *edited)}
    _conclude(act, [*_tell("HoldingsRegistered", new), *_tell("HoldingsEdited", edited)], owners)
    return len(new) + len(edited)


def _present(act: Act, asked: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], Holding]:
    """Return what is registered already of these, by workgroup, kind and name."""
    names: dict[tuple[str, str], list[str]] = {}
    for workgroup, kind, name in asked:
        names.setdefault((workgroup, kind), []).append(name)
    rows = [r for of, some in names.items() for r in find_holdings(act.connection, act.tenant.id, *of, some)]
    return {(row.workgroup, row.kind, row.name): row for row in rows}


def delete_holdings(store: Store, namespace: str, gone: Deletion, now: datetime, *, actor: str = ACTOR) -> Result:
    """Forget things that are gone from an application. Those that are not registered are passed over.

    Raises:
        InputError: the store has no such tenant, or its audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    with acting(store, namespace, actor, now) as act:
        rows = find_holdings(act.connection, act.tenant.id, gone.workgroup, gone.kind, gone.names)
        remove_holdings(act.connection, act.tenant.id, rows)
        _conclude(act, _tell("HoldingsDeleted", rows), {row.account_id for row in rows})
        return Result(len(rows))


def reassign_holdings(store: Store, namespace: str, handover: Handover, now: datetime, *, actor: str = ACTOR) -> Result:
    """Give all that an account holds, or all of a workgroup or kind, to another at once (NR-18).

    Before a deletion anybody may be given it, a system user where the policy names it; afterwards only those that the
    policy lets in (NR-17).

    Raises:
        InputError: the store has no such tenant, or its audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    with acting(store, namespace, actor, now) as act:
        giver, taker = (
            find_owner(act.connection, act.tenant, n, handover.workgroup) for n in (handover.giver, handover.taker)
        )
        if giver is None:
            return Result(refusals=(_unfit(handover.giver, giver, "from", now),))
        if taker is None or not _is_alive(taker):
            return Result(refusals=(_unfit(handover.taker, taker, "to", now, Reason.ASSIGNEE_NOT_FOUND),))
        transfers = _transfers(act.connection, giver, taker, handover)
        refusals = _check_taker(act, giver, taker, transfers)
        if refusals:
            return Result(refusals=tuple(refusals))
        apply_transfers(act.connection, transfers)
        _conclude(
            act, [describe_transfer(transfer, giver.resource_uid) for transfer in transfers], {giver.id, taker.id}
        )
        return Result(sum(transfer.count for transfer in transfers))


def _transfers(connection: Connection, giver: Account, taker: Account, handover: Handover) -> list[Transfer]:
    def parcel(held: Held) -> tuple[str, str]:
        return (held.workgroup, held.kind)

    asked = (handover.workgroup, handover.kind)
    held = sorted(count_holdings(connection, [giver.id])[giver.id])
    held = [h for h in held if all(want in {None, has} for want, has in zip(asked, parcel(h), strict=True))]
    counts = ((key, sum(h.count for h in some)) for key, some in groupby(held, parcel))
    return [Transfer(giver.id, *key, count, taker.id) for key, count in counts]


def _check_taker(act: Act, giver: Account, taker: Account, transfers: Sequence[Transfer]) -> list[Refusal]:
    if giver.id == taker.id:
        return [Refusal(Reason.ASSIGNEE_NOT_ALLOWED, "to", "an account cannot be given what it has; name another")]
    giver_stays, taker_stays = (_stays_in(act, account) for account in (giver, taker))
    workgroups = load_policies(act.connection, act.tenant.id).workgroups
    found = []
    for transfer in transfers:
        workgroup = workgroups.get(transfer.workgroup)
        fault = _taker_fault(giver, taker, transfer, workgroup, going=transfer.workgroup not in giver_stays)
        if not taker.scope and transfer.workgroup not in taker_stays:
            fault = "is no member there, or is leaving it; name another"
        if fault is not None:
            message = f'holdings of kind "{transfer.kind}" in Workgroup "{transfer.workgroup}" cannot go to '
            found.append(Refusal(Reason.ASSIGNEE_NOT_ALLOWED, "to", f'{message}"{taker.user_name}", which {fault}'))
    return found


def _taker_fault(
    giver: Account, taker: Account, transfer: Transfer, workgroup: WorkgroupPolicy | None, *, going: bool
) -> str | None:
    policy = policy_of(transfer.kind, workgroup.spec.deletion.holdings) if workgroup is not None else None
    if going:
        return assignee_fault(taker, giver, transfer.workgroup, policy)
    if not taker.scope:
        return None
    if taker.scope != transfer.workgroup:
        return f'is a system user of Workgroup "{taker.scope}"'
    if policy is not None and taker.user_name not in policy.assignees.system_users:
        return f"is a system user that the policy does not name; {choices(policy.assignees.system_users)}"
    return None


def find_owner(connection: Connection, tenant: TenantRow, login: str, workgroup: str | None) -> Account | None:
    """Return the account or tombstone of a login; a system user's is one of its workgroup's only."""
    key = login_key(login)
    named = load_system_named(connection, tenant.id, key, workgroup) if workgroup else []
    return next(iter(named or load_by_login(connection, tenant.id, [key])), None)


def _is_alive(account: Account) -> bool:
    return account.tombstone is None and account.provisioned


def _unfit(
    name: str, account: Account | None, field: str, now: datetime, reason: Reason = Reason.USER_NOT_FOUND
) -> Refusal:
    """Return why an account can have no holdings: it is not there, or not yet."""
    message = f'no account has the login "{name}"; a system user is named with its workgroup'
    if account is not None and account.tombstone is None:
        message = f'"{name}" is {account.state(now)}: it can be given nothing until it has its seat'
    return Refusal(reason, field, message)


def _check_form(wanted: Registration) -> Iterator[Refusal]:
    if _KIND.fullmatch(wanted.kind) is None:
        message = "a kind is a letter and then at most 62 letters, digits, _ or -"
        yield Refusal(Reason.INVALID_SPEC, "kind", message)
    if not all(0 < len(name) <= _LONGEST_NAME and name.isprintable() for name in wanted.names):
        yield Refusal(Reason.INVALID_SPEC, "name", f"a name has 1 to {_LONGEST_NAME} printable characters")


def _check_workgroup(wanted: Registration, workgroup: WorkgroupPolicy | None) -> Iterator[Refusal]:
    if workgroup is None:
        message = f'Workgroup "{wanted.workgroup}" does not exist; create it, or correct the name'
        yield Refusal(Reason.WORKGROUP_NOT_FOUND, "workgroup", message)
    elif wanted.covers and wanted.covers not in workgroup.spec.groups_by_name:
        known = choices(workgroup.spec.groups_by_name)
        message = f'group "{wanted.covers}" is not defined in Workgroup "{wanted.workgroup}"; {known}'
        yield Refusal(Reason.GROUP_NOT_FOUND, "covers", message)
    policies = workgroup.spec.deletion.holdings if workgroup is not None else ()
    if policies and policy_of(wanted.kind, policies) is None:
        known = choices(policy.kind for policy in policies)
        message = f'Workgroup "{wanted.workgroup}" lists no holdings of kind "{wanted.kind}"; {known}'
        yield Refusal(Reason.HOLDING_NOT_FOUND, "kind", message)


def _tell(action: str, rows: Iterable[Holding]) -> list[Change]:
    """Return one record an account and kind. Names are the applications': they may tell of people, and stay out."""

    def owner(row: Holding) -> tuple[str, str, str]:
        return (row.account_id, row.workgroup, row.kind)

    grouped = ((key, len(list(some))) for key, some in groupby(sorted(rows, key=owner), owner))
    return [
        Change(action, "Holding", account_id, None, {"workgroup": workgroup, "kind": kind, "count": count}, {})
        for (account_id, workgroup, kind), count in grouped
    ]


def _conclude(act: Act, changes: Sequence[Change], account_ids: Collection[str]) -> None:
    """Take what changed, and have those Users looked at again that something holds up: it may be their holdings."""
    if not changes:
        return
    act.records += changes
    uids = [a.resource_uid for a in load_by_id(act.connection, account_ids) if a.resource_uid is not None]
    rows = load_resources(act.connection, uids).values()
    act.woken |= {row.uid for row in rows if row.reason != Reason.PROVISIONED}


def _stays_in(act: Act, account: Account) -> frozenset[str]:
    """Return the workgroups that the account is to stay in: its User is not deleted, and makes it a member there."""
    rows = load_resources(act.connection, [account.resource_uid] if account.resource_uid is not None else [])
    users = [observe(row, act.tenant.namespace) for row in rows.values()]
    if any(user.deleting for user in users):
        return frozenset()
    return account.homes.difference(*(leaving_by(user.spec, account) for user in users))
