"""Log-in by email address: who logs in by one has one, and shares it with nobody in that workgroup."""

from collections.abc import Iterable, Iterator

from tenantry.domain.account import Account
from tenantry.domain.login import login_key
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.user_context import UserContext
from tenantry.specs.workgroup_login import LoginBy

_FIELD = "spec.emails"


def workgroups_by_email(ctx: UserContext) -> tuple[str, ...]:
    """Return the workgroups of the User that are logged in to by email address."""
    entries = (e.policy for e in ctx.entries if e.policy is not None)
    return tuple(policy.name for policy in entries if policy.spec.login.by is LoginBy.PRIMARY_EMAIL)


def planned_address(ctx: UserContext) -> str:
    """Return the primary address of the User's profile, in which the person's own fields count; empty without one."""
    emails = ctx.profile.values.get("emails", ())
    return next((str(e["value"]) for e in sorted(emails, key=lambda e: not e.get("primary"))), "")


def check_email_login(ctx: UserContext) -> Iterator[Refusal]:
    """Where the address is the login there is one, and no other account of the workgroup has it."""
    workgroups = workgroups_by_email(ctx)
    if not workgroups:
        return
    address = planned_address(ctx)
    if not address:
        message = f'members of Workgroup "{workgroups[0]}" log in by email address, and there is none; add one'
        yield Refusal(Reason.PROFILE_INCOMPLETE, _FIELD, message)
        return
    own = ctx.account.id if ctx.account is not None else ""
    others = [a for a in ctx.snapshot.emails.get(login_key(address), {}).values() if a.id != own]
    for workgroup in workgroups:
        other = holder_of(others, workgroup)
        if other is not None:
            owner = ctx.snapshot.owners.get(other.id)
            holder = f'User "{owner}"' if owner else f"account {other.id}"
            message = f'"{address}" is what {holder} logs in by to Workgroup "{workgroup}"; choose another'
            yield Refusal(Reason.LOGIN_TAKEN, _FIELD, message)


def holder_of(others: Iterable[Account], workgroup: str) -> Account | None:
    """Return which of the other accounts with an address logs in by it to a workgroup; None: it is free there."""
    return next((account for account in others if workgroup in account.homes), None)
