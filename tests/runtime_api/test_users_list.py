"""Lists of accounts for people, and what is kept from who may not see them."""

import json
from base64 import urlsafe_b64encode as b64encode
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pytest

from tenantry.domain.account import Account
from tenantry.domain.client import Scope
from tenantry.store import Connection, user_list
from tenantry.store.account import load_by_id
from tests.runtime_api.api import Api
from tests.runtime_api.desk import MISSING, Person, account_id, arrive, let_in, told
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted
from tests.support.examples import apply_example

EVERYTHING: list[dict[str, Any]] = [{"name": "ViewUsers"}]
TEAM = {"groups": [{"name": "Keepers", "capabilities": EVERYTHING}]}


def logins(page: dict[str, Any]) -> list[str]:
    return [one["userName"] for one in page["users"]]


@pytest.fixture
def keeper(api: Api) -> Person:
    """A workgroup of six: kay keeps the accounts."""
    people = [
        user("ada", license=None, spec={"organization": "zeta", "name": {"givenName": "Ada", "familyName": "Moss"}}),
        user("bob", license=None, spec={"organization": "Alpha", "name": {"givenName": "Bob", "familyName": "Lund"}}),
        user("cyd", license=None, spec={"organization": "alpha", "name": {"givenName": "Cyd", "familyName": "Kerr"}}),
        user("dan", license=None, spec={"organization": "Beta", "active": False}),
        user("eve", license=None, in_=[{"workgroupRef": "tracker", "membership": "Available"}]),
        user("kay", license=None, in_=[{"workgroupRef": "tracker", "groups": ["Keepers"]}]),
    ]
    api.tenant.apply(workgroup(pool=None, spec=TEAM), workgroup("other", pool=None), *people)
    api.tenant.apply(user("zoe", license=None, in_="other"))
    return let_in(api, "kay", "tracker")


def test_nr_08_it_20_accounts_come_by_company_and_who_cannot_log_in_comes_last(keeper: Person) -> None:
    page = keeper.get("users")
    assert logins(page) == ["kay", "bob", "cyd", "ada", "eve", "dan"]
    assert [one["section"] for one in page["users"]] == ["CanLogIn"] * 4 + ["CannotLogIn"] * 2
    bob = page["users"][1]
    assert {name: bob[name] for name in ("company", "name", "email", "license", "state")} == {
        "company": "Alpha",
        "name": "Bob Lund",
        "email": "bob@example.com",
        "license": None,
        "state": "Active",
    }
    assert bob["workgroups"] == [{"workgroup": "tracker", "membership": "Member", "role": None, "groups": []}]
    assert page["users"][4]["workgroups"][0]["membership"] == "Available"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sort=userName", ["ada", "bob", "cyd", "kay", "dan", "eve"]),
        ("sort=userName&descending=true", ["kay", "cyd", "bob", "ada", "eve", "dan"]),
        ("sort=familyName&section=CanLogIn", ["kay", "cyd", "bob", "ada"]),
        ("sort=givenName&section=CanLogIn&descending=true", ["cyd", "bob", "ada", "kay"]),
        ("company=ALPHA", ["bob", "cyd"]),
        ("userName=C", ["cyd"]),
        ("section=CannotLogIn&sort=userName", ["dan", "eve"]),
    ],
)
def test_it_20_the_list_is_sorted_and_filtered_as_asked_for(keeper: Person, query: str, found: list[str]) -> None:
    assert logins(keeper.get(f"users?{query}")) == found


@pytest.mark.parametrize("query", ["", "&sort=userName&descending=true"])
def test_nr_08_pages_follow_one_another_over_sections_and_lose_nobody(keeper: Person, query: str) -> None:
    whole = logins(keeper.get(f"users?limit=500{query}"))
    found, after = [], ""
    while True:
        page = keeper.get(f"users?limit=1{query}&after={after}")
        found += logins(page)
        after = page["next"]
        if after is None:
            break
    assert found == whole


def test_nr_08_a_page_has_fifty_unless_another_size_is_asked_for(api: Api, keeper: Person) -> None:
    api.tenant.apply(*(user(f"u{n:02}", license=None) for n in range(60)))
    page = keeper.get("users")
    assert len(page["users"]) == 50
    assert len(keeper.get(f"users?after={page['next']}")["users"]) == 16
    assert len(keeper.get("users?limit=10")["users"]) == 10


#: What the API never gave, of texts that no store keeps.
FORGED = [b64encode(json.dumps(["CanLogIn", text, "ada"]).encode()).decode() for text in ("\x00", "\ud800")]


@pytest.mark.parametrize("after", ["nonsense", "WyJ4Il0", "bnVsbA", *FORGED])
def test_a_page_that_is_none_is_refused(keeper: Person, after: str) -> None:
    assert told(keeper.call("GET", f"users?after={after}")) == (422, "InvalidRequest")


def test_nr_23_deleted_accounts_are_listed_and_marked_among_those_that_can_be_added(api: Api, keeper: Person) -> None:
    gone = account_id(api, "cyd")
    api.tenant.apply(deleted(user("cyd", license=None)))
    assert "cyd" not in logins(keeper.get("users"))
    last = keeper.get("users?deleted=true")["users"][-1]
    assert (last["id"], last["userName"], last["state"], last["section"]) == (gone, "cyd", "Deleted", "Deleted")


def test_accounts_of_other_workgroups_are_nobody_here(keeper: Person) -> None:
    assert "zoe" not in logins(keeper.get("users?limit=500"))
    assert told(keeper.call("GET", keeper.on("zoe"))) == (404, "UserNotFound")


def test_who_waits_for_a_seat_is_in_the_list_of_the_workgroup_that_it_asks_for(api: Api) -> None:
    apply_example(api.tenant, "netresults-tracker")
    password = {"secretKeyRef": {"name": "passwords", "key": "late"}}
    api.tenant.secrets["passwords", "late"] = "tin-drum"
    api.tenant.apply(user("late", in_="support", spec={"name": {"givenName": "Late"}, "password": password}))
    admin = let_in(api, "Admin", "support")
    (found,) = admin.get("users?userName=late")["users"]
    assert (found["state"], found["section"]) == ("Waiting", "CannotLogIn")


def test_nr_07_system_users_are_told_apart_on_the_first_page(api: Api) -> None:
    apply_example(api.tenant, "netresults-tracker")
    page = let_in(api, "Admin", "support").get("users?limit=1")
    system = {one["userName"]: (one["section"], one["license"]) for one in page["systemUsers"]}
    assert system == {"Admin": ("CanLogIn", None), "Inet": ("CannotLogIn", None), "TBD": ("CannotLogIn", None)}


def test_nr_24_who_has_access_and_was_not_added_yet_is_available(api: Api) -> None:
    apply_example(api.tenant, "netresults-tracker")
    (priya,) = let_in(api, "Admin", "support").get("users?userName=priya")["users"]
    assert {m["workgroup"]: m["membership"] for m in priya["workgroups"]} == {
        "engineering": "Member",
        "support": "Available",
    }


def test_mm_18_supervisors_see_users_and_do_nothing_to_them(api: Api) -> None:
    apply_example(api.tenant, "machinemetrics")
    who = "diego.ramos@precision.example"
    arrive(api, who)
    diego = let_in(api, who, "plant")
    assert "erin.walsh@precision.example" in logins(diego.get("users"))
    for act in ("lock", "unlock"):
        assert told(diego.post(diego.on("erin.walsh@precision.example", f"/{act}"))) == MISSING
    assert told(diego.call("DELETE", diego.on("erin.walsh@precision.example", "/sessions"))) == MISSING


NARROW = {
    "roles": [{"name": "Chief"}, {"name": "Clerk"}],
    "groups": [
        {"name": "Named", "capabilities": [{"name": "ViewUsers", "roles": ["Clerk"]}]},
        {"name": "Near", "capabilities": [{"name": "ViewUsers", "reach": "SingleWorkgroup"}]},
        {"name": "Both", "capabilities": [{"name": "ViewUsers", "reach": "SingleWorkgroup", "roles": ["Chief"]}]},
    ],
    "systemUsers": [{"userName": "Root"}],
}


@pytest.mark.parametrize(
    ("groups", "seen"),
    [
        (["Named"], ["clerk", "kay", "plain", "twice"]),
        (["Near"], ["chief", "clerk", "kay", "plain"]),
        (["Both"], ["chief", "kay", "plain"]),
        (["Named", "Both"], ["chief", "clerk", "kay", "plain", "twice"]),
    ],
)
def test_a_list_shows_whom_a_person_may_see_one_by_one_and_nobody_else(
    api: Api, groups: list[str], seen: list[str]
) -> None:
    here = "tracker"
    people: dict[str, list[dict[str, Any]]] = {
        "chief": [{"workgroupRef": here, "role": "Chief"}],
        "clerk": [{"workgroupRef": here, "role": "Clerk"}],
        "plain": [{"workgroupRef": here}],
        "twice": [{"workgroupRef": here, "role": "Clerk"}, {"workgroupRef": "other"}],
        "kay": [{"workgroupRef": here, "groups": groups}],
    }
    accounts = [user(name, license=None, in_=entries) for name, entries in people.items()]
    waiting = [user("late", in_=people["chief"]), user("later", in_=people["twice"])]
    api.tenant.apply(pool(), workgroup(spec=NARROW), workgroup("other"), *accounts, *waiting)
    kay = let_in(api, "kay", here)
    listed = kay.get("users?sort=userName")
    late = [name for name in ("late", "later") if kay.call("GET", kay.on(name)).status == 200]
    assert logins({"users": sorted(listed["users"], key=lambda one: one["userName"])}) == sorted([*seen, *late])
    assert {name for name in people if kay.call("GET", kay.on(name)).status == 200} == set(seen)
    assert len(listed["systemUsers"]) == ("Named" in groups)
    assert kay.get("users?limit=2&sort=userName")["users"] == listed["users"][:2]


@pytest.mark.usefixtures("keeper")
def test_who_is_given_nothing_sees_nobody(api: Api) -> None:
    ada = let_in(api, "ada", "tracker")
    assert told(ada.call("GET", "users")) == MISSING
    assert told(ada.call("GET", ada.on("bob"))) == MISSING


def test_an_application_without_the_scope_and_a_session_that_is_over_open_nothing(api: Api, keeper: Person) -> None:
    other = api.call("GET", "users", token=api.token({Scope.ACCESS}), headers={"Tenantry-Session": keeper.token})
    assert told(other) == (403, "InsufficientScope")
    api.tenant.later(seconds=100_000)
    assert told(keeper.call("GET", "users")) == (401, "NotLoggedIn")


def test_an_account_is_shown_with_its_profile_and_whose_it_is(keeper: Person) -> None:
    shown = keeper.get(keeper.on("ada"))
    assert shown["profile"]["name"] == {"givenName": "Ada", "familyName": "Moss"}
    assert (shown["manager"], shown["resource"], shown["document"]) == ("kubernetes", "ada", None)


def test_an_account_that_is_erased_while_a_page_is_read_is_on_it_or_not(
    keeper: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads, erasing = load_by_id, {**TEAM, "deletion": {"mode": "Permanent"}}
    keeper.api.tenant.apply(workgroup(pool=None, spec=erasing, generation=2))

    def erase_first(connection: Connection, ids: Sequence[str]) -> list[Account]:
        if any(a.user_name == "kay" for a in loads(connection, ids)):
            keeper.api.tenant.apply(deleted(user("ada", license=None)))
        return loads(connection, ids)

    monkeypatch.setattr(user_list, "load_by_id", erase_first)
    assert "ada" in logins(keeper.get("users"))
    monkeypatch.undo()
    assert "ada" not in logins(keeper.get("users"))


@pytest.mark.parametrize("length", [128, 129, 256])
def test_nr_08_a_company_of_any_length_is_found(keeper: Person, length: int) -> None:
    company = "Ä" * length
    keeper.api.tenant.apply(user("fay", license=None, spec={"organization": company}))
    assert logins(keeper.get(f"users?{urlencode({'company': company})}")) == ["fay"]
