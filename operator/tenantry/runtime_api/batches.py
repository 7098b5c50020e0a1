"""Calls that come together are answered together: one transaction, and one change of threads, for all of them.

Nothing waits for company: while one batch is with the store, what comes meanwhile is the next.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from tenantry.store import Store

Q = TypeVar("Q")
A = TypeVar("A")

#: One batch takes at most so many, so that none waits long for the others in it.
_MOST = 200


class Batches(Generic[Q, A]):
    """Answers questions by one function of many; made once for each kind of question."""

    def __init__(self, name: str, work: Callable[[Store, list[Q]], list[A]]) -> None:
        self._work = work
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: list[tuple[Store, Q, asyncio.Future[A]]] = []
        self._running: asyncio.Task[None] | None = None

    async def ask(self, store: Store, question: Q) -> A:
        """Return the answer to a question.

        Raises:
            StoreUnavailable: the database is gone or locked, for all that were asked together.
        """
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((store, question, answer))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                await self._answer(batch)
        finally:
            self._running = None

    async def _answer(self, batch: list[tuple[Store, Q, asyncio.Future[A]]]) -> None:
        loop = asyncio.get_running_loop()
        store = batch[0][0]
        try:
            answers = await loop.run_in_executor(
                self._thread, self._work, store, [question for _, question, _ in batch]
            )
        except Exception as error:  # noqa: BLE001 - it belongs to those who asked
            for _, _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, _, future), answer in zip(batch, answers, strict=True):
            if not future.done():  # the caller may have gone away
                future.set_result(answer)
