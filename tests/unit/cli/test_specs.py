"""A spec that comes over HTTP is held to the same schema as one of a file or a cluster."""

from typing import Any

import pytest

from tenantry.cli.validation.specs import check_spec
from tenantry.domain.observed import Kind

GOOD = {"userName": "ada", "workgroups": [{"workgroupRef": "desk"}]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, None),
        ({"unknown": 1}, "unknown"),
        ({"userName": 5}, "userName"),
        ({"workgroups": [{}]}, "workgroups[0].workgroupRef"),
        ({"emails": [{"value": "a@b.example", "primary": True}, {"value": "c@b.example", "primary": True}]}, "emails"),
        ({"workgroups": [{"workgroupRef": "desk", "membership": "Available", "role": "Agent"}]}, "workgroups[0]"),
    ],
)
def test_a_spec_is_refused_where_its_schema_or_a_rule_says_so(change: dict[str, Any], field: str | None) -> None:
    faults = check_spec(Kind.USER, GOOD | change)
    assert [fault.field for fault in faults[:1]] == ([] if field is None else [field])
    assert all(fault.reason == "InvalidSpec" for fault in faults)
