"""The engine: from objects seen to transactions committed to statuses handed on (design §3).

``offer`` takes an object in, from any thread, in constant time. ``run`` takes them in batches of at most 500, one
tenant at a time and one transaction a tenant. Nothing is decided here: the transaction does that.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tenantry.controllers import metrics
from tenantry.controllers.api_error import ApiError, Unreachable
from tenantry.controllers.backoff import OUTAGE
from tenantry.controllers.barred import Barred
from tenantry.controllers.inbox import Inbox
from tenantry.controllers.ledger import Ledger, State
from tenantry.controllers.pulse import Pulse
from tenantry.controllers.sighting import Sighting, sight, sight_stored
from tenantry.controllers.transaction import Transactions
from tenantry.domain.observed import Kind
from tenantry.errors import StoreUnavailable, TenantLocked
from tenantry.logs import get_logger

#: One transaction has at most this many objects.
BATCH = 500
#: A batch waits this long for more to come: what one apply brings is planned together.
_WINDOW_SECONDS = 0.02
#: How often the store is asked for objects that are due.
_DUE_SECONDS = 1.0
#: A step that takes longer than this is stuck, not slow: the store gives up on a lock after five seconds.
_LONGEST_STEP_SECONDS = 120.0

_POLICIES = {Kind.LICENSE_POOL, Kind.WORKGROUP}

log = get_logger(__name__)


@dataclass
class Engine:
    """Brings the store in step with the objects offered. ``may_write``: the lease is surely ours."""

    transactions: Transactions
    ledger: Ledger
    inbox: Inbox
    may_write: Callable[[], bool]
    pulse: Pulse = field(default_factory=lambda: Pulse(_LONGEST_STEP_SECONDS))
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    barred: Barred = field(default_factory=Barred)
    _stopping: bool = False
    _failed: int = 0
    _due_at: float = 0.0
    #: Policies came, and those they made due are not all looked at: until then nobody new is, who could pass them.
    _woken: bool = False
    #: How many due objects, the longest due first, could not be processed when they were last looked at.
    _skipped: int = 0

    def offer(
        self, kind: Kind, body: Mapping[str, Any], *, deleted: bool = False, read_at: State | None = None
    ) -> None:
        """Take in an object as an event or a read showed it; an echo of what is known costs nothing more.

        With ``read_at``, the ledger's state before the read, it is looked at again even if nothing about it is new.
        """
        seen = sight(kind, body, gone=deleted)
        if self.ledger.take(seen, read_at=read_at):
            self.inbox.put(seen)

    def is_waiting(self, uid: str) -> bool:
        """Tell whether the object is somewhere on its way through the engine."""
        parts = self.transactions
        return uid in self.inbox or uid in parts.secrets or uid in parts.aside or uid in self.barred

    def stop(self) -> None:
        """End after the transaction under way."""
        self._stopping = True

    async def run(self) -> None:
        """Process what is offered, until told to stop.

        Raises:
            LeadershipLost: another operator leads; nothing may be written any more.
        """
        while not self._stopping:
            self.pulse.beat()
            try:
                await self._step()
                self._failed = 0
            except (StoreUnavailable, ApiError) as error:
                self._failed += 1
                metrics.RETRIES.labels("batch").inc()
                log.warning("batch put off", error=type(error).__name__, attempt=self._failed)
                await asyncio.sleep(OUTAGE.delay(self._failed))

    async def _step(self) -> None:
        if not (self.may_write() and self.transactions.writer.has_room):
            await asyncio.sleep(_WINDOW_SECONDS)
            return
        self._give_back(seen for seen in self.transactions.aside.due() if seen.uid not in self.transactions.secrets)
        self._give_back(self.barred.due())
        await self._gather()
        batch = [] if self._woken else self.inbox.take(BATCH)
        if batch:
            self.idle.clear()
            await self._process(batch)
            self._woken = any(seen.kind in _POLICIES for seen in batch)
        if batch or time.monotonic() >= self._due_at:
            more = await self._process_due()
            self._due_at = 0.0 if more else time.monotonic() + _DUE_SECONDS
            self._woken = self._woken and more
            if not more and not len(self.inbox):
                self.idle.set()

    async def _gather(self) -> None:
        """Wait for the first object, or until others are due; then a moment for those that come with it."""
        await self.inbox.wait(max(0.0, self._due_at - time.monotonic()))
        self._measure()
        if 0 < len(self.inbox) < BATCH:
            await asyncio.sleep(max(0.0, _WINDOW_SECONDS - self.inbox.oldest_age()))

    async def _process(self, batch: Iterable[Sighting]) -> int:
        """Process objects tenant by tenant and return how many were; what could not be now goes back."""
        left: dict[str, list[Sighting]] = {}
        for seen in batch:
            if not self.ledger.outdated(seen) and not self.transactions.aside.holds(seen):
                left.setdefault(seen.namespace, []).append(seen)
        done = 0
        try:
            for namespace in list(left):
                # Asked before each transaction: the process may have been frozen in between, and another leads by now.
                if not self.may_write():
                    break
                if not self.barred.keep(namespace, left[namespace]):
                    done += await self._process_tenant(namespace, left[namespace])
                del left[namespace]
        finally:
            self._give_back(seen for objects in left.values() for seen in objects)
        return done

    async def _process_tenant(self, namespace: str, objects: Sequence[Sighting]) -> int:
        try:
            done = await self.transactions.process(namespace, objects)
        except Unreachable:  # the others would only meet the same
            raise
        except (ApiError, TenantLocked) as error:  # of this namespace alone: the others go on
            failed = self.barred.bar(namespace, objects)
            metrics.RETRIES.labels("batch").inc()
            log.warning("namespace put off", namespace=namespace, error=type(error).__name__, attempt=failed)
            return 0
        self.barred.clear(namespace)
        return done

    def _give_back(self, objects: Iterable[Sighting]) -> None:
        for seen in objects:
            self.inbox.give_back(seen)

    async def _process_due(self) -> bool:
        """Process the objects that the store has due, and tell whether there may be more.

        Those that are on their way already are left to that: their rows stay due until then, and the next page is read.
        """
        parts = self.transactions
        await self._reclaim()
        found = await parts.store.run(parts.services.load_due, datetime.now(UTC), self._skipped)
        due = [o for objects in found.values() for o in objects]
        done = await self._process(sight_stored(o) for o in due if not self.is_waiting(o.uid))
        stuck = not done and len(due) >= BATCH
        self._skipped = self._skipped + BATCH if stuck else 0
        return done > 0 or stuck

    async def _reclaim(self) -> None:
        """Look again at objects whose status the writer had to forget: their rows have it."""
        parts = self.transactions
        uids = parts.writer.forgotten(BATCH)
        found = await parts.store.run(parts.services.load_objects, uids) if uids else {}
        parts.writer.reclaim(uids)
        self._give_back(sight_stored(o) for objects in found.values() for o in objects if not self.is_waiting(o.uid))

    def _measure(self) -> None:
        metrics.WAITING.labels("objects").set(len(self.inbox))
        metrics.LAG.set(self.inbox.oldest_age())
