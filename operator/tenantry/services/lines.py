"""The waiting lists: whose turn it is when something is free (NR-06, P1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from tenantry.domain.capacity import Capacity
from tenantry.domain.seating import bought
from tenantry.services.batch import Batch
from tenantry.services.users import plan_again
from tenantry.store.usage import first_in_line

#: A place in line: since when, and the resource's UID.
Place: TypeAlias = tuple[datetime, str]

#: How many of a waiting list are looked at in one go, and how many in one transaction.
_PAGE = 50
_MOST = 500


def seat_waiters(batch: Batch) -> None:
    """Let in those whose turn it is: only as many as there is room for are looked at (design §3).

    Lines with room are gone through together, by place: who waits in two of them passes nobody in either. Who gets one
    seat may free another, for which somebody waits who was looked at before. What is too much for one transaction goes
    on in the next.
    """
    waiting = batch.snapshot.usage.waiting
    looked, left = 0, -1
    while waiting.total() != left:
        left = waiting.total()
        lines = _Lines(batch)
        while turn := lines.next_in_turn():
            plan_again(batch, turn, turn=True)
            looked += len(turn)
            if looked >= _MOST:
                batch.woken |= lines.peek()
                return


@dataclass
class _Lines:
    """One way through all lines with room; ``passed`` is the last place looked at in each."""

    batch: Batch
    passed: dict[Capacity, Place] = field(default_factory=dict)
    ended: set[Capacity] = field(default_factory=set)

    def next_in_turn(self) -> list[str]:
        """Return the next Users by place, as many as may be looked at before any line is read on; empty at the end."""
        while pages := self._pages():
            cut = _cut(pages)
            turn: dict[str, Place] = {}
            for capacity, (page, whole) in pages.items():
                taken = [place for place in page if cut is None or place <= cut]
                turn |= {place[1]: place for place in taken}
                self.passed |= {capacity: taken[-1]} if taken else {}
                if whole and len(taken) == len(page):
                    self.ended.add(capacity)
            if turn:
                return sorted(turn, key=turn.__getitem__)
        return []

    def peek(self) -> set[str]:
        """Return a User whose turn is next, so that somebody looks at the lines again; none where all is done."""
        places = sorted(place for page, _ in self._pages().values() for place in page)
        return {uid for _, uid in places[:1]}

    def _pages(self) -> dict[Capacity, tuple[Sequence[Place], bool]]:
        """Return the next part of each line with room, and whether that is the rest of it."""
        self.batch.flush()
        found: dict[Capacity, tuple[Sequence[Place], bool]] = {}
        for capacity, room in self._open():
            size = min(_PAGE, room)
            page = first_in_line(self.batch.connection, self.batch.tenant.id, capacity, self.passed.get(capacity), size)
            found[capacity] = (page, len(page) < size)
        return found

    def _open(self) -> Iterable[tuple[Capacity, int]]:
        usage = self.batch.snapshot.usage
        for capacity in sorted(usage.waiting):
            limit = bought(capacity, self.batch.snapshot) if usage.waiting[capacity] > 0 else None
            if limit is not None and capacity not in self.ended and (room := usage.free(capacity, limit)):
                yield capacity, room


def _cut(pages: dict[Capacity, tuple[Sequence[Place], bool]]) -> Place | None:
    """Return the last place up to which every line is known; None where all of them are known to their end."""
    return min((page[-1] for page, whole in pages.values() if not whole), default=None)
