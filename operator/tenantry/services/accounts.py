"""Accounts and tenants as people read them: what `tenantry users list` and `tenantry tenant list` show."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

from tenantry.domain.access import held_levels
from tenantry.domain.account import Account, Manager, Pending
from tenantry.domain.capacity import Capacity
from tenantry.domain.observed import Kind
from tenantry.errors import InputError
from tenantry.specs.user import AccountState
from tenantry.store import Connection, Store
from tenantry.store.account import load_all
from tenantry.store.policy import load_policies
from tenantry.store.resource import ResourceRow, load_going, load_resources, load_tenant_resources
from tenantry.store.tenant import TenantRow, find_tenant, list_tenants
from tenantry.store.usage import count_accounts

#: Workgroups, each with the role there.
Roles: TypeAlias = tuple[tuple[str, str | None], ...]
_DELETED = "Deleted"
_REFUSED = "Refused"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a waiting list: the first has rank 1."""

    capacity: Capacity
    rank: int


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """One line of the list of accounts (NR-08, NR-23, IT-20). ``resource`` is the name of its User, if it has one.

    ``permissions``: it is given a level above the first of a module in a workgroup. ``invited``: its place is among the
    invitations (MM-03).
    """

    tenant: str
    company: str
    login: str
    resource: str
    id: str
    name: str
    given_name: str
    family_name: str
    email: str
    phone: str
    workgroups: Roles
    license: str | None
    permissions: bool
    state: str
    reason: str
    may_log_in: bool
    system: bool
    deleted: bool
    invited: bool
    waiting: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class ListedInvitation:
    """One outstanding invitation (MM-03). ``state`` tells whether it still can be accepted."""

    tenant: str
    email: str
    login: str
    resource: str
    roles: Roles
    sent: datetime | None
    expires: datetime | None
    state: str
    waiting: tuple[Place, ...]


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
            accounts = load_all(connection, tenant.id)
            invited, ranks = [account for account in accounts if _is_invited(account)], _ranks(accounts)
            rows = load_resources(connection, [a.resource_uid for a in invited if a.resource_uid is not None])
            for account in invited:
                line = _invitation(tenant, account, rows.get(account.resource_uid or ""))
                found.append(replace(line, waiting=ranks.get(account.id, ())))
    return sorted(found, key=lambda i: (i.tenant, i.email.casefold(), i.login))


def _is_invited(account: Account) -> bool:
    return account.tombstone is None and account.onboarding.pending is Pending.INVITATION


def _invitation(tenant: TenantRow, account: Account, row: ResourceRow | None) -> ListedInvitation:
    return ListedInvitation(
        tenant=tenant.namespace,
        email=_person(account.profile or {})["email"],
        login=account.user_name,
        resource=row.name if row is not None else "",
        roles=_roles(account, row),
        sent=account.onboarding.invited,
        expires=account.onboarding.expires,
        state=account.state(datetime.now(UTC)).value,
        waiting=(),
    )


def list_known_tenants(store: Store) -> list[ListedTenant]:
    """Return every tenant with its number of live accounts, of accounts that wait, and of audit records.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        counts = count_accounts(connection)
        return [_tenant(tenant, *counts.get(tenant.id, (0, 0))) for tenant in list_tenants(connection)]


def _tenant(tenant: TenantRow, accounts: int, waiting: int) -> ListedTenant:
    return ListedTenant(
        namespace=tenant.namespace,
        uid=tenant.namespace_uid,
        attached=tenant.attached,
        accounts=accounts,
        waiting=waiting,
        records=tenant.audit_sequence,
    )


def chosen_tenants(connection: Connection, namespace: str | None) -> list[TenantRow]:
    """Return the tenant of a namespace, or without one every tenant.

    Raises:
        InputError: the store has no such tenant.
    """
    return list_tenants(connection) if namespace is None else [chosen_tenant(connection, namespace)]


def chosen_tenant(connection: Connection, namespace: str, *, lock: bool = False) -> TenantRow:
    """Return the tenant of a namespace; on demand it is locked until the end of the transaction.

    Raises:
        InputError: the store has no such tenant.
    """
    tenant = find_tenant(connection, namespace, lock=lock)
    if tenant is None:
        known = ", ".join(t.namespace for t in list_tenants(connection)) or "none"
        raise InputError(f'the store has no tenant "{namespace}"; it has: {known}')
    return tenant


def _list(connection: Connection, tenant: TenantRow, *, deleted: bool) -> list[ListedAccount]:
    accounts = load_all(connection, tenant.id)
    known = load_tenant_resources(connection, tenant.id)
    users = {uid: name for uid, (kind, name, _) in known.items() if kind is Kind.USER}
    ranks, permitted = _ranks(accounts), _permitted(connection, tenant, accounts)
    owned, placed = {a.resource_uid for a in accounts}, {a.resource_uid for a in accounts if a.members}
    rows = load_resources(connection, [uid for uid in users if uid not in placed])
    now = datetime.now(UTC)
    shown = [a for a in accounts if deleted or a.tombstone is None]
    going = load_going(connection, tenant.id, Kind.USER)
    found = []
    for account in shown:
        uid = account.resource_uid or ""
        line = _listed(tenant, account, users.get(uid, ""), _roles(account, rows.get(uid)), now)
        line = replace(line, waiting=ranks.get(account.id, ()), permissions=account.id in permitted)
        found.append(_marked(line, going.get(uid)))
    found += [_refused(tenant, row) for uid, row in rows.items() if uid not in owned]
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


def _permitted(connection: Connection, tenant: TenantRow, accounts: Iterable[Account]) -> set[str]:
    """Return the ids of those that are given a level above the first of some module, by the policies in force."""
    policies = load_policies(connection, tenant.id).workgroups
    return {
        account.id
        for account in accounts
        for member in account.members
        if (policy := policies.get(member.workgroup)) is not None
        and any(held.index > 0 for held in held_levels(member, policy.spec).values())
    }


def _roles(account: Account, row: ResourceRow | None) -> Roles:
    """Return workgroups and roles: of an account that has no place, by now or any more, those its User asks for."""
    if account.members or row is None:
        return tuple((m.workgroup, m.role) for m in account.members)
    return _asked_for(_spec(row))


def _asked_for(spec: dict[str, Any]) -> Roles:
    return tuple((str(e.get("workgroupRef")), e.get("role")) for e in _objects(spec.get("workgroups")))


def _listed(tenant: TenantRow, account: Account, resource: str, workgroups: Roles, now: datetime) -> ListedAccount:
    profile = account.profile or {}
    gone = account.tombstone is not None
    return ListedAccount(
        tenant=tenant.namespace,
        login=account.user_name,
        resource=resource,
        id=account.id,
        workgroups=workgroups,
        license=account.seat.type.value if account.seat else None,
        permissions=False,
        state=_DELETED if gone else account.state(now).value,
        reason="",
        may_log_in=account.can_log_in and account.state(now) is AccountState.ACTIVE and not gone,
        system=account.manager is Manager.SYSTEM,
        deleted=gone,
        invited=_is_invited(account),
        waiting=(),
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
        workgroups=_asked_for(spec),
        license=None,
        permissions=False,
        state=str(row.parsed_status().get("state") or _REFUSED),
        reason=row.reason,
        may_log_in=False,
        system=False,
        deleted=False,
        invited=False,
        waiting=(),
        **_person(spec),
    )


def _spec(row: ResourceRow) -> dict[str, Any]:
    """Return the spec as it was written, which a refused one need not be by its model."""
    found = json.loads(row.document)
    return found if isinstance(found, dict) else {}


def _person(profile: dict[str, Any]) -> dict[str, str]:
    """Return the columns that tell of the person. A refused spec may have anything anywhere."""
    name = profile.get("name")
    parts = [str(name.get(part) or "") if isinstance(name, dict) else "" for part in ("givenName", "familyName")]
    emails = list(_objects(profile.get("emails")))
    phones = list(_objects(profile.get("phoneNumbers")))
    primary = next((e for e in emails if e.get("primary")), emails[0] if emails else {})
    return {
        "company": str(profile.get("organization") or ""),
        "name": str(profile.get("displayName") or " ".join(part for part in parts if part)),
        "given_name": parts[0],
        "family_name": parts[1],
        "email": str(primary.get("value") or ""),
        "phone": str((phones[0] if phones else {}).get("value") or ""),
    }


def _objects(value: object) -> Iterator[dict[str, Any]]:
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
