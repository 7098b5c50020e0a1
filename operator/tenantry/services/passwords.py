"""What a Secret offers as a password: read, compared and hashed here, outside of every transaction.

One hash takes 40 ms and 19 MiB by design, so this runs in a thread of its own; argon2 gives the interpreter free.
"""

import unicodedata
from collections.abc import Mapping, Sequence
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
    return _compare(password, need.present, need.history, source)


def offer_typed(password: str, present: Password | None) -> PasswordOffer:
    """Return what a person offers who types a password, against the one that the account has."""
    if present is None:
        return _compare(password, "", (), "")
    return _compare(password, present.hash, present.history, present.source)


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


def _compare(password: str, present: str, history: Sequence[str], source: str) -> PasswordOffer:
    if len(password) > _LONGEST:
        return PasswordOffer(OfferKind.NEW, source, length=len(password), compared=present)
    if present and verify_password(present, password):
        return PasswordOffer(OfferKind.SAME, source, present, len(password), present)
    # The present password is the history's first, so the one before it is at position 1.
    used = (position for position, former in enumerate(history, start=1) if verify_password(former, password))
    position = next(used, 0)
    kind = OfferKind.USED_BEFORE if position else OfferKind.NEW
    return PasswordOffer(kind, source, hash_password(password), len(password), present, position)
