"""The rules of shop-floor analytics (MM): invitations, five roles, a display that is no person."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.e2e.conftest import Site, user
from tests.support.eventually import eventually
from tests.support.kube import Object


@pytest.fixture
def plant(example: Callable[[str], Site]) -> Site:
    """The example as it is."""
    return example("machinemetrics")


def colleague(name: str, role: str, /, **spec: object) -> Object:
    return user(name, "plant", role, **{"userName": f"{name}@precision.example", **spec})


def invitation(site: Site, name: str) -> Object:
    found: Object = site.settled("User", name)["status"]["invitation"]
    return found


def test_mm_03_who_has_not_accepted_is_invited(plant: Site) -> None:
    states = {u["status"]["state"] for u in plant.kube.items("User")}
    assert states == {"Invited"}
    assert invitation(plant, "erin.walsh")["expirationTime"] > invitation(plant, "erin.walsh")["sentTime"]


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
    plant.kube.patch("User", "hana.sato", {"spec": {"invitationResendTime": "2099-01-01T00:00:00Z"}})
    assert "lies ahead" in plant.becomes("hana.sato", "TimeInFuture")["message"]


def test_mm_09_a_second_display_is_refused_where_the_policy_caps_it(plant: Site) -> None:
    plant.apply(colleague("display-2", "Kiosk"))
    assert 'lets 1 hold role "Kiosk" (maxHolders)' in plant.becomes("display-2", "RoleLimitReached")["message"]


def test_mm_09_and_warned_of_where_it_does_not(plant: Site) -> None:
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


def test_mm_11_before_the_invitation_is_accepted_the_resource_says_the_name(plant: Site) -> None:
    plant.kube.patch("User", "erin.walsh", {"spec": {"name": {"familyName": "Doyle"}}})
    plant.settled("User", "erin.walsh")
    assert plant.condition("erin.walsh", "ProfileInSync") == {}


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
