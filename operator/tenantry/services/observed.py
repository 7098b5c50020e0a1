"""From the row of an object back to the object as the rules see it."""

from typing import Any

from pydantic import BaseModel, ValidationError

from tenantry.domain.observed import Kind, Observed
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.specs import LicensePoolSpec, ProjectMemberSpec, UserSpec, WorkgroupSpec
from tenantry.store.resource import ResourceRow

_MODELS: dict[Kind, type[BaseModel]] = {
    Kind.LICENSE_POOL: LicensePoolSpec,
    Kind.WORKGROUP: WorkgroupSpec,
    Kind.USER: UserSpec,
    Kind.PROJECT_MEMBER: ProjectMemberSpec,
}


def observe(row: ResourceRow, namespace: str, *, deleting: bool | None = None) -> Observed[Any]:
    """Return the object that a row remembers; with ``deleting``, as one that goes."""
    spec, fault = None, None
    try:
        spec = _MODELS[row.kind].model_validate_json(row.document)
    except ValidationError:
        fault = Refusal(Reason.INVALID_SPEC, "spec", f"does not parse as a {row.kind}")
    return Observed(
        kind=row.kind,
        uid=row.uid,
        namespace=namespace,
        name=row.name,
        generation=row.generation,
        created=row.created,
        deleting=row.deleting if deleting is None else deleting,
        paused=row.paused,
        document=row.document,
        spec=spec,
        fault=fault,
    )
