"""Namespaces that cannot be processed for now: the API server says nothing of one, or its tenant is locked.

Their objects wait, and hold up no others.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from tenantry.controllers.backoff import OUTAGE
from tenantry.controllers.sighting import Sighting


@dataclass(slots=True)
class _Bar:
    failed: int = 0
    due: float = 0.0
    objects: dict[str, Sighting] = field(default_factory=dict)


class Barred:
    """By namespace. What comes while one is barred waits with the rest, the newest of each UID."""

    def __init__(self) -> None:
        self._bars: dict[str, _Bar] = {}

    def __contains__(self, uid: str) -> bool:
        return any(uid in bar.objects for bar in self._bars.values())

    def bar(self, namespace: str, objects: Iterable[Sighting]) -> int:
        """Bar a namespace after a failure, and return how many there were in a row."""
        bar = self._bars.setdefault(namespace, _Bar())
        bar.failed += 1
        bar.due = time.monotonic() + OUTAGE.delay(bar.failed)
        bar.objects |= {seen.uid: seen for seen in objects}
        return bar.failed

    def keep(self, namespace: str, objects: Iterable[Sighting]) -> bool:
        """Keep these objects if their namespace is barred, and tell whether it is."""
        bar = self._bars.get(namespace)
        if bar is None or time.monotonic() >= bar.due:
            return False
        bar.objects |= {seen.uid: seen for seen in objects}
        return True

    def due(self) -> list[Sighting]:
        """Take out the objects of the namespaces whose pause is over."""
        now, found = time.monotonic(), list[Sighting]()
        for bar in self._bars.values():
            if bar.due <= now:
                found += bar.objects.values()
                bar.objects = {}
        return found

    def clear(self, namespace: str) -> None:
        """Forget the failures of a namespace that is known again."""
        self._bars.pop(namespace, None)
