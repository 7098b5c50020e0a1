"""What the API server lets nobody change, nobody changes without it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tenantry.domain.immutable import check_immutable
from tenantry.domain.observed import Kind
from tenantry.domain.reason import Reason
from tenantry.resources.crd import object_schema
from tenantry.resources.meta import RESOURCES
from tenantry.specs.base import IMMUTABLE


def immutable(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the fields that a schema lets nobody change."""
    if any(rule["rule"] == IMMUTABLE for rule in schema.get("x-kubernetes-validations", ())):
        yield path
    for name, below in schema.get("properties", {}).items():
        yield from immutable(below, (*path, name))


def nested(path: tuple[str, ...], value: str) -> dict[str, Any]:
    first, *rest = path
    return {first: nested(tuple(rest), value) if rest else value}


FIELDS = [(kind, path) for kind in Kind for path in immutable(object_schema(RESOURCES[kind])["properties"]["spec"])]


def test_there_are_immutable_fields() -> None:
    assert (Kind.USER, ("userName",)) in FIELDS
    assert len(FIELDS) >= 5


@pytest.mark.parametrize(
    ("kind", "path"), FIELDS, ids=lambda value: ".".join(value) if isinstance(value, tuple) else value
)
def test_tt_06_every_field_that_the_schema_keeps_is_kept(kind: Kind, path: tuple[str, ...]) -> None:
    before, after = nested(path, "a"), nested(path, "b")
    assert check_immutable(kind, before, before) == []
    (refusal,) = check_immutable(kind, before, after)
    assert (refusal.reason, refusal.field) == (Reason.INVALID_SPEC, ".".join(("spec", *path)))


def test_what_is_left_out_has_its_default() -> None:
    written: list[dict[str, Any]] = [{"login": {"by": "UserName"}}, {"login": {}}, {}]
    assert [check_immutable(Kind.WORKGROUP, a, b) for a in written for b in written] == [[]] * 9
    assert check_immutable(Kind.WORKGROUP, {}, {"login": {"by": "PrimaryEmail"}})
