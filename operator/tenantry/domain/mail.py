"""Mails to people: which follow from what became of an account, and which of their links open nothing any more."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tenantry.domain.account import Account, Manager, Pending
from tenantry.domain.login import login_key
from tenantry.specs import LicensePoolSpec
from tenantry.specs.licensepool import License, Limit, Plan

#: How long the link of a mail is good: of a reset as short as a person needs to read it (MM-13).
RESET_LASTS = timedelta(hours=1)
VERIFICATION_LASTS = timedelta(days=7)


class MailKind(StrEnum):
    """What a mail is about."""

    INVITATION = "Invitation"
    VERIFICATION = "Verification"
    PASSWORD_RESET = "PasswordReset"  # noqa: S105 - a kind
    EMAIL_CHANGED = "EmailChanged"
    OWNER_NOTICE = "OwnerNotice"


class Purpose(StrEnum):
    """What the link of a mail is for."""

    ACCEPT = "accept"
    VERIFY = "verify"
    RESET = "reset"


_PURPOSES = {
    MailKind.INVITATION: Purpose.ACCEPT,
    MailKind.VERIFICATION: Purpose.VERIFY,
    MailKind.PASSWORD_RESET: Purpose.RESET,
}
_KINDS = {purpose: kind for kind, purpose in _PURPOSES.items()}


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that is to be sent. ``facts`` are what it tells beside what is known of the account; nothing secret."""

    kind: MailKind
    address: str
    account_id: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def purpose(self) -> Purpose | None:
        """Return what its link is for, None where it has none."""
        return _PURPOSES.get(self.kind)


def kind_of(purpose: Purpose) -> MailKind:
    """Return the mail that has such a link."""
    return _KINDS[purpose]


def mails_of(before: Account | None, after: Account | None) -> Iterator[Mail]:
    """Yield the mails that follow from an account's change. Who has no address gets none; its status says so."""
    if after is None or after.tombstone is not None or after.manager is Manager.SYSTEM:
        return
    invited, to_verify = _invitation(after), address_to_verify(after)
    if invited is not None and invited != _invitation(before) and invited[1]:
        yield Mail(MailKind.INVITATION, invited[1], after.id)
    if to_verify and login_key(to_verify) != login_key(address_to_verify(before)):
        yield Mail(MailKind.VERIFICATION, to_verify, after.id)
    asked = after.reset_obeyed is not None and (before is None or before.reset_obeyed != after.reset_obeyed)
    if asked and after.serving_address:
        yield Mail(MailKind.PASSWORD_RESET, after.serving_address, after.id)
    if before is not None and _moved(before, after):
        yield Mail(MailKind.EMAIL_CHANGED, before.serving_address, after.id)


def closed_by(before: Account | None, after: Account | None) -> Iterator[Purpose]:
    """Yield the purposes for which no link mailed so far opens anything after an account's change.

    A link is bound to what it was mailed for: an invitation to that invitation, a proof to that address, a reset to the
    password that it is to replace.
    """
    if before is None or after is None:  # there was none; or the links go with the account
        return
    if after.tombstone is not None:
        yield from Purpose
        return
    if _invitation(before) != _invitation(after):
        yield Purpose.ACCEPT
    if login_key(address_to_verify(before)) != login_key(address_to_verify(after)):
        yield Purpose.VERIFY
    if _hash(before) != _hash(after) or login_key(before.serving_address) != login_key(after.serving_address):
        yield Purpose.RESET


def is_wanted(mail: Mail, account: Account | None, created: datetime, now: datetime) -> bool:
    """Tell whether a mail that could not be sent until now still is of use."""
    if mail.kind is MailKind.OWNER_NOTICE:
        return True
    if account is None or account.tombstone is not None:
        return False
    match mail.kind:
        case MailKind.INVITATION:
            open_ = account.onboarding.pending is Pending.INVITATION and not account.onboarding.has_lapsed(now)
            return open_ and login_key(account.onboarding.invited_address) == login_key(mail.address)
        case MailKind.VERIFICATION:
            return login_key(address_to_verify(account)) == login_key(mail.address)
        case MailKind.PASSWORD_RESET:
            return now < created + RESET_LASTS
        case _:
            return True


def expiry_of(mail: Mail, account: Account, created: datetime, now: datetime) -> datetime:
    """Return until when the link of a mail is good."""
    match mail.kind:
        case MailKind.INVITATION:
            return account.onboarding.expires or now + VERIFICATION_LASTS
        case MailKind.VERIFICATION:
            return now + VERIFICATION_LASTS
        case _:
            return created + RESET_LASTS


def address_to_verify(account: Account | None) -> str:
    """Return the address that the person has yet to show is theirs; empty where there is none."""
    if account is None or account.tombstone is not None or not account.in_force:
        return ""
    onboarding = account.onboarding
    waits = onboarding.pending in {Pending.NOTHING, Pending.VERIFICATION}
    return account.address if waits and onboarding.must_verify and not onboarding.has_proof_of(account.address) else ""


def _invitation(account: Account | None) -> tuple[datetime, str] | None:
    """Return which invitation is out, if one is."""
    if account is None or account.onboarding.pending is not Pending.INVITATION or account.onboarding.invited is None:
        return None
    return account.onboarding.invited, account.onboarding.invited_address


def _moved(before: Account, after: Account) -> bool:
    """Tell whether somebody who is in has another address now: the one before is told, should it not have been them."""
    in_use = before.onboarding.joined is not None and after.onboarding.joined is not None
    return in_use and bool(before.address) and login_key(before.address) != login_key(after.address)


def _hash(account: Account) -> str:
    return account.password.hash if account.password is not None else ""


def owner_notices(pool: str, before: LicensePoolSpec, after: LicensePoolSpec) -> list[Mail]:
    """Return the mails that tell a subscription's owner what was altered; a former owner is told as well (TH-23)."""
    altered = list(_altered(before, after))
    owners = {login_key(o.email): o.email for o in (before.owner, after.owner) if o is not None}
    if not altered:
        return []
    name = after.display_name or pool
    return [Mail(MailKind.OWNER_NOTICE, email, facts={"pool": name, "altered": altered}) for email in owners.values()]


def _altered(before: LicensePoolSpec, after: LicensePoolSpec) -> Iterator[str]:
    """Yield what differs, each as a line: plan, licenses, limits, add-ons, owner."""
    yield from _differences("plan", _plan(before.plan), _plan(after.plan))
    yield from _each("licenses", before.licenses, after.licenses)
    yield from _each("limit", before.limits, after.limits)
    owners = [spec.owner.email if spec.owner is not None else None for spec in (before, after)]
    yield from _differences("owner", {"": owners[0]}, {"": owners[1]})


def _each(what: str, before: Iterable[License | Limit], after: Iterable[License | Limit]) -> Iterator[str]:
    old, new = {_name(x): _amounts(x) for x in before}, {_name(x): _amounts(x) for x in after}
    for name in [*old, *(n for n in new if n not in old)]:
        yield from _differences(f"{what} {name}", old.get(name, {}), new.get(name, {}))


def _name(counted: License | Limit) -> str:
    return counted.type.value if isinstance(counted, License) else counted.name


def _amounts(counted: License | Limit) -> dict[str, object]:
    if isinstance(counted, License):
        return {"quantity": counted.quantity, "accounts per license": counted.accounts_per_license}
    return {"included": counted.included, "add-ons": counted.add_ons}


def _plan(plan: Plan | None) -> dict[str, object]:
    if plan is None:
        return {}
    return {
        "": plan.name,
        "add-ons": "allowed" if plan.add_ons_allowed else "not allowed",
        "accounts": "several" if plan.multiple_accounts else "only the subscriber's",
    }


def _differences(what: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old != new:
            yield f"{what}{', ' if name else ''}{name}: {_word(old)} → {_word(new)}"


def _word(value: object) -> str:
    return "none" if value is None else str(value)
