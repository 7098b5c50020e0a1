"""One spec that comes by another way than a file, held to the CRD of its kind all the same."""

from typing import Any

from tenantry.cli.validation.defaults import settle
from tenantry.cli.validation.documents import Document
from tenantry.cli.validation.message import dotted
from tenantry.cli.validation.rules import check_rules
from tenantry.cli.validation.schema import check_schema, spec_schema
from tenantry.domain.observed import Kind
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.store.rows import dump


def check_spec(kind: Kind, spec: Any) -> list[Refusal]:  # noqa: ANN401 - any JSON value
    """Return what the API server would refuse a spec for, by its schema and then by its rules."""
    value = {"metadata": {"name": "spec"}, "spec": spec}
    faults = check_schema(kind, value, Document(value, dump(value)))
    faults = faults or check_rules(kind, settle(spec_schema(kind), spec))
    return [Refusal(Reason.INVALID_SPEC, dotted(path).removeprefix("spec."), message) for path, message in faults]
