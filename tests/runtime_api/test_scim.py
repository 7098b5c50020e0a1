"""Accounts through SCIM: what an identity provider makes, changes and deletes, under the rules of every account."""

import threading
from typing import Any

import pytest

from tenantry.domain.account import Password
from tenantry.domain.client import Scope
from tenantry.domain.password import PasswordOffer
from tenantry.services import managed, passwords
from tenantry.services.passwords import hash_password
from tenantry.store.tenant import find_tenant
from tests.runtime_api.api import Api
from tests.support.builders import pool, user, workgroup
from tests.support.commands import tenantry
from tests.support.holdings import put
from tests.support.invariants import digest
from tests.support.scim import ASKED, PATCH, USER, Directory, directory, records, refused

DESK: dict[str, Any] = {
    "roles": [{"name": "Agent"}, {"name": "Boss", "maxHolders": 1}],
    "groups": [{"name": "Ops"}, {"name": "Sales"}],
    "password": {"minLength": 8},
    "sessions": {"perAccount": "Unlimited"},
    "deletion": {"holdings": [{"kind": "record"}]},
}


@pytest.fixture
def hr(api: Api) -> Directory:
    """An identity provider whose people work at the desk, which has three seats; one of them is Ada's."""
    api.tenant.apply(pool(static=3), workgroup("desk", spec=DESK), user("ada", in_="desk"))
    return directory(api, workgroup="desk", license="Static", role="Agent")


def test_an_account_is_made_by_the_defaults_of_the_client(hr: Directory) -> None:
    name = {"givenName": "Bob", "familyName": "Brown"}
    made = hr.make("bob", name=name, emails=[{"value": "bob@example.com", "type": "work"}], externalId="X-1")
    assert made.status == 201
    body = made.body
    assert made.headers["Location"] == body["meta"]["location"]
    assert made.headers["ETag"] == body["meta"]["version"]
    assert body["meta"]["location"].endswith(f"/v1/acme/scim/v2/Users/{body['id']}")
    assert (body["userName"], body["name"], body["externalId"], body["active"]) == ("bob", name, "X-1", True)
    assert body["emails"] == [{"value": "bob@example.com", "type": "work", "primary": False}]
    assert body["roles"] == [{"value": "Agent", "type": "desk"}]
    assert body["entitlements"] == [{"value": "Static", "type": "license", "display": "seats"}]
    assert hr.call("GET", f"Users/{body['id']}").body == body


def test_what_scim_makes_counts_against_the_same_seats_and_leaves_nothing_when_refused(hr: Directory) -> None:
    hr.made("bob")
    hr.made("cid")
    before = digest(hr.api.tenant.store)
    refused(hr.make("dan"), 409, "SeatLimitReached", "seats", "Static")
    assert digest(hr.api.tenant.store) == before
    assert hr.find("Users", 'userName eq "dan"') == []
    assert hr.call("DELETE", f"Users/{hr.user('cid')['id']}").status == 204
    hr.made("dan")


def test_a_limit_on_holders_of_a_role_is_told_by_its_name(hr: Directory) -> None:
    boss = directory(hr.api, "boss", workgroup="desk", license="Static", role="Boss")
    boss.made("bob")
    refused(boss.make("cid"), 409, "RoleLimitReached", "Boss")


def test_a_client_asks_for_something_else_than_its_defaults(hr: Directory) -> None:
    hr.api.tenant.apply(workgroup("lab", pool=None, spec={"deletion": {"mode": "Permanent"}}))
    made = hr.made("bob", **{ASKED: {"workgroups": ["desk"], "licenseType": "Static"}})
    assert made[ASKED] == {"workgroups": ["desk"], "licenseType": "Static"}
    refused(hr.make("cid", **{ASKED: {"licenseType": "Floating"}}), 409, "0 Floating licenses")
    refused(hr.make("cid", **{ASKED: {"workgroups": ["nowhere"]}}), 400, "nowhere", type_="invalidValue")
    (schema,) = [s for s in hr.call("GET", "Schemas").body["Resources"] if s["id"] == ASKED]
    told = {a["name"]: a.get("canonicalValues") for a in schema["attributes"]}
    assert told == {"licenseType": ["Static", "Floating", "Restricted"], "workgroups": ["desk", "lab"]}


def test_a_client_without_defaults_must_say_where(hr: Directory) -> None:
    bare = directory(hr.api, "bare")
    refused(bare.make("bob"), 400, "--workgroup", type_="invalidValue")
    assert bare.make("bob", **{ASKED: {"workgroups": ["desk"]}}).status == 201


@pytest.mark.parametrize("login", ["ada", "ADA"])
def test_a_login_that_exists_is_a_conflict(hr: Directory, login: str) -> None:
    refused(hr.make(login), 409, login, type_="uniqueness")


def test_two_accounts_do_not_share_an_external_id(hr: Directory) -> None:
    hr.made("bob", externalId="X-1")
    refused(hr.make("cid", externalId="X-1"), 409, "X-1", type_="uniqueness")
    assert hr.find("Users", 'externalId eq "X-1"') == [hr.user("bob")]
    assert hr.find("Users", 'userName eq "cid"') == []


@pytest.mark.parametrize("value", ["robert", "ada"])
def test_a_login_is_not_changed(hr: Directory, value: str) -> None:
    """Design §2, decision 10."""
    bob = hr.made("bob")
    whole = {"schemas": [USER], "userName": value}
    refused(hr.call("PUT", f"Users/{bob['id']}", whole), 400, type_="mutability")
    operation = {"op": "replace", "path": "userName", "value": value}
    refused(hr.patch(f"Users/{bob['id']}", operation), 400, type_="mutability")
    assert hr.user("bob") == bob


def test_what_a_user_resource_owns_is_shown_and_not_written(hr: Directory) -> None:
    ada = hr.user("ada")
    assert ada["emails"][0]["value"] == "ada@example.com"
    path, before = f"Users/{ada['id']}", digest(hr.api.tenant.store)
    change = {"op": "replace", "path": "displayName", "value": "Ada"}
    refused(hr.patch(path, change), 403, "ManagedByKubernetes", 'User "ada"')
    refused(hr.call("PUT", path, {"schemas": [USER], "userName": "ada"}), 403, 'User "ada"')
    refused(hr.call("DELETE", path), 403, 'User "ada"')
    assert digest(hr.api.tenant.store) == before


def test_system_users_are_none_of_scim(hr: Directory) -> None:
    hr.api.tenant.apply(workgroup("lab", pool=None, spec={"systemUsers": [{"userName": "TBD"}]}))
    assert [u["userName"] for u in hr.find("Users")] == ["ada"]
    refused(hr.call("GET", "Users/nobody"), 404, "nobody")


def test_patch_changes_what_it_names_and_nothing_else(hr: Directory) -> None:
    bob = hr.made(
        "bob", emails=[{"value": "a@example.com", "type": "work"}, {"value": "b@example.com", "type": "home"}]
    )
    path = f"Users/{bob['id']}"
    answer = hr.patch(
        path,
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "c@example.com"},
        {"op": "add", "value": {"displayName": "Bob"}},
        {"op": "replace", "path": "active", "value": False},
    )
    assert answer.status in {200, 204}
    after = hr.user("bob")
    assert [e["value"] for e in after["emails"]] == ["c@example.com", "b@example.com"]
    assert (after["displayName"], after["active"]) == ("Bob", False)
    assert after["roles"] == bob["roles"]
    assert after["meta"]["version"] != bob["meta"]["version"]
    refused(hr.patch(path, {"op": "replace", "path": "preferredLanguage", "value": "9"}), 400, type_="invalidValue")


def test_a_write_to_what_was_changed_meanwhile_is_refused(hr: Directory) -> None:
    bob = hr.made("bob")
    path, version = f"Users/{bob['id']}", bob["meta"]["version"]
    change = {"op": "replace", "path": "displayName", "value": "Bob"}
    assert hr.call("GET", path, If_None_Match=version).status == 304
    assert hr.patch(path, change, If_Match=version).status in {200, 204}
    refused(hr.patch(path, change, If_Match=version), 412)
    refused(hr.call("DELETE", path, If_Match=version), 412)
    assert hr.call("GET", path, If_None_Match=version).status == 200


def test_of_two_writers_with_the_same_version_one_wins(hr: Directory) -> None:
    bob = hr.made("bob")
    answers: list[int] = []

    def write(value: str) -> None:
        operation = {"op": "replace", "path": "displayName", "value": value}
        answers.append(hr.patch(f"Users/{bob['id']}", operation, If_Match=bob["meta"]["version"]).status)

    writers = [threading.Thread(target=write, args=(name,)) for name in ("One", "Two", "Three", "Four")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert sorted(answers) == [204, 412, 412, 412]


def test_a_password_is_set_by_the_policy_and_never_told(hr: Directory) -> None:
    refused(hr.make("bob", password="short"), 400, "PasswordInvalid", type_="invalidValue")
    made = hr.make("bob", password="correct horse")
    assert "password" not in made.body
    assert hr.api.log_in("bob", "correct horse", "desk").status == 201
    hr.patch(f"Users/{made.body['id']}", {"op": "replace", "path": "password", "value": "battery staple"})
    assert hr.api.log_in("bob", "correct horse", "desk").status == 401
    assert hr.api.log_in("bob", "battery staple", "desk").status == 201
    refused(hr.call("GET", "Users?filter=password+eq+%22battery+staple%22"), 400, type_="invalidFilter")


def test_one_who_was_deleted_comes_back_as_the_same_account(hr: Directory) -> None:
    """RFC 7644 3.6: what was deleted is in nobody's way."""
    bob = hr.made("bob", externalId="X-1")
    assert hr.call("DELETE", f"Users/{bob['id']}").status == 204
    refused(hr.call("GET", f"Users/{bob['id']}"), 404)
    refused(hr.call("DELETE", f"Users/{bob['id']}"), 404)
    again = hr.made("bob", externalId="X-1")
    assert again["id"] == bob["id"]


def test_a_login_that_is_reserved_for_ever_is_a_conflict(hr: Directory) -> None:
    hr.api.tenant.apply(workgroup("desk", spec=DESK | {"deletion": {"mode": "PermanentReserved"}}, generation=2))
    bob = hr.made("bob")
    assert hr.call("DELETE", f"Users/{bob['id']}").status == 204
    refused(hr.make("bob"), 409, "LoginReserved", type_="uniqueness")


def test_nr_16_who_holds_something_is_not_deleted(hr: Directory) -> None:
    bob = hr.made("bob")
    put(hr.api.tenant, "bob", "record", "R-1", "R-2")
    refused(hr.call("DELETE", f"Users/{bob['id']}"), 409, "HoldingsLeft", "record")
    assert hr.user("bob")["active"] is True


def test_every_write_is_on_record_with_the_name_of_the_client(hr: Directory) -> None:
    start = len(records(hr))
    bob = hr.made("bob", externalId="X-1")
    path = f"Users/{bob['id']}"
    hr.patch(path, {"op": "replace", "path": "externalId", "value": "X-2"})
    hr.patch(path, {"op": "replace", "path": "displayName", "value": "Bob"})
    hr.call("DELETE", path)
    written = [(record.change.action, record.change.kind) for record in records(hr)[start:]]
    of_scim = ("ScimUserChanged", "ScimUser")
    assert written == [
        ("AccountCreated", "Account"),
        of_scim,
        of_scim,
        ("AccountChanged", "Account"),
        ("AccountDeleted", "Account"),
    ]
    assert {record.actor for record in records(hr)[start:]} == {"hr"}


@pytest.mark.parametrize(
    ("scopes", "status", "reason", "error"),
    [((), 401, "InvalidClient", "invalid_token"), ((Scope.SESSIONS,), 403, "InsufficientScope", "insufficient_scope")],
)
def test_who_may_not_is_told_so_in_the_form_of_scim(
    hr: Directory, scopes: tuple[Scope, ...], status: int, reason: str, error: str
) -> None:
    token = hr.api.token(scopes) if scopes else "none"
    answer = hr.api.call("GET", "scim/v2/Users", token=token)
    refused(answer, status, reason)
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="tenantry", error="{error}"'


def test_a_page_has_what_was_asked_for_in_order(hr: Directory) -> None:
    for login in ("cid", "bob"):
        hr.made(login, displayName=login.upper())
    answer = hr.call("GET", "Users?sortBy=userName&sortOrder=descending&startIndex=2&count=1&attributes=userName")
    assert (answer.body["totalResults"], answer.body["startIndex"], answer.body["itemsPerPage"]) == (3, 2, 1)
    (shown,) = answer.body["Resources"]
    assert (shown["userName"], "displayName" in shown) == ("bob", False)
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": 'userName sw "b" or displayName eq "desk/ops"',
        "excludedAttributes": ["meta"],
    }
    found = hr.call("POST", ".search", body).body["Resources"]
    assert [f.get("userName") or f.get("displayName") for f in found] == ["bob", "desk/Ops"]


@pytest.mark.parametrize(
    "filter_", ["meta.version pr", 'groups.type eq "direct"', 'nope eq "x"', "userName eq", "emails[display pr]"]
)
def test_a_filter_that_is_not_understood_is_refused(hr: Directory, filter_: str) -> None:
    answer = hr.api.call("GET", f"scim/v2/Users?filter={filter_.replace(' ', '+')}", token=hr.token)
    refused(answer, 400, type_="invalidFilter")


def test_the_command_line_keeps_the_defaults_with_the_client(hr: Directory) -> None:
    url = hr.api.tenant.store.engine.url.render_as_string(hide_password=False)
    defaults = ("--workgroup", "desk", "--license", "Static", "--role", "Agent")
    made = tenantry("clients", "create", "idp", "-n", "acme", "--scope", "scim", *defaults, "--store-url", url)
    assert made.code == 0
    user = Directory(hr.api, made.out.strip()).made("bob")
    assert user["roles"] == [{"value": "Agent", "type": "desk"}]
    listed = {c["name"]: c for c in tenantry("clients", "list", "-n", "acme", "-o", "json", "--store-url", url).data}
    assert listed["idp"]["defaults"] == {"workgroup": "desk", "license": "Static", "role": "Agent"}
    wrong = tenantry("clients", "create", "x", "-n", "acme", "--scope", "access", *defaults, "--store-url", url)
    assert (wrong.code, "--scope scim" in wrong.err) == (2, True)


def test_a_password_is_hashed_while_nobody_waits_for_it(hr: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    store, compared = hr.api.tenant.store, passwords.offer_typed

    def offer(password: str, present: Password | None) -> PasswordOffer:
        with store.write() as connection:
            assert find_tenant(connection, hr.api.tenant.ref.namespace, lock=True) is not None
        return compared(password, present)

    monkeypatch.setattr(managed, "offer_typed", offer)
    bob = hr.made("bob", password="correct horse")
    change = {"op": "replace", "path": "password", "value": "battery staple"}
    assert hr.patch(f"Users/{bob['id']}", change).status == 204
    assert hr.api.log_in("bob", "battery staple", "desk").status == 201


def test_a_password_is_set_though_another_was_meanwhile(hr: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    bob, compared, others = hr.made("bob", password="correct horse"), passwords.offer_typed, ["staple battery"]

    def offer(password: str, present: Password | None) -> PasswordOffer:
        found = compared(password, present)
        while others:
            hr.api.give_password("bob", hash_password(others.pop()))
        return found

    monkeypatch.setattr(managed, "offer_typed", offer)
    change = {"op": "replace", "path": "password", "value": "battery staple"}
    assert hr.patch(f"Users/{bob['id']}", change).status == 204
    assert hr.api.log_in("bob", "battery staple", "desk").status == 201


def test_another_external_id_is_a_change_of_the_user(hr: Directory) -> None:
    bob = hr.made("bob", externalId="X-1")
    hr.api.tenant.later(minutes=1)
    hr.patch(f"Users/{bob['id']}", {"op": "replace", "path": "externalId", "value": "X-2"})
    (found,) = hr.find("Users", f'meta.lastModified gt "{bob["meta"]["lastModified"]}"')
    assert found["externalId"] == "X-2"
    assert [each["userName"] for each in hr.find("Users", 'externalId ne "X-2"')] == ["ada"]


def test_me_is_the_person_whose_session_is_sent(hr: Directory) -> None:
    """RFC 7644 3.11."""
    bob = hr.made("bob", password="correct horse")
    session = hr.api.log_in("bob", "correct horse", "desk").body["token"]
    answer = hr.call("GET", "Me", Tenantry_Session=session)
    assert (answer.body, answer.headers["Location"]) == (hr.user("bob"), bob["meta"]["location"])
    change = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": "Bob"}]}
    assert hr.call("PATCH", "Me", change, Tenantry_Session=session).status == 204
    assert hr.user("bob")["displayName"] == "Bob"
    refused(hr.call("GET", "Me"), 501, "Tenantry-Session")
    hr.api.call("DELETE", "sessions")
    refused(hr.call("GET", "Me", Tenantry_Session=session), 401, "log in again")
