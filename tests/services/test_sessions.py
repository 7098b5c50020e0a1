"""Who may be logged in at a time, and what ends a log-in (NR-01, NR-03 to NR-05, MM-14, MM-17, P2)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tenantry.domain.refusal import Refusal
from tenantry.domain.session import Session
from tenantry.services import sessions
from tenantry.services.sessions import Chosen, Started
from tenantry.store.audit import read_records
from tenantry.store.session import extend_sessions, load_by_token
from tests.support.builders import pool, user, workgroup
from tests.support.databases import waits_for_a_lock
from tests.support.door import Door
from tests.support.edits import deleted, edited
from tests.support.eventually import eventually
from tests.support.watched import WatchedTenant


@pytest.fixture
def door(tenant: WatchedTenant) -> Iterator[Door]:
    yield Door(tenant)
    tenant.later(seconds=3).settle()  # by then status tells of every log-in


def licenses(**quantities: int) -> dict[str, object]:
    return {"licenses": [{"type": name.title(), "quantity": n} for name, n in quantities.items()]}


@pytest.mark.parametrize("type_", ["Static", "Restricted"])
def test_nr_03_nr_05_an_account_of_its_own_license_is_logged_in_once_and_never_held_up_by_others(
    door: Door, type_: str
) -> None:
    people = [user(name, license=type_) for name in ("ada", "bob")]
    door.tenant.apply(pool(spec=licenses(**{type_.lower(): 2})), workgroup(), *people)
    first = door.let_in("ada")
    assert door.let_in("bob").session.slot is None
    refused = door.refused("ada")
    assert (refused.reason, refused.retry_after) == ("SessionLimitReached", 100)
    assert door.log_off(first)
    assert door.lives(door.let_in("ada"))


def test_a_second_log_in_takes_over_where_the_pool_says_so(door: Door) -> None:
    spec = licenses(static=1) | {"sessions": {"onConflict": "TakeOver"}}
    door.tenant.apply(pool(spec=spec), workgroup(), user("ada"))
    first = door.let_in("ada")
    second = door.let_in("ada")
    assert (door.lives(first), door.lives(second)) == (False, True)


def test_nr_04_one_floating_user_a_license_is_logged_in_and_the_others_wait_for_one_to_log_off(door: Door) -> None:
    people = [user(f"user-{n}", license="Floating") for n in range(4)]
    door.tenant.apply(pool(spec=licenses(floating=2)), workgroup(), *people)
    inside = [door.let_in("user-0"), door.let_in("user-1")]
    assert sorted(one.session.slot or 0 for one in inside) == [0, 1]
    refused = door.refused("user-2")
    assert refused.reason == "LoginLimitReached"
    assert "2 floating licenses" in refused.message
    door.log_off(inside[0])
    assert door.let_in("user-2").session.slot == inside[0].session.slot
    assert door.refused("user-3").reason == "LoginLimitReached"


def test_pool_status_that_a_clock_wrote_which_was_ahead_is_told_anew_as_soon_as_any(door: Door) -> None:
    door.tenant.apply(pool(spec=licenses(floating=2)), workgroup(), user("ada", license="Floating"))
    right = door.tenant.now
    door.tenant.later(days=300)
    ahead = door.let_in("ada")
    door.tenant.later(seconds=3).settle()
    door.tenant.now = right
    door.log_off(ahead)
    door.let_in("ada")
    door.tenant.later(seconds=3).settle()
    assert door.logins()["Floating"]["active"] == 1
    door.let_in("ada")
    door.tenant.later(seconds=3).settle()
    assert door.logins()["Floating"]["active"] == 2


def test_pool_status_tells_how_many_are_logged_in_at_most_and_were_denied(door: Door) -> None:
    people = [user(name, license="Floating") for name in ("ada", "bob", "eve")]
    door.tenant.apply(pool(spec=licenses(floating=1)), workgroup(), *people)
    first = door.let_in("ada")
    assert door.logins() == {"Floating": {"capacity": 1, "active": 1, "peak": 1, "denied": 0}}
    for name in ("bob", "bob", "eve"):
        door.refused(name)
    door.log_off(first)
    # Who tries again is the same denial, until the lease it waited for is over.
    assert door.logins() == {"Floating": {"capacity": 1, "active": 0, "peak": 1, "denied": 2}}


def test_a_session_without_a_heartbeat_ends_by_itself_and_status_says_so(door: Door) -> None:
    people = [user(name, license="Floating") for name in ("ada", "bob")]
    spec = licenses(floating=1) | {"sessions": {"leaseSeconds": 60}}
    door.tenant.apply(pool(spec=spec), workgroup(), *people)
    first = door.let_in("ada")
    door.tenant.later(seconds=59)
    assert door.beat(first) == [True]
    door.tenant.later(seconds=59)
    assert door.lives(first)
    door.tenant.later(seconds=1)
    assert not door.lives(first)
    assert door.beat(first) == [False]
    assert door.logins()["Floating"]["active"] == 0
    assert door.lives(door.let_in("bob"))


def test_mm_17_an_account_without_a_license_is_logged_in_on_many_devices_at_once(door: Door) -> None:
    door.tenant.apply(workgroup(pool=None), user("kiosk", license=None))
    displays = [door.let_in("kiosk") for _ in range(5)]
    assert door.beat(*displays) == [True] * 5


def test_a_workgroup_may_let_each_account_in_once(door: Door) -> None:
    door.tenant.apply(workgroup(pool=None, spec={"sessions": {"perAccount": "Single"}}), user("ada", license=None))
    door.let_in("ada")
    assert door.refused("ada").reason == "SessionLimitReached"


def test_a_workgroup_that_comes_to_let_each_account_in_once_counts_who_is_inside(door: Door) -> None:
    desk = workgroup(pool=None)
    door.tenant.apply(desk, user("ada", license=None))
    inside = [door.let_in("ada"), door.let_in("ada")]
    door.tenant.apply(edited(desk, sessions={"perAccount": "Single"}))
    assert door.refused("ada").reason == "SessionLimitReached"
    for one in inside:
        door.log_off(one)
    assert door.lives(door.let_in("ada"))


def test_nr_04_who_is_inside_counts_after_licenses_were_taken_back(door: Door) -> None:
    seats = pool(spec=licenses(floating=3))
    door.tenant.apply(seats, workgroup(), *(user(f"user-{n}", license="Floating") for n in range(4)))
    inside = [door.let_in(f"user-{n}") for n in range(3)]
    door.tenant.apply(edited(seats, **licenses(floating=1)))
    assert [door.lives(one) for one in inside] == [True, True, True]
    for one in inside:
        assert door.refused("user-3").reason == "LoginLimitReached"
        door.log_off(one)
    assert door.let_in("user-3").session.slot == 0


def test_nr_04_ones_own_oldest_log_in_gives_way_where_the_pool_says_so(door: Door) -> None:
    spec = {"sessions": {"onConflict": "TakeOver"}}
    seats = pool(spec=licenses(floating=2) | spec)
    door.tenant.apply(seats, workgroup(), *(user(name, license="Floating") for name in ("ada", "bob", "eve")))
    bob, ada = door.let_in("bob"), door.let_in("ada")
    again = door.let_in("ada")
    assert [door.lives(one) for one in (bob, ada, again)] == [True, False, True]
    door.tenant.apply(edited(seats, **licenses(floating=1)))
    assert [door.refused(name).reason for name in ("ada", "eve")] == ["LoginLimitReached"] * 2
    door.log_off(bob)
    assert door.let_in("ada").session.slot == 0
    assert not door.lives(again)


def test_a_session_ends_at_its_time_whatever_the_heartbeats(door: Door) -> None:
    door.tenant.apply(workgroup(pool=None, spec={"sessions": {"absoluteSeconds": 120}}), user("ada", license=None))
    started = door.let_in("ada")
    for _ in range(2):
        door.tenant.later(seconds=59)
        assert door.beat(started) == [True]
    door.tenant.later(seconds=2)
    assert door.beat(started) == [False]


def test_th_16_switching_an_account_off_ends_its_sessions_and_frees_the_license(door: Door) -> None:
    people = [user(name, license="Floating") for name in ("ada", "bob")]
    door.tenant.apply(pool(spec=licenses(floating=1)), workgroup(), *people)
    started = door.let_in("ada")
    off = edited(people[0], active=False)
    door.tenant.apply(off)
    assert not door.lives(started)
    assert door.refused("ada").reason == "AccountNotActive"
    assert door.lives(door.let_in("bob"))
    assert door.logins()["Floating"]["active"] == 1


CHANGES = [
    pytest.param(deleted, id="deleted"),
    pytest.param(lambda ada: edited(ada, license={"type": "Restricted"}), id="another license"),
    pytest.param(lambda ada: edited(ada, workgroups=[{"workgroupRef": "other"}]), id="out of the workgroup"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_takes_away_what_the_session_rests_on_ends_it(door: Door, change: object) -> None:
    ada = user("ada")
    door.tenant.apply(pool(spec=licenses(static=1, restricted=1)), workgroup(), workgroup("other"), ada)
    started = door.let_in("ada")
    door.tenant.apply(change(ada))  # type: ignore[operator]
    assert not door.lives(started)


def test_a_change_of_the_profile_ends_no_session(door: Door) -> None:
    ada = user("ada")
    door.tenant.apply(pool(static=1), workgroup(), ada)
    started = door.let_in("ada")
    door.tenant.apply(edited(ada, displayName="Ada"))
    assert door.lives(started)


def test_mm_14_one_session_those_of_an_account_or_all_are_revoked(door: Door) -> None:
    door.tenant.apply(workgroup(pool=None), *(user(name, license=None) for name in ("ada", "bob", "eve")))
    ada, again, bob, eve = (door.let_in(name) for name in ("ada", "ada", "bob", "eve"))
    assert door.revoke(Chosen(session_id=eve.session.id)) == 1
    assert [door.lives(s) for s in (ada, again, bob, eve)] == [True, True, True, False]
    assert door.revoke(Chosen(login="ada")) == 2
    assert [door.lives(s) for s in (ada, again, bob)] == [False, False, True]
    assert door.revoke(Chosen()) == 1


def test_nr_01_without_access_to_the_workgroup_there_is_no_way_in(door: Door) -> None:
    door.tenant.apply(workgroup(pool=None), workgroup("other", pool=None), user("ada", license=None))
    refused = door.refused("ada", "other")
    assert refused.reason == "NotAMember"


def test_an_account_without_a_license_of_a_pool_that_sells_them_is_told_so(door: Door) -> None:
    door.tenant.apply(pool(static=1), workgroup(), user("ada", license=None))
    assert door.refused("ada").reason == "LicenseMissing"


def test_nr_07_of_the_system_users_only_who_may_log_in_does(door: Door) -> None:
    system = [{"userName": "Admin", "login": "Enabled"}, {"userName": "TBD"}]
    door.tenant.apply(pool(static=0), workgroup(spec={"systemUsers": system}))
    assert door.let_in("admin").session.pool is None
    assert door.refused("TBD").reason == "AccountNotActive"


def test_of_many_at_once_as_many_are_let_in_as_there_are_licenses(door: Door) -> None:
    names = [f"user-{n}" for n in range(20)]
    people = [user(name, license="Floating") for name in names]
    door.tenant.apply(pool(spec=licenses(floating=2)), workgroup(), *people)
    proofs = [door.proof(name) for name in names]
    with ThreadPoolExecutor(len(names)) as threads:
        for _ in range(3):
            found = list(threads.map(door.enter, proofs))
            winners = [one for one in found if isinstance(one, Started)]
            assert sorted(one.session.slot for one in winners if one.session.slot is not None) == [0, 1]
            for one in winners:
                door.log_off(one)


def test_a_heartbeat_that_comes_just_in_time_keeps_its_session_from_the_log_in_that_ends_lapsed_ones(
    door: Door,
) -> None:
    spec = licenses(floating=1) | {"sessions": {"leaseSeconds": 60}}
    door.tenant.apply(pool(spec=spec), workgroup(), *(user(name, license="Floating") for name in ("ada", "bob")))
    ada, bob = door.let_in("ada"), door.proof("bob")
    store = door.tenant.store
    door.tenant.later(seconds=60)
    with ThreadPoolExecutor(1) as thread:
        with store.write() as connection:  # as a heartbeat of the last moment has it, not committed yet
            extend_sessions(connection, {ada.session.id: door.tenant.now + timedelta(seconds=60)})
            coming = thread.submit(door.enter, bob)
            eventually(lambda: store.dialect == "sqlite" or waits_for_a_lock(store))
        found = coming.result()
    door.tenant.settle()
    assert isinstance(found, Refusal)
    assert found.reason == "LoginLimitReached"
    assert door.lives(ada)


def test_a_session_whose_account_goes_while_it_is_asked_about_is_told_as_it_was_before(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = {"userName": "admin", "login": "Enabled", "passwordSecretKeyRef": {"name": "system", "key": "admin"}}
    door.tenant.secrets["system", "admin"] = "open-sesame"
    door.tenant.apply(desk := workgroup(pool=None, spec={"systemUsers": [admin]}))
    started, load = door.let_in("admin"), load_by_token

    def load_and_lose(*args: Any) -> dict[str, Session]:
        found = load(*args)
        monkeypatch.undo()
        door.tenant.apply(edited(desk, systemUsers=[]))
        return found

    monkeypatch.setattr(sessions, "load_by_token", load_and_lose)
    assert door.lives(started)
    assert not door.lives(started)


def at(tenant: WatchedTenant, minutes: float = 0) -> str:
    """Return a time near the tenant's, as a spec has it."""
    return (tenant.now + timedelta(minutes=minutes)).isoformat()


@pytest.fixture
def two(door: Door) -> Door:
    """Two people who may be logged in as often as they like."""
    people = [user(name, license=None) for name in ("ada", "bob")]
    door.tenant.apply(workgroup(pool=None, spec={"sessions": {"perAccount": "Unlimited"}}), *people)
    return door


def test_mm_14_every_log_in_of_a_user_that_started_before_a_time_ends_at_once(two: Door) -> None:
    inside = [two.let_in("ada"), two.let_in("ada"), two.let_in("bob")]
    ada = edited(user("ada", license=None), sessionsNotBeforeTime=at(two.tenant.later(minutes=1)))
    two.tenant.apply(ada)
    assert [two.lives(one) for one in inside] == [False, False, True]
    assert two.lives(two.let_in("ada"))
    with two.tenant.store.read() as connection:
        told = [record.change.facts.get("why") for record in read_records(connection, 1, kind="Session")]
    assert told == [None, None, None, "Revoked", "Revoked", None]


def test_mm_14_a_time_is_obeyed_once_and_a_later_one_again(two: Door) -> None:
    asked = at(two.tenant.later(minutes=1))
    ada = edited(user("ada", license=None), sessionsNotBeforeTime=asked)
    two.tenant.apply(ada)
    started = two.let_in("ada")
    ada = edited(ada, displayName="Ada", sessionsNotBeforeTime=asked)
    two.tenant.apply(ada)
    assert two.lives(started)
    two.tenant.apply(edited(ada, displayName="Ada", sessionsNotBeforeTime=at(two.tenant.later(minutes=1))))
    assert not two.lives(started)


def test_mm_14_who_logged_in_after_the_time_stays_logged_in(two: Door) -> None:
    before = two.let_in("ada")
    asked = at(two.tenant.later(minutes=1))
    two.tenant.later(minutes=0.5)
    after = two.let_in("ada")
    two.tenant.apply(edited(user("ada", license=None), sessionsNotBeforeTime=asked))
    assert (two.lives(before), two.lives(after)) == (False, True)


def test_mm_14_a_time_far_ahead_is_refused_until_it_comes(two: Door) -> None:
    started = two.let_in("ada")
    ada = edited(user("ada", license=None), sessionsNotBeforeTime=at(two.tenant, minutes=6))
    two.tenant.apply(ada)
    assert (two.tenant.reason(ada), two.lives(started)) == ("TimeInFuture", True)
    two.tenant.later(minutes=1).settle()
    assert (two.tenant.reason(ada), two.lives(started)) == ("Provisioned", False)


@pytest.mark.parametrize("fault", [{"license": {"type": "Static"}}, {"workgroups": [{"workgroupRef": "nowhere"}]}])
def test_mm_14_log_ins_end_whatever_else_is_wrong_with_the_spec(two: Door, fault: dict[str, object]) -> None:
    started = two.let_in("ada")
    ada = edited(user("ada", license=None), sessionsNotBeforeTime=at(two.tenant.later(minutes=1)), **fault)
    two.tenant.apply(ada)
    assert not two.tenant.is_ready(ada)
    assert not two.lives(started)
