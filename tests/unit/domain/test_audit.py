"""The chain of the audit trail shows every later edit."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tenantry.domain.audit import GENESIS, Change, Record, first_fault, link, sign

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def chain(length: int) -> list[Record]:
    records: list[Record] = []
    head = GENESIS
    for sequence in range(1, length + 1):
        change = Change("AccountCreated", "Account", f"account-{sequence}", None, {"n": sequence}, {"userName": "ada"})
        record = link(sequence, NOW, "kubernetes", change, "salt", head)
        records.append(record)
        head = record.hash
    return records


def head_of(records: list[Record]) -> tuple[int, str]:
    return (records[-1].sequence, records[-1].hash)


def test_an_untouched_chain_has_no_fault() -> None:
    records = chain(5)
    assert first_fault(records, head_of(records)) is None


def test_a_chain_whose_personal_data_was_erased_has_no_fault() -> None:
    records = chain(5)
    records[2] = replace(records[2], salt=None, change=replace(records[2].change, personal={}))
    assert first_fault(records, head_of(records)) is None


EDITS: dict[str, tuple[Callable[[list[Record]], list[Record]], str]] = {
    "an edited fact": (
        lambda r: [*r[:2], replace(r[2], change=replace(r[2].change, facts={"n": 9})), *r[3:]],
        "record 3 was altered",
    ),
    "an edited actor": (lambda r: [*r[:2], replace(r[2], actor="root"), *r[3:]], "record 3 was altered"),
    "an edited personal field": (
        lambda r: [*r[:2], replace(r[2], change=replace(r[2].change, personal={"userName": "eve"})), *r[3:]],
        "personal data of record 3 was altered",
    ),
    "a gap": (lambda r: [*r[:2], *r[3:]], "record 3 is missing"),
    "a reorder": (lambda r: [r[1], r[0], *r[2:]], "record 1 is missing"),
    "a cut tail": (lambda r: r[:3], "ends at record 3"),
    "a record written anew": (
        lambda r: [*r[:2], link(3, NOW, "kubernetes", replace(r[2].change, facts={"n": 9}), "salt", r[1].hash), *r[3:]],
        "record 4 does not follow",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_found_and_named(edit: str) -> None:
    records = chain(5)
    head = head_of(records)
    change, told = EDITS[edit]
    assert told in (first_fault(change(records), head) or "")


def test_a_signature_needs_its_key() -> None:
    assert sign(b"one", "acme", 1, "head") != sign(b"two", "acme", 1, "head")
    assert sign(b"one", "acme", 1, "head") != sign(b"one", "acme", 2, "head")
