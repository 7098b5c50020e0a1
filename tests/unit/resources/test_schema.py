from typing import Annotated, Any

import pytest
from pydantic import ConfigDict, Field, StringConstraints

from tenantry.resources.schema import SchemaError, structural_schema
from tenantry.specs.base import SpecModel, Text, cel, rules
from tenantry.specs.licensepool import LicenseType


class Inner(SpecModel):
    """What is inside."""

    size: int = Field(default=3, description="How big.")


class Plain(SpecModel):
    """What has no defaults."""

    note: Text | None = Field(default=None, description="A note.")


class Ruled(SpecModel):
    """What has a rule of its own."""

    model_config = ConfigDict(json_schema_extra=rules(cel("self.size > 0", "must have a size")))
    size: int = Field(default=3, description="How big.")


def properties(model: type[SpecModel]) -> dict[str, Any]:
    found: dict[str, Any] = structural_schema(model, "spec")["properties"]
    return found


def test_references_are_inlined_and_null_is_left_out() -> None:
    class Outer(SpecModel):
        """All of it."""

        inner: Inner | None = Field(default=None, description="One inside.")
        kind: LicenseType | None = Field(default=None, description="Its type.")

    assert properties(Outer) == {
        "inner": {
            "description": "One inside.",
            "type": "object",
            "properties": {"size": {"description": "How big. Default: 3.", "type": "integer", "default": 3}},
        },
        "kind": {"description": "Its type.", "type": "string", "enum": ["Static", "Floating", "Restricted"]},
    }


def test_the_default_of_an_object_is_what_its_fields_defaults_make() -> None:
    class Outer(SpecModel):
        """All of it."""

        inner: Inner = Field(default=Inner(), description="One inside.")
        plain: Plain = Field(default=Plain(), description="One without defaults.")
        names: tuple[Text, ...] = Field(default=(), max_length=2, description="Names.")

    found = properties(Outer)
    assert found["inner"]["default"] == {"size": 3}
    assert "default" not in found["plain"]
    assert "default" not in found["names"]


def test_the_rules_of_a_field_join_those_of_its_type() -> None:
    class Outer(SpecModel):
        """All of it."""

        ruled: Ruled = Field(
            default=Ruled(), description="One with rules.", json_schema_extra=rules(cel("self.size < 9", "too big"))
        )

    messages = [rule["message"] for rule in properties(Outer)["ruled"]["x-kubernetes-validations"]]
    assert messages == ["must have a size", "too big"]


class Undescribed(SpecModel):
    """A field that nobody described; its type's docstring does not count."""

    inner: Inner


class Unbounded(SpecModel):
    """A string without a bound."""

    text: str = Field(description="Text.")


class UnboundedItem(SpecModel):
    """A list whose strings have no bound."""

    names: tuple[str, ...] = Field(max_length=2, description="Names.")


class Endless(SpecModel):
    """A list without a bound."""

    names: tuple[Text, ...] = Field(description="Names.")


class FreeKeys(SpecModel):
    """A map."""

    labels: dict[str, Text] = Field(description="Labels.")


class Mixed(SpecModel):
    """Two types in one."""

    value: int | Text = Field(description="Either.")


class Untyped(SpecModel):
    """A number that no integer is."""

    ratio: float = Field(description="A ratio.")


class Exclusive(SpecModel):
    """A keyword that structural schemas spell differently."""

    size: Annotated[int, Field(gt=0)] = Field(description="How big.")


class OtherDefault(SpecModel):
    """A default that the API server would not make."""

    inner: Inner = Field(default=Inner(size=4), description="One inside.")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Undescribed, "spec.inner: has no description"),
        (Unbounded, "spec.text: has no maxLength"),
        (UnboundedItem, r"spec.names\[\]: has no maxLength"),
        (Endless, "spec.names: has no maxItems"),
        (FreeKeys, "spec.labels: free keys are not allowed"),
        (Mixed, "spec.value: a union of 2 types is not structural"),
        (Untyped, "spec.ratio: 'number' is no type of a structural schema"),
        (Exclusive, "spec.size: exclusiveMinimum cannot stand in a CRD"),
        (OtherDefault, "spec.inner: the default .* is not what its fields' defaults make"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_model_that_lacks_something_does_not_become_a_crd(model: type[SpecModel], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        structural_schema(model, "spec")


def test_a_string_may_be_bound_by_an_annotation() -> None:
    class Bound(SpecModel):
        """A string with its bound."""

        text: Annotated[str, StringConstraints(max_length=5, pattern="^a")] = Field(description="Text.")

    assert properties(Bound)["text"] == {"description": "Text.", "type": "string", "maxLength": 5, "pattern": "^a"}
