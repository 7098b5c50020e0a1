"""A User leaves a workgroup or group only when what it holds there is settled (NR-17, NR-22, NR-25)."""

from typing import Any

import pytest

from tenantry.domain.reason import Reason
from tenantry.services.holdings import Registration, put_holdings
from tests.support.builders import pool
from tests.support.edits import edited
from tests.support.holdings import DESK, SEATS, TO_BOB, agent, counts, forget, give, held, offboarding, policy, put
from tests.support.watched import WatchedTenant


@pytest.fixture
def desk(tenant: WatchedTenant) -> WatchedTenant:
    tenant.apply(SEATS, DESK, agent("ann"), agent("bob"), agent("rex", "Restricted"))
    return tenant


def test_nr_25_leaving_a_workgroup_waits_for_what_is_held_there(desk: WatchedTenant) -> None:
    both = [{"workgroupRef": "desk"}, {"workgroupRef": "other"}]
    desk.apply(policy("other"), ann := edited(agent("ann"), workgroups=both))
    put(desk, "ann", "record", "r1")
    put(desk, "ann", "record", "r1", workgroup="other")
    desk.apply(ann := edited(ann, workgroups=both[1:], displayName="Ann"))
    assert (desk.reason(ann), counts(desk, ann)) == (Reason.HOLDINGS_LEFT, {"record": 1})
    assert [m["workgroupRef"] for m in desk.status(ann)["workgroups"]] == ["desk", "other"]
    assert desk.status(ann)["state"] == "Active"
    give(desk, "ann", "bob", workgroup="desk")
    assert (desk.is_ready(ann), counts(desk, ann)) == (True, {})
    assert [m["workgroupRef"] for m in desk.status(ann)["workgroups"]] == ["other"]
    assert (held(desk, "ann"), held(desk, "bob")) == (["r1"], ["r1"])


@pytest.mark.parametrize("entry", [[], [{"workgroupRef": "desk", "membership": "Available"}]], ids=["out", "available"])
def test_nr_25_the_offboarding_serves_the_deletion_from_a_workgroup(
    desk: WatchedTenant, entry: list[dict[str, str]]
) -> None:
    other = [{"workgroupRef": "other"}]
    desk.apply(policy("other"), ann := edited(agent("ann"), workgroups=[{"workgroupRef": "desk"}, *other]))
    put(desk, "ann", "record", "r1")
    desk.apply(ann := edited(ann, workgroups=[*entry, *other], offboarding=TO_BOB))
    assert (desk.is_ready(ann), held(desk, "ann"), held(desk, "bob")) == (True, [], ["r1"])


@pytest.mark.parametrize("end", ["edited", "deleted", "given away", "group kept"])
def test_nr_22_a_query_that_covers_a_group_alone_keeps_its_account_in_the_group(desk: WatchedTenant, end: str) -> None:
    def entry(*groups: str) -> list[dict[str, Any]]:
        return [{"workgroupRef": "desk", "groups": list(groups)}]

    desk.apply(ann := edited(agent("ann"), workgroups=entry("Sales", "Ops")))
    put(desk, "ann", "query", "q1", covers="Sales")
    put(desk, "ann", "query", "q2", covers="Ops")
    put(desk, "ann", "alert", "a1", covers="Sales")
    put(desk, "ann", "query", "q3")
    desk.apply(ann := edited(ann, workgroups=entry("Ops")))
    assert (desk.reason(ann), counts(desk, ann)) == (Reason.HOLDINGS_LEFT, {"query": 1})
    assert desk.status(ann)["workgroups"][0]["groups"] == ["Sales", "Ops"]
    match end:
        case "edited":
            put(desk, "ann", "query", "q1")
        case "deleted":
            forget(desk, "query", "q1")
        case "given away":
            give(desk, "ann", "bob", kind="query")
        case _:
            desk.apply(ann := edited(ann, workgroups=entry("Sales", "Ops")))
    assert desk.is_ready(ann)
    assert desk.status(ann)["workgroups"][0]["groups"] == (["Sales", "Ops"] if end == "group kept" else ["Ops"])


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"kind": "recrod", "reassignTo": "bob"}, Reason.HOLDING_NOT_FOUND),
        ({"kind": "record", "drop": True}, Reason.HOLDING_NOT_DROPPABLE),
        ({"kind": "record", "reassignTo": "ann"}, Reason.ASSIGNEE_NOT_ALLOWED),
        ({"kind": "alert", "drop": True}, Reason.PROVISIONED),
        ({"kind": "record", "reassignTo": "nobody-yet"}, Reason.PROVISIONED),
        ({"kind": "*", "drop": True}, Reason.PROVISIONED),
        ({"workgroupRef": "dseks", "kind": "record", "reassignTo": "bob"}, Reason.WORKGROUP_NOT_FOUND),
    ],
)
def test_nr_17_an_offboarding_that_could_never_be_carried_out_is_refused_before(
    desk: WatchedTenant, choice: dict[str, Any], reason: Reason
) -> None:
    desk.apply(ann := agent("ann", offboarding=offboarding(choice)))
    assert desk.reason(ann) == reason


@pytest.mark.parametrize("first", ["the User", "the Workgroup"])
def test_an_offboarding_is_checked_against_its_workgroup_whichever_comes_first(desk: WatchedTenant, first: str) -> None:
    choice = {"workgroupRef": "other", "kind": "recrod", "reassignTo": "bob"}
    objects = [ann := agent("ann", offboarding=offboarding(choice)), policy("other")]
    for seen in objects if first == "the User" else reversed(objects):
        desk.apply(seen)
    assert desk.reason(ann) == Reason.HOLDING_NOT_FOUND


def test_nr_17_who_leaves_a_workgroup_gives_only_to_whom_the_policy_lets_in(desk: WatchedTenant) -> None:
    both = [{"workgroupRef": "desk"}, {"workgroupRef": "other"}]
    desk.apply(policy("other"), ann := edited(agent("ann"), workgroups=both))
    put(desk, "ann", "record", "r1")
    put(desk, "bob", "record", "r2")
    put(desk, "ann", "record", "r3", workgroup="other")
    desk.apply(ann := edited(ann, workgroups=both[1:]))
    assert give(desk, "ann", "rex", workgroup="desk") == [Reason.ASSIGNEE_NOT_ALLOWED]
    assert give(desk, "bob", "ann") == [Reason.ASSIGNEE_NOT_ALLOWED]  # she leaves what she is given it in
    assert give(desk, "ann", "bob", workgroup="other") == [Reason.ASSIGNEE_NOT_ALLOWED]  # he is not there
    assert (desk.reason(ann), held(desk, "ann")) == (Reason.HOLDINGS_LEFT, ["r1", "r3"])
    assert give(desk, "ann", "bob", workgroup="desk") == []
    assert desk.is_ready(ann)


def test_nobody_is_registered_with_what_belongs_to_a_workgroup_that_it_left(desk: WatchedTenant) -> None:
    both = [{"workgroupRef": "desk"}, {"workgroupRef": "other"}]
    desk.apply(policy("other"), ann := edited(agent("ann"), workgroups=both))
    desk.apply(edited(ann, workgroups=both[1:]))
    wanted = Registration("desk", "record", "ann", ("late",))
    result = put_holdings(desk.store, desk.ref.namespace, wanted, desk.now)
    assert ([r.reason for r in result.refusals], held(desk, "ann")) == ([Reason.NOT_A_MEMBER], [])


def test_one_whose_seat_was_taken_back_still_has_what_it_is_registered_with(tenant: WatchedTenant) -> None:
    bought = pool(static=1, spec={"whenReduced": {"policy": "Evict", "graceDays": 0}})
    tenant.apply(bought, DESK, agent("ann"))
    tenant.later(seconds=1).apply(edited(bought, licenses=[{"type": "Static", "quantity": 0}]))
    put(tenant, "ann", "record", "r1")
    assert held(tenant, "ann") == ["r1"]
