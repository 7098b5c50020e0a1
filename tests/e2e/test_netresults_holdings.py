"""The rules of an issue tracker (NR): what a user still holds, directories, and who is listed."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import LICENSES, Site, person
from tests.support.eventually import eventually
from tests.support.kube import Object

#: NR-16: what a user can hold. NR-17: what of it may be dropped.
DROPPABLE = ("alert", "transition", "query", "chart")
KINDS = ("record", "stateManager", *DROPPABLE)
PASSWORD = {"secretKeyRef": {"name": "passwords", "key": "maria"}}


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


def holds(site: Site, login: str, kind: str, *names: str, covers: str = "", workgroup: str = "support") -> None:
    """Register things of the support application with an account, as the application would."""
    group = ("--covers", covers) if covers else ()
    site.tenantry("holdings", "add", "--workgroup", workgroup, "--kind", kind, "--user", login, *group, *names)


def gone(site: Site, name: str) -> bool:
    return name not in {item["metadata"]["name"] for item in site.kube.items("User")}


def test_nr_16_a_user_with_records_stays_until_each_is_settled(own_tracker: Site) -> None:
    holds(own_tracker, "jonas", "record", "R-1", "R-2")
    own_tracker.kubectl("delete", "tuser", "jonas", "--wait=false")
    told = own_tracker.becomes("jonas", "HoldingsLeft")["message"]
    assert "2" in told
    assert "tenantry holdings reassign" in told
    status = own_tracker.kube.get("User", "jonas")["status"]
    assert status["state"] == "Deleting"
    assert status["holdings"] == [{"workgroupRef": "support", "kind": "record", "count": 2}]
    own_tracker.pool_shows("tracker", "Static", used=5)
    own_tracker.tenantry("holdings", "reassign", "--from", "jonas", "--to", "maria")
    eventually(lambda: gone(own_tracker, "jonas"))
    own_tracker.pool_shows("tracker", "Static", used=4)
    assert {h["name"] for h in own_tracker.tenantry("holdings", "list", "--user", "maria")} == {"R-1", "R-2"}


def seat(site: Site, name: str, *workgroups: Object) -> str:
    """Make a Floating account in support, or in these workgroups."""
    site.apply(person(name, "Floating", "support", **({"workgroups": list(workgroups)} if workgroups else {})))
    site.becomes(name, "Provisioned")
    return name


@pytest.mark.parametrize(("receiver", "told"), [("walt", "External"), ("femi", "Restricted")])
def test_nr_17_at_a_deletion_nothing_goes_to_external_or_restricted_users(
    tracker: Site, receiver: str, told: str
) -> None:
    leaver = seat(tracker, f"leaver-to-{receiver}")
    holds(tracker, leaver, "record", f"R-{receiver}")
    choice = {"workgroupRef": "support", "kind": "record", "reassignTo": receiver}
    tracker.kube.patch("User", leaver, {"spec": {"offboarding": {"holdings": [choice]}}})
    tracker.settled("User", leaver)
    tracker.kubectl("delete", "tuser", leaver, "--wait=false")
    assert told in tracker.becomes(leaver, "AssigneeNotAllowed")["message"]
    choice["reassignTo"] = "yuki"
    tracker.kube.patch("User", leaver, {"spec": {"offboarding": {"holdings": [choice]}}})
    eventually(lambda: gone(tracker, leaver))
    assert f"R-{receiver}" in {h["name"] for h in tracker.tenantry("holdings", "list", "--user", "yuki")}


def test_nr_17_alerts_may_be_dropped_and_records_may_not(tracker: Site) -> None:
    keeper = seat(tracker, "keeper")
    for kind, reason in (("alert", "Provisioned"), ("record", "HoldingNotDroppable")):
        choice = {"workgroupRef": "support", "kind": kind, "drop": True}
        tracker.kube.patch("User", keeper, {"spec": {"offboarding": {"holdings": [choice]}}})
        tracker.becomes(keeper, reason)


@pytest.mark.parametrize("workgroup", ["support", "engineering", "partners"])
def test_nr_16_whatever_is_held_keeps_its_user_in_every_workgroup(tracker: Site, workgroup: str) -> None:
    name = f"busy-in-{workgroup}"
    contract = [{"name": "contract", "value": "NW-2"}] if workgroup == "partners" else []
    tracker.apply(person(name, "Floating", workgroup, attributes=contract, password=None if contract else PASSWORD))
    tracker.becomes(name, "Provisioned")
    for kind in KINDS:
        holds(tracker, name, kind, f"{workgroup}-{kind}", workgroup=workgroup)
    tracker.kubectl("delete", "tuser", name, "--wait=false")
    tracker.becomes(name, "HoldingsLeft")
    left = tracker.kube.get("User", name)["status"]["holdings"]
    assert sorted(left, key=str) == sorted(
        ({"workgroupRef": workgroup, "kind": kind, "count": 1} for kind in KINDS), key=str
    )
    heir = "maria" if workgroup != "partners" else "rosa"
    choices: list[Object] = [{"workgroupRef": workgroup, "kind": kind, "drop": True} for kind in DROPPABLE]
    choices += [{"workgroupRef": workgroup, "kind": "*", "reassignTo": heir}]
    tracker.kube.patch("User", name, {"spec": {"offboarding": {"holdings": choices}}})
    eventually(lambda: gone(tracker, name))
    kept = {h["name"] for h in tracker.tenantry("holdings", "list", "--user", heir, "--workgroup", workgroup)}
    assert {f"{workgroup}-{kind}" for kind in KINDS} & kept == {f"{workgroup}-record", f"{workgroup}-stateManager"}


def test_nr_17_the_choices_of_a_user_settle_what_it_holds(tracker: Site) -> None:
    tracker.becomes("tom", "Provisioned")
    holds(tracker, "tom", "record", "D-1", workgroup="engineering")
    holds(tracker, "tom", "alert", "A-1", workgroup="engineering")
    tracker.delete("tuser", "tom")
    held = {h["name"]: h["login"] for h in tracker.tenantry("holdings", "list", "--workgroup", "engineering")}
    assert (held["D-1"], "A-1" in held) == ("maria", False)


def test_nr_22_a_query_that_covers_a_group_alone_holds_its_user_there(tracker: Site) -> None:
    analyst = seat(tracker, "analyst", {"workgroupRef": "support", "groups": ["Users", "Managers"]})
    holds(tracker, analyst, "query", "overdue", covers="Managers")
    entries = [{"workgroupRef": "support", "groups": ["Users"]}, {"workgroupRef": "engineering", "groups": ["Users"]}]
    tracker.kube.patch("User", analyst, {"spec": {"workgroups": entries}})
    tracker.becomes(analyst, "HoldingsLeft")
    assert tracker.kube.get("User", analyst)["status"]["workgroups"][0]["groups"] == ["Users", "Managers"]
    tracker.tenantry("holdings", "delete", "--workgroup", "support", "--kind", "query", "overdue")
    tracker.becomes(analyst, "Provisioned")
    assert tracker.kube.get("User", analyst)["status"]["workgroups"][0]["groups"] == ["Users"]


def test_nr_12_a_directory_takes_no_password_and_the_other_workgroup_needs_one(tracker: Site) -> None:
    assert tracker.ready("rosa")["status"] == "True"
    both = [{"workgroupRef": "partners"}, {"workgroupRef": "support"}]
    contract = [{"name": "contract", "value": "NW-2025-3"}]
    tracker.apply(person("both", "Floating", "support", workgroups=both, attributes=contract, password=None))
    assert "spec.password" in tracker.becomes("both", "ProfileIncomplete")["message"]
    tracker.apply(person("both", "Floating", "support", workgroups=both, attributes=contract))
    tracker.becomes("both", "Provisioned")


@pytest.mark.parametrize(
    ("attributes", "reason", "told"),
    [
        ({}, "ProfileIncomplete", 'attribute "contract" is required'),
        ({"contract": "NW-2024-117-B"}, "AttributeInvalid", "13 characters; 12 are accepted"),
        ({"contract": "NW-1", "contractEnds": "30.6.2027"}, "AttributeInvalid", "is not a date such as"),
        ({"contract": "NW-1", "discount": "15 %"}, "AttributeInvalid", "is not a whole number"),
        ({"contract": "NW-1", "reseller": "yes"}, "AttributeInvalid", "is not true or false"),
    ],
)
def test_attributes_have_the_form_that_the_workgroup_gives_them(
    tracker: Site, attributes: dict[str, str], reason: str, told: str
) -> None:
    values = [{"name": name, "value": value} for name, value in attributes.items()]
    tracker.apply(person("form", "Floating", "partners", attributes=values, password=None))
    assert told in tracker.becomes("form", reason)["message"]


def test_nr_08_the_list_tells_company_login_license_and_who_cannot_log_in(tracker: Site) -> None:
    listed = {account["login"]: account for account in tracker.tenantry("users", "list")}
    assert (listed["walt"]["company"], listed["walt"]["license"]) == ("Fjord Shipping", "Static")
    assert listed["zoe"]["mayLogIn"] is False
    assert listed["nadia"]["license"] is None
    assert sum(account["system"] for account in listed.values()) >= 3


def test_nr_23_deleted_users_are_listed(tracker: Site) -> None:
    tracker.delete("tuser", "liam")
    assert "liam" not in {a["login"] for a in tracker.tenantry("users", "list")}
    assert {a["login"]: a["deleted"] for a in tracker.tenantry("users", "list", "--deleted")}["liam"] is True
