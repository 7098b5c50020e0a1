"""Accounts: from rows to values and back. What is written is the difference of two values."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, bindparam, delete, exists, insert, select, update

from tenantry.domain.account import Account, Manager, Member, Onboarding, Password, Seat, Tombstone, Waiting
from tenantry.domain.capacity import Capacity, CapacityKind
from tenantry.specs.licensepool import LicenseType
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_deletion import DeletionMode
from tenantry.specs.workgroup_login import OnboardingMode
from tenantry.store.portions import among, in_portions
from tenantry.store.rows import dump, parse
from tenantry.store.schema import SORTED_LENGTH, accounts, assigned_values, memberships, seats, waits
from tenantry.store.scim import delete_said

#: Whether an account has something that few have, so that nothing is asked where nobody has any.
_HAS_ASSIGNED = exists().where(assigned_values.c.account_id == accounts.c.id).label("has_assigned")
_SEAT = (seats.c.pool.label("seat_pool"), seats.c.type.label("seat_type"), seats.c.granted.label("seat_granted"))
_SELECT = select(accounts, *_SEAT, _HAS_ASSIGNED).outerjoin(seats, seats.c.account_id == accounts.c.id)
_ALL = _SELECT.where(accounts.c.tenant_id == bindparam("tenant_id"))
_OF_USERS = _ALL.where(accounts.c.scope == "")  # system users are apart
_BY_UID = _SELECT.where(among(accounts.c.resource_uid, "keys"))
_BY_LOGIN = _OF_USERS.where(among(accounts.c.login_key, "keys"))
_BY_EMAIL = _OF_USERS.where(accounts.c.deleted.is_(None), among(accounts.c.email_key, "keys"))
_BY_KEY = _ALL.where(among(accounts.c.login_key, "keys"))
_BY_ID = _SELECT.where(among(accounts.c.id, "keys"))
_BY_ID_THERE = _ALL.where(among(accounts.c.id, "keys"))
_MEMBERSHIPS = select(memberships).where(among(memberships.c.account_id, "ids")).order_by(memberships.c.position)
_WAITS = select(waits).where(among(waits.c.account_id, "ids"))
_ASSIGNED = select(assigned_values).where(among(assigned_values.c.account_id, "ids")).order_by(assigned_values.c.name)


def load_by_uid(connection: Connection, uids: Collection[str]) -> list[Account]:
    """Return the accounts that these resources own."""
    return _load_some(connection, _BY_UID, uids)


def load_by_login(connection: Connection, tenant_id: int, keys: Collection[str]) -> list[Account]:
    """Return the accounts and tombstones with these login keys; system users are apart."""
    return _load_some(connection, _BY_LOGIN, keys, tenant_id=tenant_id)


def load_by_email(connection: Connection, tenant_id: int, keys: Collection[str]) -> list[Account]:
    """Return the live accounts that would log in by these email addresses, given as login keys."""
    return _load_some(connection, _BY_EMAIL, keys, tenant_id=tenant_id)


def load_by_key(connection: Connection, tenant_id: int, keys: Collection[str]) -> list[Account]:
    """As ``load_by_login``, system users too."""
    return _load_some(connection, _BY_KEY, keys, tenant_id=tenant_id)


def load_by_id(connection: Connection, ids: Collection[str], tenant_id: int | None = None) -> list[Account]:
    """Return the accounts of these ids, of one tenant where it is told."""
    query, of = (_BY_ID, {}) if tenant_id is None else (_BY_ID_THERE, {"tenant_id": tenant_id})
    return _load_some(connection, query, ids, **of)


def load_page(connection: Connection, tenant_id: int, workgroup: str | None, after: str, limit: int) -> list[Account]:
    """Return a page, by login key, of the live accounts of a tenant or workgroup; system users are apart."""
    where = [accounts.c.tenant_id == tenant_id, accounts.c.scope == "", accounts.c.login_key > after]
    if workgroup is not None:
        ours = (memberships.c.tenant_id == tenant_id, memberships.c.workgroup == workgroup)
        where.append(accounts.c.id.in_(select(memberships.c.account_id).where(*ours)))
    query = select(accounts.c.id).where(*where, accounts.c.deleted.is_(None))
    ids = connection.execute(query.order_by(accounts.c.login_key).limit(limit)).scalars().all()
    found = {account.id: account for account in load_by_id(connection, ids)}
    return [found[id_] for id_ in ids]  # in the database's order, by which the next page goes on


def load_ids(connection: Connection, tenant_id: int, login_key: str) -> list[str]:
    """Return the ids of the accounts of a login: beside a user's, those of system users."""
    query = select(accounts.c.id).where(accounts.c.tenant_id == tenant_id, accounts.c.login_key == login_key)
    return list(connection.execute(query).scalars())


def load_system(connection: Connection, tenant_id: int, workgroup: str) -> list[Account]:
    """Return the system users of a workgroup."""
    return _load(connection, _ALL.where(accounts.c.scope == workgroup), tenant_id=tenant_id)


def load_system_named(connection: Connection, tenant_id: int, key: str, workgroup: str | None = None) -> list[Account]:
    """Return the system users with this login key, of one workgroup or all."""
    scope = accounts.c.scope > "" if workgroup is None else accounts.c.scope == workgroup
    return _load(connection, _ALL.where(scope, accounts.c.login_key == key), tenant_id=tenant_id)


def load_assigned(connection: Connection, tenant_id: int, name: str, value: int) -> Account | None:
    """Return the account or tombstone to which a sequence gave this value; it is given once."""
    of = (assigned_values.c.tenant_id == tenant_id, assigned_values.c.name == name, assigned_values.c.value == value)
    query = _SELECT.where(accounts.c.id.in_(select(assigned_values.c.account_id).where(*of)))
    return next(iter(_load(connection, query)), None)


def load_logins(connection: Connection, tenant_id: int, limit: int) -> list[str]:
    """Return the first logins of a tenant's live accounts, by login key."""
    where = (accounts.c.tenant_id == tenant_id, accounts.c.scope == "", accounts.c.deleted.is_(None))
    query = select(accounts.c.user_name).where(*where).order_by(accounts.c.login_key).limit(limit)
    return list(connection.execute(query).scalars())


def load_all(connection: Connection, tenant_id: int) -> list[Account]:
    """Return every account of a tenant, tombstones and system users too, by login."""
    return sorted(_load(connection, _ALL, tenant_id=tenant_id), key=lambda a: (a.scope, a.login_key))


def _load_some(connection: Connection, query: Select[Any], keys: Collection[str], **values: int) -> list[Account]:
    return [a for some in in_portions(keys) for a in _load(connection, query, keys=some, **values)]


def _load(connection: Connection, query: Select[Any], **values: Any) -> list[Account]:  # noqa: ANN401 - parameters
    rows = connection.execute(query, values).all()
    if not rows:
        return []
    parts = _parts(connection, rows)
    return [_account(row, parts) for row in rows]


@dataclass(slots=True)
class _Parts:
    """The rows that belong to some accounts, by account id."""

    members: dict[str, list[Member]] = field(default_factory=dict)
    waits: dict[str, set[Capacity]] = field(default_factory=dict)
    assigned: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


def _parts(connection: Connection, of: Sequence[Row[Any]]) -> _Parts:
    parts = _Parts()
    for row in _rows(connection, _MEMBERSHIPS, (account.id for account in of)):
        parts.members.setdefault(row.account_id, []).append(_member(row))
    for row in _rows(connection, _WAITS, (account.id for account in of if account.waiting_since)):
        parts.waits.setdefault(row.account_id, set()).add(Capacity(CapacityKind(row.kind), row.owner, row.name))
    for row in _rows(connection, _ASSIGNED, (account.id for account in of if account.has_assigned)):
        parts.assigned.setdefault(row.account_id, []).append((row.name, row.value))
    return parts


def _rows(connection: Connection, query: Select[Any], ids: Iterable[str]) -> Iterator[Row[Any]]:
    for some in in_portions(ids):
        yield from connection.execute(query, {"ids": some})


def _member(row: Row[Any]) -> Member:
    return Member(
        workgroup=row.workgroup,
        since=row.since,
        kind=MembershipKind(row.kind),
        role=row.role,
        groups=tuple(parse(row.groups)),
        access=tuple((module, level) for module, level in parse(row.access)),
        scopes=tuple((name, tuple(values)) for name, values in parse(row.scopes)),
        notifications=tuple(parse(row.notifications)),
        default_module=row.default_module,
    )


def _account(row: Row[Any], parts: _Parts) -> Account:
    waiting = frozenset(parts.waits.get(row.id, ()))
    return Account(
        id=row.id,
        user_name=row.user_name,
        login_key=row.login_key,
        manager=Manager(row.manager),
        created=row.created,
        scope=row.scope,
        resource_uid=row.resource_uid,
        active=row.active,
        can_log_in=row.can_log_in,
        going=row.going,
        profile=parse(row.profile),
        attributes=_pairs(row.attributes),
        preferences=_pairs(row.preferences),
        restored_preferences=_pairs(row.restored_preferences),
        assigned=tuple(parts.assigned.get(row.id, ())),
        password=password_of(row),
        onboarding=_onboarding(row),
        mailbox=row.mailbox,
        members=tuple(parts.members.get(row.id, ())),
        former_workgroups=frozenset(parse(row.former_workgroups)),
        evicted_from=frozenset(parse(row.evicted_from)),
        seat=Seat(row.seat_pool, LicenseType(row.seat_type), row.seat_granted) if row.seat_pool is not None else None,
        waiting=Waiting(row.waiting_since, waiting) if row.waiting_since else None,
        tombstone=Tombstone(row.deleted, DeletionMode(row.deletion_mode)) if row.deleted else None,
        locked=row.locked,
        reset_obeyed=row.reset_obeyed,
        sessions_not_before=row.sessions_not_before,
        provisioned=row.provisioned,
    )


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in parse(text))


def password_of(row: Row[Any]) -> Password | None:
    """Return the password that a row of an account has."""
    if row.password_hash is None:
        return None
    history, applied = tuple(parse(row.password_history)), row.password_applied or ""
    named = (row.password_hash, row.password_changed, history, row.password_source, row.password_expires)
    return Password(*named, applied)


def _onboarding(row: Row[Any]) -> Onboarding:
    return Onboarding(
        mode=OnboardingMode(row.onboarding_mode),
        must_verify=row.must_verify,
        invited=row.invited,
        expires=row.invitation_expires,
        invited_address=row.invited_address,
        joined=row.joined,
        email_verified=row.email_verified,
        verified_address=row.verified_address,
        resend_obeyed=row.resend_obeyed,
        resend_asked=row.resend_asked,
    )


def _account_values(account: Account, tenant_id: int) -> dict[str, Any]:
    password, onboarding, tombstone = account.password, account.onboarding, account.tombstone
    return {
        "id": account.id,
        "tenant_id": tenant_id,
        "scope": account.scope,
        "login_key": account.login_key,
        "user_name": account.user_name,
        "email_key": account.email_key,
        "manager": account.manager.value,
        "resource_uid": account.resource_uid,
        "created": account.created,
        "active": account.active,
        "can_log_in": account.can_log_in,
        "going": account.going,
        "provisioned": account.provisioned,
        "profile": dump(account.profile),
        "attributes": dump(account.attributes),
        "preferences": dump(account.preferences),
        "restored_preferences": dump(account.restored_preferences),
        "former_workgroups": dump(sorted(account.former_workgroups)),
        "evicted_from": dump(sorted(account.evicted_from)),
        "waiting_since": account.waiting.since if account.waiting else None,
        "password_hash": password.hash if password else None,
        "password_changed": password.changed if password else None,
        "password_history": dump(password.history if password else ()),
        "password_source": password.source if password else "",
        "password_expires": password.expires if password else None,
        "password_applied": (password.applied or None) if password else None,
        "onboarding_mode": onboarding.mode.value,
        "must_verify": onboarding.must_verify,
        "invited": onboarding.invited,
        "invitation_expires": onboarding.expires,
        "invited_address": onboarding.invited_address,
        "joined": onboarding.joined,
        "email_verified": onboarding.email_verified,
        "verified_address": onboarding.verified_address,
        "resend_obeyed": onboarding.resend_obeyed,
        "resend_asked": onboarding.resend_asked,
        "mailbox": account.mailbox,
        "deleted": tombstone.deleted if tombstone else None,
        "deletion_mode": tombstone.mode.value if tombstone else None,
        "locked": account.locked,
        "reset_obeyed": account.reset_obeyed,
        "sessions_not_before": account.sessions_not_before,
        **sorted_by(account.profile or {}),
    }


def sorted_by(profile: Mapping[str, Any]) -> dict[str, str]:
    """Return what lists are sorted by, of a profile: whatever its case."""
    name = profile.get("name") or {}
    parts = {"company": profile.get("organization"), "family": name.get("familyName"), "given": name.get("givenName")}
    return {f"by_{part}": str(text or "").casefold()[:SORTED_LENGTH] for part, text in parts.items()}


#: An account before and after; either may be missing.
Pair = tuple[Account | None, Account | None]


def apply_accounts(connection: Connection, tenant_id: int, changes: Sequence[Pair], now: datetime) -> None:
    """Write accounts from what they were to what they are: one statement a table and kind of write."""
    real = [(before, after) for before, after in changes if before != after]
    _write_accounts(connection, tenant_id, real, now)
    delete_said(connection, [after.id for _, after in real if after is not None and after.tombstone is not None])
    for table, rows_of in _PART_TABLES:
        _write_part(connection, table, real, partial(rows_of, tenant_id=tenant_id))


def _write_accounts(connection: Connection, tenant_id: int, changes: Sequence[Pair], now: datetime) -> None:
    gone = [before.id for before, after in changes if before is not None and after is None]
    for some in in_portions(gone):
        connection.execute(delete(accounts).where(accounts.c.id.in_(some)))
    known = [_account_values(after, tenant_id) for before, after in changes if before is not None and after is not None]
    if known:
        values = [{"b_id": row.pop("id"), **row, "modified": now} for row in known]
        connection.execute(update(accounts).where(accounts.c.id == bindparam("b_id")), values)
    new = [_account_values(after, tenant_id) for before, after in changes if before is None and after is not None]
    if new:
        connection.execute(insert(accounts), [{**row, "modified": now} for row in new])


_Rows = Callable[[Account], list[dict[str, Any]]]


def _write_part(connection: Connection, table: Table, changes: Sequence[Pair], rows_of: _Rows) -> None:
    """Replace the part rows of those accounts where they differ."""
    stale, fresh = [], []
    for before, after in changes:
        old = rows_of(before) if before is not None else []
        new = rows_of(after) if after is not None else []
        if old == new:
            continue
        if old and before is not None:
            stale.append(before.id)
        fresh.extend(new)
    for some in in_portions(stale):
        connection.execute(delete(table).where(table.c.account_id.in_(some)))
    if fresh:
        connection.execute(insert(table), fresh)


def _member_rows(account: Account, tenant_id: int) -> list[dict[str, Any]]:
    return [
        {
            "account_id": account.id,
            "workgroup": m.workgroup,
            "tenant_id": tenant_id,
            "position": position,
            "system": account.manager is Manager.SYSTEM,
            "since": m.since,
            "kind": m.kind.value,
            "role": m.role,
            "groups": dump(m.groups),
            "access": dump(m.access),
            "scopes": dump(m.scopes),
            "notifications": dump(m.notifications),
            "default_module": m.default_module,
        }
        for position, m in enumerate(account.members)
    ]


def _seat_rows(account: Account, tenant_id: int) -> list[dict[str, Any]]:
    if account.seat is None:
        return []
    seat = account.seat
    return [
        {
            "account_id": account.id,
            "tenant_id": tenant_id,
            "pool": seat.pool,
            "type": seat.type.value,
            "granted": seat.granted,
        }
    ]


def _wait_rows(account: Account, tenant_id: int) -> list[dict[str, Any]]:
    if account.waiting is None:
        return []
    return [
        {
            "account_id": account.id,
            "kind": c.kind.value,
            "owner": c.owner,
            "name": c.name,
            "tenant_id": tenant_id,
            "since": account.waiting.since,
            "resource_uid": account.resource_uid,
        }
        for c in sorted(account.waiting.capacities)
    ]


def _assigned_rows(account: Account, tenant_id: int) -> list[dict[str, Any]]:
    return [
        {"tenant_id": tenant_id, "name": name, "value": value, "account_id": account.id}
        for name, value in account.assigned
    ]


_PART_TABLES = (
    (memberships, _member_rows),
    (seats, _seat_rows),
    (waits, _wait_rows),
    (assigned_values, _assigned_rows),
)


def rebind(connection: Connection, account_id: str, resource_uid: str) -> None:
    """Give an account, and its places in line, to another object of the same login (tenant attach)."""
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(resource_uid=resource_uid))
    connection.execute(update(waits).where(waits.c.account_id == account_id).values(resource_uid=resource_uid))
