"""ProjectMembers: who may do what in a project (TH-11 to TH-13)."""

from typing import Any

import pytest

from tenantry.domain.access import Resource
from tenantry.domain.observed import Observed
from tenantry.services.access import Request, explain
from tests.support.builders import project_member, user, workgroup
from tests.support.edits import deleted, edited, made_again
from tests.support.watched import WatchedTenant

GREENHOUSE = {
    "name": "greenhouse",
    "resources": [
        {"type": "device", "names": ["north", "south"], "operations": ["read", "write"]},
        {"type": "device", "names": ["pump"], "operations": ["call"]},
        {"type": "bucket", "names": ["climate"], "operations": ["read"]},
    ],
}
ROLES = [{"name": "User", "requiresProject": True}, {"name": "Developer"}]


def instance(**fields: object) -> Observed[Any]:
    return workgroup("instance", pool=None, spec={"projects": [GREENHOUSE], "roles": ROLES, **fields})


def guest(name: str = "anna", role: str = "User", **meta: Any) -> Observed[Any]:
    return user(name, license=None, in_=[{"workgroupRef": "instance", "role": role}], **meta)


def rule(type_: str = "device", names: tuple[str, ...] = ("north",), *operations: str) -> dict[str, Any]:
    return {"type": type_, "names": list(names), "operations": list(operations or ("read",))}


def member(name: str = "anna-greenhouse", /, **fields: object) -> Observed[Any]:
    spec = {"workgroupRef": "instance", "project": "greenhouse", "userRef": "anna", "allow": [rule()], **fields}
    return project_member(name, spec=spec)


def assigned(tenant: WatchedTenant, seen: Observed[Any]) -> tuple[str, str]:
    condition = tenant.condition(seen, "ProjectsAssigned")
    assert condition is not None
    return condition["status"], condition["reason"]


def test_a_project_user_says_so_until_it_is_in_a_project(tenant: WatchedTenant) -> None:
    anna, part = guest(), member()
    tenant.apply(instance(), anna)
    assert tenant.is_ready(anna)
    assert assigned(tenant, anna) == ("False", "NoProject")
    tenant.apply(part)
    assert tenant.is_ready(part)
    assert assigned(tenant, anna) == ("True", "ProjectsAssigned")
    tenant.apply(deleted(part))
    assert assigned(tenant, anna) == ("False", "NoProject")


def test_a_role_that_asks_for_no_project_says_nothing_of_one(tenant: WatchedTenant) -> None:
    dev = guest("dev", role="Developer")
    tenant.apply(instance(), dev)
    assert tenant.condition(dev, "ProjectsAssigned") is None


def test_one_of_two_projects_is_enough(tenant: WatchedTenant) -> None:
    anna, one, two = guest(), member("one"), member("two")
    tenant.apply(instance(), anna, one, two)
    tenant.apply(deleted(one))
    assert assigned(tenant, anna) == ("True", "ProjectsAssigned")


REFUSED = [
    ({"workgroupRef": "nowhere"}, "WorkgroupNotFound", "spec.workgroupRef", '"nowhere"'),
    ({"project": "fleet"}, "ProjectNotFound", "spec.project", '"fleet"'),
    ({"userRef": "nobody"}, "UserNotFound", "spec.userRef", '"nobody"'),
    ({"allow": [rule("robot")]}, "ProjectResourceNotFound", "spec.allow[0].type", '"robot"'),
    ({"allow": [rule(), rule(names=("north", "west"))]}, "ProjectResourceNotFound", "spec.allow[1].names", '"west"'),
    ({"deny": [rule("device", ("north",), "erase")]}, "OperationNotFound", "spec.deny[0].operations", '"erase"'),
    ({"allow": [rule("bucket", ("*",), "write")]}, "OperationNotFound", "spec.allow[0].operations", '"write"'),
]


@pytest.mark.parametrize(("fields", "reason", "field", "value"), REFUSED, ids=[f"{r[1]} {r[3]}" for r in REFUSED])
def test_only_what_the_project_shares_can_be_named(
    tenant: WatchedTenant, fields: dict[str, object], reason: str, field: str, value: str
) -> None:
    anna, part = guest(), member(**fields)
    tenant.apply(instance(), anna, part)
    message = (tenant.condition(part) or {})["message"]
    assert tenant.reason(part) == reason
    assert message.startswith(f"{field}: ")
    assert value in message
    assert assigned(tenant, anna) == ("False", "NoProject")


def test_an_operation_that_only_other_devices_have_is_refused(tenant: WatchedTenant) -> None:
    """The project lets the pump be called, not the north bay."""
    part = member(allow=[rule("device", ("north",), "call")])
    tenant.apply(instance(), guest(), part)
    assert tenant.reason(part) == "OperationNotFound"


@pytest.mark.parametrize(
    "rules",
    [[rule("device", ("*",), "read")], [rule("device", ("north", "south"), "read", "write")], []],
    ids=["every name", "two names", "no rule"],
)
def test_what_the_project_shares_is_accepted(tenant: WatchedTenant, rules: list[dict[str, Any]]) -> None:
    part = member(allow=rules)
    tenant.apply(instance(), guest(), part)
    assert tenant.is_ready(part)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (2, 0, 1), (1, 2, 0)])
def test_member_user_and_workgroup_come_in_any_order(tenant: WatchedTenant, order: tuple[int, ...]) -> None:
    objects = [instance(), guest(), member()]
    for index in order:
        tenant.apply(objects[index])
    assert [tenant.is_ready(each) for each in objects] == [True, True, True]
    assert assigned(tenant, objects[1]) == ("True", "ProjectsAssigned")


def test_a_user_that_is_only_available_is_no_member(tenant: WatchedTenant) -> None:
    anna = user("anna", license=None, in_=[{"workgroupRef": "instance", "membership": "Available"}])
    part = member()
    tenant.apply(instance(roles=[]), anna, part)
    assert tenant.reason(part) == "NotAMember"
    tenant.apply(edited(anna, workgroups=[{"workgroupRef": "instance"}]))
    assert tenant.is_ready(part)


def test_the_rules_end_with_the_user_and_come_back_with_a_new_one(tenant: WatchedTenant) -> None:
    anna, part = guest(), member()
    tenant.apply(instance(deletion={"mode": "Permanent"}), anna, part)
    tenant.apply(deleted(anna))
    assert tenant.reason(part) == "UserNotFound"
    again = made_again(anna)
    tenant.apply(again)
    assert tenant.is_ready(part)
    assert assigned(tenant, again) == ("True", "ProjectsAssigned")


def test_the_rules_end_with_the_project_and_come_back_with_it(tenant: WatchedTenant) -> None:
    policy, anna, part = instance(), guest(), member()
    tenant.apply(policy, anna, part)
    without = edited(policy, projects=[])
    tenant.apply(without)
    assert tenant.reason(part) == "ProjectNotFound"
    assert assigned(tenant, anna) == ("False", "NoProject")
    tenant.apply(edited(without, projects=[GREENHOUSE]))
    assert tenant.is_ready(part)
    assert assigned(tenant, anna) == ("True", "ProjectsAssigned")


def test_a_refused_edit_puts_the_rules_out_of_force(tenant: WatchedTenant) -> None:
    anna, part = guest(), member()
    tenant.apply(instance(), anna, part)
    wrong = edited(part, allow=[rule("robot")])
    tenant.apply(wrong)
    assert tenant.reason(wrong) == "ProjectResourceNotFound"
    assert assigned(tenant, anna) == ("False", "NoProject")


def test_a_member_whose_references_are_gone_goes_at_once(tenant: WatchedTenant) -> None:
    part = member(workgroupRef="nowhere", userRef="nobody")
    tenant.apply(part)
    (outcome,) = tenant.apply(deleted(part))
    assert outcome.released


def test_th_12_what_a_member_denies_stays_denied_while_it_is_refused(tenant: WatchedTenant) -> None:
    """A resource that goes from the project must not lift the deny on another."""
    policy = instance()
    open_ = member("open", allow=[rule("device", ("north",), "read", "write")])
    held = member("held", allow=[], deny=[rule("device", ("north",), "write"), rule("device", ("south",))])
    tenant.apply(policy, guest(), open_, held)

    def decide(action: str) -> str:
        request = Request("anna", action, Resource("device", "north"))
        return str(explain(tenant.store, request, tenant.now).decision.reason)

    assert (decide("read"), decide("write")) == ("GrantedByProject", "DeniedByProject")
    fewer = {**GREENHOUSE, "resources": [{"type": "device", "names": ["north"], "operations": ["read", "write"]}]}
    tenant.apply(edited(policy, projects=[fewer]))
    assert tenant.reason(held) == "ProjectResourceNotFound"
    assert (decide("read"), decide("write")) == ("GrantedByProject", "DeniedByProject")
    tenant.apply(deleted(held))
    assert decide("write") == "GrantedByProject"


def test_th_11_a_refused_member_puts_nobody_in_a_project(tenant: WatchedTenant) -> None:
    anna = guest()
    broken = member(deny=[rule("device", ("nowhere",))])
    tenant.apply(instance(), anna, broken)
    assert tenant.reason(broken) == "ProjectResourceNotFound"
    assert assigned(tenant, anna) == ("False", "NoProject")
