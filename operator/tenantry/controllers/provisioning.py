"""The services as the controllers call them: bound to one store, one call at a time, in a thread of their own."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ParamSpec, Protocol, TypeVar

from tenantry.controllers import metrics
from tenantry.domain.observed import Kind, Observed
from tenantry.errors import StoreUnavailable
from tenantry.services.work import Outcome, PasswordNeed, SweepReport, TenantRef, Work

P = ParamSpec("P")
R = TypeVar("R")


class Sweep(Protocol):
    def __call__(
        self, tenant: TenantRef, live: Mapping[str, tuple[Kind, str, int]], since: datetime, now: datetime, epoch: int
    ) -> SweepReport: ...


@dataclass(frozen=True)
class Provisioning:
    """Each is the service of that name; see services.provisioning."""

    reconcile: Callable[[Work], list[Outcome]]
    load_due: Callable[[datetime], Mapping[str, Sequence[Observed[Any]]]]
    load_objects: Callable[[Sequence[str]], Mapping[str, Sequence[Observed[Any]]]]
    load_namespaces: Callable[[], Sequence[str]]
    passwords_needed: Callable[[TenantRef, Sequence[Observed[Any]]], Sequence[PasswordNeed]]
    passwords_known: Callable[[str], Sequence[PasswordNeed]]
    passwords_missing: Callable[[str], Sequence[PasswordNeed]]
    sweep: Sweep


class StoreThread:
    """Runs services one after another: two writers of one process would only wait for each other's locks."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="store")
        self.up = False

    async def run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a call in the thread, and note whether the store was there."""
        loop = asyncio.get_running_loop()
        try:
            result = await loop.run_in_executor(self._executor, lambda: call(*args, **kwargs))
        except StoreUnavailable:
            self._note(up=False)
            raise
        self._note(up=True)
        return result

    def close(self) -> None:
        self._executor.shutdown(wait=True)

    def _note(self, *, up: bool) -> None:
        self.up = up
        metrics.STORE_UP.set(up)
