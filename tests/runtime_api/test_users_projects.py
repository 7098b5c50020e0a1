"""Members of projects, managed by people who are in them (TH-21)."""

from typing import Any

import pytest

from tests.runtime_api.api import Api
from tests.runtime_api.desk import MISSING, OUT_OF_REACH, Person, account_id, let_in, made, told
from tests.support.builders import project_member
from tests.support.examples import apply_example

READ = {"allow": [{"type": "device", "names": ["north-bay"], "operations": ["read"]}]}


@pytest.fixture
def bruno(api: Api) -> Person:
    """A Developer in project greenhouse."""
    apply_example(api.tenant, "thinger")
    part = {"workgroupRef": "instance", "project": "greenhouse", "userRef": "bruno"}
    api.tenant.apply(project_member("greenhouse-bruno", spec=part))
    return let_in(api, "bruno", "instance")


def may(api: Api, login: str, operation: str = "read", device: str = "north-bay") -> bool:
    asked = {"subject": {"type": "user", "id": login}, "action": {"name": operation}}
    asked["resource"] = {"type": "device", "id": device}
    return bool(api.call("POST", "access/v1/evaluation", asked).body["decision"])


def put(person: Person, login: str, body: dict[str, Any], project: str = "greenhouse") -> Any:
    return person.call("PUT", f"projects/{project}/members/{account_id(person.api, login)}", body)


def test_th_21_a_developer_adds_a_member_to_the_own_project_and_sets_allow_and_deny(api: Api, bruno: Person) -> None:
    assert not may(api, "newcomer")
    assert put(bruno, "newcomer", READ).status == 204
    assert may(api, "newcomer")
    assert not may(api, "newcomer", "write")
    deny = [{"type": "device", "names": ["*"], "operations": ["read"]}]
    assert put(bruno, "newcomer", READ | {"deny": deny}).status == 204
    assert not may(api, "newcomer")
    assert bruno.call("DELETE", bruno_path(bruno, "newcomer")).status == 204
    assert not may(api, "newcomer")
    assert told(bruno.call("DELETE", bruno_path(bruno, "newcomer"))) == (403, "NotAMember")


def bruno_path(person: Person, login: str) -> str:
    return f"projects/greenhouse/members/{account_id(person.api, login)}"


def test_th_21_in_a_project_that_is_not_their_own_nobody_adds_anybody(api: Api, bruno: Person) -> None:
    assert told(put(bruno, "newcomer", READ, "fleet")) == OUT_OF_REACH
    for login in ("mei", "helen"):
        assert told(put(let_in(api, login, "instance"), "newcomer", READ)) == OUT_OF_REACH
    assert told(put(let_in(api, "grower-anna", "instance"), "newcomer", READ)) == MISSING
    assert not may(api, "newcomer")


def test_th_20_th_21_an_administrator_manages_the_own_project_too(api: Api, bruno: Person) -> None:
    part = {"workgroupRef": "instance", "project": "greenhouse", "userRef": "helen"}
    api.tenant.apply(project_member("greenhouse-helen", spec=part))
    assert put(let_in(api, "helen", "instance"), "newcomer", READ).status == 204
    assert {m["userName"] for m in bruno.get("projects/greenhouse/members")["members"]} >= {"newcomer", "helen"}


def test_th_12_nobody_lifts_what_another_member_denies_them(api: Api, bruno: Person) -> None:
    part = {"workgroupRef": "instance", "project": "greenhouse", "userRef": "helen"}
    api.tenant.apply(project_member("greenhouse-helen", spec=part))
    deny = {"deny": [{"type": "device", "names": ["*"], "operations": ["read"]}]}
    assert put(let_in(api, "helen", "instance"), "bruno", deny).status == 204
    assert told(put(bruno, "bruno", READ)) == OUT_OF_REACH
    assert told(bruno.call("DELETE", bruno_path(bruno, "bruno"))) == OUT_OF_REACH
    assert not may(api, "bruno")


FAULTS = [
    ({"allow": [{"type": "device", "names": ["truck-1"], "operations": ["read"]}]}, 403, "ProjectResourceNotFound"),
    ({"allow": [{"type": "device", "names": ["north-bay"], "operations": ["fly"]}]}, 403, "OperationNotFound"),
    ({"allow": [{"type": "device", "names": []}]}, 422, "InvalidSpec"),
    ({"permit": []}, 422, "InvalidRequest"),
]


@pytest.mark.parametrize(("body", "status", "reason"), FAULTS)
def test_th_13_what_is_not_of_the_project_is_refused_and_changes_nothing(
    bruno: Person, body: dict[str, Any], status: int, reason: str
) -> None:
    before = bruno.get("projects/greenhouse/members")
    assert told(put(bruno, "newcomer", body)) == (status, reason)
    assert bruno.get("projects/greenhouse/members") == before


def test_what_a_resource_put_there_is_taken_away_by_deleting_the_resource(bruno: Person) -> None:
    answer = bruno.call("DELETE", bruno_path(bruno, "grower-anna"))
    assert told(answer) == (403, "ManagedByKubernetes")
    assert 'ProjectMember "greenhouse-anna"' in answer.body["detail"]
    assert told(put(bruno, "newcomer", READ, "nowhere")) == (403, "ProjectNotFound")


def test_an_account_that_was_deleted_leaves_no_project_to_the_next_of_its_login(api: Api, bruno: Person) -> None:
    helen = let_in(api, "helen", "instance")
    spec = {"emails": [{"value": "x@y.example"}], "workgroups": [{"workgroupRef": "instance", "role": "User"}]}
    made(helen, "guest", **spec)
    assert put(bruno, "guest", READ).status == 204
    assert may(api, "guest")
    assert helen.call("DELETE", helen.on("guest")).status == 204
    made(helen, "guest", **spec)
    assert not may(api, "guest")
