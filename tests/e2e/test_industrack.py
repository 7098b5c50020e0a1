"""The rules of a field service office (IT): modules and levels, calendars and vehicles, reserved logins."""

from collections.abc import Callable
from typing import Any

import pytest

from tenantry.resources.meta import API_VERSION
from tests.e2e.conftest import Site, user
from tests.support.eventually import eventually
from tests.support.kube import Object

CALENDAR = {"name": "calendars", "values": ["Duluth"]}
VEHICLE = {"name": "vehicles", "values": ["truck-1"]}


@pytest.fixture
def office(shared: Callable[[str], Site]) -> Site:
    """The example, to which tests add accounts of their own; its policy stays as it is."""
    return shared("industrack")


def worker(name: str, role: str, /, entry: dict[str, Any] | None = None, **spec: object) -> Object:
    """Return an office user with all that the policy requires; ``entry`` is more of its part in the workgroup."""
    login = f"{name}@lakeside.example"
    password = {"secretKeyRef": {"name": "office-passwords", "key": "first"}}
    body = user(name, "office", role, **{"userName": login, "password": password, **spec})
    body["spec"]["workgroups"][0] |= {"scopes": [CALENDAR]} if entry is None else entry
    body["spec"] = {field: value for field, value in body["spec"].items() if value is not None}
    return body


def test_it_02_the_login_is_an_email_address(office: Site) -> None:
    office.apply(worker("plain", "View Only", userName="plain"))
    assert "is not an email address" in office.becomes("plain", "LoginInvalid")["message"]


def test_it_02_a_password_is_required(office: Site) -> None:
    office.apply(worker("bare", "View Only", password=None))
    assert "spec.password" in office.becomes("bare", "ProfileIncomplete")["message"]


COMPANY = {
    "streetAddress": "400 Harbor Road",
    "locality": "Duluth",
    "region": "MN",
    "postalCode": "55802",
    "country": "USA",
}


def address(site: Site, login: str) -> Any:
    """Return the account's one address, as its profile came to be."""
    (found,) = (site.account(login).profile or {})["addresses"]
    return found


def test_it_04_the_companys_address_is_the_default_and_each_part_can_be_ones_own(
    example: Callable[[str], Site],
) -> None:
    office = example("industrack")
    accounts = {a["login"]: a for a in office.tenantry("users", "list")}
    assert accounts["victor@lakeside.example"]["company"] == "Lakeside Field Service"
    assert address(office, "victor@lakeside.example") == {"type": "work", **COMPANY}
    own = {"streetAddress": "12 Tower Avenue", "locality": "Superior", "region": "WI"}
    assert address(office, "dana@lakeside.example") == {"type": "work", **COMPANY, **own}

    spec = office.kube.get("Workgroup", "office")["spec"]
    del spec["profile"]["defaults"]["address"]["postalCode"]
    office.apply({"apiVersion": API_VERSION, "kind": "Workgroup", "metadata": {"name": "office"}, "spec": spec})
    assert "spec.addresses.postalCode" in office.becomes("dana", "ProfileIncomplete")["message"]
    office.kube.patch("User", "dana", {"spec": {"addresses": [{"type": "work", "postalCode": "54880"}]}})
    office.becomes("dana", "Provisioned")
    assert address(office, "dana@lakeside.example") == {"type": "work", **COMPANY, "postalCode": "54880"}


def test_it_03_four_roles_of_which_one_is_customized(office: Site) -> None:
    office.apply(worker("odd", "Owner"))
    assert "there are View Only, Edit & View, Admin, Customize" in office.becomes("odd", "RoleNotFound")["message"]


def test_it_05_text_alerts_need_phone_and_provider_and_say_so(office: Site) -> None:
    warning = office.condition("maya", "TextAlerts")
    assert (warning["status"], warning["reason"]) == ("False", "TextAlertsIncomplete")
    assert "spec.phoneNumbers" in warning["message"]
    assert office.ready("maya")["status"] == "True"
    assert office.condition("rita", "TextAlerts") == {}
    office.apply(worker("carrier", "View Only", textAlerts={"carrier": "Sprint"}))
    assert "there are AT&T, T-Mobile, Verizon" in office.becomes("carrier", "CarrierNotFound")["message"]


def test_it_06_the_default_screen_is_a_module_that_can_be_opened(office: Site) -> None:
    access = [{"module": "timesheet", "level": "Edit"}]
    entry = {"access": access, "defaultModule": "invoices"}
    office.apply(worker("lost", "Customize", entry))
    told = office.becomes("lost", "ModuleNotAccessible")["message"]
    assert 'level "No Access" in module "invoices"; of those it can open, there is timesheet' in told
    office.apply(worker("lost", "Customize", {**entry, "defaultModule": "timesheet"}))
    office.becomes("lost", "Provisioned")


def test_it_07_calendars_and_vehicles_are_those_of_the_policy(office: Site) -> None:
    office.apply(worker("far", "View Only", {"scopes": [{"name": "calendars", "values": ["Chicago"]}]}))
    assert "there are Duluth, Superior, Two Harbors" in office.becomes("far", "ScopeValueNotFound")["message"]


def test_it_07_vehicles_go_with_access_to_the_map(office: Site) -> None:
    without = {"access": [{"module": "dashboard", "level": "View"}], "scopes": [VEHICLE]}
    office.apply(worker("driver", "Customize", without))
    assert (
        'scope "vehicles" goes with access to module "map"' in office.becomes("driver", "ScopeNotApplicable")["message"]
    )
    office.apply(worker("driver", "Customize", {"access": [{"module": "map", "level": "View"}], "scopes": [VEHICLE]}))
    office.becomes("driver", "Provisioned")


def test_it_08_notifications_are_those_of_the_policy(office: Site) -> None:
    office.apply(worker("curious", "View Only", {"scopes": [CALENDAR], "notifications": ["Weather"]}))
    told = office.becomes("curious", "NotificationNotFound")["message"]
    assert "there are Job, Inventory, Customer, EquipmentAdded, NewMobileUser" in told


def test_it_09_levels_of_ones_own_go_with_the_customized_role_only(office: Site) -> None:
    entry = {"scopes": [CALENDAR], "access": [{"module": "forms", "level": "Edit"}]}
    office.apply(worker("sly", "View Only", entry))
    assert "of roles that do, there is Customize" in office.becomes("sly", "RoleNotCustomizable")["message"]


def test_it_11_the_map_has_no_edit_and_switches_are_on_or_off(office: Site) -> None:
    for module, level, known in (("map", "Edit", "No Access, View"), ("import", "View", "Disabled, Enabled")):
        office.apply(worker(module, "Customize", {"access": [{"module": module, "level": level}]}))
        assert f'has no level "{level}"; there are {known}' in office.becomes(module, "LevelNotFound")["message"]


def test_it_12_scheduling_needs_a_calendar_and_without_scheduling_there_is_none(office: Site) -> None:
    scheduling = [{"module": "scheduling", "level": "View"}]
    office.apply(worker("planner", "Customize", {"access": scheduling}))
    told = office.becomes("planner", "ScopeRequired")["message"]
    assert 'needs at least one value of scope "calendars"; there are Duluth' in told
    office.apply(worker("planner", "Customize", {"access": scheduling, "scopes": [CALENDAR]}))
    office.becomes("planner", "Provisioned")
    office.apply(
        worker("planner", "Customize", {"access": [{"module": "forms", "level": "View"}], "scopes": [CALENDAR]})
    )
    office.becomes("planner", "ScopeNotApplicable")


def test_it_15_enable_all_is_one_entry_and_calendars_are_still_needed(office: Site) -> None:
    everything = [{"module": "*", "level": "Highest"}]
    office.apply(worker("all", "Customize", {"access": everything}))
    office.becomes("all", "ScopeRequired")
    office.apply(worker("all", "Customize", {"access": everything, "scopes": [CALENDAR]}))
    office.becomes("all", "Provisioned")
    assert office.condition("all", "AccessDefined")["status"] == "True"


def test_it_17_a_user_is_active_unless_it_says_otherwise(office: Site) -> None:
    assert office.kube.get("User", "victor")["status"]["state"] == "Active"
    assert office.kube.get("User", "nils")["status"]["state"] == "Inactive"
    office.kube.patch("User", "nils", {"spec": {"active": True}})
    office.settled("User", "nils")
    assert office.kube.get("User", "nils")["status"]["state"] == "Active"


def test_it_19_a_deleted_users_email_can_never_be_used_again(office: Site) -> None:
    office.delete("tuser", "wendy")
    for on_existing in ("Refuse", "Restore"):
        office.apply(worker("wendy", "View Only", onExisting=on_existing))
        office.becomes("wendy", "LoginReserved")


def test_it_19_deactivating_keeps_the_email(office: Site) -> None:
    office.apply(worker("second-nils", "View Only", userName="nils@lakeside.example"))
    assert 'is the login of User "nils"' in office.becomes("second-nils", "LoginTaken")["message"]


def test_it_21_with_the_customized_role_a_module_that_is_not_defined_is_told(office: Site) -> None:
    warning = office.condition("kim", "AccessDefined")
    assert (warning["status"], warning["reason"]) == ("False", "AccessIncomplete")
    assert "no level is given in timesheet, messaging" in warning["message"]
    assert office.ready("kim")["status"] == "True"
    assert office.condition("carl", "AccessDefined")["status"] == "True"
    assert office.condition("victor", "AccessDefined") == {}


def test_it_16_a_broken_mailbox_is_reported_and_blocks_nothing(office: Site) -> None:
    for name in ("rita", "sam", "helen", "dana"):  # Google, Office 365, two servers
        eventually(lambda n=name: office.condition(n, "EmailIntegration").get("status") == "True")  # type: ignore[misc] # bound now
    office.delete("secret", "office-mail")
    eventually(lambda: office.condition("helen", "EmailIntegration").get("reason") == "SecretNotFound")
    assert office.ready("helen")["status"] == "True"


def test_the_open_jobs_of_who_goes_are_given_to_the_policys_assignee(office: Site) -> None:
    office.apply(worker("brief", "View Only"))
    office.becomes("brief", "Provisioned")
    login = "brief@lakeside.example"
    office.tenantry("holdings", "add", "--workgroup", "office", "--kind", "job", "--user", login, "J-1")
    office.delete("tuser", "brief")
    (job,) = office.tenantry("holdings", "list")
    assert (job["name"], job["login"]) == ("J-1", "rita@lakeside.example")


def test_it_20_the_list_is_sorted_by_last_name_in_pages_of_ten_and_tells_who_has_permissions(
    example: Callable[[str], Site],
) -> None:
    office = example("industrack")
    office.apply(worker("zed", "Customize", {}, name={"givenName": "Zed", "familyName": "Aamodt"}))
    office.settled("User", "zed")
    listed = ("users", "list", "--sort", "last", "--page-size", "10")
    pages = [office.tenantry(*listed, "--page", page) for page in (1, 2)]
    assert len(pages[0]) == 10
    names = [found["familyName"] for page in pages for found in page if found["mayLogIn"]]
    assert names == sorted(names)
    told = {found["login"]: found for page in pages for found in page}
    zed, rita = told["zed@lakeside.example"], told["rita@lakeside.example"]
    assert (zed["givenName"], zed["familyName"], zed["permissions"]) == ("Zed", "Aamodt", False)
    assert (rita["givenName"], rita["permissions"], rita["phone"]) == ("Rita", True, "+1 218 555 0142")
    head = office.run(*listed).lines[0].split()
    assert {"USER", "FIRST", "LAST", "PERMISSIONS", "PHONE"} <= set(head)
