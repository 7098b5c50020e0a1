"""The rules of an issue tracker (NR): workgroups, license types, system users, the required profile."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import Site, person
from tests.support.kube import Object


@pytest.fixture
def tracker(shared: Callable[[str], Site]) -> Site:
    """The example, to which tests add accounts of their own."""
    return shared("netresults-tracker")


@pytest.fixture
def own_tracker(example: Callable[[str], Site]) -> Site:
    """The example as it is, of which a test fills the seats."""
    return example("netresults-tracker")


def test_nr_01_an_account_is_given_access_to_workgroups_and_takes_one_seat(tracker: Site) -> None:
    maria = tracker.kube.get("User", "maria")["status"]
    assert [x["workgroupRef"] for x in maria["workgroups"]] == ["support", "engineering"]
    assert maria["license"] == {"type": "Static", "pool": "tracker"}
    tracker.pool_shows("tracker", "Static", used=5)
    assert [x["workgroupRef"] for x in tracker.kube.get("User", "tom")["status"]["workgroups"]] == ["engineering"]


@pytest.mark.parametrize(
    ("name", "user_type", "license_type"), [("walt", "External", "Static"), ("femi", "Internal", "Restricted")]
)
def test_nr_02_internal_and_external_say_nothing_of_the_license(
    tracker: Site, name: str, user_type: str, license_type: str
) -> None:
    found = tracker.kube.get("User", name)
    assert (tracker.account(name).profile or {}).get("userType", "Internal") == user_type
    assert found["status"]["license"]["type"] == license_type
    assert found["status"]["state"] == "Active"


def seats_as_many_as_were_bought(tracker: Site, license_type: str, bought: int, capacity: int) -> None:
    """Fill what was bought of a type to the last place, and see one more refused."""
    tracker.pool_shows("tracker", license_type, purchased=bought, capacity=capacity)
    seated = [x for x in tracker.kube.items("User") if x["status"].get("license", {}).get("type") == license_type]
    newcomers = [f"extra-{n}" for n in range(capacity - len(seated) + 1)]
    for name in newcomers:
        tracker.apply(person(name, license_type, "support"))
        tracker.becomes(name, "SeatLimitReached" if name == newcomers[-1] else "Provisioned")
    tracker.pool_shows("tracker", license_type, used=capacity)


def test_nr_03_a_static_license_seats_one_account(own_tracker: Site) -> None:
    seats_as_many_as_were_bought(own_tracker, "Static", bought=5, capacity=5)


def test_nr_04_a_floating_license_seats_ten_accounts(own_tracker: Site) -> None:
    seats_as_many_as_were_bought(own_tracker, "Floating", bought=1, capacity=10)


def test_nr_05_a_restricted_license_seats_one_account(own_tracker: Site) -> None:
    seats_as_many_as_were_bought(own_tracker, "Restricted", bought=3, capacity=3)


def test_nr_06_one_more_of_a_type_is_refused_with_the_numbers_and_seated_when_a_seat_frees(own_tracker: Site) -> None:
    own_tracker.apply(person("first", "Static", "support"))
    told = own_tracker.becomes("first", "SeatLimitReached")["message"]
    assert told.startswith('spec.license.type: LicensePool "tracker" has 5 Static licenses bought, and all are in use')
    own_tracker.apply(person("second", "Static", "support"))
    own_tracker.becomes("second", "SeatLimitReached")
    own_tracker.delete("tuser", "jonas")
    own_tracker.one_is_let_in("first", "second", reason="SeatLimitReached")
    own_tracker.pool_shows("tracker", "Static", used=5, waiting=1)


def test_nr_07_each_workgroup_has_its_system_users_and_they_take_no_seat(own_tracker: Site) -> None:
    ids = set()
    for workgroup in ("support", "engineering", "partners"):
        found = own_tracker.kube.get("Workgroup", workgroup)["status"]["systemUsers"]
        assert sorted(x["userName"] for x in found) == ["Admin", "Inet", "TBD"]
        ids |= {x["accountId"] for x in found}
    assert len(ids) == 9
    own_tracker.pool_shows("tracker", used=12)


@pytest.mark.parametrize("name", ["Admin", "tbd", "INET"])
def test_nr_07_no_user_takes_a_system_users_name(tracker: Site, name: str) -> None:
    intruder = f"intruder-as-{name.lower()}"
    tracker.apply(person(intruder, "Floating", "support", userName=name))
    assert "is a system user of Workgroup" in tracker.becomes(intruder, "LoginReserved")["message"]


def test_nr_09_a_user_id_has_at_most_40_characters_and_is_unique(tracker: Site) -> None:
    tracker.apply(person("long", "Floating", "support", userName="x" * 41))
    assert "41 characters" in tracker.becomes("long", "LoginInvalid")["message"]
    tracker.apply(person("fits", "Floating", "support", userName="x" * 40))
    tracker.becomes("fits", "Provisioned")
    tracker.apply(person("twin", "Floating", "support", userName="MARIA"))
    assert 'is the login of User "maria"' in tracker.becomes("twin", "LoginTaken")["message"]


def test_nr_09_first_name_and_password_are_required(tracker: Site) -> None:
    bare = person("bare", "Floating", "support", name={}, password=None)
    tracker.apply(bare)
    told = tracker.becomes("bare", "ProfileIncomplete")["message"]
    assert "spec.name.givenName" in told
    assert "spec.password" in told


def test_nr_09_a_password_has_at_most_10_characters_and_is_taken_when_it_fits(tracker: Site) -> None:
    reference = {"secretKeyRef": {"name": "own", "key": "password"}}
    tracker.apply(person("newbie", "Floating", "support", password=reference))
    tracker.becomes("newbie", "SecretNotFound")
    assert tracker.condition("newbie", "Reconciling")["status"] == "True"
    secret: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "own"}}
    tracker.apply({**secret, "stringData": {"password": "eleven-char"}})
    assert "11 characters; 6 to 10 are accepted" in tracker.becomes("newbie", "PasswordInvalid")["message"]
    tracker.apply({**secret, "stringData": {"password": "ten-chars!"}})
    tracker.becomes("newbie", "Provisioned")
    assert tracker.kube.get("User", "newbie")["status"]["password"]["changedTime"]


def test_nr_10_the_whole_profile_is_kept(tracker: Site) -> None:
    assert tracker.account("maria").profile == {
        "displayName": "Maria Lindqvist",
        "name": {"givenName": "Maria", "familyName": "Lindqvist"},
        "organization": "Northwind Instruments",
        "emails": [
            {"value": "maria.lindqvist@northwind.example", "type": "work", "primary": True},
            {"value": "maria@lindqvist.example"},
        ],
        "phoneNumbers": [
            {"type": "work", "value": "+46 8 555 0110"},
            {"type": "fax", "value": "+46 8 555 0199"},
        ],
        "addresses": [
            {
                "type": "work",
                "streetAddress": "Hamngatan 12\nFloor 4",
                "locality": "Stockholm",
                "region": "Stockholms län",
                "postalCode": "111 47",
                "country": "Sweden",
            }
        ],
        "comment": "Head of support; on leave every other Friday.",
    }
    listed = next(a for a in tracker.tenantry("users", "list") if a["login"] == "maria")
    told = [listed[field] for field in ("name", "company", "email", "phone")]
    assert told == [
        "Maria Lindqvist",
        "Northwind Instruments",
        "maria.lindqvist@northwind.example",
        "+46 8 555 0110",
    ]


def test_nr_08_a_member_without_a_license_is_accepted_but_cannot_log_in(tracker: Site) -> None:
    tracker.apply(person("guest", "none", "support", license=None))
    assert tracker.becomes("guest", "Provisioned")
    warning = tracker.condition("guest", "Licensed")
    assert (warning["status"], warning["reason"]) == ("False", "LicenseMissing")
    listed = {account["login"]: account["mayLogIn"] for account in tracker.tenantry("users", "list")}
    assert (listed["guest"], listed["nadia"], listed["maria"]) == (False, True, True)
    tracker.kube.patch("User", "guest", {"spec": {"license": {"type": "Floating"}}})
    tracker.settled("User", "guest")
    assert "Licensed" not in [c["type"] for c in tracker.kube.get("User", "guest")["status"]["conditions"]]


def test_nr_11_a_missing_email_is_accepted_with_a_warning(tracker: Site) -> None:
    assert tracker.ready("olga")["status"] == "True"
    warning = tracker.condition("olga", "Notifiable")
    assert (warning["status"], warning["reason"]) == ("False", "EmailMissing")
    tracker.kube.patch("User", "olga", {"spec": {"emails": [{"value": "olga@northwind.example"}]}})
    tracker.settled("User", "olga")
    assert tracker.condition("olga", "Notifiable") == {}
