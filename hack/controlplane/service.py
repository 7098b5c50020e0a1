"""One background program: its log, its process id on disk, its end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from controlplane import tether

_POLL_SECONDS = 0.05

_HELD: list[socket.socket] = []
"""The sockets that keep our ports ours: a socket that nobody refers to is closed."""


class ServiceError(RuntimeError):
    """A program did not start; the message ends with the last lines of its log."""


@dataclass
class Service:
    """A program that writes to `<folder>/<name>.log`, found again by `<folder>/<name>.pid`."""

    name: str
    folder: Path
    tethered: bool = True  # dies with the process that started it
    user: str = ""
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.folder = self.folder.resolve()  # as it stands in the command lines by which it is found again

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._prefix(), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the person's own program, which then stops this one
            )
        self._pid_file.write_text(str(self._process.pid))
        return self

    def wait_until(self, ready: Callable[[], bool], within: float) -> Self:
        deadline = time.monotonic() + within
        while not ready():
            if not self.running:
                raise ServiceError(f"{self.name} ended at once\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ServiceError(f"{self.name} was not ready within {within:.0f} s\n{self.tail()}")
            time.sleep(_POLL_SECONDS)
        return self

    def stop(self, grace: float = 0.0) -> None:
        """End the program and wait for its end; with `grace` it is asked first."""
        if grace:
            self.signal(signal.SIGTERM)
            self._gone_within(grace)
        self.signal(signal.SIGKILL)
        self._gone_within(5.0)
        self._pid_file.unlink(missing_ok=True)

    def signal(self, number: signal.Signals) -> None:
        pid = self.pid
        if pid is not None:
            os.kill(pid, number)

    @property
    def running(self) -> bool:
        return self.pid is not None

    @property
    def pid(self) -> int | None:
        """The process id, while it is our program and not a later one that was given the same number."""
        if self._process is not None:
            return self._process.pid if self._process.poll() is None else None
        try:
            pid = int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if str(self.folder) in command_line(pid) else None

    def tail(self, characters: int = 3000) -> str:
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else "(no log)"

    @property
    def _pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def _prefix(self) -> list[str]:
        if not (self.tethered or self.user):
            return []
        parent = os.getpid() if self.tethered else 0
        return [sys.executable, "-ISE", tether.__file__, str(parent), self.user]

    def _gone_within(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.running and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def command_line(pid: int) -> str:
    """Give what a process was started with, or nothing if there is none."""
    proc = Path(f"/proc/{pid}/cmdline")
    try:
        return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        pass
    if Path("/proc/self").exists():
        return ""
    said = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return said.stdout


def free_ports(count: int) -> list[int]:
    """Give ports that are ours until this process ends, for servers of ours to listen on, again and again.

    Each stays bound by a socket that does not listen. The system gives such a port to nobody else, not even as that of
    an outgoing connection while our server is down; a server that sets SO_REUSEADDR, as they all do, still gets it.
    """
    held = [socket.socket() for _ in range(count)]
    for sock in held:
        sock.bind(("127.0.0.1", 0))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _HELD.extend(held)
    return [sock.getsockname()[1] for sock in held]


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
