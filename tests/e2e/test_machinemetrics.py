"""The rules of shop-floor analytics (MM): invitations, five roles, a display that is no person."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.conftest import Site, user
from tests.support.eventually import eventually
from tests.support.kube import Object


@pytest.fixture
def plant(shared: Callable[[str], Site]) -> Site:
    """The example, to which tests add accounts of their own; its policy stays as it is."""
    return shared("machinemetrics")


def colleague(name: str, role: str, /, **spec: object) -> Object:
    return user(name, "plant", role, **{"userName": f"{name}@precision.example", **spec})


def invitation(site: Site, name: str) -> Object:
    found: Object = site.settled("User", name)["status"]["invitation"]
    return found


def test_mm_03_users_who_accepted_are_in_one_table_and_outstanding_invitations_in_the_other(
    example: Callable[[str], Site],
) -> None:
    plant = example("machinemetrics")
    people = {u["spec"]["userName"] for u in plant.kube.items("User")}
    assert {u["status"]["state"] for u in plant.kube.items("User")} == {"Invited"}
    assert plant.accept("erin.walsh@precision.example") is None
    (erin,) = plant.tenantry("users", "list")
    told = [erin[field] for field in ("name", "email", "phone")]
    assert told == ["Erin Walsh", "erin.walsh@precision.example", "+1 413 555 0101"]
    assert erin["workgroups"] == [{"workgroup": "plant", "role": "Executive"}]
    invited = {i["email"]: i["workgroups"] for i in plant.tenantry("users", "list", "--invites")}
    assert set(invited) == people - {"erin.walsh@precision.example"}
    assert invited["floor.display@precision.example"] == [{"workgroup": "plant", "role": "Kiosk"}]


def test_mm_04_an_invitation_expires_after_a_week(plant: Site) -> None:
    sent, expires = (datetime.fromisoformat(invitation(plant, "erin.walsh")[x]) for x in ("sentTime", "expirationTime"))
    assert expires - sent == timedelta(hours=168)


def test_mm_04_an_invitation_is_sent_again_once_for_each_time_asked(plant: Site) -> None:
    before = invitation(plant, "hana.sato")
    made = datetime.fromisoformat(plant.kube.get("User", "hana.sato")["metadata"]["creationTimestamp"])
    eventually(lambda: datetime.now(UTC).replace(microsecond=0) > made)
    asked = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    plant.kube.patch("User", "hana.sato", {"spec": {"invitationResendTime": asked}})
    eventually(lambda: invitation(plant, "hana.sato")["sentTime"] > before["sentTime"])
    again = invitation(plant, "hana.sato")
    plant.kube.patch("User", "hana.sato", {"spec": {"comment": "edited"}})
    plant.settled("User", "hana.sato")
    assert invitation(plant, "hana.sato") == again


def test_mm_04_an_act_is_not_asked_for_in_advance(plant: Site) -> None:
    plant.kube.patch("User", "marco.conti", {"spec": {"invitationResendTime": "2099-01-01T00:00:00Z"}})
    assert "lies ahead" in plant.becomes("marco.conti", "TimeInFuture")["message"]


def test_mm_09_a_second_display_is_refused_where_the_policy_caps_it(plant: Site) -> None:
    plant.apply(colleague("display-2", "Kiosk"))
    assert 'lets 1 hold role "Kiosk" (maxHolders)' in plant.becomes("display-2", "RoleLimitReached")["message"]


def test_mm_09_and_warned_of_where_it_does_not(example: Callable[[str], Site]) -> None:
    plant = example("machinemetrics")
    spec = plant.kube.get("Workgroup", "plant")["spec"]
    for role in spec["roles"]:
        role.pop("maxHolders", None)
    plant.apply(
        {"apiVersion": "tenantry.dev/v1alpha1", "kind": "Workgroup", "metadata": {"name": "plant"}, "spec": spec}
    )
    plant.apply(colleague("display-2", "Kiosk"))
    plant.becomes("display-2", "Provisioned")
    eventually(lambda: plant.condition("plant", "SingleHolders", "Workgroup")["reason"] == "SeveralHolders")
    assert plant.ready("plant", "Workgroup")["status"] == "True"
    plant.delete("tuser", "display-2")
    eventually(lambda: plant.condition("plant", "SingleHolders", "Workgroup")["status"] == "True")


def family_name(site: Site, name: str) -> str:
    profile = site.account(f"{name}@precision.example").profile or {}
    found: str = profile["name"]["familyName"]
    return found


def test_mm_11_the_resource_says_the_name_until_the_invitation_is_accepted_and_no_longer(plant: Site) -> None:
    def rename(family: str) -> None:
        plant.kube.patch("User", "sean.murphy", {"spec": {"name": {"familyName": family}}})
        plant.settled("User", "sean.murphy")

    rename("Doyle")
    assert family_name(plant, "sean.murphy") == "Doyle"
    assert plant.condition("sean.murphy", "ProfileInSync") == {}
    assert plant.accept("sean.murphy@precision.example") is None
    rename("Kelly")
    assert family_name(plant, "sean.murphy") == "Doyle"
    told = plant.condition("sean.murphy", "ProfileInSync")
    assert (told["status"], told["reason"]) == ("False", "ProfileKept")
    assert plant.ready("sean.murphy")["status"] == "True"


def test_language_and_time_zone_are_the_plants_unless_a_user_says_otherwise(plant: Site) -> None:
    for name, expected in (("carol.reed", ("en", "America/New_York")), ("hana.sato", ("ja", "Asia/Tokyo"))):
        profile = plant.account(f"{name}@precision.example").profile or {}
        assert (profile["preferredLanguage"], profile["timezone"]) == expected


def test_mm_15_deletion_is_permanent(plant: Site) -> None:
    before = plant.kube.get("User", "amy.chen")["status"]["accountId"]
    plant.delete("tuser", "amy.chen")
    plant.apply(colleague("amy.chen", "Supervisor", onExisting="Restore"))
    plant.becomes("amy.chen", "Provisioned")
    assert plant.kube.get("User", "amy.chen")["status"]["accountId"] != before


def test_mm_16_operators_are_not_invited_here(plant: Site) -> None:
    plant.apply(colleague("operator-7", "Operator"))
    told = plant.becomes("operator-7", "RoleNotFound")["message"]
    assert "there are Executive, Manager, IT Admin, Supervisor, Kiosk" in told
