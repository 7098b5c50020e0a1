"""From the JSON of a spec to its model, or to the first field at fault."""

from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tenantry.specs.base import SpecModel

M = TypeVar("M", bound=SpecModel)
#: Where pydantic speaks of Python, we speak of YAML.
_PLAIN_WORDS = {
    "missing": "is required",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "tuple_type": "must be a list",
}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The first field of a spec that does not parse, and what it must be; never its value, which may be private."""

    field: str
    message: str


def read_spec(model: type[M], document: str) -> M | Unreadable:
    """Return the spec of a JSON document, or what is wrong with it."""
    try:
        return model.model_validate_json(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        message = _PLAIN_WORDS.get(first["type"]) or first["msg"].replace("Tuple", "List")
        return Unreadable(_field_path(first), message)


def _field_path(fault: ErrorDetails) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"])
    return "spec" + "".join(steps)
