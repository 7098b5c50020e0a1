"""Acts: times in the spec of a User, each of which is obeyed once (design §2, decision 11)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from tenantry.domain.account import Account
from tenantry.domain.observed import Observed
from tenantry.domain.password import takes_password
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.user_context import UserContext
from tenantry.specs import UserSpec

_RESET = "spec.passwordResetRequestTime"
#: A time that lies further ahead than clocks differ is a mistake, not an act.
_MOST_AHEAD = timedelta(minutes=5)
_RESET = "spec.passwordResetRequestTime"


def acts_of(spec: UserSpec) -> Iterator[tuple[str, str, datetime]]:
    """Yield the acts that a spec asks for: the field, the time as it is written, and the time."""
    written = {
        "spec.invitationResendTime": spec.invitation_resend_time,
        "spec.sessionsNotBeforeTime": spec.sessions_not_before_time,
        _RESET: spec.password_reset_request_time,
    }
    return ((field, text, datetime.fromisoformat(text)) for field, text in written.items() if text)


def check_acts(ctx: UserContext) -> Iterator[Refusal]:
    """An act is asked for now, not in advance."""
    for field, text, asked in acts_of(ctx.spec):
        if asked > ctx.snapshot.now + _MOST_AHEAD:
            yield Refusal(Reason.TIME_IN_FUTURE, field, f"{text} lies ahead; give a time of now")
    takes_none = ctx.knows_all_policies and not any(map(takes_password, ctx.policies))
    if ctx.spec.password_reset_request_time is not None and takes_none:
        message = "every workgroup of this account compares passwords in a directory; remove it"
        yield Refusal(Reason.PASSWORD_NOT_APPLICABLE, _RESET, message)


def is_asked(asked: datetime | None, since: datetime, now: datetime) -> bool:
    """Tell whether an act is to be obeyed now: its time is later than the last one obeyed, and has come."""
    return asked is not None and since < asked <= now + _MOST_AHEAD


def next_act(spec: UserSpec, now: datetime) -> datetime | None:
    """Return when the time of an act comes that lies ahead."""
    comes = (asked - _MOST_AHEAD for _, _, asked in acts_of(spec))
    return min((moment for moment in comes if moment > now), default=None)


def obey_sessions(user: Observed[UserSpec], account: Account, now: datetime) -> Account:
    """Return the account with the log-ins ended that its User wants ended, whatever else its spec is worth (MM-14)."""
    text = user.spec.sessions_not_before_time if user.spec is not None else None
    asked = datetime.fromisoformat(text) if text else None
    since = account.sessions_not_before or user.created
    return replace(account, sessions_not_before=asked) if is_asked(asked, since, now) else account
