"""Roles that a LicensePool names and that are not there: told of the pool, which is in force all the same."""

from typing import Any

import pytest

from tenantry.domain.draft import plan_draft
from tenantry.domain.observed import Kind, Observed
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited
from tests.support.watched import WatchedTenant

ROLES = [{"name": "Agent"}, {"name": "Boss"}]


def as_(role: str, in_: str = "tracker") -> dict[str, str]:
    return {"workgroupRef": in_, "role": role}


def sold(role: dict[str, str], free: dict[str, str] | None = None) -> Observed[Any]:
    limit = {"name": "agents", "included": 5, "consumedBy": [as_("Boss"), role]}
    return pool(spec={"limits": [limit], "freeRoles": [free] if free else []})


def told(tenant: WatchedTenant, seen: Observed[Any]) -> tuple[str, str, str]:
    found = tenant.condition(seen, "RolesDefined") or {}
    return found["status"], found["reason"], found["message"]


@pytest.mark.parametrize(
    ("seats", "reason", "message"),
    [
        (
            sold(as_("Agnet")),
            "RoleNotFound",
            'consumedBy[1].role: role "Agnet" is not defined in Workgroup "tracker"; there are Agent, Boss',
        ),
        (
            sold(as_("Agent", "trakcer")),
            "WorkgroupNotFound",
            (
                'consumedBy[1].workgroupRef: Workgroup "trakcer" does not exist; '
                "create it, or correct the name; there is tracker"
            ),
        ),
        (
            sold(as_("Agent"), free=as_("Guest")),
            "RoleNotFound",
            'freeRoles[0].role: role "Guest" is not defined in Workgroup "tracker"; there are Agent, Boss',
        ),
    ],
    ids=["role", "workgroup", "free role"],
)
def test_a_role_that_is_not_there_is_told_and_the_pool_is_in_force(
    tenant: WatchedTenant, seats: Observed[Any], reason: str, message: str
) -> None:
    objects = [seats, workgroup(spec={"roles": ROLES})]
    tenant.apply(*objects)
    assert told(tenant, seats)[:2] == ("False", reason)
    assert told(tenant, seats)[2].endswith(message)
    assert tenant.is_ready(seats)
    (warned,) = (w for verdict in plan_draft(objects, tenant.now, offers={}) for w in verdict.warnings)
    assert (warned.reason, str(warned)) == (reason, told(tenant, seats)[2])


def test_it_heals_when_workgroup_and_role_come_and_is_told_again_when_they_go(tenant: WatchedTenant) -> None:
    seats = sold(as_("Agent"))
    tenant.apply(seats)
    assert told(tenant, seats)[:2] == ("False", "WorkgroupNotFound")
    policy = workgroup(spec={"roles": ROLES[1:]})
    tenant.apply(policy)
    assert told(tenant, seats)[:2] == ("False", "RoleNotFound")
    policy = edited(policy, roles=ROLES)
    tenant.apply(policy)
    assert told(tenant, seats) == ("True", "RolesDefined", "Every role that the pool names is there.")
    tenant.apply(deleted(policy))
    assert told(tenant, seats)[:2] == ("False", "WorkgroupNotFound")


def test_a_pool_that_names_no_role_says_nothing_of_roles(tenant: WatchedTenant) -> None:
    tenant.apply(pool(static=1))
    assert [c["type"] for c in tenant.status_of(Kind.LICENSE_POOL, "seats")["conditions"]] == ["Ready", "OverCommitted"]


def test_a_membership_without_a_role_is_told_that_it_names_none(tenant: WatchedTenant) -> None:
    ada = user("ada", license=None)
    tenant.apply(sold(as_("Agent")), workgroup(spec={"roles": ROLES}), ada)
    assert tenant.reason(ada) == "RoleNotInPlan"
    message = 'LicensePool "seats" has limits, and the membership names no role; there are Agent, Boss'
    assert message in (tenant.condition(ada) or {})["message"]
