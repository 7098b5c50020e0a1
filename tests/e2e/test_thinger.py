"""The rules of an IoT platform (TH): limits with add-ons, free guests, projects, permanent deletion."""

from collections.abc import Callable

import pytest

from tenantry.errors import InputError
from tests.e2e.conftest import Site, user
from tests.support.eventually import eventually
from tests.support.kube import Object


@pytest.fixture
def instance(shared: Callable[[str], Site]) -> Site:
    """The example, to which tests add accounts of their own; the subscription stays as it is."""
    return shared("thinger")


@pytest.fixture
def subscriber(example: Callable[[str], Site]) -> Site:
    """The example as it is, of which a test changes the subscription."""
    return example("thinger")


def limits(site: Site, administrators: tuple[int, int] = (0, 1), developers: tuple[int, int] = (2, 1)) -> None:
    """Subscribe to (included, add-ons) of each."""
    wanted = {"administrators": administrators, "developers": developers}
    found = site.kube.get("LicensePool", "subscription")["spec"]["limits"]
    changed = [{**x, "included": wanted[x["name"]][0], "addOns": wanted[x["name"]][1]} for x in found]
    site.kube.patch("LicensePool", "subscription", {"spec": {"limits": changed}})


def member(name: str, **spec: object) -> Object:
    body = {"workgroupRef": "instance", "project": "greenhouse", "userRef": "newcomer", **spec}
    kind = {"apiVersion": "tenantry.dev/v1alpha1", "kind": "ProjectMember"}
    return {**kind, "metadata": {"name": name}, "spec": body}


def test_th_02_the_three_roles_exist_and_no_other(instance: Site) -> None:
    for name, role in (("helen", "Administrator"), ("mei", "Developer"), ("grower-anna", "User")):
        (entry,) = instance.kube.get("User", name)["status"]["workgroups"]
        assert entry["role"] == role
        assert instance.allows(name, "delete account/x") is (role == "Administrator")
        assert instance.allows(name, "create device/new", owner=name) is (role != "User")
    instance.apply(user("odd", "instance", "Operator"))
    refused = instance.becomes("odd", "RoleNotFound")
    assert 'spec.workgroups[0].role: role "Operator" is not defined' in refused["message"]
    assert "Administrator, Developer, User" in refused["message"]


def test_th_02_several_administrators_may_exist(subscriber: Site) -> None:
    limits(subscriber, administrators=(0, 2))
    subscriber.apply(user("ivan", "instance", "Administrator"))
    subscriber.becomes("ivan", "Provisioned")
    subscriber.pool_shows("subscription", "administrators", used=2)


def test_th_03_an_administrator_without_an_add_on_is_refused_and_one_more_add_on_lets_exactly_one_in(
    subscriber: Site,
) -> None:
    subscriber.apply(user("ivan", "instance", "Administrator"), user("jana", "instance", "Administrator"))
    told = subscriber.becomes("ivan", "LimitReached")
    subscriber.becomes("jana", "LimitReached")
    assert 'lets in 1 for limit "administrators"' in told["message"]
    limits(subscriber, administrators=(0, 2))
    subscriber.one_is_let_in("ivan", "jana", reason="LimitReached")
    subscriber.pool_shows("subscription", "administrators", capacity=2, used=2, waiting=1)


def test_th_04_developers_up_to_the_number_subscribed_plus_add_ons(subscriber: Site) -> None:
    subscriber.apply(user("dev-3", "instance", "Developer"))
    subscriber.becomes("dev-3", "Provisioned")
    subscriber.apply(user("dev-4", "instance", "Developer"))
    assert 'lets in 3 for limit "developers"' in subscriber.becomes("dev-4", "LimitReached")["message"]


def test_th_04_administrators_and_the_original_account_do_not_count_as_developers(instance: Site) -> None:
    instance.pool_shows("subscription", "developers", used=2)
    instance.pool_shows("subscription", "administrators", used=1)
    system = instance.kube.get("Workgroup", "instance")["status"]["systemUsers"]
    assert [x["userName"] for x in system] == ["owner"]


def test_th_04_a_limit_of_zero_is_a_clear_error_and_drops_nobody(subscriber: Site) -> None:
    limits(subscriber, developers=(0, 0))
    subscriber.apply(user("dev-3", "instance", "Developer"))
    assert 'lets in 0 for limit "developers"' in subscriber.becomes("dev-3", "LimitReached")["message"]
    assert subscriber.ready("mei")["reason"] == "Provisioned"
    eventually(lambda: subscriber.condition("subscription", "OverCommitted", "LicensePool")["status"] == "True")


def test_th_05_guests_count_against_no_limit(subscriber: Site) -> None:
    limits(subscriber, administrators=(0, 1), developers=(0, 2))
    subscriber.apply(*(user(f"guest-{n}", "instance", "User") for n in range(25)))
    for n in range(25):
        subscriber.becomes(f"guest-{n}", "Provisioned")
    subscriber.pool_shows("subscription", capacity=3, used=3, waiting=0)


@pytest.mark.parametrize("add_ons", [0, 1])
def test_th_06_add_ons_only_where_the_plan_allows_them(site: Site, add_ons: int) -> None:
    limit = {"name": "developers", "addOns": add_ons, "consumedBy": [{"workgroupRef": "instance", "role": "Developer"}]}
    spec = {"plan": {"name": "Maker", "addOnsAllowed": False}, "limits": [limit]}
    pool = {"apiVersion": "tenantry.dev/v1alpha1", "kind": "LicensePool", "metadata": {"name": "small"}, "spec": spec}
    if add_ons:
        assert "this plan allows no add-ons" in site.apply(pool, refused=True)
    else:
        site.apply(pool)


def test_th_08_a_changed_subscription_is_in_force_without_a_restart_and_status_shows_it(subscriber: Site) -> None:
    limits(subscriber, developers=(7, 4))
    subscriber.pool_shows("subscription", "developers", capacity=11)
    subscriber.pool_shows("subscription", capacity=12)


def test_th_11_a_member_without_a_project_says_so_until_it_is_in_one(instance: Site) -> None:
    told = instance.condition("newcomer", "ProjectsAssigned")
    assert (told["status"], told["reason"]) == ("False", "NoProject")
    assert instance.ready("newcomer")["status"] == "True"
    rule = {"type": "device", "names": ["north-bay"], "operations": ["read"]}
    instance.apply(member("newcomer-greenhouse", allow=[rule]))
    instance.kubectl("wait", "tuser/newcomer", "--for=condition=ProjectsAssigned", "--timeout=30s")
    instance.delete("pmember", "newcomer-greenhouse")
    instance.kubectl("wait", "tuser/newcomer", "--for=condition=ProjectsAssigned=False", "--timeout=30s")


@pytest.mark.parametrize(
    ("rule", "reason", "told"),
    [
        ({"type": "camera", "names": ["*"], "operations": ["read"]}, "ProjectResourceNotFound", 'type "camera"'),
        ({"type": "device", "names": ["truck-1"], "operations": ["read"]}, "ProjectResourceNotFound", '"truck-1"'),
        ({"type": "bucket", "names": ["climate"], "operations": ["write"]}, "OperationNotFound", '"write"'),
    ],
)
def test_th_13_only_resources_and_operations_of_that_project_can_be_allowed(
    instance: Site, rule: Object, reason: str, told: str
) -> None:
    instance.apply(member("newcomer-odd", allow=[rule]))
    assert told in instance.becomes("newcomer-odd", reason, "ProjectMember")["message"]
    assert instance.condition("newcomer", "ProjectsAssigned")["status"] == "False"


def test_th_13_an_unknown_project_is_refused(instance: Site) -> None:
    instance.apply(member("newcomer-lost", project="lighthouse"))
    told = instance.becomes("newcomer-lost", "ProjectNotFound", "ProjectMember")
    assert "greenhouse, fleet" in told["message"]


@pytest.mark.parametrize("address", ["a@b", "Anna <anna@growers.example>", "anna.growers.example"])
def test_th_14_an_email_that_is_none_is_refused_by_the_api_server(instance: Site, address: str) -> None:
    said = instance.apply(user("odd", "instance", "User", emails=[{"value": address}]), refused=True)
    assert "spec.emails[0].value" in said


def test_th_14_the_username_is_the_identifier_and_an_email_is_needed(instance: Site) -> None:
    instance.apply(user("twin", "instance", "User", userName="HELEN"))
    assert 'is the login of User "helen"' in instance.becomes("twin", "LoginTaken")["message"]
    instance.apply(user("silent", "instance", "User", emails=[]))
    assert "spec.emails" in instance.becomes("silent", "ProfileIncomplete")["message"]


def test_th_18_a_removed_account_is_gone_for_good_and_its_login_is_free(instance: Site) -> None:
    instance.apply(user("leaver", "instance", "User"))
    instance.becomes("leaver", "Provisioned")
    former = instance.kube.get("User", "leaver")["status"]["accountId"]
    instance.delete("tuser", "leaver")
    assert "leaver" not in str(instance.tenantry("users", "list", "--deleted"))
    instance.apply(user("leaver", "instance", "User", onExisting="Restore"))
    instance.becomes("leaver", "Provisioned")
    assert instance.kube.get("User", "leaver")["status"]["accountId"] != former


def test_th_18_what_the_application_registered_goes_with_the_account(instance: Site) -> None:
    instance.apply(user("maker", "instance", "User"))
    instance.becomes("maker", "Provisioned")
    for kind in ("device", "bucket"):
        instance.tenantry("holdings", "add", "--workgroup", "instance", "--kind", kind, "--user", "maker", f"{kind}-1")
    instance.delete("tuser", "maker")
    assert instance.tenantry("holdings", "list") == []


def state(site: Site, name: str) -> str:
    found: str = site.settled("User", name)["status"]["state"]
    return found


def becomes_state(site: Site, name: str, wanted: str) -> None:
    eventually(lambda: state(site, name) == wanted)


def test_th_15_only_listed_emails_can_sign_up(instance: Site) -> None:
    with pytest.raises(InputError, match="there is no account"):
        instance.accept("stranger@neighbors.example")
    assert state(instance, "visitor-amira") == "Unverified"
    assert instance.accept("AMIRA@neighbors.example") is None
    becomes_state(instance, "visitor-amira", "Active")
    for login in ("amira@neighbors.example", "mei"):
        refused = instance.accept(login)
        assert refused is not None
        assert refused.reason == "NotInvited"


def test_th_16_an_account_that_is_switched_off_has_no_way_in_until_it_is_on_again(instance: Site) -> None:
    for active, expected in ((False, "Inactive"), (True, "Active")):
        instance.kube.patch("User", "grower-pablo", {"spec": {"active": active}})
        assert state(instance, "grower-pablo") == expected
        assert instance.allows("grower-pablo", "read device/south-bay") is active


def test_th_17_an_address_is_verified_before_the_first_log_in_unless_it_is_known(instance: Site) -> None:
    assert state(instance, "driver-lena") == "Unverified"
    assert instance.reason("driver-lena", "read device/truck-2") == "AccountNotActive"
    instance.verify("driver-lena")
    becomes_state(instance, "driver-lena", "Active")
    assert instance.kube.get("User", "driver-lena")["status"]["emailVerifiedTime"]
    assert instance.allows("driver-lena", "read device/truck-2")
    assert state(instance, "driver-omar") == "Active"


def test_th_17_who_signs_up_is_verified_first(instance: Site) -> None:
    assert instance.accept("sofia@neighbors.example") is None
    instance.kube.patch("User", "visitor-sofia", {"spec": {"comment": "signed up"}})
    becomes_state(instance, "visitor-sofia", "Unverified")
    assert not instance.allows("sofia@neighbors.example", "read bucket/air")
    instance.verify("sofia@neighbors.example")
    becomes_state(instance, "visitor-sofia", "Active")
    assert instance.allows("sofia@neighbors.example", "read bucket/air")


def test_th_22_a_plan_without_multiple_accounts_refuses_further_ones(subscriber: Site) -> None:
    subscriber.kube.patch("LicensePool", "subscription", {"spec": {"plan": {"multipleAccounts": False}}})
    subscriber.settled("LicensePool", "subscription")
    subscriber.apply(user("guest", "instance", "User"))
    assert 'plan "Startup"' in subscriber.becomes("guest", "PlanForbidsAccounts")["message"]
    assert subscriber.ready("helen")["reason"] == "Provisioned"
    subscriber.kube.patch("LicensePool", "subscription", {"spec": {"plan": {"multipleAccounts": True}}})
    subscriber.becomes("guest", "Provisioned")
