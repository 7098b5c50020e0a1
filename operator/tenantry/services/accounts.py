"""Accounts and tenants as people read them: what `tenantry users list` and `tenantry tenant list` show."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tenantry.domain.account import Account, Manager, Pending
from tenantry.domain.capacity import Capacity
from tenantry.domain.observed import Kind
from tenantry.errors import InputError
from tenantry.specs.user import AccountState
from tenantry.store import Connection, Store
from tenantry.store.account import load_all
from tenantry.store.resource import ResourceRow, load_going, load_resources, load_tenant_resources
from tenantry.store.tenant import TenantRow, find_tenant, list_tenants

_DELETED = "Deleted"
_REFUSED = "Refused"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a waiting list: the first has rank 1."""

    capacity: Capacity
    rank: int


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """One line of the list of accounts (NR-08, NR-23, IT-20). ``resource`` is the name of its User, if it has one."""

    tenant: str
    company: str
    login: str
    resource: str
    id: str
    name: str
    email: str
    phone: str
    workgroups: tuple[tuple[str, str | None], ...]
    license: str | None
    state: str
    reason: str
    may_log_in: bool
    system: bool
    deleted: bool
    waiting: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class ListedInvitation:
    """One outstanding invitation (MM-03). ``state`` tells whether it still can be accepted."""

    tenant: str
    email: str
    login: str
    resource: str
    roles: tuple[tuple[str, str | None], ...]
    sent: datetime | None
    expires: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class ListedTenant:
    """One line of the list of tenants."""

    namespace: str
    uid: str
    attached: bool
    accounts: int
    waiting: int
    records: int


def list_accounts(store: Store, namespace: str | None = None, *, deleted: bool = False) -> list[ListedAccount]:
    """Return the accounts of one tenant or all, by tenant, company and login; with ``deleted``, tombstones too.

    Users that were refused an account are there without an id.

    Raises:
        InputError: the store has no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        tenants = chosen_tenants(connection, namespace)
        return [account for tenant in tenants for account in _list(connection, tenant, deleted=deleted)]


def list_invitations(store: Store, namespace: str | None = None) -> list[ListedInvitation]:
    """Return who was invited and has not come yet, of one tenant or all, by tenant and email (MM-03).

    Raises:
        InputError: the store has no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    found = []
    with store.read() as connection:
        for tenant in chosen_tenants(connection, namespace):
            known = load_tenant_resources(connection, tenant.id)
            found += [_invitation(tenant, a, known) for a in load_all(connection, tenant.id) if _is_invited(a)]
    return sorted(found, key=lambda i: (i.tenant, i.email.casefold(), i.login))


def _is_invited(account: Account) -> bool:
    return account.tombstone is None and account.onboarding.pending is Pending.INVITATION


def _invitation(tenant: TenantRow, account: Account, known: dict[str, tuple[Kind, str, int]]) -> ListedInvitation:
    _, resource, _ = known.get(account.resource_uid or "", (Kind.USER, "", 0))
    return ListedInvitation(
        tenant=tenant.namespace,
        email=_person(account.profile or {})["email"],
        login=account.user_name,
        resource=resource,
        roles=tuple((m.workgroup, m.role) for m in account.members),
        sent=account.onboarding.invited,
        expires=account.onboarding.expires,
        state=account.state(datetime.now(UTC)).value,
    )


def list_known_tenants(store: Store) -> list[ListedTenant]:
    """Return every tenant with its number of live accounts, of accounts that wait, and of audit records.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        return [_tenant(connection, tenant) for tenant in list_tenants(connection)]


def chosen_tenants(connection: Connection, namespace: str | None) -> list[TenantRow]:
    """Return the tenant of a namespace, or without one every tenant.

    Raises:
        InputError: the store has no such tenant.
    """
    if namespace is None:
        return list_tenants(connection)
    tenant = find_tenant(connection, namespace)
    if tenant is None:
        known = ", ".join(t.namespace for t in list_tenants(connection)) or "none"
        raise InputError(f'the store has no tenant "{namespace}"; it has: {known}')
    return [tenant]


def _tenant(connection: Connection, tenant: TenantRow) -> ListedTenant:
    live = [a for a in load_all(connection, tenant.id) if a.tombstone is None and a.manager is not Manager.SYSTEM]
    return ListedTenant(
        namespace=tenant.namespace,
        uid=tenant.namespace_uid,
        attached=tenant.attached,
        accounts=sum(a.in_force for a in live),
        waiting=sum(a.waiting is not None for a in live),
        records=tenant.audit_sequence,
    )


def _list(connection: Connection, tenant: TenantRow, *, deleted: bool) -> list[ListedAccount]:
    accounts = load_all(connection, tenant.id)
    known = load_tenant_resources(connection, tenant.id)
    users = {uid: name for uid, (kind, name, _) in known.items() if kind is Kind.USER}
    ranks = _ranks(accounts)
    owned = {a.resource_uid for a in accounts}
    placed = {a.resource_uid for a in accounts if a.in_force or a.tombstone is not None}
    asking = load_resources(connection, [uid for uid in users if uid not in placed])
    now = datetime.now(UTC)
    shown = [a for a in accounts if deleted or a.tombstone is None]
    going = load_going(connection, tenant.id, Kind.USER)
    listed = [_listed(tenant, a, users, ranks, now) for a in shown]
    waiting = {a.id: _asked(asking[a.resource_uid]) for a in shown if a.resource_uid in asking}
    listed = [replace(line, workgroups=waiting.get(line.id, line.workgroups)) for line in listed]
    found = [_marked(line, going.get(a.resource_uid or "")) for a, line in zip(shown, listed, strict=True)]
    found += [_refused(tenant, row) for uid, row in asking.items() if uid not in owned]
    return sorted(found, key=lambda a: (a.company.casefold(), a.login.casefold(), a.id))


def _ranks(accounts: Iterable[Account]) -> dict[str, tuple[Place, ...]]:
    """Return the places in line by account id: in order of (since, resource UID), as seats are given."""
    lines: dict[Capacity, list[Account]] = {}
    for account in accounts:
        for capacity in account.waiting.capacities if account.waiting else ():
            lines.setdefault(capacity, []).append(account)
    ranks: dict[str, tuple[Place, ...]] = {}
    for capacity in sorted(lines):
        line = sorted(
            lines[capacity], key=lambda a: (a.waiting.since if a.waiting else a.created, a.resource_uid or "")
        )
        for rank, account in enumerate(line, start=1):
            ranks[account.id] = (*ranks.get(account.id, ()), Place(capacity, rank))
    return ranks


def _listed(
    tenant: TenantRow, account: Account, users: dict[str, str], ranks: dict[str, tuple[Place, ...]], now: datetime
) -> ListedAccount:
    profile = account.profile or {}
    gone = account.tombstone is not None
    return ListedAccount(
        tenant=tenant.namespace,
        login=account.user_name,
        resource=users.get(account.resource_uid or "", ""),
        id=account.id,
        workgroups=tuple((m.workgroup, m.role) for m in account.members),
        license=account.seat.type.value if account.seat else None,
        state=_DELETED if gone else account.state(now).value,
        reason="",
        may_log_in=account.can_log_in and account.state(now) is AccountState.ACTIVE and not gone,
        system=account.manager is Manager.SYSTEM,
        deleted=gone,
        waiting=ranks.get(account.id, ()),
        **_person(profile),
    )


def _marked(line: ListedAccount, reason: str | None) -> ListedAccount:
    """Return the line as that of an account whose User is deleted, and why it is still there."""
    return line if reason is None else replace(line, state=AccountState.DELETING.value, reason=reason)


def _refused(tenant: TenantRow, row: ResourceRow) -> ListedAccount:
    """Return the line of a User that has no account, and why."""
    spec = _spec(row)
    return ListedAccount(
        tenant=tenant.namespace,
        login=str(spec.get("userName") or ""),
        resource=row.name,
        id="",
        workgroups=_asked(row),
        license=None,
        state=str(row.parsed_status().get("state") or _REFUSED),
        reason=row.reason,
        may_log_in=False,
        system=False,
        deleted=False,
        waiting=(),
        **_person(spec),
    )


def _asked(row: ResourceRow) -> tuple[tuple[str, str | None], ...]:
    """Return the workgroups that a User asks for, having none yet."""
    return tuple((str(e.get("workgroupRef")), e.get("role")) for e in _objects(_spec(row).get("workgroups")))


def _spec(row: ResourceRow) -> dict[str, Any]:
    """Return the spec as it was written, which a refused one need not be by its model."""
    found = json.loads(row.document)
    return found if isinstance(found, dict) else {}


def _person(profile: dict[str, Any]) -> dict[str, str]:
    """Return the columns that tell of the person. A refused spec may have anything anywhere."""
    name = profile.get("name") if isinstance(profile.get("name"), dict) else {}
    parts = (name.get("givenName"), name.get("familyName")) if name else ()
    emails = list(_objects(profile.get("emails")))
    phones = list(_objects(profile.get("phoneNumbers")))
    primary = next((e for e in emails if e.get("primary")), emails[0] if emails else {})
    return {
        "company": str(profile.get("organization") or ""),
        "name": str(profile.get("displayName") or " ".join(str(part) for part in parts if part)),
        "email": str(primary.get("value") or ""),
        "phone": str((phones[0] if phones else {}).get("value") or ""),
    }


def _objects(value: object) -> Iterator[dict[str, Any]]:
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
