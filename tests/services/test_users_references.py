"""What a User names that is not there, or not of its form: each with its reason, its field, and what would be right."""

from typing import Any

import pytest

from tenantry.domain.observed import Observed
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited
from tests.support.watched import WatchedTenant

POLICY: dict[str, Any] = {
    "roles": [
        {"name": "Agent", "access": [{"module": "Tickets", "level": "Edit"}]},
        {"name": "Custom", "customizable": True},
        {"name": "Restricted only", "licenseTypes": ["Restricted"]},
    ],
    "groups": [{"name": "Users"}],
    "modules": [{"name": "Tickets", "levels": [{"name": "None"}, {"name": "View"}, {"name": "Edit"}]}],
    "scopes": [
        {"name": "calendars", "values": ["north", "south"]},
        {"name": "sites", "values": ["a"], "allowAll": True},
    ],
    "attributes": [{"name": "plate", "maxLength": 8}, {"name": "badge", "format": "Sequence"}],
    "preferences": [{"name": "unit", "values": ["C", "F"]}],
}


def entry(**fields: object) -> dict[str, Any]:
    return {"workgroups": [{"workgroupRef": "tracker", **fields}]}


def own(module: str, level: str) -> dict[str, Any]:
    return entry(role="Custom", access=[{"module": module, "level": level}])


def scope(name: str, *values: str) -> dict[str, Any]:
    return entry(scopes=[{"name": name, "values": list(values)}])


REFUSED = [
    (entry(role="Boss"), "RoleNotFound", "spec.workgroups[0].role", '"Boss"', "Agent, Custom"),
    (entry(role="Restricted only"), "RoleNotForLicense", "spec.workgroups[0].role", "Restricted", "not Static"),
    (entry(groups=["Users", "Nobody"]), "GroupNotFound", "spec.workgroups[0].groups[1]", '"Nobody"', "there is Users"),
    (own("Map", "View"), "ModuleNotFound", "spec.workgroups[0].access[0].module", '"Map"', "Tickets"),
    (own("Tickets", "Own"), "LevelNotFound", "spec.workgroups[0].access[0].level", '"Own"', "None, View, Edit"),
    (own("*", "Full"), "LevelNotFound", "spec.workgroups[0].access[0].level", '"Full"', "None, View, Edit"),
    (
        entry(role="Agent", access=[{"module": "Tickets", "level": "View"}]),
        "RoleNotCustomizable",
        "spec.workgroups[0].access",
        '"Agent"',
        "Custom",
    ),
    (scope("rooms", "a"), "ScopeNotFound", "spec.workgroups[0].scopes[0].name", '"rooms"', "calendars, sites"),
    (scope("calendars", "east"), "ScopeValueNotFound", "spec.workgroups[0].scopes[0].values", '"east"', "north, south"),
    (scope("calendars", "*"), "ScopeValueNotFound", "spec.workgroups[0].scopes[0].values", '"*"', "north, south"),
    (
        {"attributes": [{"name": "size", "value": "x"}]},
        "AttributeNotFound",
        "spec.attributes[0].name",
        '"size"',
        "plate, badge",
    ),
    (
        {"attributes": [{"name": "plate", "value": "x" * 9}]},
        "AttributeInvalid",
        "spec.attributes[0].value",
        "9 characters",
        "8 are accepted",
    ),
    (
        {"attributes": [{"name": "badge", "value": "7"}]},
        "AttributeInvalid",
        "spec.attributes[0].value",
        "assigned by the store",
        "remove it",
    ),
    (
        {"preferences": [{"name": "color", "value": "red"}]},
        "PreferenceNotFound",
        "spec.preferences[0].name",
        '"color"',
        "unit",
    ),
    (
        {"preferences": [{"name": "unit", "value": "K"}]},
        "PreferenceInvalid",
        "spec.preferences[0].value",
        '"K"',
        "C, F",
    ),
]


@pytest.mark.parametrize(
    ("spec", "reason", "field", "value", "right"), REFUSED, ids=[f"{r[1]} of {r[3]}" for r in REFUSED]
)
def test_what_is_not_there_is_refused_with_field_value_and_what_would_be_right(
    tenant: WatchedTenant, spec: dict[str, Any], reason: str, field: str, value: str, right: str
) -> None:
    ada = user("ada", spec=spec)
    tenant.apply(pool(static=1), workgroup(spec=POLICY), ada)
    ready, stalled = tenant.condition(ada), tenant.condition(ada, "Stalled")
    assert ready is not None
    assert stalled is not None
    assert (ready["status"], ready["reason"], stalled["reason"]) == ("False", reason, reason)
    assert tenant.status(ada)["state"] == "Refused"
    assert ready["message"].startswith(f"{field}: ")
    assert value in ready["message"]
    assert right in ready["message"]
    assert len(tenant.status_of(pool().kind, "seats")["licenses"]) == 1
    assert tenant.status_of(pool().kind, "seats")["used"] == 0


@pytest.mark.parametrize(
    "spec",
    [
        entry(role="Agent", groups=["Users"]),
        own("Tickets", "Edit"),
        own("*", "View"),
        own("Tickets", "Highest"),
        scope("calendars", "north", "south"),
        scope("sites", "*"),
        {"attributes": [{"name": "plate", "value": "W-1234"}], "preferences": [{"name": "unit", "value": "F"}]},
        {"license": {"type": "Restricted"}, **entry(role="Restricted only")},
    ],
)
def test_what_is_there_is_accepted(tenant: WatchedTenant, spec: dict[str, Any]) -> None:
    ada = user("ada", spec=spec)
    licenses = [{"type": t, "quantity": 1} for t in ("Static", "Restricted")]
    tenant.apply(pool(spec={"licenses": licenses}), workgroup(spec=POLICY), ada)
    assert tenant.is_ready(ada)


def test_everything_that_is_wrong_is_told_at_once(tenant: WatchedTenant) -> None:
    ada = user("ada", spec={**entry(role="Boss", groups=["Nobody"]), "preferences": [{"name": "unit", "value": "K"}]})
    tenant.apply(pool(static=1), workgroup(spec=POLICY), ada)
    message = (tenant.condition(ada) or {})["message"]
    assert all(value in message for value in ('"Boss"', '"Nobody"', '"K"'))


@pytest.mark.parametrize(
    ("format_", "right", "wrong"),
    [
        ("MACAddress", ["00:1A:2b:3C:4d:5E"], ["00-1A-2B-3C-4D-5E", "00:1A:2B:3C:4D", "00:1A:2B:3C:4D:5G", ""]),
        ("Integer", ["0", "-12", "+7"], ["1.5", "1e3", "", " 1", "\u0661"]),
        ("Boolean", ["true", "false"], ["True", "yes", "1"]),
        ("Date", ["2026-02-28"], ["2026-02-30", "28.2.2026", "20260228"]),
        ("Text", ["anything \u2603", ""], []),
    ],
)
def test_an_attribute_has_the_form_of_its_format(
    tenant: WatchedTenant, format_: str, right: list[str], wrong: list[str]
) -> None:
    policy = workgroup(pool=None, spec={"attributes": [{"name": "it", "format": format_}]})

    def one(name: str, value: str) -> Observed[Any]:
        return user(name, license=None, spec={"attributes": [{"name": "it", "value": value}]})

    good = [one(f"good-{n}", value) for n, value in enumerate(right)]
    bad = [one(f"bad-{n}", value) for n, value in enumerate(wrong)]
    tenant.apply(policy, *good, *bad)
    assert [tenant.reason(x) for x in good] == ["Provisioned"] * len(right)
    assert [tenant.reason(x) for x in bad] == ["AttributeInvalid"] * len(wrong)


PROFILE = [
    ("displayName", {"displayName": "Ada L."}),
    ("name.givenName", {"name": {"givenName": "Ada"}}),
    ("name.familyName", {"name": {"familyName": "Lovelace"}}),
    ("organization", {"organization": "Analytical"}),
    ("emails", {"emails": [{"value": "ada@example.com"}]}),
    ("phoneNumbers", {"phoneNumbers": [{"type": "work", "value": "+44 20 7946 0000"}]}),
    ("addresses.streetAddress", {"addresses": [{"type": "work", "streetAddress": "12 Square"}]}),
    ("addresses.locality", {"addresses": [{"type": "home"}, {"type": "work", "locality": "London"}]}),
    ("addresses.region", {"addresses": [{"type": "work", "region": "LN"}]}),
    ("addresses.postalCode", {"addresses": [{"type": "work", "postalCode": "W1"}]}),
    ("addresses.country", {"addresses": [{"type": "work", "country": "UK"}]}),
]


@pytest.mark.parametrize(("field", "given"), PROFILE, ids=[field for field, _ in PROFILE])
def test_a_required_field_is_asked_for(tenant: WatchedTenant, field: str, given: dict[str, Any]) -> None:
    ada = user("ada", license=None, spec={"emails": []})
    tenant.apply(workgroup(pool=None, spec={"profile": {"required": [field]}}), ada)
    assert tenant.reason(ada) == "ProfileIncomplete"
    assert (tenant.condition(ada) or {})["message"].startswith(f"spec.{field}: ")
    tenant.apply(edited(ada, **given))
    assert tenant.is_ready(ada)


def test_a_required_attribute_is_asked_for(tenant: WatchedTenant) -> None:
    ada = user("ada", license=None)
    tenant.apply(workgroup(pool=None, spec={"attributes": [{"name": "plate", "required": True}]}), ada)
    assert tenant.reason(ada) == "ProfileIncomplete"
    assert '"plate"' in (tenant.condition(ada) or {})["message"]


def test_a_user_without_an_email_is_accepted_with_a_warning(tenant: WatchedTenant) -> None:
    ada = user("ada", license=None, spec={"emails": []})
    tenant.apply(workgroup(pool=None), ada)
    notifiable = tenant.condition(ada, "Notifiable") or {}
    assert tenant.is_ready(ada)
    assert (notifiable["status"], notifiable["reason"]) == ("False", "EmailMissing")
    tenant.apply(edited(ada, emails=[{"value": "ada@example.com"}]))
    assert tenant.condition(ada, "Notifiable") is None


def test_a_license_without_any_pool_is_refused(tenant: WatchedTenant) -> None:
    ada = user("ada", license="Static")
    tenant.apply(workgroup(pool=None), ada)
    assert tenant.reason(ada) == "LicenseNotApplicable"


@pytest.mark.parametrize("order", ["user first", "user last", "one by one"])
def test_objects_come_in_any_order(tenant: WatchedTenant, order: str) -> None:
    seats, policy, ada = pool(static=1), workgroup(spec=POLICY), user("ada", spec=entry(role="Agent"))
    if order == "user last":
        tenant.apply(seats, policy)
        tenant.apply(ada)
    elif order == "user first":
        tenant.apply(ada)
        assert tenant.reason(ada) == "WorkgroupNotFound"
        assert (tenant.condition(ada, "Reconciling") or {})["status"] == "True"
        tenant.apply(seats, policy)
    else:
        tenant.apply(ada)
        tenant.apply(policy)
        assert tenant.reason(ada) == tenant.reason(policy) == "LicensePoolNotFound"
        tenant.apply(seats)
    assert tenant.is_ready(ada)
    assert tenant.is_ready(policy)


def test_a_fault_that_needs_a_person_outweighs_one_that_may_pass(tenant: WatchedTenant) -> None:
    entries = [{"workgroupRef": "tracker", "role": "Boss"}, {"workgroupRef": "later"}]
    ada = user("ada", in_=entries)
    tenant.apply(pool(static=1), workgroup(spec=POLICY), ada)
    assert tenant.reason(ada) == "RoleNotFound"
    assert tenant.condition(ada, "Reconciling") is None
    assert '"later"' in (tenant.condition(ada) or {})["message"]


CONFLICTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("deletion.mode", {"deletion": {"mode": "Permanent"}}, {"deletion": {"mode": "Restorable"}}),
    ("attribute plate", {"attributes": [{"name": "plate"}]}, {"attributes": [{"name": "plate", "format": "Integer"}]}),
    (
        "preference unit",
        {"preferences": [{"name": "unit", "values": ["C"]}]},
        {"preferences": [{"name": "unit", "values": ["F"]}]},
    ),
]


@pytest.mark.parametrize(("what", "one", "other"), CONFLICTS, ids=[what for what, _, _ in CONFLICTS])
def test_workgroups_that_do_not_agree_cannot_share_an_account(
    tenant: WatchedTenant, what: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    both = [{"workgroupRef": "first"}, {"workgroupRef": "second"}]
    first, second = workgroup("first", spec=one), workgroup("second", spec=other)
    ada = user("ada", in_=both)
    tenant.apply(pool(static=1), first, second, ada)
    message = (tenant.condition(ada) or {})["message"]
    assert tenant.reason(ada) == "PolicyConflict"
    assert message.startswith("spec.workgroups[1].workgroupRef: ")
    assert what in message
    tenant.apply(edited(second, **one))
    assert tenant.is_ready(ada)


def test_workgroups_of_two_pools_cannot_share_an_account(tenant: WatchedTenant) -> None:
    ada = user("ada", in_=[{"workgroupRef": "first"}, {"workgroupRef": "second"}])
    first, second = workgroup("first", pool="seats"), workgroup("second", pool="others")
    tenant.apply(pool(static=1), pool("others", static=1), first, second, ada)
    assert tenant.reason(ada) == "PolicyConflict"
    assert "licensePoolRef" in (tenant.condition(ada) or {})["message"]


def test_the_newer_membership_is_refused_and_the_account_stays(tenant: WatchedTenant) -> None:
    ada = user("ada", in_="first")
    first, second = workgroup("first"), workgroup("second", spec={"deletion": {"mode": "Permanent"}})
    tenant.apply(pool(static=1), first, second, ada)
    both = edited(ada, workgroups=[{"workgroupRef": "first"}, {"workgroupRef": "second"}])
    tenant.apply(both)
    assert tenant.reason(both) == "PolicyConflict"
    assert [m["workgroupRef"] for m in tenant.status(both)["workgroups"]] == ["first"]
    tenant.apply(deleted(both))
    assert tenant.status_of(first.kind, "second")["conditions"][0]["status"] == "True"


def test_of_login_rules_each_holds(tenant: WatchedTenant) -> None:
    entries = [{"workgroupRef": "first"}, {"workgroupRef": "second"}]
    long = user("ada-lovelace", in_=entries)
    first, second = workgroup("first"), workgroup("second", spec={"login": {"maxLength": 8}})
    tenant.apply(pool(static=1), first, second, long)
    assert tenant.reason(long) == "LoginInvalid"
    assert 'Workgroup "second" accepts 8' in (tenant.condition(long) or {})["message"]
