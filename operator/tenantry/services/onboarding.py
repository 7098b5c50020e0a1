"""What a person does on the way into an account: accepts an invitation, signs up, shows that an address is theirs.

The runtime API is the door to these; each is one transaction, and has the User looked at again.
"""

from dataclasses import replace
from datetime import datetime

from tenantry.domain.account import Account
from tenantry.domain.login import login_key
from tenantry.domain.onboarding import accept, check_acceptance, check_verification, verify
from tenantry.domain.refusal import Refusal
from tenantry.errors import InputError
from tenantry.services.acts import Act, acting
from tenantry.store import Store
from tenantry.store.account import load_by_login
from tenantry.store.resource import load_resources

#: Who is on record for what a person did.
_PERSON = "person"


def accept_invitation(store: Store, namespace: str, login: str, now: datetime) -> Refusal | None:
    """Accept the invitation, or the listing that a sign-up claims; return why that is not possible, or None (MM-01).

    Raises:
        InputError: there is no such tenant or account, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    with acting(store, namespace, _PERSON, now) as act:
        account = _find(act, login)
        refusal = check_acceptance(account, now, going=_is_going(act, account))
        if refusal is None:
            act.change(account, replace(account, onboarding=accept(account, now)))
        return refusal


def verify_email(store: Store, namespace: str, login: str, now: datetime) -> Refusal | None:
    """Take it that the address is the person's; return why there is none to take, or None (TH-17).

    Raises:
        InputError: there is no such tenant or account, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    with acting(store, namespace, _PERSON, now) as act:
        account = _find(act, login)
        refusal = check_verification(account)
        if refusal is None:
            act.change(account, replace(account, onboarding=verify(account, now)))
        return refusal


def _is_going(act: Act, account: Account) -> bool:
    """Tell whether the User of the account is deleted, and only something that it holds keeps it."""
    uid = account.resource_uid or ""
    row = load_resources(act.connection, [uid]).get(uid)
    return row is not None and row.deleting


def _find(act: Act, login: str) -> Account:
    found = load_by_login(act.connection, act.tenant.id, {login_key(login)})
    account = next((a for a in found if a.tombstone is None), None)
    if account is None:
        raise InputError(f'there is no account "{login}"')
    return account
