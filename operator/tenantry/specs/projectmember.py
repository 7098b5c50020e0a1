"""ProjectMember: what one user may do with the resources of one project."""

from typing import Annotated

from pydantic import Field, StringConstraints

from tenantry.specs.base import (
    ATOMIC,
    IMMUTABLE,
    ObjectName,
    ObjectStatus,
    Reference,
    SpecModel,
    UserObjectName,
    cel,
    rules,
)

Operation = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
ResourceName = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class ProjectRule(SpecModel):
    """Operations on named resources of one type."""

    type: Operation = Field(description="The resource type, as the project lists it: device, bucket, …")
    names: tuple[ResourceName, ...] = Field(
        min_length=1,
        max_length=64,
        description="Names of the project's resources of that type, or the single name * for all of them.",
        json_schema_extra=ATOMIC | rules(cel("self.size() == 1 || !('*' in self)", "* stands alone or not at all")),
    )
    operations: tuple[Operation, ...] = Field(
        min_length=1,
        max_length=32,
        description="Operations that the project defines for that type of resource.",
        json_schema_extra=ATOMIC,
    )


class ProjectMemberSpec(SpecModel):
    """One user's part in one project: what is allowed, and what is denied all the same."""

    workgroup_ref: ObjectName = Field(
        description="The Workgroup that defines the project.",
        json_schema_extra=rules(
            cel(IMMUTABLE, "workgroupRef cannot change; delete this ProjectMember and make another")
        ),
    )
    project: Reference = Field(
        description="The project's name in that workgroup.",
        json_schema_extra=rules(cel(IMMUTABLE, "project cannot change; delete this ProjectMember and make another")),
    )
    user_ref: UserObjectName = Field(
        description="The User, by the name of its resource.",
        json_schema_extra=rules(cel(IMMUTABLE, "userRef cannot change; delete this ProjectMember and make another")),
    )
    allow: tuple[ProjectRule, ...] = Field(
        default=(),
        max_length=32,
        description="What the user may do. What no rule allows is denied.",
        json_schema_extra=ATOMIC,
    )
    deny: tuple[ProjectRule, ...] = Field(
        default=(), max_length=32, description="What is denied whatever allows it.", json_schema_extra=ATOMIC
    )


class ProjectMemberStatus(ObjectStatus):
    """Whether the rules of this member are in force."""
