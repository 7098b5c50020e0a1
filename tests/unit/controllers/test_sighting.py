from dataclasses import replace

from tenantry.controllers.sighting import digest, observe, sight, sight_stored
from tenantry.domain.observed import Kind
from tests.unit.controllers.fakes import seen, user


def test_an_object_comes_out_as_it_went_in() -> None:
    body = user("ada", generation=3)
    body["spec"]["displayName"] = "Ada 👩‍💻 עדה"
    observed = observe(sight(Kind.USER, body))
    assert (observed.uid, observed.name, observed.generation) == ("ada", "ada", 3)
    assert observed.spec is not None
    assert observed.spec.display_name == "Ada 👩‍💻 עדה"
    assert not observed.deleting
    assert not observed.paused


def test_an_object_that_is_gone_counts_as_deleting() -> None:
    assert observe(sight(Kind.USER, user("ada"), gone=True)).deleting


def test_a_spec_that_does_not_parse_is_a_fault_of_the_object() -> None:
    body = user("ada")
    body["spec"] = {"userName": 7}
    observed = observe(sight(Kind.USER, body))
    assert observed.spec is None
    assert observed.fault is not None


def test_the_mark_changes_with_what_a_plan_depends_on() -> None:
    marks = {
        seen("ada").mark,
        seen("ada", generation=2).mark,
        seen("ada", deletionTimestamp="2026-01-01T00:00:00Z").mark,
        seen("ada", annotations={"tenantry.dev/paused": "true"}).mark,
    }
    assert len(marks) == 4
    assert seen("ada", version=9, labels={"a": "b"}).mark == seen("ada").mark


def test_a_stored_object_has_the_mark_of_the_object_it_was_stored_from() -> None:
    before = seen("ada", generation=4, annotations={"tenantry.dev/paused": "true"})
    assert sight_stored(observe(before)).mark == before.mark


def test_only_a_live_object_without_our_finalizer_is_unguarded() -> None:
    assert seen("ada", finalizers=[]).unguarded
    assert not seen("ada").unguarded
    assert not seen("ada", finalizers=["other"], deletionTimestamp="2026-01-01T00:00:00Z").unguarded
    assert not replace(seen("ada"), finalizers=None).unguarded


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": {"c": 2, "d": 3}}) == digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_a_server_with_other_versions_than_numbers_is_taken_as_having_none() -> None:
    body = user("ada")
    body["metadata"]["resourceVersion"] = "a1"
    assert sight(Kind.USER, body).version == 0
