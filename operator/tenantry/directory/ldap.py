"""A directory asked by LDAP: who the person is by a search, whether the password is right by a bind as that person.

A connection serves one log-in. It is over TLS or it is not: nothing is ever said in plain text, and no referral is
followed, since it would carry the password elsewhere.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ldap3 import NONE, SIMPLE, SUBTREE, SYNC, Connection, Server
from ldap3.core.exceptions import LDAPException
from ldap3.core.results import (
    RESULT_CONSTRAINT_VIOLATION,
    RESULT_INAPPROPRIATE_AUTHENTICATION,
    RESULT_INVALID_CREDENTIALS,
    RESULT_NO_SUCH_OBJECT,
    RESULT_SIZE_LIMIT_EXCEEDED,
    RESULT_SUCCESS,
    RESULT_UNWILLING_TO_PERFORM,
)
from ldap3.protocol.sasl.sasl import validate_simple_password

from tenantry.directory.secrets import KeptSecrets
from tenantry.directory.tls import CheckedTls
from tenantry.domain.directory import Inquiry, SecretSource, can_be_asked, login_filter, principal_filter
from tenantry.errors import DirectoryUnavailable, SecretUnavailable
from tenantry.logs import get_logger
from tenantry.specs.workgroup_login import Directory

#: Seconds that a directory has to take a connection, and for each answer.
_CONNECT_SECONDS = 2
_ANSWER_SECONDS = 3
#: One directory is asked by so many log-ins at once, and others wait this long: one that hangs does not hold them all.
_AT_ONCE = 8
_QUEUE_SECONDS = 1.0
#: What a directory answers of a person's own entry: a wrong password, none there, shut, expired.
_REFUSALS = frozenset(
    {
        RESULT_INVALID_CREDENTIALS,
        RESULT_INAPPROPRIATE_AUTHENTICATION,
        RESULT_NO_SUCH_OBJECT,
        RESULT_CONSTRAINT_VIOLATION,
        RESULT_UNWILLING_TO_PERFORM,
    }
)
_LDAPS = 636
_LDAP = 389

log = get_logger(__name__)


class _NotTrusted(DirectoryUnavailable):
    """The directory did not take our password or we not its certificate: the Secrets may have changed."""


@dataclass(frozen=True, slots=True)
class _Credentials:
    """What the Secrets of a directory say."""

    password: str | None = field(repr=False)
    authority: str | None


class LdapDirectories:
    """Connects to the directories of tenants, with what their Secrets say."""

    def __init__(self, source: SecretSource) -> None:
        self._secrets = KeptSecrets(source)
        self._lock = threading.Lock()
        self._places: dict[tuple[str, str], threading.BoundedSemaphore] = {}

    @contextmanager
    def ask(self, namespace: str, directory: Directory) -> Iterator[Inquiry]:
        """Connect, and close at the end.

        Raises:
            DirectoryUnavailable: it cannot be reached, is not who it should be, or does not let us search.
        """
        try:
            with self._place(namespace, directory.url):
                connection = self._connect(namespace, directory)
                try:
                    yield LdapInquiry(connection, directory)
                except (LDAPException, OSError) as error:
                    raise DirectoryUnavailable(f"no answer: {type(error).__name__}") from error
                finally:
                    _close(connection)
        except DirectoryUnavailable as error:
            log.warning("directory cannot be asked", namespace=namespace, url=directory.url, problem=str(error))
            raise

    @contextmanager
    def _place(self, namespace: str, url: str) -> Iterator[None]:
        with self._lock:  # each tenant has places of its own: none takes those of another by naming its directory
            places = self._places.setdefault((namespace, url), threading.BoundedSemaphore(_AT_ONCE))
        if not places.acquire(timeout=_QUEUE_SECONDS):
            raise DirectoryUnavailable(f"{_AT_ONCE} log-ins wait for its answer already")
        try:
            yield
        finally:
            places.release()

    def _connect(self, namespace: str, directory: Directory) -> Connection:
        credentials = self._credentials(namespace, directory)
        try:
            return _opened(directory, credentials)
        except _NotTrusted:
            newer = self._credentials(namespace, directory, doubted=True)
            if newer == credentials:
                raise
            return _opened(directory, newer)

    def _credentials(self, namespace: str, directory: Directory, *, doubted: bool = False) -> _Credentials:
        refs = (directory.bind_secret_key_ref, directory.ca_secret_key_ref)
        try:
            values = [self._secrets.read(namespace, ref, doubted=doubted) if ref else None for ref in refs]
        except SecretUnavailable as error:
            raise DirectoryUnavailable(str(error)) from error
        return _Credentials(*values)


class LdapInquiry:
    """One log-in on a connection that may search."""

    def __init__(self, connection: Connection, directory: Directory) -> None:
        self._connection = connection
        self._directory = directory

    def login_of(self, principal: str) -> str | None:
        """Return the login of the one entry with this user principal name."""
        found = self._find(principal_filter(principal)) if can_be_asked(principal) else None
        values = found["attributes"].get(self._directory.login_attribute) if found is not None else None
        listed = values if isinstance(values, list) else [values]
        return listed[0] if len(listed) == 1 and isinstance(listed[0], str) and listed[0] else None

    def accepts(self, login: str | None, password: str) -> bool:
        """Tell whether it is the password of the one entry with this login; None is nobody's, and takes as long."""
        asked = login if login is not None else secrets.token_hex(8)
        found = self._find(login_filter(self._directory, asked)) if can_be_asked(asked) else None
        somewhere = f"{self._directory.login_attribute}={secrets.token_hex(8)},{self._directory.base_dn}"
        right = _binds(self._connection, str(found["dn"]) if found is not None else somewhere, password)
        return right and found is not None and login is not None

    def _find(self, filter_: str) -> dict[str, Any] | None:
        """Return the one entry that a filter finds; two are as good as none."""
        self._connection.search(
            self._directory.base_dn,
            filter_,
            SUBTREE,
            attributes=[self._directory.login_attribute],
            size_limit=2,
            time_limit=_ANSWER_SECONDS,
        )
        code = self._connection.result["result"]
        if code not in {RESULT_SUCCESS, RESULT_SIZE_LIMIT_EXCEEDED}:
            raise DirectoryUnavailable(f"it does not let us search below baseDN: {_described(self._connection)}")
        entries = [e for e in self._connection.response or () if e["type"] == "searchResEntry"]
        return entries[0] if len(entries) == 1 and code == RESULT_SUCCESS else None


def _opened(directory: Directory, credentials: _Credentials) -> Connection:
    """Return a connection over TLS that may search."""
    connection = _connection(directory, credentials)
    try:
        connection.open(read_server_info=False)
        if not connection.server.ssl:
            _start_tls(connection)
        _bind_to_search(connection, directory, credentials)
    except (LDAPException, OSError) as error:
        _close(connection)
        kind = _NotTrusted if "CERTIFICATE_VERIFY_FAILED" in str(error) else DirectoryUnavailable
        raise kind(f"no connection: {_problem(error)}") from error
    except DirectoryUnavailable:
        _close(connection)
        raise
    return connection


def _start_tls(connection: Connection) -> None:
    if not connection.start_tls(read_server_info=False):
        raise DirectoryUnavailable("it does not speak StartTLS")


def _connection(directory: Directory, credentials: _Credentials) -> Connection:
    try:
        url = urlsplit(directory.url)
        host, port = url.hostname or "", url.port
    except ValueError as error:
        raise DirectoryUnavailable("its url is none") from error
    implicit = url.scheme == "ldaps"
    server = Server(
        host,
        port or (_LDAPS if implicit else _LDAP),
        use_ssl=implicit,
        tls=CheckedTls(host, credentials.authority),
        get_info=NONE,
        connect_timeout=_CONNECT_SECONDS,
    )
    return Connection(
        server,
        client_strategy=SYNC,
        receive_timeout=_ANSWER_SECONDS,
        auto_referrals=False,
        check_names=False,
    )


def _bind_to_search(connection: Connection, directory: Directory, credentials: _Credentials) -> None:
    if directory.bind_dn is None:
        return  # whoever does not bind is anonymous
    if not _prepared(credentials.password or ""):
        raise DirectoryUnavailable("bindDN needs a password: bindSecretKeyRef is absent, or its key is empty")
    if not _binds(connection, directory.bind_dn, credentials.password or ""):
        raise _NotTrusted("it does not take bindDN with the password of bindSecretKeyRef")


def _binds(connection: Connection, dn: str, password: str) -> bool:
    """Tell whether the directory takes the password.

    Raises:
        DirectoryUnavailable: it said neither yes nor no.
    """
    prepared = _prepared(password)
    if not prepared:
        return False
    if connection.rebind(dn, prepared, authentication=SIMPLE, read_server_info=False):
        return True
    if connection.result["result"] in _REFUSALS:
        return False
    raise DirectoryUnavailable(f"it does not let anybody bind: {_described(connection)}")


def _prepared(password: str) -> bytes:
    """Return a password as it is sent (RFC 4513, section 5.1.3), empty where it cannot be one.

    Preparing takes some characters away: a password of soft hyphens alone is an empty one, which must not be sent.
    """
    if not can_be_asked(password):
        return b""
    try:
        return bytes(validate_simple_password(password))
    except LDAPException:
        return b""


def _described(connection: Connection) -> str:
    return str(connection.result["description"])


def _problem(error: Exception) -> str:
    """Return what is wrong in words that hold nothing of a person: nobody has said a name yet."""
    return f"{type(error).__name__}: {error}"


def _close(connection: Connection) -> None:
    """Close without a word more: a directory that hangs would not hear it."""
    connection.strategy.close()
