"""From what is kept of an object to the object that the rules read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tenantry.domain.observed import Kind, Observed
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.specs import LicensePoolSpec, ProjectMemberSpec, UserSpec, WorkgroupSpec
from tenantry.specs.base import SpecModel
from tenantry.specs.reading import Unreadable, read_spec

MODELS: Mapping[Kind, type[SpecModel]] = {
    Kind.LICENSE_POOL: LicensePoolSpec,
    Kind.WORKGROUP: WorkgroupSpec,
    Kind.USER: UserSpec,
    Kind.PROJECT_MEMBER: ProjectMemberSpec,
}


def parse_spec(kind: Kind, document: str) -> tuple[Any, Refusal | None]:
    """Return the spec of a JSON document, or None and what is wrong with it."""
    found = read_spec(MODELS[kind], document)
    if isinstance(found, Unreadable):
        return None, Refusal(Reason.INVALID_SPEC, found.field, found.message)
    return found, None


def restore_object(  # noqa: PLR0913 - the columns of a stored row, each by its name
    kind: Kind,
    *,
    uid: str,
    namespace: str,
    name: str,
    generation: int,
    created: datetime,
    deleting: bool,
    paused: bool,
    document: str,
) -> Observed[Any]:
    """Return the object; an unreadable spec is the object's fault, not an exception."""
    spec, fault = parse_spec(kind, document)
    return Observed(
        kind=kind,
        uid=uid,
        namespace=namespace,
        name=name,
        generation=generation,
        created=created,
        deleting=deleting,
        paused=paused,
        document=document,
        spec=spec,
        fault=fault,
    )
