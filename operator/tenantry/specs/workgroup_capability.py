"""Workgroup: who may administrate the accounts of others."""

from enum import StrEnum

from pydantic import Field

from tenantry.specs.base import SET, Reference, SpecModel


class Capability(StrEnum):
    """What one person may do to the accounts of others."""

    VIEW_USERS = "ViewUsers"
    CREATE_USERS = "CreateUsers"
    ADD_EXISTING_USERS = "AddExistingUsers"
    EDIT_USERS = "EditUsers"
    DELETE_USERS = "DeleteUsers"
    INVITE_USERS = "InviteUsers"
    ASSIGN_ROLES = "AssignRoles"
    LOCK_USERS = "LockUsers"
    RESET_PASSWORDS = "ResetPasswords"
    REVOKE_SESSIONS = "RevokeSessions"
    REASSIGN_HOLDINGS = "ReassignHoldings"
    MANAGE_PROJECT_MEMBERS = "ManageProjectMembers"
    READ_AUDIT = "ReadAudit"


class Reach(StrEnum):
    """Whose accounts a capability reaches, of those of the workgroup."""

    SYSTEM_USERS = "SystemUsers"
    SINGLE_WORKGROUP = "SingleWorkgroup"
    ANY = "Any"


class CapabilityGrant(SpecModel):
    """One thing that the holder may do to the accounts of others in this workgroup."""

    name: Capability = Field(
        description=(
            "ViewUsers, CreateUsers, AddExistingUsers (those that have access, or were deleted), EditUsers, "
            "DeleteUsers, InviteUsers, AssignRoles (groups and levels too), LockUsers, ResetPasswords, RevokeSessions, "
            "ReassignHoldings, ManageProjectMembers (in the projects that the holder is in), or ReadAudit."
        )
    )
    reach: Reach = Field(
        default=Reach.ANY,
        description=(
            "Any account of the workgroup, those with access to this workgroup alone (SingleWorkgroup), or those that "
            "the workgroup itself has (SystemUsers)."
        ),
    )
    roles: tuple[Reference, ...] | None = Field(
        default=None,
        max_length=16,
        description=(
            "Which roles may be given by it, or be held by whom it is done to. Absent means those that give no "
            "capability which the holder lacks."
        ),
        json_schema_extra=SET,
    )
