"""What every spec is made of: the frozen model, bounded names, and the extensions of the OpenAPI schema."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

JsonSchema: TypeAlias = dict[str, Any]


class SpecModel(BaseModel):
    """A frozen part of a spec or status, camelCase on the wire (Kubernetes API conventions)."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="ignore",
        use_enum_values=False,
    )


def cel(rule: str, message: str, field_path: str | None = None) -> JsonSchema:
    """Return one CEL rule as it stands under ``x-kubernetes-validations``."""
    found: JsonSchema = {"rule": rule, "message": message}
    if field_path is not None:
        found["fieldPath"] = field_path
    return found


def rules(*validations: JsonSchema, **extensions: object) -> JsonSchema:
    """Return the schema extensions of a field or model: CEL rules, and any other keyword as it is."""
    found: JsonSchema = dict(extensions)
    if validations:
        found["x-kubernetes-validations"] = list(validations)
    return found


def list_map(*keys: str) -> JsonSchema:
    """Return the extension of a list that merges by key: server-side apply and kubectl diff read it."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


ATOMIC: JsonSchema = {"x-kubernetes-list-type": "atomic"}
SET: JsonSchema = {"x-kubernetes-list-type": "set"}
IMMUTABLE = "self == oldSelf"

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def parse_time(text: str) -> datetime:
    """Return the moment that a time names (RFC 3339).

    Raises:
        ValueError: it names none.
    """
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):  # a 30th of February, or a zone that leads out of the calendar
        pass
    raise ValueError("must be a time such as 2026-11-23T10:00:00Z")


def _checked_time(text: str) -> str:
    parse_time(text)
    return text.upper()


#: A name that other fields refer to. Spaces inside are allowed: the account systems name roles that way.
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9]([A-Za-z0-9 _./&()-]*[A-Za-z0-9.)])?$")
]
#: The name of a Kubernetes object in the same namespace (RFC 1123 subdomain).
OBJECT_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
ObjectName = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=OBJECT_NAME)]
#: The name of a User in the same namespace. The API server holds it to the form of such a name; those that the runtime
#: API keeps have one that no object in a cluster has.
UserObjectName = Annotated[
    str, StringConstraints(min_length=1, max_length=253), Field(json_schema_extra={"pattern": OBJECT_NAME})
]
#: The name of a namespace (RFC 1123 label), of at most 63 characters.
LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
#: A name that may be a list-map key beside others: short, so that CEL cost stays inside the budget.
Reference = Annotated[str, StringConstraints(min_length=1, max_length=63)]
#: What is done to what, as ``type:operation``: the words of projects and of AuthZEN.
Action = Annotated[
    str, StringConstraints(min_length=3, max_length=127, pattern=r"^[A-Za-z][A-Za-z0-9_-]*:[A-Za-z][A-Za-z0-9_-]*$")
]
#: The same, where either half may be ``*``.
ActionPattern = Annotated[
    str,
    StringConstraints(
        min_length=3, max_length=127, pattern=r"^([A-Za-z][A-Za-z0-9_-]*|\*):([A-Za-z][A-Za-z0-9_-]*|\*)$"
    ),
]
Text = Annotated[str, StringConstraints(max_length=256)]
LanguageTag = Annotated[str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
TimezoneName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$")]
Timestamp = Annotated[
    str,
    StringConstraints(max_length=32),
    AfterValidator(_checked_time),
    Field(json_schema_extra={"format": "date-time"}),
]
Count = Annotated[int, Field(ge=0, le=10_000_000, json_schema_extra={"format": "int64"})]


class SecretKeyRef(SpecModel):
    """A key of a Secret in the same namespace."""

    name: ObjectName = Field(description="The Secret; it may not exist yet.")
    key: Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")] = Field(
        default="password", description="The key of the Secret."
    )


class ConditionStatus(StrEnum):
    """The three values of a condition's status (Kubernetes API conventions)."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(SpecModel):
    """One observation of the object, as metav1.Condition has it."""

    type: Annotated[str, StringConstraints(min_length=1, max_length=63)] = Field(
        description="What is observed: Ready, Reconciling, Stalled, or a condition of this kind."
    )
    status: ConditionStatus = Field(description="True, False or Unknown.")
    reason: Annotated[str, StringConstraints(min_length=1, max_length=63)] = Field(
        description="The reason as one word of the closed list in docs/reasons.md."
    )
    message: Annotated[str, StringConstraints(max_length=4096)] = Field(
        description="What is wrong, where, and what would be right; for people."
    )
    last_transition_time: Timestamp = Field(description="When the status of this condition last changed.")
    observed_generation: int | None = Field(
        default=None, description="The generation of the object that this condition speaks of."
    )


class ObjectStatus(SpecModel):
    """What the status of every kind has."""

    observed_generation: int = Field(
        default=-1, description="The generation of the object that this status speaks of; -1 before the first visit."
    )
    conditions: tuple[Condition, ...] = Field(
        default=(),
        max_length=16,
        description="Ready always; Reconciling while it settles by itself; Stalled when a person must act (kstatus).",
        json_schema_extra=list_map("type"),
    )
