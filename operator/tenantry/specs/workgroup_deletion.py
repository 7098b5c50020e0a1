"""Workgroup: what stays of an account that is deleted, and what becomes of what it held."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from tenantry.specs.base import (
    SET,
    ObjectName,
    Reference,
    SpecModel,
    cel,
    list_map,
    rules,
)
from tenantry.specs.licensepool import LicenseType
from tenantry.specs.workgroup_profile import UserType


class DeletionMode(StrEnum):
    """What stays of an account after its deletion."""

    RESTORABLE = "Restorable"
    PERMANENT = "Permanent"
    PERMANENT_RESERVED = "PermanentReserved"


class OnDelete(StrEnum):
    """What becomes of a holding whose account is deleted."""

    BLOCK = "Block"
    REASSIGN = "Reassign"
    DROP = "Drop"


class OnGroupRemoval(StrEnum):
    """Whether a holding holds up the removal of its account from a group."""

    ALLOW = "Allow"
    BLOCK_IF_SOLE_COVERAGE = "BlockIfSoleCoverage"


#: A kind of thing in an application that belongs to an account, or ``*`` for every other kind.
HoldingKindOrAll = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^(\*|[A-Za-z][A-Za-z0-9_-]*)$")
]


class Assignees(SpecModel):
    """Who may be given what a deleted account held."""

    license_types: tuple[LicenseType, ...] = Field(
        default=(),
        max_length=3,
        description="Accounts of these license types; empty means of any, or without a license.",
        json_schema_extra=SET,
    )
    user_types: tuple[UserType, ...] = Field(
        default=(), max_length=2, description="Internal, External; empty means both.", json_schema_extra=SET
    )
    system_users: tuple[Reference, ...] = Field(
        default=(),
        max_length=16,
        description="System users of this workgroup that may be given them too, before a deletion.",
        json_schema_extra=SET,
    )


class HoldingPolicy(SpecModel):
    """What becomes of one kind of thing that belongs to accounts."""

    kind: HoldingKindOrAll = Field(
        description="The kind as the application registers it: record, alert, chart…; * for every other kind."
    )
    on_delete: OnDelete = Field(
        default=OnDelete.BLOCK,
        description=(
            "Block holds the account's deletion until its offboarding, or somebody, settles each. Reassign gives them "
            "to defaultAssignee. Drop deletes them with the account."
        ),
    )
    droppable: bool = Field(default=False, description="Whether a User's offboarding may drop them.")
    assignees: Assignees = Field(default=Assignees(), description="Who may be given them at a deletion.")
    default_assignee: ObjectName | None = Field(
        default=None, description="The User that is given them where the offboarding says nothing. With Reassign."
    )
    on_group_removal: OnGroupRemoval = Field(
        default=OnGroupRemoval.ALLOW,
        description=(
            "BlockIfSoleCoverage holds the removal from a group while one of them covers that group alone, until it is "
            "edited or deleted."
        ),
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
    holdings: tuple[HoldingPolicy, ...] = Field(
        default=(),
        max_length=32,
        description="What becomes of what an account holds. Where kinds are listed, and * is not, no other can be "
        "registered; what was before goes with the account.",
        json_schema_extra=list_map("kind")
        | rules(
            cel(
                "self.all(h, h.onDelete != 'Reassign' || has(h.defaultAssignee))",
                "onDelete Reassign needs defaultAssignee",
            )
        ),
    )
