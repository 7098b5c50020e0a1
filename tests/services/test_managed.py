"""Accounts that the runtime API makes are held to every rule of a User, and to no cluster (design §1, manager)."""

from dataclasses import replace
from typing import Any

import pytest

from tenantry.domain.account import Account, Manager
from tenantry.services import managed
from tenantry.services.credentials import Claim, Proof, prove
from tenantry.services.managed import Done, Drop, Put, document_of
from tenantry.store.account import load_by_login
from tests.support.builders import pool, user, workgroup
from tests.support.door import Door
from tests.support.edits import deleted, edited
from tests.support.watched import WatchedTenant


def put(name: str, *, create: bool = True, password: str | None = None, **spec: Any) -> Put:
    document = {
        "userName": name,
        "workgroups": [{"workgroupRef": "tracker"}],
        "emails": [{"value": f"{name}@example.com"}],
        "license": {"type": "Static"},
    }
    return Put({**document, **{name.rstrip("_"): value for name, value in spec.items()}}, create, password)


def carry_out(tenant: WatchedTenant, *asked: Put | Drop) -> list[Done]:
    done = managed.carry_out(tenant.store, tenant.ref.namespace, asked, "portal", tenant.now)
    tenant.settle()
    return done


def reasons(done: list[Done]) -> list[str]:
    return [each.refusal.reason if each.refusal is not None else "" for each in done]


def find(tenant: WatchedTenant, login: str) -> Account | None:
    with tenant.store.read() as connection:
        return next((a for a in load_by_login(connection, 1, [login]) if a.tombstone is None), None)


@pytest.fixture
def desk(tenant: WatchedTenant) -> WatchedTenant:
    tenant.apply(pool(spec={"licenses": [{"type": "Static", "quantity": 2}]}), workgroup())
    return tenant


def test_an_account_of_the_api_takes_a_seat_and_logs_in_with_its_password(desk: WatchedTenant) -> None:
    (done,) = carry_out(desk, put("ada", password="correct horse"))
    assert done.account is not None
    assert (done.account.manager, done.account.in_force) == (Manager.API, True)
    claim = Claim("tracker", "ada", "correct horse")
    assert isinstance(prove(desk.store, desk.ref.namespace, claim, desk.now), Proof)
    assert Door(desk).let_in("ada").account == done.account


def test_who_finds_no_seat_is_refused_and_leaves_nothing_while_the_others_go_on(desk: WatchedTenant) -> None:
    desk.apply(user("resource"))
    done = carry_out(desk, put("ada"), put("bob"), put("eve", license={"type": "Floating"}))
    assert reasons(done) == ["", "SeatLimitReached", "SeatLimitReached"]
    assert done[1].refusal is not None
    assert "2 Static" in done[1].refusal.message
    assert [find(desk, name) is not None for name in ("ada", "bob", "eve")] == [True, False, False]
    carry_out(desk, Drop("ada"))
    assert reasons(carry_out(desk, put("bob"))) == [""]


def test_one_that_was_refused_for_another_s_seat_is_let_in_once_that_one_is_refused_itself(desk: WatchedTenant) -> None:
    desk.apply(user("resource"))
    wrong = put("ada", workgroups=[{"workgroupRef": "tracker", "role": "Nobody"}])
    assert reasons(carry_out(desk, wrong, put("bob"))) == ["RoleNotFound", ""]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (put("resource"), "LoginTaken"),
        (put("resource", create=False), "ManagedByKubernetes"),
        (Drop("resource"), "ManagedByKubernetes"),
        (put("nobody", create=False), "UserNotFound"),
        (Drop("nobody"), "UserNotFound"),
        (put("api"), "LoginTaken"),
        (put("API"), "LoginTaken"),
        (put("new", workgroups=[{"workgroupRef": "none"}]), "WorkgroupNotFound"),
        (put("new", displayName=5), "InvalidSpec"),
        (put("new", password_={"secretKeyRef": {"name": "of-somebody-else"}}), "InvalidSpec"),
        (put("api", create=False, password_={"secretKeyRef": {"name": "of-somebody-else"}}), "InvalidSpec"),
        (put("new", password="x" * 129), "PasswordInvalid"),
    ],
)
def test_what_is_refused_changes_nothing(desk: WatchedTenant, asked: Put | Drop, reason: str) -> None:
    desk.apply(user("resource"))
    carry_out(desk, put("api"))
    before = [find(desk, name) for name in ("resource", "api", "new")]
    assert reasons(carry_out(desk, asked)) == [reason]
    assert [find(desk, name) for name in ("resource", "api", "new")] == before


def test_an_edit_keeps_id_seat_and_password_and_a_typed_password_goes_by_the_history(tenant: WatchedTenant) -> None:
    quantities = {"licenses": [{"type": "Static", "quantity": 1}]}
    tenant.apply(pool(spec=quantities), workgroup(spec={"password": {"history": 2, "expiry": "Always"}}))
    (made,) = carry_out(tenant, put("ada", password="first word"))
    (edited_,) = carry_out(tenant.later(hours=1), put("ada", create=False, displayName="Ada L."))
    assert made.account is not None
    assert edited_.account is not None
    assert (edited_.account.id, edited_.account.seat) == (made.account.id, made.account.seat)
    assert edited_.account.password == made.account.password
    with tenant.store.read() as connection:
        assert (document_of(connection, edited_.account) or {})["displayName"] == "Ada L."
    assert reasons(carry_out(tenant, put("ada", create=False, password="second word"))) == [""]
    again = carry_out(tenant, put("ada", create=False, password="first word"))
    assert reasons(again) == ["PasswordInHistory"]


def test_a_sweep_leaves_alone_what_no_cluster_has(desk: WatchedTenant) -> None:
    carry_out(desk, put("ada"))
    assert desk.sweep().drifted == ()
    assert find(desk, "ada") is not None


def test_a_namespace_that_goes_takes_the_accounts_of_the_api_along(desk: WatchedTenant) -> None:
    (done,) = carry_out(desk, put("ada"))
    assert done.account is not None
    group = next(o for o in desk.objects.values() if o.name == "tracker")
    desk.ref = replace(desk.ref, terminating=True)
    desk.apply(deleted(group))
    assert find(desk, "ada") is None
    assert group.uid not in desk.statuses


@pytest.mark.parametrize("type_", ["Static", "Restricted"])
def test_a_user_adopts_the_account_of_the_api_with_id_password_and_session(desk: WatchedTenant, type_: str) -> None:
    (made,) = carry_out(desk, put("ada", password="correct horse"))
    door = Door(desk)
    session = door.let_in("ada")
    taker = user("ada", license=type_)
    desk.apply(taker)
    assert (desk.reason(taker), desk.status(taker)["state"]) == ("LoginTaken", "Refused")
    desk.apply(adopter := edited(taker, onExisting="Adopt"))
    found = find(desk, "ada")
    assert found is not None
    assert made.account is not None
    assert (found.id, found.manager, found.resource_uid) == (made.account.id, Manager.KUBERNETES, taker.uid)
    assert found.password == made.account.password
    # Another license type is not to be had: until it is, the account is as it was, and the User waits for its turn.
    assert desk.reason(adopter) == ("Provisioned" if type_ == "Static" else "SeatLimitReached")
    assert found.seat == made.account.seat
    assert door.lives(session)
    assert reasons(carry_out(desk, put("ada", create=False))) == ["ManagedByKubernetes"]


def test_who_cannot_adopt_leaves_the_account_as_it_is(desk: WatchedTenant) -> None:
    (made,) = carry_out(desk, put("ada"))
    wrong = user(
        "ada", in_=[{"workgroupRef": "tracker", "role": "Nobody"}], spec={"onExisting": "Adopt", "active": False}
    )
    desk.apply(wrong)
    assert desk.reason(wrong) == "RoleNotFound"
    assert find(desk, "ada") == made.account
