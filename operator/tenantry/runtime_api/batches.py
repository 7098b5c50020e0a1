"""Calls that come together are answered together: one transaction, and one change of threads, for all of them.

Nothing waits for company: while one batch is with the store, what comes meanwhile is the next.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Generic, TypeVar

from tenantry.errors import StoreUnavailable
from tenantry.store import Store

Q = TypeVar("Q")
A = TypeVar("A")

#: One batch takes at most so many, so that none waits long for the others in it.
_MOST = 200
#: Who lets a batch pass waits this long at most: one that hangs is not to hold up others.
_PATIENCE_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class _Asked(Generic[Q, A]):
    """A question, and who waits for its answer: whoever gave it up says so in its context (see ABANDONED)."""

    store: Store
    question: Q
    answer: "asyncio.Future[A]"
    context: Context


class Batches(Generic[Q, A]):
    """Answers questions by one function of many; made once for each kind of question."""

    def __init__(self, name: str, work: Callable[[Store, list[Q]], list[A]]) -> None:
        self._work = work
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: list[_Asked[Q, A]] = []
        self._running: asyncio.Task[None] | None = None
        self._with_store: asyncio.Future[None] | None = None

    async def ask(self, store: Store, question: Q) -> A:
        """Return the answer to a question.

        Raises:
            StoreUnavailable: the database is gone or locked, for all that were asked together.
        """
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(store, question, answer, copy_context()))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await answer

    async def passed(self) -> None:
        """Wait for the batch that is with the store, if one is, and no longer than one takes where the store is well.

        The interpreter does one thing at a time: who is in no haste leaves it to those who are.
        """
        if self._with_store is not None:
            await asyncio.wait([self._with_store], timeout=_PATIENCE_SECONDS)

    async def _run(self) -> None:
        try:
            while self._waiting:
                self._with_store = asyncio.get_running_loop().create_future()
                await self._answer(self._next())
                self._with_store.set_result(None)
        finally:
            self._running = self._with_store = None

    def _next(self) -> list[_Asked[Q, A]]:
        """Take those that are next and of one store."""
        store = self._waiting[0].store
        batch = [asked for asked in self._waiting[:_MOST] if asked.store is store]
        self._waiting = [asked for asked in self._waiting[:_MOST] if asked.store is not store] + self._waiting[_MOST:]
        return batch

    async def _answer(self, batch: list[_Asked[Q, A]]) -> None:
        # Where the store hangs all are given up together, so that what the first says of it is true of all.
        first, questions = batch[0], [asked.question for asked in batch]
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._thread, first.context.run, self._work, first.store, questions)
        except StoreUnavailable as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 - it belongs to the one that asked for it
            if len(batch) == 1:
                _fail(batch, error)
                return
            for asked in batch:
                await self._answer([asked])
        else:
            for asked, answer in zip(batch, answers, strict=True):
                if not asked.answer.done():  # the caller may have gone away
                    asked.answer.set_result(answer)


def _fail(batch: Sequence[_Asked[Q, A]], error: Exception) -> None:
    for asked in batch:
        if not asked.answer.done():
            asked.answer.set_exception(error)
