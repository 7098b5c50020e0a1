"""What is wrong with the form of a request, in words of ours: where it is, and what would be right.

What was given is not repeated: it may be a secret.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import Request
from pydantic import ValidationError

from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.runtime_api.problem import Refused

#: The framework's word for a body that cannot be parsed.
NO_JSON = "json_invalid"
_BODY = "body"
#: What the framework would have of a request without one.
NO_BODY = {"type": "missing", "loc": (_BODY,), "msg": ""}
NO_JSON_SENT = Refusal(Reason.INVALID_REQUEST, "Content-Type", "send the body as application/json")
FORM = "application/x-www-form-urlencoded"
#: So many faults of one request are told.
_MOST = 5
_AN_OBJECT = "send a JSON object"
_OF_TYPE = "with Content-Type: application/json"


def sends_json(request: Request) -> bool:
    """Tell whether the body is said to be JSON."""
    media_type = _media_type(request)
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


async def a_form(request: Request) -> None:
    """Refuse a body that is not said to be a form: every field of it would seem to be missing.

    Raises:
        Refused: it is said to be something else, or nothing.
    """
    if _media_type(request) != FORM:
        raise Refused(Refusal(Reason.INVALID_REQUEST, "Content-Type", f"send the body as {FORM}"))


def _media_type(request: Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def refusal_of(faults: Sequence[Mapping[str, Any]]) -> Refusal:
    """Return the refusal of a request with these faults, as the framework has them: the first tells the field."""
    told = [(_field(fault), _words(fault)) for fault in faults[:_MOST]]
    message = "; ".join(f"{field}: {words}" if field else words for field, words in told)
    return Refusal(Reason.INVALID_REQUEST, told[0][0] if told else "", message or "the request was not understood")


def body_faults(error: ValidationError) -> list[dict[str, Any]]:
    """Return what is wrong with a body that an endpoint reads by itself, as the framework would have it."""
    return [{**fault, "loc": (_BODY, *fault["loc"])} for fault in error.errors(include_url=False, include_input=False)]


def _field(fault: Mapping[str, Any]) -> str:
    """Return the path below the body, the query or the headers; of what is no JSON there is none."""
    if fault["type"] == NO_JSON:
        return _BODY
    named = fault.get("ctx", {}).get("field")
    path = ".".join(map(str, fault["loc"][1:]))
    return named or path or ("" if fault["type"] == "value_error" else _BODY)


def _words(fault: Mapping[str, Any]) -> str:
    words = _WORDS.get(fault["type"])
    return words(fault) if words is not None else str(fault["msg"])


def _no_json(fault: Mapping[str, Any]) -> str:
    place = f", at character {fault['loc'][1]}" if len(fault["loc"]) > 1 else ""
    return f"is no JSON: {fault['ctx']['error']}{place}"


def _missing(fault: Mapping[str, Any]) -> str:
    return "is missing" if len(fault["loc"]) > 1 else f"is missing; {_AN_OBJECT}, {_OF_TYPE}"


def _no_object(fault: Mapping[str, Any]) -> str:
    return "is no object" if len(fault["loc"]) > 1 else f"is no JSON object; {_AN_OBJECT}, {_OF_TYPE}"


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    NO_JSON: _no_json,
    "missing": _missing,
    "model_type": _no_object,
    "model_attributes_type": _no_object,
    "dict_type": _no_object,
    "extra_forbidden": lambda _: "there is no such field",
    "value_error": lambda fault: str(fault["ctx"]["error"]),
}
"""By the framework's word for a fault, ours, where its own would not tell a caller what to do."""
