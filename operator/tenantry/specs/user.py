"""User: one account."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from tenantry.specs.base import (
    IMMUTABLE,
    LanguageTag,
    ObjectStatus,
    Reference,
    SecretKeyRef,
    SpecModel,
    Text,
    Timestamp,
    TimezoneName,
    cel,
    list_map,
    rules,
)
from tenantry.specs.licensepool import LicenseType
from tenantry.specs.user_membership import Membership, MembershipKind, Offboarding
from tenantry.specs.user_profile import Address, Email, EmailIntegration, PersonName, Phone, TextAlertRequest
from tenantry.specs.workgroup_login import EmailVerification
from tenantry.specs.workgroup_profile import UserType

# Patterns are read by three engines (Go in the API server, Rust in pydantic, Python in `validate`), and \s is not the
# same to them: ASCII to the first, Unicode to the others. So spaces are spelled out.
#: No ASCII space at the edges; what else is refused (other spaces, controls, ignorables) is for domain.login to say.
UserName = Annotated[str, StringConstraints(min_length=1, max_length=254, pattern=r"^[^\t\n\f\r ](.*[^\t\n\f\r ])?$")]


class OnExisting(StrEnum):
    """What to do when the login belonged to a deleted account, or belongs to one that the runtime API made."""

    REFUSE = "Refuse"
    RESTORE = "Restore"
    ADOPT = "Adopt"


class ExpiryChoice(StrEnum):
    """Whether the password of this account expires, where the workgroup leaves that open."""

    ENFORCED = "Enforced"
    NONE = "None"


class AccountState(StrEnum):
    """The state of the account; conditions speak of the spec."""

    ACTIVE = "Active"
    INVITED = "Invited"
    INVITATION_EXPIRED = "InvitationExpired"
    UNVERIFIED = "Unverified"
    PASSWORD_EXPIRED = "PasswordExpired"  # noqa: S105 - a state
    INACTIVE = "Inactive"
    LOCKED = "Locked"
    WAITING = "Waiting"
    REFUSED = "Refused"
    DELETING = "Deleting"


class LicenseRequest(SpecModel):
    """The seat this account takes."""

    type: LicenseType = Field(description="Static, Floating or Restricted, from the workgroups' LicensePool.")


class Attribute(SpecModel):
    """The value of an attribute that a workgroup defines."""

    name: Reference = Field(description="The attribute's name.")
    value: Text = Field(description="The value, in the attribute's format.")


class Preference(SpecModel):
    """The value of a preference that a workgroup defines."""

    name: Reference = Field(description="The preference's name.")
    value: Reference = Field(description="One of the preference's values.")


class PasswordRequest(SpecModel):
    """Where the password comes from."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel(
                "has(self.secretKeyRef) || has(self.expiry)",
                "give secretKeyRef, expiry, or both; or leave out password",
            )
        )
    )

    secret_key_ref: SecretKeyRef | None = Field(
        default=None, description="The Secret's key that holds the password, in UTF-8."
    )
    expiry: ExpiryChoice | None = Field(
        default=None,
        description=(
            "Whether the password expires, where the workgroup's password.expiry is Optional: Enforced, which is what "
            "an absent field means, or None, which is advised against."
        ),
    )


class UserSpec(SpecModel):
    """One account: who it is, where it belongs, and which license seats it."""

    user_name: UserName = Field(
        description="The login: unique in the namespace whatever its case, and immutable.",
        json_schema_extra=rules(cel(IMMUTABLE, "userName cannot change; delete this User and make another")),
    )
    display_name: Text | None = Field(default=None, description="The name to show.")
    name: PersonName = Field(default=PersonName(), description="The parts of the person's name.")
    user_type: UserType = Field(
        default=UserType.INTERNAL, description="Internal or External; independent of the license type."
    )
    organization: Text | None = Field(default=None, description="The company; lists are grouped by it.")
    emails: tuple[Email, ...] = Field(
        default=(),
        max_length=8,
        description="Email addresses. The primary one, else the first, gets the notifications.",
        json_schema_extra=list_map("value")
        | rules(cel("self.filter(e, e.primary).size() <= 1", "at most one email can be primary")),
    )
    phone_numbers: tuple[Phone, ...] = Field(
        default=(), max_length=8, description="Phone numbers.", json_schema_extra=list_map("type", "value")
    )
    addresses: tuple[Address, ...] = Field(
        default=(), max_length=4, description="Postal addresses.", json_schema_extra=list_map("type")
    )
    preferred_language: LanguageTag | None = Field(
        default=None, description="Language tag (RFC 5646), such as en or de-AT."
    )
    timezone: TimezoneName | None = Field(
        default=None,
        description="Time zone of the person by its IANA name, such as Europe/Vienna. Passed on; not looked up.",
    )
    comment: Annotated[str, StringConstraints(max_length=4096)] | None = Field(
        default=None, description="A note for administrators."
    )
    active: bool = Field(default=True, description="Whether the account may be used. An inactive one keeps its seat.")
    license: LicenseRequest | None = Field(
        default=None, description="The seat this account takes; absent means none, whatever the workgroups."
    )
    workgroups: tuple[Membership, ...] = Field(
        min_length=1,
        max_length=16,
        description=(
            "The workgroups this account has access to, and what it is given in each. Removing an entry deletes the "
            "membership as the workgroup's deletion policy says; the account and its other memberships stay."
        ),
        json_schema_extra=list_map("workgroupRef"),
    )
    attributes: tuple[Attribute, ...] = Field(
        default=(),
        max_length=32,
        description="Values of the workgroups' attributes.",
        json_schema_extra=list_map("name"),
    )
    preferences: tuple[Preference, ...] = Field(
        default=(),
        max_length=32,
        description="Values of the workgroups' preferences; one that is omitted has its default.",
        json_schema_extra=list_map("name"),
    )
    password: PasswordRequest | None = Field(
        default=None, description="Where the password comes from; applied whenever the Secret's value changes."
    )
    email_verification: EmailVerification | None = Field(
        default=None,
        description=(
            "Required: log-in waits until the person has shown that the email address is theirs. Assumed: it does not. "
            "Absent means as the workgroups say; of two that differ, Required. Once verified, a new address is to be "
            "verified too; until then the one before it serves."
        ),
    )
    text_alerts: TextAlertRequest | None = Field(
        default=None, description="Alerts by text message; they need a phone number and a carrier."
    )
    email_integration: EmailIntegration | None = Field(
        default=None,
        description="The mailbox that the application sends from. A broken one is reported, and blocks nothing.",
    )
    invitation_resend_time: Timestamp | None = Field(
        default=None,
        description="Send the invitation once more; each time is obeyed once, when it has come.",
    )
    password_reset_request_time: Timestamp | None = Field(
        default=None,
        description="Mail a link by which the person chooses another password; each time is obeyed once.",
    )
    sessions_not_before_time: Timestamp | None = Field(
        default=None,
        description=(
            "End every log-in of this account that started before this time; each time is obeyed once, as soon as it "
            "is seen. Set it to the time of now to log the account out of every device."
        ),
    )
    offboarding: Offboarding = Field(
        default=Offboarding(), description="What is to become of what the account holds, when it is deleted."
    )
    on_existing: OnExisting = Field(
        default=OnExisting.REFUSE,
        description=(
            "Refuse a login that is taken; Restore the account of this login that was deleted before and is "
            "restorable; Adopt the one that the runtime API made: it keeps its id, seat, password and sessions."
        ),
    )

    @property
    def password_ref(self) -> SecretKeyRef | None:
        """Return the Secret's key that holds the password, where there is one."""
        return self.password.secret_key_ref if self.password is not None else None

    @property
    def mailbox_ref(self) -> SecretKeyRef | None:
        """Return the Secret's key that holds the mailbox's credential, where there is one."""
        return self.email_integration.secret_key_ref if self.email_integration is not None else None


class SeatStatus(SpecModel):
    """The seat of the account."""

    type: LicenseType | None = Field(default=None, description="The license type of the seat held.")
    pool: Annotated[str, StringConstraints(max_length=253)] | None = Field(
        default=None, description="The LicensePool that gave it."
    )
    waiting_since_time: Timestamp | None = Field(
        default=None, description="Since when the account waits for a seat or a limit."
    )


class AssignedValue(SpecModel):
    """A value that the store assigned."""

    name: Annotated[str, StringConstraints(max_length=63)] = Field(description="The attribute's name.")
    value: Annotated[str, StringConstraints(max_length=63)] = Field(description="The value; never changed or reused.")


class MembershipStatus(SpecModel):
    """What the account has in one workgroup."""

    workgroup_ref: Annotated[str, StringConstraints(max_length=253)] = Field(description="The Workgroup.")
    membership: MembershipKind = Field(description="Member, or Available.")
    role: Annotated[str, StringConstraints(max_length=63)] | None = Field(default=None, description="The role.")
    groups: tuple[Annotated[str, StringConstraints(max_length=63)], ...] = Field(
        default=(), max_length=16, description="The groups: the spec's, else the default for the license type."
    )


class PasswordStatus(SpecModel):
    """The password, as far as it can be told."""

    changed_time: Timestamp | None = Field(default=None, description="When the password last changed.")
    expiration_time: Timestamp | None = Field(
        default=None, description="From when on only another change is possible; absent where it does not expire."
    )


class InvitationStatus(SpecModel):
    """The invitation, as far as it can be told."""

    sent_time: Timestamp | None = Field(default=None, description="When it was last sent.")
    expiration_time: Timestamp | None = Field(default=None, description="Until when it can be accepted.")
    accepted_time: Timestamp | None = Field(default=None, description="When it was accepted.")


class HoldingCount(SpecModel):
    """How many of one kind the account holds in one workgroup."""

    workgroup_ref: Annotated[str, StringConstraints(max_length=253)] = Field(description="The Workgroup.")
    kind: Annotated[str, StringConstraints(max_length=63)] = Field(description="The kind.")
    count: int = Field(description="How many.")


class UserStatus(ObjectStatus):
    """The account behind this User."""

    state: AccountState | None = Field(default=None, description="The state of the account.")
    account_id: Annotated[str, StringConstraints(max_length=63)] | None = Field(
        default=None, description="The account in the identity store; it stays the same over a restore."
    )
    license: SeatStatus | None = Field(default=None, description="The seat held or waited for.")
    assigned: tuple[AssignedValue, ...] = Field(
        default=(), max_length=32, description="Values assigned by the store.", json_schema_extra=list_map("name")
    )
    preferences: tuple[Preference, ...] = Field(
        default=(),
        max_length=32,
        description="The preferences in force: given, restored, or by default.",
        json_schema_extra=list_map("name"),
    )
    workgroups: tuple[MembershipStatus, ...] = Field(
        default=(),
        max_length=16,
        description="What is in force in each workgroup. It differs from the spec while the spec is refused or waits.",
        json_schema_extra=list_map("workgroupRef"),
    )
    password: PasswordStatus | None = Field(default=None, description="The password.")
    invitation: InvitationStatus | None = Field(default=None, description="The invitation, where one was sent.")
    email_verified_time: Timestamp | None = Field(default=None, description="When the email address was verified.")
    holdings: tuple[HoldingCount, ...] = Field(
        default=(),
        max_length=64,
        description="What the account holds and keeps it, or a membership, from being deleted.",
        json_schema_extra=list_map("workgroupRef", "kind"),
    )
