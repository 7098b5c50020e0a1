"""Invitations, sign-up, the proof of an address, and what belongs to the person after that (MM, TH-15, TH-17)."""

from typing import Any

import pytest

from tenantry.domain.observed import Kind, Observed
from tenantry.errors import InputError
from tenantry.store import Store
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited
from tests.support.invariants import actions_on_record, digest
from tests.support.persons import accept_invitation, verify_email
from tests.support.watched import WatchedTenant

WEEK = 168


def invited(**fields: object) -> Observed[Any]:
    return workgroup(spec={"onboarding": {"mode": "Invitation", "expirationHours": WEEK}, **fields})


def accept(tenant: WatchedTenant, login: str) -> str | None:
    refusal = accept_invitation(tenant.store, tenant.ref.namespace, login, tenant.now)
    tenant.settle()
    return refusal.reason if refusal else None


def state(tenant: WatchedTenant, seen: Observed[Any]) -> str:
    return str(tenant.status(seen)["state"])


def seats_used(tenant: WatchedTenant) -> int:
    return int(tenant.status_of(Kind.LICENSE_POOL, "seats")["used"])


def now_of(tenant: WatchedTenant) -> str:
    return tenant.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_an_invited_account_holds_its_seat_and_is_active_once_it_is_accepted(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), invited(), ada)
    assert tenant.is_ready(ada)
    assert (state(tenant, ada), seats_used(tenant)) == ("Invited", 1)
    tenant.later(hours=1)
    assert accept(tenant, "ADA") is None
    assert state(tenant, ada) == "Active"
    told = tenant.status(ada)["invitation"]
    assert "expirationTime" not in told
    assert told["acceptedTime"] > told["sentTime"]
    assert accept(tenant, "ada") == "NotInvited"


def test_mm_04_an_invitation_that_expires_frees_its_seat_and_lets_nobody_in(tenant: WatchedTenant) -> None:
    ada, bob = user("ada", age=1), user("bob", age=2)
    tenant.apply(pool(static=1), invited(), ada, bob)
    tenant.later(hours=WEEK, seconds=1).settle()
    assert (state(tenant, ada), tenant.reason(ada)) == ("InvitationExpired", "InvitationExpired")
    assert state(tenant, bob) == "Invited"
    assert seats_used(tenant) == 1
    assert accept(tenant, "ada") == "InvitationExpired"


def test_mm_04_a_resend_after_the_expiry_queues_anew(tenant: WatchedTenant) -> None:
    ada, bob = user("ada", age=1), user("bob", age=2)
    tenant.apply(pool(static=1), invited(), ada, bob)
    tenant.later(hours=WEEK, seconds=1).settle()
    again = edited(ada, invitationResendTime=now_of(tenant))
    tenant.apply(again)
    assert (state(tenant, again), tenant.reason(again)) == ("Waiting", "SeatLimitReached")
    tenant.apply(deleted(bob))
    assert state(tenant, again) == "Invited"
    assert tenant.status(again)["invitation"]["expirationTime"] > now_of(tenant)
    assert accept(tenant, "ada") is None


def test_mm_04_a_resend_is_obeyed_once(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), invited(), ada)
    tenant.later(hours=1)
    again = edited(ada, invitationResendTime=now_of(tenant))
    tenant.apply(again)
    sent = tenant.status(again)["invitation"]["sentTime"]
    assert sent == now_of(tenant)
    edited_later = edited(again, comment="later")
    tenant.later(hours=1).apply(edited_later)
    assert tenant.status(edited_later)["invitation"]["sentTime"] == sent


def test_a_resend_and_an_expiry_are_on_record(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), invited(), ada)
    tenant.later(hours=1)
    tenant.apply(edited(ada, invitationResendTime=now_of(tenant)))
    tenant.later(hours=WEEK, seconds=1).settle()
    assert actions_on_record(tenant.store, "Account") == ["AccountCreated", "AccountChanged", "InvitationExpired"]


def test_nobody_accepts_or_verifies_where_the_trail_is_signed_by_another_key(tenant: WatchedTenant) -> None:
    signed = Store(tenant.store.engine, b"the operator's key")
    tenant.store = signed
    tenant.apply(pool(static=1), invited(), user("ada"))
    before = digest(signed)
    for act in (accept_invitation, verify_email):
        with pytest.raises(InputError, match="not by this key"):
            act(Store(signed.engine), tenant.ref.namespace, "ada", tenant.now)
    assert digest(signed) == before
    assert accept(tenant, "ada") is None


def test_an_accepted_account_does_not_expire_any_more(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), invited(), ada)
    accept(tenant, "ada")
    tenant.later(hours=2 * WEEK).settle()
    assert state(tenant, ada) == "Active"


def test_mm_11_after_acceptance_name_and_phone_are_the_users_own(tenant: WatchedTenant) -> None:
    phones = [{"type": "mobile", "value": "+1 413 555 0101"}]
    ada = user("ada", spec={"name": {"givenName": "Ada"}, "phoneNumbers": phones})
    tenant.apply(pool(static=1), invited(profile={"selfService": ["name", "phoneNumbers"]}), ada)
    before = edited(ada, name={"givenName": "Augusta"})
    tenant.apply(before)
    assert tenant.condition(before, "ProfileInSync") is None
    accept(tenant, "ada")
    after = edited(before, name={"givenName": "Somebody"}, organization="Analytical Engines")
    tenant.apply(after)
    told = tenant.condition(after, "ProfileInSync") or {}
    assert (told["status"], told["reason"]) == ("False", "ProfileKept")
    assert told["message"].startswith("spec.name: ")
    assert tenant.is_ready(after)
    in_line = edited(after, name={"givenName": "Augusta"})
    tenant.apply(in_line)
    assert tenant.condition(in_line, "ProfileInSync") is None


def test_who_is_listed_for_sign_up_is_unverified_until_it_comes(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), workgroup(spec={"onboarding": {"mode": "SignUp"}}), ada)
    assert (state(tenant, ada), seats_used(tenant)) == ("Unverified", 1)
    assert accept(tenant, "ada") is None
    assert state(tenant, ada) == "Active"


@pytest.mark.parametrize(
    ("policy", "own", "expected"),
    [
        ("Required", None, "Unverified"),
        ("Required", "Assumed", "Active"),
        ("Assumed", "Required", "Unverified"),
        ("Assumed", None, "Active"),
    ],
)
def test_th_17_an_email_is_verified_first_where_that_is_asked_for(
    tenant: WatchedTenant, policy: str, own: str | None, expected: str
) -> None:
    ada = user("ada", spec={"emailVerification": own} if own else {})
    tenant.apply(pool(static=1), workgroup(spec={"emailVerification": policy}), ada)
    assert state(tenant, ada) == expected
    verify_email(tenant.store, tenant.ref.namespace, "ada", tenant.now)
    tenant.settle()
    assert state(tenant, ada) == "Active"
    assert tenant.status(ada)["emailVerifiedTime"]


def test_who_accepts_by_mail_has_shown_the_address(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), invited(emailVerification="Required"), ada)
    accept(tenant, "ada")
    assert state(tenant, ada) == "Active"


def test_two_workgroups_that_differ_in_how_people_come_are_not_for_one_account(tenant: WatchedTenant) -> None:
    ada = user("ada", in_=[{"workgroupRef": "tracker"}, {"workgroupRef": "support"}])
    tenant.apply(pool(static=1), invited(), workgroup("support"), ada)
    assert tenant.reason(ada) == "PolicyConflict"
    assert "onboarding.mode" in (tenant.condition(ada) or {})["message"]


EXPIRING = {"expiry": "Optional", "expirationDays": 90, "history": 2}


def with_password(**password: object) -> Observed[Any]:
    return user("ada", spec={"password": {"secretKeyRef": {"name": "s", "key": "k"}, **password}})


def test_tt_09_after_90_days_the_password_is_expired_and_a_new_one_ends_that(tenant: WatchedTenant) -> None:
    tenant.secrets["s", "k"] = "first-one"
    ada = with_password()
    tenant.apply(pool(static=1), workgroup(spec={"password": EXPIRING}), ada)
    tenant.later(days=89).settle()
    assert state(tenant, ada) == "Active"
    tenant.later(days=1, seconds=1).settle()
    assert (state(tenant, ada), seats_used(tenant)) == ("PasswordExpired", 1)
    assert tenant.is_ready(ada)
    tenant.rotate("s", "k", "second-one")
    assert state(tenant, ada) == "Active"


def test_tt_09_validity_no_lasts_for_ever(tenant: WatchedTenant) -> None:
    tenant.secrets["s", "k"] = "first-one"
    ada = with_password(expiry="None")
    tenant.apply(pool(static=1), workgroup(spec={"password": EXPIRING}), ada)
    tenant.later(days=400).settle()
    assert state(tenant, ada) == "Active"


def test_tt_10_validity_yes_refuses_the_one_before_and_validity_no_takes_it(tenant: WatchedTenant) -> None:
    tenant.secrets["s", "k"] = "first-one"
    ada = with_password()
    tenant.apply(pool(static=1), workgroup(spec={"password": EXPIRING}), ada)
    tenant.rotate("s", "k", "second-one")
    tenant.rotate("s", "k", "first-one")
    assert tenant.reason(ada) == "PasswordInHistory"
    free = edited(ada, password={"secretKeyRef": {"name": "s", "key": "k"}, "expiry": "None"})
    tenant.apply(free)
    assert tenant.is_ready(free)


@pytest.mark.parametrize(("given", "reason"), [(True, "PasswordNotApplicable"), (False, "Provisioned")])
def test_nr_12_a_workgroup_with_a_directory_takes_no_password(
    tenant: WatchedTenant, reason: str, *, given: bool
) -> None:
    directory = {"mode": "Directory", "directory": {"url": "ldaps://d.example", "baseDN": "dc=d"}}
    tenant.secrets["s", "k"] = "first-one"
    spec = {"password": {"secretKeyRef": {"name": "s", "key": "k"}}} if given else {}
    ada = user("ada", spec=spec)
    fields = {"authentication": directory, "profile": {"required": ["password"]}}
    tenant.apply(pool(static=1), workgroup(spec=fields), ada)
    assert tenant.reason(ada) == reason


def test_nr_12_the_same_users_other_workgroup_needs_one(tenant: WatchedTenant) -> None:
    directory = {"mode": "Directory", "directory": {"url": "ldaps://d.example", "baseDN": "dc=d"}}
    required = {"required": ["password"]}
    both = [{"workgroupRef": "tracker"}, {"workgroupRef": "support"}]
    ada = user("ada", in_=both)
    policies = (
        workgroup(spec={"authentication": directory, "profile": required}),
        workgroup("support", spec={"profile": required}),
    )
    tenant.secrets["s", "k"] = "first-one"
    tenant.apply(pool(static=1), *policies, ada)
    assert tenant.reason(ada) == "ProfileIncomplete"
    given = edited(ada, password={"secretKeyRef": {"name": "s", "key": "k"}})
    tenant.apply(given)
    assert tenant.is_ready(given)
