"""From the body of an object to the object that the rules can read."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tenantry.domain.observed import Kind, Observed
from tenantry.domain.reading import restore_object
from tenantry.resources.meta import PAUSED_ANNOTATION

#: A JSON encoder is made once: `json.dumps` with options makes one for every call.
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def parse_object(kind: Kind, body: Mapping[str, Any]) -> Observed[Any]:
    """Return the object as the rules see it; an unreadable spec is the object's fault, not an exception."""
    metadata = body["metadata"]
    annotations = metadata.get("annotations") or {}
    return restore_object(
        kind,
        uid=metadata["uid"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        generation=metadata.get("generation", 0),
        created=datetime.fromisoformat(metadata["creationTimestamp"]),
        deleting=metadata.get("deletionTimestamp") is not None,
        paused=annotations.get(PAUSED_ANNOTATION) == "true",
        document=_encode(body.get("spec")),
    )
