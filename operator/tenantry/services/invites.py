"""Invitations that people send: many at once, one role for all (MM-02), sent again, taken back (MM-04, MM-10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tenantry.domain.account import Pending
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.user_edit import written
from tenantry.services.administration import Call, Case, deciding, find_for, looking
from tenantry.services.managed import Asked, Done, Drop, Put, carry_out, document_of, owned_elsewhere
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


def resend(store: Store, call: Call, account_id: str) -> Done | Refusal:
    """Send an invitation once more: the former link is worth nothing from then on, and a lapsed one queues anew.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with deciding(store, call) as (held, desk):
        case = find_for(desk, Capability.INVITE_USERS, account_id)
        refusal = _not_open(case)
        if isinstance(case, Refusal) or refusal is not None:
            return refusal or Done()
        document = written(document_of(case.desk.connection, case.target.account) or {})
        return _one(held, call, Put({**document, "invitationResendTime": call.now.isoformat()}, create=False))


def cancel(store: Store, call: Call, account_id: str) -> Done | Refusal:
    """Take an invitation back: it lets nobody in, and its seat is free (MM-04).

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with deciding(store, call) as (held, desk):
        case = find_for(desk, Capability.INVITE_USERS, account_id)
        refusal = _not_open(case)
        if isinstance(case, Refusal) or refusal is not None:
            return refusal or Done()
        return _one(held, call, Drop(case.target.account.user_name))


def _one(store: Store, call: Call, asked: Asked) -> Done:
    steps: Sequence[Asked] = [asked]
    return carry_out(store, call.namespace, steps, call.actor, call.now)[0]


def _not_open(case: Case | Refusal) -> Refusal | None:
    """Return why there is no invitation that a person could send again or take back, or None."""
    if isinstance(case, Refusal):
        return case
    account = case.target.account
    if account.onboarding.pending is not Pending.INVITATION:
        return Refusal(Reason.NOT_INVITED, "id", f'"{account.user_name}" waits for nobody to accept an invitation')
    return owned_elsewhere(account, case.resource)
