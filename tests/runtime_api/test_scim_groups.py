"""Groups through SCIM, and many writes in one request."""

from typing import Any

import pytest

from tenantry.services import managed
from tenantry.services.managed import Drop, Put
from tests.runtime_api.api import Answer, Api
from tests.support.builders import pool, user, workgroup
from tests.support.invariants import digest
from tests.support.scim import BULK, GROUP, USER, Directory, directory, records, refused

DESK: dict[str, Any] = {
    "modules": [{"name": "Board", "levels": [{"name": "None"}, {"name": "Edit", "actions": ["card:edit"]}]}],
    "groups": [
        {"name": "Ops", "access": [{"module": "Board", "level": "Edit"}]},
        {"name": "Sales", "defaultFor": ["Static"]},
    ],
}
SPEC: dict[str, Any] = {
    "userName": "bob",
    "onExisting": "Restore",
    "license": {"type": "Static"},
    "workgroups": [{"workgroupRef": "desk"}],
}


@pytest.fixture
def hr(api: Api) -> Directory:
    """An identity provider for the desk, where Static people are in Sales by default; Ada is a cluster's."""
    api.tenant.apply(pool(static=3), workgroup("desk", spec=DESK), user("ada", in_="desk"))
    return directory(api, workgroup="desk", license="Static")


def members(group: dict[str, Any]) -> list[str]:
    return [member["value"] for member in group.get("members", [])]


def add(hr: Directory, group: dict[str, Any], *ids: str) -> Answer:
    values = [{"value": id_} for id_ in ids]
    return hr.patch(f"Groups/{group['id']}", {"op": "add", "path": "members", "value": values})


def remove(hr: Directory, group: dict[str, Any], id_: str) -> Answer:
    return hr.patch(f"Groups/{group['id']}", {"op": "remove", "path": f'members[value eq "{id_}"]'})


def may_edit(hr: Directory, login: str) -> bool:
    body = {
        "subject": {"type": "user", "id": login},
        "action": {"name": "edit"},
        "resource": {"type": "card", "id": "1"},
    }
    return bool(hr.api.call("POST", "access/v1/evaluation", body).body["decision"])


def test_the_groups_of_workgroups_are_listed_with_their_members(hr: Directory) -> None:
    ada = hr.user("ada")
    assert [g["displayName"] for g in hr.find("Groups", sortBy="displayName")] == ["desk/Ops", "desk/Sales"]
    sales = hr.group("desk/Sales")
    assert members(sales) == [ada["id"]]
    assert [g["value"] for g in ada["groups"]] == [sales["id"]]
    assert hr.call("GET", f"Groups/{sales['id']}").body == sales
    assert hr.find("Groups", f'members.value eq "{ada["id"]}"') == [sales]
    assert hr.find("Groups", f'members[value eq "{ada["id"]}"] and displayName ew "ops"') == []
    assert hr.find("Users", f'groups.value eq "{sales["id"]}"') == [ada]
    assert hr.find("Users", 'groups.display eq "desk/Ops"') == []
    short = hr.find("Groups", 'displayName eq "desk/Sales"', excludedAttributes="members")
    assert [members(group) for group in short] == [[]]


def test_to_be_in_a_group_gives_what_the_workgroup_says_and_to_leave_it_takes_that_away(hr: Directory) -> None:
    bob, ops = hr.made("bob"), hr.group("desk/Ops")
    assert not may_edit(hr, "bob")
    assert add(hr, ops, bob["id"]).status in {200, 204}
    assert may_edit(hr, "bob")
    assert [g["display"] for g in hr.user("bob")["groups"]] == ["desk/Ops", "desk/Sales"] or len(
        hr.user("bob")["groups"]
    ) == 2
    assert remove(hr, ops, bob["id"]).status in {200, 204}
    assert not may_edit(hr, "bob")


def test_of_the_members_of_one_request_all_are_written_or_none(hr: Directory) -> None:
    bob, ada, ops = hr.made("bob"), hr.user("ada"), hr.group("desk/Ops")
    before = digest(hr.api.tenant.store)
    refused(add(hr, ops, bob["id"], ada["id"]), 403, "ManagedByKubernetes", 'User "ada"')
    refused(add(hr, ops, bob["id"], "nobody"), 400, "nobody", type_="invalidValue")
    assert digest(hr.api.tenant.store) == before


def test_one_is_not_taken_out_of_the_only_group_which_is_by_default(hr: Directory) -> None:
    bob, sales = hr.made("bob"), hr.group("desk/Sales")
    refused(remove(hr, sales, bob["id"]), 409, "GroupByDefault")
    assert bob["id"] in members(hr.group("desk/Sales"))
    add(hr, hr.group("desk/Ops"), bob["id"])
    assert remove(hr, sales, bob["id"]).status in {200, 204}
    assert bob["id"] not in members(hr.group("desk/Sales"))


def test_a_group_that_a_workgroup_defines_is_neither_renamed_nor_deleted(hr: Directory) -> None:
    path = f"Groups/{hr.group('desk/Ops')['id']}"
    refused(hr.patch(path, {"op": "replace", "path": "displayName", "value": "Ops"}), 400, "desk", type_="mutability")
    refused(hr.call("DELETE", path), 400, "desk", type_="mutability")
    refused(hr.call("POST", "Groups", {"schemas": [GROUP], "displayName": "desk/Ops"}), 409, "desk", type_="uniqueness")
    assert hr.patch(path, {"op": "add", "path": "externalId", "value": "G-1"}).status in {200, 204}
    assert [g["displayName"] for g in hr.find("Groups", 'externalId eq "G-1"')] == ["desk/Ops"]


def test_a_group_that_a_client_makes_gives_nothing_and_is_the_clients(hr: Directory) -> None:
    ada = hr.user("ada")
    body = {"schemas": [GROUP], "displayName": "Ops", "members": [{"value": ada["id"]}], "externalId": "G-2"}
    made = hr.call("POST", "Groups", body)
    assert made.status == 201
    path = f"Groups/{made.body['id']}"
    assert not may_edit(hr, "ada")
    assert "Ops" in {g["display"] for g in hr.user("ada")["groups"]}
    assert hr.find("Users", 'groups.display eq "ops"') == [hr.user("ada")]
    assert hr.patch(path, {"op": "replace", "path": "displayName", "value": "Night"}).status in {200, 204}
    refused(hr.call("PUT", path, body, If_Match=made.headers["ETag"]), 412)
    assert remove(hr, made.body, ada["id"]).status in {200, 204}
    assert members(hr.group("Night")) == []
    assert hr.call("DELETE", path).status == 204
    refused(hr.call("GET", path), 404)
    told = [r.change.action for r in records(hr) if r.change.kind == "ScimGroup"]
    assert told == ["ScimGroupCreated", "ScimGroupChanged", "ScimGroupChanged", "ScimGroupDeleted"]


def test_one_who_is_deleted_is_in_no_group(hr: Directory) -> None:
    bob = hr.made("bob")
    hr.call("POST", "Groups", {"schemas": [GROUP], "displayName": "Night", "members": [{"value": bob["id"]}]})
    hr.call("DELETE", f"Users/{bob['id']}")
    assert members(hr.group("Night")) == []
    assert bob["id"] not in members(hr.group("desk/Sales"))


def test_one_who_is_deleted_by_another_door_is_in_no_group_and_has_no_external_id(hr: Directory) -> None:
    bob = hr.made("bob", externalId="X-1")
    hr.call("POST", "Groups", {"schemas": [GROUP], "displayName": "Night", "members": [{"value": bob["id"]}]})
    tenant = hr.api.tenant
    managed.carry_out(tenant.store, tenant.ref.namespace, [Drop("bob")], "admin", tenant.now)
    assert members(hr.group("Night")) == []
    managed.carry_out(tenant.store, tenant.ref.namespace, [Put(SPEC, create=True)], "admin", tenant.now)
    assert hr.user("bob")["id"] == bob["id"]
    assert "externalId" not in hr.user("bob")


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", True),
        ("?excludedAttributes=members", False),
        ("?excludedAttributes=urn:ietf:params:scim:schemas:core:2.0:Group:Members,displayName", False),
        ("?excludedAttributes=members.display", True),
        ("?attributes=displayName", False),
        ("?attributes=displayName,members.value", True),
        ("?attributes=Members", True),
    ],
)
def test_members_are_shown_to_who_asks_for_them(hr: Directory, asked: str, shown: bool) -> None:  # noqa: FBT001
    hr.made("bob")
    group = hr.group("desk/Sales")
    found = hr.call("GET", f"Groups/{group['id']}{asked}")
    (listed,) = [g for g in hr.call("GET", f"Groups{asked}").body["Resources"] if g["id"] == group["id"]]
    for each in (found.body, listed):
        assert members(each) == (members(group) if shown else [])
    assert found.headers["ETag"] == group["meta"]["version"]


def operation(method: str, path: str, data: object = None, bulk_id: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"method": method, "path": path}
    return found | ({"data": data} if data is not None else {}) | ({"bulkId": bulk_id} if bulk_id else {})


def test_bulk_makes_what_it_can_and_says_what_it_could_not(hr: Directory) -> None:
    new = [operation("POST", "/Users", {"schemas": [USER], "userName": n}, n) for n in ("bob", "cid", "dan")]
    night = {"schemas": [GROUP], "displayName": "Night", "members": [{"value": "bulkId:bob"}]}
    body = {"schemas": [BULK], "Operations": [operation("POST", "/Groups", night, "night"), *new]}
    done = {o["bulkId"]: o for o in hr.call("POST", "Bulk", body).body["Operations"]}
    assert {bulk_id: o["status"] for bulk_id, o in done.items()} == {
        "night": "201",
        "bob": "201",
        "cid": "201",
        "dan": "409",
    }
    assert "SeatLimitReached" in done["dan"]["response"]["detail"]
    assert members(hr.group("Night")) == [hr.user("bob")["id"]]
    gone = operation("DELETE", f"/Users/{hr.user('bob')['id']}")
    stop = {"schemas": [BULK], "failOnErrors": 1, "Operations": [operation("DELETE", "/Users/nobody"), gone]}
    assert [o["status"] for o in hr.call("POST", "Bulk", stop).body["Operations"]] == ["404"]
    assert hr.user("bob")


def test_bulk_has_limits_that_discovery_tells(hr: Directory) -> None:
    told = hr.call("GET", "ServiceProviderConfig").body["bulk"]
    assert told == {"supported": True, "maxOperations": 200, "maxPayloadSize": 768 * 1024}
    many = [operation("DELETE", "/Users/nobody")] * 201
    refused(hr.call("POST", "Bulk", {"schemas": [BULK], "Operations": many}), 413, "200")
    refused(hr.call("POST", "Bulk", {"schemas": [BULK], "Operations": [], "x": "x" * 800_000}), 413)


def test_a_page_of_users_is_capped_and_says_so(hr: Directory) -> None:
    answer = hr.call("GET", "Users?count=100000")
    assert (answer.body["totalResults"], answer.body["itemsPerPage"]) == (1, 1)
    assert hr.call("GET", "ServiceProviderConfig").body["filter"]["maxResults"] == 200


@pytest.mark.parametrize("name", ["desk/Ops", "DESK/ops"])
def test_no_group_of_a_client_is_taken_for_one_that_a_workgroup_defines(hr: Directory, name: str) -> None:
    answer = hr.call("POST", "Groups", {"schemas": [GROUP], "displayName": name})
    refused(answer, 409, "LoginTaken", type_="uniqueness")
    assert [group["displayName"] for group in hr.find("Groups", f'displayName eq "{name}"')] == ["desk/Ops"]
