"""Accounts that people make, edit and add, under the policies of the examples."""

from typing import Any

import pytest

from tenantry.domain.observed import Observed
from tenantry.services import managed, user_edits
from tests.runtime_api.api import Answer, Api
from tests.runtime_api.desk import BEYOND, MISSING, OUT_OF_REACH, Person, account_id, arrive, let_in, made, told
from tests.support.builders import user, workgroup
from tests.support.edits import edited
from tests.support.examples import apply_example, example

FLOATING = {"license": {"type": "Floating"}, "name": {"givenName": "Ann"}, "emails": [{"value": "ann@x.example"}]}


def with_groups(name: str, *groups: str, where: str = "support", **spec: Any) -> Observed[Any]:
    password = {"secretKeyRef": {"name": "passwords", "key": name}}
    entry = {"workgroupRef": where, "groups": ["Users", *groups]}
    body = {"name": {"givenName": name}, "password": password, "workgroups": [entry], **spec}
    return user(name, license="Floating", spec=body)


def in_groups(api: Api, name: str, *groups: str, where: str = "support", **spec: Any) -> Person:
    """Log an account in that a resource gives these groups."""
    api.tenant.secrets["passwords", name] = "green-mug"
    api.tenant.apply(with_groups(name, *groups, where=where, **spec))
    return let_in(api, name, where)


def rename(person: Person, id_: str, given: str = "Other") -> Answer:
    return person.call("PATCH", f"users/{id_}", {"spec": {"name": {"givenName": given}}})


@pytest.fixture
def tracker(api: Api) -> Api:
    """The issue tracker, without the accounts whose floating license the people of a test need."""
    apply_example(api.tenant, "netresults-tracker")
    lease = {"onConflict": "Refuse", "leaseSeconds": 300}
    (pool,) = (each for each in example("netresults-tracker") if each.kind == "LicensePool")
    licenses = [{"type": "Static", "quantity": 5}, {"type": "Floating", "quantity": 5}]
    licenses.append({"type": "Restricted", "quantity": 3})
    api.tenant.apply(edited(pool, licenses=licenses, sessions=lease))
    return api


@pytest.fixture
def admin(tracker: Api) -> Person:
    return let_in(tracker, "Admin", "support")


def test_nr_27_who_may_create_makes_an_account_that_logs_in(admin: Person) -> None:
    id_ = made(admin, "ann", "green-mug", **FLOATING)
    assert admin.api.log_in("ann", "green-mug", "support").status == 201
    shown = admin.get(f"users/{id_}")
    assert (shown["manager"], shown["license"], shown["workgroups"][0]["groups"]) == ("api", "Floating", ["Users"])


def test_an_account_is_held_to_the_policy_and_a_refused_one_leaves_nothing(admin: Person) -> None:
    too_long = admin.post("users", {"spec": {"userName": "ann", **FLOATING}, "password": "much-too-long"})
    assert told(too_long) == (422, "PasswordInvalid")
    assert "much-too-long" not in too_long.text
    full = {**FLOATING, "license": {"type": "Static"}}
    assert told(admin.post("users", {"spec": {"userName": "ann", **full}, "password": "green-mug"})) == (
        403,
        "SeatLimitReached",
    )
    assert admin.get("users?userName=ann")["users"] == []


def test_what_a_policy_asks_for_is_told_at_its_field(admin: Person) -> None:
    lacking = {**FLOATING, "name": {"familyName": "Ant"}}
    answer = admin.post("users", {"spec": {"userName": "ann", **lacking}, "password": "green-mug"})
    assert (*told(answer), answer.body["field"]) == (422, "ProfileIncomplete", "spec.name.givenName")
    assert answer.body["detail"].startswith('Workgroup "support" requires this field')


def test_nr_27_a_privilege_that_is_withdrawn_while_a_password_is_hashed_counts_no_more(
    tracker: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = in_groups(tracker, "maker", "Administrators")
    hashes = managed.offer_all

    def withdraw(*asked: Any) -> Any:
        former = with_groups("maker", "Administrators")
        tracker.tenant.apply(edited(former, workgroups=[{"workgroupRef": "support", "groups": ["Users"]}]))
        return hashes(*asked)

    monkeypatch.setattr(user_edits, "offer_all", withdraw)
    assert told(maker.post("users", {"spec": {"userName": "ann", **FLOATING}, "password": "green-mug"})) == MISSING


def test_nr_27_creating_adding_editing_and_deleting_are_privileges_of_their_own(tracker: Api, admin: Person) -> None:
    id_ = made(admin, "ann", "green-mug", **FLOATING)
    host = in_groups(tracker, "host", "Hosts")
    assert told(host.post("users", {"spec": {"userName": "new", **FLOATING}, "password": "green-mug"})) == MISSING
    assert told(rename(host, id_)) == MISSING
    assert told(host.call("DELETE", f"users/{id_}")) == MISSING
    editor = in_groups(tracker, "ed", "AccountEditors")
    assert told(editor.post("users", {"spec": {"userName": "new", **FLOATING}})) == MISSING
    assert told(editor.post(f"users/{id_}/workgroups", {})) == MISSING
    assert rename(editor, id_).status == 200
    assert admin.get(f"users/{id_}")["givenName"] == "Other"


def test_nr_19_who_reaches_a_single_workgroup_edits_no_account_of_two(tracker: Api, admin: Person) -> None:
    one = made(admin, "ann", "green-mug", **FLOATING)
    editor = in_groups(tracker, "ed", "AccountEditors")
    assert rename(editor, one).status == 200
    assert told(rename(editor, account_id(tracker, "maria"))) == OUT_OF_REACH
    system = {s["userName"]: s["id"] for s in admin.get("users")["systemUsers"]}
    assert told(rename(editor, system["Admin"])) == OUT_OF_REACH


def test_nr_07_nr_19_the_admin_account_is_edited_by_whom_a_privilege_reaches_it_and_tbd_by_nobody(
    tracker: Api, admin: Person
) -> None:
    one = made(admin, "ann", "green-mug", **FLOATING)
    keeper = in_groups(tracker, "key", "AdminEditors")
    system = {s["userName"]: s["id"] for s in keeper.get("users")["systemUsers"]}
    assert rename(keeper, system["Admin"], "Root").status == 200
    assert admin.get(f"users/{system['Admin']}")["givenName"] == "Root"
    assert told(rename(keeper, one)) == OUT_OF_REACH
    for name in ("TBD", "Inet"):
        assert told(rename(admin, system[name])) == (403, "SystemUser")
    assert told(admin.call("DELETE", f"users/{system['Admin']}")) == (403, "SystemUser")
    patch = {"spec": {"active": False}}
    assert told(admin.call("PATCH", f"users/{system['Admin']}", patch)) == (403, "SystemUser")


@pytest.mark.parametrize("emails", [[{"value": "a@x.example"}, {"value": "a@x.example"}], [{"value": "a@x"}]])
def test_nr_07_the_profile_of_a_system_user_is_held_to_what_every_profile_is(admin: Person, emails: Any) -> None:
    (system,) = (one for one in admin.get("users")["systemUsers"] if one["userName"] == "Admin")
    id_ = made(admin, "ann", "green-mug", **FLOATING)
    refused, same = (admin.call("PATCH", f"users/{u}", {"spec": {"emails": emails}}) for u in (system["id"], id_))
    assert told(refused) == told(same) == (422, "InvalidSpec")
    assert refused.body["detail"] == same.body["detail"]


def test_nr_20_through_a_workgroup_that_is_not_utf_8_nobody_edits_text_beyond_ascii(tracker: Api) -> None:
    entry = [{"workgroupRef": "engineering"}]
    root = let_in(tracker, "Admin", "engineering")
    made(root, "zoa", "green-mug", **{**FLOATING, "workgroups": entry})
    plain = made(root, "ann", "green-mug", **{**FLOATING, "workgroups": entry})
    editor = in_groups(tracker, "ed", "AccountEditors", where="engineering")
    assert rename(editor, plain).status == 200
    assert told(rename(editor, plain, "Zoë")) == (403, "CharacterSet")
    maria = account_id(tracker, "maria")
    refused = root.call("PATCH", f"users/{maria}", {"spec": {"comment": "plain"}})
    assert told(refused) == (403, "CharacterSet")


def test_nr_20_through_a_utf_8_workgroup_the_same_account_can_be_edited(admin: Person) -> None:
    id_ = made(admin, "zoa", "green-mug", **{**FLOATING, "name": {"givenName": "Zoë"}})
    assert rename(admin, id_, "Chloë").status == 200


def test_what_a_resource_owns_is_refused_with_the_name_of_the_resource(admin: Person) -> None:
    answer = rename(admin, account_id(admin.api, "jonas"))
    assert told(answer) == (403, "ManagedByKubernetes")
    assert 'User "jonas"' in answer.body["detail"]
    assert told(admin.call("DELETE", admin.on("jonas"))) == (403, "ManagedByKubernetes")
    assert admin.post(admin.on("jonas", "/lock")).status == 200


def test_nr_21_many_join_a_group_at_once_and_the_next_decision_knows(admin: Person) -> None:
    ids = [made(admin, name, "green-mug", **FLOATING) for name in ("ann", "ben")]
    ask = {"subject": {"type": "user", "id": "ann"}, "action": {"name": "update"}}
    ask["resource"] = {"type": "report", "id": "r"}
    assert admin.api.call("POST", "access/v1/evaluation", ask).body["decision"] is False
    answer = admin.post("groups/support/Managers/members", {"ids": [*ids, account_id(admin.api, "jonas")]})
    assert [one["reason"] for one in answer.body["results"]] == ["", "", "ManagedByKubernetes"]
    assert admin.api.call("POST", "access/v1/evaluation", ask).body["decision"] is True
    assert admin.get(f"users/{ids[0]}")["workgroups"][0]["groups"] == ["Users", "Managers"]
    assert told(admin.post("groups/engineering/Developers/members", {"ids": ids})) == OUT_OF_REACH
    left = admin.post(f"users/{ids[0]}/role", {"groups": ["Users"]})
    assert left.status == 200
    assert admin.api.call("POST", "access/v1/evaluation", ask).body["decision"] is False


def test_nobody_puts_anybody_into_a_group_that_gives_more_than_the_person_has(tracker: Api) -> None:
    root = let_in(tracker, "Admin", "engineering")
    id_ = made(root, "ann", "green-mug", **FLOATING)
    editor = in_groups(tracker, "ed", "AccountEditors", where="engineering")
    answer = editor.post("groups/engineering/Administrators/members", {"ids": [id_]})
    assert [one["reason"] for one in answer.body["results"]] == ["RoleNotGrantable"]
    assert editor.post("groups/engineering/Developers/members", {"ids": [id_]}).body["results"][0]["done"]


def test_nr_24_nr_27_who_may_add_existing_ones_adds_those_with_access_and_creates_none(
    tracker: Api, admin: Person
) -> None:
    entries = [{"workgroupRef": "support", "membership": "Available"}]
    ids = [made(admin, name, "green-mug", **FLOATING, workgroups=entries) for name in ("ann", "ben")]
    host = in_groups(tracker, "host", "Hosts")
    assert {m["membership"] for m in host.get(f"users/{ids[0]}")["workgroups"]} == {"Available"}
    assert tracker.log_in("ann", "green-mug", "support").reason == "NotAMember"
    answer = host.post("users/add", {"ids": ids})
    assert [one["done"] for one in answer.body["results"]] == [True, True]
    assert tracker.log_in("ann", "green-mug", "support").status == 201
    assert told(host.post("users", {"spec": {"userName": "new", **FLOATING}, "password": "green-mug"})) == MISSING


def test_nr_27_who_may_only_add_existing_ones_restores_one_as_it_was_and_as_nobody_else(
    tracker: Api, admin: Person
) -> None:
    id_ = made(admin, "ann", "green-mug", **FLOATING)
    assert admin.call("DELETE", f"users/{id_}").status == 204
    host = in_groups(tracker, "host", "Hosts")
    own = {"emails": [{"value": "host@example.com"}]}
    assert told(host.post(f"users/{id_}/restore", {"spec": {**FLOATING, **own}, "password": "blue-mug"})) == MISSING
    assert host.post(f"users/{id_}/restore", {"spec": FLOATING, "password": "blue-mug"}).status == 200
    assert admin.get(f"users/{id_}")["profile"]["emails"] != own["emails"]


def test_nr_24_who_has_no_access_cannot_be_added(tracker: Api) -> None:
    root = let_in(tracker, "Admin", "engineering")
    id_ = made(root, "ann", "green-mug", **FLOATING)
    host = in_groups(tracker, "host", "Hosts")
    assert told(host.post(f"users/{id_}/workgroups", {})) == (404, "UserNotFound")


def test_it_01_it_13_only_a_super_admin_creates_office_users(api: Api) -> None:
    apply_example(api.tenant, "industrack")
    entry = {"workgroupRef": "office", "role": "View Only", "scopes": [{"name": "calendars", "values": ["Duluth"]}]}
    spec = {"userName": "new@lakeside.example", "workgroups": [entry]}
    body = {"spec": spec, "password": "Lift-Bridge-1905"}
    for login in ("helen", "victor", "carl"):
        person = let_in(api, f"{login}@lakeside.example", "office")
        assert told(person.post("users", body)) == MISSING
    assert let_in(api, "sam@lakeside.example", "office").post("users", body).status == 201


IT_LEVELS = [
    ("settings", "Super Admin", {"create"}),
    ("settings", "Edit", set()),
    ("settings", "View", set()),
    ("profiles", "View", {"view"}),
    ("profiles", "Edit", {"view", "edit"}),
]


@pytest.mark.parametrize(("module", "level", "may"), IT_LEVELS)
def test_it_01_it_13_creating_viewing_and_editing_profiles_are_grants_of_their_own(
    api: Api, module: str, level: str, may: set[str]
) -> None:
    apply_example(api.tenant, "industrack")
    entry = {"workgroupRef": "office", "role": "Customize", "access": [{"module": module, "level": level}]}
    password = {"secretKeyRef": {"name": "office-passwords", "key": "first"}}
    spec = {"password": password, "userName": "pat@lakeside.example"}
    api.tenant.apply(user("pat", license=None, in_=[entry], spec=spec))
    plain = {"workgroupRef": "office", "role": "Customize"}
    sam = let_in(api, "sam@lakeside.example", "office")
    target = made(sam, "tom@lakeside.example", "Lift-Bridge-1905", workgroups=[plain])
    pat = let_in(api, "pat@lakeside.example", "office")
    new = {"spec": {"userName": "new@lakeside.example", "workgroups": [plain]}, "password": "Lift-Bridge-1905"}
    tried = {
        "view": pat.call("GET", f"users/{target}"),
        "edit": pat.call("PATCH", f"users/{target}", {"spec": {"displayName": "Tom"}}),
        "create": pat.post("users", new),
    }
    assert {what for what, answer in tried.items() if answer.status < 300} == may
    assert {answer.reason for what, answer in tried.items() if what not in may} <= {"CapabilityMissing"}


def test_tt_01_tt_02_administrators_add_and_modify_and_users_do_neither(api: Api) -> None:
    apply_example(api.tenant, "thermotrack")
    claire, paolo = (let_in(api, name, "loggers") for name in ("claire.moreau", "paolo.ricci"))
    name = {"givenName": "New", "familyName": "One"}
    for role in ("Administrator", "User"):
        id_ = made(claire, f"new.{role}", "Cold-Chain-2026", name=name, workgroups=[entry_of(role)])
        assert told(rename(paolo, id_)) == MISSING
        assert told(paolo.call("DELETE", f"users/{id_}")) == MISSING
        assert rename(claire, id_).status == 200
        assert claire.call("DELETE", f"users/{id_}").status == 204
    body = {"spec": {"userName": "x", "name": name}, "password": "Cold-Chain-2026"}
    assert told(paolo.post("users", body)) == MISSING


def entry_of(role: str, *groups: str) -> dict[str, Any]:
    return {"workgroupRef": "loggers", "role": role, "groups": list(groups)}


def test_tt_14_with_the_right_a_user_creates_users_and_administrators_and_modifies_neither(api: Api) -> None:
    apply_example(api.tenant, "thermotrack")
    nina = let_in(api, "nina.jensen", "loggers")
    name = {"givenName": "New", "familyName": "One"}
    made_by_her = [
        made(nina, f"new.{role}", "Cold-Chain-2026", name=name, workgroups=[entry_of(role, *groups)])
        for role, groups in (("User", ("Missions", "AccountCreation")), ("Administrator", ()))
    ]
    for id_ in made_by_her:
        assert told(rename(nina, id_)) == MISSING
        assert told(nina.call("DELETE", f"users/{id_}")) == MISSING


def test_th_19_th_20_administrators_create_accounts_and_developers_and_users_none(api: Api) -> None:
    apply_example(api.tenant, "thinger")
    spec = {"emails": [{"value": "new@growers.example"}]}
    entry = [{"workgroupRef": "instance", "role": "User"}]
    body = {"spec": {"userName": "new", "workgroups": entry, **spec}}
    for login in ("bruno", "grower-anna"):
        assert told(let_in(api, login, "instance").post("users", body)) == MISSING
    for login in ("helen", "owner"):
        person = let_in(api, login, "instance")
        id_ = made(person, f"by-{login}", workgroups=entry, **spec)
        assert rename(person, id_).status == 200
        assert person.post(f"users/{id_}/lock").status == 200
        assert person.call("DELETE", f"users/{id_}").status == 204


ERIN, CAROL, DIEGO = (f"{name}@precision.example" for name in ("erin.walsh", "carol.reed", "diego.ramos"))


@pytest.fixture
def erin(api: Api) -> Person:
    apply_example(api.tenant, "machinemetrics")
    arrive(api, ERIN, CAROL, DIEGO)
    return let_in(api, ERIN, "plant")


def test_mm_11_name_and_phone_are_the_persons_own_once_the_invitation_is_accepted(erin: Person) -> None:
    email = "new@precision.example"
    id_ = erin.post("invites", {"emails": [email], "role": "Supervisor"}).body["results"][0]["id"]
    assert rename(erin, id_).status == 200
    arrive(erin.api, email)
    for patch in ({"name": {"givenName": "X"}}, {"phoneNumbers": [{"type": "mobile", "value": "+1 413"}]}):
        answer = erin.call("PATCH", f"users/{id_}", {"spec": patch})
        assert told(answer) == (403, "PersonsOwn")
    assert erin.get(f"users/{id_}")["givenName"] == "Other"
    other = {"emails": [{"value": "moved@precision.example"}]}
    assert erin.call("PATCH", f"users/{id_}", {"spec": other}).status == 200


def test_mm_10_roles_and_emails_are_changed_by_executives_and_not_by_supervisors(api: Api, erin: Person) -> None:
    email = "new@precision.example"
    id_ = erin.post("invites", {"emails": [email], "role": "Supervisor"}).body["results"][0]["id"]
    arrive(api, email)
    diego = let_in(api, DIEGO, "plant")
    assert told(diego.post(f"users/{id_}/role", {"role": "Executive"})) == MISSING
    assert told(diego.call("PATCH", f"users/{id_}", {"spec": {"comment": "x"}})) == MISSING
    assert erin.post(f"users/{id_}/role", {"role": "Manager"}).status == 200
    assert erin.get(f"users/{id_}")["role"] == "Manager"
    unknown = erin.post(f"users/{id_}/role", {"role": "Operator"})
    assert told(unknown) == (403, "RoleNotFound")


FAULTS = [
    ({"spec": {"userNam": "x"}}, 422, "InvalidRequest"),
    ({"spec": {"onExisting": "Restore"}}, 422, "InvalidRequest"),
    ({"spec": {"workgroups": "plant"}}, 422, "InvalidRequest"),
    ({"spec": {"workgroups": [{"workgroupRef": "plant", "role": ["x"]}]}}, 422, "InvalidSpec"),
    ({"spec": {"userName": "other@precision.example"}}, 403, "LoginInvalid"),
    ({"spec": {"emails": [{"value": "no address"}]}}, 422, "InvalidSpec"),
    ({"spec": {"workgroups": [{"workgroupRef": "plant"}, {"workgroupRef": "other"}]}}, 403, "OutOfReach"),
    ({"spec": {"name": {"givenName": "a\x00b"}}}, 422, "InvalidRequest"),
    ({"spec": {"name": {"givenName": "a\ud800b"}}}, 422, "InvalidRequest"),
    ({"spec": {"name": {"given\x00Name": "a"}}}, 422, "InvalidRequest"),
    ({"spec": {"given\udfffName": "a"}}, 422, "InvalidRequest"),
]


@pytest.mark.parametrize(("body", "status", "reason"), FAULTS)
def test_a_patch_that_is_none_is_refused_and_changes_nothing(
    erin: Person, body: dict[str, Any], status: int, reason: str
) -> None:
    email = "new@precision.example"
    id_ = erin.post("invites", {"emails": [email], "role": "Supervisor"}).body["results"][0]["id"]
    before = erin.get(f"users/{id_}")
    answer = erin.call("PATCH", f"users/{id_}", body)
    assert told(answer) == (status, reason)
    assert erin.get(f"users/{id_}") == before


def test_a_workgroup_whose_capability_names_a_role_that_is_none_says_so(api: Api) -> None:
    spec = {"groups": [{"name": "Makers", "capabilities": [{"name": "CreateUsers", "roles": ["Boss"]}]}]}
    api.tenant.apply(workgroup(pool=None, spec=spec))
    status = api.tenant.status_of(workgroup().kind, "tracker")
    (ready,) = (c for c in status["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "RoleNotFound")
    assert "spec.groups[0].capabilities[0].roles" in ready["message"]


def test_beyond_what_the_person_has_no_role_is_given(api: Api) -> None:
    apply_example(api.tenant, "thermotrack")
    nina = let_in(api, "nina.jensen", "loggers")
    spec = {"userName": "x", "workgroups": [{"workgroupRef": "loggers", "role": "Nobody"}]}
    assert told(nina.post("users", {"spec": spec, "password": "Cold-Chain-2026"})) == BEYOND
