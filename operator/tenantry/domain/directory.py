"""Log-in by a directory: what is asked of it, and in which words (NR-12). Whoever speaks LDAP does so by this contract.

A person is known there by the login, in ``loginAttribute``, or by a user principal name such as ``ada@corp.example``.
"""

from contextlib import AbstractContextManager
from typing import Protocol

from tenantry.specs.base import SecretKeyRef
from tenantry.specs.workgroup_login import Directory

#: Where a directory keeps user principal names; one that does not know the attribute finds nobody by it.
PRINCIPAL_NAME = "userPrincipalName"
#: What has a meaning of its own in a filter (RFC 4515, section 3).
_ESCAPES = str.maketrans({c: f"\\{ord(c):02x}" for c in "\\*()\0"})


class Inquiry(Protocol):
    """A connection to a directory for one log-in. Each call raises DirectoryUnavailable where it gets no answer."""

    def login_of(self, principal: str) -> str | None:
        """Return the login of the one entry with this user principal name."""

    def accepts(self, login: str | None, password: str) -> bool:
        """Tell whether it is the password of the one entry with this login; None is nobody's, and takes as long."""


class Directories(Protocol):
    """Opens connections to the directories of tenants."""

    def ask(self, namespace: str, directory: Directory) -> AbstractContextManager[Inquiry]:
        """Connect, over TLS only.

        Raises:
            DirectoryUnavailable: it cannot be reached, is not who it should be, or does not let us search.
        """


class SecretSource(Protocol):
    """Where the Secrets of tenants are read at a log-in."""

    def read(self, namespace: str, ref: SecretKeyRef) -> str:
        """Return the value of a key.

        Raises:
            SecretUnavailable: there is no such Secret or key, or it may not be read.
        """


def login_filter(directory: Directory, login: str) -> str:
    """Return the filter that finds the entry of a login, which may be a user principal name itself."""
    named = f"({directory.login_attribute}={_escaped(login)})"
    return f"(|{named}{principal_filter(login)})" if is_principal(login) else named


def principal_filter(principal: str) -> str:
    """Return the filter that finds the entry of a user principal name."""
    return f"({PRINCIPAL_NAME}={_escaped(principal)})"


def is_principal(login: str) -> bool:
    """Tell whether a login has the form of a user principal name."""
    name, at, domain = login.rpartition("@")
    return bool(at and name and domain)


def can_be_asked(text: str) -> bool:
    """Tell whether a login or a password may go to a directory at all.

    An empty password never does: a directory takes it for an anonymous bind, and says yes (RFC 4513, section 5.1.2).
    Nor does one with a NUL, at which some directories take it to end.
    """
    return bool(text) and not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def _escaped(value: str) -> str:
    return value.translate(_ESCAPES)
