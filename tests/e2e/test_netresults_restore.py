"""The rules of an issue tracker (NR): deletion from the tenant or a workgroup, and restore."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import EXAMPLES, LICENSES, Site, person
from tests.support.kube import Object


@pytest.fixture
def tracker(shared: Callable[[str], Site]) -> Site:
    """The example, to which tests add accounts of their own; it has Floating seats for all of them."""
    tracker = shared("netresults-tracker")
    tracker.kube.patch("LicensePool", "tracker", {"spec": {"licenses": LICENSES}})
    return tracker


@pytest.fixture
def own_tracker(example: Callable[[str], Site]) -> Site:
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


def seat(site: Site, name: str, *workgroups: Object, license_type: str = "Floating", **spec: object) -> str:
    """Make an account in support, or in these workgroups."""
    entries = list(workgroups) or [{"workgroupRef": "support"}]
    site.apply(person(name, license_type, "support", workgroups=entries, **spec))
    site.becomes(name, "Provisioned")
    return name


def test_nr_13_a_deleted_user_id_is_not_silently_made_anew(tracker: Site) -> None:
    returner = seat(tracker, "returner")
    tracker.delete("tuser", returner)
    tracker.apply(person(returner, "Floating", "support"))
    told = tracker.becomes(returner, "LoginDeleted")["message"]
    assert "set spec.onExisting: Restore" in told
    assert "choose another userName" in told
    assert tracker.kube.get("User", returner)["status"]["state"] == "Refused"


def test_nr_14_a_restore_brings_the_preferences_back_and_the_default_group_only(own_tracker: Site) -> None:
    tracker = own_tracker
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
    seat(tracker, "narrow", license_type="Restricted")
    tracker.delete("tuser", "narrow")
    tracker.apply(person("narrow", "Restricted", "support", onExisting="Restore"))
    tracker.becomes("narrow", "Provisioned")
    assert groups(tracker, "narrow", "support") == ["RestrictedUsers"]


def test_nr_15_a_restore_needs_a_free_seat(own_tracker: Site) -> None:
    own_tracker.delete("tuser", "jonas")
    own_tracker.apply(person("heir", "Static", "support"))
    own_tracker.becomes("heir", "Provisioned")
    own_tracker.apply(person("jonas", "Static", "support", onExisting="Restore"))
    own_tracker.becomes("jonas", "SeatLimitReached")
    own_tracker.delete("tuser", "heir")
    own_tracker.becomes("jonas", "Provisioned")


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


BOTH: list[Object] = [
    {"workgroupRef": "support", "groups": ["Users", "Managers"]},
    {"workgroupRef": "engineering", "groups": ["Users"]},
]


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
    name = seat(tracker, f"mover-{len(rest)}", *BOTH)
    before = tracker.kube.get("User", name)["status"]
    set_workgroups(tracker, name, *rest)
    tracker.settled("User", name)
    after = tracker.kube.get("User", name)["status"]
    assert (after["accountId"], after["license"]) == (before["accountId"], before["license"])
    assert groups(tracker, name, "engineering") == ["Users"]
    assert membership(tracker, name, "support") != "Member"

    set_workgroups(tracker, name, {"workgroupRef": "support"}, BOTH[1])
    assert "set spec.onExisting: Restore" in tracker.becomes(name, "MembershipDeleted")["message"]
    tracker.kube.patch("User", name, {"spec": {"onExisting": "Restore"}})
    tracker.becomes(name, "Provisioned")
    assert membership(tracker, name, "support") == "Member"
    assert groups(tracker, name, "support") == ["Users"]


def test_nr_26_only_an_active_account_is_restored(tracker: Site) -> None:
    idle = seat(tracker, "idle")
    tracker.delete("tuser", idle)
    tracker.apply(person(idle, "Floating", "support", onExisting="Restore", active=False))
    assert "set active: true" in tracker.becomes(idle, "RestoreNotAllowed")["message"]
    tracker.kube.patch("User", idle, {"spec": {"active": True}})
    tracker.becomes(idle, "Provisioned")


def test_nr_26_a_membership_is_restored_only_while_the_account_is_active_and_has_access(tracker: Site) -> None:
    name, engineering = seat(tracker, "rejoiner", *BOTH), BOTH[1]
    assert tracker.allows(name, "read record/R-1", workgroup="support")
    for access in ([], [{"workgroupRef": "support", "membership": "Available"}]):
        set_workgroups(tracker, name, engineering, *access, onExisting="Restore")
        tracker.becomes(name, "Provisioned")
        assert groups(tracker, name, "support") == []
        assert tracker.reason(name, "read record/R-1", workgroup="support") == "NotAMember"
    back = {"workgroupRef": "support"}
    set_workgroups(tracker, name, engineering, back, active=False)
    tracker.becomes(name, "RestoreNotAllowed")
    assert membership(tracker, name, "support") == "Available"
    set_workgroups(tracker, name, engineering, back, active=True)
    tracker.becomes(name, "Provisioned")
    assert groups(tracker, name, "support") == ["Users"]
    assert tracker.allows(name, "read record/R-1", workgroup="support")


def test_nr_13_starting_over_as_the_readme_says_brings_everybody_back(own_tracker: Site) -> None:
    own_tracker.kubectl("delete", "tuser", "--all", "--timeout=60s")
    own_tracker.kubectl("delete", "-k", EXAMPLES / "netresults-tracker", "--ignore-not-found", "--timeout=60s")
    own_tracker.kubectl("apply", "-k", EXAMPLES / "netresults-tracker")
    assert own_tracker.becomes("maria", "LoginDeleted")
    back = '{"spec": {"onExisting": "Restore", "active": true}}'
    for name in own_tracker.kubectl("get", "tuser", "-o", "name").split():
        own_tracker.kubectl("patch", "--type", "merge", "--patch", back, name)
    own_tracker.kubectl("wait", "tenantry", "--all", "--for=condition=Ready", "--timeout=60s")
