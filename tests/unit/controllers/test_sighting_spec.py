import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tenantry.controllers.sighting import observe, sight
from tenantry.domain.observed import Kind, Observed
from tenantry.domain.reading import parse_spec, restore_object
from tenantry.domain.reason import Reason
from tenantry.resources.meta import PAUSED_ANNOTATION
from tenantry.specs import UserSpec

SPEC: dict[str, Any] = {"userName": "jdoe", "workgroups": [{"workgroupRef": "support"}]}
SECRET = "a private value"
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def body(spec: object = SPEC, **metadata: object) -> dict[str, Any]:
    known = {"uid": "u-1", "namespace": "acme", "name": "jdoe", "creationTimestamp": "2026-01-02T03:04:05Z"}
    return {"metadata": known | {"generation": 3} | metadata, "spec": spec}


def parse(body: dict[str, Any]) -> Observed[Any]:
    return observe(sight(Kind.USER, body))


def test_a_body_becomes_an_object_of_its_kind() -> None:
    found = parse(body())
    assert (found.uid, found.namespace, found.name, found.generation) == ("u-1", "acme", "jdoe", 3)
    assert found.created == CREATED
    assert isinstance(found.spec, UserSpec)
    assert found.spec.workgroups[0].workgroup_ref == "support"
    assert found.fault is None
    assert not found.deleting
    assert not found.paused


def test_the_document_is_the_spec_as_written_without_spaces() -> None:
    document = parse(body(SPEC | {"displayName": "Jörg 😀"})).document
    assert document == '{"userName":"jdoe","workgroups":[{"workgroupRef":"support"}],"displayName":"Jörg 😀"}'


def test_a_stored_row_gives_the_object_back() -> None:
    found = parse(body(deletionTimestamp="2026-01-03T00:00:00Z"))
    assert found.deleting
    again = restore_object(
        found.kind,
        uid=found.uid,
        namespace=found.namespace,
        name=found.name,
        generation=found.generation,
        created=found.created,
        deleting=found.deleting,
        paused=found.paused,
        document=found.document,
    )
    assert again == found


@pytest.mark.parametrize(("value", "paused"), [("true", True), ("false", False), ("True", False), ("", False)])
def test_only_the_word_true_pauses(value: str, *, paused: bool) -> None:
    assert parse(body(annotations={PAUSED_ANNOTATION: value})).paused is paused


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"userName": None}, "spec.userName", "Input should be a valid string"),
        ({"name": SECRET}, "spec.name", "must be an object"),
        ({"emails": {"value": SECRET}}, "spec.emails", "must be a list"),
        ({"userType": SECRET}, "spec.userType", "Input should be 'Internal' or 'External'"),
        ({"workgroups": []}, "spec.workgroups", "List should have at least 1 item after validation, not 0"),
        ({"workgroups": [{"role": "Editor"}]}, "spec.workgroups[0].workgroupRef", "is required"),
        ({"workgroups": [{"workgroupRef": SECRET}]}, "spec.workgroups[0].workgroupRef", "String should match"),
        ({"comment": SECRET * 300}, "spec.comment", "String should have at most 4096 characters"),
        ({"phoneNumbers": [{"type": "work", "value": SECRET}]}, "spec.phoneNumbers[0].value", "String should match"),
    ],
)
def test_a_fault_names_the_field_and_never_its_value(change: dict[str, Any], field: str, message: str) -> None:
    found = parse(body(SPEC | change))
    assert found.spec is None
    assert found.fault is not None
    assert found.fault.reason is Reason.INVALID_SPEC
    assert found.fault.field == field
    assert found.fault.message.startswith(message)
    assert SECRET not in str(found.fault)


@pytest.mark.parametrize("spec", [None, [], "text", 7, {}], ids=repr)
def test_a_spec_of_another_form_is_a_fault_too(spec: object) -> None:
    found = parse(body(spec))
    assert found.fault is not None
    assert json.loads(found.document) == spec


def test_a_document_that_is_no_json_is_a_fault() -> None:
    spec, fault = parse_spec(Kind.USER, "{")
    assert spec is None
    assert fault is not None
    assert fault.field == "spec"


def test_fields_of_a_newer_schema_are_left_alone() -> None:
    found = parse(body(SPEC | {"fromTheFuture": 1}))
    assert found.fault is None
    assert "fromTheFuture" in found.document


def test_a_login_that_the_api_server_lets_in_parses() -> None:
    # U+00A0 is a space to Rust and none to Go: the rules refuse it in words of their own, not the parser.
    found = parse(body(SPEC | {"userName": "\u00a0jdoe\u00a0"}))
    assert found.fault is None
