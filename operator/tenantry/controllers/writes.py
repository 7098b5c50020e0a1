"""What is written to an object: its status whole, our finalizer, or the conditions of an operator's fault.

All are JSON patches that first test the UID. A merge patch with metadata.uid would not do: on the status subresource
the API server ignores metadata, so a patch meant for a deleted object would land on the new one of its name.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import orjson

from tenantry.controllers.sighting import Sighting, digest
from tenantry.domain.observed import Kind
from tenantry.resources.meta import FINALIZER
from tenantry.services.work import Outcome

Operation = dict[str, Any]


class Guard(StrEnum):
    """What becomes of our finalizer."""

    KEEP = "keep"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Write:
    """All that is to be written to one object. ``status`` is the patch's bytes, empty for none.

    ``finalizers`` and ``version`` are the object's as last seen; without them it is read first.
    """

    kind: Kind
    uid: str
    namespace: str
    name: str
    status: bytes = b""
    digest: int = 0
    guard: Guard = Guard.KEEP
    finalizers: tuple[str, ...] | None = None
    version: int = 0
    fault_at: int | None = None

    def after(self, earlier: "Write") -> "Write":
        """Join with an earlier write of the same object that was not made yet: this one wins."""
        joined = self
        if not self.status and self.fault_at is None:
            joined = replace(joined, status=earlier.status, digest=earlier.digest, fault_at=earlier.fault_at)
        if self.guard is Guard.KEEP:
            joined = replace(joined, guard=earlier.guard, finalizers=earlier.finalizers, version=earlier.version)
        return joined


def write_of(outcome: Outcome, seen: Sighting | None) -> Write:
    """Return what an outcome asks to write, whether or not it is there already."""
    guard = Guard.KEEP
    if outcome.released:
        guard = Guard.REMOVE
    elif seen is not None and seen.unguarded:
        guard = Guard.ADD
    return Write(
        kind=outcome.kind,
        uid=outcome.uid,
        namespace=outcome.namespace,
        name=outcome.name,
        status=b"" if outcome.status is None else status_patch(outcome.uid, outcome.status),
        digest=0 if outcome.status is None else digest(outcome.status),
        guard=guard,
        finalizers=seen.finalizers if seen is not None else None,
        version=seen.version if seen is not None else 0,
    )


def fault_write(seen: Sighting) -> Write:
    """Return the write that tells of a fault of the operator; the rest of the status stays as it is."""
    return Write(seen.kind, seen.uid, seen.namespace, seen.name, fault_at=seen.generation)


def status_patch(uid: str, status: dict[str, Any]) -> bytes:
    """Replace the whole status: what is no longer in it goes, at any depth."""
    return orjson.dumps([_same(uid), {"op": "add", "path": "/status", "value": status}])


def conditions_patch(uid: str, conditions: list[dict[str, Any]]) -> bytes:
    return orjson.dumps([_same(uid), {"op": "add", "path": "/status/conditions", "value": conditions}])


def guard_patch(uid: str, finalizers: tuple[str, ...], version: int) -> bytes:
    """Add our finalizer to those seen at a version; another version is refused, since it may have others."""
    add = {"op": "add", "path": "/metadata/finalizers", "value": [*finalizers, FINALIZER]}
    return orjson.dumps([_same(uid), _test("/metadata/resourceVersion", str(version)), add])


def release_patch(uid: str, finalizers: tuple[str, ...]) -> bytes:
    """Remove our finalizer from where it was seen; if it is not there any more, this is refused."""
    path = f"/metadata/finalizers/{finalizers.index(FINALIZER)}"
    return orjson.dumps([_same(uid), _test(path, FINALIZER), {"op": "remove", "path": path}])


def _same(uid: str) -> Operation:
    return _test("/metadata/uid", uid)


def _test(path: str, value: str) -> Operation:
    return {"op": "test", "path": path, "value": value}
