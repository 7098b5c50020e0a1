"""Accounts as SCIM clients see and write them: through the rules of every account that the runtime API makes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from tenantry.domain.account import Account
from tenantry.domain.audit import Change
from tenantry.domain.login import login_key
from tenantry.domain.observed import Kind
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.scim import asked_of, describe_user, document_of
from tenantry.domain.secret import SecretOffer
from tenantry.services import managed
from tenantry.services.acts import acting
from tenantry.services.clients import Client
from tenantry.services.managed import Drop, Put
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_id, load_by_login
from tenantry.store.joined import JoinedStore, joined
from tenantry.store.policy import load_policies
from tenantry.store.resource import load_resources
from tenantry.store.scim import (
    Group,
    Said,
    defined_groups,
    load_made_groups_of,
    load_modified,
    load_said,
    owners_of_external,
    save_said,
)
from tenantry.store.tenant import find_tenant, lock_tenant

Resource: TypeAlias = dict[str, Any]
_NOTHING = Said()


@dataclass(frozen=True, slots=True)
class Caller:
    """The application that asks, and when. ``check_spec``: what the schema of a kind refuses a spec for."""

    client: Client
    now: datetime
    check_spec: Callable[[Kind, Any], list[Refusal]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A User as a client wants it. ``version``: what it must be by now, where that was told."""

    resource: Mapping[str, Any]
    password: str | None = field(default=None, repr=False)
    version: str | None = None


class Undone(Exception):
    """Something of a transaction is refused, and so all of it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


def get_user(store: Store, tenant_id: int, account_id: str) -> Resource | None:
    """Return an account as a SCIM User, or None; system users are none.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.snapshot() as connection:
        return next(iter(describe(connection, tenant_id, [account_id])), None)


def groups_defined(connection: Connection, tenant_id: int) -> list[Group]:
    """Return the groups that the Workgroups of a tenant define."""
    workgroups = load_policies(connection, tenant_id).workgroups
    return defined_groups(tenant_id, {name: policy.spec for name, policy in workgroups.items()})


def describe(
    connection: Connection, tenant_id: int, ids: Collection[str], defined: list[Group] | None = None
) -> list[Resource]:
    """Return these accounts as SCIM Users, in any order; tombstones and system users are passed over."""
    accounts = [a for a in load_by_id(connection, ids, tenant_id) if a.tombstone is None and not a.scope]
    known = {a.id for a in accounts}
    said, modified = load_said(connection, known), load_modified(connection, known)
    made = load_made_groups_of(connection, known)
    known_groups = groups_defined(connection, tenant_id) if defined is None else defined
    named = {(g.workgroup, g.name): g for g in known_groups}
    found = []
    for account in accounts:
        pairs = ((m.workgroup, name) for m in account.members for name in m.groups)
        groups = [(named[pair].id, named[pair].display_name) for pair in pairs if pair in named]
        told = said.get(account.id, _NOTHING)
        groups += made.get(account.id, [])
        found.append(describe_user(account, groups, told.external_id, told.asked, modified[account.id]))
    return found


def create_user(store: Store, caller: Caller, wanted: Wanted) -> Resource | Refusal:
    """Make an account by the client's defaults and what it asks for; of one that is refused nothing is left.

    Raises:
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    document = document_of(wanted.resource, None, {}, caller.client.defaults)
    if not document.get("workgroups"):
        message = (
            "no workgroup is asked for, and the client has none by default: give workgroups in the extension, or make "
            "the client anew with --workgroup"
        )
        return Refusal(Reason.INVALID_REQUEST, "workgroups", message)
    offer = managed.make_offer(wanted.password, None)
    put = Put(document=document, create=True, password=wanted.password, offer=offer)
    try:
        with joined(store, caller.client.tenant) as held:
            account = _put(held, caller, put)
            _say(held, caller, account, wanted.resource, new=True)
            return _shown(held, caller, account.id)
    except Undone as undone:
        return undone.refusal


def update_user(store: Store, caller: Caller, account_id: str, wanted: Wanted) -> Resource | Refusal:
    """Make an account what a client wants. What SCIM does not speak of stays.

    Raises:
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    offer = _offer(store, caller, account_id, wanted.password)
    try:
        with joined(store, caller.client.tenant) as held:
            account, document = _present(held, caller, account_id, wanted.version)
            _check_login(held, caller, account, str(wanted.resource.get("userName") or ""))
            with held.read() as connection:
                said = load_said(connection, [account_id]).get(account_id, _NOTHING)
            merged = document_of(wanted.resource, document, said.asked, caller.client.defaults)
            merged["userName"] = document["userName"]
            after = _put(held, caller, Put(merged, create=False, password=wanted.password, offer=offer))
            _say(held, caller, after, wanted.resource, new=False)
            return _shown(held, caller, account_id)
    except Undone as undone:
        return undone.refusal


def _offer(store: Store, caller: Caller, account_id: str, password: str | None) -> SecretOffer | None:
    """Compare and hash a password before anything is locked: it takes 40 ms by design."""
    if password is None:
        return None
    with store.read() as connection:
        account = next(iter(load_by_id(connection, [account_id], caller.client.tenant_id)), None)
    return managed.make_offer(password, account)


def delete_user(store: Store, caller: Caller, account_id: str, version: str | None) -> Refusal | None:
    """Delete an account as its policies say.

    Raises:
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    try:
        with joined(store, caller.client.tenant) as held:
            account, _ = _present(held, caller, account_id, version)
            _carry_out(held, caller, Drop(account.user_name))
    except Undone as undone:
        return undone.refusal
    return None


def _signed(caller: Caller) -> tuple[str, datetime]:
    return caller.client.name, caller.now


def not_found(kind: str, id_: str) -> Refusal:
    """Return the refusal of what is not there."""
    return Refusal(Reason.USER_NOT_FOUND, "id", f'there is no {kind} "{id_}"')


def changed_meanwhile(kind: str) -> Refusal:
    """Return the refusal of a write to what somebody else wrote since it was read."""
    return Refusal(Reason.CHANGED_MEANWHILE, "version", f"the {kind} was changed since it was read; read it again")


def lock(held: JoinedStore, caller: Caller) -> None:
    """Take the tenant's lock, so that what is read next stays so until the end."""
    with held.write() as connection:
        tenant = find_tenant(connection, caller.client.tenant)
        if tenant is not None:
            lock_tenant(connection, tenant.namespace, tenant.namespace_uid)


def _present(held: JoinedStore, caller: Caller, account_id: str, version: str | None) -> tuple[Account, dict[str, Any]]:
    """Lock the tenant and return the account with its spec, as the version says that it is."""
    lock(held, caller)
    with held.read() as connection:
        shown = next(iter(describe(connection, caller.client.tenant_id, [account_id])), None)
        if shown is None:
            raise Undone(not_found("User", account_id))
        if version is not None and version != shown["meta"]["version"]:
            raise Undone(changed_meanwhile("User"))
        (account,) = load_by_id(connection, [account_id], caller.client.tenant_id)
        return account, writable(connection, account)


def writable(connection: Connection, account: Account) -> dict[str, Any]:
    """Return the spec of an account that the runtime API owns.

    Raises:
        Undone: somebody else owns it.
    """
    document = managed.document_of(connection, account)
    if document is None:
        uid = account.resource_uid or ""
        row = load_resources(connection, [uid]).get(uid)
        refusal = managed.owned_elsewhere(account, row.name if row is not None else "")
        raise Undone(refusal or not_found("User", account.id))
    return document


def _check_login(held: JoinedStore, caller: Caller, account: Account, login: str) -> None:
    """Let the login be what it was, in any case (design §2, decision 10)."""
    key = login_key(login)
    if key == account.login_key:
        return
    with held.read() as connection:
        taken = any(a.tombstone is None for a in load_by_login(connection, caller.client.tenant_id, [key]))
    if taken:
        raise Undone(Refusal(Reason.LOGIN_TAKEN, "userName", f'"{login}" is the login of another account'))
    message = f'userName stays "{account.user_name}"; for another, delete the User and make one anew'
    raise Undone(Refusal(Reason.FIELD_IMMUTABLE, "userName", message))


def _put(held: JoinedStore, caller: Caller, put: Put) -> Account:
    account = _carry_out(held, caller, put)
    if account is None:
        raise Undone(not_found("User", put.login))
    return account


def _carry_out(held: JoinedStore, caller: Caller, asked: Put | Drop) -> Account | None:
    (account,) = carry_out(held, caller, [asked])
    return account


def carry_out(held: JoinedStore, caller: Caller, asked: Sequence[Put | Drop]) -> list[Account | None]:
    """Write accounts, all or none.

    Raises:
        Undone: one is refused.
    """
    puts = [dict(each.document) for each in asked if isinstance(each, Put)]
    refusals = [refusal for put in puts for refusal in caller.check_spec(Kind.USER, put)]
    done = managed.carry_out(held, caller.client.tenant, asked, *_signed(caller)) if asked and not refusals else []
    refusals += [each.refusal for each in done if each.refusal is not None]
    if refusals:
        raise Undone(refusals[0])
    return [each.account for each in done]


def _say(held: JoinedStore, caller: Caller, account: Account, wanted: Mapping[str, Any], *, new: bool) -> None:
    """Keep what the client says beside the account, on record."""
    with acting(held, caller.client.tenant, *_signed(caller)) as act:
        before = load_said(act.connection, [account.id]).get(account.id)
        after = Said(wanted.get("externalId"), asked_of(wanted, new=new))
        if after == (before or _NOTHING):
            return
        if after.external_id is not None:
            _check_external(act.connection, act.tenant.id, account, after.external_id)
        save_said(act.connection, act.tenant.id, account.id, after, caller.now, known=before is not None)
        facts, personal = {"asked": dict(after.asked)}, {"externalId": after.external_id}
        act.records.append(Change("ScimUserChanged", "ScimUser", account.id, account.resource_uid, facts, personal))


def _check_external(connection: Connection, tenant_id: int, account: Account, external_id: str) -> None:
    others = set(owners_of_external(connection, tenant_id, external_id)) - {account.id}
    if others:
        message = f'externalId "{external_id}" is that of User "{min(others)}"; no two accounts share one'
        raise Undone(Refusal(Reason.EXTERNAL_ID_TAKEN, "externalId", message))


def _shown(held: JoinedStore, caller: Caller, account_id: str) -> Resource:
    with held.read() as connection:
        (shown,) = describe(connection, caller.client.tenant_id, [account_id])
    return shown
