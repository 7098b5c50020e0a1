"""Workgroup: the policy of a group of accounts."""

from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from tenantry.specs.base import (
    ATOMIC,
    SET,
    Name,
    ObjectName,
    ObjectStatus,
    Reference,
    SpecModel,
    Text,
    cel,
    list_map,
    rules,
)
from tenantry.specs.licensepool import LicenseType
from tenantry.specs.projectmember import Operation, ResourceName
from tenantry.specs.workgroup_rules import WORKGROUP_RULES

#: In ``access``: every module; and the highest level a module has.
EVERY_MODULE = "*"
HIGHEST = "Highest"


class LoginFormat(StrEnum):
    """What a userName must look like."""

    NAME = "Name"
    EMAIL = "Email"


class DeletionMode(StrEnum):
    """What stays of an account after its deletion."""

    RESTORABLE = "Restorable"
    PERMANENT = "Permanent"
    PERMANENT_RESERVED = "PermanentReserved"


class AttributeFormat(StrEnum):
    """The form of an attribute's value."""

    TEXT = "Text"
    MAC_ADDRESS = "MACAddress"
    INTEGER = "Integer"
    BOOLEAN = "Boolean"
    DATE = "Date"
    SEQUENCE = "Sequence"


class SystemLogin(StrEnum):
    """Whether a system user may log in."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class ProfileField(StrEnum):
    """The profile fields that a policy can require, by their path in a User's spec."""

    PASSWORD = "password"  # noqa: S105 - the name of a field
    DISPLAY_NAME = "displayName"
    GIVEN_NAME = "name.givenName"
    FAMILY_NAME = "name.familyName"
    ORGANIZATION = "organization"
    EMAILS = "emails"
    PHONE_NUMBERS = "phoneNumbers"
    STREET_ADDRESS = "addresses.streetAddress"
    LOCALITY = "addresses.locality"
    REGION = "addresses.region"
    POSTAL_CODE = "addresses.postalCode"
    COUNTRY = "addresses.country"


class LoginPolicy(SpecModel):
    """What a userName of this workgroup must look like."""

    format: LoginFormat = Field(default=LoginFormat.NAME, description="Name takes any text; Email an email address.")
    max_length: Annotated[int, Field(ge=1, le=254)] = Field(
        default=254, description="The most characters (Unicode code points, as written)."
    )


class PasswordPolicy(SpecModel):
    """What a password must be. Of two workgroups the stricter rule holds."""

    min_length: Annotated[int, Field(ge=1, le=128)] = Field(default=8, description="The fewest characters.")
    max_length: Annotated[int, Field(ge=1, le=128)] = Field(default=128, description="The most characters.")
    history: Annotated[int, Field(ge=0, le=24)] = Field(
        default=0, description="How many earlier passwords, the present one among them, a new one must differ from."
    )


class ProfilePolicy(SpecModel):
    """Which profile fields this workgroup asks for."""

    required: tuple[ProfileField, ...] = Field(
        default=(),
        max_length=16,
        description="Fields that every User of this workgroup must have.",
        json_schema_extra=SET,
    )


class AttributeDefinition(SpecModel):
    """An attribute that accounts of this workgroup have."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel(
                "self.format != 'Sequence' || !self.required",
                "the store assigns a Sequence: it cannot be required of a User",
                ".required",
            )
        )
    )

    name: Name = Field(description="The attribute's name.")
    format: AttributeFormat = Field(
        default=AttributeFormat.TEXT,
        description="The form of the value. A Sequence is assigned by the store and shown in status.assigned.",
    )
    required: bool = Field(default=False, description="Whether every User must give a value. Not for a Sequence.")
    max_length: Annotated[int, Field(ge=1, le=256)] = Field(default=256, description="The most characters of a value.")


class PreferenceDefinition(SpecModel):
    """A preference with a closed list of values."""

    name: Name = Field(description="The preference's name.")
    values: tuple[Reference, ...] = Field(
        min_length=1, max_length=64, description="The values to choose from.", json_schema_extra=SET
    )
    default: Reference | None = Field(default=None, description="The value of a User that gives none.")


class SystemUser(SpecModel):
    """An account that the workgroup itself has: no seat, no resource, not removable."""

    user_name: Reference = Field(description="The login; no User of this workgroup may take it.")
    login: SystemLogin = Field(
        default=SystemLogin.DISABLED, description="Whether this account may log in at all (Enabled or Disabled)."
    )
    role: Reference | None = Field(default=None, description="The role it holds.")
    groups: tuple[Reference, ...] = Field(
        default=(), max_length=16, description="The groups it is in.", json_schema_extra=SET
    )


class Level(SpecModel):
    """A level of access to a module."""

    name: Reference = Field(
        description="The level's name. Highest is taken: it means the last level.",
        json_schema_extra=rules(cel("self != 'Highest'", "Highest means the last level; give this level another name")),
    )
    display_name: Text | None = Field(default=None, description="The level's name for people.")


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
    requires_project: bool = Field(
        default=False, description="Whether a holder is meant to be in a project; until then ProjectsAssigned is False."
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


class Scope(SpecModel):
    """Named values, such as calendars, that a member is given some of."""

    name: Reference = Field(description="The scope's name.")
    values: tuple[Reference, ...] = Field(
        max_length=256,
        description="The values there are. A User asks for all of them with *, which is therefore none of them.",
        json_schema_extra=SET | rules(cel("!('*' in self)", "* asks for every value and cannot be one of them")),
    )
    allow_all: bool = Field(default=False, description="Whether a User may write * for all values, those to come too.")


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


class DeletionPolicy(SpecModel):
    """What stays of an account when its User, or its entry for this workgroup, is deleted."""

    mode: DeletionMode = Field(
        default=DeletionMode.RESTORABLE,
        description=(
            "Restorable keeps the account for a User with onExisting: Restore. Permanent erases it and frees the "
            "login. PermanentReserved erases it and never frees the login."
        ),
    )


class WorkgroupSpec(SpecModel):
    """The policy of a group of accounts: logins, passwords, profile, modules, roles, groups, projects, deletion."""

    model_config = ConfigDict(json_schema_extra=WORKGROUP_RULES)

    display_name: Text | None = Field(default=None, description="The workgroup's name for people.")
    license_pool_ref: ObjectName | None = Field(
        default=None,
        description="The LicensePool that seats this workgroup's accounts. Without one nothing is counted.",
        json_schema_extra=rules(cel("self == oldSelf", "licensePoolRef cannot change; make another Workgroup")),
    )
    login: LoginPolicy = Field(default=LoginPolicy(), description="What a userName must look like.")
    password: PasswordPolicy = Field(
        default=PasswordPolicy(),
        description="What a password must be.",
        json_schema_extra=rules(cel("self.minLength <= self.maxLength", "minLength must not be above maxLength")),
    )
    profile: ProfilePolicy = Field(default=ProfilePolicy(), description="Which profile fields are asked for.")
    attributes: tuple[AttributeDefinition, ...] = Field(
        default=(), max_length=32, description="Attributes of this system's own.", json_schema_extra=list_map("name")
    )
    preferences: tuple[PreferenceDefinition, ...] = Field(
        default=(),
        max_length=32,
        description="Preferences with their values.",
        json_schema_extra=list_map("name")
        | rules(
            cel(
                "self.all(p, !has(p.default) || p.default in p.values)",
                "a preference's default must be one of its values",
            )
        ),
    )
    system_users: tuple[SystemUser, ...] = Field(
        default=(),
        max_length=16,
        description="Accounts that the workgroup itself has. They take no seat and cannot be removed by a User.",
        json_schema_extra=list_map("userName"),
    )
    modules: tuple[Module, ...] = Field(
        default=(), max_length=32, description="Parts of the application.", json_schema_extra=list_map("name")
    )
    roles: tuple[Role, ...] = Field(
        default=(), max_length=16, description="Roles, of which a member has one.", json_schema_extra=list_map("name")
    )
    groups: tuple[Group, ...] = Field(
        default=(), max_length=16, description="Groups, of which a member has any.", json_schema_extra=list_map("name")
    )
    scopes: tuple[Scope, ...] = Field(
        default=(), max_length=16, description="Named values given to members.", json_schema_extra=list_map("name")
    )
    projects: tuple[Project, ...] = Field(
        default=(), max_length=64, description="Projects that share resources.", json_schema_extra=list_map("name")
    )
    deletion: DeletionPolicy = Field(default=DeletionPolicy(), description="What a deletion leaves.")

    @cached_property
    def roles_by_name(self) -> dict[str, Role]:
        """Return the roles by name."""
        return {role.name: role for role in self.roles}

    @cached_property
    def groups_by_name(self) -> dict[str, Group]:
        """Return the groups by name."""
        return {group.name: group for group in self.groups}

    @cached_property
    def modules_by_name(self) -> dict[str, Module]:
        """Return the modules by name."""
        return {module.name: module for module in self.modules}

    @cached_property
    def scopes_by_name(self) -> dict[str, Scope]:
        """Return the scopes by name."""
        return {scope.name: scope for scope in self.scopes}

    @cached_property
    def projects_by_name(self) -> dict[str, Project]:
        """Return the projects by name."""
        return {project.name: project for project in self.projects}


class SystemUserStatus(SpecModel):
    """A system user as it stands in the store."""

    user_name: Annotated[str, StringConstraints(max_length=63)] = Field(description="The login.")
    account_id: Annotated[str, StringConstraints(max_length=63)] = Field(description="The account in the store.")


class WorkgroupStatus(ObjectStatus):
    """Whether the policy is in force."""

    system_users: tuple[SystemUserStatus, ...] = Field(
        default=(), max_length=16, description="The system users.", json_schema_extra=list_map("userName")
    )
