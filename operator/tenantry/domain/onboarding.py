"""How a person comes to use an account: invitation, sign-up, and the proof of the email address (MM-01, TH-15, TH-17).

The runtime API records what the person does; here is what follows from policy, spec and time.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from tenantry.domain.account import Account, Onboarding, Pending
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.status import rfc3339
from tenantry.domain.user_context import UserContext
from tenantry.specs.workgroup_login import EmailVerification, OnboardingMode

_RESEND = "spec.invitationResendTime"
#: A time that lies further ahead than clocks differ is a mistake, not an act.
_MOST_AHEAD = timedelta(minutes=5)


def check_acts(ctx: UserContext) -> Iterator[Refusal]:
    """An act is asked for now, not in advance (design §2, 11)."""
    asked = _resend_time(ctx)
    if asked is not None and asked > ctx.snapshot.now + _MOST_AHEAD:
        message = f"{ctx.spec.invitation_resend_time} lies ahead; give a time of now"
        yield Refusal(Reason.TIME_IN_FUTURE, _RESEND, message)


def plan_onboarding(ctx: UserContext, present: Onboarding) -> Onboarding:
    """Return how far the person is, by policy and spec, at this moment."""
    onboarding = _invite(ctx, present)
    return replace(onboarding, pending=_pending(ctx, onboarding))


def lapsed_onboarding(ctx: UserContext) -> Onboarding | None:
    """Return the onboarding of an account whose invitation ran out and is not to be sent again, else None."""
    if ctx.account is None or ctx.account.onboarding.invited is None:
        return None
    onboarding = plan_onboarding(ctx, ctx.account.onboarding)
    if onboarding.pending is not Pending.INVITATION or onboarding.expires is None:
        return None
    return onboarding if onboarding.expires <= ctx.snapshot.now else None


def lapse_refusal(onboarding: Onboarding) -> Refusal:
    """Return what is told of an invitation that ran out: its seat is free, and a resend queues for one anew."""
    when = rfc3339(onboarding.expires) if onboarding.expires else "some time ago"
    return Refusal(
        Reason.INVITATION_EXPIRED,
        _RESEND,
        f"the invitation expired at {when} and its seat is free again; set this to the time of now to send another",
    )


def check_acceptance(account: Account, now: datetime) -> Refusal | None:
    """Return why nobody can accept or sign up for this account now, or None (MM-01, MM-04, TH-15)."""
    onboarding = account.onboarding
    if onboarding.pending is Pending.INVITATION and onboarding.expires is not None and onboarding.expires <= now:
        return lapse_refusal(onboarding)
    if onboarding.pending in {Pending.INVITATION, Pending.SIGN_UP} and account.in_force and account.active:
        return None
    return Refusal(Reason.NOT_INVITED, "", "this account is not waiting for anybody to accept")


def accept(account: Account, now: datetime) -> Onboarding:
    """Return the onboarding once the person has come; who came by the mail has shown that the address is theirs."""
    invited = account.onboarding.pending is Pending.INVITATION
    verified = now if invited else account.onboarding.email_verified
    return replace(account.onboarding, joined=now, email_verified=verified, pending=Pending.NOTHING)


def verify(account: Account, now: datetime) -> Onboarding:
    """Return the onboarding once the address is shown to be the person's."""
    pending = account.onboarding.pending
    left = Pending.NOTHING if pending is Pending.VERIFICATION else pending
    return replace(account.onboarding, email_verified=now, pending=left)


def next_change(account: Account, now: datetime) -> datetime | None:
    """Return when time alone changes the account's state: its invitation runs out, or its password."""
    invited = account.in_force and account.onboarding.pending is Pending.INVITATION
    moments = (
        account.onboarding.expires if invited else None,
        account.password.expires if account.password is not None and account.in_force else None,
    )
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def _invite(ctx: UserContext, present: Onboarding) -> Onboarding:
    """Send the invitation, or send it once more where that is asked for."""
    hours = [p.onboarding.expiration_hours for p in ctx.policies if p.onboarding.mode is OnboardingMode.INVITATION]
    if not hours or present.joined is not None:
        return present
    asked = _resend_time(ctx)
    since = present.resend_obeyed or ctx.user.created
    again = asked is not None and asked > since and asked <= ctx.snapshot.now + _MOST_AHEAD
    if present.invited is not None and not again:
        return present
    now = ctx.snapshot.now
    return replace(
        present,
        invited=now,
        expires=now + timedelta(hours=min(hours)),
        resend_obeyed=asked if again else present.resend_obeyed,
    )


def _resend_time(ctx: UserContext) -> datetime | None:
    text = ctx.spec.invitation_resend_time
    return datetime.fromisoformat(text) if text else None


def _pending(ctx: UserContext, onboarding: Onboarding) -> Pending:
    modes = {policy.onboarding.mode for policy in ctx.policies}
    if onboarding.joined is None and OnboardingMode.INVITATION in modes:
        return Pending.INVITATION
    if onboarding.joined is None and OnboardingMode.SIGN_UP in modes:
        return Pending.SIGN_UP
    # Who accepted an invitation has shown by that that the address is theirs.
    shown = onboarding.email_verified is not None or (onboarding.joined is not None and onboarding.invited is not None)
    return Pending.VERIFICATION if _must_verify(ctx) and not shown else Pending.NOTHING


def _must_verify(ctx: UserContext) -> bool:
    wanted = (
        {ctx.spec.email_verification} if ctx.spec.email_verification else {p.email_verification for p in ctx.policies}
    )
    return EmailVerification.REQUIRED in wanted
