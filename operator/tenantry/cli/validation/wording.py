"""A fault against a schema in words: what the value is, and what would be accepted."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from jsonschema import ValidationError

from tenantry.cli.validation.manifest import nearest
from tenantry.specs.base import LABEL, OBJECT_NAME
from tenantry.specs.user_profile import EMAIL_PATTERN

#: The fault, and the value as it is written in the file, where it is a scalar.
Words: TypeAlias = Callable[[ValidationError, str | None], str]

#: Patterns in words. Others are shown as they are, with the description of their field.
IN_WORDS = {
    EMAIL_PATTERN: "an email address such as name@example.com",
    OBJECT_NAME: "a name of an object: lower-case letters, digits, - and ., at both ends a letter or digit",
    LABEL: "a name of a namespace: lower-case letters, digits and -, at both ends a letter or digit",
}
#: A longer value is shown by its beginning.
_LONGEST_VALUE = 80
_TYPES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
}
_VALUES: Mapping[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


def explain(error: ValidationError, written: str | None) -> str:
    """Return what is wrong and what would be right."""
    words = _WORDS.get(str(error.validator))
    return words(error, written) if words else error.message


def _wrong_type(error: ValidationError, written: str | None) -> str:
    expected = error.validator_value
    right = _TYPES.get(str(expected), str(expected))
    if expected == "string" and written is not None:
        return f"must be {right}, and YAML reads it as {_kind_of(error.instance)}; quote it: {_quoted(written)}"
    return f"must be {right}, and is {_kind_of(error.instance)}"


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if len(text) <= _LONGEST_VALUE else f'"{text[:_LONGEST_VALUE]}…"'


def _kind_of(value: object) -> str:
    return _VALUES.get(type(value), "empty")


def _not_one_of(error: ValidationError, written: str | None) -> str:
    values: Any = error.validator_value
    known = [str(one) for one in values]
    close = nearest(str(written), known)
    meant = f"; did you mean {close}?" if close else ""
    return f"{_quoted(written if written is not None else error.instance)} is not one of {', '.join(known)}{meant}"


def _not_of_form(error: ValidationError, _written: str | None) -> str:
    schema: Any = error.schema
    pattern = str(error.validator_value).replace(r"\Z", "$")
    right = IN_WORDS.get(pattern) or f"of the form {pattern}"
    about = f" ({schema['description']})" if pattern not in IN_WORDS and schema.get("description") else ""
    return f"{_quoted(error.instance)} is not {right}{about}"


def _not_of_format(error: ValidationError, _written: str | None) -> str:
    right = "a time such as 2026-11-23T10:00:00Z" if error.validator_value == "date-time" else error.validator_value
    return f"{_quoted(error.instance)} is not {right}"


def _number(bound: str) -> Words:
    return lambda error, written: f"is {written}; {bound} {error.validator_value} is accepted"


def _size(noun: str, bound: str) -> Words:
    def words(error: ValidationError, _written: str | None) -> str:
        value: Any = error.instance
        number = error.validator_value
        return f"has {len(value)} {noun}; {bound} {number} {'is' if number == 1 else 'are'} accepted"

    return words


_WORDS: Mapping[str, Words] = {
    "type": _wrong_type,
    "enum": _not_one_of,
    "pattern": _not_of_form,
    "format": _not_of_format,
    "minimum": _number("at least"),
    "maximum": _number("at most"),
    "minLength": _size("characters", "at least"),
    "maxLength": _size("characters", "at most"),
    "minItems": _size("entries", "at least"),
    "maxItems": _size("entries", "at most"),
}
