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

    @classmethod
    def of(cls, value: str) -> "Reason":
        """Return the reason that a status has by its word."""
        return next(reason for reason in cls if reason.value == value)

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
    PASSWORD_INVALID = "PasswordInvalid", Settles.PERSON, "It is not a password by the policy."
    PASSWORD_IN_HISTORY = "PasswordInHistory", Settles.PERSON, "The password was used before; the old one stays."

    PASSWORD_NOT_APPLICABLE = "PasswordNotApplicable", Settles.PERSON, "No workgroup of the account takes a password."
    MODULE_NOT_ACCESSIBLE = "ModuleNotAccessible", Settles.PERSON, "The account has no access to the module."
    SCOPE_REQUIRED = "ScopeRequired", Settles.PERSON, "The access needs at least one value of a scope."
    SCOPE_NOT_APPLICABLE = "ScopeNotApplicable", Settles.PERSON, "The scope goes with access to a module."
    NOTIFICATION_NOT_FOUND = "NotificationNotFound", Settles.PERSON, "The workgroup defines no such notification."
    CARRIER_NOT_FOUND = "CarrierNotFound", Settles.PERSON, "No workgroup of the account has the mobile provider."
    INVITATION_EXPIRED = (
        "InvitationExpired",
        Settles.PERSON,
        "Nobody accepted the invitation in time; the seat is free.",
    )
    CHARACTER_SET = "CharacterSet", Settles.PERSON, "The account holds text that the workgroup's encoding may lose."
    LINK_INVALID = "LinkInvalid", Settles.PERSON, "The link of the mail was used, replaced by a newer one, or ran out."
    NOT_SELF_SERVICE = "NotSelfService", Settles.PERSON, "The policy does not leave the field to the person."
    NOT_INVITED = "NotInvited", Settles.PERSON, "The account waits for nobody to accept or to sign up."
    TIME_IN_FUTURE = "TimeInFuture", Settles.PERSON, "The time of an act lies more than five minutes ahead."
    HOLDINGS_LEFT = "HoldingsLeft", Settles.PERSON, "The account holds what must be settled first."
    ASSIGNEE_NOT_FOUND = "AssigneeNotFound", Settles.ITSELF, "The User that is to be given holdings has no account."
    ASSIGNEE_NOT_ALLOWED = "AssigneeNotAllowed", Settles.PERSON, "The policy does not let this User be given holdings."
    HOLDING_NOT_DROPPABLE = "HoldingNotDroppable", Settles.PERSON, "The policy does not let these holdings be dropped."
    MANAGED_BY_KUBERNETES = (
        "ManagedByKubernetes",
        Settles.PERSON,
        "A User resource owns it, of a cluster or of files that were applied.",
    )
    MANAGED_BY_API = "ManagedByAPI", Settles.PERSON, "The runtime API made the account: edit it there, or adopt it."
    GROUP_BY_DEFAULT = "GroupByDefault", Settles.PERSON, "The group is the default for the account's license type."
    HOLDING_NOT_FOUND = "HoldingNotFound", Settles.PERSON, "The workgroup lists no such kind of holding."

    LICENSE_MISSING = "LicenseMissing", Settles.PERSON, "The pool sells licenses and the account has none: no log-in."
    OVER_COMMITTED = "OverCommitted", Settles.PERSON, "More is in use than was bought, since the capacity was lowered."
    WITHIN_CAPACITY = "WithinCapacity", Settles.DONE, "What is in use was bought."
    EMAIL_MISSING = "EmailMissing", Settles.DONE, "No email address: notifications will not reach the user."
    EMAIL_UNVERIFIED = "EmailUnverified", Settles.DONE, "A new email address is not verified: the one before it serves."
    NO_PROJECT = "NoProject", Settles.DONE, "The role asks for a project and the user is in none."
    PROJECTS_ASSIGNED = "ProjectsAssigned", Settles.DONE, "The user is in a project."
    ACCESS_INCOMPLETE = (
        "AccessIncomplete",
        Settles.DONE,
        "Modules without a level of the account's own: No Access there.",
    )
    ACCESS_COMPLETE = "AccessComplete", Settles.DONE, "Every module has a level."
    PASSWORD_NEVER_EXPIRES = "PasswordNeverExpires", Settles.DONE, "The password does not expire: advised against."
    TEXT_ALERTS_INCOMPLETE = "TextAlertsIncomplete", Settles.DONE, "Text alerts need a phone number and a carrier."
    MAILBOX_CONNECTED = "MailboxConnected", Settles.DONE, "The Secret holds a credential; it was not tried."
    MAILBOX_INVALID = "MailboxInvalid", Settles.DONE, "The Secret's value is no credential of a mailbox."
    SINGLE_HOLDERS = "SingleHolders", Settles.DONE, "Each role that is not a person's is held by one account at most."
    SEVERAL_HOLDERS = "SeveralHolders", Settles.DONE, "Several accounts hold a role that is not a person's."
    ROLES_DEFINED = "RolesDefined", Settles.DONE, "Every role that the LicensePool names is there."
    PROFILE_KEPT = "ProfileKept", Settles.DONE, "The person's own values stay; the spec says something else."

    TENANT_NOT_FOUND = "TenantNotFound", Settles.PERSON, "The store has no such tenant."
    INVALID_CREDENTIALS = "InvalidCredentials", Settles.PERSON, "Login or password is not right."
    TOO_MANY_ATTEMPTS = "TooManyAttempts", Settles.ITSELF, "Too many wrong passwords for this login; it may try later."
    ACCOUNT_LOCKED = "AccountLocked", Settles.PERSON, "A person locked the account."
    INVITATION_PENDING = "InvitationPending", Settles.PERSON, "The invitation was not accepted yet."
    EMAIL_NOT_VERIFIED = "EmailNotVerified", Settles.PERSON, "The email address was not shown to be the person's yet."
    PASSWORD_EXPIRED = "PasswordExpired", Settles.PERSON, "The password expired: it can only be changed."
    SESSION_LIMIT_REACHED = "SessionLimitReached", Settles.PERSON, "The account is logged in already, and may be once."
    SESSION_NOT_FOUND = "SessionNotFound", Settles.PERSON, "There is no such session, or it is over."
    NOT_LOGGED_IN = "NotLoggedIn", Settles.PERSON, "The call is made for a person, and the session is not a live one."
    CAPABILITY_MISSING = "CapabilityMissing", Settles.PERSON, "The person is not given what the call asks for."
    OUT_OF_REACH = "OutOfReach", Settles.PERSON, "What the person is given does not reach that account."
    ROLE_NOT_GRANTABLE = "RoleNotGrantable", Settles.PERSON, "The role gives more than the person may give or act on."
    SYSTEM_USER = "SystemUser", Settles.PERSON, "The account is the workgroup's own, which nobody changes like that."
    PERSONS_OWN = "PersonsOwn", Settles.PERSON, "The field is the person's own by now: nobody else changes it."
    CHANGED_MEANWHILE = "ChangedMeanwhile", Settles.PERSON, "It was changed since it was read: read it again."
    FIELD_IMMUTABLE = "FieldImmutable", Settles.PERSON, "The field is set once, or by somebody else, and not changed."
    EXTERNAL_ID_TAKEN = "ExternalIdTaken", Settles.PERSON, "Another account of the tenant has this externalId."
    INVALID_REQUEST = "InvalidRequest", Settles.PERSON, "The request does not have the form that the API asks for."
    PATH_NOT_FOUND = "PathNotFound", Settles.PERSON, "The runtime API has nothing at the path."
    METHOD_NOT_ALLOWED = "MethodNotAllowed", Settles.PERSON, "What is at the path is not asked for by the method."
    INVALID_CLIENT = "InvalidClient", Settles.PERSON, "The token is not one of the tenant's applications."
    INSUFFICIENT_SCOPE = "InsufficientScope", Settles.PERSON, "The application's token does not open this part."
    STORE_UNAVAILABLE = "StoreUnavailable", Settles.ITSELF, "The identity store cannot be reached; nothing is granted."
    TRAIL_SIGNED = "TrailSigned", Settles.PERSON, "The audit trail is signed by a key that the server does not have."
    DIRECTORY_UNAVAILABLE = (
        "DirectoryUnavailable",
        Settles.ITSELF,
        "The directory that compares the password cannot be asked; nobody is let in by it.",
    )
    SERVER_BUSY = "ServerBusy", Settles.ITSELF, "Too many ask the runtime API for the same at once; try again."
    LOGIN_LIMIT_REACHED = "LoginLimitReached", Settles.ITSELF, "Every floating license is in use just now."

    GRANTED_BY_LEVEL = "GrantedByLevel", Settles.DONE, "The account's level in the module gives it."
    GRANTED_BY_PROJECT = "GrantedByProject", Settles.DONE, "A project of the account allows it."
    ACCOUNT_NOT_ACTIVE = "AccountNotActive", Settles.PERSON, "There is no account, or it is not Active."
    SUBJECT_TYPE_NOT_FOUND = (
        "SubjectTypeNotFound",
        Settles.PERSON,
        "A subject of that type is nobody here: it is user or session.",
    )
    ACTION_NOT_GRANTED = "ActionNotGranted", Settles.PERSON, "No module lists the action, and no project allows it."
    LEVEL_TOO_LOW = "LevelTooLow", Settles.PERSON, "Neither role nor groups give the level that the action needs."
    NOT_THE_OWNER = "NotTheOwner", Settles.PERSON, "The level reaches the account's own resources only."
    DENIED_BY_PROJECT = "DeniedByProject", Settles.PERSON, "A project denies it to the account."
    OUT_OF_SCOPE = "OutOfScope", Settles.PERSON, "The account was not given this value of the scope."
    ABOVE_CEILING = "AboveCeiling", Settles.PERSON, "The ceiling of the role does not let it pass."
