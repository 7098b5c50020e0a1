"""Which Secrets are to be read, for whom, and what is known of them already."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from tenantry.domain.account import Account
from tenantry.domain.login import login_key
from tenantry.domain.mailbox import Mailbox
from tenantry.domain.observed import Observed
from tenantry.domain.password import PASSWORD_FIELD, SYSTEM_PASSWORD_FIELD
from tenantry.domain.reason import Reason
from tenantry.services.observed import observe
from tenantry.services.work import MailboxNeed, PasswordNeed, SecretNeed, TenantRef
from tenantry.specs import UserSpec, WorkgroupSpec
from tenantry.specs.base import SecretKeyRef
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_uid, load_system
from tenantry.store.resource import ResourceRow, load_resources, load_secret_users
from tenantry.store.tenant import find_tenant, list_tenants

#: A page has at most this many Users.
_PAGE_SIZE = 500
#: Reasons for which a Secret is looked at again although neither it nor its User changed.
_REASONS = frozenset({Reason.SECRET_NOT_FOUND, Reason.SECRET_KEY_NOT_FOUND})


def secrets_needed(store: Store, tenant: TenantRef, objects: Sequence[Observed[Any]]) -> list[SecretNeed]:
    """Return the Secrets to read before this batch: for what refers to one and whose spec or look-up is new."""
    wanted = {o.uid: o for o in objects if _refers(o.spec) and not o.deleting and not o.paused}
    if not wanted:
        return []
    with store.read() as connection:
        rows = load_resources(connection, list(wanted))
        needs = needs_of(connection, wanted.values(), tenant.namespace)
    return [need for need in needs if _must_read(rows.get(need.uid), wanted[need.uid], need)]


def secrets_known(store: Store, after_uid: str, limit: int = _PAGE_SIZE) -> list[SecretNeed]:
    """Return a page of all Users that refer to a Secret, by UID, for the look-out for rotated ones."""
    with store.read() as connection:
        return _needs_of_rows(connection, load_secret_users(connection, after_uid, limit))


def secrets_missing(store: Store, after_uid: str, limit: int = _PAGE_SIZE) -> list[SecretNeed]:
    """Return a page of the Users whose Secret, or its key, was not there: those are looked for more often."""
    with store.read() as connection:
        return _needs_of_rows(connection, load_secret_users(connection, after_uid, limit, _REASONS))


def secrets_of(store: Store, uid: str) -> SecretNeed | None:
    """Return the Secrets of one User as of now, None where it refers to none or is gone."""
    with store.read() as connection:
        tenants = {t.id: t.namespace for t in list_tenants(connection)}
        rows = load_resources(connection, [uid]).values()
        return next(iter(_needs_of_rows(connection, [(tenants[row.tenant_id], row) for row in rows])), None)


def _refers(spec: Any) -> TypeGuard[UserSpec | WorkgroupSpec]:  # noqa: ANN401 - a spec of any kind
    if isinstance(spec, WorkgroupSpec):
        return any(user.password_ref is not None for user in spec.system_users)
    return isinstance(spec, UserSpec) and (spec.password_ref or spec.mailbox_ref) is not None


def _must_read(row: ResourceRow | None, seen: Observed[Any], need: SecretNeed) -> bool:
    """Tell whether a Secret must be read. Where a refusal of the password stands in the status, nothing else lifts it.

    What was found of a mailbox is kept with the account, so that one that is missing is not read at every look.
    """
    if row is None or row.generation != seen.generation:
        return True
    if need.mailbox is not None and need.mailbox.source is None:
        return True
    if not all(password.is_taken for password in need.passwords):
        return True
    messages = [condition["message"] for condition in row.parsed_status().get("conditions", ())]
    refused = any(field in message for field in (PASSWORD_FIELD, SYSTEM_PASSWORD_FIELD) for message in messages)
    return bool(need.passwords) and refused


def needs_of(connection: Connection, objects: Iterable[Observed[Any]], namespace: str) -> list[SecretNeed]:
    """Return the Secrets of each User and Workgroup, with what was found there before."""
    referring = [o for o in objects if _refers(o.spec)]
    some = {o.uid: o.spec for o in referring if isinstance(o.spec, UserSpec)}
    accounts = {a.resource_uid: a for a in load_by_uid(connection, list(some))}
    workgroups = [o for o in referring if isinstance(o.spec, WorkgroupSpec)]
    of_users = [
        SecretNeed(
            uid=uid,
            namespace=namespace,
            password=_password_need(spec.password_ref, accounts.get(uid)),
            mailbox=_mailbox_need(spec.mailbox_ref, accounts.get(uid)),
        )
        for uid, spec in some.items()
    ]
    return of_users + _system_needs(connection, workgroups, namespace)


def _system_needs(
    connection: Connection, workgroups: Sequence[Observed[WorkgroupSpec]], namespace: str
) -> list[SecretNeed]:
    """Return the Secrets of Workgroups: those of their system users that log in (NR-07)."""
    tenant = find_tenant(connection, namespace) if workgroups else None
    needs = []
    for seen in workgroups:
        system = load_system(connection, tenant.id, seen.name) if tenant is not None else []
        accounts = {account.login_key: account for account in system}
        users = {login_key(u.user_name): u for u in reversed(seen.spec.system_users)} if seen.spec is not None else {}
        wanted = [(key, _password_need(user.password_ref, accounts.get(key))) for key, user in users.items()]
        passwords = tuple(replace(need, login=key) for key, need in wanted if need is not None)
        needs.append(SecretNeed(seen.uid, namespace, system=passwords))
    return needs


def _password_need(ref: SecretKeyRef | None, account: Account | None) -> PasswordNeed | None:
    password = account.password if account is not None else None
    if ref is None or password is None:
        return None if ref is None else PasswordNeed(ref)
    return PasswordNeed(ref, password.source, password.hash, password.history, password.applied)


def _mailbox_need(ref: SecretKeyRef | None, account: Account | None) -> MailboxNeed | None:
    if ref is None:
        return None
    found = Mailbox.parse(account.mailbox) if account is not None else None
    return MailboxNeed(ref, found.source if found is not None and found.is_at(ref) else None)


def _needs_of_rows(connection: Connection, rows: Iterable[tuple[str, ResourceRow]]) -> list[SecretNeed]:
    users: dict[str, list[Observed[Any]]] = {}
    states = {}
    for namespace, row in rows:
        users.setdefault(namespace, []).append(observe(row, namespace))
        states[row.uid] = f"{row.reason} paused" if row.paused else row.reason
    needs = (need for namespace, some in users.items() for need in needs_of(connection, some, namespace))
    return sorted((replace(need, state=states[need.uid]) for need in needs), key=lambda need: need.uid)
