"""`validate` refuses what the API server refuses: the cases are those that are tried on a real one."""

import json
from typing import Any

import pytest

from tests.operator.schema_cases import RULES, Refused
from tests.operator.schema_patterns import PATTERNS
from tests.support.commands import tenantry


def invalid(kind: str, spec: dict[str, Any]) -> list[str]:
    """Return the messages against the schema of one object; what it refers to is not there."""
    body = {"apiVersion": "tenantry.dev/v1alpha1", "kind": kind, "metadata": {"name": "one"}, "spec": spec}
    done = tenantry("validate", "--allow-missing", "-o", "json", "-", stdin=json.dumps(body))
    return [fault["message"] for fault in done.data["faults"] if fault["reason"] == "InvalidSpec"]


@pytest.mark.parametrize("case", PATTERNS)
def test_a_value_that_the_api_server_refuses_by_its_form_is_a_fault(case: Refused) -> None:
    assert invalid(case.kind, case.accepted) == []
    assert len(invalid(case.kind, case.refused)) == 1


@pytest.mark.parametrize("case", RULES)
def test_a_rule_that_the_api_server_evaluates_is_evaluated_here(case: Refused) -> None:
    assert invalid(case.kind, case.accepted) == []
    assert any(case.message in message for message in invalid(case.kind, case.refused))


def test_a_broken_rule_has_the_line_of_its_field() -> None:
    text = """\
apiVersion: tenantry.dev/v1alpha1
kind: LicensePool
metadata: {name: seats}
spec:
  licenses:
  - type: Floating
    accountsPerLicense: 10
    quantity: 1
  - type: Static
    quantity: 1
    accountsPerLicense: 10
"""
    done = tenantry("validate", "-o", "json", "-", stdin=text)
    assert [(f["line"], f["field"]) for f in done.data["faults"]] == [(11, "spec.licenses[1].accountsPerLicense")]
