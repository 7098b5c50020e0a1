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
        Refusal(Reason.INVALID_SPEC, f"spec.{name}", message)
        for name, message in _immutable(kind)
        if before.get(name) != after.get(name)
    ]


def _immutable(kind: Kind) -> Iterator[tuple[str, str]]:
    """Yield the fields that cannot change, each with what is told of it. All of them are at the top of a spec."""
    for name, field in MODELS[kind].model_fields.items():
        extra: Any = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        for rule in extra.get("x-kubernetes-validations", ()):
            if rule["rule"] == IMMUTABLE:
                yield field.alias or name, rule["message"]
