"""Samples of a running Python program's stacks, by py-spy: from outside, so that they fall where the time is spent.

A thread that waits for events or for work does not count. One that waits for the interpreter's lock does, so where two
threads are busy at once, each is sampled for the time of both.
"""

import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

from benchmarks.measured import BenchError
from bootstrap import cache_root, install_package

_WHEEL = "py-spy==0.4.3"
_RATE = 100
_STOP_SECONDS = 30.0
_PACKAGES = ("site-packages/", "operator/")

Shares: TypeAlias = Mapping[str, float]

#: Whose functions are shown with what they call; what lies around them is the same in every program.
_LIBRARIES = ("tenantry", "kopf", "aiohttp", "sqlalchemy")
#: Innermost frames of threads that wait for something to do.
_IDLE = ("EpollSelector.select ", "_worker (", "Event.wait (", "Condition.wait (", "dowait (")
#: The pieces of the operator, by a part of a frame: the innermost frame that is in one of them counts.
_PIECES = (
    ("tenantry/domain/", "plan"),
    ("tenantry/store/", "store"),
    ("tenantry/services/", "services"),
    ("tenantry/resources/", "parse specs"),
    ("controllers/sighting", "sight objects"),
    ("controllers/events", "events"),
    ("controllers/status_writer", "write statuses"),
    ("controllers/writes", "write statuses"),
    ("controllers/connection", "requests"),
    ("tenantry/controllers/", "other controllers"),
    ("kopf/", "kopf"),
    ("aiohttp/", "requests"),
    ("asyncio/", "event loops"),
    ("importlib", "start-up"),
)


@dataclass(frozen=True)
class Samples:
    """Shares of the time: by piece, by function, by function and what it calls, by thread."""

    pieces: Shares
    alone: Shares
    inclusive: Shares
    threads: Shares

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read folded stacks: `thread;outer;…;inner count` a line."""
        found: list[defaultdict[str, float]] = [defaultdict(float) for _ in range(4)]
        pieces, alone, inclusive, threads = found
        for line in path.read_text().splitlines():
            stack, _, count = line.rpartition(" ")
            thread, *frames = [_shortened(frame) for frame in stack.split(";")]
            if not frames or any(idle in frames[-1] for idle in _IDLE):
                continue
            threads[thread] += int(count)
            pieces[_piece(frames)] += int(count)
            alone[frames[-1]] += int(count)
            for frame in set(frames):
                if any(f"({library}/" in frame for library in _LIBRARIES):
                    inclusive[frame] += int(count)
        total = sum(threads.values()) or 1.0
        return cls(*({name: count / total for name, count in part.items()} for part in found))


@contextmanager
def sampling(pid: int, path: Path) -> Iterator[None]:
    """Sample the threads of a process that run, until the block ends or the process does."""
    folder = cache_root() / _WHEEL.replace("==", "-")
    if not folder.exists():
        install_package(_WHEEL, folder)
    said = path.with_suffix(".log")
    options: list[str | Path] = ["--format", "raw", "--rate", str(_RATE), "--threads", "--idle", "--full-filenames"]
    command = [folder / "bin" / "py-spy", "record", *options, "--output", path, "--pid", str(pid)]
    with said.open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as spy:  # noqa: S603 - a program of ours
        yield
        spy.send_signal(signal.SIGINT)
        spy.wait(_STOP_SECONDS)
    if not path.exists():
        raise BenchError(f"py-spy could not sample; it needs root, or kernel.yama.ptrace_scope=0\n{said.read_text()}")


def _shortened(frame: str) -> str:
    for folder in _PACKAGES:
        before, found, after = frame.rpartition(folder)
        if found:
            return f"{before.partition(' (')[0]} ({after}"
    return frame


def _piece(frames: list[str]) -> str:
    for frame in reversed(frames):
        for part, piece in _PIECES:
            if part in frame:
                return piece
    return "Python itself"
