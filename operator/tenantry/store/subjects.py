"""Accounts by login or id for decisions, kept in memory for as long as nothing of their tenant changed.

Each change of an account is a record of the tenant's audit trail, committed with it, and the head of the trail is a
salted hash: where the head is the one that the accounts were read by, they are what the tables hold.
"""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import Connection

from tenantry.domain.account import Account
from tenantry.domain.login import login_key
from tenantry.store.account import load_by_id, load_by_key
from tenantry.store.resource import names_of_owners
from tenantry.store.tenant import TenantRow

_MOST_TENANTS, _MOST_SUBJECTS = 64, 5000
_KEPT: "OrderedDict[int, _Read]" = OrderedDict()
_LOCK = Lock()


@dataclass(frozen=True, slots=True)
class Subject:
    """An account, with the name of the User that owns it; empty where none does."""

    account: Account
    user: str


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a tenant by one head of its trail: what each word that was asked for stands for."""

    head: str
    subjects: dict[str, tuple[Subject, ...]] = field(default_factory=dict)


def load_subjects(connection: Connection, tenant: TenantRow, words: Collection[str]) -> list[Subject]:
    """Return the accounts and tombstones that these words, logins or ids, may stand for; system users too.

    The tenant must have been read by the same snapshot as the connection reads.
    """
    with _LOCK:
        kept = _of_head(tenant)
        found = {word: kept.subjects[word] for word in words if word in kept.subjects}
    missing = [word for word in words if word not in found]
    if missing:
        found |= _load(connection, tenant.id, missing)
        with _LOCK:
            if len(kept.subjects) + len(missing) > _MOST_SUBJECTS:
                kept.subjects.clear()
            kept.subjects.update(found)
    return list({subject.account.id: subject for meant in found.values() for subject in meant}.values())


def _of_head(tenant: TenantRow) -> _Read:
    read = _KEPT.get(tenant.id)
    if read is None or read.head != tenant.audit_head:
        read = _KEPT[tenant.id] = _Read(tenant.audit_head)
    _KEPT.move_to_end(tenant.id)
    if len(_KEPT) > _MOST_TENANTS:
        _KEPT.popitem(last=False)
    return read


def _load(connection: Connection, tenant_id: int, words: Collection[str]) -> dict[str, tuple[Subject, ...]]:
    """Read what these stand for; a word that is nobody's stands for nothing."""
    by_login: dict[str, list[Account]] = {}
    for account in load_by_key(connection, tenant_id, {login_key(word) for word in words}):
        by_login.setdefault(account.login_key, []).append(account)
    by_id = {account.id: account for account in load_by_id(connection, words, tenant_id)}
    accounts = {a.id: a for some in (*by_login.values(), by_id.values()) for a in some}
    subjects = {subject.account.id: subject for subject in owned(connection, accounts.values())}
    found = {}
    for word in words:
        ids = {a.id for a in by_login.get(login_key(word), ())} | ({word} & by_id.keys())
        found[word] = tuple(subjects[id_] for id_ in sorted(ids))
    return found


def owned(connection: Connection, accounts: Collection[Account]) -> list[Subject]:
    """Return accounts with the names of the Users that own them."""
    users = names_of_owners(connection, [a.resource_uid for a in accounts if a.resource_uid is not None])
    return [Subject(account, users.get(account.resource_uid or "", "")) for account in accounts]
