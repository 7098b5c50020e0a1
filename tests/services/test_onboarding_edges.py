"""Onboarding while something else is wrong, or changes: a fault, a pause, a deletion, a new mode, a new address."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tenantry.domain.account import Account
from tenantry.domain.observed import Kind, Observed
from tenantry.domain.reading import parse_spec
from tenantry.services.holdings import Registration, put_holdings
from tenantry.store.account import load_all, load_by_uid
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited, made_again, paused
from tests.support.persons import accept_invitation, verify_email
from tests.support.watched import WatchedTenant

WEEK = 168
AGENT = {"roles": [{"name": "Agent"}]}


def group(mode: str = "Invitation", **fields: object) -> Observed[Any]:
    onboarding = {"mode": mode, "expirationHours": WEEK}
    return workgroup(spec={"onboarding": onboarding, **AGENT, **fields})


def agent(name: str = "ada", **meta: Any) -> Observed[Any]:
    return user(name, in_=[{"workgroupRef": "tracker", "role": "Agent"}], **meta)


def state(tenant: WatchedTenant, seen: Observed[Any]) -> str:
    return str(tenant.status(seen)["state"])


def told(tenant: WatchedTenant, seen: Observed[Any]) -> tuple[str, str]:
    return state(tenant, seen), tenant.reason(seen)


def used(tenant: WatchedTenant) -> int:
    return int(tenant.status_of(Kind.LICENSE_POOL, "seats")["used"])


def stored(tenant: WatchedTenant, seen: Observed[Any]) -> Account:
    """Return the account as the store has it, which a door asks before the User is looked at again."""
    with tenant.store.read() as connection:
        (account,) = load_by_uid(connection, [seen.uid])
    return account


def accept(tenant: WatchedTenant, login: str = "ada") -> str | None:
    refusal = accept_invitation(tenant.store, tenant.ref.namespace, login, tenant.now)
    return refusal.reason if refusal else None


def verify(tenant: WatchedTenant, login: str = "ada") -> None:
    verify_email(tenant.store, tenant.ref.namespace, login, tenant.now)


def moment(tenant: WatchedTenant, **ahead: float) -> str:
    return (tenant.now + timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")


def held_up(tenant: WatchedTenant, ada: Observed[Any]) -> None:
    """Delete a User that holds something which nobody is named for."""
    record = Registration("tracker", "record", "ada", ("r",))
    assert not put_holdings(tenant.store, tenant.ref.namespace, record, tenant.now).refusals
    tenant.apply(deleted(ada))
    assert state(tenant, ada) == "Deleting"


# ------------------------------------------------------------------ what a person does needs no look at the User

TROUBLES = ("none", "paused", "stalled")


def trouble(tenant: WatchedTenant, kind: str, policy: Observed[Any], ada: Observed[Any]) -> None:
    if kind == "paused":
        tenant.apply(paused(ada))
    if kind == "stalled":
        tenant.apply(edited(policy, roles=[]))
        assert tenant.reason(ada) == "RoleNotFound"


@pytest.mark.parametrize("kind", TROUBLES)
def test_th_17_who_signs_up_is_unverified_at_once(tenant: WatchedTenant, kind: str) -> None:
    policy, ada = group("SignUp", emailVerification="Required"), agent()
    tenant.apply(pool(static=1), policy, ada)
    trouble(tenant, kind, policy, ada)
    assert accept(tenant) is None
    assert stored(tenant, ada).state(tenant.now) == "Unverified"
    tenant.settle()
    assert stored(tenant, ada).state(tenant.now) == "Unverified"
    verify(tenant)
    assert stored(tenant, ada).state(tenant.now) == "Active"
    tenant.settle()
    assert stored(tenant, ada).state(tenant.now) == "Active"


@pytest.mark.parametrize("kind", TROUBLES)
def test_mm_01_an_invitation_can_be_accepted_whatever_the_spec_is_worth(tenant: WatchedTenant, kind: str) -> None:
    policy, ada = group(emailVerification="Required"), agent()
    tenant.apply(pool(static=1), policy, ada)
    trouble(tenant, kind, policy, ada)
    assert accept(tenant) is None
    assert stored(tenant, ada).state(tenant.now) == "Active"
    tenant.later(hours=2 * WEEK).settle()
    assert stored(tenant, ada).state(tenant.now) == "Active"


@pytest.mark.parametrize("mode", ["Invitation", "SignUp"])
def test_mm_04_a_deletion_cancels_the_invitation_even_while_holdings_keep_the_account(
    tenant: WatchedTenant, mode: str
) -> None:
    ada = agent()
    tenant.apply(pool(static=1), group(mode, deletion={"holdings": [{"kind": "record"}]}), ada)
    held_up(tenant, ada)
    assert accept(tenant) == "NotInvited"
    tenant.later(hours=WEEK, seconds=1).settle()
    assert state(tenant, ada) == "Deleting"
    assert used(tenant) == (0 if mode == "Invitation" else 1)


def test_th_17_without_an_address_there_is_nothing_to_verify(tenant: WatchedTenant) -> None:
    ada = agent(spec={"emails": []})
    tenant.apply(pool(static=1), group("Provisioned", emailVerification="Required"), ada)
    assert state(tenant, ada) == "Unverified"


# ------------------------------------------------------------------ another mode


@pytest.mark.parametrize("mode", ["Invitation", "SignUp"])
def test_who_is_in_use_already_is_not_asked_to_come_again(tenant: WatchedTenant, mode: str) -> None:
    policy = group("Provisioned", profile={"selfService": ["displayName"]})
    ada = agent(spec={"displayName": "Ada"})
    tenant.apply(pool(static=1), policy, ada)
    tenant.apply(edited(policy, onboarding={"mode": mode}))
    assert told(tenant, ada) == ("Active", "Provisioned")
    tenant.later(hours=2 * WEEK).settle()
    assert (state(tenant, ada), used(tenant)) == ("Active", 1)
    renamed = edited(ada, displayName="Another")
    tenant.apply(renamed)
    assert (tenant.condition(renamed, "ProfileInSync") or {})["reason"] == "ProfileKept"


@pytest.mark.parametrize(("mode", "expected"), [("Provisioned", "Active"), ("SignUp", "Unverified")])
def test_who_has_not_come_yet_follows_the_new_mode_and_the_link_is_of_no_use(
    tenant: WatchedTenant, mode: str, expected: str
) -> None:
    policy, ada = group(), agent()
    tenant.apply(pool(static=1), policy, ada)
    tenant.apply(other := edited(policy, onboarding={"mode": mode}))
    assert state(tenant, ada) == expected
    assert "invitation" not in tenant.status(ada)
    tenant.later(hours=2 * WEEK).settle()
    assert (state(tenant, ada), used(tenant)) == (expected, 1)
    tenant.apply(edited(other, onboarding={"mode": "Invitation"}))
    assert state(tenant, ada) == ("Active" if mode == "Provisioned" else "Invited")


def test_an_expired_invitation_is_no_bar_where_nobody_is_invited_any_more(tenant: WatchedTenant) -> None:
    policy, ada = group(), agent()
    tenant.apply(pool(static=1), policy, ada)
    tenant.later(hours=WEEK, seconds=1).settle()
    tenant.apply(edited(policy, onboarding={"mode": "Provisioned"}))
    assert (*told(tenant, ada), used(tenant)) == ("Active", "Provisioned", 1)


# ------------------------------------------------------------------ time passes whatever else is wrong


def test_mm_04_an_invitation_expires_while_the_user_is_refused(tenant: WatchedTenant) -> None:
    policy, ada, bob = group(), agent(), user("bob", age=5)
    tenant.apply(pool(static=1), policy, ada, bob)
    tenant.apply(edited(policy, roles=[]))
    assert told(tenant, ada) == ("Invited", "RoleNotFound")
    tenant.later(hours=WEEK, seconds=1).settle()
    assert told(tenant, ada) == ("InvitationExpired", "InvitationExpired")
    assert "RoleNotFound" not in tenant.reason(bob)
    assert state(tenant, bob) == "Invited"
    assert 'role "Agent"' in (tenant.condition(ada) or {})["message"]


def test_mm_04_an_invitation_expires_while_the_spec_does_not_parse(tenant: WatchedTenant) -> None:
    ada = agent()
    tenant.apply(pool(static=1), group(), ada)
    spec, fault = parse_spec(Kind.USER, '{"userName": 1}')
    tenant.apply(replace(ada, generation=2, document='{"userName": 1}', spec=spec, fault=fault))
    tenant.later(hours=WEEK, seconds=1).settle()
    assert (*told(tenant, ada), used(tenant)) == ("InvitationExpired", "InvalidSpec", 0)


TWO_TYPES = {"licenses": [{"type": "Static", "quantity": 1}, {"type": "Floating", "quantity": 0}]}


def test_mm_04_an_invitation_expires_while_the_account_waits_for_another_license(tenant: WatchedTenant) -> None:
    ada, bob = agent(), user("bob", age=5)
    tenant.apply(pool(spec=TWO_TYPES), group(), ada, bob)
    other = edited(ada, license={"type": "Floating"})
    tenant.later(hours=1).apply(other)
    assert told(tenant, other) == ("Invited", "SeatLimitReached")
    tenant.later(hours=WEEK).settle()
    assert told(tenant, other) == ("InvitationExpired", "InvitationExpired")
    assert state(tenant, bob) == "Invited"


def test_mm_04_a_resend_is_obeyed_while_the_account_waits_for_another_license(tenant: WatchedTenant) -> None:
    ada = agent()
    tenant.apply(pool(spec=TWO_TYPES), group(), ada)
    tenant.later(hours=100)
    other = edited(ada, license={"type": "Floating"}, invitationResendTime=moment(tenant))
    tenant.apply(other)
    assert told(tenant, other) == ("Invited", "SeatLimitReached")
    assert tenant.status(other)["invitation"]["sentTime"] == moment(tenant)
    tenant.later(hours=100).settle()
    assert (state(tenant, other), accept(tenant)) == ("Invited", None)
    tenant.settle()


def test_mm_04_an_invitation_expires_while_the_account_waits_for_the_seat_it_lost(tenant: WatchedTenant) -> None:
    reduced = {"policy": "Evict", "graceDays": 0}
    bought = pool(static=1, spec={"whenReduced": reduced})
    ada = agent()
    tenant.apply(bought, group(), ada)
    tenant.apply(less := edited(bought, licenses=[{"type": "Static", "quantity": 0}]))
    tenant.later(seconds=1).settle()
    assert told(tenant, ada) == ("Waiting", "SeatLimitReached")
    tenant.later(hours=WEEK).settle()
    assert told(tenant, ada) == ("InvitationExpired", "InvitationExpired")
    tenant.apply(edited(less, licenses=[{"type": "Static", "quantity": 1}]))
    assert told(tenant, ada) == ("InvitationExpired", "InvitationExpired")


@pytest.mark.parametrize("gone", ["pool", "workgroup"])
def test_an_expired_invitation_says_so_even_where_nobody_new_is_taken(tenant: WatchedTenant, gone: str) -> None:
    bought, policy, ada, bob = pool(static=2), group(), agent(), agent("bob", age=5)
    tenant.apply(bought, policy, ada, bob)
    assert accept(tenant, "bob") is None
    tenant.apply(deleted(bought if gone == "pool" else policy))
    tenant.later(hours=WEEK, seconds=1).settle()
    assert told(tenant, ada) == ("InvitationExpired", "InvitationExpired")


def test_an_act_that_lay_ahead_is_obeyed_when_its_time_comes(tenant: WatchedTenant) -> None:
    ada = agent()
    tenant.apply(pool(static=1), group(), ada)
    ahead = edited(ada, invitationResendTime=moment(tenant, minutes=10))
    tenant.apply(ahead)
    assert tenant.reason(ahead) == "TimeInFuture"
    tenant.later(minutes=4, seconds=59).settle()
    assert tenant.reason(ahead) == "TimeInFuture"
    tenant.later(seconds=1).settle()
    assert told(tenant, ahead) == ("Invited", "Provisioned")
    assert tenant.status(ahead)["invitation"]["sentTime"] == moment(tenant)


# ------------------------------------------------------------------ restored


@pytest.mark.parametrize("hours", [1, WEEK])
def test_who_never_came_is_invited_anew_when_the_account_is_restored(tenant: WatchedTenant, hours: int) -> None:
    ada = agent()
    tenant.apply(pool(static=1), group(), ada)
    tenant.later(hours=1).apply(deleted(ada))
    tenant.later(hours=hours)
    again = made_again(ada, 3600.0 * (hours + 1), onExisting="Restore")
    tenant.apply(again)
    assert told(tenant, again) == ("Invited", "Provisioned")
    assert tenant.status(again)["invitation"]["sentTime"] == moment(tenant)
    tenant.later(hours=WEEK, seconds=1).settle()
    assert (*told(tenant, again), used(tenant)) == ("InvitationExpired", "InvitationExpired", 0)


def test_who_had_come_need_not_come_again_when_the_account_is_restored(tenant: WatchedTenant) -> None:
    ada = agent()
    tenant.apply(pool(static=1), group(), ada)
    assert accept(tenant) is None
    tenant.settle()
    tenant.later(hours=1).apply(deleted(ada))
    again = made_again(ada, 7200.0, onExisting="Restore")
    tenant.apply(again)
    assert told(tenant, again) == ("Active", "Provisioned")


# ------------------------------------------------------------------ another address

NEW = [{"value": "new@example.com"}]


def test_before_acceptance_a_new_address_is_invited_and_the_old_link_dies(tenant: WatchedTenant) -> None:
    ada = agent()
    tenant.apply(pool(static=1), group(), ada)
    moved = edited(ada, emails=NEW)
    tenant.later(hours=100).apply(moved)
    assert tenant.status(moved)["invitation"]["sentTime"] == moment(tenant)
    same = edited(moved, emails=[{"value": "NEW@Example.com"}])
    tenant.later(hours=100).apply(same)
    assert tenant.status(same)["invitation"]["sentTime"] == moment(tenant, hours=-100)
    assert (state(tenant, same), accept(tenant)) == ("Invited", None)
    tenant.settle()
    assert state(tenant, same) == "Active"


def test_a_new_address_after_the_invitation_expired_queues_for_a_seat_anew(tenant: WatchedTenant) -> None:
    ada, bob = agent(), agent("bob", age=5)
    tenant.apply(pool(static=1), group(), ada, bob)
    tenant.later(hours=WEEK, seconds=1).settle()
    moved = edited(ada, emails=NEW)
    tenant.apply(moved)
    assert told(tenant, moved) == ("Waiting", "SeatLimitReached")
    tenant.apply(deleted(bob))
    assert told(tenant, moved) == ("Invited", "Provisioned")


def test_who_is_in_use_keeps_the_old_address_until_the_new_one_is_verified(tenant: WatchedTenant) -> None:
    ada = agent()
    tenant.apply(pool(static=1), group("Provisioned", emailVerification="Required"), ada)
    verify(tenant)
    tenant.settle()
    assert tenant.status(ada)["emailVerifiedTime"] == moment(tenant)
    assert tenant.condition(ada, "EmailVerified") is None
    moved = edited(ada, emails=NEW)
    tenant.later(hours=1).apply(moved)
    assert told(tenant, moved) == ("Active", "Provisioned")
    assert "emailVerifiedTime" not in tenant.status(moved)
    assert (tenant.condition(moved, "EmailVerified") or {})["reason"] == "EmailUnverified"
    assert stored(tenant, moved).onboarding.verified_address == "ada@example.com"
    verify(tenant)
    tenant.settle()
    assert tenant.status(moved)["emailVerifiedTime"] == moment(tenant)
    assert tenant.condition(moved, "EmailVerified") is None


def test_the_proof_of_an_old_address_lets_nobody_in_who_has_not_come_yet(tenant: WatchedTenant) -> None:
    ada = agent()
    tenant.apply(pool(static=1), group("SignUp", emailVerification="Required"), ada)
    verify(tenant)
    tenant.settle()
    moved = edited(ada, emails=NEW)
    tenant.apply(moved)
    assert accept(tenant) is None
    tenant.settle()
    assert state(tenant, moved) == "Unverified"


def test_a_reserved_tombstone_keeps_no_address(tenant: WatchedTenant) -> None:
    ada = agent()
    tenant.apply(pool(static=1), group(deletion={"mode": "PermanentReserved"}), ada)
    assert accept(tenant) is None
    tenant.settle()
    tenant.apply(deleted(ada))
    with tenant.store.read() as connection:
        (left,) = load_all(connection, 1)
    assert (left.onboarding.invited_address, left.onboarding.verified_address) == ("", "")
