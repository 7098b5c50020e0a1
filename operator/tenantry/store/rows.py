"""JSON in text columns: one compact form, so that equal values are equal text."""

import json
from typing import Any


def dump(value: object) -> str:
    """Return the value as compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def parse(text: str) -> Any:  # noqa: ANN401 - JSON is any value
    """Return the value of JSON text."""
    return json.loads(text)
