"""Invitations that people send: many at once, one role for all (MM-02), sent again, taken back (MM-04, MM-10)."""

from dataclasses import dataclass
from typing import Any

from tenantry.domain.administration import check_system_user
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.services.administration import Call, Case, Desk, deciding, find_for, looking
from tenantry.services.managed import Done
from tenantry.services.onboarding import cancel_invitation, resend_invitation
from tenantry.services.user_deletions import in_other_workgroups
from tenantry.services.user_edits import NewUser, create_users
from tenantry.specs.workgroup_capability import Capability
from tenantry.specs.workgroup_login import OnboardingMode
from tenantry.store import Store


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom to invite by email, and as what."""

    emails: tuple[str, ...]
    entry: dict[str, Any]
    spec: dict[str, Any]


def invite(store: Store, call: Call, wanted: Invitation) -> list[Done] | Refusal:
    """Invite people by their emails, which become their logins; each is invited, or refused, by itself.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with looking(store, call) as desk:
        if isinstance(desk, Refusal):
            return desk
        workgroup, mode = desk.actor.workgroup, desk.actor.policy.onboarding.mode
        may = desk.actor.has(Capability.INVITE_USERS)
    if may and mode is not OnboardingMode.INVITATION:
        message = f'Workgroup "{workgroup}" invites nobody: its onboarding.mode is {mode}; create the accounts instead'
        return Refusal(Reason.NOT_INVITED, "", message)
    entry = {"workgroupRef": workgroup, **wanted.entry}
    people = [
        NewUser({**wanted.spec, "userName": email, "emails": [{"value": email}], "workgroups": [entry]})
        for email in dict.fromkeys(wanted.emails)
    ]
    return create_users(store, call, people, Capability.INVITE_USERS)


def resend(store: Store, call: Call, account_id: str) -> Refusal | None:
    """Send an invitation once more: the former link is worth nothing from then on, and a lapsed one queues anew.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with deciding(store, call) as (held, desk):
        case = _invited(desk, account_id)
        if isinstance(case, Refusal):
            return case
        return resend_invitation(held, call.namespace, case.target.account.user_name, call.actor, call.now)


def cancel(store: Store, call: Call, account_id: str) -> Refusal | None:
    """Take an invitation back: it lets nobody in, and its seat is free (MM-04).

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with deciding(store, call) as (held, desk):
        case = _invited(desk, account_id)
        if isinstance(case, Refusal):
            return case
        refusal = in_other_workgroups(case)
        return refusal or cancel_invitation(held, call.namespace, case.target.account.user_name, call.actor, call.now)


def _invited(desk: Desk | Refusal, account_id: str) -> Case | Refusal:
    """Return the account of an invitation. By its login, a system user would be another's account."""
    case = find_for(desk, Capability.INVITE_USERS, account_id)
    if isinstance(case, Refusal):
        return case
    return check_system_user(case.target, case.desk.actor.policy, editable=False) or case
