"""What a person does on the way into an account: accepts an invitation, signs up, shows that an address is theirs.

The runtime API is the door to these; each is one transaction, and has the User looked at again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from tenantry.domain.account import Account, Onboarding
from tenantry.domain.audit import describe_account_change
from tenantry.domain.login import login_key
from tenantry.domain.onboarding import accept, check_acceptance, verify
from tenantry.domain.refusal import Refusal
from tenantry.errors import InputError
from tenantry.store import Connection, Store
from tenantry.store.account import apply_accounts, load_by_login
from tenantry.store.audit import append_records
from tenantry.store.resource import mark_uids
from tenantry.store.tenant import find_tenant, lock_tenant

#: Who is on record for what a person did.
_PERSON = "person"


def accept_invitation(store: Store, namespace: str, login: str, now: datetime) -> Refusal | None:
    """Accept the invitation, or the listing that a sign-up claims; return why that is not possible, or None (MM-01).

    Raises:
        InputError: there is no such tenant or account.
        StoreUnavailable: the database is gone or locked.
    """
    return _act(store, namespace, login, now, lambda account: check_acceptance(account, now) or accept(account, now))


def verify_email(store: Store, namespace: str, login: str, now: datetime) -> Refusal | None:
    """Take it that the address is the person's (TH-17).

    Raises:
        InputError: there is no such tenant or account.
        StoreUnavailable: the database is gone or locked.
    """
    return _act(store, namespace, login, now, lambda account: verify(account, now))


def _act(
    store: Store, namespace: str, login: str, now: datetime, act: Callable[[Account], Refusal | Onboarding]
) -> Refusal | None:
    with store.write() as connection:
        known = find_tenant(connection, namespace)
        if known is None:
            raise InputError(f'the store has no tenant "{namespace}"')
        tenant = lock_tenant(connection, namespace, known.namespace_uid)
        before = _find(connection, tenant.id, login)
        found = act(before)
        if isinstance(found, Refusal):
            return found
        after = replace(before, onboarding=found)
        apply_accounts(connection, tenant.id, [(before, after)])
        append_records(connection, tenant, [describe_account_change(before, after)], _PERSON, now, store.audit_key)
        if before.resource_uid is not None:
            mark_uids(connection, [before.resource_uid])
        return None


def _find(connection: Connection, tenant_id: int, login: str) -> Account:
    found = load_by_login(connection, tenant_id, {login_key(login)})
    account = next((a for a in found if a.tombstone is None), None)
    if account is None:
        raise InputError(f'there is no account "{login}"')
    return account
