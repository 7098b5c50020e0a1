"""From a body, or from what the store kept of it, to an object that the rules can read."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from tenantry.domain.observed import Kind, Observed
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.resources.meta import PAUSED_ANNOTATION, RESOURCES
from tenantry.specs import Spec

#: A JSON encoder is made once: `json.dumps` with options makes one for every call.
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_ADAPTERS: Mapping[Kind, TypeAdapter[Spec]] = {kind: TypeAdapter(of.spec) for kind, of in RESOURCES.items()}
#: Where pydantic speaks of Python, we speak of YAML.
_PLAIN_WORDS: Mapping[str, str] = {
    "missing": "is required",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "tuple_type": "must be a list",
}


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


def restore_object(  # noqa: PLR0913 - the columns of a stored row, each by its name
    kind: Kind,
    *,
    uid: str,
    namespace: str,
    name: str,
    generation: int,
    created: datetime,
    deleting: bool,
    paused: bool,
    document: str,
) -> Observed[Any]:
    """Return the object that a stored row speaks of."""
    spec, fault = parse_spec(kind, document)
    return Observed(
        kind=kind,
        uid=uid,
        namespace=namespace,
        name=name,
        generation=generation,
        created=created,
        deleting=deleting,
        paused=paused,
        document=document,
        spec=spec,
        fault=fault,
    )


def parse_spec(kind: Kind, document: str) -> tuple[Any, Refusal | None]:
    """Return the spec of a JSON document, or None and what is wrong with it."""
    try:
        return _ADAPTERS[kind].validate_json(document), None
    except ValidationError as error:
        return None, _fault(error)


def _fault(error: ValidationError) -> Refusal:
    """Name the first field at fault and what it must be, never the value: that may be private."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    message = _PLAIN_WORDS.get(first["type"]) or first["msg"].replace("Tuple", "List")
    return Refusal(Reason.INVALID_SPEC, _field_path(first), message)


def _field_path(fault: ErrorDetails) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"])
    return "spec" + "".join(steps)
