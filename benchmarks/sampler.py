"""A profile of a running program: samples of every thread, each weighted with the processor time it used in between.

Run as `python -m benchmarks.sampler REPORT MODULE ARGUMENT...`; the report is written at the program's end. Where the
interpreter's lock is handed over is where a sample falls, so look at the shares of pieces and not at single lines.
"""

import json
import runpy
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TypeAlias

_EVERY_SECONDS = 0.005
_SWITCH_SECONDS = 0.0005
_NANOSECONDS = 1e9

Seconds: TypeAlias = defaultdict[str, float]

#: The pieces of the operator, by the path of a frame's file: the innermost frame that is in one of them counts.
_PIECES = (
    ("tenantry/domain", "plan"),
    ("tenantry/store", "store"),
    ("tenantry/resources", "parse specs"),
    ("tenantry/services", "services"),
    ("tenantry/controllers/status_writer", "write statuses"),
    ("tenantry/controllers/connection", "write statuses"),
    ("tenantry/controllers", "controllers"),
    ("/kopf/", "watch (kopf)"),
)


@dataclass
class Sampler:
    """Seconds of processor time by piece, by function, and by function and all it calls."""

    pieces: Seconds = field(default_factory=lambda: defaultdict(float))
    alone: Seconds = field(default_factory=lambda: defaultdict(float))
    inclusive: Seconds = field(default_factory=lambda: defaultdict(float))
    threads: Seconds = field(default_factory=lambda: defaultdict(float))
    _spent: dict[int, float] = field(default_factory=dict)

    def run(self) -> None:
        """Sample until the program ends."""
        own = threading.get_ident()
        while True:
            time.sleep(_EVERY_SECONDS)
            frames = sys._current_frames()  # noqa: SLF001 - documented, for debuggers and profilers
            for thread in threading.enumerate():
                frame = frames.get(thread.ident or 0)
                if frame is not None and thread.ident != own:
                    self._take(thread, frame)

    def _take(self, thread: threading.Thread, frame: FrameType) -> None:
        used = self._used(thread.native_id or 0)
        if used:
            stack = list(_stack(frame))
            self.threads[thread.name] += used
            self.alone[_function(stack[0])] += used
            self.pieces[_piece(stack)] += used
            for function in {_function(each) for each in stack}:
                self.inclusive[function] += used

    def _used(self, thread: int) -> float:
        """Return the processor time of a thread since the last sample."""
        try:
            total = int(Path(f"/proc/self/task/{thread}/schedstat").read_text().split()[0]) / _NANOSECONDS
        except OSError:  # it ended in between
            return 0.0
        before = self._spent.get(thread, 0.0)
        self._spent[thread] = total
        return total - before

    def write(self, path: Path) -> None:
        parts = {name: dict(getattr(self, name)) for name in ("pieces", "alone", "inclusive", "threads")}
        path.write_text(json.dumps(parts))


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _function(frame: FrameType) -> str:
    code = frame.f_code
    place = code.co_filename.rpartition("site-packages/")[2].rpartition("operator/")[2]
    return f"{place}:{code.co_firstlineno} {code.co_name}"


def _piece(stack: list[FrameType]) -> str:
    for frame in stack:
        for part, piece in _PIECES:
            if part in frame.f_code.co_filename:
                return piece
    return "event loop and start"


def main() -> None:
    report, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    sys.setswitchinterval(_SWITCH_SECONDS)
    sampler = Sampler()
    threading.Thread(target=sampler.run, daemon=True, name="sampler").start()
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sampler.write(Path(report))


if __name__ == "__main__":
    main()
