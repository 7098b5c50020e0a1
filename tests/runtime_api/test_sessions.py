"""Log-ins over HTTP, with real passwords."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from tenantry.domain.password import OfferKind, PasswordOffer
from tenantry.domain.secret import SecretOffer
from tenantry.services.passwords import hash_password
from tests.runtime_api.api import Api
from tests.support.builders import pool, user, workgroup

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def office(api: Api, hashed: str) -> Api:
    """Two people who share one floating license."""
    people = [user(name, license="Floating") for name in ("ada", "bob")]
    spec = {"licenses": [{"type": "Floating", "quantity": 1}], "sessions": {"leaseSeconds": 60}}
    api.tenant.apply(pool(spec=spec), workgroup(), *people)
    for name in ("ada", "bob"):
        api.give_password(name, hashed)
    return api


def test_who_has_the_password_logs_in_and_is_told_the_token_once(office: Api) -> None:
    answer = office.log_in("Ada", PASSWORD)
    assert answer.status == 201
    session = answer.body["session"]
    assert (session["userName"], session["workgroup"], session["licenseType"]) == ("ada", "tracker", "Floating")
    assert session["heartbeatSeconds"] == 20
    assert answer.headers["Location"].endswith(session["id"])
    (listed,) = office.call("GET", "sessions").body["sessions"]
    assert listed == session
    assert answer.body["token"] not in office.call("GET", "sessions").text


def test_it_06_a_log_in_tells_which_module_to_open_first(api: Api, hashed: str) -> None:
    policy = {"modules": [{"name": "Map", "levels": [{"name": "View"}]}]}
    entry = {"workgroupRef": "tracker", "defaultModule": "Map"}
    api.tenant.apply(workgroup(pool=None, spec=policy), user("ada", license=None, in_=[entry]))
    api.give_password("ada", hashed)
    assert api.log_in("ada", PASSWORD).body["defaultModule"] == "Map"


def test_nr_04_the_second_floating_user_is_denied_until_the_first_logs_off(office: Api) -> None:
    first = office.log_in("ada", PASSWORD).body["token"]
    denied = office.log_in("bob", PASSWORD)
    assert (denied.status, denied.reason, denied.headers["Retry-After"]) == (409, "LoginLimitReached", "20")
    assert office.call("POST", "sessions/logoff", {"token": first}).status == 204
    assert office.log_in("bob", PASSWORD).status == 201


@pytest.mark.parametrize(("login", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("ada", "")])
def test_an_unknown_login_and_a_wrong_password_are_told_the_same(office: Api, login: str, password: str) -> None:
    answer = office.log_in(login, password)
    body = {name: value for name, value in answer.body.items() if name != "requestId"}
    assert body == {
        "type": "about:blank",
        "title": "Login or password is not right.",
        "status": 401,
        "detail": "login or password is not right",
        "reason": "InvalidCredentials",
        "field": "",
    }


@pytest.mark.parametrize("login", ["ada", "nobody"])
def test_after_too_many_wrong_passwords_also_the_right_one_must_wait(office: Api, login: str) -> None:
    answers = [office.log_in(login, "wrong") for _ in range(6)]
    assert [a.status for a in answers] == [401] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert office.log_in(login, PASSWORD).reason == "TooManyAttempts"
    office.tenant.later(seconds=1)
    assert office.log_in(login, PASSWORD).status == (201 if login == "ada" else 401)


def test_introspection_tells_of_a_live_session_and_nothing_of_any_other_token(office: Api) -> None:
    started = office.log_in("ada", PASSWORD).body
    found = office.call("POST", "sessions/introspect", form={"token": started["token"]}).body
    assert (found["active"], found["username"], found["sid"]) == (True, "ada", started["session"]["id"])
    office.tenant.later(seconds=60)
    for token in (started["token"], "tns_nothing", "x" * 9000):
        found = office.call("POST", "sessions/introspect", form={"token": token}).body
        assert found == {"active": False}


def test_a_log_in_that_waited_for_its_turn_lasts_from_when_it_was_let_in(
    served: tuple[FastAPI, str], office: Api
) -> None:
    asked = office.tenant.now
    moments = [asked, asked + timedelta(seconds=60), asked + timedelta(seconds=90)]
    served[0].state.now = lambda: moments.pop(0) if len(moments) > 1 else moments[0]
    session = office.log_in("ada", PASSWORD).body["session"]
    assert datetime.fromisoformat(session["startedTime"]) == asked + timedelta(seconds=90)
    office.tenant.later(seconds=90)


def test_a_heartbeat_keeps_a_session_and_says_which_are_over(office: Api) -> None:
    token = office.log_in("ada", PASSWORD).body["token"]
    office.tenant.later(seconds=59)
    kept, gone = office.call("POST", "sessions/heartbeat", {"tokens": [token, "tns_nothing"]}).body
    assert kept["active"] is True
    assert gone == {"active": False, "expirationTime": None}
    office.tenant.later(seconds=59)
    assert office.call("POST", "sessions/introspect", form={"token": token}).body["active"] is True


def test_mm_14_all_sessions_of_a_login_are_revoked_at_once(office: Api) -> None:
    token = office.log_in("ada", PASSWORD).body["token"]
    assert office.call("DELETE", "sessions?userName=ADA").body == {"revoked": 1}
    assert office.call("POST", "sessions/introspect", form={"token": token}).body["active"] is False


def test_one_session_is_revoked_by_its_id_and_only_once(office: Api) -> None:
    session = office.log_in("ada", PASSWORD).body["session"]
    assert office.call("DELETE", f"sessions/{session['id']}").status == 204
    again = office.call("DELETE", f"sessions/{session['id']}")
    assert (again.status, again.reason) == (404, "SessionNotFound")


def test_a_request_id_is_given_back_or_made(office: Api) -> None:
    assert office.call("GET", "sessions", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    made = office.call("GET", "sessions", headers={"X-Request-ID": "two words"}).headers["X-Request-ID"]
    assert made not in {"", "two words"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"workgroup": "tracker", "userName": "ada"}, "password"),
        ({"workgroup": "tracker", "userName": "ada", "password": "x", "passwrod": "y"}, "passwrod"),
        ({"workgroup": "tracker", "userName": "ada", "password": 7}, "password"),
        ({"workgroup": "tracker", "userName": "a\x00da", "password": "x"}, ""),
    ],
)
def test_a_body_of_another_form_is_told_which_field_and_never_repeated(office: Api, body: Any, field: str) -> None:
    answer = office.call("POST", "sessions", body)
    assert (answer.status, answer.reason, answer.body["field"]) == (422, "InvalidRequest", field)


def test_a_path_that_is_no_text_is_refused(office: Api) -> None:
    assert office.call("GET", "sessions?userName=a%00da").status == 400


def test_a_body_beyond_a_mebibyte_is_not_read(office: Api) -> None:
    answer = office.call("POST", "sessions", {"workgroup": "x" * 2**20, "userName": "ada", "password": "x"})
    assert (answer.status, answer.reason) == (413, "InvalidRequest")


def test_a_workgroup_that_is_none_is_told_with_those_there_are(office: Api) -> None:
    answer = office.call("POST", "sessions", {"workgroup": "trakcer", "userName": "ada", "password": "x"})
    assert (answer.status, answer.reason) == (404, "WorkgroupNotFound")
    assert "tracker" in answer.body["detail"]


def test_nr_07_admin_logs_in_with_the_password_of_its_secret_and_tbd_and_inet_never(api: Api, hashed: str) -> None:
    admin = {"userName": "Admin", "login": "Enabled", "passwordSecretKeyRef": {"name": "system"}}
    policy = workgroup(spec={"systemUsers": [admin, {"userName": "TBD"}, {"userName": "Inet"}]})
    offer = PasswordOffer(OfferKind.NEW, "system/uid/1/password", hashed, len(PASSWORD))
    api.tenant.secrets["system", "password"] = PASSWORD
    api.tenant.apply(pool(), policy, offers={policy.uid: SecretOffer(system={"admin": offer})})
    answer = api.log_in("admin", PASSWORD)
    assert (answer.status, answer.body["session"]["licenseType"]) == (201, None)
    assert api.log_in("Admin", "wrong").reason == "InvalidCredentials"
    assert {api.log_in(name, PASSWORD).reason for name in ("TBD", "Inet")} == {"InvalidCredentials"}
