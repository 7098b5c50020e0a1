"""What people do with the links of their mails, where a test is not about the mails."""

from dataclasses import replace
from datetime import datetime

from tenantry.domain.account import Account
from tenantry.domain.login import login_key
from tenantry.domain.onboarding import accept, check_acceptance, verify
from tenantry.domain.refusal import Refusal
from tenantry.errors import InputError
from tenantry.services.acts import Act, acting
from tenantry.store import Store
from tenantry.store.account import load_by_login


def accept_invitation(store: Store, namespace: str, login: str, now: datetime) -> Refusal | None:
    """Accept the invitation, or sign up, as somebody does whose password is there already."""
    with acting(store, namespace, "person", now) as act:
        account = _find(act, login)
        refusal = check_acceptance(account, now)
        if refusal is None:
            act.change(account, replace(account, onboarding=accept(account, now)))
        return refusal


def verify_email(store: Store, namespace: str, login: str, now: datetime) -> None:
    """Show that the address is the person's."""
    with acting(store, namespace, "person", now) as act:
        account = _find(act, login)
        act.change(account, replace(account, onboarding=verify(account, now)))


def _find(act: Act, login: str) -> Account:
    found = load_by_login(act.connection, act.tenant.id, {login_key(login)})
    account = next((a for a in found if a.tombstone is None), None)
    if account is None:
        raise InputError(f'there is no account "{login}"')
    return account
