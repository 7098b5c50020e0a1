"""The OpenAPI document is one that clients can be generated from."""

import json
from collections import Counter
from typing import Any

import pytest

from tenantry.cli.validation.specs import check_spec
from tenantry.runtime_api.app import make_app
from tenantry.runtime_api.document import operations
from tenantry.store import Store


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return make_app(Store.open("sqlite://"), check_spec).openapi()


def test_each_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    ids = Counter(operation["operationId"] for operation in operations(document))
    assert [name for name, times in ids.items() if times > 1 or not name.isalpha()] == []
    assert {"logIn", "heartbeat", "createUser"} <= set(ids)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = {part.split('"')[0] for part in json.dumps(document).split('"$ref": "#/')[1:]}
    assert references
    for reference in references:
        found = document
        for name in reference.split("/"):
            assert name in found, reference
            found = found[name]


def test_every_parameter_is_described(document: dict[str, Any]) -> None:
    parameters = [p for operation in operations(document) for p in operation.get("parameters", ())]
    assert {p["name"] for p in parameters if not p.get("description")} == set()


def test_no_model_is_called_by_where_it_stands_in_the_code(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if not name.isalnum()] == []
