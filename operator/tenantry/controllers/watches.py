"""kopf in a thread of its own, and whether its watches live.

In a thread, since kopf cancels every task it finds new in its loop when it ends, and since a list of thousands of
objects must not hold up the lease or the probes. A watch ends for good on an ERROR event other than 410, and kopf with
it; then kopf is started again. If that does not help, the process must end, so that somebody starts it anew.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenantry.controllers import metrics
from tenantry.controllers.backoff import OUTAGE
from tenantry.controllers.events import ForgetfulMemories, unwatched, watch_settings
from tenantry.controllers.kopf_alone import kopf
from tenantry.controllers.pulse import Pulse
from tenantry.logs import get_logger, log_fault

#: A watch may be missing for this long while the API server answers: kopf takes some seconds to end and to start.
_LONGEST_DOWN_SECONDS = 15.0
_CHECK_SECONDS = 1.0
_STOP_SECONDS = 10.0

log = get_logger(__name__)


class WatchDead(Exception):
    """A watch is gone and starting kopf again did not bring it back."""


@dataclass
class Watches:
    """Runs kopf on all namespaces, or on those given. ``reachable``: the API server answers."""

    registry: Callable[[], kopf.OperatorRegistry]
    resources: Sequence[str]
    namespaces: Sequence[str]
    reachable: Callable[[], bool]
    up: bool = False
    _down_since: float = field(default_factory=time.monotonic)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    _flag: asyncio.Event | None = None
    _thread: threading.Thread | None = None
    _watchers: list[asyncio.Task[Any]] = field(default_factory=list)
    _pulse: Pulse = field(default_factory=lambda: Pulse(_LONGEST_DOWN_SECONDS))

    @property
    def alive(self) -> bool:
        """Tell whether the watches run, or may still come by themselves."""
        return self.up or time.monotonic() - self._down_since < _LONGEST_DOWN_SECONDS

    def start(self) -> None:
        self._down_since = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="watches", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """End kopf; it is a daemon thread, so a kopf that hangs does not hold up the process's end."""
        self._stopping.set()
        if self._loop is not None and self._flag is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._flag.set)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, _STOP_SECONDS)

    async def guard(self) -> None:
        """Look after the watches until cancelled.

        Raises:
            WatchDead: one of them is gone for good.
        """
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            missing = self._missing()
            self.up = not missing
            metrics.WATCHES_UP.set(self.up)
            if self.up or not self.reachable():
                self._down_since = time.monotonic()
            elif not self.alive:
                raise WatchDead(", ".join(missing))

    def _missing(self) -> list[str]:
        """Return the watches without a task; all of them where kopf's loop is not there or does not move."""
        loop = self._loop
        try:
            if loop is None or not self._pulse.alive:
                return list(self.resources)
            loop.call_soon_threadsafe(self._pulse.beat)
        except RuntimeError:  # closed: kopf has ended
            return list(self.resources)
        if not self._watchers or any(task.done() for task in self._watchers):
            self._watchers = _watchers_in(loop)
        names = [task.get_name() for task in self._watchers]
        missing = list(unwatched(names, self.resources, self.namespaces or [None]))
        if missing:
            self._watchers = []  # so that they are looked for again
        return missing

    def _run(self) -> None:
        failed = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                asyncio.run(self._watch())
            except Exception as error:  # noqa: BLE001 - whatever ended kopf, it is started again
                log_fault(log, "watches ended", error)
            failed = failed + 1 if time.monotonic() - started < _LONGEST_DOWN_SECONDS else 1
            self._stopping.wait(OUTAGE.delay(failed))

    async def _watch(self) -> None:
        self._pulse.beat()
        self._loop, self._flag = asyncio.get_running_loop(), asyncio.Event()
        if self._stopping.is_set():
            return
        await kopf.operator(
            registry=self.registry(),
            settings=watch_settings(),
            memories=ForgetfulMemories(),
            standalone=True,
            clusterwide=not self.namespaces,
            namespaces=list(self.namespaces),
            stop_flag=self._flag,
        )


def _watchers_in(loop: asyncio.AbstractEventLoop) -> list[asyncio.Task[Any]]:
    """Return kopf's watchers. They stand among one task an object that is listed, so they are looked for but once."""
    return [task for task in asyncio.all_tasks(loop) if task.get_name().startswith("watcher for ")]
