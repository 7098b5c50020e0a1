"""The look-out for Secrets that changed: rotated ones within the resync interval, missing ones within seconds.

Only the metadata of a Secret is read here; its value is read by the secret lane, when the version is new.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tenantry.controllers import metrics
from tenantry.controllers.api_error import ApiError, Denied, Passing, ServerFault
from tenantry.controllers.backoff import OUTAGE
from tenantry.controllers.connection import METADATA, Connection
from tenantry.controllers.logs import get_logger
from tenantry.controllers.provisioning import Provisioning, StoreThread
from tenantry.controllers.secret_lane import SecretLane, read_secret
from tenantry.controllers.sighting import sight_stored
from tenantry.errors import StoreUnavailable
from tenantry.services.secret_values import source_of
from tenantry.services.work import SecretNeed
from tenantry.specs.base import SecretKeyRef

#: Users whose Secret is missing are looked at this often, and at most so many a second.
_MISSING_SECONDS = 10.0
_MOST_A_SECOND = 20.0
_SHORTEST_PAUSE = 1.0
#: A Secret that the API server fails at so often is left for the next round.
_ATTEMPTS = 5

log = get_logger(__name__)


@dataclass
class SecretLookout:
    """Walks over all Users that refer to a Secret, evenly over each interval."""

    connection: Connection
    services: Provisioning
    store: StoreThread
    lane: SecretLane
    may_write: Callable[[], bool]
    _tried: dict[str, tuple[tuple[str | None, ...], str]] = field(default_factory=dict)

    async def run(self, resync_seconds: float) -> None:
        """Look out until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat(self.services.secrets_known, resync_seconds), name="rotated secrets")
            group.create_task(self._repeat(self.services.secrets_missing, _MISSING_SECONDS), name="missing secrets")

    async def _repeat(self, page_after: Callable[[str], Sequence[SecretNeed]], seconds: float) -> None:
        while True:
            round_ends = time.monotonic() + seconds
            try:
                count = await self._count(page_after)
                await self._walk(page_after, max(1 / _MOST_A_SECOND, seconds / (count + 1)))
            except (StoreUnavailable, ApiError) as error:
                log.warning("look-out for Secrets put off", error=type(error).__name__)
            await asyncio.sleep(max(_SHORTEST_PAUSE, round_ends - time.monotonic()))

    async def _count(self, page_after: Callable[[str], Sequence[SecretNeed]]) -> int:
        count, after = 0, ""
        while page := await self.store.run(page_after, after):
            count, after = count + len(page), page[-1].uid
        return count

    async def _walk(self, page_after: Callable[[str], Sequence[SecretNeed]], pause: float) -> None:
        after = ""
        while page := await self.store.run(page_after, after):
            after = page[-1].uid
            for need in page:
                await asyncio.sleep(pause)
                if need.uid not in self.lane and self.may_write():
                    await self._look(need)

    async def _look(self, need: SecretNeed) -> None:
        known = tuple(part.source for part in need.parts)
        sources = tuple([await self._source(need.namespace, part.ref, part.source) for part in need.parts])
        # What was tried and not taken (a key missing, a password refused, a User held up by something else) is not
        # tried again until a Secret changes, or what holds up the User.
        if sources == known:
            self._tried.pop(need.uid, None)
            return
        if self._tried.get(need.uid) == (sources, need.state):
            return
        self._tried[need.uid] = (sources, need.state)
        found = await self.store.run(self.services.load_objects, [need.uid])
        for observed in (o for objects in found.values() for o in objects):
            self.lane.submit(sight_stored(observed), need)

    async def _source(self, namespace: str, ref: SecretKeyRef, known: str | None) -> str | None:
        """Return what the Secret's value is known by now; an API server that is away is waited for."""
        failed = 0
        while True:
            metrics.SECRET_READS.labels("look-out").inc()
            try:
                secret = await read_secret(self.connection, namespace, ref.name, METADATA)
            except Denied:  # the lane tells the User so; here it is no change
                return known
            except Passing as error:
                failed += 1
                if isinstance(error, ServerFault) and failed >= _ATTEMPTS:  # one Secret does not hold up the others
                    return known
                await asyncio.sleep(max(error.retry_after, OUTAGE.delay(failed)))
            else:
                return "" if secret is None else source_of(secret, ref.key)
