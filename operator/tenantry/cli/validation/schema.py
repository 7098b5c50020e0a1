"""One object against the schema of its CRD, with the strictness of the API server's field validation."""

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from tenantry.cli.validation.documents import Document, FieldPath
from tenantry.cli.validation.manifest import nearest
from tenantry.cli.validation.wording import explain
from tenantry.domain.observed import Kind
from tenantry.resources.crd import object_schema
from tenantry.resources.meta import RESOURCES
from tenantry.resources.schema import Schema
from tenantry.specs.base import LABEL, OBJECT_NAME, parse_time

Errors: TypeAlias = Iterator[ValidationError]
Fault: TypeAlias = tuple[FieldPath, str]

_FORMATS = FormatChecker(formats=())
_FORMATS.checks("date-time", raises=ValueError)(lambda value: not isinstance(value, str) or bool(parse_time(value)))
_TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_METADATA: Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {
            "type": "string",
            "maxLength": 253,
            "pattern": OBJECT_NAME,
        },
        "namespace": {
            "type": "string",
            "maxLength": 63,
            "pattern": LABEL,
        },
        "labels": _TEXTS,
        "annotations": _TEXTS,
        # What the API server adds stands in the output of `kubectl get -o yaml`, which people keep.
        **{
            name: {}
            for name in (
                "creationTimestamp",
                "deletionGracePeriodSeconds",
                "deletionTimestamp",
                "finalizers",
                "generateName",
                "generation",
                "managedFields",
                "ownerReferences",
                "resourceVersion",
                "selfLink",
                "uid",
            )
        },
    },
}


def check_schema(kind: Kind, value: Any, document: Document) -> list[Fault]:  # noqa: ANN401 - any JSON value
    """Return what is wrong with an object, one fault a field. ``document`` tells how a value was written."""
    found: dict[FieldPath, str] = {}
    for error in _validator(kind).iter_errors(value):
        path: FieldPath = tuple(error.absolute_path)
        if path not in found:
            found[path] = explain(error, document.text(path))
    return list(found.items())


@cache
def spec_schema(kind: Kind) -> Schema:
    """Return the schema of a kind's spec as it stands in the CRD."""
    found: Schema = object_schema(RESOURCES[kind])["properties"]["spec"]
    return found


@cache
def _validator(kind: Kind) -> Validator:
    schema = {
        "type": "object",
        "required": ["metadata", "spec"],
        "properties": {
            "apiVersion": {},
            "kind": {},
            "metadata": _strict(_METADATA),
            "spec": _strict(spec_schema(kind)),
            "status": {},
        },
        "additionalProperties": False,
    }
    return _Parts(schema).whole


class _Parts:
    """A validator with one made for each part of its schema: jsonschema makes those anew for each value."""

    def __init__(self, schema: Schema) -> None:
        keywords = {
            "properties": self._properties,
            "items": self._items,
            "required": _required,
            "additionalProperties": _unknown,
            "x-kubernetes-list-type": _unique,
        }
        self.whole: Validator = extend(Draft202012Validator, keywords)(schema, format_checker=_FORMATS)  # type: ignore[no-untyped-call]
        self._made: dict[int, Validator] = {}

    def _below(self, schema: Schema) -> Validator:
        found = self._made.get(id(schema))
        if found is None:
            found = self._made[id(schema)] = self.whole.evolve(schema=schema)
        return found

    def _properties(self, _validator: Validator, fields: dict[str, Schema], instance: object, _: Schema) -> Errors:
        if isinstance(instance, dict):
            for name, value in instance.items():
                if name in fields:
                    yield from _at(name, self._below(fields[name]).iter_errors(value))

    def _items(self, _validator: Validator, schema: Schema, instance: object, _: Schema) -> Errors:
        if isinstance(instance, list):
            below = self._below(schema)
            for index, value in enumerate(instance):
                yield from _at(index, below.iter_errors(value))


def _strict(schema: Schema) -> Schema:
    """Return the schema with unknown fields refused, and patterns that end where Go's do: before no line break."""
    found = dict(schema)
    if "pattern" in found and found["pattern"].endswith("$"):
        found["pattern"] = found["pattern"][:-1] + r"\Z"
    if "items" in found:
        found["items"] = _strict(found["items"])
    if "properties" in found:
        found["properties"] = {name: _strict(below) for name, below in found["properties"].items()}
        found["additionalProperties"] = False
    return found


def _required(_validator: Validator, names: list[str], instance: object, schema: Schema) -> Errors:
    if not isinstance(instance, dict):
        return
    for name in names:
        if name not in instance:
            about = schema.get("properties", {}).get(name, {}).get("description", "")
            yield ValidationError("is required" + (f": {about}" if about else ""), path=(name,))


def _unknown(validator: Validator, allowed: Any, instance: object, schema: Schema) -> Errors:  # noqa: ANN401 - a schema or False
    if not isinstance(instance, dict):
        return
    known = schema.get("properties", {})
    for name, value in instance.items():
        if name in known:
            continue
        if allowed is False:
            close = nearest(name, list(known))
            right = f"did you mean {close}?" if close else f"there are {', '.join(known)}"
            yield ValidationError(f"is not a field; {right}", path=(name,))
        else:
            yield from _at(name, validator.evolve(schema=allowed).iter_errors(value))


def _at(step: str | int, errors: Errors) -> Errors:
    for error in errors:
        error.path.appendleft(step)
        yield error


def _unique(_validator: Validator, type_: str, instance: object, schema: Schema) -> Errors:
    """Refuse an entry of a set or list-map that stands there already."""
    if not isinstance(instance, list) or type_ == "atomic":
        return
    keys = schema.get("x-kubernetes-list-map-keys", ())
    seen: dict[object, int] = {}
    for index, item in enumerate(instance):
        if type_ == "map" and not isinstance(item, dict):
            continue
        identity = tuple(repr(item.get(key)) for key in keys) if type_ == "map" else repr(item)
        if identity in seen:
            what = " and ".join(keys) or "value"
            text = f"has the same {what} as entry {seen[identity]}; remove one"
            yield ValidationError(text, path=(index,))
        seen.setdefault(identity, index)
