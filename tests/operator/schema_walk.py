"""Ways through a CRD's schema: objects at its limits, and the descriptions of its fields."""

import re
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

Schema = dict[str, Any]

_MIXED = "שלום 😀 Ünïcode "
_EMAIL_DOMAIN = "@example.com"


def at_limits(schema: Schema) -> Any:
    """Return a value whose strings are all as long as they may be; each list has one item."""
    match schema["type"]:
        case "object":
            return {name: at_limits(below) for name, below in schema["properties"].items()}
        case "array":
            return [at_limits(schema["items"])]
        case "string":
            return _text_at_limit(schema)
        case "integer":
            return schema.get("default", schema.get("minimum", 1))
        case _:
            return schema.get("default", True)


def _text_at_limit(schema: Schema) -> str:
    if "enum" in schema:
        first: str = schema["enum"][0]
        return first
    if schema.get("format") == "date-time":
        return "2026-01-01T00:00:00Z"
    pattern = schema.get("pattern", "")
    return next(text for text in _texts(schema["maxLength"]) if re.search(pattern, text))


def _texts(length: int) -> Iterator[str]:
    """Offer texts of that length, the strangest first."""
    mixed = "".join(islice(cycle(_MIXED), length))
    yield mixed[:-1] + "é"
    yield "a" * length
    yield "a" * (length - len(_EMAIL_DOMAIN)) + _EMAIL_DOMAIN
    yield "+" + "1" * (length - 1)
    yield "".join(islice(cycle("abcdefgh-"), length))
    yield ":".join(("a" * (length // 2), "b" * (length - length // 2 - 1)))
    yield "ldaps://" + "a" * (length - len("ldaps://"))
    yield "https://" + "a" * (length - len("https://"))


def strings(value: Any) -> Iterator[str]:
    """Return all texts of a value."""
    match value:
        case str():
            yield value
        case dict():
            yield from (text for below in value.values() for text in strings(below))
        case list():
            yield from (text for below in value for text in strings(below))


def objects(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Return every object below, with its path as `kubectl explain` takes it."""
    if schema["type"] == "array":
        yield from objects(schema["items"], path)
    elif schema["type"] == "object":
        yield path, schema
        for name, below in schema["properties"].items():
            yield from objects(below, f"{path}.{name}")


def keywords(schema: Schema, keyword: str) -> Iterator[Any]:
    """Return what a keyword says, wherever it stands."""
    if keyword in schema:
        yield schema[keyword]
    below = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    for node in below:
        yield from keywords(node, keyword)
