"""Whom an application tells of an event: who chose that notification, and can be told (IT-05, IT-08)."""

from dataclasses import dataclass
from datetime import datetime

from tenantry.domain.account import Account
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.specs.user import AccountState
from tenantry.store import Store
from tenantry.store.policy import load_policies
from tenantry.store.recipient import load_subscribers
from tenantry.store.tenant import find_tenant

#: Whose account is in use. An expired password shuts out its owner, and stops no mail.
_REACHED = frozenset({AccountState.ACTIVE, AccountState.PASSWORD_EXPIRED})
_MOBILE = "mobile"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person to tell. ``email`` is empty without an address; ``mobile`` and ``carrier`` are both there or neither."""

    login: str
    email: str
    mobile: str
    carrier: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of them, and the login key to go on after: None at the end."""

    recipients: tuple[Recipient, ...]
    following: str | None


def list_recipients(
    store: Store, namespace: str, workgroup: str, notification: str, now: datetime, *, after: str = "", limit: int = 100
) -> Page | Refusal:
    """Return a page of who is to be told of an event of this name.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.snapshot() as connection:
        tenant = find_tenant(connection, namespace)
        if tenant is None:
            return Refusal(Reason.TENANT_NOT_FOUND, "tenant", f'the store has no tenant "{namespace}"')
        workgroups = load_policies(connection, tenant.id).workgroups
        if workgroup not in workgroups:
            message = f'Workgroup "{workgroup}" does not exist; {choices(sorted(workgroups))}'
            return Refusal(Reason.WORKGROUP_NOT_FOUND, "workgroup", message)
        known = workgroups[workgroup].spec.notifications_by_name
        if notification not in known:
            message = f'Workgroup "{workgroup}" defines no notification "{notification}"; {choices(sorted(known))}'
            return Refusal(Reason.NOTIFICATION_NOT_FOUND, "notification", message)
        found = load_subscribers(connection, tenant.id, workgroup, notification, after, limit + 1)
    told = tuple(_recipient(account) for account in found[:limit] if account.state(now) in _REACHED)
    return Page(told, found[limit - 1].login_key if len(found) > limit else None)


def _recipient(account: Account) -> Recipient:
    profile = account.profile or {}
    phones = profile.get("phoneNumbers") or ()
    first = sorted(phones, key=lambda phone: phone.get("type") != _MOBILE)[:1]
    mobile = "".join(str(phone.get("value") or "") for phone in first)
    carrier = str((profile.get("textAlerts") or {}).get("carrier") or "")
    return Recipient(account.user_name, account.address, mobile if carrier else "", carrier if mobile else "")
