"""An object as an event, a list or the store showed it, packed small: a restart holds all of them at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from tenantry.domain.observed import Kind, Observed
from tenantry.domain.reading import restore_object
from tenantry.domain.secret import SecretOffer
from tenantry.resources.meta import FINALIZER, PAUSED_ANNOTATION

_OURS_ALONE = (FINALIZER,)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One object at one version.

    ``mark`` stands for all that a plan depends on: generation, deletion and pause. ``shown`` is the digest of the
    status that the object had. ``finalizers`` is None where they are not known. ``gone``: it is no longer there.
    """

    kind: Kind
    uid: str
    namespace: str
    name: str
    version: int
    mark: int
    created: str
    document: str
    shown: int = 0
    finalizers: tuple[str, ...] | None = None
    gone: bool = False
    offer: SecretOffer | None = None
    observed: Observed[Any] | None = None

    @property
    def generation(self) -> int:
        return self.mark >> 2

    @property
    def deleting(self) -> bool:
        return bool(self.mark & 2) or self.gone

    @property
    def unguarded(self) -> bool:
        """Tell whether the object lives without our finalizer: its deletion could go unnoticed."""
        return self.finalizers is not None and not self.deleting and FINALIZER not in self.finalizers


def sight(kind: Kind, body: Mapping[str, Any], *, gone: bool = False) -> Sighting:
    """Take from an object what is needed of it."""
    metadata = body["metadata"]
    finalizers = tuple(metadata.get("finalizers") or ())
    return Sighting(
        kind=kind,
        uid=metadata["uid"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        version=version_of(metadata),
        mark=_mark(
            metadata.get("generation", 0),
            deleting=metadata.get("deletionTimestamp") is not None,
            paused=(metadata.get("annotations") or {}).get(PAUSED_ANNOTATION) == "true",
        ),
        created=metadata["creationTimestamp"],
        document=orjson.dumps(body.get("spec")).decode(),
        shown=digest(body.get("status") or {}),
        # One tuple for all: most objects have our finalizer and no other.
        finalizers=_OURS_ALONE if finalizers == _OURS_ALONE else finalizers,
        gone=gone,
    )


def sight_stored(observed: Observed[Any]) -> Sighting:
    """Return an object as its row remembers it; what the API server shows of it now is not known."""
    return Sighting(
        kind=observed.kind,
        uid=observed.uid,
        namespace=observed.namespace,
        name=observed.name,
        version=0,
        mark=_mark(observed.generation, deleting=observed.deleting, paused=observed.paused),
        created="",
        document="",
        observed=observed,
    )


def observe(sighting: Sighting) -> Observed[Any]:
    """Return the object as the rules see it; an unreadable spec is the object's fault, not an exception."""
    if sighting.observed is not None:
        return sighting.observed
    return restore_object(
        sighting.kind,
        uid=sighting.uid,
        namespace=sighting.namespace,
        name=sighting.name,
        generation=sighting.generation,
        created=datetime.fromisoformat(sighting.created),
        deleting=sighting.deleting,
        paused=bool(sighting.mark & 1),
        document=sighting.document,
    )


def version_of(metadata: Mapping[str, Any]) -> int:
    """Return the resource version as the number that it is (KEP-5504), 0 where a server has others."""
    version = metadata.get("resourceVersion", "")
    return int(version) if version.isdecimal() else 0


def digest(status: Mapping[str, Any]) -> int:
    """Return a number that two statuses share only if they are the same; it holds within this process."""
    return hash(orjson.dumps(status, option=orjson.OPT_SORT_KEYS))


def _mark(generation: int, *, deleting: bool, paused: bool) -> int:
    return generation << 2 | deleting << 1 | paused
