"""Objects at which the operator fails: each waits alone, longer from time to time, and holds up nobody."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from tenantry.controllers import metrics
from tenantry.controllers.backoff import OBJECT
from tenantry.controllers.sighting import Sighting
from tenantry.logs import get_logger, log_fault

log = get_logger(__name__)


@dataclass(slots=True)
class _SetAside:
    seen: Sighting
    failed: int
    due: float


class Aside:
    """By UID. A changed object is tried at once; an unchanged one when its pause is over.

    ``report`` has the object say, once for each of its states, that the operator fails at it.
    """

    def __init__(self, report: Callable[[Sighting], None]) -> None:
        self._report = report
        self._objects: dict[str, _SetAside] = {}

    def __contains__(self, uid: str) -> bool:
        return uid in self._objects

    def put(self, seen: Sighting, error: Exception) -> None:
        """Set an object aside after a failure."""
        log_fault(log, "object set aside", error, kind=seen.kind, uid=seen.uid)
        former = self._objects.get(seen.uid)
        repeated = former is not None and former.seen.mark == seen.mark
        failed = former.failed + 1 if former is not None and repeated else 1
        self._objects[seen.uid] = _SetAside(seen, failed, time.monotonic() + OBJECT.delay(failed))
        self._measure()
        if not repeated and not seen.gone:
            self._report(seen)

    def holds(self, seen: Sighting) -> bool:
        """Tell whether this state of the object failed and its pause is not over."""
        former = self._objects.get(seen.uid)
        return former is not None and former.seen.mark == seen.mark and time.monotonic() < former.due

    def due(self) -> list[Sighting]:
        """Return the objects whose pause is over."""
        now = time.monotonic()
        return [former.seen for former in self._objects.values() if former.due <= now]

    def clear(self, uid: str) -> None:
        """Forget an object that was processed, or is gone."""
        if self._objects.pop(uid, None) is not None:
            self._measure()

    def keep_only(self, uids: Collection[str], known_before: Collection[str]) -> None:
        """Forget the objects, of those set aside before a listing, that vanished: tried again, they would be back."""
        for uid in [uid for uid in known_before if uid in self._objects and uid not in uids]:
            if not self._objects[uid].seen.gone:
                self.clear(uid)

    def known(self) -> list[str]:
        return list(self._objects)

    def _measure(self) -> None:
        metrics.SET_ASIDE.set(len(self._objects))
