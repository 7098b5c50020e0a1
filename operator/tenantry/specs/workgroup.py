"""Workgroup: the policy of a group of accounts."""

from functools import cached_property
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from tenantry.specs.base import (
    ObjectName,
    ObjectStatus,
    SpecModel,
    Text,
    cel,
    list_map,
    rules,
)
from tenantry.specs.workgroup_access import Group, Module, Project, Role, Scope
from tenantry.specs.workgroup_deletion import DeletionPolicy
from tenantry.specs.workgroup_login import (
    AuthenticationPolicy,
    CharacterSet,
    EmailVerification,
    LoginPolicy,
    MailPolicy,
    OnboardingPolicy,
    PasswordPolicy,
    SessionPolicy,
    SystemUser,
)
from tenantry.specs.workgroup_profile import (
    AttributeDefinition,
    Notification,
    PreferenceDefinition,
    ProfilePolicy,
    TextAlerts,
)
from tenantry.specs.workgroup_rules import WORKGROUP_RULES


class WorkgroupSpec(SpecModel):
    """The policy of a group of accounts: logins, passwords, profile, modules, roles, groups, projects, deletion."""

    model_config = ConfigDict(json_schema_extra=WORKGROUP_RULES)

    display_name: Text | None = Field(default=None, description="The workgroup's name for people.")
    license_pool_ref: ObjectName | None = Field(
        default=None,
        description="The LicensePool that seats this workgroup's accounts. Without one nothing is counted.",
        json_schema_extra=rules(cel("self == oldSelf", "licensePoolRef cannot change; make another Workgroup")),
    )
    character_set: CharacterSet = Field(
        default=CharacterSet.UTF_8,
        description="The encoding of the application; through one that is not UTF-8 nobody edits text beyond ASCII.",
    )
    authentication: AuthenticationPolicy = Field(
        default=AuthenticationPolicy(), description="Where passwords are kept and compared."
    )
    onboarding: OnboardingPolicy = Field(
        default=OnboardingPolicy(), description="How a person comes to use the account."
    )
    email_verification: EmailVerification = Field(
        default=EmailVerification.ASSUMED,
        description="Required: log-in waits until the person has shown that the email address is theirs.",
    )
    mail: MailPolicy = Field(
        default=MailPolicy(),
        description="Where mails to people come from, and which page of the application they name.",
    )
    login: LoginPolicy = Field(default=LoginPolicy(), description="What a userName must look like.")
    password: PasswordPolicy = Field(
        default=PasswordPolicy(),
        description="What a password must be.",
        json_schema_extra=rules(cel("self.minLength <= self.maxLength", "minLength must not be above maxLength")),
    )
    sessions: SessionPolicy = Field(
        default=SessionPolicy(), description="How often at a time, and for how long, an account may be logged in."
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
    notifications: tuple[Notification, ...] = Field(
        default=(),
        max_length=32,
        description="Events that members can ask to be told of.",
        json_schema_extra=list_map("name"),
    )
    text_alerts: TextAlerts = Field(
        default=TextAlerts(), description="Alerts by text message, where the application sends them."
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

    def role_by_default(self, license_type: str | None) -> str | None:
        """Return the role of a member that no entry gives one, by its license type, if there is one (NR-05)."""
        return next((role.name for role in self.roles if license_type in role.default_for), None)

    def groups_by_default(self, license_type: str | None) -> tuple[str, ...]:
        """Return the groups of a member that no entry puts into one, by its license type (NR-14)."""
        return tuple(group.name for group in self.groups if license_type in group.default_for)

    @cached_property
    def modules_by_name(self) -> dict[str, Module]:
        """Return the modules by name."""
        return {module.name: module for module in self.modules}

    @cached_property
    def scopes_by_name(self) -> dict[str, Scope]:
        """Return the scopes by name."""
        return {scope.name: scope for scope in self.scopes}

    @cached_property
    def notifications_by_name(self) -> dict[str, Notification]:
        """Return the notifications by name."""
        return {notification.name: notification for notification in self.notifications}

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
