"""The rules of an issue tracker (NR): what a user still holds, directories, and who is listed."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import Site, person
from tests.support.eventually import eventually


@pytest.fixture
def tracker(example: Callable[[str], Site]) -> Site:
    """The example as it is."""
    return example("netresults-tracker")


def holds(site: Site, login: str, kind: str, *names: str, covers: str = "") -> None:
    """Register things of the support application with an account, as the application would."""
    group = ("--covers", covers) if covers else ()
    site.tenantry("holdings", "add", "--workgroup", "support", "--kind", kind, "--user", login, *group, *names)


def gone(site: Site, name: str) -> bool:
    return name not in {item["metadata"]["name"] for item in site.kube.items("User")}


def test_nr_16_a_user_with_records_stays_until_each_is_settled(tracker: Site) -> None:
    holds(tracker, "jonas", "record", "R-1", "R-2")
    tracker.kubectl("delete", "tuser", "jonas", "--wait=false")
    told = tracker.becomes("jonas", "HoldingsLeft")["message"]
    assert "2" in told
    assert "tenantry holdings reassign" in told
    status = tracker.kube.get("User", "jonas")["status"]
    assert status["state"] == "Deleting"
    assert status["holdings"] == [{"workgroupRef": "support", "kind": "record", "count": 2}]
    tracker.pool_shows("tracker", "Static", used=5)
    tracker.tenantry("holdings", "reassign", "--from", "jonas", "--to", "maria")
    eventually(lambda: gone(tracker, "jonas"))
    tracker.pool_shows("tracker", "Static", used=4)
    assert {h["name"] for h in tracker.tenantry("holdings", "list", "--user", "maria")} == {"R-1", "R-2"}


@pytest.mark.parametrize("receiver", ["walt", "femi"])
def test_nr_17_at_a_deletion_nothing_goes_to_external_or_restricted_users(tracker: Site, receiver: str) -> None:
    holds(tracker, "jonas", "record", "R-1")
    choice = {"workgroupRef": "support", "kind": "record", "reassignTo": receiver}
    tracker.kube.patch("User", "jonas", {"spec": {"offboarding": {"holdings": [choice]}}})
    tracker.settled("User", "jonas")
    tracker.kubectl("delete", "tuser", "jonas", "--wait=false")
    tracker.becomes("jonas", "AssigneeNotAllowed")
    choice["reassignTo"] = "yuki"
    tracker.kube.patch("User", "jonas", {"spec": {"offboarding": {"holdings": [choice]}}})
    eventually(lambda: gone(tracker, "jonas"))


def test_nr_17_alerts_may_be_dropped_and_records_may_not(tracker: Site) -> None:
    for kind, reason in (("alert", "Provisioned"), ("record", "HoldingNotDroppable")):
        choice = {"workgroupRef": "support", "kind": kind, "drop": True}
        tracker.kube.patch("User", "jonas", {"spec": {"offboarding": {"holdings": [choice]}}})
        tracker.becomes("jonas", reason)


def test_nr_22_a_query_that_covers_a_group_alone_holds_its_user_there(tracker: Site) -> None:
    holds(tracker, "maria", "query", "overdue", covers="Managers")
    entries = [{"workgroupRef": "support", "groups": ["Users"]}, {"workgroupRef": "engineering", "groups": ["Users"]}]
    tracker.kube.patch("User", "maria", {"spec": {"workgroups": entries}})
    tracker.becomes("maria", "HoldingsLeft")
    assert tracker.kube.get("User", "maria")["status"]["workgroups"][0]["groups"] == ["Users", "Managers"]
    tracker.tenantry("holdings", "delete", "--workgroup", "support", "--kind", "query", "overdue")
    tracker.becomes("maria", "Provisioned")
    assert tracker.kube.get("User", "maria")["status"]["workgroups"][0]["groups"] == ["Users"]


def test_nr_12_a_directory_takes_no_password_and_the_other_workgroup_needs_one(tracker: Site) -> None:
    assert tracker.ready("rosa")["status"] == "True"
    both = [{"workgroupRef": "partners"}, {"workgroupRef": "support"}]
    tracker.apply(person("both", "Floating", "support", workgroups=both, password=None))
    assert "spec.password" in tracker.becomes("both", "ProfileIncomplete")["message"]
    tracker.apply(person("both", "Floating", "support", workgroups=both))
    tracker.becomes("both", "Provisioned")


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
