"""The form of a request: what its query may say, and how what is wrong with it is told, and to whom."""

from typing import Any

import pytest

from tenantry.domain.client import Scope
from tenantry.services.passwords import hash_password
from tests.runtime_api.api import Api
from tests.runtime_api.test_schema import DOCUMENT
from tests.support.builders import user, workgroup


@pytest.fixture
def office(api: Api) -> Api:
    api.tenant.apply(workgroup(pool=None), user("ada", license=None))
    api.give_password("ada", hash_password("correct horse"))
    return api


def test_a_misspelled_parameter_logs_nobody_out(office: Api) -> None:
    token = office.log_in("ada", "correct horse").body["token"]
    answer = office.call("DELETE", "sessions?username=liam")
    assert (answer.status, answer.reason, answer.body["field"]) == (422, "InvalidRequest", "username")
    assert answer.body["detail"] == '"username" is no parameter of this call; there is userName'
    assert office.call("POST", "sessions/introspect", form={"token": token}).body["active"] is True
    assert office.call("DELETE", "sessions?userName=ada").body == {"revoked": 1}


def test_every_call_refuses_a_parameter_that_it_does_not_have(office: Api) -> None:
    calls = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]
    told = {call: _ask(office, *call) for call in calls}
    assert {call: of for call, of in told.items() if of != (422, "InvalidRequest", "nope")} == {}


def _ask(office: Api, path: str, method: str) -> tuple[int, str, str]:
    below = path.removeprefix("/v1/{tenant}/").replace("{", "").replace("}", "")
    if path.startswith("/v1/"):
        answer = office.call(method.upper(), f"{below}?nope=1", {} if method != "get" else None)
    else:
        answer = office.at(f"{below}?nope=1")
    return answer.status, answer.reason, answer.body["field"]


@pytest.mark.parametrize("path", ["access/v1/evaluation", "sessions/heartbeat", "sessions/logoff"])
def test_who_is_nobody_here_is_not_told_of_parameters(office: Api, path: str) -> None:
    answer = office.call("POST", f"{path}?nope=1", {}, token="tnc_none")
    assert (answer.status, answer.reason) == (401, "InvalidClient")


def test_probes_and_scim_take_what_they_do_not_know(office: Api) -> None:
    assert office.at("/livez?from=balancer").status == 200
    assert office.call("GET", "scim/v2/Users?nope=1").status == 200


JSON = "application/json"
EVALUATION, HEARTBEAT = "access/v1/evaluation", "sessions/heartbeat"


@pytest.mark.parametrize(
    ("path", "content", "type_", "field", "detail"),
    [
        ("sessions/logoff", b'{"a": ', JSON, "body", "body: is no JSON: Expecting value, at character 6"),
        ("sessions", b"", JSON, "body", "body: is missing; send a JSON object, with Content-Type: application/json"),
        ("sessions", b"[]", JSON, "body", "body: is no JSON object; send a JSON object, with Content-Type"),
        (
            "sessions/logoff",
            b"{}",
            "text/plain",
            "body",
            "body: is no JSON object; send a JSON object, with Content-Type",
        ),
        ("sessions/logoff", b"{}", JSON, "token", "token: is missing"),
        ("sessions/logoff", b'{"token": "a", "tokn": 1}', JSON, "tokn", "tokn: there is no such field"),
        ("sessions/logoff", b'{"token": "\\u0000"}', JSON, "", "the character U+0000"),
        ("sessions", b'{"a": ', JSON, "body", "body: is no JSON: "),
        (HEARTBEAT, b"{", JSON, "body", "body: is no JSON: "),
        (HEARTBEAT, b"[]", JSON, "body", "body: is no JSON object; send a JSON object"),
        (HEARTBEAT, b"{}", JSON, "tokens", "tokens: is missing"),
        (EVALUATION, b"", JSON, "body", "body: is no JSON: "),
        (EVALUATION, b"{}", JSON, "subject", "subject: is missing"),
        (EVALUATION, b'{"subject": {"type": "user"}}', JSON, "subject.id", "subject.id: is missing"),
        (EVALUATION, b'{"subject": "ada"}', JSON, "subject", "subject: is no object"),
        (EVALUATION, b"{}", "text/plain", "Content-Type", "send the body as application/json"),
    ],
)
def test_a_fault_is_told_by_its_field_and_what_would_be_right(
    office: Api, path: str, content: bytes, type_: str, field: str, detail: str
) -> None:
    answer = office.send(path, content, type_)
    assert (answer.status, answer.reason) == (400 if path == EVALUATION else 422, "InvalidRequest")
    assert answer.body["field"] == field
    assert answer.body["detail"].startswith(detail)


def test_passwords_that_are_not_alike_are_told_at_the_one_that_was_typed_again(office: Api) -> None:
    body = {"token": "tnl_x", "password": "secret one", "passwordConfirmation": "secret two"}
    answer = office.call("POST", "account/accept", body)
    assert (answer.status, answer.body["field"]) == (422, "passwordConfirmation")
    assert answer.body["detail"] == "passwordConfirmation: is not the same password; type both again"


def test_a_question_of_a_batch_is_told_what_it_lacks(office: Api) -> None:
    asked = {"evaluations": [{"subject": {"type": "user"}}]}
    (found,) = office.call("POST", "access/v1/evaluations", asked).body["evaluations"]
    assert found["context"]["error"]["message"] == "subject.id: is missing"


FAULTY: list[tuple[str, Any]] = [
    (EVALUATION, {}),
    ("access/v1/evaluations", {"evaluations": 1}),
    ("access/v1/search/subject", {}),
    (HEARTBEAT, {}),
    ("sessions", {}),
]


@pytest.mark.parametrize(("path", "body"), FAULTY)
def test_who_may_not_call_is_told_that_and_not_what_is_wrong_with_the_body(office: Api, path: str, body: Any) -> None:
    nobody = office.call("POST", path, body, token="tnc_none")
    assert (nobody.status, nobody.reason) == (401, "InvalidClient")
    other = office.call("POST", path, body, token=office.token({Scope.HOLDINGS}))
    assert (other.status, other.reason) == (403, "InsufficientScope")


@pytest.mark.parametrize("path", [EVALUATION, HEARTBEAT, "sessions", "account/accept"])
def test_who_is_nobody_here_is_not_told_that_a_body_is_no_json(office: Api, path: str) -> None:
    assert office.send(path, b"{", JSON, token="tnc_none").status == 401


def test_what_is_not_there_is_told_by_its_path_and_what_is_asked_otherwise_by_its_method(office: Api) -> None:
    nowhere = office.call("GET", "sesions")
    assert (nowhere.status, nowhere.reason, nowhere.body["field"]) == (404, "PathNotFound", "path")
    assert '"/v1/acme/sesions"' in nowhere.body["detail"]
    other = office.call("PUT", "sessions")
    assert (other.status, other.reason, other.body["field"]) == (405, "MethodNotAllowed", "method")
    assert other.body["detail"].startswith('"/v1/acme/sessions" takes no PUT')
    assert other.headers["Allow"]


@pytest.mark.parametrize("headers", [{}, {"Tenantry-Session": ""}, {"Tenantry-Session": "tns_none"}])
def test_a_call_for_nobody_is_refused_as_one_for_a_session_that_is_over(office: Api, headers: dict[str, str]) -> None:
    answer = office.call("GET", "account/profile", headers=headers)
    assert (answer.status, answer.reason, answer.body["field"]) == (401, "NotLoggedIn", "Tenantry-Session")


def test_the_document_asks_for_the_session_that_a_call_needs() -> None:
    operation = DOCUMENT["paths"]["/v1/{tenant}/account/profile"]["get"]
    (session,) = [each for each in operation["parameters"] if each["name"] == "Tenantry-Session"]
    assert (session["required"], session["schema"].get("default")) == (True, None)


def test_a_notification_that_is_none_is_not_found_as_a_workgroup_is(office: Api) -> None:
    answer = office.call("GET", "recipients?workgroup=tracker&notification=Jobs")
    assert (answer.status, answer.reason) == (404, "NotificationNotFound")


def test_a_subject_of_a_type_that_is_none_is_told_that_and_what_there_is(office: Api) -> None:
    asked = {"subject": {"type": "robot", "id": "ada"}, "action": {"name": "a"}, "resource": {"type": "t", "id": "1"}}
    answer = office.call("POST", EVALUATION, asked)
    assert (answer.status, answer.body["decision"]) == (200, False)
    assert answer.body["context"]["reason"] == "SubjectTypeNotFound"
    (step,) = answer.body["context"]["steps"]
    assert step["text"] == 'a subject of type "robot" is nobody here; there are user, session'


def test_the_titles_of_passwords_speak_of_no_secret(office: Api) -> None:
    asked = {"workgroup": "tracker", "userName": "ada", "password": "correct horse", "newPassword": "x"}
    answer = office.call("POST", "account/password", asked)
    assert (answer.status, answer.reason) == (422, "PasswordInvalid")
    assert "Secret" not in answer.body["title"] + answer.body["detail"]


@pytest.mark.parametrize(
    ("path", "sent_as", "asked_for"),
    [
        ("sessions", "application/x-www-form-urlencoded", "application/json"),
        ("sessions", "text/plain", "application/json"),
        ("sessions/heartbeat", "text/plain", "application/json"),
        ("sessions/introspect", "application/json", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_said_to_be_something_else_is_refused(
    office: Api, path: str, sent_as: str, asked_for: str
) -> None:
    answer = office.send(path, b'{"token": "a"}', sent_as)
    assert (answer.status, answer.body["field"]) == (422, "Content-Type")
    assert answer.body["detail"] == f"send the body as {asked_for}"


@pytest.mark.parametrize("sent_as", ["multipart/form-data", "multipart/form-data; boundary=a", "text/plain"])
def test_no_form_is_read_of_who_may_not_ask(office: Api, sent_as: str) -> None:
    answer = office.send("sessions/introspect", b"--b", sent_as, token="tnc_nobodys")
    assert (answer.status, answer.reason) == (401, "InvalidClient")


@pytest.mark.parametrize("form", [b"", b"token_type_hint=access_token", b"token=", b"\xff=\xff"])
def test_a_form_without_a_token_is_told_what_is_missing(office: Api, form: bytes) -> None:
    answer = office.send("sessions/introspect", form, "application/x-www-form-urlencoded")
    assert (answer.status, answer.body["field"], answer.body["detail"]) == (422, "token", "token: is missing")
