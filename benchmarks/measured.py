"""A program under measurement: started, watched through /proc, stopped."""

import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from controlplane.service import Service

_TICKS = os.sysconf("SC_CLK_TCK")
_MEGABYTE = 1024.0  # /proc counts in KB
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.02
_QUIET_SECONDS, _QUIET_CPU = 0.5, 0.02


class BenchError(RuntimeError):
    """Something under measurement did not do its work; the message ends with the last lines of its log."""


@dataclass
class Measured:
    """One process. Times are of `time.time()`, as in the audit log."""

    service: Service
    started: float = 0.0

    @classmethod
    def start(cls, service: Service, command: Sequence[str | Path], environment: dict[str, str]) -> Self:
        started = time.time()
        service.start(command, {**os.environ, **environment})
        return cls(service, started)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stop(_STOP_SECONDS)

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far."""
        return cpu_of(self.pid)

    @property
    def peak_memory(self) -> float:
        """The most resident memory so far, in MB."""
        return self._memory("VmHWM")

    @property
    def memory(self) -> float:
        """Resident memory now, in MB."""
        return self._memory("VmRSS")

    def wait(self, what: str, done: Callable[[], bool], within: float) -> None:
        """Wait until so; a program that ends or takes too long is a BenchError."""
        deadline = time.monotonic() + within
        while not done():
            if not self.service.running:
                raise BenchError(f"{self.service.name} ended while waiting for {what}\n{self.service.tail()}")
            if time.monotonic() > deadline:
                raise BenchError(f"no {what} within {within:.0f} s\n{self.service.tail()}")
            time.sleep(_POLL_SECONDS)

    def wait_quiet(self) -> None:
        """Wait until the process has nothing to do."""
        while True:
            before = self.cpu
            time.sleep(_QUIET_SECONDS)
            if self.cpu - before <= _QUIET_CPU:
                return

    @property
    def pid(self) -> int:
        pid = self.service.pid
        if pid is None:
            raise BenchError(f"{self.service.name} is not running\n{self.service.tail()}")
        return pid

    def _memory(self, field: str) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        found = next(line.split() for line in lines if line.startswith(field))
        return int(found[1]) / _MEGABYTE


def cpu_of(pid: int) -> float:
    """Return the processor time of a process in seconds, of all its threads."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _TICKS


def answer(url: str) -> str | None:
    """Return what a health port says, or None where nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:  # noqa: S310 - loopback
            said: bytes = reply.read()
            return said.decode()
    except urllib.error.HTTPError:
        return None
    except OSError:
        return None
