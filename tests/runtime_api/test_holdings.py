"""Holdings over HTTP: what applications register, and what becomes of it (NR-16 to NR-18, NR-22, NR-28)."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from tenantry.domain.client import Scope
from tenantry.domain.observed import Kind
from tenantry.services.accounts import list_accounts
from tenantry.services.passwords import hash_password
from tenantry.store import Store
from tests.runtime_api.api import Answer, Api
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted
from tests.support.holdings import DESK, SEATS, TO_BOB, agent, counts, is_gone, used
from tests.support.manifests import NOW, applied
from tests.support.watched import WatchedTenant


@pytest.fixture
def desk(api: Api) -> Api:
    """Ann, Bob and Cyd, who is Restricted, at the desk."""
    api.tenant.apply(SEATS, DESK, agent("ann"), agent("bob"), agent("cyd", "Restricted"))
    return api


def holding(name: str, login: str = "ann", kind: str = "record", **fields: Any) -> dict[str, Any]:
    return {"workgroup": "desk", "kind": kind, "name": name, "userName": login, **fields}


def put(api: Api, *holdings: dict[str, Any]) -> Answer:
    return api.call("PUT", "holdings", {"holdings": list(holdings)})


def move(api: Api, giver: str, taker: str, **only: str) -> Answer:
    answer = api.call("POST", "holdings/move", {"from": giver, "to": taker, **only})
    api.tenant.settle()
    return answer


def listed(api: Api, query: str = "") -> list[tuple[str, str]]:
    return [(h["userName"], h["name"]) for h in api.call("GET", f"holdings?{query}").body["holdings"]]


def test_what_is_put_is_there_once_however_often_it_is_put(desk: Api) -> None:
    many = [holding(f"R-{n:04}", "ann" if n % 2 else "bob") for n in range(1000)]
    assert put(desk, *many).body == {"changed": 1000}
    assert put(desk, *many).body == {"changed": 0}
    assert put(desk, holding("R-0001", "bob")).body == {"changed": 1}
    assert len(listed(desk, "userName=bob&limit=1000")) == 501


def test_more_than_a_thousand_in_one_call_are_too_many(desk: Api) -> None:
    answer = put(desk, *(holding(f"R-{n}") for n in range(1001)))
    assert (answer.status, answer.reason) == (422, "InvalidRequest")
    assert listed(desk) == []


def test_one_that_is_refused_keeps_all_others_out_and_every_refusal_is_told(desk: Api) -> None:
    desk.tenant.apply(workgroup("other"))
    wrong = [
        holding("R-1"),
        holding("R-2", "nobody"),
        holding("R-3", kind="spaceship"),
        holding("Q-1", kind="query", covers="Nowhere"),
        holding("R-4", workgroup="other"),
        holding("R-5", workgroup="nowhere"),
        holding("R-6", kind="no kind"),
    ]
    answer = put(desk, *wrong)
    assert answer.status == 404
    assert {(fault["field"], fault["reason"]) for fault in answer.body["refusals"]} >= {
        ("holdings[1].userName", "UserNotFound"),
        ("holdings[2].kind", "HoldingNotFound"),
        ("holdings[3].covers", "GroupNotFound"),
        ("holdings[4].userName", "NotAMember"),
        ("holdings[5].workgroup", "WorkgroupNotFound"),
        ("holdings[6].kind", "InvalidSpec"),
    }
    assert not any(fault["field"].startswith("holdings[0]") for fault in answer.body["refusals"])
    assert listed(desk) == []


def test_one_thing_cannot_be_given_to_two_in_one_call(desk: Api) -> None:
    answer = put(desk, holding("R-1"), holding("R-1", "bob"))
    assert (answer.status, answer.reason, answer.body["field"]) == (422, "InvalidRequest", "holdings[1].name")
    assert put(desk, holding("R-1"), holding("R-1")).body == {"changed": 1}


def test_nr_16_a_deletion_waits_for_what_is_held_and_goes_on_when_the_last_is_settled(desk: Api) -> None:
    put(desk, holding("R-1"), holding("A-1", kind="alert"))
    ann = deleted(agent("ann"))
    desk.tenant.apply(ann)
    assert counts(desk.tenant, ann) == {"record": 1, "alert": 1}
    move(desk, "ann", "bob", kind="record")
    assert counts(desk.tenant, ann) == {"alert": 1}
    taken = used(desk.tenant)
    gone = {"workgroup": "desk", "kind": "alert", "names": ["A-1", "never registered"]}
    assert desk.call("POST", "holdings/delete", gone).body == {"changed": 1}
    desk.tenant.settle()
    assert is_gone(desk.tenant, ann)
    assert used(desk.tenant) == taken - 1


def test_nr_17_at_a_deletion_nobody_restricted_and_no_system_user_is_given_anything(desk: Api) -> None:
    put(desk, holding("R-1"))
    ann = deleted(agent("ann"))
    desk.tenant.apply(ann)
    for taker in ("cyd", "TBD"):
        answer = move(desk, "ann", taker, workgroup="desk")
        assert (answer.status, answer.reason, answer.body["field"]) == (403, "AssigneeNotAllowed", "to")
    assert listed(desk) == [("ann", "R-1")]


def test_nr_17_before_a_deletion_records_go_to_tbd_or_to_anybody(desk: Api) -> None:
    put(desk, holding("R-1"), holding("R-2"))
    assert move(desk, "ann", "TBD", workgroup="desk", kind="record").body == {"changed": 2}
    assert listed(desk, "userName=TBD&workgroup=desk") == [("TBD", "R-1"), ("TBD", "R-2")]
    put(desk, holding("R-3"))
    assert move(desk, "ann", "cyd").body == {"changed": 1}


def test_nr_18_all_that_an_account_holds_moves_in_one_call(desk: Api) -> None:
    put(desk, *(holding(f"R-{n}") for n in range(700)), *(holding(f"A-{n}", kind="alert") for n in range(300)))
    assert move(desk, "ann", "bob").body == {"changed": 1000}
    assert listed(desk, "userName=ann") == []
    assert move(desk, "ann", "bob").body == {"changed": 0}


@pytest.mark.parametrize(
    ("giver", "taker", "status", "reason", "field"),
    [
        ("nobody", "bob", 404, "UserNotFound", "from"),
        ("ann", "nobody", 404, "AssigneeNotFound", "to"),
        ("ann", "ann", 403, "AssigneeNotAllowed", "to"),
    ],
)
def test_a_move_that_is_refused_moves_nothing(
    desk: Api, giver: str, taker: str, status: int, reason: str, field: str
) -> None:
    put(desk, holding("R-1"))
    answer = move(desk, giver, taker)
    assert (answer.status, answer.reason, answer.body["field"]) == (status, reason, field)
    assert listed(desk) == [("ann", "R-1")]


def test_nr_22_a_query_keeps_its_user_in_the_group_that_it_covers_until_it_is_edited(desk: Api) -> None:
    there = {"workgroups": [{"workgroupRef": "desk", "groups": ["Sales"]}]}
    eve = user("eve", license="Static", spec=there)
    desk.tenant.apply(eve)
    put(desk, holding("open", "eve", "query", covers="Sales"))
    desk.tenant.apply(user("eve", license="Static", spec={"workgroups": [{"workgroupRef": "desk"}]}))
    assert desk.tenant.reason(eve) == "HoldingsLeft"
    put(desk, holding("open", "eve", "query", covers=""))
    desk.tenant.settle()
    assert desk.tenant.reason(eve) == "Provisioned"


def test_nr_28_holdings_are_listed_by_login_workgroup_and_kind_page_by_page(desk: Api) -> None:
    put(desk, *(holding(f"R-{n}", "ann" if n % 2 else "bob") for n in range(5)), holding("A-1", kind="alert"))
    assert listed(desk, "kind=alert") == [("ann", "A-1")]
    assert listed(desk, "userName=bob") == [("bob", "R-0"), ("bob", "R-2"), ("bob", "R-4")]
    assert listed(desk, "workgroup=elsewhere") == listed(desk, "userName=nobody") == []
    assert [name for page in pages(desk) for name in page] == ["A-1", "R-0", "R-1", "R-2", "R-3", "R-4"]


def test_nr_28_names_of_any_length_and_script_are_listed_page_by_page(desk: Api) -> None:
    names = sorted(chr(0x20000 + n) * 253 for n in range(5))
    put(desk, *(holding(name) for name in names))
    assert [name for page in pages(desk) for name in page] == names


def pages(api: Api) -> Iterator[list[str]]:
    after: str | None = ""
    while after is not None:
        body = api.call("GET", f"holdings?limit=2&after={after}").body
        yield [h["name"] for h in body["holdings"]]
        after = body["next"]


@pytest.mark.parametrize("after", ["W10=", "no-page", "WyIiLCIiLCIAIl0=", "WyIiLCIiLCJcdTAwMDAiXQ==", "bnVsbA=="])
def test_a_place_that_no_page_named_is_refused(desk: Api, after: str) -> None:
    answer = desk.call("GET", f"holdings?after={after}")
    assert (answer.status, answer.reason, answer.body["field"]) == (422, "InvalidRequest", "after")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "holdings", {"holdings": [holding("R-1")]}),
        ("POST", "holdings/move", {"from": "ann", "to": "bob"}),
        ("POST", "holdings/delete", {"workgroup": "desk", "kind": "record", "names": ["R-1"]}),
        ("GET", "holdings", None),
    ],
)
def test_an_application_without_the_scope_changes_and_sees_nothing(
    desk: Api, method: str, path: str, body: object
) -> None:
    answer = desk.call(method, path, body, token=desk.token(set(Scope) - {Scope.HOLDINGS}))
    assert (answer.status, answer.reason) == (403, "InsufficientScope")
    assert listed(desk) == []


def test_th_18_the_holdings_of_an_account_go_with_it_where_nobody_keeps_them(api: Api) -> None:
    spec = {"deletion": {"mode": "Permanent", "holdings": [{"kind": "device", "onDelete": "Drop"}]}}
    ann = user("ann", in_="things")
    api.tenant.apply(pool(), workgroup("things", spec=spec), ann)
    put(api, holding("sensor-1", kind="device", workgroup="things"))
    api.tenant.apply(deleted(ann))
    assert is_gone(api.tenant, ann)
    assert listed(api) == []


def test_an_offboarding_of_the_user_settles_what_the_application_registered(desk: Api) -> None:
    put(desk, holding("R-1"))
    desk.tenant.apply(deleted(agent("ann", offboarding=TO_BOB)))
    assert listed(desk) == [("bob", "R-1")]


def test_a_deletion_ends_sessions_and_access_at_once_even_while_something_holds_it_up(desk: Api) -> None:
    put(desk, holding("R-1"))
    desk.give_password("ann", hash_password("correct horse"))
    token = desk.log_in("ann", "correct horse", "desk").body["token"]
    read = {
        "subject": {"type": "user", "id": "ann"},
        "action": {"name": "read"},
        "resource": {"type": "record", "id": "R-1", "properties": {"workgroup": "desk"}},
    }
    desk.tenant.apply(deleted(agent("ann")))
    assert states(desk)["ann"] == "Deleting"
    assert desk.call("POST", "sessions/introspect", form={"token": token}).body == {"active": False}
    assert desk.log_in("ann", "correct horse", "desk").reason == "AccountNotActive"
    decision = desk.call("POST", "access/v1/evaluation", read).body
    assert (decision["decision"], decision["context"]["reason"]) == (False, "AccountNotActive")


def test_in_a_tenant_of_the_command_line_the_call_itself_carries_out_what_waited_for_it(
    served: tuple[FastAPI, str], store: Store
) -> None:
    app, url = served
    app.state.store, app.state.now = store, lambda: NOW
    api = Api(WatchedTenant(store), url)
    applied(store, SEATS, DESK, agent("ann"), agent("bob"))
    put(api, holding("R-1"), holding("R-2"))
    applied(store, removed=[(Kind.USER, "ann")])
    assert states(api) == {"ann": "Deleting", "bob": "Active"}
    for name in ("R-1", "R-2"):
        api.call("POST", "holdings/delete", {"workgroup": "desk", "kind": "record", "names": [name]})
        assert states(api) == {"ann": "Deleting" if name == "R-1" else "Deleted", "bob": "Active"}


def states(api: Api) -> dict[str, str]:
    return {
        account.login: account.state for account in list_accounts(api.tenant.store, deleted=True) if not account.system
    }
