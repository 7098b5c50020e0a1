"""The quickstart: what a newcomer sees first."""

from tests.e2e.conftest import EXAMPLES, Site
from tests.support.eventually import eventually


def columns(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines() if line.strip()]


def test_two_people_are_seated_and_kubectl_shows_it(site: Site) -> None:
    site.apply_example("quickstart")
    shown = columns(site.kubectl("get", "tuser"))
    assert shown[0] == ["NAME", "READY", "USER", "LICENSE", "ROLE", "STATE", "AGE"]
    assert [row[:6] for row in shown[1:]] == [
        ["ada", "True", "ada", "Static", "Agent", "Active"],
        ["grace", "True", "grace", "Static", "Agent", "Active"],
    ]
    site.pool_shows("acme", used=2)
    assert columns(site.kubectl("get", "lpool"))[1][:6] == ["acme", "True", "2", "2", "0", "0"]


def test_a_third_person_is_refused_with_a_reason_and_seated_when_a_license_is_bought(site: Site) -> None:
    site.apply_example("quickstart")
    site.kubectl("apply", "-f", EXAMPLES / "quickstart" / "one-too-many.yaml")
    site.kubectl("wait", "tuser/alan", "--for=condition=Stalled", "--timeout=30s")
    refused = site.ready("alan")
    assert refused["reason"] == "SeatLimitReached"
    assert 'LicensePool "acme" has 2 Static licenses bought, and all are in use' in refused["message"]

    more = '{"spec": {"licenses": [{"type": "Static", "quantity": 3}]}}'
    site.kubectl("patch", "lpool", "acme", "--type=merge", "--patch", more)
    site.kubectl("wait", "tuser/alan", "--for=condition=Ready", "--timeout=30s")
    site.pool_shows("acme", used=3)


def test_starting_over_as_the_readme_says_gives_the_same_people_accounts_again(site: Site) -> None:
    site.apply_example("quickstart")
    site.kubectl("apply", "-f", EXAMPLES / "quickstart" / "one-too-many.yaml")
    site.kubectl("delete", "tuser", "--all", "--timeout=30s")
    site.kubectl("delete", "-k", EXAMPLES / "quickstart", "--ignore-not-found", "--timeout=30s")
    site.apply_example("quickstart")
    assert [site.ready(name)["reason"] for name in ("ada", "grace")] == ["Provisioned", "Provisioned"]


def test_kubectl_wait_and_field_selectors_find_accounts_by_login_and_state(site: Site) -> None:
    site.apply_example("quickstart")
    found = site.kubectl("get", "tuser", "--field-selector=spec.userName=ada", "-o", "name")
    assert found.split() == ["user.tenantry.dev/ada"]
    active = site.kubectl("get", "tuser", "--field-selector=status.state=Active", "-o", "name")
    assert len(active.split()) == 2


def test_deleting_all_of_it_leaves_nothing(site: Site) -> None:
    site.apply_example("quickstart")
    site.kubectl("delete", "-k", EXAMPLES / "quickstart", "--timeout=30s")
    eventually(lambda: not any(site.kube.items(kind) for kind in ("User", "Workgroup", "LicensePool")))
    assert [row["used"] for row in site.tenantry("pools", "list")] == []
