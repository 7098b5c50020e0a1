"""One object against the schema of its CRD, with the strictness of the API server's field validation."""

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator, ValidationError, Validator
from jsonschema.validators import extend

from tenantry.cli.validation.documents import Document, FieldPath
from tenantry.cli.validation.manifest import nearest
from tenantry.cli.validation.wording import explain
from tenantry.domain.observed import Kind
from tenantry.resources.crd import object_schema
from tenantry.resources.meta import RESOURCES
from tenantry.resources.schema import Schema

Errors: TypeAlias = Iterator[ValidationError]
Fault: TypeAlias = tuple[FieldPath, str]

_TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_METADATA: Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {
            "type": "string",
            "description": "lower-case letters, digits, - and .",
            "maxLength": 253,
            "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        },
        "namespace": {
            "type": "string",
            "description": "lower-case letters, digits and -",
            "maxLength": 63,
            "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
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
    """Return what is wrong with an object, by field. ``document`` tells how a value was written."""
    return [_explain(error, document) for error in _validator(kind).iter_errors(value)]


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
    keywords = {"required": _required, "additionalProperties": _unknown, "x-kubernetes-list-type": _unique}
    made: Validator = extend(Draft202012Validator, keywords)(schema)  # type: ignore[no-untyped-call] # the stub's
    return made


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


def _at(name: str, errors: Errors) -> Errors:
    for error in errors:
        error.path.appendleft(name)
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


def _explain(error: ValidationError, document: Document) -> Fault:
    path: FieldPath = tuple(error.absolute_path)
    return path, explain(error, document.text(path))
