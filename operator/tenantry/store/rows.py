"""JSON in text columns: one compact form, so that equal values are equal text."""

import json
from typing import Any

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_EMPTY_LIST = "[]"


def dump(value: object) -> str:
    """Return the value as compact JSON."""
    return _encode(value)


def parse(text: str) -> Any:  # noqa: ANN401 - JSON is any value
    """Return the value of JSON text. Most columns of most rows hold an empty list: those cost nothing."""
    return [] if text == _EMPTY_LIST else json.loads(text)
