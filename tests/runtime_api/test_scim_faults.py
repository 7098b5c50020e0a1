"""What a SCIM client is told when it is wrong: in attributes that it knows, and never that it was done."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.runtime_api.api import Api
from tests.support.builders import pool, user, workgroup
from tests.support.scim import ASKED, Directory, directory, refused

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
DESK: dict[str, Any] = {
    "profile": {"required": ["password", "name.givenName"]},
    "roles": [{"name": "Agent"}],
    "password": {"minLength": 8},
}


@pytest.fixture
def hr(api: Api) -> Directory:
    api.tenant.apply(pool(static=3), workgroup("desk", spec=DESK), user("ada", in_="desk"))
    return directory(api, workgroup="desk", license="Static", role="Agent")


def bob(hr: Directory) -> dict[str, Any]:
    return hr.made("bob", name={"givenName": "Bob"}, password="correct horse")


def test_what_a_policy_requires_is_told_by_its_attribute(hr: Directory) -> None:
    answer = hr.make("bob")
    refused(answer, 400, "ProfileIncomplete: password: ", "; name.givenName: ", type_="invalidValue")
    assert "spec." not in answer.body["detail"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"licenseType": "Gold"}, f"InvalidSpec: {ASKED}:licenseType: "),
        ({"workgroups": ["nowhere"]}, f"WorkgroupNotFound: {ASKED}:workgroups: "),
    ],
)
def test_what_the_extension_asks_for_is_told_by_its_attribute(hr: Directory, asked: dict[str, Any], told: str) -> None:
    answer = hr.make("bob", name={"givenName": "Bob"}, password="correct horse", **{ASKED: asked})
    refused(answer, 400, told, type_="invalidValue")
    assert "spec." not in answer.body["detail"]


def test_another_media_type_is_told_both_that_are_taken(hr: Directory) -> None:
    refused(hr.api.send("scim/v2/Users", b"{}", "text/plain"), 415, "application/scim+json or application/json")
    assert hr.api.send("scim/v2/Users", b"{}", "application/json").status != 415


@pytest.mark.parametrize(
    ("filter_", "told"),
    [
        ('userName eqq "x"', "at column 10, at eqq"),
        ('userName eq "x" andd active eq true', "at column 17, at andd"),
        ("userName eq green-mug", "at column 13, at a value"),
        ("userName ge", "at column 10, at ge"),
    ],
)
def test_a_filter_that_cannot_be_read_is_told_where(hr: Directory, filter_: str, told: str) -> None:
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter_}
    in_query = hr.call("GET", f"Users?{urlencode({'filter': filter_})}")
    for answer in (in_query, hr.call("POST", "Users/.search", search)):
        refused(answer, 400, told, type_="invalidFilter")
        assert "green-mug" not in answer.text


@pytest.mark.parametrize(
    ("operation", "type_", "told"),
    [
        ({"op": "replace", "path": "activ", "value": False}, "invalidPath", '"activ"'),
        ({"op": "add", "path": "nope", "value": "x"}, "invalidPath", '"nope"'),
        ({"op": "remove", "path": "nope"}, "invalidPath", '"nope"'),
        ({"op": "replace", "path": "name.nope", "value": "x"}, "invalidPath", '"name.nope"'),
        ({"op": "replace", "path": "urn:example:2.0:User:active", "value": "x"}, "invalidPath", "urn:example"),
        ({"op": "replace", "value": {"nickname2": "x"}}, "noTarget", '"nickname2"'),
        ({"op": "replace", "value": {"name": {"nope": "x"}}}, "noTarget", '"name.nope"'),
        ({"op": "replace", "path": "name", "value": {"nope": "x"}}, "noTarget", '"name.nope"'),
        ({"op": "replace", "value": {ENTERPRISE: {"depart": "x"}}}, "noTarget", "depart"),
    ],
)
def test_a_patch_of_what_no_schema_has_is_refused_whole(
    hr: Directory, operation: dict[str, Any], type_: str, told: str
) -> None:
    made = bob(hr)
    change = {"op": "replace", "path": "displayName", "value": "Bobby"}
    refused(hr.patch(f"Users/{made['id']}", change, operation), 400, told, type_=type_)
    assert hr.user("bob") == made


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "title", "value": "Clerk"},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Sales"},
        {"op": "add", "value": {"nickName": "Bo", "name": {"middleName": "B"}, ENTERPRISE: {"department": "Sales"}}},
        {"op": "replace", "value": {"schemas": [ENTERPRISE], "ims": [{"value": "bob"}]}},
    ],
)
def test_what_identity_providers_send_of_the_standard_beside_what_there_is_is_let_go(
    hr: Directory, operation: dict[str, Any]
) -> None:
    path = f"Users/{bob(hr)['id']}"
    change = {"op": "replace", "path": "displayName", "value": "Bobby"}
    assert hr.patch(path, change, operation).status in {200, 204}
    assert hr.user("bob")["displayName"] == "Bobby"


def test_a_patch_of_a_group_speaks_of_what_a_group_has(hr: Directory) -> None:
    group = hr.call("POST", "Groups", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "A"})
    change = {"op": "add", "path": "member", "value": [{"value": bob(hr)["id"]}]}
    refused(hr.patch(f"Groups/{group.body['id']}", change), 400, '"member"', type_="invalidPath")


@pytest.mark.parametrize("value", ["no", "off", "0", 0, "", [True]], ids=repr)
def test_active_is_true_or_false_and_nothing_that_looks_like_it(hr: Directory, value: object) -> None:
    path = f"Users/{bob(hr)['id']}"
    refused(hr.patch(path, {"op": "replace", "path": "active", "value": value}), 400, type_="invalidValue")
    assert hr.user("bob")["active"] is True


@pytest.mark.parametrize("value", [False, "False", "false"], ids=repr)
def test_active_may_be_a_text_as_microsoft_entra_sends_it(hr: Directory, value: object) -> None:
    path = f"Users/{bob(hr)['id']}"
    assert hr.patch(path, {"op": "Replace", "path": "active", "value": value}).status in {200, 204}
    assert hr.user("bob")["active"] is False
