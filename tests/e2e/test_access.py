"""What rights come to, by the policies of the examples: asked of the runtime API beside the operator (decision 9)."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import Site


@pytest.fixture
def loggers(shared: Callable[[str], Site]) -> Site:
    return shared("thermotrack")


@pytest.fixture
def tracker(shared: Callable[[str], Site]) -> Site:
    return shared("netresults-tracker")


@pytest.fixture
def instance(shared: Callable[[str], Site]) -> Site:
    return shared("thinger")


@pytest.fixture
def office(shared: Callable[[str], Site]) -> Site:
    return shared("industrack")


@pytest.fixture
def plant(shared: Callable[[str], Site]) -> Site:
    """The plant, of whose people some have accepted their invitation."""
    plant = shared("machinemetrics")
    for name in ("erin.walsh", "hana.sato", "yusuf.aydin", "diego.ramos", "floor.display"):
        plant.accept(at_plant(name))
    return plant


def test_tt_11_a_new_user_has_no_rights_and_an_administrator_has_all(loggers: Site) -> None:
    for question in ("mission button/b-1", "create mission/m-1", "read reading/b-1", "delete mission/m-1"):
        assert loggers.reason("tomas.novak", question) == "LevelTooLow"
        assert loggers.allows("claire.moreau", question)


def test_tt_12_each_right_is_on_or_off(loggers: Site) -> None:
    assert loggers.allows("lea.martin", "mission button/b-1")
    assert loggers.allows("lea.martin", "read reading/b-1")
    assert not loggers.allows("lea.martin", "delete mission/m-1")
    assert loggers.allows("greta.lind", "delete mission/m-1")


def test_tt_13_without_the_right_only_missions_by_or_for_oneself_are_seen(loggers: Site) -> None:
    assert loggers.allows("lea.martin", "read mission/m-1", owner="lea.martin")
    assert loggers.reason("lea.martin", "read mission/m-1", owner="omar.diallo") == "NotTheOwner"
    assert loggers.reason("lea.martin", "read mission/m-1") == "NotTheOwner"
    assert loggers.allows("lea.martin", "read mission/m-1", owner="omar.diallo,lea.martin")  # by omar, for lea
    assert loggers.allows("omar.diallo", "read mission/m-1", owner="lea.martin")


def test_tt_14_who_has_the_right_creates_users_and_others_do_not(loggers: Site) -> None:
    assert loggers.allows("nina.jensen", "create account/new")
    assert not loggers.allows("lea.martin", "create account/new")


def test_tt_01_only_administrators_modify_or_delete_users(loggers: Site) -> None:
    for question in ("update account/x", "delete account/x"):
        assert loggers.allows("claire.moreau", question)
        assert not loggers.allows("nina.jensen", question)


def test_nr_01_without_membership_there_is_nothing(tracker: Site) -> None:
    assert tracker.allows("maria", "read record/R-1", workgroup="support")
    assert tracker.reason("tom", "read record/R-1", workgroup="support") == "NotAMember"
    assert tracker.reason("priya", "read record/R-1", workgroup="support") == "NotAMember"


def test_nr_05_no_group_lifts_the_ceiling_of_a_restricted_license(tracker: Site) -> None:
    assert tracker.allows("femi", "create record/new", workgroup="support")
    entry = {"workgroupRef": "support", "groups": ["Users", "Managers", "Administrators"]}
    tracker.kube.patch("User", "femi", {"spec": {"workgroups": [entry]}})
    tracker.settled("User", "femi")
    assert tracker.reason("femi", "update record/R-1", workgroup="support") == "AboveCeiling"
    assert tracker.allows("femi", "read record/R-1", workgroup="support")


def test_nr_05_the_ceiling_is_that_of_the_license_in_every_workgroup(tracker: Site) -> None:
    entries = [{"workgroupRef": name, "groups": ["Administrators"]} for name in ("engineering", "partners")]
    contract = {"name": "contract", "value": "NW-1"}
    tracker.kube.patch("User", "carmen", {"spec": {"workgroups": entries, "attributes": [contract]}})
    tracker.becomes("carmen", "Provisioned")
    for workgroup, thing in (("engineering", "defect/D-1"), ("partners", "request/Q-1")):
        assert tracker.allows("carmen", f"read {thing}", workgroup=workgroup)
        for act in ("create", "update"):
            assert tracker.reason("carmen", f"{act} {thing}", workgroup=workgroup) == "AboveCeiling"
            assert tracker.allows("Admin", f"{act} {thing}", workgroup=workgroup)


def test_nr_21_joining_or_leaving_a_group_changes_the_very_next_decision(tracker: Site) -> None:
    assert tracker.reason("yuki", "update report/q3", workgroup="support") == "LevelTooLow"
    for groups, expected in ((["Users", "Managers"], True), (["Users"], False)):
        entries = [{"workgroupRef": "support", "groups": groups}]
        tracker.kube.patch("User", "yuki", {"spec": {"workgroups": entries}})
        tracker.settled("User", "yuki")
        assert tracker.allows("yuki", "update report/q3", workgroup="support") is expected


def test_th_01_nobody_reaches_what_is_anothers_administrators_included(instance: Site) -> None:
    assert instance.allows("bruno", "write device/lab-1", owner="bruno")
    for name in ("mei", "helen"):
        assert instance.reason(name, "write device/lab-1", owner="bruno") == "NotTheOwner"


def test_th_09_developers_develop_and_administer_no_accounts(instance: Site) -> None:
    for question in ("create device/new", "use plugin/own", "create bucket/new"):
        assert instance.allows("mei", question, owner="mei")
    assert not instance.allows("mei", "update account/bruno")


def test_th_10_guests_create_nothing_and_use_no_plugins_whatever_a_project_allows(instance: Site) -> None:
    rules = [{"type": "plugin", "names": ["weather"], "operations": ["use"]}]
    instance.kube.patch("ProjectMember", "greenhouse-luis", {"spec": {"allow": rules}})
    instance.becomes("greenhouse-luis", "Provisioned", "ProjectMember")
    assert instance.reason("grower-luis", "use plugin/weather") == "AboveCeiling"
    assert not instance.allows("grower-luis", "create device/new", owner="grower-luis")


def test_th_12_deny_wins_and_what_is_not_allowed_is_denied(instance: Site) -> None:
    assert instance.reason("grower-anna", "call device/north-bay") == "GrantedByProject"
    assert instance.reason("grower-anna", "call device/irrigation") == "DeniedByProject"
    assert not instance.allows("grower-anna", "write device/north-bay")
    assert not instance.allows("grower-anna", "read device/truck-1")
    assert instance.allows("dispatcher", "read device/truck-1")


def test_th_16_switched_off_there_is_nothing_and_on_again_everything(instance: Site) -> None:
    for active, expected in ((False, "AccountNotActive"), (True, "GrantedByLevel")):
        instance.kube.patch("User", "mei", {"spec": {"active": active}})
        instance.settled("User", "mei")
        assert instance.reason("mei", "read device/lab-2", owner="mei") == expected


def test_th_19_developers_and_guests_create_no_account(instance: Site) -> None:
    for name in ("mei", "grower-anna"):
        assert not instance.allows(name, "create account/new")


@pytest.mark.parametrize(
    "question",
    [
        *(f"{act} branding/logo" for act in ("read", "update", "delete")),
        *(f"{act} account/mei" for act in ("create", "read", "update", "lock", "unlock", "delete")),
        *(f"{act} cluster/main" for act in ("read", "update", "restart")),
        "read subscription/plan",
    ],
)
def test_th_20_administrators_run_the_instance_itself(instance: Site, question: str) -> None:
    assert instance.allows("helen", question)
    assert not instance.allows("mei", question)
    assert not instance.allows("helen", "update subscription/plan")


def test_th_21_members_are_added_in_ones_own_projects_only(instance: Site) -> None:
    assert instance.allows("mei", "update project/mine", owner="mei")
    assert not instance.allows("mei", "update project/theirs", owner="bruno")


def mail(name: str) -> str:
    return f"{name}@lakeside.example"


def test_it_01_a_super_admin_alone_creates_office_users_and_profiles_are_grants_of_their_own(office: Site) -> None:
    for question in ("create account/new", "delete account/victor"):
        assert office.allows(mail("rita"), question)
        assert not office.allows(mail("laura"), question)
    assert office.allows(mail("laura"), "update account/victor")
    assert not office.allows(mail("jorge"), "read account/victor")


def test_it_03_view_only_changes_nothing_and_edit_also_edits(office: Site) -> None:
    for resource in ("timesheet/t", "invoice/i", "form/f"):
        assert office.allows(mail("victor"), f"read {resource}")
        assert not office.allows(mail("victor"), f"update {resource}")
        assert office.allows(mail("helen"), f"update {resource}")


def test_it_07_calendars_and_vehicles_are_those_that_were_given(office: Site) -> None:
    assert office.allows(mail("victor"), "read job/1207", scope="calendars=Duluth")
    assert office.reason(mail("victor"), "read job/1207", scope="calendars=Superior") == "OutOfScope"
    assert office.allows(mail("helen"), "read map/now", scope="vehicles=truck-1")
    assert not office.allows(mail("helen"), "read map/now", scope="vehicles=plow-1")
    assert office.allows(mail("rita"), "read map/now", scope="vehicles=plow-1")


#: IT-10: what is read in a module. IT-22: what Edit is there for.
WORK = {
    "timesheet": ("read timesheet/t", ["update timesheet/t"]),
    "messaging": ("read message/m", ["create message/m", "send message/m"]),
    "estimation": ("read estimate/e", ["create estimate/e", "update estimate/e", "delete estimate/e"]),
    "invoices": ("read invoice/i", ["create invoice/i", "update invoice/i", "delete invoice/i"]),
    "inventory": ("read inventory/i", [f"create {x}/n" for x in ("inventory", "service", "assembly", "equipment")]),
    "forms": ("read form/f", ["create form/f", "update form/f", "delete form/f"]),
    "customer": (
        "read customer/c",
        ["create customer/c", *(f"{x} customer-group/g" for x in ("create", "update", "delete"))],
    ),
    "payment": ("read payment/p", ["create payment/p"]),
    "dashboard": ("read dashboard/d", ["update dashboard/d"]),
    "integration": (
        "read integration/i",
        [f"update {x}/account" for x in ("quickbooks", "stripe", "ringcentral", "email")],
    ),
    "membership": ("read agreement/a", ["create agreement/a", "update agreement/a", "delete agreement/a"]),
    "snowRemoval": ("read snow-route/r", ["update snow-route/r"]),
    "scheduling": ("read job/j", ["create job/j", "update job/j"]),
}


@pytest.mark.parametrize("module", WORK)
def test_it_10_levels_are_no_access_view_and_edit(office: Site, module: str) -> None:
    read, work = WORK[module]
    outsider = mail("ingrid" if module in {"forms", "dashboard"} else "kim")
    for question in (read, *work):
        assert office.reason(outsider, question) == "LevelTooLow"
    assert office.allows(mail("victor"), read)
    assert office.reason(mail("victor"), work[0]) == "LevelTooLow"
    assert office.allows(mail("helen"), read)
    assert office.allows(mail("helen"), work[0])


def test_it_10_levels_are_given_module_by_module(office: Site) -> None:
    assert office.allows(mail("carl"), "read customer/c")
    assert not office.allows(mail("carl"), "create customer/c")
    assert office.allows(mail("ingrid"), "create customer/c")
    assert office.allows(mail("carl"), "update timesheet/t")


def test_it_11_switches_refuse_while_they_are_off(office: Site) -> None:
    assert office.allows(mail("ingrid"), "start quickbooks/sync")
    for question in ("track vehicle/van-1", "start import/x"):
        assert not office.allows(mail("ingrid"), question)
        assert office.allows(mail("sam"), question)


def test_it_13_user_settings_need_super_admin(office: Site) -> None:
    assert office.allows(mail("laura"), "update settings/company")
    assert not office.allows(mail("laura"), "update user-settings/victor")
    assert office.allows(mail("rita"), "update user-settings/victor")


def test_it_14_settings_of_a_module_need_both(office: Site) -> None:
    assert office.allows(mail("jorge"), "update inventory-settings/bins")
    assert not office.allows(mail("laura"), "update inventory-settings/bins")
    assert not office.allows(mail("carl"), "update inventory-settings/bins")
    assert not office.allows(mail("jorge"), "update form-settings/f")
    assert not office.allows(mail("ingrid"), "read settings/company")


def test_it_15_enable_all_is_everything(office: Site) -> None:
    for question in ("update user-settings/x", "read map/now", "start import/x", "update timesheet/t", "create job/j"):
        assert office.allows(mail("sam"), question)


@pytest.mark.parametrize(
    "question",
    [
        *(f"{act} report/r" for act in ("read", "create")),
        *(f"{act} warehouse/w" for act in ("read", "update")),
        *(f"{act} code/c" for act in ("read", "create")),
        *(f"{act} customer-notification/n" for act in ("read", "send")),
    ],
)
def test_it_21_a_module_that_is_not_defined_means_no_access(office: Site, question: str) -> None:
    assert office.reason(mail("kim"), question) == "LevelTooLow"
    assert office.allows(mail("sam"), question)


@pytest.mark.parametrize("question", [question for _, work in WORK.values() for question in work])
def test_it_22_edit_of_each_module_does_its_work_and_view_does_not(office: Site, question: str) -> None:
    assert office.allows(mail("helen"), question)
    assert not office.allows(mail("victor"), question)


def at_plant(name: str) -> str:
    return f"{name}@precision.example"


def test_mm_01_until_the_invitation_is_accepted_there_is_no_way_in(plant: Site) -> None:
    assert plant.reason(at_plant("marco.conti"), "read report/r") == "AccountNotActive"
    assert plant.accept(at_plant("marco.conti")) is None
    assert plant.allows(at_plant("marco.conti"), "read report/r")


@pytest.mark.parametrize("name", ["erin.walsh", "hana.sato"])
def test_mm_06_executives_and_managers_edit_all_reports_and_settings_and_invite(plant: Site, name: str) -> None:
    for question in ("update report/r", "update account-settings/s", "invite account/new", "upload job/week"):
        assert plant.allows(at_plant(name), question)
    for question in ("read report/r", "update report/r", "read account-settings/s"):
        assert plant.allows(at_plant(name), question, owner=at_plant("yusuf.aydin"))


def test_mm_07_they_delete_only_their_own_reports_and_it_admins_any(plant: Site) -> None:
    assert plant.allows(at_plant("erin.walsh"), "delete report/r", owner=at_plant("erin.walsh"))
    assert not plant.allows(at_plant("erin.walsh"), "delete report/r", owner=at_plant("hana.sato"))
    for question in (
        *("update sso-settings/s", "update erp/e"),
        *("update dashboard/d", "delete dashboard/d", "delete report/r"),
    ):
        assert plant.allows(at_plant("yusuf.aydin"), question, owner=at_plant("hana.sato"))
        assert not plant.allows(at_plant("hana.sato"), question, owner=at_plant("erin.walsh"))


def test_mm_08_supervisors_add_single_jobs_and_have_few_settings(plant: Site) -> None:
    who = at_plant("diego.ramos")
    for question in ("create job/j", "update report/r", "create dashboard/d"):
        assert plant.allows(who, question)
    for question in ("upload job/week", "update account-settings/s"):
        assert not plant.allows(who, question)


def test_mm_09_a_display_only_reads(plant: Site) -> None:
    who = at_plant("floor.display")
    assert plant.allows(who, "read dashboard/line-1")
    assert not plant.allows(who, "update dashboard/line-1", owner=who)
    assert not plant.allows(who, "read account/x")


@pytest.mark.parametrize("act", ["invite", "resend", "cancel", "delete", "update", "lock", "reset", "revoke"])
def test_mm_10_executives_managers_and_it_admins_run_accounts_and_nobody_else(plant: Site, act: str) -> None:
    for name in ("erin.walsh", "hana.sato", "yusuf.aydin"):
        assert plant.allows(at_plant(name), f"{act} account/x")
    for name in ("diego.ramos", "floor.display"):
        assert not plant.allows(at_plant(name), f"{act} account/x")


def test_mm_18_supervisors_see_users(plant: Site) -> None:
    assert plant.allows(at_plant("diego.ramos"), "read account/x")


@pytest.mark.parametrize(
    ("name", "role", "given"),
    [
        ("erin.walsh", "Executive", "yes yes yes no yes"),
        ("hana.sato", "Manager", "yes yes yes no yes"),
        ("yusuf.aydin", "IT Admin", "yes yes yes yes yes"),
        ("diego.ramos", "Supervisor", "yes yes no no yes"),
        ("floor.display", "Kiosk", "yes no no no no"),
    ],
)
def test_mm_05_each_of_the_five_roles_gives_its_own(plant: Site, name: str, role: str, given: str) -> None:
    asked = ("read report/r", "create report/r", "upload job/w", "update sso-settings/s", "read account/x")
    (entry,) = plant.kube.get("User", name)["status"]["workgroups"]
    assert entry["role"] == role
    assert ["yes" if plant.allows(at_plant(name), question) else "no" for question in asked] == given.split()
