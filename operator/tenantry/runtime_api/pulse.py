"""Whether the store answers now: a database that hangs answers nobody, so nobody is to wait for it either (P9).

A thread of its own asks again and again. Requests that wait for a store that does not answer are told so, and what they
began is never committed: a log-in that nobody was told of must not be there afterwards.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

#: With these, whoever asks a store that hangs is told within two seconds.
_PATIENCE_SECONDS = 1.2
_BEAT_SECONDS = 0.25


class Pulse:
    """``ask`` raises StoreUnavailable where the store is away, and hangs where that hangs."""

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._since: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    @property
    def hangs(self) -> bool:
        """Tell whether the store has not answered for too long."""
        since = self._since
        return since is not None and time.monotonic() - since > _PATIENCE_SECONDS

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End. A question that hangs is not waited for."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(_BEAT_SECONDS):
            self._since = time.monotonic()
            with suppress(Exception):  # whatever it is, the store has answered: who asks hears the same at once
                self._ask()
            self._since = None


class UnderWay:
    """The requests under way, each with what tells its caller that the store hangs."""

    def __init__(self, pulse: Pulse) -> None:
        self.pulse = pulse
        self._abandon: set[Callable[[], Awaitable[None]]] = set()
        self._watch: asyncio.Task[None] | None = None

    def add(self, abandon: Callable[[], Awaitable[None]]) -> None:
        """Take in a request that begins."""
        self._abandon.add(abandon)
        if self._watch is None:
            self._watch = asyncio.create_task(self._look())

    def remove(self, abandon: Callable[[], Awaitable[None]]) -> None:
        """Forget a request that was answered."""
        self._abandon.discard(abandon)

    async def _look(self) -> None:
        """Look every so often, as long as anything is under way."""
        while self._abandon:
            await asyncio.sleep(_BEAT_SECONDS)
            if self.pulse.hangs:
                for abandon in list(self._abandon):
                    self._abandon.discard(abandon)
                    await abandon()
        self._watch = None
