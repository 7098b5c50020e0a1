"""User: its part in a workgroup, and what becomes of what it holds."""

from enum import StrEnum

from pydantic import ConfigDict, Field

from tenantry.specs.base import (
    SET,
    ObjectName,
    Reference,
    SpecModel,
    UserObjectName,
    cel,
    list_map,
    rules,
)
from tenantry.specs.workgroup_access import Access
from tenantry.specs.workgroup_deletion import HoldingKindOrAll


class MembershipKind(StrEnum):
    """The two steps into a workgroup: access to it, and membership in it."""

    MEMBER = "Member"
    AVAILABLE = "Available"


class ScopeValues(SpecModel):
    """Values of one scope that the member is given."""

    name: Reference = Field(description="The scope's name in the workgroup.")
    values: tuple[Reference, ...] = Field(
        min_length=1,
        max_length=64,
        description="Values of the scope, or the single value * where the scope allows it.",
        json_schema_extra=SET | rules(cel("self.size() == 1 || !('*' in self)", "* stands alone or not at all")),
    )


class Membership(SpecModel):
    """This account's part in one workgroup."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel(
                "self.membership != 'Available' || !(has(self.role) || has(self.defaultModule) || "
                "(has(self.groups) && self.groups.size() > 0) || (has(self.access) && self.access.size() > 0) || "
                "(has(self.scopes) && self.scopes.size() > 0) || "
                "(has(self.notifications) && self.notifications.size() > 0))",
                "membership Available has no role, groups, access, scopes, notifications or defaultModule: make it "
                "Member, or remove them",
            )
        )
    )

    workgroup_ref: ObjectName = Field(
        description="The Workgroup in the same namespace. It may not exist yet: the account then waits for it."
    )
    membership: MembershipKind = Field(
        default=MembershipKind.MEMBER,
        description=(
            "Member is in the workgroup. Available has access to it and can be added later; it has no role, groups, "
            "access or scopes yet."
        ),
    )
    role: Reference | None = Field(
        default=None, description="One of the workgroup's roles; absent means the default for the license type, if any."
    )
    groups: tuple[Reference, ...] = Field(
        default=(),
        max_length=16,
        description=(
            "Names of the workgroup's groups. Where there is none, the account is put into the groups that are the "
            "default for its license type (defaultFor)."
        ),
        json_schema_extra=SET,
    )
    access: tuple[Access, ...] = Field(
        default=(),
        max_length=32,
        description=(
            "Levels of access of this account's own: each replaces what the role gives to that module. Only with a "
            "role that is customizable."
        ),
        json_schema_extra=list_map("module"),
    )
    scopes: tuple[ScopeValues, ...] = Field(
        default=(),
        max_length=16,
        description="Values of the workgroup's scopes, such as the calendars that the account may see.",
        json_schema_extra=list_map("name"),
    )
    notifications: tuple[Reference, ...] = Field(
        default=(),
        max_length=32,
        description="Names of the workgroup's notifications that this account gets.",
        json_schema_extra=SET,
    )
    default_module: Reference | None = Field(
        default=None, description="The module that a log-in opens; one that the account has access to."
    )


class HoldingChoice(SpecModel):
    """What is to become of one kind of holding when this User is deleted."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel("has(self.reassignTo) != self.drop", "choose one: reassignTo a User, or drop: true", ".reassignTo")
        )
    )

    workgroup_ref: ObjectName = Field(description="The Workgroup whose application registered them.")
    kind: HoldingKindOrAll = Field(description="The kind, or * for every kind that has no entry of its own.")
    reassign_to: UserObjectName | None = Field(default=None, description="The User that is given them.")
    drop: bool = Field(default=False, description="Whether they are deleted, where the policy lets them be dropped.")


class Offboarding(SpecModel):
    """What is to become of what the account holds."""

    holdings: tuple[HoldingChoice, ...] = Field(
        default=(),
        max_length=64,
        description=(
            "Choices by workgroup and kind. They are carried out when the User, or its entry for the workgroup, is "
            "deleted."
        ),
        json_schema_extra=list_map("workgroupRef", "kind"),
    )
