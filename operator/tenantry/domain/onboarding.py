"""How a person comes to use an account: invitation, sign-up, and the proof of the email address (MM-01, TH-15, TH-17).

The runtime API records what the person does; here is what follows from policy, spec and time. Who once came into use
is not asked to come again, whatever the mode is changed to.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from tenantry.domain.account import Account, Onboarding, Pending
from tenantry.domain.act import is_asked, next_act
from tenantry.domain.login import login_key
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.status import Finding, rfc3339
from tenantry.domain.user_context import UserContext
from tenantry.specs import UserSpec
from tenantry.specs.workgroup_login import EmailVerification, OnboardingMode

_RESEND = "spec.invitationResendTime"


def check_lapse(ctx: UserContext) -> Iterator[Refusal]:
    """An invitation that ran out is sent again when that is asked for, or when it went to another address."""
    if ctx.account is None or not ctx.account.onboarding.has_lapsed(ctx.snapshot.now):
        return
    planned = plan_onboarding(ctx, ctx.account.onboarding)
    if planned.has_lapsed(ctx.snapshot.now):
        yield _lapsed(planned)


def lapse(account: Account, now: datetime) -> Account:
    """Return the account without its place once its invitation ran out: a fact of time, whatever its spec is worth.

    The account and its login stay (design §2, 13).
    """
    if not account.in_force or not account.onboarding.has_lapsed(now):
        return account
    return replace(account, members=(), evicted_from=account.memberships, seat=None, waiting=None)


def plan_onboarding(ctx: UserContext, present: Onboarding) -> Onboarding:
    """Return how far the person is, by policy and spec, at this moment."""
    planned = replace(present, must_verify=_must_verify(ctx))
    if planned.joined is not None:
        return planned
    modes = {policy.onboarding.mode for policy in ctx.policies} or {present.mode}
    if OnboardingMode.INVITATION in modes:
        return _invite(ctx, replace(planned, mode=OnboardingMode.INVITATION))
    planned = replace(planned, invited=None, expires=None, invited_address="")  # the link is of no use any more
    if OnboardingMode.SIGN_UP in modes:
        return replace(planned, mode=OnboardingMode.SIGN_UP)
    return _arrive(planned, _address(ctx.spec), ctx.snapshot.now)


def send_again(ctx: UserContext, account: Account) -> Onboarding:
    """Return the onboarding with the invitation sent once more where that is asked for, and nothing else of the spec.

    The spec is not in force: while it waits for its turn the act is obeyed all the same, to the address there is.
    """
    present = account.onboarding
    open_ = present.pending is Pending.INVITATION
    return _send(ctx, present, present.invited_address) if open_ and _is_asked_again(ctx, present) else present


def reset_again(ctx: UserContext, account: Account | None) -> datetime | None:
    """Return the latest time of spec.passwordResetRequestTime that was obeyed, by now that of the spec if it came."""
    obeyed = account.reset_obeyed if account is not None else None
    asked, since = _time(ctx.spec.password_reset_request_time), obeyed or ctx.user.created
    return asked if is_asked(asked, since, ctx.snapshot.now) else obeyed


def resend(account: Account, hours: int, now: datetime) -> Onboarding:
    """Return the onboarding with the invitation sent once more; one that ran out is asked for where seats are given."""
    asked = replace(account.onboarding, resend_asked=now)
    if not account.in_force or asked.has_lapsed(now):
        return asked
    expires = now + timedelta(hours=hours)
    return replace(asked, invited=now, expires=expires, invited_address=account.address, resend_obeyed=now)


def check_acceptance(account: Account, now: datetime) -> Refusal | None:
    """Return why nobody can accept or sign up for this account now, or None (MM-01, MM-04, TH-15).

    The deletion of its User cancels the invitation, even while something holds the account up.
    """
    onboarding = account.onboarding
    if onboarding.has_lapsed(now) and not account.going:
        return _lapsed(onboarding)
    open_ = onboarding.pending in {Pending.INVITATION, Pending.SIGN_UP}
    if open_ and account.in_force and account.active and not account.going:
        return None
    return Refusal(Reason.NOT_INVITED, "", "this account is not waiting for anybody to accept")


def accept(account: Account, now: datetime) -> Onboarding:
    """Return the onboarding once the person has come; who came by the mail has shown that the address is theirs."""
    came = replace(account.onboarding, joined=now)
    if came.pending is Pending.INVITATION:
        came = replace(came, email_verified=now, verified_address=came.invited_address)
    return _arrive(came, account.address, now)


def verify(account: Account, now: datetime) -> Onboarding:
    """Return the onboarding once the address is shown to be the person's."""
    shown = replace(account.onboarding, email_verified=now, verified_address=account.address)
    waits_for_it = account.in_force and account.onboarding.pending is Pending.VERIFICATION
    return _arrive(shown, account.address, now) if waits_for_it else shown


def warn_of_new_address(account: Account) -> Iterator[Finding]:
    """Until a new address is verified, where that is asked for, the one before it serves (design §2, 13)."""
    if login_key(account.serving_address) != login_key(account.address):
        message = "spec.emails: the address is not verified yet; until it is, the one before it serves"
        yield Finding("EmailVerified", holds=False, reason=Reason.EMAIL_UNVERIFIED, message=message)


def next_change(spec: UserSpec | None, account: Account | None, now: datetime) -> datetime | None:
    """Return when time alone changes something: an invitation or a password runs out, or an act's time comes."""
    moments = [next_act(spec, now) if spec is not None else None]
    if account is not None and (account.in_force or account.waiting is not None):
        moments.append(account.onboarding.expires if account.onboarding.pending is Pending.INVITATION else None)
    if account is not None and account.in_force and account.password is not None:
        moments.append(account.password.expires)
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def _lapsed(onboarding: Onboarding) -> Refusal:
    """Return what is told of an invitation that ran out: its seat is free, and a resend queues for one anew."""
    when = rfc3339(onboarding.expires) if onboarding.expires else "some time ago"
    return Refusal(
        Reason.INVITATION_EXPIRED,
        _RESEND,
        f"the invitation expired at {when} and its seat is free again; set this to the time of now to send another",
    )


def _arrive(onboarding: Onboarding, address: str, now: datetime) -> Onboarding:
    """Return the onboarding of an account that nobody is waited for: in use, unless its address must be verified."""
    if not onboarding.has_proof_of(address):
        onboarding = replace(onboarding, email_verified=None, verified_address="")
    arrived = replace(onboarding, mode=OnboardingMode.PROVISIONED)
    in_use = arrived.joined is not None or arrived.pending is Pending.NOTHING
    return replace(arrived, joined=arrived.joined or now) if in_use else arrived


def _invite(ctx: UserContext, present: Onboarding) -> Onboarding:
    """Send the invitation; once more where that is asked for, and to a new address where the old one is no more."""
    address = _address(ctx.spec)
    moved = login_key(present.invited_address) != login_key(address)
    again = _is_asked_again(ctx, present)
    return _send(ctx, present, address) if present.invited is None or moved or again else present


def _send(ctx: UserContext, present: Onboarding, address: str) -> Onboarding:
    hours = [p.onboarding.expiration_hours for p in ctx.policies if p.onboarding.mode is OnboardingMode.INVITATION]
    if not hours:
        return present
    now = ctx.snapshot.now
    return replace(
        present,
        invited=now,
        expires=now + timedelta(hours=min(hours)),
        invited_address=address,
        resend_obeyed=_asked(ctx, present) if _is_asked_again(ctx, present) else present.resend_obeyed,
    )


def _is_asked_again(ctx: UserContext, present: Onboarding) -> bool:
    asked = _asked(ctx, present)
    since = present.resend_obeyed or ctx.user.created
    return is_asked(asked, since, ctx.snapshot.now)


def _asked(ctx: UserContext, present: Onboarding) -> datetime | None:
    """Return when the invitation was last asked for once more, by the spec or at run time."""
    times = (_time(ctx.spec.invitation_resend_time), present.resend_asked)
    return max((time for time in times if time is not None), default=None)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _address(spec: UserSpec) -> str:
    """Return the address to write to by the spec; of one who has not come yet nothing is the person's own."""
    return next((e.value for e in sorted(spec.emails, key=lambda e: not e.primary)), "")


def _must_verify(ctx: UserContext) -> bool:
    wanted = (
        {ctx.spec.email_verification} if ctx.spec.email_verification else {p.email_verification for p in ctx.policies}
    )
    return EmailVerification.REQUIRED in wanted
