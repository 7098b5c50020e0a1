"""Sessions: who may log in, with which license, and what ends a log-in (NR-01, NR-03 to NR-05, MM-12, MM-17)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tenantry.domain.account import Account, Manager
from tenantry.domain.audit import Change
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.snapshot import PoolPolicy, WorkgroupPolicy
from tenantry.specs.licensepool import DEFAULT_LEASE_SECONDS, LicenseType, SessionConflict
from tenantry.specs.user import AccountState
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_login import AuthenticationMode, SessionsPerAccount

#: An application sends this many heartbeats within a lease, so that one that is lost ends nothing.
_HEARTBEATS = 3


class SessionEnd(StrEnum):
    """Why a session is over."""

    LOGGED_OFF = "LoggedOff"
    LAPSED = "Lapsed"
    TAKEN_OVER = "TakenOver"
    REVOKED = "Revoked"
    ACCOUNT_CHANGED = "AccountChanged"


def heartbeat_of(lease_seconds: int) -> int:
    """Return how often an application should send a heartbeat, in seconds; who is denied may try as often."""
    return lease_seconds // _HEARTBEATS


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in.

    ``expires`` is when it ends unless a heartbeat comes, ``ends`` when it does in any case. ``slot`` is the number of
    the floating license that it takes, ``exclusive`` what the account may have one session of. ``client`` is the
    application that asked.
    """

    id: str
    account_id: str
    workgroup: str
    client: str
    started: datetime
    lease_seconds: int
    expires: datetime
    ends: datetime | None = None
    pool: str | None = None
    type: LicenseType | None = None
    slot: int | None = None
    exclusive: str | None = None

    @property
    def heartbeat_seconds(self) -> int:
        """Return how often the application should send a heartbeat."""
        return heartbeat_of(self.lease_seconds)

    def extended(self, now: datetime) -> datetime:
        """Return when the session ends after a heartbeat of now."""
        return _lease_end(now, self.lease_seconds, self.ends)


@dataclass(frozen=True, slots=True)
class LogIn:
    """A log-in that may be: in which workgroup, on which license, and what it must not meet."""

    workgroup: WorkgroupPolicy
    pool: PoolPolicy | None
    type: LicenseType | None
    exclusive: str | None

    @property
    def lease_seconds(self) -> int:
        """Return how long a session outlives its last heartbeat."""
        return self.pool.spec.sessions.lease_seconds if self.pool is not None else DEFAULT_LEASE_SECONDS

    @property
    def floats(self) -> bool:
        """Tell whether the log-in takes one of the floating licenses."""
        return self.type is LicenseType.FLOATING

    @property
    def takes_over(self) -> bool:
        """Tell whether a second log-in ends the first."""
        return self.pool is not None and self.pool.spec.sessions.on_conflict is SessionConflict.TAKE_OVER

    def meets(self, session: Session) -> bool:
        """Tell whether the account may not have this session beside it, by the policies of now."""
        if self.exclusive is None:
            return False
        if self.type is None or self.floats:
            return session.workgroup == self.workgroup.name
        return self.pool is not None and session.pool == self.pool.name

    def session(self, id_: str, account_id: str, client: str, slot: int | None, now: datetime) -> Session:
        """Return the session that starts now."""
        most = self.workgroup.spec.sessions.absolute_seconds
        ends = now + timedelta(seconds=most) if most is not None else None
        return Session(
            id=id_,
            account_id=account_id,
            workgroup=self.workgroup.name,
            client=client,
            started=now,
            lease_seconds=self.lease_seconds,
            expires=_lease_end(now, self.lease_seconds, ends),
            ends=ends,
            pool=self.pool.name if self.pool is not None and self.type is not None else None,
            type=self.type,
            slot=slot,
            exclusive=self.exclusive,
        )


@dataclass(frozen=True, slots=True)
class Admission:
    """A log-in as it is let in: on which floating license, and which sessions of the account end for it."""

    slot: int | None = None
    ended: tuple[Session, ...] = ()


def plan_log_in(
    account: Account, workgroup: WorkgroupPolicy, pool: PoolPolicy | None, now: datetime
) -> LogIn | Refusal:
    """Return how the account logs in to a workgroup, or why it cannot; whether a license is free is asked later."""
    refusal = check_log_in(account, workgroup, now)
    if refusal is not None:
        return refusal
    seat = account.seat if pool is not None and account.seat is not None and account.seat.pool == pool.name else None
    exclusive = None
    if seat is not None and seat.type is not LicenseType.FLOATING:
        exclusive = f"LicensePool/{seat.pool}"
    elif workgroup.spec.sessions.per_account is SessionsPerAccount.SINGLE:
        exclusive = f"Workgroup/{workgroup.name}"
    return LogIn(workgroup, pool, seat.type if seat is not None else None, exclusive)


def check_log_in(account: Account, workgroup: WorkgroupPolicy, now: datetime) -> Refusal | None:
    """Return why an account whose password was right has no way in, or None (NR-01, NR-07, TH-16, MM-01, MM-12)."""
    state = account.state(now)
    if state is AccountState.PASSWORD_EXPIRED and not _compares_passwords(workgroup):
        state = AccountState.ACTIVE
    if state in _SHUT:
        reason, message = _SHUT[state]
        return Refusal(reason, "", message)
    if not account.can_log_in:
        if account.manager is Manager.SYSTEM:
            return Refusal(Reason.ACCOUNT_NOT_ACTIVE, "", "this is an account that nobody logs in with")
        return Refusal(Reason.LICENSE_MISSING, "", "a log-in takes a license and the account has none; ask for one")
    member = account.member_of(workgroup.name)
    if member is None or member.kind is not MembershipKind.MEMBER:
        message = f'the account is not a member of Workgroup "{workgroup.name}"; ask to be added to it'
        return Refusal(Reason.NOT_A_MEMBER, "workgroup", message)
    return None


_SHUT = {
    AccountState.DELETING: (Reason.ACCOUNT_NOT_ACTIVE, "the account is being deleted; ask an administrator"),
    AccountState.INACTIVE: (Reason.ACCOUNT_NOT_ACTIVE, "the account is switched off; ask an administrator"),
    AccountState.LOCKED: (Reason.ACCOUNT_LOCKED, "the account is locked; ask an administrator to unlock it"),
    AccountState.INVITED: (
        Reason.INVITATION_PENDING,
        "the invitation was not accepted yet; follow the link in its mail",
    ),
    AccountState.INVITATION_EXPIRED: (
        Reason.INVITATION_EXPIRED,
        "nobody accepted the invitation in time; ask for another",
    ),
    AccountState.UNVERIFIED: (
        Reason.EMAIL_NOT_VERIFIED,
        "the email address was not shown to be yours yet; follow the link in the mail",
    ),
    AccountState.PASSWORD_EXPIRED: (Reason.PASSWORD_EXPIRED, "the password expired; change it: POST account/password"),
    AccountState.WAITING: (
        Reason.ACCOUNT_NOT_ACTIVE,
        "the account waits for a seat; an administrator can see for what",
    ),
}


def _compares_passwords(workgroup: WorkgroupPolicy) -> bool:
    return workgroup.spec.authentication.mode is AuthenticationMode.PASSWORD


def admit(log_in: LogIn, own: Sequence[Session], taken: Collection[int]) -> Admission | Refusal:
    """Let the log-in in, or say why it must wait.

    ``own`` are the live sessions of the account, ``taken`` the floating licenses of the pool that are in use.
    """
    met = [s for s in own if log_in.meets(s)]
    if met and not log_in.takes_over:
        return Refusal(
            Reason.SESSION_LIMIT_REACHED,
            "",
            "the account is logged in already and may be once only; log off there first",
        )
    if not log_in.floats:
        return Admission(ended=tuple(met))
    licenses = next((x.quantity for x in log_in.pool.spec.licenses if x.type is log_in.type), 0) if log_in.pool else 0
    slot = _free_slot(licenses, taken, met)
    if slot is None and log_in.takes_over:
        # Its own oldest log-in gives up its license: nobody else's does.
        oldest = min((s for s in own if s.slot is not None), key=lambda s: s.started, default=None)
        met = list({s.id: s for s in (*met, *([oldest] if oldest is not None else []))}.values())
        slot = _free_slot(licenses, taken, met)
    if slot is None:
        what = "the one floating license is" if licenses == 1 else f"all {licenses} floating licenses are"
        return Refusal(
            Reason.LOGIN_LIMIT_REACHED, "", f"{what} in use; try again when somebody has logged off, or ask for more"
        )
    return Admission(slot, tuple(met))


def _free_slot(licenses: int, taken: Collection[int], ended: Sequence[Session]) -> int | None:
    """Return a floating license that is free once these have ended, or None.

    Since licenses were taken back log-ins may go on that have a number beyond those there are: they count all the same.
    """
    in_use = set(taken) - {session.slot for session in ended}
    return next(n for n in range(licenses) if n not in in_use) if len(in_use) < licenses else None


def ends_by_change(before: Account | None, after: Account | None) -> bool:
    """Tell whether any session of the account, should it have some, ends by a change of it."""
    return _ended_before(before, after) is not None or bool(workgroups_shut(before, after))


def is_revoked(session: Session, before: Account | None, after: Account | None) -> bool:
    """Tell whether the session ends since its User wants those ended that started before a time (MM-14)."""
    until = _ended_before(before, after)
    return until is not None and session.started < until


def _ended_before(before: Account | None, after: Account | None) -> datetime | None:
    """Return the time that an account's sessions must have started after, where a change sets one."""
    if before is None or after is None or before.sessions_not_before == after.sessions_not_before:
        return None
    return after.sessions_not_before


def workgroups_shut(before: Account | None, after: Account | None) -> frozenset[str]:
    """Return the workgroups in which the sessions of an account end by a change of it.

    Those end when the account is switched off, locked, deleted (even if it is kept by what it holds) or evicted, leaves
    the workgroup, or changes its license or its password (TH-16, MM-12, MM-14, design §2, decision 3).
    """
    if before is None:
        return frozenset()
    if after is None or not _stays_open(after) or _rests_on(before) != _rests_on(after):
        return before.memberships
    return before.memberships - after.memberships


def _stays_open(account: Account) -> bool:
    shut = account.tombstone is not None or account.going or account.locked is not None
    return account.active and account.can_log_in and not shut


def _rests_on(account: Account) -> tuple[object, ...]:
    """Return the license and the password that log-ins rest on."""
    license_ = (account.seat.pool, account.seat.type) if account.seat is not None else None
    return license_, account.password.choice if account.password is not None else None


def _lease_end(now: datetime, seconds: int, ends: datetime | None) -> datetime:
    lapses = now + timedelta(seconds=seconds)
    return lapses if ends is None else min(lapses, ends)


def describe_session_start(session: Session) -> Change:
    """Return what is recorded of a log-in."""
    return Change("SessionStarted", "Session", session.account_id, None, _session_facts(session), {})


def describe_session_end(session: Session, why: SessionEnd) -> Change:
    """Return what is recorded of the end of a log-in."""
    facts = {"session": session.id, "why": why.value}
    return Change("SessionEnded", "Session", session.account_id, None, facts, {})


def _session_facts(session: Session) -> dict[str, Any]:
    license_ = [session.pool, session.type.value, session.slot] if session.type is not None else None
    return {"session": session.id, "workgroup": session.workgroup, "license": license_}
