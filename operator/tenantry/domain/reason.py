"""The closed list of reasons, shared by status, Events, CLI, documents and the runtime API."""

from enum import StrEnum
from typing import Self


class Settles(StrEnum):
    """Who ends a state of affairs: nobody needs to, the operator, or a person (kstatus)."""

    DONE = "Done"
    ITSELF = "Reconciling"
    PERSON = "Stalled"


class Reason(StrEnum):
    """Why a condition has its status. Each has what ends it, and a line of explanation."""

    settles: Settles
    meaning: str

    def __new__(cls, value: str, settles: Settles, meaning: str) -> Self:
        """Make the member equal to its word."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.settles = settles
        member.meaning = meaning
        return member

    PROVISIONED = "Provisioned", Settles.DONE, "The spec is in force."
    PAUSED = "Paused", Settles.DONE, "The annotation tenantry.dev/paused is true: nothing is written."
    IN_USE = "InUse", Settles.PERSON, "The object is deleted but accounts still need it; no new grants."
    INTERNAL_ERROR = "InternalError", Settles.ITSELF, "A fault of the operator; tried again with growing pauses."

    WORKGROUP_NOT_FOUND = "WorkgroupNotFound", Settles.ITSELF, "The Workgroup does not exist yet."
    LICENSE_POOL_NOT_FOUND = "LicensePoolNotFound", Settles.ITSELF, "The LicensePool does not exist yet."
    USER_NOT_FOUND = "UserNotFound", Settles.ITSELF, "The User does not exist yet, or has no account."
    SECRET_NOT_FOUND = "SecretNotFound", Settles.ITSELF, "The Secret does not exist yet, or may not be read."
    SECRET_KEY_NOT_FOUND = "SecretKeyNotFound", Settles.ITSELF, "The Secret lacks the key."

    INVALID_SPEC = "InvalidSpec", Settles.PERSON, "The spec does not parse as its kind."
    DETACHED = "Detached", Settles.PERSON, "The store belongs to another cluster, or lost too many objects at once."
    POLICY_CONFLICT = "PolicyConflict", Settles.PERSON, "Two workgroups of one account do not agree."
    WORKGROUP_DELETING = "WorkgroupDeleting", Settles.PERSON, "The Workgroup is going: it takes no new account."
    LICENSE_POOL_DELETING = "LicensePoolDeleting", Settles.PERSON, "The LicensePool is going: it grants nothing new."
    ROLE_NOT_FOUND = "RoleNotFound", Settles.PERSON, "The workgroup defines no such role."
    ROLE_NOT_CUSTOMIZABLE = "RoleNotCustomizable", Settles.PERSON, "Only a customizable role takes levels of its own."
    ROLE_NOT_IN_PLAN = "RoleNotInPlan", Settles.PERSON, "The pool has limits, and the role is in none and not free."
    ROLE_NOT_FOR_LICENSE = "RoleNotForLicense", Settles.PERSON, "The role is not for this license type."
    GROUP_NOT_FOUND = "GroupNotFound", Settles.PERSON, "The workgroup defines no such group."
    MODULE_NOT_FOUND = "ModuleNotFound", Settles.PERSON, "The workgroup defines no such module."
    LEVEL_NOT_FOUND = "LevelNotFound", Settles.PERSON, "The module has no such level."
    SCOPE_NOT_FOUND = "ScopeNotFound", Settles.PERSON, "The workgroup defines no such scope."
    SCOPE_VALUE_NOT_FOUND = "ScopeValueNotFound", Settles.PERSON, "The scope has no such value."
    PROJECT_NOT_FOUND = "ProjectNotFound", Settles.PERSON, "The workgroup defines no such project."
    PROJECT_RESOURCE_NOT_FOUND = "ProjectResourceNotFound", Settles.PERSON, "The project has no such resource."
    OPERATION_NOT_FOUND = "OperationNotFound", Settles.PERSON, "The project defines no such operation."
    NOT_A_MEMBER = "NotAMember", Settles.PERSON, "The user is not a member of the workgroup."
    ATTRIBUTE_NOT_FOUND = "AttributeNotFound", Settles.PERSON, "No workgroup of the account defines the attribute."
    ATTRIBUTE_INVALID = "AttributeInvalid", Settles.PERSON, "The attribute's value does not have its format."
    PREFERENCE_NOT_FOUND = "PreferenceNotFound", Settles.PERSON, "No workgroup of the account defines the preference."
    PREFERENCE_INVALID = "PreferenceInvalid", Settles.PERSON, "The preference has no such value."
    PROFILE_INCOMPLETE = "ProfileIncomplete", Settles.PERSON, "A field that a workgroup requires is missing."
    LOGIN_INVALID = "LoginInvalid", Settles.PERSON, "The userName is not of the form that a workgroup asks for."
    LOGIN_TAKEN = "LoginTaken", Settles.PERSON, "Another account of the namespace has this login."
    LOGIN_DELETED = "LoginDeleted", Settles.PERSON, "The login's account was deleted and can be restored."
    LOGIN_RESERVED = "LoginReserved", Settles.PERSON, "The login can never be used again, or is a system user's."
    MEMBERSHIP_DELETED = "MembershipDeleted", Settles.PERSON, "The membership was deleted and can be restored."
    RESTORE_NOT_ALLOWED = "RestoreNotAllowed", Settles.PERSON, "Only an active account can be restored."
    LICENSE_NOT_APPLICABLE = "LicenseNotApplicable", Settles.PERSON, "No workgroup of the account has a LicensePool."
    SEAT_LIMIT_REACHED = "SeatLimitReached", Settles.PERSON, "Every seat of the license type is taken."
    LIMIT_REACHED = "LimitReached", Settles.PERSON, "As many accounts as the limit lets in hold its roles."
    ROLE_LIMIT_REACHED = "RoleLimitReached", Settles.PERSON, "As many accounts as maxHolders lets hold the role."
    PLAN_FORBIDS_ACCOUNTS = "PlanForbidsAccounts", Settles.PERSON, "The plan has no accounts beside the subscriber's."
    PASSWORD_INVALID = "PasswordInvalid", Settles.PERSON, "The Secret's value is not a password by the policy."
    PASSWORD_IN_HISTORY = "PasswordInHistory", Settles.PERSON, "The password was used before; the old one stays."

    OVER_COMMITTED = "OverCommitted", Settles.PERSON, "More is in use than was bought, since the capacity was lowered."
    WITHIN_CAPACITY = "WithinCapacity", Settles.DONE, "What is in use was bought."
    EMAIL_MISSING = "EmailMissing", Settles.DONE, "No email address: notifications will not reach the user."
    NO_PROJECT = "NoProject", Settles.DONE, "The role asks for a project and the user is in none."
    PROJECTS_ASSIGNED = "ProjectsAssigned", Settles.DONE, "The user is in a project."
