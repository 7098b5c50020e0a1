"""Logins: when two are the same, and which are none (design §2, decision 10)."""

import re
import unicodedata

from tenantry.specs.user_profile import EMAIL_PATTERN

_EMAIL = re.compile(EMAIL_PATTERN)
#: Owners of resources are told by login or account id, which must not be mistaken for each other.
_ACCOUNT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Controls, surrogates, private use and unassigned code points; Cf holds the ignorables (joiners, marks, BOM).
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: Default-ignorable code points outside category Cf (Unicode DerivedCoreProperties).
_IGNORABLE = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0} | set(range(0xFE00, 0xFE10)) | set(range(0xE0100, 0xE01F0))
)


def login_key(user_name: str) -> str:
    """Return the key under which a login is unique: NFKC(casefold(NFKC)), an email's domain as A-label."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", user_name).casefold())
    local, at, domain = folded.rpartition("@")
    return f"{local}@{_ascii_domain(domain)}" if at else folded


def _ascii_domain(domain: str) -> str:
    """Return the domain as A-labels (RFC 5890); one that has none is left as it is."""
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


#: The longest key that the store keeps. Folding makes up to 18 characters of one.
_LONGEST_KEY = 1024


def login_fault(user_name: str) -> str | None:
    """Return what makes this text unusable as a login, or None."""
    if user_name != user_name.strip():
        return "begins or ends with a space; remove it"
    for character in user_name:
        if unicodedata.category(character) in _REFUSED_CATEGORIES or ord(character) in _IGNORABLE:
            return f"contains the invisible or control character U+{ord(character):04X}; remove it"
    key = login_key(user_name)
    if not key:
        return "has no visible character"
    if _ACCOUNT_ID.fullmatch(key):
        return "has the form of an account id, and could be taken for another account; choose a name"
    if len(key) > _LONGEST_KEY:
        return f"has {len(key)} characters once its ligatures are taken apart; {_LONGEST_KEY} are accepted"
    return None


def is_email(text: str) -> bool:
    """Tell whether the text is an email address without a display name."""
    return _EMAIL.fullmatch(text) is not None
