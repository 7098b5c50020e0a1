"""What rights come to, by the policies of the examples: asked of the store that the operator filled (decision 9)."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from controlplane import Cluster
from tenantry.domain.access import Decision, Resource
from tenantry.services.access import Request, explain
from tenantry.services.onboarding import accept_invitation
from tenantry.store import Store
from tests.e2e.conftest import Site
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess


@dataclass(frozen=True)
class Court:
    """A tenant with one of the examples, and its store."""

    site: Site
    store: Store

    def decide(
        self, user: str, question: str, owner: str = "", scope: str = "", workgroup: str | None = None
    ) -> Decision:
        """Decide a question such as "read mission/m-1"."""
        action, type_, name = re.split("[ /]", question, maxsplit=2)
        scopes = dict([scope.split("=")]) if scope else {}
        resource = Resource(type_, name, frozenset({owner} if owner else ()), scopes)
        request = Request(user, action, resource, self.site.namespace, workgroup)
        return explain(self.store, request, datetime.now(UTC)).decision

    def allows(self, user: str, question: str, owner: str = "", scope: str = "", workgroup: str | None = None) -> bool:
        return self.decide(user, question, owner, scope, workgroup).allowed

    def reason(self, user: str, question: str, owner: str = "", scope: str = "", workgroup: str | None = None) -> str:
        return str(self.decide(user, question, owner, scope, workgroup).reason)


class Courts:
    """One tenant for each example, filled when it is first asked for."""

    def __init__(self, cluster: Cluster, store_url: str) -> None:
        self._cluster, self._store_url = cluster, store_url
        self._store = Store.open(store_url)
        self._known: dict[str, Court] = {}

    def of(self, example: str) -> Court:
        if example not in self._known:
            namespace = f"access-{uuid.uuid4().hex[:8]}"
            self._cluster.kubectl("create", "namespace", namespace)
            site = Site(self._cluster, Kube.of(self._cluster, namespace), namespace, self._store_url)
            site.apply_example(example)
            self._known[example] = Court(site, self._store)
        return self._known[example]

    def close(self) -> None:
        for court in self._known.values():
            self._cluster.kubectl("delete", "namespace", court.site.namespace, "--wait=false")
        self._store.close()


@pytest.fixture(scope="module")
def courts(cluster: Cluster, everywhere: OperatorProcess, module_store: str) -> Iterator[Courts]:
    assert everywhere.running
    opened = Courts(cluster, module_store)
    yield opened
    opened.close()


@pytest.fixture
def loggers(courts: Courts) -> Court:
    return courts.of("thermotrack")


@pytest.fixture
def tracker(courts: Courts) -> Court:
    return courts.of("netresults-tracker")


@pytest.fixture
def instance(courts: Courts) -> Court:
    return courts.of("thinger")


@pytest.fixture
def office(courts: Courts) -> Court:
    return courts.of("industrack")


@pytest.fixture
def plant(courts: Courts) -> Court:
    """The plant, of whose people some have accepted their invitation."""
    court = courts.of("machinemetrics")
    for name in ("erin.walsh", "hana.sato", "yusuf.aydin", "diego.ramos", "floor.display"):
        accept_invitation(court.store, court.site.namespace, f"{name}@precision.example", datetime.now(UTC))
    return court


def test_tt_11_a_new_user_has_no_rights_and_an_administrator_has_all(loggers: Court) -> None:
    for question in ("mission button/b-1", "create mission/m-1", "read reading/b-1", "delete mission/m-1"):
        assert loggers.reason("tomas.novak", question) == "LevelTooLow"
        assert loggers.allows("claire.moreau", question)


def test_tt_12_each_right_is_on_or_off(loggers: Court) -> None:
    assert loggers.allows("lea.martin", "mission button/b-1")
    assert loggers.allows("lea.martin", "read reading/b-1")
    assert not loggers.allows("lea.martin", "delete mission/m-1")
    assert loggers.allows("greta.lind", "delete mission/m-1")


def test_tt_13_without_the_right_only_missions_by_or_for_oneself_are_seen(loggers: Court) -> None:
    assert loggers.allows("lea.martin", "read mission/m-1", owner="lea.martin")
    assert loggers.reason("lea.martin", "read mission/m-1", owner="omar.diallo") == "NotTheOwner"
    assert loggers.reason("lea.martin", "read mission/m-1") == "NotTheOwner"
    assert loggers.allows("omar.diallo", "read mission/m-1", owner="lea.martin")


def test_tt_14_who_has_the_right_creates_users_and_others_do_not(loggers: Court) -> None:
    assert loggers.allows("nina.jensen", "create account/new")
    assert not loggers.allows("lea.martin", "create account/new")


def test_tt_01_only_administrators_modify_or_delete_users(loggers: Court) -> None:
    for question in ("update account/x", "delete account/x"):
        assert loggers.allows("claire.moreau", question)
        assert not loggers.allows("nina.jensen", question)


def test_nr_01_without_membership_there_is_nothing(tracker: Court) -> None:
    assert tracker.allows("maria", "read record/R-1", workgroup="support")
    assert tracker.reason("tom", "read record/R-1", workgroup="support") == "NotAMember"
    assert tracker.reason("priya", "read record/R-1", workgroup="support") == "NotAMember"


def test_nr_05_no_group_lifts_the_ceiling_of_a_restricted_license(tracker: Court) -> None:
    assert tracker.allows("femi", "create record/new", workgroup="support")
    entry = {"workgroupRef": "support", "groups": ["Users", "Managers", "Administrators"]}
    tracker.site.kube.patch("User", "femi", {"spec": {"workgroups": [entry]}})
    tracker.site.settled("User", "femi")
    assert tracker.reason("femi", "update record/R-1", workgroup="support") == "AboveCeiling"
    assert tracker.allows("femi", "read record/R-1", workgroup="support")


def test_nr_21_joining_or_leaving_a_group_changes_the_very_next_decision(tracker: Court) -> None:
    assert tracker.reason("yuki", "update report/q3", workgroup="support") == "LevelTooLow"
    for groups, expected in ((["Users", "Managers"], True), (["Users"], False)):
        entries = [{"workgroupRef": "support", "groups": groups}]
        tracker.site.kube.patch("User", "yuki", {"spec": {"workgroups": entries}})
        tracker.site.settled("User", "yuki")
        assert tracker.allows("yuki", "update report/q3", workgroup="support") is expected


def test_th_01_nobody_reaches_what_is_anothers_administrators_included(instance: Court) -> None:
    assert instance.allows("bruno", "write device/lab-1", owner="bruno")
    for name in ("mei", "helen"):
        assert instance.reason(name, "write device/lab-1", owner="bruno") == "NotTheOwner"


def test_th_09_developers_develop_and_administer_no_accounts(instance: Court) -> None:
    for question in ("create device/new", "use plugin/own", "create bucket/new"):
        assert instance.allows("mei", question, owner="mei")
    assert not instance.allows("mei", "update account/bruno")


def test_th_10_guests_create_nothing_and_use_no_plugins_whatever_a_project_allows(instance: Court) -> None:
    rules = [{"type": "plugin", "names": ["weather"], "operations": ["use"]}]
    instance.site.kube.patch("ProjectMember", "greenhouse-luis", {"spec": {"allow": rules}})
    instance.site.becomes("greenhouse-luis", "Provisioned", "ProjectMember")
    assert instance.reason("grower-luis", "use plugin/weather") == "AboveCeiling"
    assert not instance.allows("grower-luis", "create device/new", owner="grower-luis")


def test_th_12_deny_wins_and_what_is_not_allowed_is_denied(instance: Court) -> None:
    assert instance.reason("grower-anna", "call device/north-bay") == "GrantedByProject"
    assert instance.reason("grower-anna", "call device/irrigation") == "DeniedByProject"
    assert not instance.allows("grower-anna", "write device/north-bay")
    assert not instance.allows("grower-anna", "read device/truck-1")
    assert instance.allows("dispatcher", "read device/truck-1")


def test_th_16_switched_off_there_is_nothing_and_on_again_everything(instance: Court) -> None:
    for active, expected in ((False, "AccountNotActive"), (True, "GrantedByLevel")):
        instance.site.kube.patch("User", "mei", {"spec": {"active": active}})
        instance.site.settled("User", "mei")
        assert instance.reason("mei", "read device/lab-2", owner="mei") == expected


def test_th_19_developers_and_guests_create_no_account(instance: Court) -> None:
    for name in ("mei", "grower-anna"):
        assert not instance.allows(name, "create account/new")


def test_th_20_administrators_run_the_instance_itself(instance: Court) -> None:
    for question in ("update branding/logo", "create account/new", "delete account/mei"):
        assert instance.allows("helen", question)


def test_th_21_members_are_added_in_ones_own_projects_only(instance: Court) -> None:
    assert instance.allows("mei", "update project/mine", owner="mei")
    assert not instance.allows("mei", "update project/theirs", owner="bruno")


def mail(name: str) -> str:
    return f"{name}@lakeside.example"


def test_it_01_a_super_admin_alone_creates_office_users_and_profiles_are_grants_of_their_own(office: Court) -> None:
    assert office.allows(mail("rita"), "create account/new")
    assert not office.allows(mail("laura"), "create account/new")
    assert office.allows(mail("laura"), "update account/victor")
    assert not office.allows(mail("jorge"), "read account/victor")


def test_it_03_view_only_changes_nothing_and_edit_also_edits(office: Court) -> None:
    for resource in ("timesheet/t", "invoice/i", "form/f"):
        assert office.allows(mail("victor"), f"read {resource}")
        assert not office.allows(mail("victor"), f"update {resource}")
        assert office.allows(mail("helen"), f"update {resource}")


def test_it_07_calendars_and_vehicles_are_those_that_were_given(office: Court) -> None:
    assert office.allows(mail("victor"), "read job/1207", scope="calendars=Duluth")
    assert office.reason(mail("victor"), "read job/1207", scope="calendars=Superior") == "OutOfScope"
    assert office.allows(mail("helen"), "read map/now", scope="vehicles=truck-1")
    assert not office.allows(mail("helen"), "read map/now", scope="vehicles=plow-1")
    assert office.allows(mail("rita"), "read map/now", scope="vehicles=plow-1")


def test_it_10_levels_are_no_access_view_and_edit(office: Court) -> None:
    assert office.reason(mail("ingrid"), "read timesheet/t") == "LevelTooLow"
    assert office.allows(mail("carl"), "read customer/c")
    assert not office.allows(mail("carl"), "create customer/c")
    assert office.allows(mail("ingrid"), "create customer/c")


def test_it_11_switches_refuse_while_they_are_off(office: Court) -> None:
    assert office.allows(mail("ingrid"), "start quickbooks/sync")
    for question in ("track vehicle/van-1", "start import/x"):
        assert not office.allows(mail("ingrid"), question)
        assert office.allows(mail("sam"), question)


def test_it_13_user_settings_need_super_admin(office: Court) -> None:
    assert office.allows(mail("laura"), "update settings/company")
    assert not office.allows(mail("laura"), "update user-settings/victor")
    assert office.allows(mail("rita"), "update user-settings/victor")


def test_it_14_settings_of_a_module_need_both(office: Court) -> None:
    assert office.allows(mail("jorge"), "update inventory-settings/bins")
    assert not office.allows(mail("laura"), "update inventory-settings/bins")
    assert not office.allows(mail("carl"), "update inventory-settings/bins")
    assert not office.allows(mail("jorge"), "update form-settings/f")
    assert not office.allows(mail("ingrid"), "read settings/company")


def test_it_15_enable_all_is_everything(office: Court) -> None:
    for question in ("update user-settings/x", "read map/now", "start import/x", "update timesheet/t", "create job/j"):
        assert office.allows(mail("sam"), question)


def test_it_22_edit_of_each_module_does_its_work_and_view_does_not(office: Court) -> None:
    work = (
        "update timesheet/t",
        "send message/m",
        "create estimate/e",
        "update invoice/i",
        "create equipment/e",
        "delete form/f",
        "update customer-group/g",
        "update integration/quickbooks",
        "update agreement/a",
    )
    for question in work:
        assert office.allows(mail("helen"), question)
        assert not office.allows(mail("victor"), question)


def at_plant(name: str) -> str:
    return f"{name}@precision.example"


def test_mm_01_until_the_invitation_is_accepted_there_is_no_way_in(plant: Court) -> None:
    assert plant.reason(at_plant("marco.conti"), "read report/r") == "AccountNotActive"
    accept_invitation(plant.store, plant.site.namespace, at_plant("marco.conti"), datetime.now(UTC))
    assert plant.allows(at_plant("marco.conti"), "read report/r")


@pytest.mark.parametrize("name", ["erin.walsh", "hana.sato"])
def test_mm_06_executives_and_managers_edit_all_reports_and_settings_and_invite(plant: Court, name: str) -> None:
    for question in ("update report/r", "update account-settings/s", "invite account/new", "upload job/week"):
        assert plant.allows(at_plant(name), question)


def test_mm_07_they_delete_only_their_own_reports_and_it_admins_any(plant: Court) -> None:
    assert plant.allows(at_plant("erin.walsh"), "delete report/r", owner=at_plant("erin.walsh"))
    assert not plant.allows(at_plant("erin.walsh"), "delete report/r", owner=at_plant("hana.sato"))
    for question in ("delete report/r", "delete dashboard/d", "update sso-settings/s", "update erp/e"):
        assert plant.allows(at_plant("yusuf.aydin"), question, owner=at_plant("hana.sato"))
        assert not plant.allows(at_plant("hana.sato"), question, owner=at_plant("erin.walsh"))


def test_mm_08_supervisors_add_single_jobs_and_have_few_settings(plant: Court) -> None:
    who = at_plant("diego.ramos")
    for question in ("create job/j", "update report/r", "create dashboard/d"):
        assert plant.allows(who, question)
    for question in ("upload job/week", "update account-settings/s"):
        assert not plant.allows(who, question)


def test_mm_09_a_display_only_reads(plant: Court) -> None:
    who = at_plant("floor.display")
    assert plant.allows(who, "read dashboard/line-1")
    assert not plant.allows(who, "update dashboard/line-1", owner=who)
    assert not plant.allows(who, "read account/x")


@pytest.mark.parametrize("act", ["invite", "delete", "lock", "reset", "revoke", "update"])
def test_mm_10_managers_run_accounts_and_supervisors_do_not(plant: Court, act: str) -> None:
    assert plant.allows(at_plant("hana.sato"), f"{act} account/x")
    assert not plant.allows(at_plant("diego.ramos"), f"{act} account/x")


def test_mm_18_supervisors_see_users(plant: Court) -> None:
    assert plant.allows(at_plant("diego.ramos"), "read account/x")


def test_mm_05_there_are_five_roles(plant: Court) -> None:
    roles = [role["name"] for role in plant.site.kube.get("Workgroup", "plant")["spec"]["roles"]]
    assert roles == ["Executive", "Manager", "IT Admin", "Supervisor", "Kiosk"]
