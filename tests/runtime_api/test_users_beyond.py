"""Nobody gives away, or acts on, more than the person has: neither by a default nor through another workgroup."""

from typing import Any

import pytest

from tenantry.errors import StoreUnavailable
from tenantry.services import administration
from tenantry.services.holdings import Registration, put_holdings
from tenantry.services.managed import Put, carry_out
from tenantry.store.account import load_by_id
from tests.runtime_api.api import Api
from tests.runtime_api.desk import BEYOND, OUT_OF_REACH, Person, let_in, made, told
from tests.support.builders import NAMESPACE, pool, user, workgroup

PASSWORD = "green-mug-1234"
CLERKS = ("ViewUsers", "CreateUsers", "AddExistingUsers", "EditUsers", "InviteUsers", "AssignRoles", "ReassignHoldings")
KEEPERS = ("DeleteUsers", "LockUsers")
POLICY = {
    "roles": [
        {
            "name": "Boss",
            "defaultFor": ["Static"],
            "capabilities": [{"name": name} for name in (*CLERKS, *KEEPERS, "ResetPasswords")],
        },
        {"name": "Clerk", "capabilities": [{"name": name} for name in CLERKS]},
        {"name": "Plain"},
    ],
    "groups": [
        {"name": "Keepers", "defaultFor": ["Restricted"], "capabilities": [{"name": name} for name in KEEPERS]},
        {"name": "Readers"},
        {
            "name": "Near",
            "capabilities": [{"name": name, "reach": "SystemUsers"} for name in ("EditUsers", "ReassignHoldings")],
        },
    ],
}


def entry(role: str | None = None, where: str = "tracker") -> dict[str, Any]:
    return {"workgroupRef": where} | ({"role": role} if role else {})


@pytest.fixture
def desk(api: Api) -> Api:
    """Two workgroups of one pool, a boss and a clerk of the tracker; who is made has a password."""
    quantities = [{"type": type_, "quantity": 5} for type_ in ("Static", "Floating", "Restricted")]
    api.tenant.apply(pool(spec={"licenses": quantities}), workgroup(spec=POLICY), workgroup("sales", spec=POLICY))
    for name, role in {"boss": "Boss", "clerk": "Clerk"}.items():
        resident(api, name, entry(role))
    return api


def resident(api: Api, name: str, *entries: dict[str, Any], **meta: Any) -> None:
    api.tenant.secrets["passwords", name] = PASSWORD
    password = {"secretKeyRef": {"name": "passwords", "key": name}}
    api.tenant.apply(user(name, license="Floating", in_=entries, spec={"password": password}, **meta))


@pytest.fixture
def clerk(desk: Api) -> Person:
    return let_in(desk, "clerk", "tracker")


@pytest.fixture
def boss(desk: Api) -> Person:
    return let_in(desk, "boss", "tracker")


def new(license_: str, *entries: dict[str, Any]) -> dict[str, Any]:
    spec = {"userName": "ann", "license": {"type": license_}, "workgroups": entries or [entry()]}
    return {"spec": spec, "password": PASSWORD}


@pytest.mark.parametrize(
    "body", [pytest.param(new("Static"), id="a role"), pytest.param(new("Restricted", entry("Plain")), id="a group")]
)
def test_nobody_makes_an_account_that_comes_to_more_by_default_than_the_person_has(
    clerk: Person, boss: Person, body: dict[str, Any]
) -> None:
    assert told(clerk.post("users", body)) == BEYOND
    assert boss.post("users", body).status == 201


def test_nobody_gives_a_license_that_brings_more_by_default(clerk: Person) -> None:
    ann = made(clerk, "ann", PASSWORD, license={"type": "Floating"})
    for type_ in ("Static", "Restricted"):
        assert told(clerk.call("PATCH", f"users/{ann}", {"spec": {"license": {"type": type_}}})) == BEYOND
    assert clerk.get(f"users/{ann}")["license"] == "Floating"


def test_nobody_takes_a_role_or_group_away_that_another_follows_by_default(clerk: Person, boss: Person) -> None:
    ann = made(boss, "ann", PASSWORD, license={"type": "Static"}, workgroups=[entry("Plain")])
    assert told(clerk.post(f"users/{ann}/role", {"role": None})) == BEYOND
    assert clerk.get(f"users/{ann}")["role"] == "Plain"


def test_nobody_restores_an_account_that_comes_to_more_by_default(clerk: Person, boss: Person) -> None:
    ann = made(boss, "ann", PASSWORD, license={"type": "Static"})
    assert boss.call("DELETE", f"users/{ann}").status == 204
    body = {"spec": {"license": {"type": "Static"}}, "password": PASSWORD}
    assert told(clerk.post(f"users/{ann}/restore", body)) == BEYOND
    assert clerk.post(f"users/{ann}/restore", {**body, "spec": {"license": {"type": "Floating"}}}).status == 200


def test_a_license_brings_no_more_by_default_in_another_workgroup(desk: Api, clerk: Person) -> None:
    ann = made(clerk, "ann", PASSWORD, license={"type": "Floating"}, workgroups=[entry("Plain")])
    give_access(desk, "ann", entry("Plain"), entry(None, "sales"))
    static = {"spec": {"license": {"type": "Static"}}}
    assert told(clerk.call("PATCH", f"users/{ann}", static)) == OUT_OF_REACH
    resident(desk, "clerk", entry("Clerk"), entry("Boss", "sales"), generation=2)
    assert clerk.call("PATCH", f"users/{ann}", static).status == 200


def give_access(desk: Api, login: str, *entries: dict[str, Any]) -> None:
    """Make an account that the API made a member elsewhere too, as who writes whole specs does."""
    document = {"userName": login, "license": {"type": "Floating"}, "workgroups": entries}
    (done,) = carry_out(desk.tenant.store, NAMESPACE, [Put(document, create=False)], "test", desk.tenant.now)
    assert done.refusal is None


def test_nobody_takes_back_an_invitation_elsewhere_by_a_system_user_of_the_same_login(desk: Api, clerk: Person) -> None:
    tenant = desk.tenant
    tenant.apply(workgroup(spec={**POLICY, "systemUsers": [{"userName": "Root"}]}, generation=2))
    tenant.apply(workgroup("sales", spec={**POLICY, "onboarding": {"mode": "Invitation"}}, generation=2))
    invited = {"userName": "root", "license": {"type": "Floating"}, "emails": [{"value": "r@x.example"}]}
    put = Put({**invited, "workgroups": [entry("Plain", "sales")]}, create=True)
    (done,) = carry_out(tenant.store, NAMESPACE, [put], "test", tenant.now)
    assert done.account is not None
    (system,) = clerk.get("users")["systemUsers"]
    assert told(clerk.post(f"invites/{system['id']}/resend")) == (403, "SystemUser")
    assert told(clerk.call("DELETE", f"invites/{system['id']}")) == (403, "SystemUser")
    with tenant.store.read() as connection:
        assert load_by_id(connection, [done.account.id]) == [done.account]


def test_who_gives_holdings_away_learns_of_no_account_of_other_workgroups(desk: Api, boss: Person) -> None:
    resident(desk, "sold", entry("Plain", "sales"))
    ann = made(boss, "ann", PASSWORD, license={"type": "Floating"}, workgroups=[entry("Plain")])
    asked = Registration("tracker", "record", "ann", ("R-1",))
    assert put_holdings(desk.tenant.store, NAMESPACE, asked, desk.tenant.now).refusals == ()

    def answers(login: str) -> list[str]:
        choice = {"workgroup": "tracker", "kind": "*", "reassignTo": login}
        told_ = [boss.post(f"users/{ann}/holdings/reassign", {"to": login})]
        told_.append(boss.call("DELETE", f"users/{ann}", {"holdings": [choice]}))
        return [answer.reason + answer.body["detail"].replace(login, "") for answer in told_]

    assert answers("sold") == answers("nobody")


def test_an_edit_of_nothing_tells_nothing_of_an_account_that_is_out_of_reach(clerk: Person, boss: Person) -> None:
    resident(clerk.api, "keeper", {**entry(), "groups": ["Near"]})
    keeper = let_in(clerk.api, "keeper", "tracker")
    assert told(keeper.call("PATCH", f"users/{boss.id}", {"spec": {}})) == OUT_OF_REACH
    assert told(clerk.call("PATCH", f"users/{boss.id}", {"spec": {}})) == BEYOND
    assert clerk.call("PATCH", f"users/{made(boss, 'ann', PASSWORD)}", {"spec": {}}).status == 200


def test_who_deletes_an_account_gives_away_what_it_holds_only_where_that_right_reaches_it(
    desk: Api, boss: Person
) -> None:
    resident(desk, "keeper", {**entry(), "groups": ["Keepers", "Near"]})
    ann = made(boss, "ann", PASSWORD, license={"type": "Floating"}, workgroups=[entry("Plain")])
    keeper, choice = let_in(desk, "keeper", "tracker"), {"workgroup": "tracker", "kind": "*", "reassignTo": "boss"}
    assert told(keeper.call("DELETE", f"users/{ann}", {"holdings": [choice]})) == OUT_OF_REACH
    assert keeper.call("DELETE", f"users/{ann}").status == 204


def test_many_are_changed_a_few_in_one_transaction_and_none_once_the_right_was_taken_away(
    desk: Api, clerk: Person, boss: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [made(boss, name, PASSWORD, workgroups=[entry("Plain")]) for name in ("ann", "ben", "cid")]
    begins, begun = administration.deciding, []

    def begin(*asked: Any) -> Any:
        begun.append(asked)
        if len(begun) > 1:
            resident(desk, "clerk", entry("Plain"), generation=2)
        return begins(*asked)

    monkeypatch.setattr(administration, "_AT_ONCE", 2, raising=False)
    monkeypatch.setattr(administration, "deciding", begin)
    answer = clerk.post("groups/tracker/Readers/members", {"ids": ids})
    assert [one["reason"] for one in answer.body["results"]] == ["", "", "CapabilityMissing"]
    groups = [boss.get(f"users/{id_}")["workgroups"][0]["groups"] for id_ in ids]
    assert groups == [["Readers"], ["Readers"], []]


def test_of_many_what_was_done_before_the_store_was_lost_is_told(
    clerk: Person, boss: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [made(boss, name, PASSWORD, workgroups=[entry("Plain")]) for name in ("ann", "ben")]
    begins, begun = administration.deciding, []

    def begin(*asked: Any) -> Any:
        begun.append(asked)
        if len(begun) > lost_after:
            raise StoreUnavailable
        return begins(*asked)

    monkeypatch.setattr(administration, "_AT_ONCE", 1)
    monkeypatch.setattr(administration, "deciding", begin)
    lost_after = 1
    answer = clerk.post("groups/tracker/Readers/members", {"ids": ids})
    assert [one["reason"] for one in answer.body["results"]] == ["", "StoreUnavailable"]
    lost_after = 0
    assert told(clerk.post("groups/tracker/Readers/members", {"ids": ids})) == (503, "StoreUnavailable")
