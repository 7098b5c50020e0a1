"""Bar 4: one seat frees in a pool that many wait for. The first in line gets it, and nobody else is touched."""

import asyncio
import statistics
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from benchmarks.bars import Bar, at_most, exactly
from benchmarks.client import BareClient
from benchmarks.growth import QUEUE
from benchmarks.objects import Object, is_ready
from benchmarks.stage import Stage
from controlplane.progress import ticking

_MOST_WRITES = 3
_MOST_SECONDS = 0.1
_TIMES = 7
_SETTLE_SECONDS = 0.7  # what a freed seat wrongly causes, it causes within this
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Handover:
    """One seat's way: seconds from the event that its holder goes to the event that a waiter is Ready."""

    seconds: float
    grants: int
    writes: int


@dataclass(frozen=True)
class FreedSeat:
    waiting: int
    handovers: tuple[Handover, ...]

    def bars(self) -> Iterator[Bar]:
        bar = f"4 one seat freed, {self.waiting} waiting"
        most = max(self.handovers, key=lambda each: each.writes)
        yield exactly(f"{bar}: grants", "grants", max(each.grants for each in self.handovers), 1)
        note = f"the most of {len(self.handovers)} times, from the API server's audit log"
        yield at_most(f"{bar}: API writes", "writes", most.writes, _MOST_WRITES, 1.0, note)
        times = sorted(each.seconds for each in self.handovers)
        note = (
            "median, from the watch event of the holder's deletion to that of the waiter's Ready, as another client "
            f"sees them; {times[0] * 1000:.0f} to {times[-1] * 1000:.0f} ms; the reference is the bar"
        )
        yield at_most(f"{bar}: time", "ms", statistics.median(times) * 1000, _MOST_SECONDS * 1000, 1.0, note)


def measure_freed_seat(stage: Stage) -> FreedSeat:
    with ticking(f"One seat freed, {stage.users} waiting"):
        handovers = tuple(_handover(stage) for _ in range(_TIMES))
    for each in handovers:
        print(f"    {each.seconds * 1000:.0f} ms, {each.grants} granted, {each.writes} API writes", flush=True)
    return FreedSeat(stage.users - 1, handovers)


def _handover(stage: Stage) -> Handover:
    with stage.tail(QUEUE.namespace) as tail:
        seconds, grants = asyncio.run(_delete_holder(stage))
        return Handover(seconds, grants, tail.read().writes)


async def _delete_holder(stage: Stage) -> tuple[float, int]:
    async with BareClient.open(stage.admin) as client:
        pages = [page async for page in client.pages("User", QUEUE.namespace)]
        holder = next(user for page in pages for user in page["items"] if _queues(user) and is_ready(user))
        name = holder["metadata"]["name"]
        version = pages[-1]["metadata"]["resourceVersion"]
        async with client.watch("User", QUEUE.namespace, version) as events:
            await client.delete("User", QUEUE.namespace, name)
            return await _follow(events, name)


async def _follow(events: AsyncIterator[Object], holder: str) -> tuple[float, int]:
    """Read events until nothing comes any more; return the seconds of the hand-over and how many were let in."""
    deleted = granted = 0.0
    ready: set[str] = set()
    patience = _PATIENCE_SECONDS
    while True:
        try:
            async with asyncio.timeout(patience):
                event = await anext(events)
        except TimeoutError:
            return granted - deleted, len(ready)
        user, name = event["object"], event["object"]["metadata"]["name"]
        if name == holder and not deleted:
            deleted = event["at"]
        elif name != holder and is_ready(user):
            granted = granted or event["at"]
            ready.add(name)
            patience = _SETTLE_SECONDS


def _queues(user: Object) -> bool:
    return str(user["metadata"]["name"]).startswith(QUEUE.prefix)
