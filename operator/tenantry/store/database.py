"""The database behind the store: engines, transactions, and which faults mean that it is away."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tenantry.domain.query import fold
from tenantry.errors import InputError, StoreUnavailable, TenantLocked
from tenantry.store.turns import Turns

#: A server that went away without a word, as its machine does, is given up for another after so many seconds. Else the
#: system waits for two hours, and so does who asked.
_HEARD_FROM = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
#: How long a writer waits for another before the batch is given back to be tried again.
BUSY_SECONDS = 5
#: Who has this share of its patience left need not be told to wait shorter.
_HARDLY_WAITED = 0.9
_READ_ONLY = "tenantry_read_only"
_PATIENCE = "tenantry_patience"
_NOT_A_URL = (
    "the URL of the identity store cannot be used; write sqlite:///path or postgresql://user:password@host:5432/name, "
    "with %40 for an @ and %3A for a : in the password"
)
#: SQLSTATEs and classes of them that say "not now": connection, resources, operator intervention, serialization, locks,
#: and a server that only reads, as the former one does after a failover.
_PASSING = ("08", "53", "57", "40", "55", "25006")
#: A row was waited for in vain. SQLite locks no rows: there all tenants wait.
_ROW_LOCKED = "55P03"
#: The same of SQLite; whatever else fails would fail again.
_PASSING_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,  # until somebody puts the right file in its place
}
#: An extended result code of SQLite has the primary one in its lowest byte.
_PRIMARY_CODE = 0xFF


#: Set while who began a transaction waits for it: once the event is set nobody does, and it must not be committed.
ABANDONED: ContextVar[Event | None] = ContextVar("abandoned", default=None)


class Store:
    """The identity store: SQLite embedded, or PostgreSQL."""

    def __init__(self, engine: Engine, audit_key: bytes = b"", patience: float = BUSY_SECONDS) -> None:
        self.engine = engine
        self.audit_key = audit_key
        self.dialect = engine.dialect.name
        self._patience = patience
        self._turns: dict[str, Turns] = {}
        self._url = engine.url

    @classmethod
    def open(cls, url: str | URL, audit_key: bytes = b"", *, patience: float = BUSY_SECONDS) -> "Store":
        """Open a store; nothing is connected yet.

        ``url`` is a SQLAlchemy database URL. ``audit_key`` signs the head of each tenant's audit trail, if any.
        ``patience``: the seconds for which it waits for a connection, and for who has the lock.

        Raises:
            InputError: the URL cannot be used, or the folder of the file cannot be made.
        """
        try:
            parsed = make_url(url)
            if "@" in (parsed.host or ""):  # a part of a password, which every error would quote
                raise InputError(_NOT_A_URL)
            make = _sqlite if parsed.get_backend_name() == "sqlite" else _postgresql
            engine = make(parsed, patience)
        except OSError as error:
            raise InputError(f"the folder {error.filename} cannot be made: {error.strerror}") from error
        except (ArgumentError, ImportError, ValueError):  # not chained: what they say may have the password in it
            raise InputError(_NOT_A_URL) from None
        return cls(engine, audit_key, patience)

    @property
    def name(self) -> str:
        """Return where it is, as others may read it: users, and options such as a password, are left out."""
        place = (self._url.host, self._url.port, self._url.database)
        return URL.create(self.dialect, None, None, *place).render_as_string()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def apart(self) -> "Store":
        """Return the same store by a connection that nobody else waits for."""
        return Store.open(self._url, self.audit_key, patience=self._patience)

    @contextmanager
    def write(self, tenant: str = "", *, haste: bool = False) -> Iterator[Connection]:
        """Open a transaction that writes: committed at the end, rolled back on any exception.

        ``tenant`` is the namespace whose row it will lock. With ``haste`` it comes before the others of this process
        that wait for SQLite: it must be short.

        Raises:
            StoreUnavailable: the database is gone or stays locked; nothing was changed.
        """
        until = monotonic() + self._patience
        with self._turn(tenant, haste=haste), _told_apart(), self.engine.connect() as connection:
            patience = self._left(until)
            connection.execution_options(**{_PATIENCE: patience})
            with connection.begin():
                if self.dialect == "postgresql" and patience != self._patience:
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {patience * 1000:.0f}")
                yield connection
                abandoned = ABANDONED.get()
                if abandoned is not None and abandoned.is_set():
                    message = "abandoned"
                    raise StoreUnavailable(message)

    def _turn(self, tenant: str, *, haste: bool) -> AbstractContextManager[None]:
        """Wait for the writers of this process that would keep this one waiting in the database.

        SQLite has one writer at a time, and who waits for it sleeps up to 100 ms at a time: it is longer than what it
        waits for, and others come first meanwhile. PostgreSQL has one a tenant: whoever waits for its row there has a
        connection all the while, until none is left for the other tenants.
        """
        if self.dialect == "sqlite":
            return self._turns.setdefault("", Turns()).take(self._patience, haste=haste)
        return self._turns.setdefault(tenant, Turns(TenantLocked)).take(self._patience) if tenant else nullcontext()

    def _left(self, until: float) -> float:
        """Return how long to wait for the writers of others: the less, the longer it was for those of this process."""
        left = max(0.001, until - monotonic())
        return left if left < self._patience * _HARDLY_WAITED else self._patience

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads: it takes no lock that a writer waits for."""
        with _told_apart(), self.engine.connect() as connection:
            yield connection.execution_options(**{_READ_ONLY: True})

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a transaction that only reads, and in which every statement sees the database of one moment."""
        with self.read() as connection:
            if self.dialect == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn the faults of a database that is away into StoreUnavailable; let faults of ours pass."""
    try:
        yield
    except (DisconnectionError, PoolTimeoutError) as error:
        raise StoreUnavailable(type(error).__name__) from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _ROW_LOCKED:
            raise TenantLocked(type(error.orig).__name__) from error
        if _is_passing(error):
            raise StoreUnavailable(type(error.orig).__name__) from error
        raise


def _is_passing(error: DBAPIError) -> bool:
    """Tell whether the database is away: taken for that, a statement of ours that it refuses would wait for ever."""
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        # The driver's own errors have no code: the database was not even asked.
        return getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY_CODE in _PASSING_SQLITE
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # not the server's word: no connection was made, or the driver did not take the statement
        return isinstance(error, OperationalError | InterfaceError) and error.statement is None
    return str(state).startswith(_PASSING)


def _engine(url: URL, **options: Any) -> Engine:  # noqa: ANN401 - as create_engine has them
    """Make an engine whose errors quote no values: hashes and personal data are among them."""
    return create_engine(url, hide_parameters=True, **options)


def _sqlite(url: URL, patience: float) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = _engine(url, connect_args={"timeout": patience, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own: see _begin_sqlite
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-4000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("fold", 1, _fold, deterministic=True)  # its own lower() knows ASCII alone


def _fold(value: str | float | None) -> str | float | None:
    return fold(value) if isinstance(value, str) else value


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later gets SQLITE_BUSY at once, without waiting: a writer says so first.
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    if read_only:
        connection.exec_driver_sql("BEGIN")
        return
    patience = connection.get_execution_options().get(_PATIENCE)
    if patience is not None:
        _be_patient(connection, patience)
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _be_patient(connection: Connection, seconds: float) -> None:
    """Have a connection wait so long for the lock; most wait as long as they did before, and are not told again."""
    if connection.info.get(_PATIENCE) != seconds:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={seconds * 1000:.0f}")
        connection.info[_PATIENCE] = seconds


def _postgresql(url: URL, patience: float) -> Engine:
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    arguments = {
        "connect_timeout": max(1, round(patience)),
        "options": f"-c lock_timeout={patience * 1000:.0f} -c timezone=UTC",
        **_HEARD_FROM,
    }
    return _engine(url, pool_pre_ping=True, pool_size=5, pool_timeout=patience, connect_args=arguments)
