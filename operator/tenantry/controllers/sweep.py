"""The sweep: all objects there are against all rows there are, at start and every ten minutes.

It finds what no event told of: a finalizer stripped by hand, a deletion missed, a store or cluster restored. Only
metadata is listed; an object is read where its row is out of step.
"""

import asyncio
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from tenantry.controllers import metrics
from tenantry.controllers.api_error import ApiError, NotFound, Unreachable
from tenantry.controllers.connection import METADATA_LIST, Connection, object_path
from tenantry.controllers.engine import Engine
from tenantry.controllers.lease import Lease
from tenantry.controllers.ledger import Ledger
from tenantry.controllers.provisioning import Provisioning, StoreThread
from tenantry.controllers.status_writer import StatusWriter
from tenantry.controllers.tenants import Tenants
from tenantry.domain.observed import Kind
from tenantry.errors import LeadershipLost, StoreUnavailable, TenantLocked
from tenantry.logs import get_logger, log_fault
from tenantry.services.work import SweepReport

Live: TypeAlias = dict[str, tuple[Kind, str, int]]

#: The first sweep waits for the watches to bring what it lists: those objects are not out of step, only not yet seen.
_FIRST_EVENTS_SECONDS = 60.0
_RETRY_SECONDS = 10.0
_LOOK_SECONDS = 0.2
#: How often it is asked which namespaces go.
_END_SECONDS = 0.5
_READERS = 16

log = get_logger(__name__)


@dataclass
class Sweeper:
    """Sweeps the namespaces in scope; an empty scope is all of them."""

    connection: Connection
    services: Provisioning
    store: StoreThread
    engine: Engine
    writer: StatusWriter
    tenants: Tenants
    ledger: Ledger
    lease: Lease
    scope: Collection[str] = ()

    async def run(self, seconds: float) -> None:
        """Sweep until cancelled.

        Raises:
            LeadershipLost: another operator leads.
        """
        first = True
        while True:
            swept = self.lease.sure and await self._try(first=first)
            first = first and not swept
            await asyncio.sleep(seconds if swept else min(seconds, _RETRY_SECONDS))

    async def run_ends(self) -> None:
        """Look, until cancelled, at what a namespace holds that begins to go: what held it may not hold it now."""
        while True:
            await asyncio.sleep(_END_SECONDS)
            for namespace in self.tenants.take_ending():
                try:
                    held = await self.store.run(self.services.load_held, namespace)
                    await self._look_again(namespace, held)
                except Exception as error:  # noqa: BLE001 - the next sweep finds them too
                    _tell(error, namespace=namespace)

    async def _try(self, *, first: bool) -> bool:
        done = False
        try:
            done = await self.sweep(first=first)
        except LeadershipLost:
            raise
        except Exception as error:  # noqa: BLE001 - a sweep that fails must not take the operator with it
            _tell(error)
        metrics.SWEEPS.labels("done" if done else "failed").inc()
        return done

    async def sweep(self, *, first: bool = False) -> bool:
        """Compare everything once, and tell whether all of it was: a tenant that fails does not end the sweep.

        Raises:
            StoreUnavailable, Unreachable: an outage, which the tenants left would only meet too.
            LeadershipLost: another operator leads.
        """
        known, since = self.ledger.known(), datetime.now(UTC)
        aside = self.engine.transactions.aside
        failing = aside.known()
        live = await self._list()
        uids = {uid for objects in live.values() for uid in objects}
        aside.keep_only(uids, failing)
        if first:
            await self._seen(uids)
        detached = failed = 0
        for namespace in sorted(live.keys() | set(await self._namespaces())):
            # Asked before each tenant: the process may have been frozen in between, and another leads by now.
            if not self.lease.sure:
                return False
            learnt = self.ledger.learnt_since(known)
            try:
                detached += await self._sweep_tenant(namespace, live.get(namespace, {}), since, learnt)
            except Exception as error:  # whatever the fault, the other tenants are swept
                if _ends_sweep(error):
                    raise
                failed += 1
                metrics.RETRIES.labels("tenant sweep").inc()
                _tell(error, namespace=namespace)
        metrics.DETACHED.set(detached)
        self.ledger.keep_only(uids, known)
        return not failed

    async def _list(self) -> dict[str, Live]:
        found: dict[str, Live] = {}
        for kind in Kind:
            for namespace in self.scope or ("",):
                async for page in self.connection.pages(object_path(kind, namespace), METADATA_LIST):
                    for item in page:
                        m = item["metadata"]
                        found.setdefault(m["namespace"], {})[m["uid"]] = (kind, m["name"], m.get("generation", 0))
        return found

    async def _namespaces(self) -> Iterable[str]:
        stored = await self.store.run(self.services.load_namespaces)
        return (namespace for namespace in stored if not self.scope or namespace in self.scope)

    async def _seen(self, uids: Collection[str]) -> None:
        """Wait for the watches to bring these objects, and for the engine to have processed them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_EVENTS_SECONDS):
                while self.ledger.unseen(uids):  # noqa: ASYNC110 - thousands of events set it
                    await asyncio.sleep(_LOOK_SECONDS)
                await self.engine.idle.wait()

    async def _sweep_tenant(self, namespace: str, live: Live, since: datetime, learnt: Collection[str]) -> bool:
        tenant = await self.tenants.find(namespace, certain=True)
        now, epoch = datetime.now(UTC), self.lease.epoch
        report: SweepReport = await self.store.run(
            self.services.sweep, tenant=tenant, live=live, since=since, now=now, epoch=epoch, learnt=learnt
        )
        for outcome in report.outcomes:
            self.writer.submit(outcome)
        if report.detached:
            log.warning("tenant detached", namespace=namespace)
        await self._look_again(namespace, report.drifted)
        return report.detached

    async def _look_again(self, namespace: str, objects: Iterable[tuple[Kind, str, str]]) -> None:
        """Read objects whose rows are out of step and offer them, but for those that are on their way already."""
        drifted = [each for each in objects if not self.engine.is_waiting(each[2])]
        readers = asyncio.Semaphore(_READERS)

        async def read(kind: Kind, name: str, uid: str) -> None:
            async with readers:
                state = self.ledger.state(uid)
                try:
                    body = await self.connection.read(object_path(kind, namespace, name))
                except NotFound:
                    return
                self.engine.offer(kind, body, read_at=state)
                metrics.DRIFTED.labels(kind).inc()

        results = await asyncio.gather(*(read(*each) for each in drifted), return_exceptions=True)
        for failure in (result for result in results if result is not None):
            raise failure


def _ends_sweep(error: Exception) -> bool:
    """Tell whether the tenants left would only meet the same."""
    if isinstance(error, TenantLocked):
        return False
    return isinstance(error, StoreUnavailable | Unreachable | LeadershipLost)


def _tell(error: Exception, **where: str) -> None:
    if isinstance(error, ApiError | StoreUnavailable):
        log.warning("sweep put off", error=type(error).__name__, **where)
    else:
        log_fault(log, "sweep failed", error, **where)
