"""What a plain YAML scalar means to kubectl, which is not what it means to PyYAML.

kubectl reads YAML by go-yaml v2: ``y`` and ``n`` are booleans, ``017`` is the number 15, ``12:30`` and ``2026-01-31``
are strings. A check that read them otherwise would accept what the cluster refuses, or the other way round.
"""

import math
import re
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_MAY_BE_NUMBER = frozenset("+-.0123456789")
_INTEGER = re.compile(
    r"[+-]?(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)|[1-9][0-9]{0,19}|0)"
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
#: Beyond this go-yaml reads a float, and beyond all floats text.
_MOST = 2**64


def resolve(text: str) -> Scalar:
    """Return the value of a plain scalar."""
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if text[0] in _MAY_BE_NUMBER else text


def _number(text: str) -> Scalar:
    plain = text if text[0] == "." else text.replace("_", "")
    found = _INTEGER.fullmatch(plain)
    if found is not None:
        whole = _integer(plain, found)
        if abs(whole) < _MOST:
            return whole
    value = float(plain) if _FLOAT.fullmatch(plain) else math.inf
    return text if math.isinf(value) else value


def _integer(plain: str, found: re.Match[str]) -> int:
    for name, base in (("hex", 16), ("bin", 2), ("oct", 8)):
        digits = found[name]
        if digits is not None:
            return -int(digits, base) if plain[0] == "-" else int(digits, base)
    return int(plain)
