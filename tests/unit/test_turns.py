"""Turns: who is in haste comes first, nobody comes beside another, and nobody waits for ever."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tenantry.errors import StoreUnavailable
from tenantry.store.turns import Turns
from tests.support.eventually import eventually

SECONDS = 10.0


class Queue:
    """Takes turns in threads, and notes the order in which they came."""

    def __init__(self, turns: Turns, threads: ThreadPoolExecutor) -> None:
        self.turns = turns
        self.came: list[str] = []
        self._threads = threads

    def join(self, name: str, *, haste: bool = False) -> "Future[None]":
        """Wait for a turn in another thread, and return once that does."""
        before = len(self._waiting())
        taken = self._threads.submit(self._take, name, haste=haste)
        eventually(lambda: len(self._waiting()) > before)
        return taken

    def _waiting(self) -> list[object]:
        return list(self.turns._changed._waiters)  # type: ignore[attr-defined]  # it has them

    def _take(self, name: str, *, haste: bool) -> None:
        with self.turns.take(SECONDS, haste=haste):
            self.came.append(name)


def test_who_is_in_haste_comes_before_those_who_waited_already() -> None:
    turns = Turns()
    with ThreadPoolExecutor(3) as threads:
        queue = Queue(turns, threads)
        with turns.take(SECONDS):
            waiting = [queue.join("first"), queue.join("second"), queue.join("hasty", haste=True)]
        for each in waiting:
            each.result(SECONDS)
    assert queue.came[0] == "hasty"
    assert set(queue.came[1:]) == {"first", "second"}


def test_one_at_a_time_has_the_turn() -> None:
    turns, inside, most = Turns(), threading.Semaphore(1), 8

    def alone(n: int) -> bool:
        with turns.take(SECONDS, haste=n % 3 == 0):
            free = inside.acquire(blocking=False)
            inside.release()
            return free

    with ThreadPoolExecutor(most) as threads:
        assert all(threads.map(alone, range(200)))


@pytest.mark.parametrize("haste", [False, True])
def test_a_turn_that_does_not_come_is_the_store_away_and_holds_up_nobody_later(*, haste: bool) -> None:
    turns = Turns()
    with turns.take(SECONDS), pytest.raises(StoreUnavailable), turns.take(0.01, haste=haste):
        raise AssertionError
    with turns.take(0.01):
        pass


def test_a_fault_within_a_turn_ends_it() -> None:
    turns = Turns()
    with pytest.raises(KeyError), turns.take(SECONDS):
        raise KeyError
    with turns.take(0.01):
        pass
