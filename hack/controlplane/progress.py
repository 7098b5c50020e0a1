"""Tell a waiting person what goes on and for how long: a clock on a terminal, else a line now and then."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_TICK_SECONDS = 1.0
_LINE_SECONDS = 15.0


@contextmanager
def ticking(what: str) -> Iterator[None]:
    """Show `what` with the elapsed time on stderr until the block ends."""
    started = time.monotonic()
    stop = threading.Event()
    ticker = threading.Thread(target=_tick, args=(what, started, stop), daemon=True)
    print(f"{what} ...", file=sys.stderr, end="" if sys.stderr.isatty() else "\n", flush=True)
    ticker.start()
    outcome = "failed after"
    try:
        yield
        outcome = "done in"
    finally:
        stop.set()
        ticker.join()
        _show(f"{what}: {outcome} {_clock(started)}", last=True)


def _tick(what: str, started: float, stop: threading.Event) -> None:
    pause = _TICK_SECONDS if sys.stderr.isatty() else _LINE_SECONDS
    while not stop.wait(pause):
        _show(f"{what} ... {_clock(started)}", last=False)


def _show(line: str, *, last: bool) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", file=sys.stderr, end="\n" if last else "", flush=True)
    else:
        print(line, file=sys.stderr, flush=True)


def _clock(started: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    return f"{minutes:02d}:{seconds:02d}"
