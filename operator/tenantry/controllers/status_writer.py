"""The only place that writes to objects: their status and our finalizer, and only where that changes something."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from tenantry.controllers import metrics
from tenantry.controllers.api_error import ApiError, Conflict, Denied, NotFound, Passing, Refused
from tenantry.controllers.backoff import OBJECT, OUTAGE
from tenantry.controllers.connection import IN_FLIGHT, Connection, object_path
from tenantry.controllers.fault import fault_conditions
from tenantry.controllers.ledger import Ledger
from tenantry.controllers.sighting import Sighting, version_of
from tenantry.controllers.writes import (
    Guard,
    Write,
    conditions_patch,
    fault_write,
    guard_patch,
    release_patch,
    write_of,
)
from tenantry.logs import get_logger, log_fault
from tenantry.resources.meta import FINALIZER
from tenantry.services.work import Outcome

#: The engine pauses while so many writes wait: what piles up is memory, and is out of date when it is written.
_MOST_WAITING = 2000
#: Writes that fail come back no faster than this, all of them together: thousands may be forbidden at once.
_MOST_RETRIES_A_SECOND = 200
#: So many of the writes that failed keep their statuses in memory.
_MOST_PUT_OFF = 5000
#: A write that was forbidden so often is told of: an API server that starts denies everything at first.
_TELL_AT = 3

log = get_logger(__name__)


@dataclass(slots=True)
class _Failures:
    """How often a write of an object failed, by what it takes to end that.

    Apart, since an API server that comes back denies everything at first: after an outage that is no reason for a long
    pause.
    """

    passing: int = 0
    forbidden: int = 0


class StatusWriter:
    """Writes at most 64 at once, and of one object one at a time; the newest of what waits wins.

    A write that failed waits for its next attempt apart from the queue: it keeps no worker busy, and holds up neither
    other objects nor the engine. If too many do, the oldest lose their statuses: ``forgotten`` says later whose are to
    be read from their rows again.
    """

    def __init__(self, connection: Connection, ledger: Ledger) -> None:
        self._connection = connection
        self._ledger = ledger
        self._waiting: dict[str, Write] = {}
        self._order: asyncio.Queue[str] = asyncio.Queue()
        self._busy: dict[str, Write | None] = {}
        self._failed: dict[str, _Failures] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._put_off: dict[str, None] = {}
        self._shed: dict[str, None] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._busy)

    def submit(self, outcome: Outcome, seen: Sighting | None = None) -> None:
        """Take what an object should show after a commit; ``seen`` is the object as it was planned."""
        if seen is not None and seen.gone:
            return
        self._enqueue(self._needed(write_of(outcome, seen)))

    def report_fault(self, seen: Sighting) -> None:
        """Have an object say that the operator fails at it."""
        self._enqueue(fault_write(seen))

    @property
    def has_room(self) -> bool:
        """Tell whether the queue is short enough for another batch."""
        return self._order.qsize() < _MOST_WAITING

    def forgotten(self, most: int) -> list[str]:
        """Return so many objects whose status is to be submitted anew, once there is room for it."""
        return list(islice(self._shed, most)) if len(self._put_off) <= _MOST_PUT_OFF // 2 else []

    def reclaim(self, uids: Iterable[str]) -> None:
        """Note that these objects are on their way again."""
        for uid in uids:
            self._shed.pop(uid, None)

    async def drained(self, seconds: float) -> bool:
        """Wait until all is written, so many seconds at most, and tell whether it is."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Write until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(self._work(), name="status writer")

    def _needed(self, write: Write) -> Write:
        """Leave out a status that the object shows already, unless another is on its way there."""
        under_way = write.uid in self._waiting or write.uid in self._busy
        wanted = bool(write.status) and self._ledger.wants(write.uid, write.digest)
        return write if wanted or under_way else replace(write, status=b"", digest=0)

    def _enqueue(self, write: Write) -> None:
        if not write.status and write.guard is Guard.KEEP and write.fault_at is None:
            return
        if write.uid in self._busy:
            earlier = self._busy[write.uid]
            self._busy[write.uid] = write if earlier is None else write.after(earlier)
            return
        if write.status:
            self._shed.pop(write.uid, None)
        earlier = self._waiting.get(write.uid)
        self._waiting[write.uid] = write if earlier is None else write.after(earlier)
        if earlier is None or self._is_worth_a_try(earlier, write):
            self._order.put_nowait(write.uid)
        self._measure()

    def _is_worth_a_try(self, put_off: Write, write: Write) -> bool:
        """End the pause of a write whose object was changed since: that may be what its refusal asked for."""
        if write.uid not in self._timers or write.version <= put_off.version:
            return False
        self._end_pause(write.uid)
        return True

    def _end_pause(self, uid: str) -> None:
        self._put_off.pop(uid, None)
        if (timer := self._timers.pop(uid, None)) is not None:
            timer.cancel()

    async def _work(self) -> None:
        while True:
            uid = await self._order.get()
            write = self._waiting.pop(uid)
            self._end_pause(uid)
            self._busy[uid] = None
            self._measure()
            await self._perform(write)
            newer = self._busy.pop(uid)
            if newer is not None:
                self._enqueue(newer)
            self._measure()

    def _measure(self) -> None:
        metrics.WAITING.labels("status").set(len(self._waiting))
        if self._waiting or self._busy:
            self._idle.clear()
        else:
            self._idle.set()

    async def _perform(self, write: Write) -> None:
        """Make one object's writes, in an order that never shows a status of an object that may vanish unnoticed."""
        vanishes = write.guard is Guard.REMOVE and write.finalizers == (FINALIZER,)
        left = write
        try:
            if write.guard is Guard.ADD:
                await self._attempt(write, "finalizer", self._add_finalizer)
                left = replace(left, guard=Guard.KEEP)
            if not vanishes:
                await self._show(write)
            left = replace(left, status=b"", digest=0, fault_at=None)
            if write.guard is Guard.REMOVE:
                await self._attempt(write, "finalizer", self._remove_finalizer)
        except (Passing, Conflict, Denied, Refused) as error:
            self._retry_later(left, error)
            return
        except Exception as error:  # noqa: BLE001 - whatever the fault, the other objects are written
            log_fault(log, "write failed", error, kind=write.kind, uid=write.uid)
        self._failed.pop(write.uid, None)

    async def _show(self, write: Write) -> None:
        """Write what the object says; where that is forbidden, it does not hold up the object's release."""
        try:
            if write.fault_at is not None:
                await self._attempt(write, "fault", self._write_fault)
            elif write.status:
                await self._attempt(write, "status", self._write_status)
        except (Denied, Refused):
            if write.guard is not Guard.REMOVE:
                raise

    def _retry_later(self, left: Write, error: ApiError) -> None:
        """Have what is left of a write made again after a pause; what comes in the meantime joins it."""
        metrics.RETRIES.labels("api write").inc()
        failures = self._failed.setdefault(left.uid, _Failures())
        if isinstance(error, Denied | Refused):
            failures.forbidden += 1
            if failures.forbidden == _TELL_AT:
                log.warning("write forbidden", kind=left.kind, uid=left.uid, status=error.status)
            pause = OBJECT.delay(failures.forbidden)
        else:
            failures.passing += 1
            pause = OUTAGE.delay(failures.passing)
        pause = max(error.retry_after, pause, len(self._failed) / _MOST_RETRIES_A_SECOND)
        self._waiting[left.uid] = left
        self._timers[left.uid] = asyncio.get_running_loop().call_later(pause, self._order.put_nowait, left.uid)
        if left.status:
            self._put_off[left.uid] = None
        if len(self._put_off) > _MOST_PUT_OFF:
            self._shed_oldest()

    def _shed_oldest(self) -> None:
        """Forget the status that was put off first: its row has it too. A finalizer waits on: that takes little."""
        uid = next(iter(self._put_off))
        self._shed[uid] = None
        write = self._waiting[uid]
        if write.guard is Guard.KEEP and write.fault_at is None:
            self._end_pause(uid)
            del self._waiting[uid], self._failed[uid]
        else:
            del self._put_off[uid]
            self._waiting[uid] = replace(write, status=b"", digest=0)

    async def _attempt(self, write: Write, what: str, act: Callable[[Write], Awaitable[None]]) -> None:
        """Act, and count what came of it; what may succeed later is the caller's to try again.

        A status of which the schema refuses fields is not: it will be refused until there is another.
        """
        result = "written"
        try:
            await act(write)
        except NotFound:
            result = "gone"
        except (Passing, Conflict, Denied):
            raise
        except ApiError as error:
            fields = error.fields if isinstance(error, Refused) else []
            if isinstance(error, Refused) and (what == "finalizer" or not fields):
                raise
            _report(write, what, error, fields)
            result = "refused"
        metrics.API_WRITES.labels(write.kind, what, result).inc()

    async def _write_status(self, write: Write) -> None:
        try:
            version = await self._connection.patch(_path(write, "status"), write.status)
        except Refused as error:
            if not error.fields and await self._read(write) is None:
                return  # what has the name by now is another object
            raise
        self._ledger.written(write.uid, write.digest, version)

    async def _add_finalizer(self, write: Write) -> None:
        """Add our finalizer; refused, it is tried once more by what the object has now. A policy refuses that too."""
        if write.finalizers is None or FINALIZER in write.finalizers:
            return
        try:
            await self._connection.patch(_path(write), guard_patch(write.uid, write.finalizers, write.version))
        except Refused:
            body = await self._read(write)
            if body is None or body["metadata"].get("deletionTimestamp") is not None or FINALIZER in _finalizers(body):
                return
            patch = guard_patch(write.uid, _finalizers(body), version_of(body["metadata"]))
            await self._connection.patch(_path(write), patch)

    async def _remove_finalizer(self, write: Write) -> None:
        """Remove our finalizer; refused, it is tried once more as above."""
        try:
            await self._release(write, write.finalizers)
        except Refused:
            await self._release(write, None)
        self._ledger.bury(write.uid)

    async def _release(self, write: Write, finalizers: tuple[str, ...] | None) -> None:
        if finalizers is None:
            body = await self._read(write)
            finalizers = () if body is None else _finalizers(body)
        if FINALIZER in finalizers:
            await self._connection.patch(_path(write), release_patch(write.uid, finalizers))

    async def _write_fault(self, write: Write) -> None:
        body = await self._read(write)
        if body is None:
            return
        conditions = fault_conditions(body.get("status") or {}, write.fault_at or 0, datetime.now(UTC))
        await self._connection.patch(_path(write, "status"), conditions_patch(write.uid, conditions))

    async def _read(self, write: Write) -> Mapping[str, Any] | None:
        """Return the object as it is now, None if it is another one of the same name."""
        body: Mapping[str, Any] = await self._connection.read(_path(write))
        return body if body["metadata"]["uid"] == write.uid else None


def _report(write: Write, what: str, error: ApiError, fields: list[str]) -> None:
    """Log a write that will not be made; without the exception, which has a trace of values."""
    log.error("write refused", kind=write.kind, uid=write.uid, what=what, status=error.status, fields=fields[:5])


def _path(write: Write, part: str = "") -> str:
    return object_path(write.kind, write.namespace, write.name, part)


def _finalizers(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(body["metadata"].get("finalizers") or ())
