from typing import Any

import pytest

from tenantry.domain.observed import Kind
from tenantry.resources.crd import custom_resource_definition
from tenantry.resources.meta import RESOURCES

CRDS = {kind: custom_resource_definition(resource) for kind, resource in RESOURCES.items()}
EVERY_KIND = pytest.mark.parametrize("kind", Kind)


def version_of(kind: Kind) -> dict[str, Any]:
    (version,) = CRDS[kind]["spec"]["versions"]
    found: dict[str, Any] = version
    return found


def test_every_kind_is_a_resource() -> None:
    assert set(RESOURCES) == set(Kind)


@EVERY_KIND
def test_a_kind_is_namespaced_and_has_a_status_of_its_own(kind: Kind) -> None:
    assert CRDS[kind]["spec"]["scope"] == "Namespaced"
    assert version_of(kind)["subresources"] == {"status": {}}


@EVERY_KIND
def test_a_column_shows_a_field_that_the_schema_has(kind: Kind) -> None:
    schema = version_of(kind)["schema"]["openAPIV3Schema"]
    for column in version_of(kind)["additionalPrinterColumns"]:
        if not column["jsonPath"].startswith(".metadata"):
            assert _field(schema, column["jsonPath"]), column["name"]


@EVERY_KIND
def test_a_field_that_can_be_selected_is_one_that_the_schema_has(kind: Kind) -> None:
    schema = version_of(kind)["schema"]["openAPIV3Schema"]
    for selectable in version_of(kind).get("selectableFields", []):
        assert _field(schema, selectable["jsonPath"])["type"] == "string"


@EVERY_KIND
def test_the_keys_of_a_list_map_are_fields_of_its_items(kind: Kind) -> None:
    schema = version_of(kind)["schema"]["openAPIV3Schema"]
    for found in _lists(schema):
        if found.get("x-kubernetes-list-type") == "map":
            assert set(found["x-kubernetes-list-map-keys"]) <= set(found["items"]["required"])


def _field(schema: dict[str, Any], path: str) -> dict[str, Any]:
    for step in path.lstrip(".").split("."):
        name, _, _ = step.partition("[")
        schema = schema["properties"][name]
        if schema["type"] == "array":
            schema = schema["items"]
        if "?" in path and name == "conditions":
            return schema
    return schema


def _lists(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found = [schema] if schema["type"] == "array" else []
    below = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return found + [each for node in below for each in _lists(node)]
