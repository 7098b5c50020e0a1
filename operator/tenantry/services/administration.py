"""What a person does to the accounts of others: who it is, what is meant, and the acts that need no spec.

Lock, revoke and reset are facts of the store: allowed whoever the manager of the account is (design §2, decision 7).
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from tenantry.domain.account import Account, Manager, Member
from tenantry.domain.administration import Actor, Target, actor_of, check, check_capability, check_system_user
from tenantry.domain.audit import name_person
from tenantry.domain.login import login_key
from tenantry.domain.observed import Kind
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.session import SessionEnd
from tenantry.domain.user_edit import asked_members
from tenantry.errors import StoreUnavailable
from tenantry.services.accounts import chosen_tenant
from tenantry.services.acts import Act, acting
from tenantry.services.password_changes import send_password_reset
from tenantry.services.sessions import Known
from tenantry.specs.workgroup_capability import Capability
from tenantry.specs.workgroup_deletion import DeletionMode
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_id, load_by_login, load_by_uid, load_system_named
from tenantry.store.joined import JoinedStore, joined
from tenantry.store.policy import load_policies
from tenantry.store.resource import ResourceRow, load_resources
from tenantry.store.session import load_live

#: How many are done in one transaction: the tenant's other calls wait for no more than half a second of it.
_AT_ONCE = 32
_LOST = Refusal(Reason.STORE_UNAVAILABLE, "", "the identity store was lost before this one; ask again for it")

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an application for a person. ``check_spec`` tells what the API server would refuse a spec for."""

    namespace: str
    client: str
    person: Known
    now: datetime
    check_spec: Callable[[Kind, Any], list[Refusal]]

    @property
    def actor(self) -> str:
        """Return who is on record."""
        return name_person(self.person.account.id, self.client)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a call is handled: the person as the store has it now, and what belongs to the tenant."""

    connection: Connection
    tenant_id: int
    actor: Actor

    def find(self, account_id: str, *, deleted: bool = False) -> Target | Refusal:
        """Return an account of the workgroup, or that there is none: those of other workgroups are nobody's here."""
        found = load_by_id(self.connection, [account_id], self.tenant_id)
        targets = [target for account in found if (target := self.target(account)) is not None]
        if targets and deleted >= (targets[0].account.tombstone is not None):
            return targets[0]
        message = f'no account of Workgroup "{self.actor.workgroup}" has the id "{account_id[:64]}"'
        return Refusal(Reason.USER_NOT_FOUND, "id", message)

    def find_login(self, login: str) -> Target | None:
        """Return the account of the workgroup that has a login, its own system user before others, or None."""
        key = login_key(login)
        system = load_system_named(self.connection, self.tenant_id, key, self.actor.workgroup)
        found = [*system, *load_by_login(self.connection, self.tenant_id, [key])]
        return next((target for account in found if (target := self.target(account)) is not None), None)

    def target(self, account: Account, row: ResourceRow | None = None) -> Target | None:
        """Return an account as it is seen from the workgroup of the actor, or None."""
        here = self.actor.workgroup
        if account.scope:
            return Target(account, frozenset({here}), account.member_of(here)) if account.scope == here else None
        members = list(account.members) or self._asked_by(row or self.row_of(account), account)
        workgroups = frozenset(m.workgroup for m in members) | account.evicted_from
        if account.tombstone is not None:
            workgroups |= account.former_workgroups
        member = next((m for m in members if m.workgroup == here), None)
        elsewhere = tuple(m for m in members if m.workgroup != here)
        ours = here in workgroups | account.former_workgroups
        return Target(account, workgroups, member, elsewhere) if ours else None

    def _asked_by(self, row: ResourceRow | None, account: Account) -> list[Member]:
        """Return what an account without a place asks for: what it was given there would be lost otherwise."""
        document = json.loads(row.document) if row is not None else {}
        return asked_members(document, self.actor.policies, account.created)

    def owners(self, uids: Collection[str]) -> list[Account]:
        """Return the accounts that these objects own."""
        return load_by_uid(self.connection, uids)

    def row_of(self, account: Account) -> ResourceRow | None:
        """Return the object that owns an account."""
        uid = account.resource_uid or ""
        return load_resources(self.connection, [uid]).get(uid) if uid else None


def is_restorable(account: Account) -> bool:
    """Tell whether this is what stays of a deleted account that can be restored."""
    return account.tombstone is not None and account.tombstone.mode is DeletionMode.RESTORABLE


def open_desk(connection: Connection, tenant_id: int, call: Call) -> Desk | Refusal:
    """Return the desk for a call, or why the person has none any more."""
    session = call.person.session
    account = next(iter(load_by_id(connection, [session.account_id], tenant_id)), None)
    live = load_live(connection, tenant_id, account_ids=[session.account_id])
    if account is None or all(each.id != session.id or each.expires <= call.now for each in live):
        return Refusal(Reason.NOT_LOGGED_IN, "Tenantry-Session", "the session has ended; log in again")
    workgroups = load_policies(connection, tenant_id).workgroups
    policies = {name: workgroup.spec for name, workgroup in workgroups.items()}
    actor = actor_of(account, session.workgroup, policies, call.now)
    return actor if isinstance(actor, Refusal) else Desk(connection, tenant_id, actor)


@contextmanager
def looking(store: Store, call: Call) -> Iterator[Desk | Refusal]:
    """Open the desk to look at something, as it is at one moment: an account that goes meanwhile is there to the end.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with store.snapshot() as connection:
        tenant = chosen_tenant(connection, call.namespace)
        yield open_desk(connection, tenant.id, call)


@contextmanager
def deciding(store: Store, call: Call) -> Iterator[tuple[JoinedStore, Desk | Refusal]]:
    """Open the desk to carry something out in the same transaction: what was looked at stays so until it is done.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    with joined(store, call.namespace) as held, held.write() as connection:
        tenant = chosen_tenant(connection, call.namespace, lock=True)
        yield held, open_desk(connection, tenant.id, call)


def do_to_many(
    store: Store,
    call: Call,
    capability: Capability,
    asked: Sequence[Q],
    do: Callable[[JoinedStore, Desk, Sequence[Q]], list[A]],
    refuse: Callable[[Q, Refusal], A],
) -> list[A] | Refusal:
    """Do one thing to many, a few in one transaction; return what came of each.

    A store that is lost, or a right that is taken away meanwhile, ends it between two of those: who is left is told so.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    done: list[A] = []
    for start in range(0, len(asked), _AT_ONCE):
        try:
            some = _do_some(store, call, capability, asked[start : start + _AT_ONCE], do)
        except StoreUnavailable:
            if not done:
                raise
            some = _LOST
        if isinstance(some, Refusal):
            return [*done, *(refuse(each, some) for each in asked[start:])] if done else some
        done += some
    return done


def _do_some(
    store: Store,
    call: Call,
    capability: Capability,
    some: Sequence[Q],
    do: Callable[[JoinedStore, Desk, Sequence[Q]], list[A]],
) -> list[A] | Refusal:
    with deciding(store, call) as (held, desk):
        if isinstance(desk, Refusal):
            return desk
        return check_capability(desk.actor, capability) or do(held, desk, some)


@dataclass(frozen=True, slots=True)
class Case:
    """An act that may be done: the desk, and the account."""

    desk: Desk
    target: Target

    @property
    def resource(self) -> str:
        """Return the name of the object that owns the account."""
        row = self.desk.row_of(self.target.account)
        return row.name if row is not None else ""


def find_for(desk: Desk | Refusal, capability: Capability, account_id: str, *, deleted: bool = False) -> Case | Refusal:
    """Return the account of an act that the person may do, or why not."""
    if isinstance(desk, Refusal):
        return desk
    refusal = check_capability(desk.actor, capability)
    if refusal is not None:
        return refusal
    target = desk.find(account_id, deleted=deleted)
    if isinstance(target, Refusal):
        return target
    return check(desk.actor, capability, target) or Case(desk, target)


def lock(store: Store, call: Call, account_id: str) -> Account | Refusal:
    """Keep an account from logging in; its sessions end, and nothing else is lost (MM-12)."""
    return _change(store, call, Capability.LOCK_USERS, account_id, lambda a: a if a.locked else _locked(a, call.now))


def unlock(store: Store, call: Call, account_id: str) -> Account | Refusal:
    """Let an account log in again (MM-12)."""
    return _change(store, call, Capability.LOCK_USERS, account_id, lambda a: _locked(a, None))


def _locked(account: Account, since: datetime | None) -> Account:
    return replace(account, locked=since)


def _change(
    store: Store, call: Call, capability: Capability, account_id: str, change: Callable[[Account], Account]
) -> Account | Refusal:
    with acting(store, call.namespace, call.actor, call.now) as act:
        target = _to_act_on(act, call, capability, account_id)
        if isinstance(target, Refusal):
            return target
        after = change(target.account)
        act.change(target.account, after)
        return after


def _to_act_on(act: Act, call: Call, capability: Capability, account_id: str) -> Target | Refusal:
    case = find_for(open_desk(act.connection, act.tenant.id, call), capability, account_id)
    if isinstance(case, Refusal):
        return case
    return check_system_user(case.target, case.desk.actor.policy, editable=True) or case.target


def revoke_sessions(store: Store, call: Call, account_id: str) -> int | Refusal:
    """Log an account out of every device at once, of every workgroup; return of how many (MM-14)."""
    with acting(store, call.namespace, call.actor, call.now) as act:
        target = _to_act_on(act, call, Capability.REVOKE_SESSIONS, account_id)
        if isinstance(target, Refusal):
            return target
        sessions = load_live(act.connection, act.tenant.id, account_ids=[target.account.id])
        act.end(sessions, SessionEnd.REVOKED)
        return sum(session.expires > call.now for session in sessions)


def reset_password(store: Store, call: Call, account_id: str) -> Refusal | None:
    """Mail the person a link by which the password is replaced, once and for a short time (MM-13).

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked; nothing is mailed.
    """
    with deciding(store, call) as (held, desk):
        case = find_for(desk, Capability.RESET_PASSWORDS, account_id)
        if isinstance(case, Refusal):
            return case
        refusal = check_system_user(case.target, case.desk.actor.policy, editable=False)
        login = case.target.account.user_name
        return refusal or send_password_reset(held, call.namespace, login, call.actor, call.now)


def owned_by(account: Account, row: ResourceRow | None) -> str:
    """Return the name of the User resource that owns an account; empty where none does."""
    return row.name if account.manager is Manager.KUBERNETES and row is not None else ""
