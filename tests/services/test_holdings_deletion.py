"""A User goes only when what its account holds is settled (NR-16, NR-17)."""

import pytest

from tenantry.domain.reason import Reason
from tenantry.services.accounts import list_accounts
from tenantry.services.work import TenantRef
from tests.support.builders import pool
from tests.support.edits import deleted, edited, made_again, paused
from tests.support.holdings import (
    DESK,
    HOLDINGS,
    SEATS,
    TO_BOB,
    agent,
    counts,
    forget,
    give,
    held,
    is_gone,
    offboarding,
    policy,
    put,
    used,
    waiting,
)
from tests.support.invariants import actions_on_record
from tests.support.watched import WatchedTenant


@pytest.fixture
def desk(tenant: WatchedTenant) -> WatchedTenant:
    tenant.apply(SEATS, DESK, agent("ann"), agent("bob"), agent("rex", "Restricted"))
    return tenant


def test_nr_16_with_holdings_left_the_user_stays_and_says_which(desk: WatchedTenant) -> None:
    ann = agent("ann")
    put(desk, "ann", "record", "r1", "r2")
    put(desk, "ann", "alert", "a1")
    desk.apply(ann := deleted(ann))
    status = desk.status(ann)
    assert (status["state"], counts(desk, ann)) == ("Deleting", {"alert": 1, "record": 2})
    assert (desk.reason(ann), desk.is_ready(ann)) == (Reason.HOLDINGS_LEFT, False)
    told = desk.condition(ann, "Stalled")
    assert told is not None
    assert '2 holdings of kind "record" in Workgroup "desk"' in told["message"]
    assert "--from ann --to LOGIN --workgroup desk --kind record" in told["message"]
    assert (status["license"]["type"], used(desk)) == ("Static", 3)
    (line,) = (a for a in list_accounts(desk.store) if a.login == "ann")
    assert (line.state, line.reason) == ("Deleting", Reason.HOLDINGS_LEFT)


def test_nr_16_the_deletion_goes_on_by_itself_once_everything_is_settled(desk: WatchedTenant) -> None:
    ann = agent("ann")
    put(desk, "ann", "record", "r1", "r2")
    put(desk, "ann", "alert", "a1")
    desk.apply(ann := deleted(ann))
    assert give(desk, "ann", "bob", kind="record") == []
    assert counts(desk, ann) == {"alert": 1}
    forget(desk, "alert", "a1")
    assert (is_gone(desk, ann), used(desk), held(desk, "bob")) == (True, 2, ["r1", "r2"])


def test_nr_16_a_seat_that_is_kept_for_holdings_goes_to_the_next_in_line_with_them(tenant: WatchedTenant) -> None:
    ann, bob, zoe = agent("ann"), agent("bob"), agent("zoe")
    tenant.apply(pool(static=2), DESK, ann, bob)
    tenant.apply(zoe)
    put(tenant, "ann", "record", "r1")
    tenant.apply(deleted(ann))
    assert tenant.status(zoe)["state"] == "Waiting"
    give(tenant, "ann", "bob")
    assert tenant.is_ready(zoe)


def test_nr_17_the_offboarding_is_carried_out_with_the_deletion(desk: WatchedTenant) -> None:
    choices = offboarding({"kind": "*", "reassignTo": "bob"}, {"kind": "alert", "drop": True})
    ann = agent("ann", offboarding=choices)
    desk.apply(ann)
    put(desk, "ann", "record", "r1", "r2")
    put(desk, "ann", "alert", "a1")
    put(desk, "ann", "draft", "d1")
    desk.apply(deleted(ann))
    assert is_gone(desk, ann)
    assert (held(desk, "ann"), held(desk, "bob")) == ([], ["d1", "r1", "r2"])
    assert sorted(actions_on_record(desk.store, "Holding")[-3:]) == ["HoldingsDropped", *["HoldingsReassigned"] * 2]


def test_what_the_policy_drops_or_gives_on_holds_nobody_up(desk: WatchedTenant) -> None:
    put(desk, "ann", "draft", "d1")
    put(desk, "ann", "device", "m1")
    desk.apply(open_ := edited(DESK, deletion={}))
    put(desk, "ann", "unheard-of", "u1")
    desk.apply(edited(open_, deletion={"holdings": HOLDINGS}))
    desk.apply(ann := deleted(agent("ann")))
    assert (is_gone(desk, ann), held(desk, "bob"), held(desk, "ann")) == (True, ["m1"], [])


def test_while_something_is_left_nothing_is_given_away(desk: WatchedTenant) -> None:
    put(desk, "ann", "device", "m1")
    put(desk, "ann", "record", "r1")
    desk.apply(ann := deleted(agent("ann")))
    assert (held(desk, "ann"), held(desk, "bob"), counts(desk, ann)) == (["m1", "r1"], [], {"record": 1})


def test_nr_17_a_restricted_assignee_is_refused_until_the_choice_is_edited(desk: WatchedTenant) -> None:
    ann = agent("ann", offboarding=offboarding({"kind": "record", "reassignTo": "rex"}))
    desk.apply(ann)
    put(desk, "ann", "record", "r1")
    desk.apply(ann := deleted(ann))
    assert desk.reason(ann) == Reason.ASSIGNEE_NOT_ALLOWED
    desk.apply(ann := edited(ann, offboarding=TO_BOB))
    assert (is_gone(desk, ann), held(desk, "bob")) == (True, ["r1"])


def test_an_assignee_that_comes_or_changes_lets_the_deletion_go_on(desk: WatchedTenant) -> None:
    ann = agent("ann", offboarding=offboarding({"kind": "record", "reassignTo": "new"}))
    desk.apply(ann)
    put(desk, "ann", "record", "r1")
    desk.apply(ann := deleted(ann))
    assert (desk.reason(ann), desk.condition(ann, "Reconciling") is not None) == (Reason.ASSIGNEE_NOT_FOUND, True)
    desk.apply(new := agent("new", "Restricted"))
    assert desk.reason(ann) == Reason.ASSIGNEE_NOT_ALLOWED
    desk.apply(edited(new, license={"type": "Static"}))
    assert (is_gone(desk, ann), held(desk, "new")) == (True, ["r1"])


def test_a_policy_that_blocks_no_more_lets_the_deletion_go_on(desk: WatchedTenant) -> None:
    put(desk, "ann", "record", "r1")
    desk.apply(ann := deleted(agent("ann")))
    desk.apply(edited(DESK, deletion={"holdings": []}))
    assert is_gone(desk, ann)


def test_nr_17_at_a_deletion_system_users_are_given_nothing(desk: WatchedTenant) -> None:
    put(desk, "ann", "record", "r1")
    desk.apply(ann := deleted(agent("ann")))
    assert give(desk, "ann", "TBD", workgroup="desk") == [Reason.ASSIGNEE_NOT_ALLOWED]
    assert give(desk, "ann", "rex") == [Reason.ASSIGNEE_NOT_ALLOWED]
    put(desk, "bob", "record", "r2")
    assert give(desk, "bob", "ann") == [Reason.ASSIGNEE_NOT_ALLOWED]  # she goes
    assert (held(desk, "ann"), is_gone(desk, ann)) == (["r1"], False)


def test_who_goes_in_the_same_batch_is_given_nothing(desk: WatchedTenant) -> None:
    ann, bob = agent("ann", offboarding=TO_BOB), agent("bob")
    desk.apply(ann)
    put(desk, "ann", "record", "r1")
    desk.apply(ann := deleted(ann), deleted(bob))
    assert (desk.reason(ann), is_gone(desk, bob)) == (Reason.ASSIGNEE_NOT_FOUND, True)
    desk.apply(edited(ann, offboarding=offboarding({"kind": "alert", "drop": True})))
    assert desk.reason(ann) == Reason.HOLDINGS_LEFT


def test_what_is_given_to_one_who_leaves_the_workgroup_next_is_given_on(desk: WatchedTenant) -> None:
    desk.apply(policy("other"), carl := agent("carl"))
    ann = agent("ann", offboarding=offboarding({"kind": "record", "reassignTo": "bob"}))
    bob = edited(agent("bob"), offboarding=offboarding({"kind": "record", "reassignTo": "carl"}))
    desk.apply(ann, bob)
    put(desk, "ann", "record", "r1")
    desk.apply(deleted(ann), edited(bob, workgroups=[{"workgroupRef": "other"}]))
    assert (held(desk, "bob"), held(desk, "carl")) == ([], ["r1"])
    assert desk.is_ready(carl)


def test_one_that_was_never_provisioned_goes_at_once(tenant: WatchedTenant) -> None:
    tenant.apply(pool(static=0), DESK, ann := agent("ann"))
    tenant.apply(deleted(ann))
    assert is_gone(tenant, ann)


def test_one_that_goes_is_still_switched_off(desk: WatchedTenant) -> None:
    put(desk, "ann", "record", "r1")
    desk.apply(ann := deleted(agent("ann")))
    desk.apply(edited(ann, active=False))
    assert not any(a.may_log_in for a in list_accounts(desk.store) if a.login == "ann")
    assert desk.status(ann)["state"] == "Deleting"


def test_one_that_goes_gives_up_its_place_in_line(tenant: WatchedTenant) -> None:
    bought = pool(spec={"licenses": [{"type": "Static", "quantity": 1}, {"type": "Restricted", "quantity": 0}]})
    tenant.apply(bought, DESK, ann := agent("ann"))
    put(tenant, "ann", "record", "r1")
    tenant.apply(ann := edited(ann, license={"type": "Restricted"}))
    assert waiting(tenant) == 1
    tenant.apply(deleted(ann))
    assert waiting(tenant) == 0
    tenant.apply(zoe := agent("zoe", "Restricted"))
    licenses = [{"type": "Static", "quantity": 1}, {"type": "Restricted", "quantity": 1}]
    tenant.apply(edited(bought, licenses=licenses))
    assert tenant.is_ready(zoe)


def test_a_seat_taken_back_from_one_that_goes_leaves_no_place_in_line(tenant: WatchedTenant) -> None:
    bought = pool(static=2, spec={"whenReduced": {"policy": "Evict", "graceDays": 0}})
    ann, zoe = agent("ann"), agent("zoe")
    tenant.apply(bought, DESK, ann)
    tenant.later(seconds=1)
    put(tenant, "ann", "record", "r1")
    tenant.apply(deleted(ann))
    tenant.apply(none := edited(bought, licenses=[{"type": "Static", "quantity": 0}]))
    assert (used(tenant), waiting(tenant)) == (0, 0)
    tenant.apply(zoe)
    tenant.apply(edited(none, licenses=[{"type": "Static", "quantity": 1}]))
    assert (tenant.is_ready(zoe), held(tenant, "ann")) == (True, ["r1"])


def test_decision_15_a_namespace_that_goes_is_not_held_up(desk: WatchedTenant) -> None:
    put(desk, "ann", "record", "r1")
    desk.apply(ann := deleted(agent("ann")))
    desk.ref = TenantRef(desk.ref.namespace, desk.ref.uid, terminating=True)
    desk.apply(ann)
    assert is_gone(desk, ann)
    assert actions_on_record(desk.store, "Holding")[-1] == "HoldingsOrphaned"
    assert held(desk, "ann") == ["r1"]


def test_an_account_whose_object_vanished_keeps_what_it_holds_until_it_is_settled(desk: WatchedTenant) -> None:
    put(desk, "ann", "record", "r1")
    desk.vanish(ann := agent("ann"))
    desk.later(minutes=10).sweep()
    (line,) = (a for a in list_accounts(desk.store) if a.login == "ann")
    assert (line.state, line.reason, line.resource, held(desk, "ann")) == ("Deleting", "HoldingsLeft", "ann", ["r1"])
    assert (used(desk), desk.later(minutes=10).sweep().detached) == (3, False)
    desk.statuses.pop(ann.uid, None)
    give(desk, "ann", "bob")
    assert (used(desk), held(desk, "bob")) == (2, ["r1"])


def test_many_that_are_kept_by_their_holdings_do_not_detach_the_tenant(tenant: WatchedTenant) -> None:
    agents = [agent(f"u{number}", license_="Static") for number in range(14)]
    tenant.apply(pool(static=20), DESK, *agents)
    for number in range(14):
        put(tenant, f"u{number}", "record", f"r{number}")
    tenant.apply(*map(deleted, agents[:12]))
    tenant.vanish(*agents[:12])
    assert not tenant.later(minutes=10).sweep().detached
    for number in range(12):
        give(tenant, f"u{number}", "u13")
    assert used(tenant) == 2


def test_one_made_again_waits_for_the_login_until_the_former_ones_holdings_are_settled(desk: WatchedTenant) -> None:
    put(desk, "ann", "record", "r1")
    desk.vanish(ann := agent("ann"))
    desk.apply(again := made_again(ann, onExisting="Restore"))
    assert desk.reason(again) == Reason.LOGIN_TAKEN
    give(desk, "ann", "bob")
    assert desk.is_ready(again)


def test_a_pause_holds_up_a_deletion_as_ever(desk: WatchedTenant) -> None:
    put(desk, "ann", "record", "r1")
    desk.apply(ann := paused(deleted(agent("ann"))))
    give(desk, "ann", "bob")
    assert not is_gone(desk, ann)
    desk.apply(paused(ann, on=False))
    assert is_gone(desk, ann)
