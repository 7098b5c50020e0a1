"""A person's way into an account and its password, by the links of real mails (MM, TH-15, TH-17, TT)."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tenantry.domain.client import Scope
from tenantry.domain.observed import Observed
from tenantry.runtime_api.postman import Postman
from tenantry.services.acts import acting
from tenantry.services.onboarding import cancel_invitation, resend_invitation
from tenantry.services.password_changes import send_password_reset
from tenantry.services.passwords import hash_password
from tenantry.store.account import load_by_login
from tests.runtime_api.api import Answer, Api
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited
from tests.support.mailserver import Mailbox, mail_server
from tests.support.persons import verify_email

PAGE = "https://tracker.example/welcome"
ADDRESS = "ada@people.example"
OLD, NEW = "correct horse", "battery staple"
INVITING = {"onboarding": {"mode": "Invitation", "expirationHours": 168}}
SIGNING_UP = {"onboarding": {"mode": "SignUp"}}
VERIFYING = {"emailVerification": "Required"}


class Life:
    """An application that has the pages of account life, and the mailbox of its people."""

    def __init__(self, api: Api, mailbox: Mailbox) -> None:
        self.api, self.mailbox, self.tenant = api, mailbox, api.tenant
        self.address = (self.tenant.store, self.tenant.ref.namespace)

    def has(self, login: str = "ada", *, policy: dict[str, Any] | None = None, **fields: Any) -> Observed[Any]:
        """Have a person in a workgroup of this policy."""
        ada = user(login, spec={"emails": [{"value": f"{login}@people.example"}], **fields})
        self.tenant.apply(pool(static=9), workgroup(spec={"mail": {"linkURL": PAGE}, **(policy or {})}), ada)
        return ada

    def post(self, path: str, **body: Any) -> Answer:
        found = self.api.call("POST", f"account/{path}", body)
        self.tenant.settle()
        return found

    def deliver(self) -> int:
        """Have the mails sent that are to be sent."""
        return Postman(self.tenant.store, self.mailbox.server, "t@t.example", now=lambda: self.tenant.now).deliver()

    def token(self, address: str = ADDRESS) -> str:
        """Return the token of the last mail to an address, after everything was sent."""
        self.deliver()
        return self.mailbox.token(address)

    def forgot(self, login: str = "ada") -> Answer:
        return self.post("password-reset", workgroup="tracker", userName=login)

    def change(self, old: str, new: str) -> Answer:
        return self.post("password", workgroup="tracker", userName="ada", password=old, newPassword=new)

    def sign_up(self, email: str = ADDRESS, password: str | None = NEW, login: str = "ada") -> Answer:
        return self.post("sign-up", workgroup="tracker", userName=login, email=email, password=password)

    def log_in(self, password: str = NEW, login: str = "ada") -> str | int:
        found = self.api.log_in(login, password)
        self.tenant.settle()
        return found.status if found.status == 201 else found.reason


@pytest.fixture
def life(api: Api) -> Iterator[Life]:
    with mail_server() as mailbox:
        yield Life(api, mailbox)


def test_mm_01_who_is_invited_comes_in_by_the_link_of_the_mail_once(life: Life) -> None:
    life.has(policy=INVITING)
    token = life.token()
    assert life.post("accept", token=token).reason == "PasswordInvalid"
    assert life.post("accept", token=token, password="short").reason == "PasswordInvalid"
    found = life.post("accept", token=token, password=NEW)
    assert (found.status, found.body["state"]) == (200, "Active")
    assert life.log_in() == 201
    assert life.post("accept", token=token, password="some other").reason == "LinkInvalid"


def test_mm_04_an_expired_invitation_lets_nobody_in(life: Life) -> None:
    life.has(policy=INVITING)
    token = life.token()
    life.tenant.later(hours=169).settle()
    assert life.post("accept", token=token, password=NEW).reason == "InvitationExpired"


def test_mm_04_a_resent_invitation_closes_the_link_before_it(life: Life) -> None:
    life.has(policy=INVITING)
    first = life.token()
    life.tenant.later(hours=1)
    assert resend_invitation(*life.address, "ada", "account x", life.tenant.now) is None
    assert life.post("accept", token=first, password=NEW).reason == "LinkInvalid"
    assert life.post("accept", token=life.token(), password=NEW).status == 200


def test_mm_04_the_invitation_of_a_user_is_cancelled_by_its_resource_alone(life: Life) -> None:
    ada = life.has(policy=INVITING)
    token = life.token()
    refusal = cancel_invitation(*life.address, "ada", "account x", life.tenant.now)
    assert refusal is not None
    assert (refusal.reason, 'User "ada"' in refusal.message) == ("ManagedByKubernetes", True)
    life.tenant.apply(deleted(ada))
    assert life.post("accept", token=token, password=NEW).status in {403, 410}


def test_a_link_is_good_for_the_address_alone_that_it_was_mailed_to(life: Life) -> None:
    ada = life.has(policy=INVITING)
    token = life.token()
    life.tenant.apply(edited(ada, emails=[{"value": "ada@new.example"}]))
    assert life.post("accept", token=token, password=NEW).reason == "LinkInvalid"
    assert life.post("accept", token=life.token("ada@new.example"), password=NEW).status == 200


@pytest.mark.parametrize("path", ["verify", "password-reset/confirm"])
def test_a_link_opens_only_what_it_was_mailed_for(life: Life, path: str) -> None:
    life.has(policy=INVITING)
    body = {"token": life.token()} | ({"newPassword": NEW} if path != "verify" else {})
    assert life.post(path, **body).reason == "LinkInvalid"


def test_th_15_only_listed_addresses_sign_up_and_all_hear_the_same(life: Life) -> None:
    life.has(policy=SIGNING_UP)
    answers = {
        (found.status, found.text)
        for found in (
            life.sign_up("eve@evil.example"),
            life.sign_up(login="nobody"),
            life.sign_up(),
        )
    }
    assert answers == {(202, "")}
    assert life.log_in() == 201
    assert life.deliver() == 0


def test_th_17_log_in_waits_for_the_verification_mail_of_a_sign_up(life: Life) -> None:
    life.has(policy=SIGNING_UP | VERIFYING)
    life.sign_up()
    assert life.deliver() == 1
    life.sign_up()
    assert life.deliver() == 0  # nobody's mailbox is filled by asking
    first = life.token()
    life.tenant.later(minutes=1)
    life.sign_up()
    second = life.token()
    assert life.post("verify", token=first, password=NEW).reason == "LinkInvalid"
    assert life.post("verify", token=second).reason == "PasswordInvalid"
    assert life.post("verify", token=second, password="short").reason == "PasswordInvalid"
    assert life.post("verify", token=second, password=NEW).body["state"] == "Active"
    assert life.log_in() == 201


@pytest.mark.parametrize("policy", [SIGNING_UP | VERIFYING, SIGNING_UP])
def test_th_17_the_password_of_who_signed_up_in_anothers_name_never_counts(life: Life, policy: dict[str, Any]) -> None:
    life.has(policy=policy, emailVerification="Required")
    life.sign_up(password="of a stranger")
    token = life.token()
    life.tenant.later(minutes=1)
    life.sign_up(password="of a stranger")
    token = life.token()
    assert life.log_in("of a stranger") == "InvalidCredentials"
    assert life.post("verify", token=token, password=NEW).status == 200
    life.sign_up(password="of a stranger")
    assert life.log_in("of a stranger") == "InvalidCredentials"
    assert life.log_in() == 201


@pytest.mark.parametrize(("policy", "status"), [(SIGNING_UP | VERIFYING, 202), (SIGNING_UP, 422)])
def test_a_sign_up_needs_a_password_where_no_mail_follows(life: Life, policy: dict[str, Any], status: int) -> None:
    life.has(policy=policy)
    assert {life.sign_up(password=None, login=login).status for login in ("ada", "nobody")} == {status}


def test_th_17_who_need_not_verify_where_others_must_chooses_the_password_by_a_mail_too(life: Life) -> None:
    life.has(policy=SIGNING_UP | VERIFYING, emailVerification="Assumed")
    assert life.sign_up(password=None).status == 202
    token = life.token()
    assert life.post("password-reset/confirm", token=token, newPassword=NEW).status == 204
    assert life.log_in() == 201


def test_a_password_that_is_there_is_not_replaced_by_the_proof_of_an_address(life: Life) -> None:
    life.has(policy=VERIFYING)
    life.api.give_password("ada", hash_password(OLD))
    token = life.token()
    assert life.post("verify", token=token, password=NEW).reason == "PasswordNotApplicable"
    assert life.post("verify", token=token).status == 200
    assert life.log_in(OLD) == 201


def test_th_15_nobody_signs_up_where_accounts_are_given(life: Life) -> None:
    life.has()
    assert life.sign_up().reason == "NotInvited"


def test_a_new_address_is_verified_by_its_own_mail_and_the_former_one_is_told(life: Life) -> None:
    ada = life.has(policy=VERIFYING)
    life.post("verify", token=life.token(), password=OLD)
    life.tenant.apply(edited(ada, emails=[{"value": "ada@new.example"}]))
    assert life.deliver() == 2
    assert life.mailbox.to(ADDRESS)[-1]["Subject"].startswith("Your email address was changed")
    life.api.give_password("ada", hash_password(OLD))
    life.forgot()
    life.deliver()
    assert life.mailbox.to(ADDRESS)[-1]["Subject"] == "Another password for tracker"
    reset = life.mailbox.token(ADDRESS)
    assert life.post("verify", token=life.mailbox.token("ada@new.example")).status == 200
    assert life.post("password-reset/confirm", token=reset, newPassword=NEW).reason == "LinkInvalid"


def test_mm_13_a_reset_mail_is_good_once_and_ends_every_session(life: Life) -> None:
    life.has()
    life.api.give_password("ada", hash_password(OLD))
    session = life.api.log_in("ada", OLD).body["token"]
    assert life.forgot().status == 202
    token = life.token()
    assert life.post("password-reset/confirm", token=token, newPassword=NEW).status == 204
    beat = life.api.call("POST", "sessions/heartbeat", {"tokens": [session]}).body
    assert beat == [{"active": False, "expirationTime": None}]
    assert life.log_in(OLD) == "InvalidCredentials"
    assert life.log_in() == 201
    assert life.post("password-reset/confirm", token=token, newPassword="a third one").reason == "LinkInvalid"


def test_mm_13_a_reset_mail_is_good_for_an_hour(life: Life) -> None:
    life.has()
    life.forgot()
    token = life.token()
    life.tenant.later(minutes=61)
    assert life.post("password-reset/confirm", token=token, newPassword=NEW).reason == "LinkInvalid"


def test_a_reset_says_the_same_of_everybody_and_fills_no_mailbox(life: Life) -> None:
    life.has()
    answers = {(found.status, found.text) for found in (life.forgot("nobody"), life.forgot(), life.forgot())}
    assert answers == {(202, "")}
    assert life.deliver() == 1
    life.forgot()
    assert life.deliver() == 0
    life.tenant.later(minutes=2)
    life.forgot()
    assert life.deliver() == 1


def test_a_reset_that_a_clock_mailed_which_was_ahead_is_not_the_last_for_a_long_time(life: Life) -> None:
    life.has()
    right = life.tenant.now
    life.tenant.later(days=300)
    life.forgot()
    assert life.deliver() == 1
    life.tenant.now = right
    life.forgot()
    assert life.deliver() == 1


@pytest.mark.parametrize("login", ["ada", "nobody"])
def test_no_time_tells_whether_there_is_an_account_to_reset_or_to_sign_up_for(life: Life, login: str) -> None:
    life.has(policy=SIGNING_UP | VERIFYING)
    for path, address in (("password-reset", {}), ("sign-up", {"email": ADDRESS})):
        began = time.monotonic()
        answer = life.api.call("POST", f"account/{path}", {"workgroup": "tracker", "userName": login, **address})
        assert (answer.status, time.monotonic() - began > 0.2) == (202, True)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({}, None), ({"active": False}, "AccountNotActive"), ({"emails": []}, "EmailMissing")],
)
def test_mm_13_an_administrator_has_a_reset_mailed(life: Life, fields: dict[str, Any], reason: str | None) -> None:
    life.has(**fields)
    refusal = send_password_reset(*life.address, "ada", "account x", life.tenant.now)
    assert (refusal.reason if refusal is not None else None) == reason
    assert life.deliver() == (0 if reason else 1)


def test_tt_07_a_person_changes_the_password_and_every_session_ends(life: Life) -> None:
    life.has()
    life.api.give_password("ada", hash_password(OLD))
    assert life.log_in(OLD) == 201
    assert life.change("wrong one", NEW).reason == "InvalidCredentials"
    assert life.change(OLD, NEW).status == 204
    assert life.api.call("GET", "sessions").body["sessions"] == []
    assert life.log_in() == 201


EXPIRING = {"password": {"expiry": "Optional", "expirationDays": 90, "history": 2}}


def test_tt_09_an_expired_password_gives_only_the_way_to_change_it(life: Life) -> None:
    life.has(policy=EXPIRING, password={"expiry": "Enforced"})
    life.api.give_password("ada", hash_password(OLD))
    life.tenant.settle()
    life.tenant.later(days=91).settle()
    refused = life.api.log_in("ada", OLD)
    assert (refused.status, refused.reason) == (403, "PasswordExpired")
    assert "account/password" in refused.body["detail"]
    assert life.change(OLD, NEW).status == 204
    assert life.log_in() == 201


def test_tt_10_the_new_password_differs_from_the_one_before(life: Life) -> None:
    life.has(policy=EXPIRING)
    life.api.give_password("ada", hash_password(OLD))
    assert life.change(OLD, OLD).reason == "PasswordInHistory"
    assert life.change(OLD, NEW).status == 204
    assert life.change(NEW, OLD).reason == "PasswordInHistory"
    assert life.change(NEW, "short").reason == "PasswordInvalid"
    assert life.change(NEW, "a third one").status == 204


def test_tt_10_without_validity_the_one_before_is_taken_again(life: Life) -> None:
    life.has(policy=EXPIRING, password={"expiry": "None"})
    life.api.give_password("ada", hash_password(OLD))
    assert life.change(OLD, NEW).status == 204
    assert life.change(NEW, OLD).status == 204


def test_tt_07_a_secret_that_says_nothing_new_does_not_take_back_what_the_person_chose(life: Life) -> None:
    tenant = life.tenant
    tenant.secrets["s", "k"] = OLD
    ada = life.has(password={"secretKeyRef": {"name": "s", "key": "k"}})
    with acting(*life.address, "test", tenant.now) as act:
        (account,) = load_by_login(act.connection, act.tenant.id, ["ada"])
        assert account.password is not None
        act.change(account, replace(account, password=replace(account.password, hash=hash_password(OLD))))
    tenant.later(days=1)
    assert life.change(OLD, NEW).status == 204
    tenant.apply(edited(ada, comment="later"))
    tenant.look_out()
    assert life.log_in() == 201
    tenant.rotate("s", "k", "news of the Secret")
    assert life.log_in() == "InvalidCredentials"


def test_nr_09_a_password_that_is_typed_twice_is_typed_alike(life: Life) -> None:
    life.has(policy=INVITING)
    token = life.token()
    refused = life.post("accept", token=token, password=NEW, passwordConfirmation="battery stable")
    assert (refused.status, refused.reason) == (422, "InvalidRequest")
    assert NEW not in refused.text
    assert life.post("accept", token=token, password=NEW, passwordConfirmation=NEW).status == 200


@pytest.mark.parametrize("path", ["accept", "sign-up", "verify", "password-reset", "password"])
def test_account_life_is_for_applications_with_its_scope(life: Life, path: str) -> None:
    life.has()
    token = life.api.token([Scope.SESSIONS])
    assert life.api.call("POST", f"account/{path}", {}, token=token).reason == "InsufficientScope"


def test_a_person_who_left_by_a_lock_gets_no_reset(life: Life) -> None:
    ada = life.has()
    life.tenant.apply(edited(ada, active=False))
    life.forgot()
    assert life.deliver() == 0
    verify_email(*life.address, "ada", life.tenant.now)
    life.tenant.settle()
