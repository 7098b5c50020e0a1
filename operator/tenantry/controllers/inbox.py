"""Objects that wait for their batch: one entry a UID, the newest; policies before those they govern."""

import asyncio
import threading
import time
from dataclasses import dataclass, replace
from itertools import islice

from tenantry.controllers.sighting import Sighting
from tenantry.domain.observed import Kind

#: Users before their pools and workgroups would only be told to wait, and be written twice.
_RANK = {Kind.LICENSE_POOL: 0, Kind.WORKGROUP: 0, Kind.USER: 1, Kind.PROJECT_MEMBER: 2}
_RANKS = 3
#: Who has waited so long is taken whatever its kind.
_PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class _Waiting:
    since: float
    seen: Sighting


class Inbox:
    """Filled from any thread, emptied by the engine's loop."""

    def __init__(self) -> None:
        self._queues: tuple[dict[str, _Waiting], ...] = tuple({} for _ in range(_RANKS))
        self._lock = threading.Lock()
        self._news = asyncio.Event()
        self._told = False
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues)

    def __contains__(self, uid: str) -> bool:
        return any(uid in queue for queue in self._queues)

    def put(self, seen: Sighting) -> None:
        """Add an object. Of one UID the newest stays, in the place of the first."""
        queue = self._queues[_RANK[seen.kind]]
        with self._lock:
            waiting = queue.get(seen.uid)
            if waiting is None:
                queue[seen.uid] = _Waiting(time.monotonic(), seen)
            else:
                waiting.seen = _newer(waiting.seen, seen)
            tell, self._told = not self._told, True
        if tell:  # once until the engine looks: waking a loop from another thread costs a system call
            self._loop.call_soon_threadsafe(self._news.set)

    def give_back(self, seen: Sighting) -> None:
        """Add an object that was taken and not processed, unless a newer one came in between."""
        if seen.uid not in self:
            self.put(seen)

    def take(self, limit: int) -> list[Sighting]:
        """Remove and return the next objects: policies alone, since who waited for them comes before who comes now."""
        with self._lock:
            self._told = False
            self._news.clear()
            taken: list[Sighting] = []
            for queue in self._in_order():
                next_uids = list(islice(queue, limit - len(taken)))
                taken += [queue.pop(uid).seen for uid in next_uids]
            if len(self):
                self._told = True
                self._news.set()
            return taken

    async def wait(self, seconds: float) -> None:
        """Return when there is something, or after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    def oldest_age(self) -> float:
        """Return for how many seconds the first of those that wait has waited."""
        with self._lock:
            firsts = [next(iter(queue.values())).since for queue in self._queues if queue]
        return time.monotonic() - min(firsts) if firsts else 0.0

    def _in_order(self) -> list[dict[str, _Waiting]]:
        policies, *others = self._queues
        now = time.monotonic()
        late = [q for q in others if q and now - next(iter(q.values())).since > _PATIENCE_SECONDS]
        return [policies, *late] if policies else [*late, *(q for q in others if q not in late)]


def _newer(present: Sighting, coming: Sighting) -> Sighting:
    """Return the newer of two states of an object; what was read of its Secrets for the same state goes with it."""
    if present.gone or not (coming.gone or coming.version >= present.version):
        first, second = present, coming
    else:
        first, second = coming, present
    offered = first.offer is None and second.offer is not None and first.mark == second.mark
    return replace(first, offer=second.offer) if offered else first
