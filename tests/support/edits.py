"""What happens to an object after it was made: an edit, a deletion, a new one of the same name."""

import json
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tenantry.domain.observed import Observed
from tests.support.builders import MODELS


def edited(seen: Observed[Any], **fields: object) -> Observed[Any]:
    """Return the object's next generation with top-level fields of the spec set, or taken out where None."""
    document = {**json.loads(seen.document), **fields}
    return with_spec(seen, {name: value for name, value in document.items() if value is not None})


def with_spec(seen: Observed[Any], document: dict[str, Any]) -> Observed[Any]:
    """Return the object's next generation with this spec."""
    spec = MODELS[seen.kind].model_validate(document)
    return replace(seen, generation=seen.generation + 1, document=json.dumps(document), spec=spec)


def deleted(seen: Observed[Any]) -> Observed[Any]:
    """Return the object with a deletion time, which is a new generation to the API server."""
    return replace(seen, deleting=True, generation=seen.generation + 1)


def made_again(seen: Observed[Any], age: float = 60.0, /, **fields: object) -> Observed[Any]:
    """Return another object of the same name, made ``age`` seconds after the first."""
    uid = str(uuid.uuid5(uuid.UUID(seen.uid), "again"))
    changed = edited(seen, **fields)
    return replace(changed, uid=uid, generation=1, deleting=False, created=seen.created + timedelta(seconds=age))


def paused(seen: Observed[Any], *, on: bool = True) -> Observed[Any]:
    """Return the object with the pause annotation, or without; an annotation is no new generation."""
    return replace(seen, paused=on)
