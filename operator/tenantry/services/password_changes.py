"""How a person comes to another password: by the one there is, or by the link of a mail (TT-07, TT-09, MM-13).

Passwords are compared and hashed before the transaction, which checks that what they were compared with is still there.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from tenantry.domain.account import Account, Manager, Pending
from tenantry.domain.audit import Change
from tenantry.domain.login import login_key
from tenantry.domain.mail import RESET_LASTS, Mail, MailKind, Purpose
from tenantry.domain.password import PasswordOffer, check_choice, take_choice
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.domain.session import check_log_in
from tenantry.services.acts import Act, acting
from tenantry.services.credentials import NOT_RIGHT, Claim, DirectoryClaim, account_of, forget_failures, prove
from tenantry.services.links import NOT_VALID, Person, follow, mailed_lately, person_of
from tenantry.services.onboarding import PERSON, no_tenant, no_user
from tenantry.services.passwords import offer_typed
from tenantry.store import Store
from tenantry.store.account import load_by_login
from tenantry.store.outbox import delete_links
from tenantry.store.policy import load_policies
from tenantry.store.tenant import find_tenant

_NEW = "newPassword"
_NOT_TAKEN = Refusal(
    Reason.PASSWORD_NOT_APPLICABLE, "userName", "the password of this account is that of a directory; change it there"
)


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """A person who knows the password, and wants another."""

    claim: Claim
    new: str = field(repr=False)


def change_password(store: Store, namespace: str, asked: PasswordChange, now: datetime) -> Refusal | None:
    """Change a password by the present one, an expired one too: that is all that it is good for then (TT-09).

    Every session of the account ends.

    Raises:
        InputError: there is no such tenant, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked; the password is as it was.
    """
    proof = prove(store, namespace, asked.claim, now)
    if isinstance(proof, Refusal):
        return proof
    if isinstance(proof, DirectoryClaim):
        return _NOT_TAKEN
    offer = offer_typed(asked.new, proof.password)
    with acting(store, namespace, PERSON, now) as act:
        workgroup = load_policies(act.connection, act.tenant.id).workgroups.get(proof.workgroup)
        if workgroup is None:
            return NOT_RIGHT
        account = proof.account(act.connection, act.tenant.id, workgroup.spec)
        if account is None:
            return NOT_RIGHT
        forget_failures(act.connection, act.tenant.id, account)
        shut = check_log_in(account, workgroup, now)
        if shut is not None and shut.reason not in {Reason.PASSWORD_EXPIRED, Reason.LICENSE_MISSING}:
            return shut
        return _change(act, person_of(act.connection, act.tenant.id, account), offer)


def _change(act: Act, person: Person, offer: PasswordOffer) -> Refusal | None:
    policy = person.password_policy
    if policy is None:
        return _NOT_TAKEN
    refusal = check_choice(offer, policy, _NEW)
    if refusal is None:
        account = person.account
        act.change(account, replace(account, password=take_choice(account.password, offer, policy, act.now)))
    return refusal


def request_reset(store: Store, namespace: str, workgroup: str, login: str, now: datetime) -> Refusal | None:
    """Mail a link by which a forgotten password is replaced. Whether there is such an account is not told.

    Raises:
        InputError: there is no such tenant, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked; nothing is mailed.
    """
    with store.read() as connection:
        tenant = find_tenant(connection, namespace)
        if tenant is None:
            return no_tenant(namespace)
        workgroups = load_policies(connection, tenant.id).workgroups
    if workgroup not in workgroups:
        message = f'Workgroup "{workgroup}" does not exist; {choices(sorted(workgroups))}'
        return Refusal(Reason.WORKGROUP_NOT_FOUND, "workgroup", message)
    with acting(store, namespace, PERSON, now) as act:
        account = account_of(act.connection, act.tenant.id, workgroup, login, workgroups[workgroup].spec.login.by)
        member = account is not None and workgroup in account.memberships
        if account is not None and member and not mailed_lately(act, account, Purpose.RESET, RESET_LASTS):
            _mail_reset(act, account, workgroup)
    return None


def send_password_reset(store: Store, namespace: str, login: str, actor: str, now: datetime) -> Refusal | None:
    """Mail a link by which the password is replaced, on behalf of who administers the account (MM-13).

    Raises:
        InputError: there is no such tenant, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked; nothing is mailed.
    """
    with acting(store, namespace, actor, now) as act:
        found = load_by_login(act.connection, act.tenant.id, {login_key(login)})
        account = next((a for a in found if a.tombstone is None), None)
        return no_user(login) if account is None else _mail_reset(act, account, None)


def _mail_reset(act: Act, account: Account, workgroup: str | None) -> Refusal | None:
    """Put the mail into the outbox, or return why the account can have none."""
    refusal = _check_reset(person_of(act.connection, act.tenant.id, account))
    if refusal is None:
        facts = {"askedIn": workgroup} if workgroup is not None else {}
        act.mails.append(Mail(MailKind.PASSWORD_RESET, account.serving_address, account.id, facts))
        act.records.append(Change("PasswordResetRequested", "Mail", account.id, account.resource_uid, {}, {}))
    return refusal


def _check_reset(person: Person) -> Refusal | None:
    account = person.account
    in_use = account.in_force and account.active and account.onboarding.pending is Pending.NOTHING
    if account.manager is Manager.SYSTEM or not in_use or account.locked is not None or account.going:
        return Refusal(Reason.ACCOUNT_NOT_ACTIVE, "userName", "only an account that is in use can get another password")
    if person.password_policy is None:
        return _NOT_TAKEN
    if not account.serving_address:
        return Refusal(Reason.EMAIL_MISSING, "userName", "there is no address to mail to; add one")
    return None


def confirm_reset(store: Store, namespace: str, token: str, new: str, now: datetime) -> Refusal | None:
    """Replace the password by a link that was mailed: once, within its time, and of the address that serves (MM-13).

    Raises:
        InputError: there is no such tenant, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked; the password is as it was.
    """
    with store.read() as connection:
        tenant = find_tenant(connection, namespace)
        if tenant is None:
            return no_tenant(namespace)
        person = follow(connection, tenant.id, token, Purpose.RESET, now)
    if isinstance(person, Refusal):
        return person
    offer = offer_typed(new, person.account.password)
    with acting(store, namespace, PERSON, now) as act:
        person = follow(act.connection, act.tenant.id, token, Purpose.RESET, now)
        if isinstance(person, Refusal):
            return person
        account = person.account
        if offer.compared != (account.password.hash if account.password is not None else ""):
            return NOT_VALID
        refusal = _check_reset(person) or _change(act, person, offer)
        if refusal is None:
            delete_links(act.connection, Purpose.RESET, [account.id])
            forget_failures(act.connection, act.tenant.id, account)
        return refusal
