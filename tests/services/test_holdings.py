"""What accounts hold: registered, given away and deleted, each at once and on record (NR-16, NR-18, NR-28)."""

from typing import Any

import pytest

from tenantry.domain.observed import Observed
from tenantry.domain.reason import Reason
from tenantry.errors import InputError
from tenantry.services.holdings import (
    Deletion,
    Handover,
    Registration,
    Result,
    delete_holdings,
    list_holdings,
    put_holdings,
    reassign_holdings,
)
from tenantry.specs import UserSpec
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited
from tests.support.invariants import actions_on_record, digest
from tests.support.watched import WatchedTenant

RECORD = {"kind": "record", "assignees": {"userTypes": ["Internal"], "systemUsers": ["TBD"]}}
DESK = workgroup(
    "desk",
    pool=None,
    spec={
        "systemUsers": [{"userName": "TBD"}, {"userName": "Inet"}],
        "groups": [{"name": "Sales"}, {"name": "Ops"}],
        "deletion": {"holdings": [RECORD, {"kind": "alert", "droppable": True}]},
    },
)
OTHER = workgroup("other", pool=None, spec={"systemUsers": [{"userName": "TBD"}]})


def agent(login: str, /, **spec: Any) -> Observed[UserSpec]:
    return user(login, license=None, in_="desk", spec=spec)


def put(tenant: WatchedTenant, owner: str, kind: str, *names: str, **fields: str) -> Result:
    wanted = Registration(fields.pop("workgroup", "desk"), kind, owner, names, **fields)
    return put_holdings(tenant.store, tenant.ref.namespace, wanted, tenant.now)


def give(tenant: WatchedTenant, giver: str, taker: str, **only: str) -> Result:
    return reassign_holdings(tenant.store, tenant.ref.namespace, Handover(giver, taker, **only), tenant.now)


def held(tenant: WatchedTenant, **only: Any) -> list[tuple[str, str, str]]:
    return [(h.login, h.kind, h.name) for h in list_holdings(tenant.store, tenant.ref.namespace, **only)]


@pytest.fixture
def desk(tenant: WatchedTenant) -> WatchedTenant:
    tenant.apply(DESK, OTHER, agent("ann"), agent("bob"), agent("ext", userType="External"))
    assert put(tenant, "ann", "record", "r1", "r2").changed == 2
    assert put(tenant, "ann", "alert", "a1").changed == 1
    return tenant


def test_nr_28_what_an_account_holds_is_listed_by_kind_and_name(desk: WatchedTenant) -> None:
    put(desk, "bob", "record", "r3")
    assert held(desk) == [
        ("ann", "alert", "a1"),
        ("ann", "record", "r1"),
        ("ann", "record", "r2"),
        ("bob", "record", "r3"),
    ]
    assert held(desk, owner="bob") == [("bob", "record", "r3")]
    assert held(desk, kind="alert", workgroup="desk") == [("ann", "alert", "a1")]
    assert held(desk, owner="nobody") == held(desk, workgroup="other") == []


def test_the_same_again_changes_nothing(desk: WatchedTenant) -> None:
    before = digest(desk.store)
    assert put(desk, "ANN", "record", "r1", "r2", "r1") == Result(0)
    assert digest(desk.store) == before


def test_a_holding_that_is_registered_anew_goes_to_who_has_it_now(desk: WatchedTenant) -> None:
    assert put(desk, "bob", "record", "r1", covers="Sales").changed == 1
    assert held(desk, owner="bob") == [("bob", "record", "r1")]
    assert held(desk, owner="ann", kind="record") == [("ann", "record", "r2")]
    assert actions_on_record(desk.store, "Holding")[-1] == "HoldingsEdited"


def test_the_same_name_of_another_kind_is_another_thing(desk: WatchedTenant) -> None:
    assert put(desk, "bob", "alert", "r1").changed == 1
    assert held(desk, owner="bob") == [("bob", "alert", "r1")]
    gone = Deletion("desk", "alert", ("r1", "never"))
    assert delete_holdings(desk.store, desk.ref.namespace, gone, desk.now) == Result(1)
    assert held(desk, owner="bob") == []
    assert ("ann", "record", "r1") in held(desk)


@pytest.mark.parametrize(
    ("owner", "kind", "fields", "reason"),
    [
        ("nobody", "record", {}, Reason.USER_NOT_FOUND),
        ("TBD", "record", {"workgroup": "nowhere"}, Reason.WORKGROUP_NOT_FOUND),
        ("ann", "record", {"covers": "Legal"}, Reason.GROUP_NOT_FOUND),
        ("ann", "*", {}, Reason.INVALID_SPEC),
        ("ann", "two words", {}, Reason.INVALID_SPEC),
        ("ann", "recrod", {}, Reason.HOLDING_NOT_FOUND),
    ],
)
def test_what_nobody_can_hold_is_refused_whole(
    desk: WatchedTenant, owner: str, kind: str, fields: dict[str, str], reason: Reason
) -> None:
    before = digest(desk.store)
    result = put(desk, owner, kind, "x1", **fields)
    assert (result.changed, result.refusals[0].reason) == (0, reason)
    assert digest(desk.store) == before


def test_an_account_that_is_buried_or_still_waits_holds_nothing(tenant: WatchedTenant) -> None:
    ann, zoe = agent("ann"), user("zoe")
    tenant.apply(DESK, workgroup(), pool(static=0), ann, zoe)
    tenant.apply(deleted(ann))
    for owner in ("ann", "zoe"):
        assert [r.reason for r in put(tenant, owner, "record", "r1").refusals] == [Reason.USER_NOT_FOUND]


def test_who_still_waits_is_told_apart_from_a_login_that_nobody_has(tenant: WatchedTenant) -> None:
    tenant.apply(DESK, workgroup(), pool(static=0), agent("ann"), user("zoe"))
    (refusal,) = give(tenant, "ann", "zoe").refusals
    told = '"zoe" is Waiting: it can be given nothing until it has its seat'
    assert (refusal.reason, refusal.message) == (Reason.ASSIGNEE_NOT_FOUND, told)
    (refusal,) = put(tenant, "zoe", "record", "r1").refusals
    assert (refusal.reason, refusal.message) == (Reason.USER_NOT_FOUND, told)


@pytest.mark.parametrize("holdings", [[], [{"kind": "*"}], [{"kind": "record"}, {"kind": "*"}]])
def test_every_kind_is_taken_where_none_is_listed_or_all_are(tenant: WatchedTenant, holdings: list[Any]) -> None:
    tenant.apply(edited(DESK, deletion={"holdings": holdings}), agent("ann"))
    assert put(tenant, "ann", "chart", "c1") == Result(1)


def test_a_kind_that_the_policy_does_not_list_is_refused_with_those_there_are(desk: WatchedTenant) -> None:
    (refusal,) = put(desk, "ann", "recrod", "r9").refusals
    assert refusal.message == 'Workgroup "desk" lists no holdings of kind "recrod"; there are record, alert'


def test_nr_18_all_records_go_to_another_at_once(desk: WatchedTenant) -> None:
    assert give(desk, "ann", "bob") == Result(3)
    assert held(desk, owner="ann") == []
    assert len(held(desk, owner="bob")) == 3
    assert give(desk, "ann", "bob") == Result(0)
    assert actions_on_record(desk.store, "Holding")[-2:] == ["HoldingsReassigned"] * 2


def test_nr_18_those_of_one_kind_or_workgroup_go_alone(desk: WatchedTenant) -> None:
    assert give(desk, "ann", "bob", kind="alert") == Result(1)
    assert give(desk, "ann", "bob", workgroup="other") == Result(0)
    assert held(desk, owner="bob") == [("bob", "alert", "a1")]


@pytest.mark.parametrize(
    ("taker", "only", "reason"),
    [
        ("ext", {}, None),
        ("TBD", {"workgroup": "desk", "kind": "record"}, None),
        ("Inet", {"workgroup": "desk", "kind": "record"}, Reason.ASSIGNEE_NOT_ALLOWED),
        ("TBD", {"workgroup": "desk", "kind": "alert"}, Reason.ASSIGNEE_NOT_ALLOWED),
        ("TBD", {}, Reason.ASSIGNEE_NOT_FOUND),
        ("ann", {}, Reason.ASSIGNEE_NOT_ALLOWED),
        ("nobody", {}, Reason.ASSIGNEE_NOT_FOUND),
    ],
)
def test_nr_17_before_a_deletion_records_go_to_anybody_and_to_the_system_users_that_the_policy_names(
    desk: WatchedTenant, taker: str, only: dict[str, str], reason: Reason | None
) -> None:
    result = give(desk, "ann", taker, **only)
    assert [r.reason for r in result.refusals] == ([] if reason is None else [reason])
    assert bool(held(desk, owner=taker, workgroup="desk")) == (reason is None or taker == "ann")


def test_what_a_system_user_was_given_can_be_given_back(desk: WatchedTenant) -> None:
    give(desk, "ann", "TBD", workgroup="desk", kind="record")
    assert give(desk, "TBD", "bob", workgroup="desk") == Result(2)
    assert len(held(desk, owner="bob")) == 2


def test_what_a_system_user_holds_goes_with_it_on_record(desk: WatchedTenant) -> None:
    give(desk, "ann", "TBD", workgroup="desk", kind="record")
    holdings = [{"kind": "record"}]
    desk.apply(edited(DESK, systemUsers=[{"userName": "Inet"}], deletion={"holdings": holdings}))
    assert (held(desk, kind="record"), desk.is_ready(DESK)) == ([], True)
    assert actions_on_record(desk.store, "Holding")[-1] == "HoldingsOrphaned"


def test_what_a_system_user_holds_goes_on_record_with_a_namespace_that_is_made_again(tenant: WatchedTenant) -> None:
    tenant.apply(DESK)
    put(tenant, "TBD", "record", "r1")
    tenant.move("namespace-2")
    tenant.apply(workgroup("desk", pool=None, uid="desk-2"))
    assert held(tenant) == []
    assert actions_on_record(tenant.store, "Holding") == ["HoldingsRegistered", "HoldingsOrphaned"]


def test_a_refused_handover_changes_nothing(desk: WatchedTenant) -> None:
    before = digest(desk.store)
    assert give(desk, "ann", "TBD", workgroup="desk").refusals  # it may have records, but no alerts
    assert give(desk, "nobody", "ann").refusals[0].reason is Reason.USER_NOT_FOUND
    assert digest(desk.store) == before


def test_nobody_gives_anything_away_in_a_tenant_that_is_not_there(desk: WatchedTenant) -> None:
    with pytest.raises(InputError, match='no tenant "acne"'):
        reassign_holdings(desk.store, "acne", Handover("ann", "bob"), desk.now)
