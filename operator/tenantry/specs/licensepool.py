"""LicensePool: what was bought."""

from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from tenantry.specs.base import (
    Count,
    Name,
    ObjectName,
    ObjectStatus,
    Reference,
    SpecModel,
    Text,
    Timestamp,
    cel,
    list_map,
    rules,
)

#: The most accounts that share one floating license (NR-04).
_FLOATING_ACCOUNTS = 10
#: How long a log-in outlives its last heartbeat where no pool says otherwise.
DEFAULT_LEASE_SECONDS = 300


class LicenseType(StrEnum):
    """The three ways a license seats an account."""

    STATIC = "Static"
    FLOATING = "Floating"
    RESTRICTED = "Restricted"


class ReductionPolicy(StrEnum):
    """What happens to the accounts above a capacity that was lowered."""

    KEEP = "Keep"
    EVICT = "Evict"


class SessionConflict(StrEnum):
    """What becomes of a log-in while the account has a session already and may have one only."""

    REFUSE = "Refuse"
    TAKE_OVER = "TakeOver"


class Plan(SpecModel):
    """The subscription plan, as far as it decides what may be bought and who may be let in."""

    name: Name = Field(description="The plan's name as the vendor calls it; for people.")
    add_ons_allowed: bool = Field(
        default=True, description="Whether this plan can be extended by add-ons. Where false, every addOns must be 0."
    )
    multiple_accounts: bool = Field(
        default=True,
        description="Whether this plan has accounts beside the subscriber's own. Where false, every User is refused.",
    )


class Owner(SpecModel):
    """Who the subscription belongs to."""

    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@<>, \t\n\f\r]+@[^@<>, \t\n\f\r]+$")] = Field(
        description="Is mailed what a change of plan, licenses or limits altered."
    )


class License(SpecModel):
    """A number of licenses of one type."""

    type: LicenseType = Field(
        description=(
            "Static seats one account a license. Floating seats several accounts a license, one of them logged in at a "
            "time. Restricted is like Static, with a ceiling on what may be done."
        )
    )
    quantity: Annotated[int, Field(ge=0, le=1_000_000)] = Field(description="How many licenses were bought.")
    accounts_per_license: Annotated[int, Field(ge=1, le=_FLOATING_ACCOUNTS)] | None = Field(
        default=None, description="How many accounts share one license, 10 where it is absent. Floating only."
    )

    @property
    def capacity(self) -> int:
        """Return how many accounts these licenses seat (NR-03 to NR-05)."""
        shared = _FLOATING_ACCOUNTS if self.type is LicenseType.FLOATING else 1
        return self.quantity * (self.accounts_per_license or shared)


class RoleReference(SpecModel):
    """A role of a workgroup."""

    workgroup_ref: ObjectName = Field(description="The Workgroup that defines the role; it may not exist yet.")
    role: Reference = Field(description="The role's name in that workgroup.")


class Limit(SpecModel):
    """A count that a subscription sets on what named roles consume."""

    name: Name = Field(description="The limit's name, used in messages and in status.")
    included: Count = Field(default=0, description="How many accounts the subscription itself includes.")
    add_ons: Count = Field(default=0, description="How many more were bought as add-ons.")
    consumed_by: tuple[RoleReference, ...] = Field(
        min_length=1,
        max_length=64,
        description="The roles whose holders count against this limit; an account counts once, whatever it holds.",
        json_schema_extra=list_map("workgroupRef", "role"),
    )

    @property
    def capacity(self) -> int:
        """Return how many accounts this limit lets in."""
        return self.included + self.add_ons


class Reduction(SpecModel):
    """What happens when a capacity falls below what is in use."""

    policy: ReductionPolicy = Field(
        default=ReductionPolicy.KEEP,
        description="Keep leaves seated accounts where they are and grants nothing new. Evict takes the newest seats.",
    )
    grace_days: Annotated[int, Field(ge=0, le=365)] = Field(
        default=30, description="Days between the fall of the capacity and the eviction. Evict only."
    )


class PoolSessions(SpecModel):
    """What a log-in with a license of this pool is."""

    lease_seconds: Annotated[int, Field(ge=6, le=86_400)] = Field(
        default=DEFAULT_LEASE_SECONDS,
        description="Seconds after the last heartbeat until a log-in ends; applications send one every third of it.",
    )
    on_conflict: SessionConflict = Field(
        default=SessionConflict.REFUSE,
        description=(
            "Where an account may be logged in once only and is already: Refuse the second log-in, or let it TakeOver "
            "and end the first."
        ),
    )


_ADD_ONS_ALLOWED = cel(
    "!has(self.plan) || self.plan.addOnsAllowed || !has(self.limits) || self.limits.all(l, l.addOns == 0)",
    "this plan allows no add-ons: every limits[].addOns must be 0, or plan.addOnsAllowed true",
    ".limits",
)
_FLOATING_ONLY = cel(
    "self.type == 'Floating' || !has(self.accountsPerLicense)",
    "accountsPerLicense is for Floating licenses; Static and Restricted seat one account each",
    ".accountsPerLicense",
)
License.model_config["json_schema_extra"] = rules(_FLOATING_ONLY)


class LicensePoolSpec(SpecModel):
    """What was bought: licenses by type, limits with add-ons, and what happens when either shrinks."""

    model_config = ConfigDict(json_schema_extra=rules(_ADD_ONS_ALLOWED))

    display_name: Text | None = Field(default=None, description="The pool's name for people.")
    plan: Plan | None = Field(default=None, description="The subscription plan; absent means no restriction by plan.")
    owner: Owner | None = Field(default=None, description="The subscription's owner; absent: nobody is mailed.")
    licenses: tuple[License, ...] = Field(
        default=(),
        max_length=3,
        description="How many licenses of each type. A type that is not listed has no seat.",
        json_schema_extra=list_map("type"),
    )
    limits: tuple[Limit, ...] = Field(
        default=(),
        max_length=32,
        description="Counts on what named roles consume. Once there is one, every role must be in a limit or free.",
        json_schema_extra=list_map("name"),
    )
    free_roles: tuple[RoleReference, ...] = Field(
        default=(),
        max_length=256,
        description="Roles that count against no limit.",
        json_schema_extra=list_map("workgroupRef", "role"),
    )
    when_reduced: Reduction = Field(
        default=Reduction(), description="What happens to accounts above a capacity that was lowered."
    )
    sessions: PoolSessions = Field(default=PoolSessions(), description="How log-ins with these licenses last and end.")

    @cached_property
    def limits_by_role(self) -> dict[tuple[str, str], list[str]]:
        """Return the names of the limits that each role, as (workgroup, role), counts against."""
        found: dict[tuple[str, str], list[str]] = {}
        for limit in self.limits:
            for role in limit.consumed_by:
                found.setdefault((role.workgroup_ref, role.role), []).append(limit.name)
        return found


class LoginUsage(SpecModel):
    """The log-ins of one license type, at most every two seconds."""

    capacity: int = Field(description="How many can be logged in at a time.")
    active: int = Field(description="How many are logged in now.")
    peak: int = Field(description="The most that were logged in at a time.")
    denied: int = Field(description="How many log-ins found every license in use; one that tries again counts once.")


class LicenseUsage(SpecModel):
    """The accounts of one license type."""

    type: LicenseType = Field(description="The license type.")
    purchased: int = Field(description="Licenses bought.")
    capacity: int = Field(description="Accounts that these licenses seat.")
    used: int = Field(description="Accounts seated.")
    waiting: int = Field(description="Accounts waiting for a seat.")
    logins: LoginUsage | None = Field(default=None, description="The log-ins with these licenses, once there was one.")


class LimitUsage(SpecModel):
    """The accounts under one limit."""

    name: Annotated[str, StringConstraints(max_length=63)] = Field(description="The limit's name.")
    capacity: int = Field(description="Accounts that the limit lets in: included and add-ons.")
    used: int = Field(description="Accounts that hold a role of this limit.")
    waiting: int = Field(description="Accounts waiting for this limit.")


class LicensePoolStatus(ObjectStatus):
    """What is in use, counted from the rows of the store in the transaction that last changed them."""

    licenses: tuple[LicenseUsage, ...] = Field(
        default=(), max_length=3, description="Use by license type.", json_schema_extra=list_map("type")
    )
    limits: tuple[LimitUsage, ...] = Field(
        default=(), max_length=32, description="Use by limit.", json_schema_extra=list_map("name")
    )
    capacity: int | None = Field(default=None, description="Accounts that all licenses and limits let in.")
    used: int | None = Field(default=None, description="Accounts that hold a seat or count against a limit.")
    free: int | None = Field(default=None, description="Capacity not in use; never below 0.")
    waiting: int | None = Field(default=None, description="Accounts waiting for a seat or a limit.")
    reduced_time: Timestamp | None = Field(
        default=None, description="When a capacity fell below what was in use, the first of them where several did."
    )
