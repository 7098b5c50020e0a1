"""The look-out for Secrets that changed: rotated ones within the resync interval, missing ones within seconds.

Only the metadata of a Secret is read here; its value is read by the secret lane, when the version is new.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from tenantry.controllers import metrics
from tenantry.controllers.api_error import ApiError, Denied, Passing, ServerFault
from tenantry.controllers.backoff import OUTAGE
from tenantry.controllers.connection import METADATA, Connection
from tenantry.controllers.provisioning import Provisioning, StoreThread
from tenantry.controllers.secret_lane import SecretLane, read_secret
from tenantry.controllers.sighting import sight_stored
from tenantry.errors import StoreUnavailable
from tenantry.logs import get_logger
from tenantry.services.secret_values import source_of
from tenantry.services.work import SecretNeed
from tenantry.specs.base import SecretKeyRef

#: Users whose Secret is missing are looked at this often, and at most so many a second.
_MISSING_SECONDS = 10.0
_MOST_A_SECOND = 20.0
_SHORTEST_PAUSE = 1.0
#: A Secret that the API server fails at so often is left for the next round.
_ATTEMPTS = 5
#: What was offered and not taken is offered again after this.
_RETRY_SECONDS = 3600.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Try:
    """What was submitted for a User: the versions found, and all that decides on what is made of them."""

    sources: tuple[str | None, ...]
    need: SecretNeed
    at: float

    def repeats(self, former: "_Try | None") -> bool:
        """Tell whether the same was tried not long ago. After that it is tried again: it may have been lost."""
        if former is None or self.at - former.at > _RETRY_SECONDS:
            return False
        return (self.sources, self.need) == (former.sources, former.need)


@dataclass
class SecretLookout:
    """Walks over all Users that refer to a Secret, evenly over each interval.

    ``is_waiting``: a User is on its way through the engine, and what is found now could be lost.
    """

    connection: Connection
    services: Provisioning
    store: StoreThread
    lane: SecretLane
    is_waiting: Callable[[str], bool]
    may_write: Callable[[], bool]
    _tried: dict[str, _Try] = field(default_factory=dict)

    async def run(self, resync_seconds: float) -> None:
        """Look out until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat(self.services.secrets_known, resync_seconds), name="rotated secrets")
            group.create_task(self._repeat(self.services.secrets_missing, _MISSING_SECONDS), name="missing secrets")

    async def _repeat(self, page_after: Callable[[str], Sequence[SecretNeed]], seconds: float) -> None:
        while True:
            round_ends = time.monotonic() + seconds
            try:
                uids = await self._list(page_after)
                if page_after == self.services.secrets_known:
                    self._keep_only(uids)
                await self._walk(page_after, max(1 / _MOST_A_SECOND, seconds / (len(uids) + 1)))
            except (StoreUnavailable, ApiError) as error:
                log.warning("look-out for Secrets put off", error=type(error).__name__)
            await asyncio.sleep(max(_SHORTEST_PAUSE, round_ends - time.monotonic()))

    async def _list(self, page_after: Callable[[str], Sequence[SecretNeed]]) -> set[str]:
        found, after = set[str](), ""
        while page := await self.store.run(page_after, after):
            after = page[-1].uid
            found |= {need.uid for need in page}
        return found

    def _keep_only(self, uids: Collection[str]) -> None:
        """Forget what was tried for Users that refer to no Secret any more, or are gone."""
        self._tried = {uid: tried for uid, tried in self._tried.items() if uid in uids}

    async def _walk(self, page_after: Callable[[str], Sequence[SecretNeed]], pause: float) -> None:
        after = ""
        while page := await self.store.run(page_after, after):
            after = page[-1].uid
            for need in page:
                await asyncio.sleep(pause)
                if not self.is_waiting(need.uid) and self.may_write():
                    await self._look(need)

    async def _look(self, need: SecretNeed) -> None:
        sources = tuple([await self._source(need.namespace, part.ref, part.source) for part in need.parts])
        if sources == need.sources:
            self._tried.pop(need.uid, None)
            return
        # The page that the need came with may be as old as the interval is long: since then another version may have
        # been taken, and what is compared with the former one would be taken by nobody.
        fresh = await self.store.run(self.services.secrets_of, need.uid)
        if fresh is None or [part.ref for part in fresh.parts] != [part.ref for part in need.parts]:
            return
        # What was tried and not taken (a key missing, a password refused, a User held up by something else) is not
        # tried again until a Secret changes, or what holds up the User.
        trial = _Try(sources, fresh, time.monotonic())
        if sources == fresh.sources or trial.repeats(self._tried.get(need.uid)):
            return
        self._tried[need.uid] = trial
        found = await self.store.run(self.services.load_objects, [need.uid])
        for observed in (o for objects in found.values() for o in objects):
            self.lane.submit(sight_stored(observed), fresh)

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
            except ApiError:  # nor does one that the API server refuses to look up
                return known
            else:
                return "" if secret is None else source_of(secret, ref.key)
