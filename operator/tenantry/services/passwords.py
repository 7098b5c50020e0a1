"""What a Secret offers as a password: read, compared and hashed here, outside of every transaction.

One hash takes 40 ms and 19 MiB by design, so this runs in a thread of its own; argon2 gives the interpreter free.
"""

import os
import secrets
import threading
import unicodedata
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tenantry.domain.account import Password
from tenantry.domain.password import OfferKind, PasswordOffer
from tenantry.services.secret_values import decode, source_of
from tenantry.services.work import PasswordNeed

#: So many passwords are hashed at a time; one processor is left to all else.
HASHERS = max(1, (os.cpu_count() or 1) - 1)
_NICENESS = 10
#: OWASP's floor for argon2id: 19 MiB, two passes, one lane.
LEAST_MEMORY, LEAST_PASSES = 19, 2
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
    if need.applied and verify_password(need.applied, password):
        # The person has chosen another since; the Secret says nothing new.
        return PasswordOffer(OfferKind.SAME, source, need.present, len(password), need.present)
    return _compare(password, need.present, need.history, source)


def offer_typed(password: str, present: Password | None) -> PasswordOffer:
    """Return what a person offers who types a password, against the one that the account has."""
    known = (present.hash, present.history, present.source) if present is not None else ("", (), "")
    return _HASHERS.submit(_compare, password, *known).result()


def hash_password(password: str) -> str:
    """Return the hash to store."""
    return _HASHERS.submit(_hash, password).result()


def verify_password(hashed: str, password: str) -> bool:
    """Tell whether the password is the one that was hashed."""
    return _HASHERS.submit(_matches, hashed, password).result()


def is_password(hashed: str | None, password: str) -> bool:
    """Tell whether the password is the one that was hashed; None is what nobody has.

    Hashes may still be as cheap as they were before they were to cost more. A wrong password is then compared with one
    of either cost, so that the time does not tell whether there is an account.
    """
    right = verify_password(hashed if hashed is not None else nobodys_hash(), password)
    if not right and _COST.hasher.check_needs_rehash(_nobodys_cheap_hash()):
        cheap = hashed is not None and _COST.hasher.check_needs_rehash(hashed)
        verify_password(nobodys_hash() if cheap else _nobodys_cheap_hash(), password)
    return right


def renew_hash(hashed: str, password: str) -> str | None:
    """Return a new hash of a password that was right, where the present one costs less than is asked for by now."""
    return hash_password(password) if _COST.hasher.check_needs_rehash(hashed) else None


def raise_cost(memory_mebibytes: int, passes: int) -> None:
    """Have hashes cost more from now on. Those there are become dearer as their people log in."""
    _COST.hasher = _hasher(memory_mebibytes, passes)
    nobodys_hash.cache_clear()


@lru_cache(maxsize=1)
def nobodys_hash() -> str:
    """Return what a password is compared with where there is no account: no password matches it."""
    return hash_password(secrets.token_urlsafe(32))


@lru_cache(maxsize=1)
def _nobodys_cheap_hash() -> str:
    return _hasher(LEAST_MEMORY, LEAST_PASSES).hash(secrets.token_urlsafe(32))


def normalize_password(password: str) -> str:
    """Return the one form of a password, however the keyboard composed its letters (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password)


def _compare(password: str, present: str, history: Sequence[str], source: str) -> PasswordOffer:
    if len(password) > _LONGEST:
        return PasswordOffer(OfferKind.NEW, source, length=len(password), compared=present)
    if present and _matches(present, password):
        return PasswordOffer(OfferKind.SAME, source, present, len(password), present)
    # The present password is the history's first, so the one before it is at position 1.
    used = (position for position, former in enumerate(history, start=1) if _matches(former, password))
    position = next(used, 0)
    kind = OfferKind.USED_BEFORE if position else OfferKind.NEW
    return PasswordOffer(kind, source, _hash(password), len(password), present, position)


def _hash(password: str) -> str:
    return _COST.hasher.hash(normalize_password(password))


def _matches(hashed: str, password: str) -> bool:
    try:
        return _COST.hasher.verify(hashed, normalize_password(password))
    except (VerificationError, InvalidHashError):
        return False


def _hasher(memory_mebibytes: int, passes: int) -> PasswordHasher:
    return PasswordHasher(time_cost=passes, memory_cost=memory_mebibytes * 1024, parallelism=1)


@dataclass
class _Cost:
    hasher: PasswordHasher


_COST = _Cost(_hasher(LEAST_MEMORY, LEAST_PASSES))


def _yield() -> None:
    """Let every other thread of the process go first. Where the system has no such thing, all are alike."""
    with suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


_HASHERS = ThreadPoolExecutor(HASHERS, thread_name_prefix="hashing", initializer=_yield)
