"""What accounts hold in applications, and the policies that say what becomes of it."""

from typing import Any

from tenantry.domain.observed import Kind, Observed
from tenantry.domain.reason import Reason
from tenantry.services.holdings import (
    Deletion,
    Handover,
    Registration,
    delete_holdings,
    list_holdings,
    put_holdings,
    reassign_holdings,
)
from tenantry.specs import UserSpec
from tests.support.builders import pool, user, workgroup
from tests.support.watched import WatchedTenant

INNER = {"licenseTypes": ["Static", "Floating"], "userTypes": ["Internal"], "systemUsers": ["TBD"]}
HOLDINGS = [
    {"kind": "record", "assignees": INNER},
    {"kind": "alert", "droppable": True, "assignees": INNER},
    {"kind": "query", "droppable": True, "assignees": INNER, "onGroupRemoval": "BlockIfSoleCoverage"},
    {"kind": "draft", "onDelete": "Drop"},
    {"kind": "device", "onDelete": "Reassign", "defaultAssignee": "bob"},
]


def policy(name: str, **deletion: Any) -> Observed[Any]:
    """Return a Workgroup that has a policy for each kind of holding."""
    spec = {
        "systemUsers": [{"userName": "TBD"}],
        "groups": [{"name": "Sales"}, {"name": "Ops"}],
        "deletion": {"holdings": HOLDINGS, **deletion},
    }
    return workgroup(name, spec=spec)


DESK = policy("desk")
SEATS = pool(spec={"licenses": [{"type": "Static", "quantity": 4}, {"type": "Restricted", "quantity": 4}]})
TO_BOB = {"holdings": [{"workgroupRef": "desk", "kind": "*", "reassignTo": "bob"}]}


def agent(login: str, /, license_: str = "Static", **spec: Any) -> Observed[UserSpec]:
    """Return a member of the desk."""
    return user(login, license=license_, in_="desk", spec=spec)


def offboarding(*choices: dict[str, Any]) -> dict[str, Any]:
    """Return choices for what is held at the desk."""
    return {"holdings": [{"workgroupRef": "desk", **choice} for choice in choices]}


def put(tenant: WatchedTenant, owner: str, kind: str, *names: str, **fields: str) -> None:
    """Register holdings with an account."""
    wanted = Registration(fields.pop("workgroup", "desk"), kind, owner, names, **fields)
    assert not put_holdings(tenant.store, tenant.ref.namespace, wanted, tenant.now).refusals
    tenant.settle()


def give(tenant: WatchedTenant, giver: str, taker: str, **only: str) -> list[Reason]:
    """Reassign holdings, and return why they were not."""
    result = reassign_holdings(tenant.store, tenant.ref.namespace, Handover(giver, taker, **only), tenant.now)
    tenant.settle()
    return [refusal.reason for refusal in result.refusals]


def forget(tenant: WatchedTenant, kind: str, *names: str) -> None:
    """Delete holdings of the desk."""
    delete_holdings(tenant.store, tenant.ref.namespace, Deletion("desk", kind, names), tenant.now)
    tenant.settle()


def held(tenant: WatchedTenant, owner: str) -> list[str]:
    """Return the names of what an account holds."""
    return [h.name for h in list_holdings(tenant.store, tenant.ref.namespace, owner=owner)]


def counts(tenant: WatchedTenant, seen: Observed[Any]) -> dict[str, int]:
    """Return by kind how much holds a User up."""
    return {h["kind"]: h["count"] for h in tenant.status(seen).get("holdings", ())}


def used(tenant: WatchedTenant) -> int:
    """Return how many seats are taken."""
    return int(tenant.status_of(Kind.LICENSE_POOL, "seats")["used"])


def waiting(tenant: WatchedTenant) -> int:
    """Return how many accounts wait for a seat."""
    return sum(bought["waiting"] for bought in tenant.status_of(Kind.LICENSE_POOL, "seats")["licenses"])


def is_gone(tenant: WatchedTenant, seen: Observed[Any]) -> bool:
    """Tell whether the object is gone."""
    return seen.uid not in tenant.objects
