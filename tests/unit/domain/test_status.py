"""Conditions: which are there, and when their times move."""

from datetime import UTC, datetime, timedelta

from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.status import find, not_ready, ready, stamp

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def refuse(reason: Reason) -> Refusal:
    return Refusal(reason, "spec.x", "is wrong")


def test_what_heals_by_itself_is_reconciling_and_what_needs_a_person_is_stalled() -> None:
    assert [f.type for f in not_ready([refuse(Reason.WORKGROUP_NOT_FOUND)])] == ["Ready", "Reconciling"]
    assert [f.type for f in not_ready([refuse(Reason.ROLE_NOT_FOUND)])] == ["Ready", "Stalled"]


def test_stalled_wins_over_reconciling_and_the_message_names_both() -> None:
    found = not_ready([refuse(Reason.WORKGROUP_NOT_FOUND), Refusal(Reason.ROLE_NOT_FOUND, "spec.role", "is unknown")])
    assert [(f.type, f.reason) for f in found] == [("Ready", Reason.ROLE_NOT_FOUND), ("Stalled", Reason.ROLE_NOT_FOUND)]
    assert found[0].message == "spec.role: is unknown; spec.x: is wrong"


def test_a_time_stays_while_the_status_does() -> None:
    first = stamp(not_ready([refuse(Reason.ROLE_NOT_FOUND)]), (), 1, NOW)
    again = stamp(not_ready([refuse(Reason.GROUP_NOT_FOUND)]), first, 2, LATER)
    assert find(again, "Ready") is not None
    assert {c.last_transition_time for c in again} == {"2026-01-01T00:00:00Z"}


def test_a_time_moves_when_the_status_does() -> None:
    first = stamp(not_ready([refuse(Reason.ROLE_NOT_FOUND)]), (), 1, NOW)
    again = stamp(ready("fine"), first, 2, LATER)
    assert [(c.type, c.status.value, c.last_transition_time) for c in again] == [
        ("Ready", "True", "2026-01-01T00:05:00Z")
    ]


def test_every_reason_says_what_it_means_and_who_ends_it() -> None:
    assert all(reason.meaning.endswith(".") for reason in Reason)
    assert all(reason.value[0].isupper() and reason.value.isalnum() for reason in Reason)
