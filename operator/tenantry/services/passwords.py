"""What a Secret offers as a password: read, compared and hashed here, outside of every transaction.

One hash takes 40 ms and 19 MiB by design, so this runs in a thread of its own; argon2 gives the interpreter free.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tenantry.domain.account import Password
from tenantry.domain.password import OfferKind, PasswordOffer
from tenantry.services.secret_values import decode, source_of
from tenantry.services.work import PasswordNeed

#: OWASP's floor for argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: No policy allows as much. Such a value is not worth hashing: its length alone refuses it.
_LONGEST = 1024


def make_offer(need: PasswordNeed, secret: Mapping[str, Any] | None) -> PasswordOffer:
    """Return what the Secret, as read from the API server, offers to this User. None: there is no Secret."""
    if secret is None:
        return PasswordOffer(OfferKind.NO_SECRET)
    source = source_of(secret, need.ref.key)
    encoded = (secret.get("data") or {}).get(need.ref.key)
    if encoded is None:
        return PasswordOffer(OfferKind.NO_KEY, source)
    password = decode(encoded)
    if password is None:
        return PasswordOffer(OfferKind.NOT_TEXT, source)
    return _compare(need, source, password)


def hash_password(password: str) -> str:
    """Return the hash to store."""
    return _HASHER.hash(normalize_password(password))


def verify_password(hashed: str, password: str) -> bool:
    """Tell whether the password is the one that was hashed."""
    try:
        return _HASHER.verify(hashed, normalize_password(password))
    except (VerificationError, InvalidHashError):
        return False


def normalize_password(password: str) -> str:
    """Return the one form of a password, however the keyboard composed its letters (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password)


def offer_typed(present: Password | None, password: str) -> PasswordOffer:
    """Return what a person offers as the next password; the present one is the first of its history."""
    former = (present.hash, *present.history) if present is not None else ()
    found = (i for i, hashed in enumerate(former) if verify_password(hashed, password))
    position = next(found, None)
    return PasswordOffer(
        kind=OfferKind.NEW if position is None else OfferKind.USED_BEFORE,
        hash=hash_password(password),
        length=len(password),
        compared=present.hash if present is not None else "",
        position=position or 0,
    )


def _compare(need: PasswordNeed, source: str, password: str) -> PasswordOffer:
    if need.applied and verify_password(need.applied, password):
        # The person has chosen another since; the Secret says nothing new.
        return PasswordOffer(OfferKind.SAME, source, need.present, len(password), need.present)
    if len(password) > _LONGEST:
        return PasswordOffer(OfferKind.NEW, source, length=len(password), compared=need.present)
    if need.present and verify_password(need.present, password):
        return PasswordOffer(OfferKind.SAME, source, need.present, len(password), need.present)
    # The present password is the history's first, so the one before it is at position 1.
    for position, former in enumerate(need.history, start=1):
        if verify_password(former, password):
            return _offer(OfferKind.USED_BEFORE, need, source, password, position)
    return _offer(OfferKind.NEW, need, source, password, 0)


def _offer(kind: OfferKind, need: PasswordNeed, source: str, password: str, position: int) -> PasswordOffer:
    return PasswordOffer(kind, source, hash_password(password), len(password), need.present, position)
