"""What is asked together is answered together, and a fault is only its own."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from tenantry.errors import StoreUnavailable
from tenantry.runtime_api import batches as module
from tenantry.runtime_api.batches import Batches
from tenantry.store import Store


def _ask(work: "_Work", asked: Sequence[tuple[Store, int]]) -> list[int | BaseException]:
    async def run() -> list[int | BaseException]:
        batches = Batches("test", work)
        return await asyncio.gather(*(batches.ask(store, n) for store, n in asked), return_exceptions=True)

    return asyncio.run(run())


class _Work:
    """Doubles numbers, and notes which came together; raises for those at fault."""

    def __init__(self, faults: dict[int, Exception] | None = None) -> None:
        self.batches: list[tuple[Store, list[int]]] = []
        self._faults = faults or {}

    def __call__(self, store: Store, numbers: list[int]) -> list[int]:
        self.batches.append((store, numbers))
        for number in numbers:
            if number in self._faults:
                raise self._faults[number]
        return [2 * number for number in numbers]


@pytest.fixture
def stores() -> list[Store]:
    return [Store.open("sqlite://"), Store.open("sqlite://")]


def test_questions_that_come_together_go_to_the_store_together(stores: list[Store]) -> None:
    work = _Work()
    assert _ask(work, [(stores[0], n) for n in range(5)]) == [0, 2, 4, 6, 8]
    assert [numbers for _, numbers in work.batches] == [[0, 1, 2, 3, 4]]


def test_each_question_goes_to_its_own_store(stores: list[Store]) -> None:
    work = _Work()
    assert _ask(work, [(stores[n % 2], n) for n in range(4)]) == [0, 2, 4, 6]
    assert work.batches == [(stores[0], [0, 2]), (stores[1], [1, 3])]


def test_a_question_at_fault_fails_alone(stores: list[Store]) -> None:
    fault = ValueError("2")
    assert _ask(_Work({2: fault}), [(stores[0], n) for n in range(4)]) == [0, 2, fault, 6]


def test_a_store_that_is_away_is_asked_once_for_all(stores: list[Store]) -> None:
    away = StoreUnavailable("away")
    work = _Work({1: away})
    assert _ask(work, [(stores[0], n) for n in range(3)]) == [away, away, away]
    assert len(work.batches) == 1


@pytest.mark.parametrize(("patience", "first"), [(10.0, "asked"), (0.001, "passed")])
def test_who_lets_a_batch_pass_waits_for_it_but_for_none_that_hangs(
    patience: float, first: str, stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", patience)
    free, found = threading.Event(), []

    def work(_: Store, numbers: list[int]) -> list[int]:
        assert free.wait(10)
        return numbers

    async def run() -> None:
        batches = Batches("test", work)
        asking = asyncio.create_task(batches.ask(stores[0], 1))
        await asyncio.sleep(0)  # it is with the store once its task had a turn
        await asyncio.sleep(0)
        passing = asyncio.create_task(batches.passed())
        asking.add_done_callback(lambda _: found.append("asked"))
        passing.add_done_callback(lambda _: found.append("passed"))
        if first == "passed":
            await passing
        free.set()
        await asyncio.gather(asking, passing)

    asyncio.run(run())
    assert found[0] == first


def test_where_nothing_is_with_the_store_nobody_waits() -> None:
    asyncio.run(Batches("test", _Work()).passed())
