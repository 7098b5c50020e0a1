"""The AuthZEN working group's certification scenario for Authorization API 1.0, at all its levels."""

from typing import Any

import pytest
from fastapi import FastAPI

from tenantry.services import evaluations
from tests.runtime_api.api import Answer, Api
from tests.support.builders import project_member, user, workgroup
from tests.support.door import Door

ALICE, BOB = {"type": "user", "id": "alice"}, {"type": "user", "id": "bob"}
ADMIN = BOB | {"properties": {"role": "admin"}}
READ, WRITE = {"name": "read"}, {"name": "write"}
FIRST = {"type": "record", "id": "record-1"}
ACTIVE = FIRST | {"properties": {"status": "active"}}
ARCHIVED = {"type": "record", "id": "record-2", "properties": {"status": "archived"}}


def delete(*, soft: bool) -> dict[str, Any]:
    return {"name": "delete", "properties": {"soft": soft}}


POLICY = {
    "modules": [
        {
            "name": "records",
            "levels": [
                {"name": "View", "actions": ["record:read"]},
                {"name": "Edit", "actions": ["record:write", "record:delete-soft"]},
                {"name": "Purge", "actions": ["record:delete"]},
            ],
        }
    ],
    "roles": [
        {"name": "editor", "access": [{"module": "records", "level": "Edit"}]},
        {"name": "admin", "access": [{"module": "records", "level": "View"}]},
    ],
    "scopes": [{"name": "status", "values": ["active", "archived"], "allowAll": True}],
    "projects": [
        {
            "name": "archive",
            "resources": [{"type": "record", "names": ["record-1", "record-2"], "operations": ["read", "write"]}],
        }
    ],
}


def member(role: str, *status: str) -> list[dict[str, Any]]:
    return [{"workgroupRef": "tracker", "role": role, "scopes": [{"name": "status", "values": list(status)}]}]


@pytest.fixture
def pdp(api: Api) -> Api:
    """The fixture of the scenario: alice edits what is active, bob writes in the archive only."""
    api.tenant.apply(
        workgroup(pool=None, spec=POLICY),
        user("alice", license=None, in_=member("editor", "active")),
        user("bob", license=None, in_=member("admin", "*")),
        project_member(
            "bob-archive",
            spec={
                "workgroupRef": "tracker",
                "project": "archive",
                "userRef": "bob",
                "allow": [{"type": "record", "names": ["record-2"], "operations": ["write"]}],
            },
        ),
    )
    return api


def ask(api: Api, endpoint: str, **body: Any) -> Answer:
    return api.call("POST", f"access/v1/{endpoint}", body)


def decision(api: Api, subject: Any, action: Any, resource: Any, **more: Any) -> bool:
    answer = ask(api, "evaluation", subject=subject, action=action, resource=resource, **more)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json"), answer.text
    assert isinstance(answer.body["context"], dict)
    found: bool = answer.body["decision"]
    return found


DECISIONS = [
    pytest.param(ALICE, READ, FIRST, True, id="rule 1"),
    pytest.param(ALICE, WRITE, FIRST, True, id="rule 2"),
    pytest.param(BOB, READ, FIRST, True, id="rule 3"),
    pytest.param(BOB, WRITE, FIRST, False, id="rule 4"),
    pytest.param(ALICE, WRITE, ARCHIVED, False, id="rule 5"),
    pytest.param(ADMIN, WRITE, ARCHIVED, True, id="rule 6"),
    pytest.param(ALICE, delete(soft=True), FIRST, True, id="rule 7"),
    pytest.param(ALICE, delete(soft=False), FIRST, False, id="rule 8"),
]


@pytest.mark.parametrize(("subject", "action", "resource", "expected"), DECISIONS)
def test_basic_the_eight_decisions(pdp: Api, subject: Any, action: Any, resource: Any, *, expected: bool) -> None:
    for _ in range(2):
        assert decision(pdp, subject, action, resource) is expected
    assert decision(pdp, subject, action, resource, context={"ip": "192.0.2.1"}) is expected


def test_basic_properties_and_fields_that_mean_nothing_here_change_nothing(pdp: Api) -> None:
    subject = ALICE | {"properties": {"department": "Sales", "role": "manager"}}
    action = READ | {"properties": {"method": "GET"}}
    resource = FIRST | {"properties": {"status": "active", "owner": "bob"}}
    assert decision(pdp, subject, action, resource, foo="bar", futureField={"nested": True})


WHOLE = {"subject": ALICE, "action": READ, "resource": FIRST}
INCOMPLETE = [{k: v for k, v in WHOLE.items() if k != missing} for missing in WHOLE] + [
    WHOLE | {"subject": {"id": "alice"}},
    WHOLE | {"subject": {"type": "user"}},
    WHOLE | {"action": {}},
    WHOLE | {"resource": {"id": "record-1"}},
    WHOLE | {"resource": {"type": "record"}},
    WHOLE | {"subject": "alice"},
    WHOLE | {"action": {"name": 123}},
]


@pytest.mark.parametrize("body", INCOMPLETE)
def test_basic_what_lacks_a_part_is_a_bad_request(pdp: Api, body: dict[str, Any]) -> None:
    answer = ask(pdp, "evaluation", **body)
    assert (answer.status, answer.reason) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    ("content", "type_"), [(b"{", "application/json"), (b"", "application/json"), (b"{}", "text/plain")]
)
def test_basic_what_is_no_json_is_a_bad_request(pdp: Api, content: bytes, type_: str) -> None:
    assert pdp.send("access/v1/evaluation", content, type_).status == 400


@pytest.mark.parametrize("workgroup", ["\x00", 5, ["tracker"]])
def test_a_workgroup_that_no_text_names_is_a_bad_request(pdp: Api, workgroup: object) -> None:
    context = {"workgroup": workgroup}
    search = {"subject": {"type": "user"}, "action": READ, "resource": FIRST, "context": context}
    assert ask(pdp, "search/subject", **search).status == 400
    assert ask(pdp, "evaluation", **WHOLE | {"context": context}).status == 400
    batch = ask(pdp, "evaluations", **WHOLE, evaluations=[{"context": context}, {}])
    assert [each["decision"] for each in batch.body["evaluations"]] == [False, True]


@pytest.mark.parametrize("id_", ["certify-1", "urn:uuid:bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "Root=1-67;Self=1-68"])
def test_basic_a_request_id_comes_back(pdp: Api, id_: str) -> None:
    answer = pdp.call("POST", "access/v1/evaluation", WHOLE, headers={"X-Request-ID": id_})
    assert answer.headers["X-Request-ID"] == id_


BATCHES = [
    pytest.param({"subject": BOB, "resource": FIRST}, [{"action": READ}, {"action": WRITE}], [True, False], id="order"),
    pytest.param(
        {"subject": ALICE, "action": WRITE},
        [{"resource": ACTIVE}, {"resource": ARCHIVED}],
        [True, False],
        id="resource",
    ),
    pytest.param(
        {"action": WRITE, "resource": ARCHIVED}, [{"subject": ALICE}, {"subject": ADMIN}], [False, True], id="subject"
    ),
    pytest.param({}, [WHOLE, {"subject": BOB, "action": WRITE, "resource": FIRST}], [True, False], id="no defaults"),
    pytest.param(
        {"subject": ALICE, "action": READ, "context": {"time": "now"}},
        [{"resource": FIRST}, {"resource": FIRST, "context": {"time": "later"}}],
        [True, True],
        id="context",
    ),
    pytest.param(
        {"subject": ALICE, "action": WRITE, "resource": {"type": "record"}},
        [{"resource": {"id": "record-1", "properties": {"status": "active"}}}, {"resource": ARCHIVED}],
        [True, False],
        id="type from the default",
    ),
    pytest.param({"subject": ALICE, "action": READ}, [{"resource": FIRST}, {}], [True, False], id="one is incomplete"),
]


@pytest.mark.parametrize(("defaults", "evaluations", "expected"), BATCHES)
def test_batch_each_is_decided_in_order(pdp: Api, defaults: Any, evaluations: Any, expected: list[bool]) -> None:
    answer = ask(pdp, "evaluations", **defaults, evaluations=evaluations)
    assert answer.status == 200
    assert [each["decision"] for each in answer.body["evaluations"]] == expected
    assert "decision" not in answer.body


@pytest.mark.parametrize("more", [{}, {"evaluations": []}])
def test_batch_without_evaluations_is_a_single_question(pdp: Api, more: dict[str, Any]) -> None:
    assert ask(pdp, "evaluations", **WHOLE, **more).body["decision"] is True
    assert ask(pdp, "evaluations", subject=ALICE, **more).status == 400


SEMANTICS = [
    ("execute_all", [True, False, True]),
    ("deny_on_first_deny", [True, False]),
    ("permit_on_first_permit", [True]),
]


@pytest.mark.parametrize(("semantic", "expected"), SEMANTICS)
def test_batch_ends_where_its_semantic_says(pdp: Api, semantic: str, expected: list[bool]) -> None:
    body = {"subject": BOB, "resource": FIRST, "options": {"evaluations_semantic": semantic}}
    answer = ask(pdp, "evaluations", **body, evaluations=[{"action": READ}, {"action": WRITE}, {"action": READ}])
    assert [each["decision"] for each in answer.body["evaluations"]] == expected


SUBJECTS = [(READ, FIRST, ["alice", "bob"]), (WRITE, ARCHIVED, ["bob"]), (WRITE, ACTIVE, ["alice"])]


@pytest.mark.parametrize(("action", "resource", "expected"), SUBJECTS)
def test_search_who_may(pdp: Api, action: Any, resource: Any, expected: list[str]) -> None:
    answer = ask(pdp, "search/subject", subject={"type": "user"}, action=action, resource=resource, context={"a": 1})
    assert answer.body["results"] == [{"type": "user", "id": name} for name in expected]
    assert answer.body["page"]["next_token"] == ""


def test_search_goes_page_by_page(pdp: Api) -> None:
    body = {"subject": {"type": "user"}, "action": READ, "resource": FIRST}
    first = ask(pdp, "search/subject", **body, page={"limit": 1}).body
    second = ask(pdp, "search/subject", **body, page={"token": first["page"]["next_token"]}).body
    assert [r["id"] for r in (*first["results"], *second["results"])] == ["alice", "bob"]
    assert second["page"]["next_token"] == ""


def test_search_looks_at_so_many_accounts_a_call_and_the_next_goes_on(
    pdp: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluations, "_PAGE", 1)
    monkeypatch.setattr(evaluations, "_MOST_LOOKED_AT", 1)
    body = {"subject": {"type": "user"}, "action": WRITE, "resource": ARCHIVED}
    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        answer = ask(pdp, "search/subject", **body, page={"token": token}).body
        pages.append([result["id"] for result in answer["results"]])
        token = answer["page"]["next_token"]
    assert [login for page in pages for login in page] == ["bob"]
    assert pages[0] == []


@pytest.mark.parametrize(("subject", "action", "expected"), [(ALICE, READ, 2), (ADMIN, WRITE, 1)])
def test_search_what_it_may_be_done_to(pdp: Api, subject: Any, action: Any, expected: int) -> None:
    found = ask(pdp, "search/resource", subject=subject, action=action, resource={"type": "record"}).body["results"]
    assert [r["id"] for r in found] == ["record-1", "record-2"][-expected:]


@pytest.mark.parametrize(
    ("subject", "resource", "expected"),
    [(ALICE, FIRST, ["delete-soft", "read", "write"]), (ADMIN, ARCHIVED, ["read", "write"])],
)
def test_search_what_may_be_done(pdp: Api, subject: Any, resource: Any, expected: list[str]) -> None:
    found = ask(pdp, "search/action", subject=subject, resource=resource, context={"a": 1}).body["results"]
    assert [r["name"] for r in found] == expected


def test_search_for_what_is_not_known_finds_nothing(pdp: Api) -> None:
    nobody = {"type": "user", "id": "nonexistent-user"}
    assert ask(pdp, "search/action", subject=nobody, resource=FIRST).body["results"] == []
    ship = {"type": "spaceship"}
    assert ask(pdp, "search/subject", subject=ship, action=READ, resource=FIRST).body == {"results": []}
    assert ask(pdp, "search/resource", subject=ALICE, action=READ, resource=ship).body["results"] == []


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("subject", {"subject": {"type": "user"}, "resource": FIRST}),
        ("resource", {"action": READ, "resource": {"type": "record"}}),
        ("action", {"subject": ALICE}),
        ("subject", {"subject": {"type": "user"}, "action": READ, "resource": {"type": "record"}}),
        ("resource", {"subject": {"type": "user"}, "action": READ, "resource": {"type": "record"}}),
    ],
)
def test_search_what_lacks_a_part_is_a_bad_request(pdp: Api, endpoint: str, body: dict[str, Any]) -> None:
    assert ask(pdp, f"search/{endpoint}", **body).status == 400


def test_discovery_tells_where_the_endpoints_of_the_tenant_are(pdp: Api) -> None:
    answer = pdp.at("/.well-known/authzen-configuration/v1/acme")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    base = f"{pdp.url}/v1/acme"
    assert answer.body["policy_decision_point"] == base
    assert answer.body["access_evaluation_endpoint"] == f"{base}/access/v1/evaluation"
    assert len(answer.body) == 6


def test_behind_a_proxy_addresses_are_those_that_the_server_was_told(
    served: tuple[FastAPI, str], pdp: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served[0].state, "public_url", "https://accounts.acme.example/tenantry/", raising=False)
    base = "https://accounts.acme.example/tenantry/v1/acme"
    answer = pdp.at("/.well-known/authzen-configuration/v1/acme")
    assert answer.body["policy_decision_point"] == base
    assert answer.body["access_evaluation_endpoint"] == f"{base}/access/v1/evaluation"
    (found,) = pdp.call("GET", "scim/v2/Users?filter=userName%20eq%20%22alice%22").body["Resources"]
    assert found["meta"]["location"] == f"{base}/scim/v2/Users/{found['id']}"


def test_a_subject_may_be_a_session_and_is_nobody_once_that_is_over(pdp: Api) -> None:
    door = Door(pdp.tenant)
    started = door.let_in("alice")
    session = {"type": "session", "id": started.token}
    assert decision(pdp, session, WRITE, FIRST)
    door.log_off(started)
    assert not decision(pdp, session, WRITE, FIRST)
