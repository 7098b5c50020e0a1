"""The account: a row of the identity store with all that belongs to it, as one value."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tenantry.domain.capacity import Capacity, CapacityKind
from tenantry.specs.licensepool import LicenseType
from tenantry.specs.user import AccountState, MembershipKind
from tenantry.specs.workgroup_deletion import DeletionMode


class Manager(StrEnum):
    """Who owns an account; another manager's write is refused (design §1)."""

    KUBERNETES = "kubernetes"
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
    """

    hash: str
    changed: datetime
    history: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stays of a deleted account."""

    deleted: datetime
    mode: DeletionMode


@dataclass(frozen=True, slots=True)
class Account:
    """One account and all its rows.

    ``scope`` is empty, or the workgroup of a system user. ``provisioned`` tells that it once was in force: such an
    account is never dropped, only deleted. ``former_workgroups`` are those it was deleted from, ``evicted_from`` those
    it had its place in until its seat was taken back.
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
    members: tuple[Member, ...] = ()
    former_workgroups: frozenset[str] = frozenset()
    evicted_from: frozenset[str] = frozenset()
    seat: Seat | None = None
    waiting: Waiting | None = None
    tombstone: Tombstone | None = None
    provisioned: bool = False

    @property
    def in_force(self) -> bool:
        """Tell whether the account has its place: a new one that waits, or an evicted one, has none."""
        return bool(self.members)

    @property
    def state(self) -> AccountState:
        """Return the state that status and lists show."""
        if not self.in_force and self.manager is not Manager.SYSTEM:
            return AccountState.WAITING
        return AccountState.ACTIVE if self.active else AccountState.INACTIVE

    def member_of(self, workgroup: str) -> Member | None:
        """Return the membership in that workgroup, or None."""
        return next((m for m in self.members if m.workgroup == workgroup), None)

    def with_active(self, *, active: bool) -> "Account":
        """Return the account switched on or off: switching off must work whatever else is wrong."""
        return self if self.active == active else replace(self, active=active)


def seat_capacity(seat: Seat) -> Capacity:
    """Return what a seat counts against."""
    return Capacity(CapacityKind.LICENSE, seat.pool, seat.type)
