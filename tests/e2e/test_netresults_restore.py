"""The rules of an issue tracker (NR): deletion from the tenant or a workgroup, and restore."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import EXAMPLES, Site, person
from tests.support.kube import Object


@pytest.fixture
def tracker(example: Callable[[str], Site]) -> Site:
    """The example as it is."""
    return example("netresults-tracker")


def groups(site: Site, name: str, workgroup: str) -> list[str]:
    found: list[Object] = site.settled("User", name)["status"]["workgroups"]
    return next((x.get("groups", []) for x in found if x["workgroupRef"] == workgroup), [])


def membership(site: Site, name: str, workgroup: str) -> str | None:
    found: list[Object] = site.settled("User", name)["status"]["workgroups"]
    return next((x["membership"] for x in found if x["workgroupRef"] == workgroup), None)


def set_workgroups(site: Site, name: str, *entries: Object, **spec: object) -> None:
    """Give a User these entries; preferences go, since not every workgroup defines them."""
    site.kube.patch("User", name, {"spec": {"workgroups": list(entries), "preferences": None, **spec}})


def test_nr_13_a_deleted_user_id_is_not_silently_made_anew(tracker: Site) -> None:
    tracker.delete("tuser", "jonas")
    tracker.apply(person("jonas", "Static", "support"))
    told = tracker.becomes("jonas", "LoginDeleted")["message"]
    assert "set spec.onExisting: Restore" in told
    assert "choose another userName" in told
    assert tracker.kube.get("User", "jonas")["status"]["state"] == "Refused"


def test_nr_14_a_restore_brings_the_preferences_back_and_the_default_group_only(tracker: Site) -> None:
    former = tracker.kube.get("User", "maria")["status"]["accountId"]
    tracker.delete("tuser", "maria")
    tracker.apply(person("maria", "Static", "support", onExisting="Restore"))
    tracker.becomes("maria", "Provisioned")
    status = tracker.kube.get("User", "maria")["status"]
    assert status["accountId"] == former
    assert {"name": "homePage", "value": "Reports"} in status["preferences"]
    assert groups(tracker, "maria", "support") == ["Users"]
    set_workgroups(tracker, "maria", {"workgroupRef": "support", "groups": ["Users", "Managers"]})
    tracker.settled("User", "maria")
    assert groups(tracker, "maria", "support") == ["Users", "Managers"]


def test_nr_14_a_restored_restricted_user_is_in_restricted_users(tracker: Site) -> None:
    tracker.delete("tuser", "femi")
    tracker.apply(person("femi", "Restricted", "support", onExisting="Restore"))
    tracker.becomes("femi", "Provisioned")
    assert groups(tracker, "femi", "support") == ["RestrictedUsers"]


def test_nr_15_a_restore_needs_a_free_seat(tracker: Site) -> None:
    tracker.delete("tuser", "jonas")
    tracker.apply(person("heir", "Static", "support"))
    tracker.becomes("heir", "Provisioned")
    tracker.apply(person("jonas", "Static", "support", onExisting="Restore"))
    tracker.becomes("jonas", "SeatLimitReached")
    tracker.delete("tuser", "heir")
    tracker.becomes("jonas", "Provisioned")


def test_nr_24_an_available_account_has_access_and_is_added_in_a_second_step(tracker: Site) -> None:
    assert membership(tracker, "priya", "support") == "Available"
    assert groups(tracker, "priya", "support") == []
    set_workgroups(tracker, "priya", {"workgroupRef": "engineering", "groups": ["Users"]}, {"workgroupRef": "support"})
    assert membership(tracker, "priya", "support") == "Member"
    assert groups(tracker, "priya", "support") == ["Users"]


def test_nr_24_an_available_account_can_be_given_nothing(tracker: Site) -> None:
    entry = {"workgroupRef": "support", "membership": "Available", "groups": ["Users"]}
    said = tracker.apply(person("hopeful", "Static", "support", workgroups=[entry]), refused=True)
    assert "membership Available has no role, groups, access, scopes" in said


def test_nr_24_several_are_added_at_once(tracker: Site) -> None:
    for name in ("priya", "nadia"):
        set_workgroups(tracker, name, {"workgroupRef": "engineering"}, license={"type": "Floating"})
    for name in ("priya", "nadia"):
        tracker.becomes(name, "Provisioned")
        assert membership(tracker, name, "engineering") == "Member"


@pytest.mark.parametrize(
    "rest",
    [
        [{"workgroupRef": "engineering", "groups": ["Users"]}],
        [{"workgroupRef": "engineering", "groups": ["Users"]}, {"workgroupRef": "support", "membership": "Available"}],
    ],
    ids=["entry removed", "access kept"],
)
def test_nr_25_deleting_from_one_workgroup_leaves_the_rest_and_comes_back_by_a_restore(
    tracker: Site, rest: list[Object]
) -> None:
    before = tracker.kube.get("User", "maria")["status"]
    set_workgroups(tracker, "maria", *rest)
    tracker.settled("User", "maria")
    after = tracker.kube.get("User", "maria")["status"]
    assert (after["accountId"], after["license"]) == (before["accountId"], before["license"])
    assert groups(tracker, "maria", "engineering") == ["Users"]
    assert membership(tracker, "maria", "support") != "Member"

    again: list[Object] = [{"workgroupRef": "support"}, {"workgroupRef": "engineering", "groups": ["Users"]}]
    set_workgroups(tracker, "maria", *again)
    assert "set spec.onExisting: Restore" in tracker.becomes("maria", "MembershipDeleted")["message"]
    tracker.kube.patch("User", "maria", {"spec": {"onExisting": "Restore"}})
    tracker.becomes("maria", "Provisioned")
    assert membership(tracker, "maria", "support") == "Member"
    assert groups(tracker, "maria", "support") == ["Users"]


def test_nr_26_only_an_active_account_is_restored(tracker: Site) -> None:
    tracker.delete("tuser", "jonas")
    tracker.apply(person("jonas", "Static", "support", onExisting="Restore", active=False))
    assert "set active: true" in tracker.becomes("jonas", "RestoreNotAllowed")["message"]
    tracker.kube.patch("User", "jonas", {"spec": {"active": True}})
    tracker.becomes("jonas", "Provisioned")


def test_nr_26_a_membership_is_restored_only_while_the_account_still_has_access(tracker: Site) -> None:
    set_workgroups(tracker, "maria", {"workgroupRef": "engineering"})
    tracker.settled("User", "maria")
    tracker.kube.patch("User", "maria", {"spec": {"onExisting": "Restore"}})
    tracker.settled("User", "maria")
    assert membership(tracker, "maria", "support") is None


def test_nr_13_starting_over_as_the_readme_says_brings_everybody_back(tracker: Site) -> None:
    tracker.kubectl("delete", "tuser", "--all", "--timeout=60s")
    tracker.kubectl("delete", "-k", EXAMPLES / "netresults-tracker", "--ignore-not-found", "--timeout=60s")
    tracker.kubectl("apply", "-k", EXAMPLES / "netresults-tracker")
    assert tracker.becomes("maria", "LoginDeleted")
    back = '{"spec": {"onExisting": "Restore", "active": true}}'
    for name in tracker.kubectl("get", "tuser", "-o", "name").split():
        tracker.kubectl("patch", "--type", "merge", "--patch", back, name)
    tracker.kubectl("wait", "tenantry", "--all", "--for=condition=Ready", "--timeout=60s")
