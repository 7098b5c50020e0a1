"""Builders of objects as the operator sees them: each test names only what it is about."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tenantry.domain.observed import Kind, Observed
from tenantry.specs import LicensePoolSpec, ProjectMemberSpec, UserSpec, WorkgroupSpec

MODELS: dict[Kind, type[BaseModel]] = {
    Kind.LICENSE_POOL: LicensePoolSpec,
    Kind.WORKGROUP: WorkgroupSpec,
    Kind.USER: UserSpec,
    Kind.PROJECT_MEMBER: ProjectMemberSpec,
}
NAMESPACE = "acme"
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
_NAMES = uuid.UUID("6f0d5f64-3a6f-4b0e-8f0a-2b8f1f0c8f55")


def build(  # noqa: PLR0913 - one builder for all that metadata can say
    kind: Kind,
    name: str,
    spec: Mapping[str, Any],
    *,
    uid: str | None = None,
    generation: int = 1,
    age: float = 0.0,
    deleting: bool = False,
    paused: bool = False,
    namespace: str = NAMESPACE,
) -> Observed[Any]:
    """Return an object; ``age`` is in seconds after START, and the UID derives from kind and name unless given."""
    return Observed(
        kind=kind,
        uid=uid or str(uuid.uuid5(_NAMES, f"{namespace}/{kind}/{name}")),
        namespace=namespace,
        name=name,
        generation=generation,
        created=START + timedelta(seconds=age),
        deleting=deleting,
        paused=paused,
        document=json.dumps(spec),
        spec=MODELS[kind].model_validate(spec),
    )


def pool(
    name: str = "seats",
    /,
    *,
    static: int | None = None,
    spec: Mapping[str, Any] | None = None,
    **meta: Any,
) -> Observed[Any]:
    """Return a LicensePool: with ``static`` licenses, or by ``spec``."""
    body = dict(spec or {})
    if static is not None:
        body["licenses"] = [{"type": "Static", "quantity": static}]
    return build(Kind.LICENSE_POOL, name, body, **meta)


def workgroup(
    name: str = "tracker",
    /,
    *,
    pool: str | None = "seats",
    spec: Mapping[str, Any] | None = None,
    **meta: Any,
) -> Observed[Any]:
    """Return a Workgroup, by default seated from the pool named seats."""
    body = dict(spec or {})
    if pool is not None:
        body["licensePoolRef"] = pool
    return build(Kind.WORKGROUP, name, body, **meta)


def user(
    name: str,
    /,
    *,
    license: str | None = "Static",  # noqa: A002 - the field's name
    in_: str | Sequence[Mapping[str, Any]] = "tracker",
    spec: Mapping[str, Any] | None = None,
    **meta: Any,
) -> Observed[Any]:
    """Return a User: in one workgroup by name, or in several by their entries."""
    entries: list[Mapping[str, Any]] = [{"workgroupRef": in_}] if isinstance(in_, str) else list(in_)
    body: dict[str, Any] = {"userName": name, "workgroups": entries, "emails": [{"value": f"{name}@example.com"}]}
    if license is not None:
        body["license"] = {"type": license}
    body.update(spec or {})
    return build(Kind.USER, name, body, **meta)


def project_member(
    name: str,
    /,
    *,
    spec: Mapping[str, Any],
    **meta: Any,
) -> Observed[Any]:
    """Return a ProjectMember."""
    return build(Kind.PROJECT_MEMBER, name, spec, **meta)
