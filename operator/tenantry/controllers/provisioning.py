"""The services as the controllers call them: bound to one store, one call at a time, in a thread of their own."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ParamSpec, Protocol, TypeVar

from tenantry.controllers import metrics
from tenantry.domain.observed import Kind, Observed
from tenantry.errors import StoreUnavailable, TenantLocked
from tenantry.services.work import Outcome, SecretNeed, SweepReport, TenantRef, Work

#: A transaction of 500 objects takes a second at most, and a lock is waited for for five: what takes longer hangs.
_LONGEST_CALL_SECONDS = 10.0

P = ParamSpec("P")
R = TypeVar("R")


class Sweep(Protocol):
    def __call__(
        self,
        tenant: TenantRef,
        live: Mapping[str, tuple[Kind, str, int]],
        since: datetime,
        now: datetime,
        epoch: int,
        *,
        learnt: Collection[str] = (),
    ) -> SweepReport: ...


@dataclass(frozen=True)
class Provisioning:
    """Each is the service of that name, most of services.provisioning. ``begin_to_write`` changes nothing."""

    reconcile: Callable[[Work], list[Outcome]]
    load_due: Callable[[datetime, int], Mapping[str, Sequence[Observed[Any]]]]
    load_objects: Callable[[Sequence[str]], Mapping[str, Sequence[Observed[Any]]]]
    load_held: Callable[[str], Sequence[tuple[Kind, str, str]]]
    load_namespaces: Callable[[], Sequence[str]]
    secrets_needed: Callable[[TenantRef, Sequence[Observed[Any]]], Sequence[SecretNeed]]
    secrets_known: Callable[[str], Sequence[SecretNeed]]
    secrets_missing: Callable[[str], Sequence[SecretNeed]]
    secrets_of: Callable[[str], SecretNeed | None]
    sweep: Sweep
    begin_to_write: Callable[[], None]


class StoreThread:
    """Runs services one after another: two writers of one process would only wait for each other's locks."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._reads = False
        self._writes = True
        self._since: float | None = None

    @property
    def up(self) -> bool:
        """Tell whether the store answers: what was asked last was done, written too, and nothing hangs."""
        since = self._since
        hangs = since is not None and time.monotonic() - since > _LONGEST_CALL_SECONDS
        return self._reads and self._writes and not hangs

    async def run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a call that reads, or writes at times, in the thread, and note whether the store was there."""
        try:
            result = await self._run(lambda: call(*args, **kwargs))
        except TenantLocked:  # the store answers
            self._note(reads=True)
            raise
        except StoreUnavailable:
            self._note(reads=False)
            raise
        self._note(reads=True)
        return result

    async def write(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a call that writes; a store that is locked can still be read, and is not there all the same."""
        try:
            result = await self._run(lambda: call(*args, **kwargs))
        except TenantLocked:  # as above; whether another tenant could be written is not known
            self._note(reads=True)
            raise
        except StoreUnavailable:
            self._note(writes=False)
            raise
        self._note(reads=True, writes=True)
        return result

    async def probe(self, begin_to_write: Callable[[], None], seconds: float) -> None:
        """Ask every so often, until cancelled: who has nothing to write does not learn that a store is locked."""
        while True:
            await asyncio.sleep(seconds)
            with suppress(StoreUnavailable):  # noted, which is what it is for
                await self.write(begin_to_write)

    def close(self) -> None:
        self._executor.shutdown(wait=True)

    async def _run(self, call: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._timed, call)

    def _timed(self, call: Callable[[], R]) -> R:
        self._since = time.monotonic()
        try:
            return call()
        finally:
            self._since = None

    def _note(self, *, reads: bool | None = None, writes: bool | None = None) -> None:
        self._reads = self._reads if reads is None else reads
        self._writes = self._writes if writes is None else writes
        metrics.STORE_UP.set(self.up)
