"""What a person does on the way into an account: accepts an invitation, signs up, shows that an address is theirs.

The runtime API is the door to these; each is one transaction, and has the User looked at again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from tenantry.domain.account import Account, Onboarding
from tenantry.domain.login import login_key
from tenantry.domain.onboarding import accept, check_acceptance, verify
from tenantry.domain.refusal import Refusal
from tenantry.errors import InputError
from tenantry.services.acts import Act, acting
from tenantry.store import Store
from tenantry.store.account import load_by_login

#: Who is on record for what a person did.
_PERSON = "person"


def accept_invitation(store: Store, namespace: str, login: str, now: datetime) -> Refusal | None:
    """Accept the invitation, or the listing that a sign-up claims; return why that is not possible, or None (MM-01).

    Raises:
        InputError: there is no such tenant or account, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    return _act(store, namespace, login, now, lambda account: check_acceptance(account, now) or accept(account, now))


def verify_email(store: Store, namespace: str, login: str, now: datetime) -> Refusal | None:
    """Take it that the address is the person's (TH-17).

    Raises:
        InputError: there is no such tenant or account, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    return _act(store, namespace, login, now, lambda account: verify(account, now))


def _act(
    store: Store, namespace: str, login: str, now: datetime, come: Callable[[Account], Refusal | Onboarding]
) -> Refusal | None:
    with acting(store, namespace, _PERSON, now) as act:
        before = _find(act, login)
        found = come(before)
        if isinstance(found, Refusal):
            return found
        act.change(before, replace(before, onboarding=found))
        return None


def _find(act: Act, login: str) -> Account:
    found = load_by_login(act.connection, act.tenant.id, {login_key(login)})
    account = next((a for a in found if a.tombstone is None), None)
    if account is None:
        raise InputError(f'there is no account "{login}"')
    return account
