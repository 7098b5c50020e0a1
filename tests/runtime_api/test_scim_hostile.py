"""What no client should send over SCIM: answered or refused in SCIM's form, and never a fault of the server's."""

from typing import Any, Never

import pytest

from tenantry.errors import StoreUnavailable
from tenantry.store import Store
from tests.runtime_api.api import Answer, Api
from tests.support.builders import pool, workgroup
from tests.support.scim import ASKED, GROUP, Directory, directory, refused

_SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
_MOST = 200


@pytest.fixture
def hr(api: Api) -> Directory:
    api.tenant.apply(pool(static=3), workgroup("desk", spec={"groups": [{"name": "Ops"}]}))
    found = directory(api, workgroup="desk", license="Static")
    found.made("bob", emails=[{"value": "bob@example.com"}])
    return found


def _search(hr: Directory, **asked: Any) -> Answer:
    return hr.call("POST", "Users/.search", {"schemas": [_SEARCH], **asked})


@pytest.mark.parametrize(
    ("asked", "shown", "total"),
    [
        ({"startIndex": 10**30}, 0, 1),
        ({"startIndex": 2**63, "count": 2**62}, 0, 1),
        ({"count": 10**30}, 1, 1),
        ({"filter": 'meta.created gt "0001-01-01T00:00:00+14:00"'}, 1, 1),
        ({"filter": 'meta.created lt "9999-12-31T23:59:59-14:00"'}, 1, 1),
        ({"filter": 'meta.created gt "9999-12-31T23:59:59-14:00"'}, 0, 0),
        ({"filter": "(" * 50_000 + "active pr" + ")" * 50_000}, 1, 1),
        ({"filter": " or ".join(['userName eq "bob"'] * _MOST)}, 1, 1),
        ({"filter": " and ".join(['emails[value co "bob"]'] * _MOST)}, 1, 1),
    ],
    ids=lambda asked: str(asked)[:40],
)
def test_a_search_for_more_than_there_can_be_is_answered(
    hr: Directory, asked: dict[str, Any], shown: int, total: int
) -> None:
    answer = _search(hr, **asked)
    assert answer.status == 200, answer.text
    assert (len(answer.body.get("Resources", [])), answer.body["totalResults"]) == (shown, total)


@pytest.mark.parametrize(
    "filter_",
    [
        "not (" * 5_000 + "active pr" + ")" * 5_000,
        " or ".join(['userName eq "bob"'] * (_MOST + 1)),
        " or ".join(['not (emails[value eq "a"])'] * (_MOST + 1)),
        'userName eq "\\u0000"',
        'userName eq "\\ud800"',
        'externalId ne "\\u0000"',
        'emails[value co "\\u0000"]',
    ],
    ids=lambda filter_: filter_[:40],
)
def test_a_filter_that_no_database_takes_is_refused(hr: Directory, filter_: str) -> None:
    refused(_search(hr, filter=filter_), 400, type_="invalidFilter")


def test_a_moment_without_an_offset_is_in_utc(hr: Directory) -> None:
    created = hr.user("bob")["meta"]["created"]
    assert hr.find("Users", f'meta.created eq "{created.removesuffix("Z")}"') == [hr.user("bob")]


@pytest.mark.parametrize("value", ["x" * 257, "a\0b"], ids=["long", "nul"])
@pytest.mark.parametrize("name", ["externalId", "displayName", "userName", "timezone", "workgroups"])
def test_a_text_of_a_user_that_cannot_be_kept_is_refused(hr: Directory, name: str, value: str) -> None:
    sent = {ASKED: {"workgroups": [value]}} if name == "workgroups" else {name: value}
    refused(hr.make(**{"login": "cid"} | ({"login": value} if name == "userName" else sent)), 400, type_="invalidValue")
    assert [found["userName"] for found in hr.find("Users")] == ["bob"]


@pytest.mark.parametrize("value", ["x" * 257, "a\0b"], ids=["long", "nul"])
@pytest.mark.parametrize("name", ["externalId", "displayName", "members"])
def test_a_text_of_a_group_that_cannot_be_kept_is_refused(hr: Directory, name: str, value: str) -> None:
    sent = {name: [{"value": value}] if name == "members" else value}
    refused(hr.call("POST", "Groups", {"schemas": [GROUP], "displayName": "Staff", **sent}), 400, type_="invalidValue")
    assert [found["displayName"] for found in hr.find("Groups")] == ["desk/Ops"]


@pytest.mark.parametrize(
    ("method", "path", "size", "status"),
    [
        ("POST", "Users", 2**20, 413),
        ("GET", "Users?filter=" + "x" * 9000, 0, 414),
        ("GET", "Users?filter=%00", 0, 400),
        ("OPTIONS", "Users", 0, 405),
        ("GET", "Nobody", 0, 404),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_never_reaches_scim_is_refused_in_its_form(
    hr: Directory, method: str, path: str, size: int, status: int
) -> None:
    """RFC 7644 3.12."""
    answer = hr.call(method, path, {"x": "x" * size} if size else None)
    refused(answer, status)
    assert ("Allow" in answer.headers) == (status == 405)


def test_what_is_too_deep_is_refused_in_the_form_of_scim(hr: Directory) -> None:
    refused(hr.api.send("scim/v2/Users", b'{"a":' * 100, "application/scim+json"), 400, "64 levels")


def test_while_the_store_is_away_scim_says_so_in_its_form(hr: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_store: Store) -> Never:
        message = "gone"
        raise StoreUnavailable(message)

    with monkeypatch.context() as away:
        away.setattr(Store, "read", read)
        answer = hr.call("GET", "Users")
    refused(answer, 503, "StoreUnavailable")
    assert answer.headers["Retry-After"] == "2"
