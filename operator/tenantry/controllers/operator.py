"""All parts of a leading operator, made and tied together in one place, started and ended in order."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tenantry.controllers.api_error import ApiError
from tenantry.controllers.aside import Aside
from tenantry.controllers.backoff import OUTAGE
from tenantry.controllers.connection import Connection, object_path
from tenantry.controllers.engine import Engine
from tenantry.controllers.events import event_registry, watched_resources
from tenantry.controllers.inbox import Inbox
from tenantry.controllers.lease import Lease
from tenantry.controllers.ledger import Ledger
from tenantry.controllers.provisioning import Provisioning, StoreThread
from tenantry.controllers.secret_lane import SecretLane
from tenantry.controllers.secret_lookout import SecretLookout
from tenantry.controllers.status_writer import StatusWriter
from tenantry.controllers.sweep import Sweeper
from tenantry.controllers.tenants import Tenants
from tenantry.controllers.transaction import Transactions
from tenantry.controllers.watches import Watches
from tenantry.domain.observed import Kind
from tenantry.logs import get_logger
from tenantry.resources.meta import API_VERSION, RESOURCES

_GRACE_SECONDS = 8.0
_PROBE_SECONDS = 10.0
_POLICIES = (Kind.LICENSE_POOL, Kind.WORKGROUP)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """What a leading operator is told of the settings."""

    scope: tuple[str, ...]
    resync_seconds: float
    sweep_seconds: float


class Operator:
    """Leads: made after the lease was acquired and the store opened."""

    def __init__(
        self, connection: Connection, services: Provisioning, store: StoreThread, lease: Lease, pace: Pace
    ) -> None:
        ledger, inbox, tenants = Ledger(), Inbox(), Tenants(connection, watched=not pace.scope)
        writer = StatusWriter(connection, ledger)
        aside = Aside(writer.report_fault)
        lane = SecretLane(connection, inbox.put, aside, ledger.outdated)
        transactions = Transactions(services, store, writer, tenants, lane, aside, epoch=lambda: lease.epoch)
        self._connection, self._store, self._lease, self._pace = connection, store, lease, pace
        self._services, self._writer, self._lane = services, writer, lane
        self.engine = Engine(transactions, ledger, inbox, may_write=lambda: lease.sure)
        self.watches = self._make_watches(tenants)
        self._lookout = SecretLookout(
            connection, services, store, lane, self.engine.is_waiting, may_write=lambda: lease.sure
        )
        self._sweeper = Sweeper(
            connection, services, store, self.engine, writer, tenants, ledger, lease, scope=pace.scope
        )
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            LeadershipLost: the store has seen a newer leader; this process must end at once.
            WatchDead: a watch is gone for good; this process must be started anew.
        """
        self._start(self._writer.run(), "status writer")
        self._start(self._lane.run(), "secret lane")
        self._start(self.engine.run(), "engine")
        await self._list_policies()
        self.watches.start()
        self._start(self.watches.guard(), "watches")
        self._start(self._store.probe(self._services.begin_to_write, _PROBE_SECONDS), "store probe")
        self._start(self._lookout.run(self._pace.resync_seconds), "secret look-out")
        self._start(self._sweeper.run(self._pace.sweep_seconds), "sweep")
        self._start(self._sweeper.run_ends(), "ends of namespaces")
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """End in order: no more events, the transaction under way, the statuses it gave."""
        self.engine.stop()
        stopping = asyncio.create_task(self.watches.stop())
        engine = [task for task in self._tasks if task.get_name() == "engine" and not task.done()]
        if engine:
            await asyncio.wait(engine, timeout=_GRACE_SECONDS)
        if not await self._writer.drained(_GRACE_SECONDS):
            log.warning("statuses left unwritten", count=len(self._writer))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await stopping

    def _make_watches(self, tenants: Tenants) -> Watches:
        everywhere = not self._pace.scope
        note = tenants.note if everywhere else None
        return Watches(
            registry=lambda: event_registry(self._connection.access, self.engine.offer, note),
            resources=watched_resources(namespaces=everywhere),
            namespaces=self._pace.scope,
            reachable=lambda: self._lease.sure,
        )

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.add(asyncio.create_task(work, name=name))

    async def _list_policies(self) -> None:
        """Offer pools and workgroups before the watches bring the Users, who would only be told to wait for them."""
        for kind in _POLICIES:
            for namespace in self._pace.scope or ("",):
                await persist("policies not listed yet", lambda k=kind, n=namespace: self._offer_all(k, n))  # type: ignore[misc] # bound now

    async def _offer_all(self, kind: Kind, namespace: str) -> None:
        async for page in self._connection.pages(object_path(kind, namespace)):
            for body in page:
                self.engine.offer(kind, body)


async def resources_served(connection: Connection) -> None:
    """Return once the API server serves the four kinds; until then say which are missing."""

    async def look() -> None:
        served = await connection.read(f"/apis/{API_VERSION}")
        names = {resource["name"] for resource in served["resources"]}
        missing = [resource.crd_name for resource in RESOURCES.values() if resource.plural not in names]
        if missing:
            raise ApiError(f"not installed: {', '.join(missing)}")

    await persist("custom resources not served yet", look)


async def persist(problem: str, act: Callable[[], Awaitable[None]]) -> None:
    """Act until the API server answers as hoped, with growing pauses."""
    failed = 0
    while True:
        try:
            return await act()
        except ApiError as error:
            failed += 1
            log.warning(problem, error=str(error), attempt=failed)
            await asyncio.sleep(OUTAGE.delay(failed))


async def first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Run some works until the first of them ends or fails, and raise what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
