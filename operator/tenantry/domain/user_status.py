"""The status of a User, from its account's row."""

from collections.abc import Iterable
from datetime import datetime

from tenantry.domain.account import Account, Onboarding, Password
from tenantry.domain.holding import Held
from tenantry.domain.reason import Reason, Settles
from tenantry.domain.status import rfc3339
from tenantry.specs import UserStatus
from tenantry.specs.user import (
    AccountState,
    AssignedValue,
    HoldingCount,
    InvitationStatus,
    MembershipStatus,
    PasswordStatus,
    Preference,
    SeatStatus,
)

_MOST_KINDS = 64


def describe_user(generation: int, account: Account | None, reason: Reason, now: datetime) -> UserStatus:
    """Return the status without its conditions. Without a row the account is Refused, or Waiting for what may come."""
    if account is None:
        state = AccountState.REFUSED if reason.settles is Settles.PERSON else AccountState.WAITING
        return UserStatus(observed_generation=generation, state=state)
    return UserStatus(
        observed_generation=generation,
        state=account.state(now),
        account_id=account.id,
        license=_seat(account),
        assigned=tuple(AssignedValue(name=n, value=str(v)) for n, v in account.assigned),
        preferences=tuple(Preference(name=n, value=v) for n, v in account.preferences) if account.in_force else (),
        workgroups=tuple(
            MembershipStatus(workgroup_ref=m.workgroup, membership=m.kind, role=m.role, groups=m.groups)
            for m in account.members
        ),
        password=_password(account.password),
        invitation=_invitation(account.onboarding),
        email_verified_time=_verified(account),
    )


def with_holdings(status: UserStatus, left: Iterable[Held]) -> UserStatus:
    """Return the status with what the account holds and must be settled first; as many kinds as the schema lets in."""
    counts: dict[tuple[str, str], int] = {}
    for held in left:
        counts[held.workgroup, held.kind] = counts.get((held.workgroup, held.kind), 0) + held.count
    shown = sorted(counts.items())[:_MOST_KINDS]
    holdings = tuple(HoldingCount(workgroup_ref=w, kind=kind, count=count) for (w, kind), count in shown)
    return status.model_copy(update={"holdings": holdings})


def _password(password: Password | None) -> PasswordStatus | None:
    if password is None:
        return None
    return PasswordStatus(changed_time=rfc3339(password.changed), expiration_time=_time(password.expires))


def _invitation(onboarding: Onboarding) -> InvitationStatus | None:
    if onboarding.invited is None:
        return None
    open_until = _time(onboarding.expires) if onboarding.joined is None else None
    return InvitationStatus(
        sent_time=rfc3339(onboarding.invited), expiration_time=open_until, accepted_time=_time(onboarding.joined)
    )


def _verified(account: Account) -> str | None:
    proven = account.onboarding.has_proof_of(account.address)
    return _time(account.onboarding.email_verified) if proven else None


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment is not None else None


def _seat(account: Account) -> SeatStatus | None:
    if account.seat is None and account.waiting is None:
        return None
    return SeatStatus(
        type=account.seat.type if account.seat else None,
        pool=account.seat.pool if account.seat else None,
        waiting_since_time=rfc3339(account.waiting.since) if account.waiting else None,
    )
