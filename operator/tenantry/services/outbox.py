"""What is taken out of the outbox: by whoever sends mails, of any number that do.

A link is made when its mail is sent, and committed before: the outbox never holds a token. Should a sender die after
the server took the mail, the link of the one that follows opens as well; both have the same id.
"""

import secrets
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tenantry.domain.account import Account
from tenantry.domain.audit import Change
from tenantry.domain.mail import Mail, MailKind, expiry_of, is_wanted
from tenantry.domain.snapshot import WorkgroupPolicy
from tenantry.services.accounts import chosen_tenant
from tenantry.services.acts import Act, acting
from tenantry.services.backoff import Backoff
from tenantry.services.tokens import token_hash
from tenantry.store import Store
from tenantry.store.account import load_by_id
from tenantry.store.outbox import (
    LinkRow,
    MailRow,
    delete_link,
    delete_mails,
    delete_old_links,
    insert_link,
    lease_mails,
    load_due_mails,
    load_mails,
    load_waiting_tenants,
    save_attempt_of,
    take_mail,
)
from tenantry.store.policy import load_policies

#: So many mails are taken at once, and given back to others after so long: longer than a slow server needs for them.
_PORTION = 10
LEASE = timedelta(minutes=10)
PAUSES = Backoff(5.0, 300.0)
_PREFIX = "tnl_"
#: A link that ran out says so for a while; after that it is as if there had been none.
_REMEMBERED = timedelta(days=30)
_ACTOR = "tenantry serve"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is given to one who sends it. ``token`` is told to the person alone; ``link`` has it."""

    id: str
    namespace: str
    lease: str
    until: datetime
    kind: MailKind
    address: str
    sender: str | None
    made: datetime
    facts: dict[str, Any]
    token: str = field(default="", repr=False)
    link: str = field(default="", repr=False)


def tenants_waiting(store: Store, now: datetime) -> list[str]:
    """Return the namespaces that have mail to be sent by now.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        return load_waiting_tenants(connection, now)


def list_unsent(store: Store, namespace: str) -> list[MailRow]:
    """Return the mails of a tenant that were not sent yet, or could not be.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        tenant = chosen_tenant(connection, namespace)
        return load_mails(connection, tenant.id)


def claim(store: Store, namespace: str, now: datetime) -> list[Letter]:
    """Take mails to send: nobody else does before the lease is over. What is of no use any more is dropped.

    Raises:
        InputError: there is no such tenant, or its audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    lease = str(uuid.uuid4())
    with acting(store, namespace, _ACTOR, now) as act:
        rows = load_due_mails(act.connection, act.tenant.id, now, _PORTION)
        ids = {row.mail.account_id for row in rows if row.mail.account_id is not None}
        accounts = {account.id: account for account in load_by_id(act.connection, ids)}
        workgroups = load_policies(act.connection, act.tenant.id).workgroups
        void = [row for row in rows if not is_wanted(row.mail, _of(accounts, row), row.created, now)]
        delete_mails(act.connection, [row.id for row in void])
        act.records += [_record("MailDropped", row, {}) for row in void]
        good = [row for row in rows if row not in void]
        lease_mails(act.connection, [row.id for row in good], lease, now + LEASE)
        delete_old_links(act.connection, act.tenant.id, now - _REMEMBERED)
        return [_letter(act, row, _of(accounts, row), workgroups, lease) for row in good]


def _of(accounts: dict[str, Account], row: MailRow) -> Account | None:
    return accounts.get(row.mail.account_id or "")


def _letter(
    act: Act, row: MailRow, account: Account | None, workgroups: dict[str, WorkgroupPolicy], lease: str
) -> Letter:
    """Return the mail as it is sent, with a link of its own where it has one."""
    mail = row.mail
    letter = Letter(
        id=row.id,
        namespace=act.tenant.namespace,
        lease=lease,
        until=act.now + LEASE,
        kind=mail.kind,
        address=mail.address,
        sender=None,
        made=row.created,
        facts=mail.facts,
    )
    if account is None:
        return letter
    workgroup = _workgroup(mail, account, workgroups)
    facts = {"userName": account.user_name, "name": (account.profile or {}).get("displayName") or account.user_name}
    if workgroup is not None:
        facts["workgroup"] = workgroup.spec.display_name or workgroup.name
        letter = replace(letter, sender=workgroup.spec.mail.sender)
    if mail.purpose is None:
        return replace(letter, facts={**mail.facts, **facts})
    expires = expiry_of(mail, account, row.created, act.now)
    token = _PREFIX + secrets.token_urlsafe(32)
    insert_link(
        act.connection,
        act.tenant.id,
        LinkRow(account.id, mail.purpose, mail.address, row.id, expires),
        token_hash(token),
    )
    page = workgroup.spec.mail.link_url if workgroup is not None else None
    link = f"{page}?act={mail.purpose.value}&token={token}" if page is not None else ""
    told = {**mail.facts, **facts, "expires": f"{expires:%Y-%m-%d %H:%M} UTC"}
    return replace(letter, facts=told, token=token, link=link)


def _workgroup(mail: Mail, account: Account, workgroups: dict[str, WorkgroupPolicy]) -> WorkgroupPolicy | None:
    """Return the workgroup that a mail speaks for: the one it was asked for in, else the first that names a page."""
    names = [*(member.workgroup for member in account.members), *sorted(account.homes)]
    known = [workgroups[name] for name in names if name in workgroups]
    asked = workgroups.get(str(mail.facts.get("askedIn")))
    return asked or next((w for w in known if w.spec.mail.link_url is not None), known[0] if known else None)


def mark_sent(store: Store, letter: Letter, now: datetime) -> None:
    """Take it that the server has the mail.

    Raises:
        InputError: the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked: after the lease it is sent once more, with the same id.
    """
    with acting(store, letter.namespace, _ACTOR, now) as act:
        row = take_mail(act.connection, letter.id, letter.lease)
        if row is not None:
            delete_mails(act.connection, [row.id])
            act.records.append(_record("MailSent", row, {}))


def mark_refused(store: Store, letter: Letter, why: str, now: datetime) -> None:
    """Give a mail up that the server refuses for good; it is kept for people to see, until another takes its place.

    Raises:
        InputError: the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked: after the lease it is tried once more.
    """
    with acting(store, letter.namespace, _ACTOR, now) as act:
        row = take_mail(act.connection, letter.id, letter.lease)
        if row is not None:
            delete_link(act.connection, token_hash(letter.token))
            save_attempt_of(act.connection, replace(row, due=None, attempts=row.attempts + 1, lease="", failure=why))
            act.records.append(_record("MailRefused", row, {"answer": why}))


def give_back(store: Store, letter: Letter, now: datetime, why: str = "", *, may_be_out: bool = False) -> None:
    """Have a mail tried again: later and later where an attempt failed, at once where there was none.

    Its link is forgotten, unless somebody may have got it: the next attempt makes another.

    Raises:
        StoreUnavailable: the database is gone or locked: it is tried again after the lease.
    """
    with store.write() as connection:
        row = take_mail(connection, letter.id, letter.lease)
        if row is None:
            return
        if not may_be_out:
            delete_link(connection, token_hash(letter.token))
        attempts = row.attempts + 1 if why else row.attempts
        due = now + timedelta(seconds=PAUSES.delay(attempts)) if why else now
        save_attempt_of(connection, replace(row, due=due, attempts=attempts, lease="", failure=why))


def _record(action: str, row: MailRow, facts: dict[str, Any]) -> Change:
    told = {"mail": row.id, "kind": row.mail.kind.value, **facts}
    return Change(action, "Mail", row.mail.account_id or "", None, told, {})
