"""What a person does on the way into an account: accepts an invitation, signs up, shows that an address is theirs.

The runtime API is the door to these; each is one transaction, and has the User looked at again. Passwords are compared
and hashed before it, and it checks that what they were compared with is still there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from tenantry.domain.account import Account, Onboarding, Pending
from tenantry.domain.login import login_key
from tenantry.domain.mail import VERIFICATION_LASTS, Mail, MailKind, Purpose, address_to_verify
from tenantry.domain.onboarding import accept, check_acceptance, resend, verify
from tenantry.domain.password import (
    PasswordOffer,
    check_choice,
    check_length,
    password_policy,
    take_choice,
    takes_password,
)
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.services.acts import Act, acting
from tenantry.services.links import Person, follow, mailed_lately, person_of
from tenantry.services.managed import Drop, carry_out, owned_elsewhere
from tenantry.services.passwords import offer_typed
from tenantry.specs.workgroup_login import EmailVerification, OnboardingMode
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_id, load_by_login
from tenantry.store.joined import joined
from tenantry.store.policy import load_policies
from tenantry.store.resource import names_of_owners
from tenantry.store.tenant import find_tenant

#: Who is on record for what a person did.
PERSON = "person"
_PASSWORD = "password"  # noqa: S105 - the name of a field


@dataclass(frozen=True, slots=True)
class SignUp:
    """A person who says to be listed: by which login, and with which address.

    ``password`` counts where no address is verified; elsewhere it is chosen with the link, by whom the mail reaches.
    """

    workgroup: str
    login: str
    email: str
    password: str | None = field(default=None, repr=False)


def accept_invitation(
    store: Store, namespace: str, token: str, password: str | None, now: datetime
) -> Account | Refusal:
    """Accept the invitation whose link was mailed (MM-01). Where there is no password yet the person chooses one.

    Raises:
        InputError: there is no such tenant, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    return _arrive(store, namespace, _Link(token, Purpose.ACCEPT, accept), password, now)


def verify_email(store: Store, namespace: str, token: str, password: str | None, now: datetime) -> Account | Refusal:
    """Take it that the address is the person's to whom the link was mailed (TH-17).

    Who waits for it to come in and has no password yet chooses one by it: the mail reached nobody else.

    Raises:
        InputError: there is no such tenant, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    return _arrive(store, namespace, _Link(token, Purpose.VERIFY, verify), password, now)


@dataclass(frozen=True, slots=True)
class _Link:
    """What somebody has who got a mail, and how far it brings them."""

    token: str = field(repr=False)
    purpose: Purpose
    step: Callable[[Account, datetime], Onboarding]


def _arrive(store: Store, namespace: str, link: _Link, password: str | None, now: datetime) -> Account | Refusal:
    """Take a link, with the password that is chosen by it."""
    with store.read() as connection:
        tenant = find_tenant(connection, namespace)
        if tenant is None:
            return no_tenant(namespace)
        person = follow(connection, tenant.id, link.token, link.purpose, now)
    if isinstance(person, Refusal):
        return person
    offer = offer_typed(password, person.account.password) if password is not None else None
    with acting(store, namespace, PERSON, now) as act:
        person = follow(act.connection, act.tenant.id, link.token, link.purpose, now)
        if isinstance(person, Refusal):
            return person
        after = _with_password(person, offer, now)
        if isinstance(after, Refusal):
            return after
        after = replace(after, onboarding=link.step(after, now))
        act.change(person.account, after)
        return after


def _with_password(person: Person, offer: PasswordOffer | None, now: datetime) -> Account | Refusal:
    """Return the account with the password that the person chose, if one is needed or was given."""
    account, policy = person.account, person.password_policy
    if offer is None:
        arriving = account.onboarding.pending is not Pending.NOTHING
        missing = arriving and policy is not None and account.password is None
        message = "there is no password yet; choose one"
        return Refusal(Reason.PASSWORD_INVALID, _PASSWORD, message) if missing else account
    if policy is None:
        message = "the password of this account is that of a directory; leave it out"
        return Refusal(Reason.PASSWORD_NOT_APPLICABLE, _PASSWORD, message)
    if account.onboarding.pending is not Pending.INVITATION and account.password is not None:
        message = "there is a password already; leave it out, and change it by itself"
        return Refusal(Reason.PASSWORD_NOT_APPLICABLE, _PASSWORD, message)
    if offer.compared != (account.password.hash if account.password is not None else ""):
        return Refusal(Reason.PASSWORD_INVALID, _PASSWORD, "the password was changed meanwhile; try again")
    refusal = check_choice(offer, policy, _PASSWORD)
    return refusal or replace(account, password=take_choice(account.password, offer, policy, now))


def sign_up(store: Store, namespace: str, asked: SignUp, now: datetime) -> Refusal | None:
    """Claim the account that is listed under a login and an address (TH-15, TH-17).

    Whether one is listed is not told. Where the address must be verified a mail goes out: log-in waits for its link,
    and the password is chosen by it. Until then a new attempt has the mail sent once more.

    Raises:
        InputError: there is no such tenant, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        tenant = find_tenant(connection, namespace)
        if tenant is None:
            return no_tenant(namespace)
        refusal = _check_sign_up(connection, tenant.id, asked)
    if refusal is not None:
        return refusal
    # Hashed even for nobody, so that both take as long; there is no former password to compare it with.
    offer = offer_typed(asked.password, None) if asked.password is not None else None
    with acting(store, namespace, PERSON, now) as act:
        account = _listed(act.connection, act.tenant.id, asked)
        person = person_of(act.connection, act.tenant.id, account) if account is not None else None
        if person is not None and not person.account.going:
            _take_sign_up(act, person, offer, asked.workgroup)
    return None


def _check_sign_up(connection: Connection, tenant_id: int, asked: SignUp) -> Refusal | None:
    """Return what is wrong with it whoever asks."""
    workgroups = load_policies(connection, tenant_id).workgroups
    workgroup = workgroups.get(asked.workgroup)
    if workgroup is None:
        message = f'Workgroup "{asked.workgroup}" does not exist; {choices(sorted(workgroups))}'
        return Refusal(Reason.WORKGROUP_NOT_FOUND, "workgroup", message)
    if workgroup.spec.onboarding.mode is not OnboardingMode.SIGN_UP:
        return Refusal(Reason.NOT_INVITED, "workgroup", "nobody signs up for this workgroup; ask for an invitation")
    if not takes_password(workgroup.spec):
        message = "the password is that of a directory; leave it out"
        return Refusal(Reason.PASSWORD_NOT_APPLICABLE, _PASSWORD, message) if asked.password is not None else None
    if asked.password is None:
        verified = workgroup.spec.email_verification is EmailVerification.REQUIRED
        return None if verified else Refusal(Reason.PASSWORD_INVALID, _PASSWORD, "choose a password")
    return check_length(len(asked.password), password_policy(None, [workgroup.spec]), _PASSWORD)


def _listed(connection: Connection, tenant_id: int, asked: SignUp) -> Account | None:
    """Return the account that is listed: of this login, with this address, in this workgroup."""
    found = load_by_login(connection, tenant_id, {login_key(asked.login)})
    account = next((a for a in found if a.tombstone is None), None)
    if account is None or asked.workgroup not in account.memberships or not account.address:
        return None
    return account if login_key(account.address) == login_key(asked.email) else None


def _take_sign_up(act: Act, person: Person, offer: PasswordOffer | None, workgroup: str) -> None:
    """Take a sign-up of one who is waited for, or send the mail once more that its address waits for.

    Where a mail decides whose the account is, nothing that a stranger typed before it may count. A password that a
    Secret gave is not for a stranger to change either. Who needs none of a mail, in a workgroup where others choose
    the password by it, is mailed as one who forgot it.
    """
    before, policy = person.account, person.password_policy
    if before.onboarding.pending is Pending.VERIFICATION:
        if not mailed_lately(act, before, Purpose.VERIFY, VERIFICATION_LASTS):
            act.mails.append(Mail(MailKind.VERIFICATION, address_to_verify(before), before.id))
        return
    if before.onboarding.pending is not Pending.SIGN_UP or check_acceptance(before, act.now) is not None:
        return
    after = replace(before, onboarding=accept(before, act.now))
    if after.onboarding.pending is not Pending.VERIFICATION and policy is not None and before.password is None:
        if offer is None:
            act.mails.append(Mail(MailKind.PASSWORD_RESET, after.serving_address, after.id, {"askedIn": workgroup}))
        elif check_choice(offer, policy, _PASSWORD) is not None:
            return
        else:
            after = replace(after, password=take_choice(None, offer, policy, act.now))
    act.change(before, after)


def resend_invitation(store: Store, namespace: str, login: str, actor: str, now: datetime) -> Refusal | None:
    """Mail the invitation once more; the link before it is closed (MM-04). One that ran out queues for a seat anew.

    Raises:
        InputError: there is no such tenant, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    with acting(store, namespace, actor, now) as act:
        person = invited_person(act, login)
        if isinstance(person, Refusal):
            return person
        account = person.account
        if not account.address:
            return Refusal(Reason.EMAIL_MISSING, "emails", "there is no address to mail the invitation to; add one")
        hours = [p.onboarding.expiration_hours for p in person.policies if _invites(p.onboarding.mode)]
        if not hours:
            return Refusal(Reason.NOT_INVITED, "", "no workgroup of this account invites anybody by now")
        act.change(account, replace(account, onboarding=resend(account, min(hours), now)))
        return None


def _invites(mode: OnboardingMode) -> bool:
    return mode is OnboardingMode.INVITATION


def cancel_invitation(store: Store, namespace: str, login: str, actor: str, now: datetime) -> Refusal | None:
    """Take an invitation back: nothing is left of it (MM-04). Of a User's account that is the deletion of the User.

    Raises:
        InputError: there is no such tenant, or the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked.
    """
    with joined(store, namespace) as held:
        with acting(held, namespace, actor, now) as act:
            person = invited_person(act, login)
            owner = (
                names_of_owners(act.connection, [person.account.resource_uid or ""])
                if isinstance(person, Person)
                else {}
            )
        if isinstance(person, Refusal):
            return person
        refusal = owned_elsewhere(person.account, owner.get(person.account.resource_uid or "", ""))
        if refusal is not None:
            return refusal
        (done,) = carry_out(held, namespace, [Drop(login)], actor, now)
        if done.refusal is None:
            with acting(held, namespace, actor, now) as act:
                for left in load_by_id(act.connection, [person.account.id]):
                    act.change(left, None)  # nobody came: there is nothing that a restore could bring back
        return done.refusal


def invited_person(act: Act, login: str) -> Person | Refusal:
    """Return who was invited and has not come yet, or why there is no such."""
    found = load_by_login(act.connection, act.tenant.id, {login_key(login)})
    account = next((a for a in found if a.tombstone is None), None)
    if account is None:
        return no_user(login)
    person = person_of(act.connection, act.tenant.id, account)
    if account.onboarding.pending is not Pending.INVITATION or account.going:
        return Refusal(Reason.NOT_INVITED, "", "nobody is waited for to accept an invitation to this account")
    return person


def no_user(login: str) -> Refusal:
    """Return the refusal of a login that nobody has."""
    return Refusal(Reason.USER_NOT_FOUND, "userName", f'there is no account "{login}"')


def no_tenant(namespace: str) -> Refusal:
    """Return the refusal of a tenant that there is not."""
    return Refusal(Reason.TENANT_NOT_FOUND, "tenant", f'the store has no tenant "{namespace}"')
