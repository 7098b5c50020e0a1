"""Many accounts at once where there is no cluster: deleted, grouped, invited; who is refused holds up nobody."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tenantry.domain.observed import Kind
from tenantry.errors import InputError
from tenantry.services.accounts import list_accounts, list_invitations
from tenantry.services.editing import (
    Grouping,
    Invitation,
    carry_out,
    plan_deletion,
    plan_grouping,
    plan_invitation,
    preview,
)
from tenantry.services.effects import Plan
from tenantry.store import Store, resource
from tenantry.store.account import apply_accounts, load_all
from tests.support.builders import NAMESPACE, START, pool, user, workgroup
from tests.support.invariants import digest
from tests.support.manifests import NOW, applied, counts, planned, users
from tests.support.tenancy import Tenant

GROUPS = {
    "groups": [{"name": "Users", "defaultFor": ["Static"]}, {"name": "Managers"}],
    "systemUsers": [{"userName": "TBD"}],
}
FLOOR = workgroup(
    "floor", pool=None, spec={"onboarding": {"mode": "Invitation"}, "roles": [{"name": "Manager"}, {"name": "Kiosk"}]}
)


@pytest.fixture
def staffed(store: Store) -> Store:
    """Three people in a group by default, one who only has access, one who was refused."""
    away = [{"workgroupRef": "tracker", "membership": "Available"}]
    odd = [{"workgroupRef": "tracker", "role": "Nobody"}]
    people = [user("ada"), user("bob"), user("cyd"), user("dan", in_=away), user("eve", in_=odd)]
    applied(store, pool(static=9), workgroup(spec=GROUPS), *people)
    return store


def groups(store: Store) -> dict[str, tuple[str, ...]]:
    with store.read() as connection:
        return {a.user_name: a.members[0].groups for a in load_all(connection, 1) if a.members and not a.scope}


def delete(store: Store, *logins: str) -> Plan:
    return carry_out(store, plan_deletion(store, NAMESPACE, logins, NOW, "test"))


def regroup(store: Store, *logins: str, add: bool, group: str = "Managers") -> Plan:
    grouping = Grouping("tracker", group, logins, add)
    return carry_out(store, plan_grouping(store, NAMESPACE, grouping, NOW, "test"))


def invite(store: Store, *emails: str, **options: Any) -> Plan:
    invitation = Invitation(**{"workgroup": "floor", "role": "Manager", "emails": emails, **options})
    return carry_out(store, plan_invitation(store, NAMESPACE, invitation, NOW, "test"))


def test_it_18_several_are_deleted_in_one_go_and_who_cannot_be_is_told(staffed: Store) -> None:
    found = delete(staffed, "ADA", "bob", "eve", "nobody", "TBD", "bob")
    assert users(found) == {
        "ada": ("remove", "gone", ""),
        "bob": ("remove", "gone", ""),
        "eve": ("remove", "gone", ""),
        "nobody": ("none", "refused", "UserNotFound"),
        "TBD": ("none", "refused", "LoginReserved"),
    }
    assert counts(found) == {"Static": (4, 2, 9)}
    assert {a.login for a in list_accounts(staffed) if not a.system} == {"cyd", "dan"}
    assert users(delete(staffed, "ada")) == {"ada": ("none", "refused", "LoginDeleted")}


def test_it_18_what_would_be_deleted_can_be_seen_before(staffed: Store) -> None:
    before = digest(staffed)
    found = preview(staffed, plan_deletion(staffed, NAMESPACE, ["ada"], NOW, "test"))
    assert users(found) == {"ada": ("remove", "gone", "")}
    assert digest(staffed) == before


def test_it_18_an_account_that_a_user_of_a_cluster_owns_is_refused_naming_it(store: Store) -> None:
    Tenant(store).apply(pool(static=2), workgroup(), user("ada-l", spec={"userName": "ada"}))
    edit = plan_deletion(store, NAMESPACE, ["ada"], NOW, "test")
    (refused,) = edit.refused
    assert (refused.reason, edit.request.removed) == ("ManagedByKubernetes", [])
    assert "kubectl delete user.tenantry.dev ada-l -n acme" in refused.message


def test_nr_21_many_are_added_to_a_group_at_once_and_keep_those_by_default(staffed: Store) -> None:
    found = regroup(staffed, "ada", "bob", "nobody", add=True)
    assert users(found)["nobody"] == ("none", "refused", "UserNotFound")
    both = ("Users", "Managers")
    assert groups(staffed) == {"ada": both, "bob": both, "cyd": ("Users",), "dan": ()}
    assert not regroup(staffed, "ada", add=True).changes


def test_nr_21_many_are_taken_out_of_a_group_at_once(staffed: Store) -> None:
    regroup(staffed, "ada", "bob", add=True)
    found = regroup(staffed, "ada", "bob", "cyd", add=False)
    assert users(found).keys() == {"ada", "bob"}
    assert set(groups(staffed).values()) == {("Users",), ()}


@pytest.mark.parametrize(
    ("encoding", "reasons"),
    [
        ("ISO-8859-1", {"ada": "Provisioned", "jorg": "CharacterSet"}),
        ("UTF-8", {"ada": "Provisioned", "jorg": "Provisioned"}),
    ],
)
def test_nr_20_through_a_workgroup_that_is_not_utf_8_nobody_with_more_than_ascii_is_edited(
    store: Store, encoding: str, reasons: dict[str, str]
) -> None:
    people = [user("ada"), user("jorg", spec={"name": {"givenName": "Jörg"}})]
    applied(store, pool(static=9), workgroup(spec={**GROUPS, "characterSet": encoding}), *people)
    found = regroup(store, "ada", "jorg", add=True)
    assert {name: reason for name, (_, _, reason) in users(found).items()} == reasons


def test_nr_20_what_the_person_wrote_counts_as_what_the_spec_says(store: Store) -> None:
    own = {**GROUPS, "characterSet": "ISO-8859-1", "profile": {"selfService": ["displayName"]}}
    applied(store, pool(static=9), workgroup(spec=own), user("ada", spec={"displayName": "Ada"}))
    with store.write() as connection:
        ada = next(a for a in load_all(connection, 1) if a.user_name == "ada")
        changed = replace(ada, profile={**(ada.profile or {}), "displayName": "Adá"})
        apply_accounts(connection, 1, [(ada, changed)], START)
    assert users(regroup(store, "ada", add=True)) == {"ada": ("none", "refused", "CharacterSet")}


def test_nr_21_who_waits_keeps_the_groups_by_default_too(store: Store) -> None:
    applied(store, pool(static=1), workgroup(spec=GROUPS), user("ada"), user("bob"))
    regroup(store, "ada", "bob", add=True)
    applied(store, pool(static=2))
    assert groups(store) == dict.fromkeys(("ada", "bob"), ("Users", "Managers"))


@pytest.mark.parametrize(
    ("mode", "reason", "what"),
    [("Restorable", "LoginDeleted", "onExisting: Restore"), ("PermanentReserved", "LoginReserved", "never be used")],
)
def test_nr_13_it_19_a_login_that_was_deleted_is_told_with_what_to_do(
    store: Store, mode: str, reason: str, what: str
) -> None:
    onboarding = {
        "onboarding": {"mode": "Invitation"},
        "roles": [{"name": "Manager"}],
        "groups": [{"name": "Managers"}],
    }
    ada = user("ada", license=None, spec={"userName": "ada@example.com"})
    applied(store, workgroup(pool=None, spec={**onboarding, "deletion": {"mode": mode}}), ada)
    applied(store, removed=[(Kind.USER, "ada")])
    edits = (invite(store, "ada@example.com", workgroup="tracker"), regroup(store, "ada@example.com", add=True))
    for found in (*edits, planned(store, user("eve", license=None, spec={"userName": "ada@example.com"}))):
        (effect,) = found.effects
        assert (effect.reason, what in effect.message) == (reason, True)


def test_nr_24_who_only_has_access_becomes_a_member_by_a_group(staffed: Store) -> None:
    regroup(staffed, "dan", add=True)
    assert groups(staffed)["dan"] == ("Managers",)


def test_nr_24_who_has_no_access_cannot_be_added(staffed: Store) -> None:
    applied(staffed, workgroup("other", pool=None), user("fay", license=None, in_="other"))
    assert users(regroup(staffed, "fay", add=True)) == {"fay": ("none", "refused", "NotAMember")}


def test_the_last_group_that_is_the_default_is_not_left(staffed: Store) -> None:
    assert users(regroup(staffed, "ada", add=False, group="Users"))["ada"][2] == "GroupByDefault"


def test_who_was_refused_is_known_by_login_without_reading_who_was_not(
    staffed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    row_of = resource._row

    def noted(row: Sequence[Any]) -> resource.ResourceRow:
        found = row_of(row)
        read.append(found.name)
        return found

    monkeypatch.setattr(resource, "_row", noted)
    edit = plan_deletion(staffed, NAMESPACE, ["EVE", "nobody"], NOW, "test")
    assert list(edit.request.removed) == [(Kind.USER, "eve")]
    assert read == ["eve"]


def test_an_edit_that_would_be_refused_leaves_the_user_as_it_is(staffed: Store) -> None:
    before = digest(staffed)
    assert users(regroup(staffed, "eve", add=True)) == {"eve": ("change", "refused", "RoleNotFound")}
    assert digest(staffed) == before


@pytest.mark.parametrize(
    ("grouping", "message"),
    [
        (Grouping("nowhere", "Users", ["ada"], add=True), 'has no Workgroup "nowhere"; there is tracker'),
        (Grouping("tracker", "Owners", ["ada"], add=True), 'defines no group "Owners"; there are Managers, Users'),
    ],
)
def test_a_group_that_is_not_there_is_told_with_those_that_are(
    staffed: Store, grouping: Grouping, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        plan_grouping(staffed, NAMESPACE, grouping, NOW, "test")


def test_mm_02_many_are_invited_at_once_with_one_role(store: Store) -> None:
    applied(store, FLOOR)
    found = invite(store, "ada@example.com", "Grace.Hopper@example.com", "ada@EXAMPLE.com")
    assert set(users(found).values()) == {("create", "ready", "Provisioned")}
    invited = [(i.email, i.roles, i.sent) for i in list_invitations(store)]
    role = (("floor", "Manager"),)
    assert invited == [("ada@example.com", role, NOW), ("Grace.Hopper@example.com", role, NOW)]


def test_mm_02_who_is_refused_is_told_and_nothing_of_them_is_left(store: Store) -> None:
    applied(store, FLOOR, user("ada", license=None, in_="floor", spec={"userName": "ada@example.com"}))
    found = invite(store, "ada@example.com", "grace@example.com", "not an email")
    assert {e.login: e.reason for e in found.effects if e.fails} == {
        "ada@example.com": "LoginTaken",
        "not an email": "LoginInvalid",
    }
    assert {a.login for a in list_accounts(store)} == {"ada@example.com", "grace@example.com"}
    before = digest(store)
    assert invite(store, "eve@example.com", role="Operator").effects[0].reason == "RoleNotFound"
    assert digest(store) == before


def test_mm_02_two_emails_that_make_one_name_are_two_users(store: Store) -> None:
    applied(store, FLOOR)
    found = invite(store, "a.b@example.com", "a-b@example.com")
    names = [e.name for e in found.effects]
    assert len(set(names)) == 2
    assert all(name.startswith("a-b-example-com") for name in names)


def test_a_workgroup_that_does_not_invite_says_so(staffed: Store) -> None:
    with pytest.raises(InputError, match=r"spec\.onboarding\.mode is Provisioned; set it to Invitation"):
        invite(staffed, "ada@example.com", workgroup="tracker")


def test_invitations_wait_for_a_seat_and_are_told(store: Store) -> None:
    roles = {"onboarding": {"mode": "Invitation"}, "roles": [{"name": "Manager"}]}
    applied(store, pool(static=1), workgroup("floor", spec=roles))
    found = invite(store, "ada@example.com", "bob@example.com", license_type="Static")
    assert [e.result.value for e in found.effects] == ["ready", "waiting"]
    assert counts(found) == {"Static": (0, 2, 1)}


@pytest.mark.parametrize("edit", [regroup, invite])
def test_no_edit_touches_a_tenant_that_a_cluster_has(store: Store, edit: Any) -> None:
    Tenant(store).apply(pool(static=2), workgroup(spec=GROUPS), FLOOR, user("ada"))
    options = {"add": True} if edit is regroup else {}
    with pytest.raises(InputError, match="managed by the operator of a cluster"):
        edit(store, "ada", **options)


def test_what_was_edited_is_what_a_later_plan_compares_with(staffed: Store) -> None:
    regroup(staffed, "ada", add=True)
    found = planned(staffed, user("ada"), now=NOW + timedelta(minutes=1))
    assert users(found) == {"ada": ("change", "ready", "Provisioned")}
