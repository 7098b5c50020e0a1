"""From findings to conditions: what every kind's status shares (kstatus)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tenantry.domain.reason import Reason, Settles
from tenantry.domain.refusal import Refusal
from tenantry.specs.base import Condition, ConditionStatus

#: A message names at most this many faults of one object, and stays below the schema's bound.
_MOST_FAULTS = 5
_LONGEST_MESSAGE = 2048
#: How the field of a fault is told before it.
_FIELD = re.compile(r"spec\b[\w.\[\]-]*")


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition before it is stamped with a time."""

    type: str
    holds: bool
    reason: Reason
    message: str


def rfc3339(moment: datetime) -> str:
    """Return the moment as Kubernetes writes times: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ready(message: str) -> list[Finding]:
    """Return the findings of an object whose spec is in force."""
    return [Finding("Ready", holds=True, reason=Reason.PROVISIONED, message=message)]


def not_ready(refusals: Sequence[Refusal]) -> list[Finding]:
    """Return the findings of a refused object: the first refusal gives the reason, the message names them all.

    Stalled wins over Reconciling: as long as one fault needs a person, waiting does not help.
    """
    ordered = sorted(refusals, key=lambda r: r.reason.settles is not Settles.PERSON)
    first = ordered[0]
    message = summary(ordered)
    return [
        Finding("Ready", holds=False, reason=first.reason, message=message),
        Finding(first.reason.settles.value, holds=True, reason=first.reason, message=message),
    ]


def summary(refusals: Sequence[Refusal]) -> str:
    """Return one message for some refusals."""
    return "; ".join(str(r) for r in refusals[:_MOST_FAULTS])[:_LONGEST_MESSAGE]


def parse_summary(reason: Reason, message: str) -> Refusal:
    """Return the refusals of a message as one, at the field of the first."""
    field, colon, rest = message.partition(": ")
    return Refusal(reason, field, rest) if colon and _FIELD.fullmatch(field) else Refusal(reason, "", message)


def stamp(
    findings: Iterable[Finding], previous: Iterable[Condition], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Return conditions with times; a time moves only when the condition's status does (Kubernetes API conventions)."""
    times = {(c.type, c.status): c.last_transition_time for c in previous}
    stamped = []
    for finding in findings:
        status = ConditionStatus.TRUE if finding.holds else ConditionStatus.FALSE
        stamped.append(
            Condition(
                type=finding.type,
                status=status,
                reason=finding.reason,
                message=finding.message,
                last_transition_time=times.get((finding.type, status)) or rfc3339(now),
                observed_generation=generation,
            )
        )
    return tuple(stamped)


def find(conditions: Iterable[Condition], type_: str) -> Condition | None:
    """Return the condition of that type, or None."""
    return next((c for c in conditions if c.type == type_), None)
