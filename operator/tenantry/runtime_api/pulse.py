"""Whether the store answers now: a database that hangs answers nobody, so nobody is to wait for it either (P9).

A thread of its own asks again and again. Requests that wait for a store that does not answer are told so, and what they
began is never committed: a log-in that nobody was told of must not be there afterwards.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable

from tenantry.errors import StoreUnavailable, StoreUnmigrated

log = logging.getLogger("tenantry.pulse")

#: With these, whoever asks a store that hangs is told within two seconds.
_PATIENCE_SECONDS = 1.2
_BEAT_SECONDS = 0.25


class Pulse:
    """``ask`` raises StoreUnavailable where the store is away or not migrated, and hangs where that hangs."""

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._since: float | None = None
        self._fault: Exception | None = StoreUnavailable("not asked yet")
        self._said = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    @property
    def problem(self) -> str:
        """Return for what nobody is to ask the store now; empty: who asks hears what is wrong, if anything is."""
        since = self._since
        if since is not None and time.monotonic() - since > _PATIENCE_SECONDS:
            return "does not answer"
        return "is not migrated yet" if isinstance(self._fault, StoreUnmigrated) else ""

    def check(self) -> None:
        """Tell whether the store answered when it was asked last.

        Raises:
            StoreUnavailable: it did not, or not as it should.
        """
        if self.problem or self._fault is not None:
            raise StoreUnavailable(self.problem or str(self._fault))

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End. A question that hangs is not waited for."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(_BEAT_SECONDS):
            self._since = time.monotonic()
            self._hear()
            self._since = None

    def _hear(self) -> None:
        """Ask. Whatever is wrong, it is asked again: a thread that ended here would have the store hang for ever."""
        fault: Exception | None = None
        said = ""
        try:
            self._ask()
        except StoreUnmigrated as error:
            fault, said = error, f"is not migrated yet: {error.why}"
        except StoreUnavailable as error:
            fault, said = error, f"cannot be reached: {error.why}"
        except Exception as error:  # noqa: BLE001 - a store that cannot be asked is no reason not to ask it again
            fault, said = error, f"cannot be asked: {type(error).__name__}"
        if said != self._said:
            log.log(logging.WARNING if said else logging.INFO, "the identity store %s", said or "answers again")
        self._fault, self._said = fault, said


class UnderWay:
    """The requests under way, each with what tells its caller what is wrong with the store."""

    def __init__(self, pulse: Pulse) -> None:
        self.pulse = pulse
        self._abandon: set[Callable[[str], Awaitable[None]]] = set()
        self._watch: asyncio.Task[None] | None = None

    def add(self, abandon: Callable[[str], Awaitable[None]]) -> None:
        """Take in a request that begins."""
        self._abandon.add(abandon)
        if self._watch is None:
            self._watch = asyncio.create_task(self._look())

    def remove(self, abandon: Callable[[str], Awaitable[None]]) -> None:
        """Forget a request that was answered."""
        self._abandon.discard(abandon)

    async def _look(self) -> None:
        """Look every so often, as long as anything is under way."""
        while self._abandon:
            await asyncio.sleep(_BEAT_SECONDS)
            if problem := self.pulse.problem:
                for abandon in list(self._abandon):
                    self._abandon.discard(abandon)
                    await abandon(problem)
        self._watch = None
