"""What was seen and written last of each object: five numbers a UID, to tell news from echoes."""

import threading
from collections.abc import Collection
from itertools import takewhile
from typing import NamedTuple, TypeAlias

from tenantry.controllers.sighting import Sighting

#: UIDs of objects that are gone, kept against events and replies that were under way.
_MOST_GONE = 10_000
#: A status is written this many times for one that turns out different. More would be a loop: a field that the
#: schema prunes never comes back as it was written.
_MOST_REWRITES = 3


#: An object's version and mark as last seen.
State: TypeAlias = tuple[int, int]


class _Entry(NamedTuple):
    version: int
    mark: int
    unguarded: bool
    shown: int
    wanted: int


class Ledger:
    """One for all tasks and threads: events arrive in kopf's thread."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._gone: dict[str, None] = {}
        self._rewrites: dict[str, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def state(self, uid: str) -> State:
        """Return what was seen last of an object, for a read of it that begins now."""
        known = self._entries.get(uid)
        return (known.version, known.mark) if known is not None else (0, 0)

    def take(self, seen: Sighting, *, read_at: State | None = None) -> bool:
        """Take in what was seen, and tell whether there is something to do about it.

        With ``read_at``, the state before a read, there is, however old it looks: a restored cluster counts its
        versions from an earlier one. But not if something else was seen while the read was under way.
        """
        with self._lock:
            if seen.uid in self._gone:
                return False
            if seen.gone:
                self._bury(seen.uid)
                return True
            known = self._entries.get(seen.uid)
            forced = read_at is not None and read_at == self.state(seen.uid)
            if known is not None and seen.version < known.version and not forced:
                return False  # overtaken: what we know of is younger
            self._entries[seen.uid] = _Entry(
                seen.version, seen.mark, seen.unguarded, seen.shown, known.wanted if known is not None else 0
            )
            return known is None or forced or self._is_news(seen, known)

    def _is_news(self, seen: Sighting, known: _Entry) -> bool:
        if seen.mark != known.mark:
            self._rewrites.pop(seen.uid, None)
            return True
        if seen.unguarded and not known.unguarded:
            return True
        if seen.shown == known.wanted:
            self._rewrites.pop(seen.uid, None)  # it stuck: whoever changes it next is somebody else
        if seen.shown in {known.shown, known.wanted}:
            return False
        # Somebody else wrote the status, or what we wrote did not stick.
        attempt = self._rewrites.get(seen.uid, 0) + 1
        self._rewrites[seen.uid] = attempt
        return attempt <= _MOST_REWRITES

    def outdated(self, seen: Sighting) -> bool:
        """Tell whether a younger state of the object is on its way through the engine: this one must not be used."""
        known = self._entries.get(seen.uid)
        if known is None:
            return seen.uid in self._gone and not seen.gone
        return seen.mark != known.mark

    def wants(self, uid: str, digest: int) -> bool:
        """Note the status that an object should show, and tell whether that is different from what it shows."""
        with self._lock:
            if uid in self._gone:
                return False
            known = self._entries.get(uid)
            if known is None:
                return True
            self._entries[uid] = known._replace(wanted=digest)
            return known.shown != digest

    def written(self, uid: str, digest: int, version: int) -> None:
        """Note that an object shows this status from this version on: older events of it are stale."""
        with self._lock:
            known = self._entries.get(uid)
            if known is not None:
                self._entries[uid] = known._replace(shown=digest, version=max(version, known.version))

    def bury(self, uid: str) -> None:
        """Note that nothing is to be done about this object any more."""
        with self._lock:
            self._bury(uid)

    def unseen(self, uids: Collection[str]) -> bool:
        """Tell whether any of these objects was not seen yet."""
        return any(uid not in self._entries and uid not in self._gone for uid in uids)

    def keep_only(self, uids: Collection[str], known_before: Collection[str]) -> None:
        """Forget the objects, of those known before a listing, that were not in it."""
        with self._lock:
            for uid in known_before:
                if uid not in uids:
                    self._entries.pop(uid, None)
                    self._rewrites.pop(uid, None)

    def known(self) -> set[str]:
        with self._lock:
            return set(self._entries)

    def learnt_since(self, known_before: Collection[str]) -> set[str]:
        """Return the objects that came to those known before a listing: it may have been too early to have them."""
        with self._lock:
            return set(takewhile(lambda uid: uid not in known_before, reversed(self._entries)))

    def _bury(self, uid: str) -> None:
        self._entries.pop(uid, None)
        self._rewrites.pop(uid, None)
        self._gone[uid] = None
        if len(self._gone) > _MOST_GONE:
            del self._gone[next(iter(self._gone))]
