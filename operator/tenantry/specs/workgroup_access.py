"""Workgroup: modules and levels, roles and groups, scopes and projects."""

from typing import Annotated

from pydantic import Field

from tenantry.specs.base import (
    ATOMIC,
    SET,
    Action,
    ActionPattern,
    Reference,
    SpecModel,
    Text,
    cel,
    list_map,
    rules,
)
from tenantry.specs.licensepool import LicenseType
from tenantry.specs.projectmember import Operation, ResourceName
from tenantry.specs.workgroup_capability import CapabilityGrant

#: In ``access``: every module; and the highest level a module has.
EVERY_MODULE = "*"


HIGHEST = "Highest"


class Level(SpecModel):
    """A level of access to a module."""

    name: Reference = Field(
        description="The level's name. Highest is taken: it means the last level.",
        json_schema_extra=rules(cel("self != 'Highest'", "Highest means the last level; give this level another name")),
    )
    display_name: Text | None = Field(default=None, description="The level's name for people.")
    actions: tuple[Action, ...] = Field(
        default=(),
        max_length=32,
        description=(
            "What this level lets its holder do, as type:operation, beside what the lower levels do. An action that "
            "several modules list needs each of them."
        ),
        json_schema_extra=ATOMIC,
    )
    own_only: bool = Field(
        default=False, description="Whether this level's own actions reach only what belongs to the account."
    )
    capabilities: tuple[CapabilityGrant, ...] = Field(
        default=(),
        max_length=13,
        description="What a holder of this level, or of a higher one, may do to the accounts of others.",
        json_schema_extra=list_map("name"),
    )


class Module(SpecModel):
    """A part of the application that access is given to by levels."""

    name: Reference = Field(
        description="The module's name, any but *, which means every module.",
        json_schema_extra=rules(cel("self != '*'", "* means every module; give this module another name")),
    )
    display_name: Text | None = Field(default=None, description="The module's name for people.")
    levels: tuple[Level, ...] = Field(
        min_length=1,
        max_length=8,
        description="Levels from low to high: the first is the default, a higher one includes the lower ones.",
        json_schema_extra=ATOMIC
        | rules(
            cel("self.all(l, self.exists_one(m, m.name == l.name))", "a level's name stands only once in its module")
        ),
    )

    def level_named(self, name: str) -> Level | None:
        """Return the level of that name (Highest is the last), or None."""
        if name == HIGHEST:
            return self.levels[-1]
        return next((level for level in self.levels if level.name == name), None)


class Access(SpecModel):
    """A level of access to one module."""

    module: Reference = Field(description="The module's name, or * for every module that has the level.")
    level: Reference = Field(description="The level's name, or Highest.")


class Role(SpecModel):
    """What a holder of this role is given. A member has at most one role in a workgroup."""

    name: Reference = Field(description="The role's name.")
    display_name: Text | None = Field(default=None, description="The role's name for people.")
    access: tuple[Access, ...] = Field(
        default=(),
        max_length=32,
        description="Levels of access that the role gives.",
        json_schema_extra=list_map("module"),
    )
    customizable: bool = Field(
        default=False, description="Whether a User's own access entries replace this role's, module by module."
    )
    max_holders: Annotated[int, Field(ge=0, le=1_000_000)] | None = Field(
        default=None, description="How many accounts of this workgroup may hold the role; absent means any number."
    )
    license_types: tuple[LicenseType, ...] = Field(
        default=(),
        max_length=3,
        description="License types that may hold the role; empty means every one, and none.",
        json_schema_extra=SET,
    )
    default_for: tuple[LicenseType, ...] = Field(
        default=(),
        max_length=3,
        description="License types whose members hold this role where their User names none.",
        json_schema_extra=SET,
    )
    requires_project: bool = Field(
        default=False, description="Whether a holder is meant to be in a project; until then ProjectsAssigned is False."
    )
    ceiling: tuple[ActionPattern, ...] | None = Field(
        default=None,
        max_length=32,
        description=(
            "The most a holder may do, whatever groups and projects give: type:operation, either half may be *. Absent "
            "means no ceiling; an empty list means nothing."
        ),
        json_schema_extra=ATOMIC,
    )
    personal: bool = Field(
        default=True,
        description=(
            "Whether the account is a person's. A role that is not, such as a display's, is meant for one account: the "
            "workgroup warns when several hold it."
        ),
    )
    capabilities: tuple[CapabilityGrant, ...] = Field(
        default=(),
        max_length=13,
        description="What a holder may do to the accounts of others. Under a ceiling, levels and groups give none.",
        json_schema_extra=list_map("name"),
    )


class Group(SpecModel):
    """What a member of this group is given. A member may be in several."""

    name: Reference = Field(description="The group's name.")
    display_name: Text | None = Field(default=None, description="The group's name for people.")
    access: tuple[Access, ...] = Field(
        default=(),
        max_length=32,
        description="Levels of access that the group gives.",
        json_schema_extra=list_map("module"),
    )
    default_for: tuple[LicenseType, ...] = Field(
        default=(),
        max_length=3,
        description="License types whose members are put into this group where their User names no group.",
        json_schema_extra=SET,
    )
    capabilities: tuple[CapabilityGrant, ...] = Field(
        default=(),
        max_length=13,
        description="What a member may do to the accounts of others.",
        json_schema_extra=list_map("name"),
    )


class Scope(SpecModel):
    """Named values, such as calendars, that a member is given some of."""

    name: Reference = Field(description="The scope's name.")
    values: tuple[Reference, ...] = Field(
        max_length=256,
        description="The values there are. A User asks for all of them with *, which is therefore none of them.",
        json_schema_extra=SET | rules(cel("!('*' in self)", "* asks for every value and cannot be one of them")),
    )
    allow_all: bool = Field(default=False, description="Whether a User may write * for all values, those to come too.")
    module: Reference | None = Field(
        default=None,
        description="The module that these values belong to: they are given only with a level above its first.",
    )
    required: bool = Field(
        default=False, description="Whether every member must be given a value, of those with access to the module."
    )


class ProjectResource(SpecModel):
    """Resources of one type that belong to a project."""

    type: Operation = Field(description="The resource type: device, bucket, …")
    names: tuple[ResourceName, ...] = Field(
        min_length=1,
        max_length=64,
        description="The names of the resources.",
        json_schema_extra=SET | rules(cel("!('*' in self)", "* stands for every resource and cannot name one")),
    )
    operations: tuple[Operation, ...] = Field(
        min_length=1, max_length=32, description="What can be done with them.", json_schema_extra=SET
    )


class Project(SpecModel):
    """Resources that are shared with the project's members."""

    name: Reference = Field(description="The project's name.")
    display_name: Text | None = Field(default=None, description="The project's name for people.")
    resources: tuple[ProjectResource, ...] = Field(
        default=(), max_length=16, description="What the project shares.", json_schema_extra=ATOMIC
    )
