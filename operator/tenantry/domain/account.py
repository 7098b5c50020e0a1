"""The account: a row of the identity store with all that belongs to it, as one value."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tenantry.domain.capacity import Capacity, CapacityKind
from tenantry.domain.login import login_key
from tenantry.specs.licensepool import LicenseType
from tenantry.specs.user import AccountState
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_deletion import DeletionMode
from tenantry.specs.workgroup_login import OnboardingMode


class Manager(StrEnum):
    """Who owns an account; another manager's write is refused (design §1)."""

    KUBERNETES = "kubernetes"
    API = "api"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Member:
    """What an account has in one workgroup. ``since``: when its role took what it counts against."""

    workgroup: str
    since: datetime
    kind: MembershipKind = MembershipKind.MEMBER
    role: str | None = None
    groups: tuple[str, ...] = ()
    access: tuple[tuple[str, str], ...] = ()
    scopes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    notifications: tuple[str, ...] = ()
    default_module: str | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """The right of the account to exist under a license type."""

    pool: str
    type: LicenseType
    granted: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A place in the waiting list: ordered by (since, resource uid).

    Without capacities it is a place kept for one that lost its seat and is refused for something else just now.
    """

    since: datetime
    capacities: frozenset[Capacity]


@dataclass(frozen=True, slots=True)
class Password:
    """A password, as its argon2id hash. ``history`` holds earlier hashes, newest first.

    ``source`` tells which version of which Secret was last looked at, so that an unchanged one is not read twice.
    ``expires`` is absent where the policy, or the User, lets it last. ``applied`` is the hash of what the Secret last
    gave, where the person has chosen another since: that value does not come back until the Secret has a new one.
    """

    hash: str
    changed: datetime
    history: tuple[str, ...] = ()
    source: str = ""
    expires: datetime | None = None
    applied: str = ""

    @property
    def choice(self) -> tuple[datetime, tuple[str, ...]]:
        """Return what tells it from another password. The hash does not: it is made anew once it costs too little."""
        return self.changed, self.history


class Pending(StrEnum):
    """What the person has yet to do before the account can be used."""

    NOTHING = ""
    INVITATION = "Invitation"
    SIGN_UP = "SignUp"
    VERIFICATION = "Verification"


@dataclass(frozen=True, slots=True)
class Onboarding:
    """How far the person has come: each time is absent until it happened.

    ``mode`` and ``must_verify`` are what the policies in force ask of the person; ``mode`` is Provisioned for one who
    has come. ``invited``, ``expires`` and ``invited_address`` belong to the last invitation. ``joined``: the account
    came into use, by the person or because nothing was asked. ``email_verified`` goes with ``verified_address``.
    ``resend_obeyed``: the latest spec.invitationResendTime that was acted on; ``resend_asked``: the same by the API.
    """

    mode: OnboardingMode = OnboardingMode.PROVISIONED
    must_verify: bool = False
    invited: datetime | None = None
    expires: datetime | None = None
    invited_address: str = ""
    joined: datetime | None = None
    email_verified: datetime | None = None
    verified_address: str = ""
    resend_obeyed: datetime | None = None
    resend_asked: datetime | None = None

    @property
    def pending(self) -> Pending:
        """Return what the person has yet to do."""
        match self.mode:
            case OnboardingMode.INVITATION:
                return Pending.INVITATION
            case OnboardingMode.SIGN_UP:
                return Pending.SIGN_UP
            case OnboardingMode.PROVISIONED:
                return Pending.VERIFICATION if self.must_verify and self.email_verified is None else Pending.NOTHING

    def has_lapsed(self, now: datetime) -> bool:
        """Tell whether the invitation ran out before anybody accepted it."""
        return self.pending is Pending.INVITATION and _is_past(self.expires, now)

    def has_proof_of(self, address: str) -> bool:
        """Tell whether it was shown that this address is the person's; one is the same however it is spelled."""
        return bool(self.verified_address) and login_key(self.verified_address) == login_key(address)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stays of a deleted account."""

    deleted: datetime
    mode: DeletionMode


@dataclass(frozen=True, slots=True)
class Account:
    """One account and all its rows.

    ``scope`` is empty, or the workgroup of a system user. ``provisioned`` tells that it once was in force: such an
    account is never dropped, only deleted. ``former_workgroups`` are those it was deleted from, of a tombstone all that
    it was in, ``evicted_from`` those it had its place in until its seat was taken back. ``mailbox`` tells which version
    of its Secret was looked at last. ``locked``: since when a person keeps it from logging in (MM-12); no spec says so.
    ``reset_obeyed`` and ``sessions_not_before``: the latest times of spec.passwordResetRequestTime and
    spec.sessionsNotBeforeTime that were acted on (MM-13, MM-14). ``going``: its User is deleted, and only what it holds
    keeps it (NR-16).
    """

    id: str
    user_name: str
    login_key: str
    manager: Manager
    created: datetime
    scope: str = ""
    resource_uid: str | None = None
    active: bool = True
    can_log_in: bool = True
    profile: dict[str, Any] | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    preferences: tuple[tuple[str, str], ...] = ()
    restored_preferences: tuple[tuple[str, str], ...] = ()
    assigned: tuple[tuple[str, int], ...] = ()
    password: Password | None = None
    onboarding: Onboarding = Onboarding()
    mailbox: str = ""
    members: tuple[Member, ...] = ()
    former_workgroups: frozenset[str] = frozenset()
    evicted_from: frozenset[str] = frozenset()
    seat: Seat | None = None
    waiting: Waiting | None = None
    tombstone: Tombstone | None = None
    locked: datetime | None = None
    reset_obeyed: datetime | None = None
    sessions_not_before: datetime | None = None
    provisioned: bool = False
    going: bool = False

    @property
    def in_force(self) -> bool:
        """Tell whether the account has its place: a new one that waits, or an evicted one, has none."""
        return bool(self.members)

    def state(self, now: datetime) -> AccountState:
        """Return the state that status and lists show."""
        if self.going:
            return AccountState.DELETING
        lapsed = self.onboarding.has_lapsed(now)
        if self.manager is not Manager.SYSTEM and not self.in_force:
            return AccountState.INVITATION_EXPIRED if lapsed and self.waiting is None else AccountState.WAITING
        if not self.active:
            return AccountState.INACTIVE
        if self.locked is not None:
            return AccountState.LOCKED
        if self.onboarding.pending is not Pending.NOTHING:
            return self._state_pending(lapsed=lapsed)
        past = self.password is not None and _is_past(self.password.expires, now)
        return AccountState.PASSWORD_EXPIRED if past else AccountState.ACTIVE

    def _state_pending(self, *, lapsed: bool) -> AccountState:
        if self.onboarding.pending is not Pending.INVITATION:
            return AccountState.UNVERIFIED
        return AccountState.INVITATION_EXPIRED if lapsed else AccountState.INVITED

    @property
    def address(self) -> str:
        """Return the email address to write to by the profile; empty where it has none."""
        emails = (self.profile or {}).get("emails", ())
        return next((str(e["value"]) for e in sorted(emails, key=lambda e: not e.get("primary"))), "")

    @property
    def serving_address(self) -> str:
        """Return the address that serves: until a new one is verified, where that is asked for, the one before it."""
        onboarding = self.onboarding
        proven = onboarding.verified_address if onboarding.joined is not None and onboarding.must_verify else ""
        return proven or self.address

    @property
    def email_key(self) -> str | None:
        """Return the key of the address that the account logs in by where a workgroup asks for that."""
        address = self.serving_address
        return login_key(address) if address else None

    @property
    def memberships(self) -> frozenset[str]:
        """Return the workgroups that the account is a member of, not only available to."""
        return frozenset(m.workgroup for m in self.members if m.kind is MembershipKind.MEMBER)

    @property
    def homes(self) -> frozenset[str]:
        """Return the workgroups that the account is a member of, or was until its seat was taken back."""
        return self.memberships | self.evicted_from

    def member_of(self, workgroup: str) -> Member | None:
        """Return the membership in that workgroup, or None."""
        return next((m for m in self.members if m.workgroup == workgroup), None)

    def with_active(self, *, active: bool) -> "Account":
        """Return the account switched on or off: switching off must work whatever else is wrong."""
        return self if self.active == active else replace(self, active=active)


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def seat_capacity(seat: Seat) -> Capacity:
    """Return what a seat counts against."""
    return Capacity(CapacityKind.LICENSE, seat.pool, seat.type)
