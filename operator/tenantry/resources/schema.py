"""From a pydantic model to a structural schema: the subset of JSON Schema that a CRD may use.

Structural schemas know no ``$ref``, no ``anyOf`` with null and no ``additionalProperties: false``. On top of
that we ask for a description on every field and a bound on every string and list; a model without them does not
become a CRD.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel

from tenantry.errors import TenantryError

Schema: TypeAlias = dict[str, Any]

_REF = "$ref"
_REF_PREFIX = "#/$defs/"
_VALIDATIONS = "x-kubernetes-validations"
_EXTENSION = "x-kubernetes-"
_RULE_KEYWORDS = ("rule", "message", "messageExpression", "fieldPath")
#: In the order in which they are written.
_KEYWORDS = (
    "description",
    "type",
    "format",
    "enum",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "items",
    "required",
    "properties",
)
_DROPPED = frozenset({"title", "$defs"})
_SCALARS = frozenset({"string", "integer", "boolean"})


class SchemaError(TenantryError):
    """A model that cannot become a CRD; the message names the field and what it lacks."""


def structural_schema(model: type[BaseModel], path: str) -> Schema:
    """Return the schema of a model; ``path`` is where it stands in the object, for messages."""
    raw = model.model_json_schema(by_alias=True, mode="validation")
    return _convert(raw, raw.get("$defs", {}), path)


def _convert(node: Schema, definitions: Mapping[str, Schema], path: str) -> Schema:
    found = _resolve(node, definitions, path)
    _check_keywords(found, path)
    match found.get("type"):
        case "object":
            _convert_object(found, definitions, path)
        case "array":
            _convert_array(found, definitions, path)
        case "string":
            _check_string(found, path)
        case kind if kind not in _SCALARS:
            raise SchemaError(f"{path}: {kind!r} is no type of a structural schema")
    _settle_default(found, path)
    return _in_order(found)


def _resolve(node: Schema, definitions: Mapping[str, Schema], path: str) -> Schema:
    """Inline references and take null out of unions; what stands beside a reference adds to it or wins over it."""
    found = dict(node)
    while _REF in found or "anyOf" in found:
        if _REF in found:
            below = definitions[found.pop(_REF).removeprefix(_REF_PREFIX)]
        else:
            below = _without_null(found.pop("anyOf"), path)
        found = _merge(below, found)
    return found


def _without_null(variants: list[Schema], path: str) -> Schema:
    rest = [variant for variant in variants if variant.get("type") != "null"]
    if len(rest) != 1:
        raise SchemaError(f"{path}: a union of {len(rest)} types is not structural")
    return rest[0]


def _merge(below: Schema, above: Schema) -> Schema:
    merged = below | above
    if _VALIDATIONS in below and _VALIDATIONS in above:
        merged[_VALIDATIONS] = [*below[_VALIDATIONS], *above[_VALIDATIONS]]
    return merged


def _check_keywords(node: Schema, path: str) -> None:
    if node.pop("additionalProperties", False) is not False:
        raise SchemaError(f"{path}: free keys are not allowed; make it a list of named objects")
    for keyword in _DROPPED & node.keys():
        del node[keyword]
    unknown = [word for word in node if word not in _KEYWORDS and not word.startswith(_EXTENSION)]
    if unknown:
        raise SchemaError(f"{path}: {', '.join(unknown)} cannot stand in a CRD")


def _convert_object(node: Schema, definitions: Mapping[str, Schema], path: str) -> None:
    converted: dict[str, Schema] = {}
    for name, below in node.get("properties", {}).items():
        # The description has to be the field's own: the docstring of its type says what it is, not what it is for.
        if not below.get("description"):
            raise SchemaError(f"{path}.{name}: has no description")
        converted[name] = _convert(below, definitions, f"{path}.{name}")
    node["properties"] = converted


def _convert_array(node: Schema, definitions: Mapping[str, Schema], path: str) -> None:
    if "maxItems" not in node:
        raise SchemaError(f"{path}: has no maxItems")
    node["items"] = _convert(node["items"], definitions, f"{path}[]")


def _check_string(node: Schema, path: str) -> None:
    if "maxLength" not in node and "enum" not in node:
        raise SchemaError(f"{path}: has no maxLength")


def _settle_default(node: Schema, path: str) -> None:
    """Keep a default only where it changes something: an empty list or null says no more than an absent field.

    The default of an object is written out: the API server tests its rules before it fills in what is below.
    """
    default = node.pop("default", None)
    if default is None or default == []:
        return
    if node["type"] != "object":
        node["default"] = default
        shown = default if isinstance(default, str) else json.dumps(default)
        node["description"] += f" Default: {shown}."  # kubectl explain shows no defaults
        return
    filled = defaults_below(node)
    if _pruned(default) != filled:
        raise SchemaError(f"{path}: the default {default} is not what its fields' defaults make: {filled}")
    if filled:
        node["default"] = filled


def defaults_below(node: Schema) -> dict[str, Any]:
    """Return what the API server makes of ``{}``."""
    found: dict[str, Any] = {}
    for name, below in node["properties"].items():
        if "default" in below:
            found[name] = defaults_below(below) if below["type"] == "object" else below["default"]
    return found


def _pruned(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if not isinstance(value, dict):
        return value
    pruned = {name: _pruned(below) for name, below in value.items()}
    return {name: below for name, below in pruned.items() if below not in (None, [], {})}


def _in_order(node: Schema) -> Schema:
    ordered = {word: node[word] for word in _KEYWORDS if word in node and word not in ("items", "properties")}
    ordered |= {word: node[word] for word in sorted(node) if word.startswith(_EXTENSION)}
    if _VALIDATIONS in ordered:
        ordered[_VALIDATIONS] = [
            {word: rule[word] for word in _RULE_KEYWORDS if word in rule} for rule in ordered[_VALIDATIONS]
        ]
    # What stands below comes last, so that a rule is read beside the field that it belongs to.
    return ordered | {word: node[word] for word in ("items", "properties") if word in node}
