"""What of a spec cannot change: the API server holds it by its schema, and where there is none it is held here."""

from collections.abc import Iterator, Mapping
from typing import Any

from tenantry.domain.observed import Kind
from tenantry.domain.reading import MODELS
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.specs.base import IMMUTABLE


def check_immutable(kind: Kind, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Refusal]:
    """Return what of a spec changed and cannot: by the same rules of the schema, in its words (TT-06)."""
    return [
        Refusal(Reason.INVALID_SPEC, ".".join(("spec", *path)), message)
        for path, default, message in _immutable(MODELS[kind])
        if _at(before, path, default) != _at(after, path, default)
    ]


def _immutable(model: Any, below: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, str]]:  # noqa: ANN401 - a model
    """Yield the paths that cannot change, each with its default and what is told of it. None is inside a list."""
    for name, field in model.model_fields.items():
        path = (*below, field.alias or name)
        extra: Any = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        for rule in extra.get("x-kubernetes-validations", ()):
            if rule["rule"] == IMMUTABLE:
                yield path, field.get_default(), rule["message"]
        if hasattr(field.annotation, "model_fields"):
            yield from _immutable(field.annotation, path)


def _at(spec: Mapping[str, Any], path: tuple[str, ...], default: Any) -> Any:  # noqa: ANN401 - parts of JSON
    """Return the value at a path; what is not there has its default, as where the schema fills it in."""
    value: Any = spec
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return default if value is None else value
