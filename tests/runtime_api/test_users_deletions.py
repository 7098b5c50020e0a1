"""Accounts that people delete, restore, and take out of a workgroup; invitations that they send and take back."""

from dataclasses import replace
from typing import Any

import pytest

from tenantry.domain.refusal import Refusal
from tenantry.services import administration, sessions
from tenantry.services.administration import Call
from tenantry.services.holdings import Registration, put_holdings
from tenantry.services.managed import Drop, Put, carry_out
from tests.runtime_api.api import Api
from tests.runtime_api.desk import MISSING, OUT_OF_REACH, Person, account_id, arrive, let_in, made, told
from tests.support.builders import NAMESPACE
from tests.support.edits import edited
from tests.support.examples import apply_example, example

FLOATING = {"license": {"type": "Floating"}, "name": {"givenName": "Ann"}, "emails": [{"value": "ann@x.example"}]}
ERIN, CAROL, DIEGO = (f"{name}@precision.example" for name in ("erin.walsh", "carol.reed", "diego.ramos"))


@pytest.fixture
def admin(api: Api) -> Person:
    """The Admin of the support desk; ann has a floating license and was made through the API."""
    apply_example(api.tenant, "netresults-tracker")
    (pool,) = (each for each in example("netresults-tracker") if each.kind == "LicensePool")
    counts = [("Static", 5), ("Floating", 5), ("Restricted", 3)]
    api.tenant.apply(edited(pool, licenses=[{"type": type_, "quantity": n} for type_, n in counts]))
    admin = let_in(api, "Admin", "support")
    made(admin, "ann", "green-mug", **FLOATING, preferences=[{"name": "homePage", "value": "Query"}])
    return admin


def give(admin: Person, owner: str, kind: str, *names: str) -> None:
    registered = put_holdings(
        admin.api.tenant.store, NAMESPACE, Registration("support", kind, owner, names), admin.api.tenant.now
    )
    assert registered.refusals == ()


def holdings(admin: Person, login: str) -> dict[str, int]:
    found = admin.get(admin.on(login, "/holdings"))["holdings"]
    return {held["kind"]: held["count"] for held in found}


def settle(kind: str, **how: Any) -> dict[str, Any]:
    return {"workgroup": "support", "kind": kind, **how}


def test_nr_17_what_an_account_holds_goes_where_it_is_said_and_then_the_account_goes(admin: Person) -> None:
    give(admin, "ann", "record", "R-1", "R-2")
    give(admin, "ann", "alert", "A-1")
    ann = admin.on("ann")
    assert told(admin.call("DELETE", ann)) == (403, "HoldingsLeft")
    (warned,) = admin.post("users/delete", {"ids": [ann.removeprefix("users/")]}).body["results"]
    assert (warned["done"], warned["reason"]) == (False, "HoldingsLeft")
    choices = [settle("record", reassignTo="jonas"), settle("alert", drop=True)]
    assert admin.call("DELETE", ann, {"holdings": choices}).status == 204
    assert admin.get("users?userName=ann")["users"] == []
    assert holdings(admin, "jonas") == {"record": 2}


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        (settle("record", drop=True), "HoldingNotDroppable"),
        (settle("record", reassignTo="femi"), "AssigneeNotAllowed"),
        (settle("record", reassignTo="walt"), "AssigneeNotAllowed"),
        (settle("record", reassignTo="nobody"), "AssigneeNotFound"),
    ],
)
def test_nr_17_only_internal_users_that_are_not_restricted_are_given_it_and_the_rest_stays_as_it_was(
    admin: Person, choice: dict[str, Any], reason: str
) -> None:
    give(admin, "ann", "record", "R-1")
    before = admin.get(admin.on("ann"))
    assert admin.call("DELETE", admin.on("ann"), {"holdings": [choice]}).reason == reason
    assert admin.get(admin.on("ann")) == before
    assert holdings(admin, "ann") == {"record": 1}


def test_nr_17_an_account_that_the_api_made_can_be_given_it_too(admin: Person) -> None:
    made(admin, "ben", "green-mug", **FLOATING)
    give(admin, "ann", "record", "R-1")
    choice = settle("*", reassignTo="BEN")
    assert admin.call("DELETE", admin.on("ann"), {"holdings": [choice]}).status == 204
    assert holdings(admin, "ben") == {"record": 1}


def test_nr_17_nr_18_before_a_deletion_all_is_reassigned_at_once_and_records_to_tbd_too(admin: Person) -> None:
    give(admin, "ann", "record", "R-1", "R-2")
    give(admin, "ann", "query", "Q-1")
    ann = admin.on("ann", "/holdings/reassign")
    assert admin.post(ann, {"to": "TBD", "kind": "record"}).body == {"changed": 2}
    assert admin.post(ann, {"to": "femi"}).body == {"changed": 1}
    assert holdings(admin, "ann") == {}
    assert holdings(admin, "femi") == {"query": 1}


def test_nr_18_who_is_not_given_that_reassigns_nothing(admin: Person) -> None:
    give(admin, "ann", "record", "R-1")
    jonas = let_in(admin.api, "jonas", "support")
    assert told(jonas.post(jonas.on("ann", "/holdings/reassign"), {"to": "jonas"})) == MISSING
    assert told(jonas.call("GET", jonas.on("ann", "/holdings"))) == MISSING
    assert holdings(admin, "ann") == {"record": 1}


def test_nr_23_nr_27_a_deleted_account_is_listed_and_restored_with_its_id_and_preferences(admin: Person) -> None:
    id_ = account_id(admin.api, "ann")
    assert admin.call("DELETE", f"users/{id_}").status == 204
    (gone,) = admin.get("users?deleted=true&userName=ann")["users"]
    assert (gone["id"], gone["section"]) == (id_, "Deleted")
    jonas = let_in(admin.api, "jonas", "support")
    body = {"spec": {"license": {"type": "Floating"}}, "password": "blue-mug"}
    assert told(jonas.post(f"users/{id_}/restore", body)) == MISSING
    assert admin.post(f"users/{id_}/restore", body).status == 200
    shown = admin.get(f"users/{id_}")
    assert (shown["givenName"], shown["workgroups"][0]["groups"]) == ("Ann", ["Users"])
    assert admin.api.log_in("ann", "blue-mug", "support").status == 201
    assert told(admin.post(f"users/{id_}/restore", body)) == (403, "RestoreNotAllowed")


def test_nr_25_deleted_from_a_workgroup_an_account_keeps_its_access_and_comes_back_when_it_is_added(
    admin: Person,
) -> None:
    ann = admin.on("ann")
    give(admin, "ann", "record", "R-1")
    assert told(admin.call("DELETE", f"{ann}/membership")) == (403, "HoldingsLeft")
    choices = {"holdings": [settle("record", reassignTo="jonas")]}
    assert admin.call("DELETE", f"{ann}/membership", choices).status == 204
    assert admin.get(ann)["workgroups"][0]["membership"] == "Available"
    assert admin.api.log_in("ann", "green-mug", "support").reason in {"NotAMember", "LicenseMissing"}
    assert admin.post(f"{ann}/workgroups", {}).status == 200
    assert admin.get(ann)["workgroups"][0]["groups"] == ["Users"]
    assert admin.call("PATCH", ann, {"spec": {"comment": "back"}}).status == 200
    assert admin.api.log_in("ann", "green-mug", "support").status == 201


def test_it_18_several_are_deleted_in_one_go_after_a_warning_and_a_yes(api: Api) -> None:
    apply_example(api.tenant, "industrack")
    sam = let_in(api, "sam@lakeside.example", "office")
    entry = {"workgroupRef": "office", "role": "Customize"}
    logins = [f"{name}@lakeside.example" for name in ("tom", "tim")]
    ids = [made(sam, login, "Lift-Bridge-1905", workgroups=[entry]) for login in logins]
    wanted = {"ids": [*ids, account_id(api, "carl@lakeside.example")]}
    warned = sam.post("users/delete", wanted).body
    assert (warned["confirmed"], [one["userName"] for one in warned["results"]][:2]) == (False, logins)
    done = [True, True, False]
    assert [one["done"] for one in warned["results"]] == done
    rita = let_in(api, "rita@lakeside.example", "office")
    assert len(rita.get("users?userName=t")["users"]) == 2
    deleted = sam.post("users/delete", wanted | {"confirm": True}).body
    assert [one["done"] for one in deleted["results"]] == done
    assert deleted["results"][2]["reason"] == "ManagedByKubernetes"
    assert rita.get("users?userName=t")["users"] == []
    again = sam.post("users", {"spec": {"userName": logins[0], "workgroups": [entry]}, "password": "Lift-Bridge-1905"})
    assert again.reason == "LoginReserved"


def in_both(admin: Person, **spec: Any) -> str:
    """Have the API make the account of two workgroups; return its path."""
    both = {**FLOATING, "userName": "two", "workgroups": [{"workgroupRef": w} for w in ("support", "engineering")]}
    put = Put(both | spec, create=True, password="green-mug")
    (done,) = carry_out(admin.api.tenant.store, NAMESPACE, [put], "test", admin.api.tenant.now)
    assert done.refusal is None
    return admin.on("two")


def test_nr_25_an_account_of_two_workgroups_is_deleted_from_one_and_not_as_a_whole(admin: Person) -> None:
    two = in_both(admin)
    assert told(admin.call("DELETE", two)) == OUT_OF_REACH
    assert admin.call("DELETE", f"{two}/membership").status == 204
    assert {m["workgroup"]: m["membership"] for m in admin.get(two)["workgroups"]} == {
        "support": "Available",
        "engineering": "Member",
    }
    elsewhere = {"spec": {"workgroups": [{"workgroupRef": "support", "membership": "Available"}]}}
    assert told(admin.call("PATCH", two, elsewhere)) == OUT_OF_REACH


ACTS = (
    ("PATCH", "", {"spec": {"emails": [{"value": "mine@x.example"}]}}),
    ("POST", "/password-reset", None),
    ("POST", "/lock", None),
    ("DELETE", "/sessions", None),
    ("GET", "/audit", None),
    ("GET", "/holdings", None),
)


def test_nobody_acts_on_an_account_that_lives_on_in_other_workgroups_alone(admin: Person) -> None:
    two = in_both(admin)
    only = {**FLOATING, "userName": "two", "workgroups": [{"workgroupRef": "engineering"}]}
    (done,) = carry_out(admin.api.tenant.store, NAMESPACE, [Put(only, create=False)], "test", admin.api.tenant.now)
    assert done.refusal is None
    refused = {path: told(admin.call(method, two + path, body)) for method, path, body in ACTS[:5]}
    assert refused == dict.fromkeys(refused, OUT_OF_REACH)
    (listed,) = admin.get("users?deleted=true&userName=two")["users"]
    assert listed["section"] == "Deleted"
    assert told(admin.post(f"{two}/workgroups", {})) == (403, "NotAMember")


@pytest.mark.parametrize(("groups", "status"), [(["Users"], 200), (["Users", "Administrators"], 403)])
def test_nr_19_nobody_takes_over_by_its_email_who_has_more_in_another_workgroup(
    admin: Person, groups: list[str], status: int
) -> None:
    entries = [{"workgroupRef": "support"}, {"workgroupRef": "engineering", "groups": groups}]
    two = in_both(admin, workgroups=entries)
    (edit, *acts) = ACTS[:4]
    assert admin.call("PATCH", two, edit[2]).status == status
    assert (admin.call(*acts[0][:1], two + acts[0][1]).status == 403) is (status == 403)


def test_what_was_chosen_for_one_deletion_is_not_obeyed_by_the_next(admin: Person) -> None:
    give(admin, "ann", "alert", "A-1")
    ann = admin.on("ann")
    assert admin.call("DELETE", f"{ann}/membership", {"holdings": [settle("alert", drop=True)]}).status == 204
    assert admin.post(f"{ann}/workgroups", {}).status == 200
    give(admin, "ann", "alert", "A-2")
    assert told(admin.call("DELETE", ann)) == (403, "HoldingsLeft")


def test_who_is_logged_out_while_a_call_waits_for_its_turn_does_nothing_any_more(admin: Person) -> None:
    store, now = admin.api.tenant.store, admin.api.tenant.now
    known = sessions.introspect(store, NAMESPACE, admin.token, now)
    assert known is not None
    call = Call(NAMESPACE, "portal", known, now, lambda *_: [])
    assert sessions.log_off(store, NAMESPACE, "portal", admin.token, now)
    refusal = administration.lock(store, call, account_id(admin.api, "ann"))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "NotLoggedIn"


def test_a_deleted_account_is_seen_and_restored_only_where_it_was(admin: Person) -> None:
    apart = in_both(admin, workgroups=[{"workgroupRef": "engineering"}])
    id_ = apart.removeprefix("users/")
    (done,) = carry_out(admin.api.tenant.store, NAMESPACE, [Drop("two")], "test", admin.api.tenant.now)
    assert done.refusal is None
    assert admin.get("users?deleted=true&userName=two")["users"] == []
    assert told(admin.post(f"users/{id_}/restore", {"spec": {}})) == (404, "UserNotFound")


@pytest.fixture
def erin(api: Api) -> Person:
    apply_example(api.tenant, "machinemetrics")
    arrive(api, ERIN, CAROL, DIEGO)
    return let_in(api, ERIN, "plant")


EMAILS = [f"new{n}@precision.example" for n in range(20)]


def invited(person: Person, *emails: str, role: str = "Supervisor") -> list[dict[str, Any]]:
    answer = person.post("invites", {"emails": emails, "role": role})
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.body["results"]
    return found


def test_mm_02_mm_03_many_are_invited_at_once_with_one_role_and_listed_until_they_come(api: Api, erin: Person) -> None:
    results = invited(erin, *EMAILS, EMAILS[0], ERIN)
    assert [one["reason"] for one in results] == [""] * 20 + ["LoginTaken"]
    invites = erin.get("invites?limit=500")["invites"]
    roles = {one["email"]: one["role"] for one in invites if one["email"] in EMAILS}
    assert roles == dict.fromkeys(EMAILS, "Supervisor")
    arrive(api, EMAILS[0])
    assert EMAILS[0] not in {one["email"] for one in erin.get("invites?limit=500")["invites"]}
    (user,) = erin.get(f"users?userName={EMAILS[0]}&section=CanLogIn")["users"]
    assert (user["email"], user["role"]) == (EMAILS[0], "Supervisor")


def test_mm_03_the_table_of_invites_comes_in_pages(erin: Person) -> None:
    invited(erin, *EMAILS[:3])
    page = erin.get("invites?limit=2")
    found = [one["email"] for one in page["invites"]]
    while page["next"] is not None:
        page = erin.get(f"invites?limit=2&after={page['next']}")
        found += [one["email"] for one in page["invites"]]
    assert len(found) == len(set(found))
    assert set(EMAILS[:3]) < set(found)


def test_mm_06_mm_10_an_executive_resends_and_cancels_and_a_supervisor_does_not(api: Api, erin: Person) -> None:
    (one, two) = invited(erin, *EMAILS[:2])
    diego = let_in(api, DIEGO, "plant")
    for path in (f"invites/{one['id']}/resend", "invites"):
        assert told(diego.post(path, {"emails": ["x@precision.example"]} if path == "invites" else None)) == MISSING
    assert told(diego.call("DELETE", f"invites/{one['id']}")) == MISSING
    api.tenant.later(seconds=10 * 24 * 3600).settle()
    erin = let_in(api, ERIN, "plant")
    assert {i["state"] for i in erin.get("invites?limit=500")["invites"] if i["email"] in EMAILS} == {
        "InvitationExpired"
    }
    assert erin.post(f"invites/{one['id']}/resend").status == 202
    api.tenant.settle()
    states = {i["email"]: i["state"] for i in erin.get("invites?limit=500")["invites"]}
    assert [states[email] for email in EMAILS[:2]] == ["Invited", "InvitationExpired"]
    assert erin.call("DELETE", f"invites/{two['id']}").status == 204
    assert told(erin.call("GET", f"users/{two['id']}")) == (404, "UserNotFound")
    assert erin.get(f"users?deleted=true&userName={EMAILS[1]}")["users"] == []  # nothing that could be restored
    assert invited(erin, EMAILS[1])[0]["done"]


def test_mm_10_the_invitation_of_a_resource_is_cancelled_by_deleting_it(erin: Person) -> None:
    kiosk = account_id(erin.api, "floor.display@precision.example")
    assert told(erin.call("DELETE", f"invites/{kiosk}")) == (403, "ManagedByKubernetes")
    diego = account_id(erin.api, DIEGO)
    assert told(erin.post(f"invites/{diego}/resend")) == (403, "NotInvited")


def test_mm_04_an_invitation_to_two_workgroups_is_not_taken_back_from_one(api: Api, erin: Person) -> None:
    (policy,) = (each for each in example("machinemetrics") if (each.kind, each.name) == ("Workgroup", "plant"))
    api.tenant.apply(replace(policy, name="annex", uid="uid-annex"))
    entries = [{"workgroupRef": name, "role": "Supervisor"} for name in ("plant", "annex")]
    spec = {"userName": EMAILS[0], "emails": [{"value": EMAILS[0]}], "workgroups": entries}
    (done,) = carry_out(api.tenant.store, NAMESPACE, [Put(spec, create=True)], "test", api.tenant.now)
    assert done.refusal is None
    assert told(erin.call("DELETE", f"invites/{account_id(api, EMAILS[0])}")) == OUT_OF_REACH


def test_mm_04_the_invitation_of_a_resource_is_sent_again_by_who_may(api: Api, erin: Person) -> None:
    kiosk = account_id(api, "floor.display@precision.example")
    sent = {i["id"]: i["sentTime"] for i in erin.get("invites?limit=500")["invites"]}[kiosk]
    api.tenant.later(hours=1)
    erin = let_in(api, ERIN, "plant")
    assert erin.post(f"invites/{kiosk}/resend").status == 202
    assert {i["id"]: i["sentTime"] for i in erin.get("invites?limit=500")["invites"]}[kiosk] > sent


def test_mm_16_operators_are_not_invited(erin: Person) -> None:
    (one,) = invited(erin, EMAILS[0], role="Operator")
    assert (one["done"], one["reason"]) == (False, "RoleNotFound")


def test_a_workgroup_that_invites_nobody_says_so(admin: Person) -> None:
    assert told(admin.post("invites", {"emails": ["x@y.example"]})) == (403, "NotInvited")


def test_nr_28_licenses_are_listed_by_type_and_number(admin: Person) -> None:
    found = {one["type"]: (one["purchased"], one["used"]) for one in admin.get("administration/licenses")["licenses"]}
    assert found == {"Static": (5, 5), "Floating": (5, 6), "Restricted": (3, 2)}
    jonas = let_in(admin.api, "jonas", "support")
    assert told(jonas.call("GET", "administration/licenses")) == MISSING


def test_other_workgroups_are_out_of_reach(admin: Person) -> None:
    choice = {"workgroup": "engineering", "kind": "record", "drop": True}
    assert told(admin.call("DELETE", admin.on("ann"), {"holdings": [choice]})) == OUT_OF_REACH
