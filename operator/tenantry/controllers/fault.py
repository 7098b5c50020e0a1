"""What is said of a fault of the operator: in the object's conditions that there is one, in the log where."""

import traceback
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tenantry.domain.reason import Reason, Settles
from tenantry.domain.refusal import Refusal
from tenantry.domain.status import not_ready, stamp
from tenantry.specs.base import Condition

_MESSAGE = "the operator failed at this object and tries again with growing pauses; its log says where"
#: The conditions that a fault replaces; those particular to a kind stay.
_SHARED = frozenset({"Ready", Settles.ITSELF.value, Settles.PERSON.value})
_FRAMES = 6


def fault_conditions(status: Mapping[str, Any], generation: int, now: datetime) -> list[dict[str, Any]]:
    """Return the conditions of an object at which the operator fails, from those that it has."""
    present = [Condition.model_validate(condition) for condition in status.get("conditions") or ()]
    findings = not_ready([Refusal(Reason.INTERNAL_ERROR, "", _MESSAGE)])
    fresh = stamp(findings, present, generation, now)
    kept = [condition for condition in present if condition.type not in _SHARED]
    return [c.model_dump(mode="json", by_alias=True, exclude_none=True) for c in (*fresh, *kept)]


def log_fault(logger: Any, event: str, error: BaseException, **fields: object) -> None:  # noqa: ANN401 - any logger
    """Log an exception without its text; see describe_exception."""
    logger.error(event, **fields, **describe_exception(error))


def describe_exception(error: BaseException) -> dict[str, Any]:
    """Return what the log may say of an unexpected exception: its type and place.

    Its text is left out: validation and database errors quote the values, which are people's data or passwords.
    """
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    found: dict[str, Any] = {
        "error": type(error).__name__,
        "at": [f"{frame.filename.rpartition('tenantry/')[2]}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if error.__cause__ is not None:
        found["cause"] = type(error.__cause__).__name__
    return found
