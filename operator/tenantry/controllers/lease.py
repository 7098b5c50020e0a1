"""Who leads: one Lease in the cluster, and an epoch that fences off those who led before.

A holder that cannot renew because the API server is away does not give up: nobody else can take the Lease then either,
and the store refuses every transaction of an epoch older than the newest it has seen. It only stops to write until it
has renewed again. Once another holds the Lease, this process must end at once.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tenantry.controllers import metrics
from tenantry.controllers.api_error import ApiError, Conflict, NotFound
from tenantry.controllers.backoff import OUTAGE
from tenantry.controllers.connection import Connection
from tenantry.errors import LeadershipLost
from tenantry.logs import get_logger

#: Epochs are seconds since this moment, or one more than the last one if that is later. So they grow even where the
#: Lease was deleted, or came back with a restored cluster; and they fit the field's 32 bits until 2093.
_EPOCH_ZERO = datetime(2025, 1, 1, tzinfo=UTC)
#: Of the Lease's duration: how often it is renewed, and for how long after a renewal it is surely ours.
_RENEW = 1 / 4
_SURE = 2 / 3
#: A Lease that was not renewed for so many durations by the clock is taken at once; before, only after watching it for
#: one duration, since clocks differ.
_LONG_DEAD = 4

log = get_logger(__name__)


class Lease:
    """One candidate. An ``identity`` that outlives the process (a Pod's UID) takes its own Lease back at once."""

    def __init__(self, connection: Connection, namespace: str, name: str, identity: str, seconds: float) -> None:
        self._connection = connection
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._seconds = seconds
        self._body: dict[str, Any] = {}
        self._watched: tuple[object, float] = (None, 0.0)
        self._renewed_at = float("-inf")
        self.epoch = 0
        self.standby = False

    @property
    def sure(self) -> bool:
        """Tell whether nobody else can hold the Lease now."""
        return time.monotonic() < self._renewed_at + self._seconds * _SURE

    async def acquire(self) -> None:
        """Return when the Lease is ours; wait quietly while it is another's or the API server is away."""
        failed = 0
        while True:
            try:
                if await self._try_to_take():
                    metrics.LEADING.set(1)
                    log.info("lease acquired", epoch=self.epoch)
                    return
                failed = 0
                await asyncio.sleep(self._seconds * _RENEW)
            except ApiError as error:
                failed += 1
                log.warning("lease not acquired yet", error=str(error), attempt=failed)
                await asyncio.sleep(OUTAGE.delay(failed))

    async def keep(self) -> None:
        """Renew until cancelled.

        Raises:
            LeadershipLost: another holds the Lease.
        """
        failed = 0
        while True:
            await asyncio.sleep(min(self._seconds * _RENEW, OUTAGE.delay(failed)) if failed else self._seconds * _RENEW)
            try:
                await self._renew()
                failed = 0
            except ApiError as error:
                failed += 1
                log.warning("lease not renewed", error=str(error), attempt=failed)

    async def release(self) -> None:
        """Let the next one take over at once; if that fails, it waits for the Lease's end."""
        if not self.epoch:  # never ours: it is another's that would be let go
            return
        self._renewed_at = float("-inf")
        metrics.LEADING.set(0)
        try:
            await self._put({"holderIdentity": ""})
        except ApiError as error:
            log.info("lease not released", error=str(error))

    @property
    def _collection(self) -> str:
        return f"/apis/coordination.k8s.io/v1/namespaces/{self._namespace}/leases"

    async def _try_to_take(self) -> bool:
        try:
            self._body = await self._connection.read(f"{self._collection}/{self._name}")
        except NotFound:
            return await self._create()
        spec = self._body.get("spec") or {}
        self.standby = not self._is_free(spec)
        if self.standby:
            return False
        epoch = max(int(spec.get("leaseTransitions") or 0) + 1, _epoch_of_now())
        try:
            await self._put(self._claim(epoch))
        except Conflict:
            return False
        return self._hold(epoch)

    async def _create(self) -> bool:
        epoch = self.epoch or _epoch_of_now()
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": self._claim(epoch),
        }
        asked_at = time.monotonic()
        try:
            self._body = await self._connection.write("POST", self._collection, body)
        except Conflict:
            return False
        self._renewed_at = asked_at
        return self._hold(epoch)

    async def _renew(self) -> None:
        try:
            await self._put({})
        except NotFound:
            await self._create()
        except Conflict:
            await self._check()

    async def _check(self) -> None:
        """Look who wrote the Lease: somebody may have put a label on it."""
        self._body = await self._connection.read(f"{self._collection}/{self._name}")
        spec = self._body.get("spec") or {}
        if spec.get("holderIdentity") != self._identity or spec.get("leaseTransitions") != self.epoch:
            raise LeadershipLost(f"the lease has epoch {spec.get('leaseTransitions')}, ours is {self.epoch}")
        await self._put({})

    async def _put(self, changes: Mapping[str, Any]) -> None:
        """Write the Lease as last read with these changes; another's write in between is a Conflict."""
        spec = {**(self._body.get("spec") or {}), "renewTime": _micro_time(), **changes}
        path = f"{self._collection}/{self._name}"
        asked_at = time.monotonic()  # not when it was answered: others count from when it was written
        self._body = await self._connection.write("PUT", path, {**self._body, "spec": spec})
        self._renewed_at = asked_at

    def _claim(self, epoch: int) -> dict[str, Any]:
        now = _micro_time()
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": max(1, round(self._seconds)),
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": epoch,
        }

    def _hold(self, epoch: int) -> bool:
        self.epoch = epoch
        self.standby = False
        return True

    def _is_free(self, spec: Mapping[str, Any]) -> bool:
        """Tell whether the Lease may be taken: released, our own from an earlier life, or its holder is silent."""
        if spec.get("holderIdentity") in {None, "", self._identity}:
            return True
        duration = float(spec.get("leaseDurationSeconds") or self._seconds)
        renewed = spec.get("renewTime")
        if (
            renewed is None
            or (datetime.now(UTC) - datetime.fromisoformat(renewed)).total_seconds() > _LONG_DEAD * duration
        ):
            return True
        state, now = (spec.get("holderIdentity"), renewed, spec.get("leaseTransitions")), time.monotonic()
        if self._watched[0] != state:
            self._watched = (state, now)
        return now - self._watched[1] > duration


def _epoch_of_now() -> int:
    return int((datetime.now(UTC) - _EPOCH_ZERO).total_seconds())


def _micro_time() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
