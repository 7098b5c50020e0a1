"""What of a spec cannot change: the API server holds it by its schema, and where there is none it is held here."""

from collections.abc import Iterator, Mapping
from typing import Any

from tenantry.domain.observed import Kind
from tenantry.domain.reading import MODELS
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.specs.base import IMMUTABLE, SpecModel

_VALIDATIONS = "x-kubernetes-validations"


def check_immutable(kind: Kind, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Refusal]:
    """Return what of a spec changed and cannot: by the same rules of the schema, in its words (TT-06)."""
    return list(_check(MODELS[kind], before, after, "spec"))


def _check(model: type[SpecModel], before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Refusal]:
    for name, field in model.model_fields.items():
        key = field.alias or name
        old, new = before.get(key), after.get(key)
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        message = next((r["message"] for r in _rules(extra) if r["rule"] == IMMUTABLE), None)
        if message is not None and old != new:
            yield Refusal(Reason.INVALID_SPEC, f"{path}.{key}", message)
        below = field.annotation
        if isinstance(below, type) and issubclass(below, SpecModel) and isinstance(old, dict) and isinstance(new, dict):
            yield from _check(below, old, new, f"{path}.{key}")


def _rules(extra: Mapping[str, Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = extra.get(_VALIDATIONS, [])
    return found
