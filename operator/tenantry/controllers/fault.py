"""What an object says of a fault of the operator: that there is one, and that it is tried again."""

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


def fault_conditions(status: Mapping[str, Any], generation: int, now: datetime) -> list[dict[str, Any]]:
    """Return the conditions of an object at which the operator fails, from those that it has."""
    present = [Condition.model_validate(condition) for condition in status.get("conditions") or ()]
    findings = not_ready([Refusal(Reason.INTERNAL_ERROR, "", _MESSAGE)])
    fresh = stamp(findings, present, generation, now)
    kept = [condition for condition in present if condition.type not in _SHARED]
    return [c.model_dump(mode="json", by_alias=True, exclude_none=True) for c in (*fresh, *kept)]
