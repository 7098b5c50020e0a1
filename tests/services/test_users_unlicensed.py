"""A member without a license where licenses are sold: an account that cannot log in (NR-08)."""

from datetime import UTC, datetime
from typing import Any

from tenantry.domain.access import Resource
from tenantry.domain.draft import plan_draft
from tenantry.domain.observed import Observed
from tenantry.services.access import Request, explain
from tenantry.services.accounts import list_accounts
from tenantry.specs import UserSpec
from tests.support.builders import pool, user, workgroup
from tests.support.edits import edited
from tests.support.watched import WatchedTenant

READ = {"name": "Notes", "levels": [{"name": "Read", "actions": ["note:read"]}]}
AGENT = [{"workgroupRef": "tracker", "role": "Agent"}]
LIMIT = {"name": "agents", "included": 5, "consumedBy": AGENT}
LICENSES = [{"type": "Static", "quantity": 1}, {"type": "Floating", "quantity": 1}]


def tracker(**more: Any) -> Observed[Any]:
    return workgroup(spec={"roles": [{"name": "Agent"}], "modules": [READ]}, **more)


def ada(**spec: Any) -> Observed[UserSpec]:
    return user("ada", license=None, in_=AGENT, spec=spec)


def warning(tenant: WatchedTenant, seen: Observed[Any]) -> dict[str, Any]:
    return tenant.condition(seen, "Licensed") or {}


def may_log_in(tenant: WatchedTenant) -> bool:
    return next(a.may_log_in for a in list_accounts(tenant.store) if a.login == "ada")


def gate(tenant: WatchedTenant) -> tuple[bool, str]:
    found = explain(tenant.store, Request("ada", "read", Resource("note", "n-1")), datetime.now(UTC)).decision
    return found.allowed, found.reason


def test_nr_08_a_member_without_a_license_is_accepted_and_cannot_log_in(tenant: WatchedTenant) -> None:
    person = ada()
    tenant.apply(pool(spec={"licenses": LICENSES}), tracker(), person)
    assert tenant.is_ready(person)
    assert tenant.status(person)["state"] == "Active"
    assert (warning(tenant, person)["status"], warning(tenant, person)["reason"]) == ("False", "LicenseMissing")
    assert "set spec.license.type (Static, Floating)" in warning(tenant, person)["message"]
    assert not may_log_in(tenant)
    assert gate(tenant) == (False, "LicenseMissing")


def test_nr_08_with_a_license_the_account_can_log_in_at_once(tenant: WatchedTenant) -> None:
    person = ada()
    tenant.apply(pool(spec={"licenses": LICENSES}), tracker(), person)
    licensed = edited(person, license={"type": "Static"})
    tenant.apply(licensed)
    assert warning(tenant, licensed) == {}
    assert may_log_in(tenant)
    assert gate(tenant) == (True, "GrantedByLevel")
    tenant.apply(unlicensed := edited(licensed, license=None))
    assert warning(tenant, unlicensed)["reason"] == "LicenseMissing"
    assert not may_log_in(tenant)


def test_nr_24_available_only_takes_no_license(tenant: WatchedTenant) -> None:
    person = ada(workgroups=[{"workgroupRef": "tracker", "membership": "Available"}])
    tenant.apply(pool(spec={"licenses": LICENSES}), tracker(), person)
    assert warning(tenant, person) == {}
    assert may_log_in(tenant)


def test_a_workgroup_without_a_pool_asks_for_no_license(tenant: WatchedTenant) -> None:
    person = ada()
    tenant.apply(pool(spec={"licenses": LICENSES}), tracker(pool=None), person)
    assert warning(tenant, person) == {}
    assert gate(tenant) == (True, "GrantedByLevel")


def test_a_pool_with_limits_only_asks_for_no_license(tenant: WatchedTenant) -> None:
    person = ada()
    tenant.apply(pool(spec={"limits": [LIMIT]}), tracker(), person)
    assert warning(tenant, person) == {}
    assert gate(tenant) == (True, "GrantedByLevel")


def test_when_a_pool_begins_or_ceases_to_sell_licenses_its_users_are_looked_at_again(tenant: WatchedTenant) -> None:
    seats, person = pool(spec={"limits": [LIMIT]}), ada()
    tenant.apply(seats, tracker(), person)
    selling = edited(seats, licenses=LICENSES)
    tenant.apply(selling)
    assert warning(tenant, person)["reason"] == "LicenseMissing"
    assert not may_log_in(tenant)
    tenant.apply(edited(selling, licenses=None))
    assert warning(tenant, person) == {}
    assert may_log_in(tenant)


def test_validate_tells_of_the_missing_license_too(tenant: WatchedTenant) -> None:
    objects = [pool(spec={"licenses": LICENSES}), tracker(), ada()]
    verdict = next(v for v in plan_draft(objects, tenant.now, offers={}) if v.seen.name == "ada")
    assert verdict.refusals == ()
    assert [warned.reason for warned in verdict.warnings] == ["LicenseMissing"]
