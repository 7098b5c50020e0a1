"""What a Secret offers as a password, after it was read, compared and hashed outside of the transaction."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tenantry.domain.account import Password
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.specs import UserSpec, WorkgroupSpec
from tenantry.specs.base import SecretKeyRef
from tenantry.specs.user import ExpiryChoice
from tenantry.specs.workgroup_login import AuthenticationMode, PasswordExpiry, PasswordPolicy

#: The most hashes kept of earlier passwords: the bound of ``password.history``.
LONGEST_HISTORY = 24
#: The field that every refusal of a password names.
PASSWORD_FIELD = "spec.password.secretKeyRef"  # noqa: S105 - a path
#: How the path of the field ends that refusals of a system user's password name.
SYSTEM_PASSWORD_FIELD = "passwordSecretKeyRef"  # noqa: S105 - a path


class OfferKind(StrEnum):
    """What became of reading the Secret."""

    NO_SECRET = "NoSecret"  # noqa: S105 - an outcome
    NO_KEY = "NoKey"
    NOT_TEXT = "NotText"
    SAME = "Same"
    USED_BEFORE = "UsedBefore"
    NEW = "New"


#: Outcomes that hold only against the stored hash that the value was compared with.
COMPARED = frozenset({OfferKind.SAME, OfferKind.USED_BEFORE, OfferKind.NEW})


@dataclass(frozen=True, slots=True)
class PasswordOffer:
    """The password that a Secret offers. The value itself is not here, only what the rules need of it.

    ``source`` is the Secret's identity and version. ``compared`` is the stored hash that the value was compared with:
    a transaction that finds another must compare again. ``position`` tells how many changes ago the value was in use:
    1 is the password before the present one. ``hash`` is set for New and for UsedBefore.
    """

    kind: OfferKind
    source: str = ""
    hash: str = ""
    length: int = 0
    compared: str = ""
    position: int = 0


def takes_password(policy: WorkgroupSpec) -> bool:
    """Tell whether the workgroup compares passwords here, not in a directory (NR-12)."""
    return policy.authentication.mode is AuthenticationMode.PASSWORD


def password_policy(spec: UserSpec | None, policies: Iterable[WorkgroupSpec]) -> PasswordPolicy:
    """Return the one policy that satisfies all of them (design §2, decision 1), for a User that may opt out of expiry.

    Who opted out of expiry, where that is optional, is not held to the history either (TT-09, TT-10).
    """
    found = [policy.password for policy in policies]
    held = [p for p in found if p.expiry is not PasswordExpiry.OPTIONAL or not _opted_out(spec)]
    expiring = [p for p in held if p.expiry is not PasswordExpiry.NEVER]
    return PasswordPolicy(
        min_length=max(p.min_length for p in found),
        max_length=min(p.max_length for p in found),
        history=max((p.history for p in held), default=0),
        expiry=PasswordExpiry.ALWAYS if expiring else PasswordExpiry.NEVER,
        expiration_days=min((p.expiration_days for p in expiring), default=1),
    )


def _opted_out(spec: UserSpec | None) -> bool:
    return spec is not None and spec.password is not None and spec.password.expiry is ExpiryChoice.NONE


def expiration(password: Password | None, policy: PasswordPolicy) -> Password | None:
    """Return the password with the time at which it expires by the policy, if it does."""
    if password is None:
        return None
    lasts = policy.expiry is PasswordExpiry.NEVER
    expires = None if lasts else password.changed + timedelta(days=policy.expiration_days)
    return password if password.expires == expires else replace(password, expires=expires)


def check_password(offer: PasswordOffer, policy: PasswordPolicy, ref: SecretKeyRef | None) -> Refusal | None:
    """Return why the offered password cannot be taken, or None. Names the Secret that has it, if one has, no value."""
    return _check_read(offer, ref) or _check_value(offer, policy, ref)


def _check_read(offer: PasswordOffer, ref: SecretKeyRef | None) -> Refusal | None:
    """Return why nothing that could be a password was read."""
    secret, key = (ref.name, ref.key) if ref is not None else ("", "")
    unreadable = {
        OfferKind.NO_SECRET: (
            Reason.SECRET_NOT_FOUND,
            f'Secret "{secret}" does not exist; create it, or correct the name',
        ),
        OfferKind.NO_KEY: (Reason.SECRET_KEY_NOT_FOUND, f'Secret "{secret}" has no key "{key}"; add it'),
        OfferKind.NOT_TEXT: (Reason.PASSWORD_INVALID, f'key "{key}" of Secret "{secret}" is not UTF-8 text'),
    }
    if offer.kind in unreadable:
        reason, message = unreadable[offer.kind]
        return Refusal(reason, PASSWORD_FIELD, message)
    return None


def _check_value(offer: PasswordOffer, policy: PasswordPolicy, ref: SecretKeyRef | None) -> Refusal | None:
    """Return what is wrong with the password itself."""
    field, where = (PASSWORD_FIELD, f' in Secret "{ref.name}"') if ref is not None else ("password", "")
    if offer.kind is OfferKind.SAME:
        return None
    if offer.kind is OfferKind.USED_BEFORE and offer.position < policy.history:
        return Refusal(
            Reason.PASSWORD_IN_HISTORY,
            field,
            f"the password{where} is one of the last {policy.history}; choose another",
        )
    return check_length(offer.length, policy, field, f"the password{where}")


def check_length(length: int, policy: PasswordPolicy, field: str, what: str = "the password") -> Refusal | None:
    """Return why a password cannot be taken for its length alone, or None."""
    if policy.min_length <= length <= policy.max_length:
        return None
    message = f"{what} has {length} characters; {policy.min_length} to {policy.max_length} are accepted"
    return Refusal(Reason.PASSWORD_INVALID, field, message)


def check_choice(offer: PasswordOffer, policy: PasswordPolicy, field: str) -> Refusal | None:
    """Return why a person cannot choose this password, or None: the one that they have is no change (TT-10)."""
    used = offer.kind is OfferKind.USED_BEFORE and offer.position < policy.history
    if used or (offer.kind is OfferKind.SAME and policy.history):
        message = f"it is one of the last {policy.history} passwords; choose another"
        return Refusal(Reason.PASSWORD_IN_HISTORY, field, message)
    return check_length(offer.length, policy, field)


def take_choice(present: Password | None, offer: PasswordOffer, policy: PasswordPolicy, now: datetime) -> Password:
    """Return the password that the person chose. What the Secret gave is remembered: it does not come back by itself.

    The latest change wins, and a Secret's value is one when it is another than the last (design §2, decision 8).
    """
    if present is None:
        taken = Password(offer.hash, now)
    elif offer.kind is OfferKind.SAME:
        taken = replace(present, changed=now)
    else:
        applied = present.applied or (present.hash if present.source else "")
        history = (present.hash, *present.history)[:LONGEST_HISTORY]
        taken = Password(offer.hash, now, history, present.source, applied=applied)
    return expiration(taken, policy) or taken


def current(offer: PasswordOffer | None, present: Password | None) -> PasswordOffer | None:
    """Return the offer, unless the password changed since the value was compared: then it is to be read again."""
    if offer is None or offer.kind not in COMPARED:
        return offer
    return offer if offer.compared == (present.hash if present is not None else "") else None


def apply_offer(present: Password | None, offer: PasswordOffer | None, now: datetime) -> Password | None:
    """Return the password after an accepted offer; an unchanged value keeps its time and history."""
    if offer is None:
        return present
    if present is not None and offer.kind is OfferKind.SAME:
        return replace(present, source=offer.source)
    history = (present.hash, *present.history)[:LONGEST_HISTORY] if present is not None else ()
    return Password(offer.hash, now, history, offer.source)
