"""Who gets a seat: by type, in order of arrival, and never one more than was bought (NR-03 to NR-06, P1)."""

import pytest

from tenantry.domain.observed import Kind
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited, made_again, paused
from tests.support.watched import WatchedTenant

TYPES = [
    pytest.param({"type": "Static", "quantity": 2}, 2, id="Static"),
    pytest.param({"type": "Restricted", "quantity": 2}, 2, id="Restricted"),
    pytest.param({"type": "Floating", "quantity": 1}, 10, id="Floating"),
    pytest.param({"type": "Floating", "quantity": 1, "accountsPerLicense": 3}, 3, id="Floating, three a license"),
]


def usage(tenant: WatchedTenant, name: str = "seats") -> list[tuple[str, int, int, int]]:
    licenses = tenant.status_of(Kind.LICENSE_POOL, name)["licenses"]
    return [(x["type"], x["capacity"], x["used"], x["waiting"]) for x in licenses]


@pytest.mark.parametrize(("license_", "capacity"), TYPES)
def test_one_account_more_than_was_bought_is_refused(
    tenant: WatchedTenant, license_: dict[str, object], capacity: int
) -> None:
    type_ = str(license_["type"])
    people = [user(f"user-{n}", license=type_, age=n) for n in range(capacity + 1)]
    tenant.apply(pool(spec={"licenses": [license_]}), workgroup(), *people)
    assert [tenant.is_ready(one) for one in people] == [True] * capacity + [False]
    last = tenant.status(people[-1])
    assert last["state"] == "Waiting"
    assert tenant.reason(people[-1]) == "SeatLimitReached"
    assert (tenant.condition(people[-1], "Stalled") or {})["status"] == "True"
    message = (tenant.condition(people[-1]) or {})["message"]
    assert type_ in message
    assert f"{license_['quantity']} {type_} license" in message
    assert usage(tenant) == [(type_, capacity, capacity, 1)]


def test_a_type_that_was_not_bought_has_no_seat(tenant: WatchedTenant) -> None:
    ada = user("ada", license="Floating")
    tenant.apply(pool(static=5), workgroup(), ada)
    assert tenant.reason(ada) == "SeatLimitReached"
    assert "0 Floating licenses" in (tenant.condition(ada) or {})["message"]


def test_types_do_not_share_seats(tenant: WatchedTenant) -> None:
    licenses = [{"type": "Static", "quantity": 1}, {"type": "Restricted", "quantity": 1}]
    ada, bob = user("ada", license="Static"), user("bob", license="Restricted")
    tenant.apply(pool(spec={"licenses": licenses}), workgroup(), ada, bob)
    assert tenant.is_ready(ada)
    assert tenant.is_ready(bob)


def test_an_account_without_a_license_takes_no_seat(tenant: WatchedTenant) -> None:
    ada = user("ada", license=None)
    tenant.apply(pool(static=0), workgroup(), ada)
    assert tenant.is_ready(ada)
    assert usage(tenant) == [("Static", 0, 0, 0)]


def test_an_account_of_two_workgroups_takes_one_seat(tenant: WatchedTenant) -> None:
    ada = user("ada", in_=[{"workgroupRef": "tracker"}, {"workgroupRef": "support"}])
    tenant.apply(pool(static=1), workgroup(), workgroup("support"), ada)
    assert tenant.is_ready(ada)
    assert usage(tenant) == [("Static", 1, 1, 0)]


def test_within_a_batch_the_first_that_was_made_is_first(tenant: WatchedTenant) -> None:
    late, early = user("aaron", age=20), user("zoe", age=10)
    tenant.apply(pool(static=1), workgroup(), late, early)
    assert tenant.is_ready(early)
    assert tenant.reason(late) == "SeatLimitReached"


def test_those_made_at_the_same_second_go_by_uid(tenant: WatchedTenant) -> None:
    people = [user(name, uid=uid, age=5) for name, uid in (("ada", "c"), ("bob", "a"), ("cyd", "b"))]
    tenant.apply(pool(static=2), workgroup(), *people)
    assert [one.name for one in people if tenant.is_ready(one)] == ["bob", "cyd"]


def test_a_granted_seat_is_kept_when_an_older_object_comes_later(tenant: WatchedTenant) -> None:
    holder, older = user("holder", age=20), user("older", age=10)
    tenant.apply(pool(static=1), workgroup(), holder)
    tenant.apply(older)
    assert tenant.is_ready(holder)
    assert tenant.reason(older) == "SeatLimitReached"


def test_a_freed_seat_goes_to_the_first_in_line_only(tenant: WatchedTenant) -> None:
    holder = user("holder")
    tenant.apply(pool(static=1), workgroup(), holder)
    line = [user(f"waiter-{n}", age=10 + n) for n in range(3)]
    for one in reversed(line):
        tenant.later(minutes=1).apply(one)
    outcomes = tenant.apply(deleted(holder))
    assert [tenant.is_ready(one) for one in line] == [True, False, False]
    assert sorted(o.name for o in outcomes) == ["holder", "seats", "waiter-0"]
    assert usage(tenant) == [("Static", 1, 1, 2)]


def test_the_line_is_by_arrival_over_batches(tenant: WatchedTenant) -> None:
    first, second = user("zoe", age=10), user("adam", age=20)
    tenant.apply(pool(static=0), workgroup(), second)
    tenant.later(minutes=5).apply(first)
    bigger = edited(pool(static=0), licenses=[{"type": "Static", "quantity": 1}])
    tenant.later(minutes=5).apply(bigger)
    assert tenant.is_ready(first)
    assert tenant.reason(second) == "SeatLimitReached"


def test_a_newcomer_never_passes_those_who_wait(tenant: WatchedTenant) -> None:
    """A seat frees in the same batch that brings somebody new."""
    holder, waiter = user("holder", age=1), user("waiter", age=2)
    tenant.apply(pool(static=1), workgroup(), holder, waiter)
    newcomer = user("newcomer", age=3)
    tenant.apply(deleted(holder), newcomer)
    assert tenant.is_ready(waiter)
    assert tenant.reason(newcomer) == "SeatLimitReached"


def test_who_waits_and_is_edited_keeps_the_place_in_line(tenant: WatchedTenant) -> None:
    holder, first, second = user("holder", age=1), user("first", age=2), user("second", age=3)
    tenant.apply(pool(static=1), workgroup(), holder, first, second)
    tenant.later(hours=1).apply(edited(first, displayName="First in line"))
    tenant.later(hours=1).apply(deleted(holder))
    assert tenant.is_ready(first)
    assert not tenant.is_ready(second)


def test_who_leaves_the_line_frees_the_place(tenant: WatchedTenant) -> None:
    holder, first, second = user("holder", age=1), user("first", age=2), user("second", age=3)
    tenant.apply(pool(static=1), workgroup(), holder, first, second)
    tenant.apply(deleted(first))
    assert usage(tenant) == [("Static", 1, 1, 1)]
    tenant.apply(deleted(holder))
    assert tenant.is_ready(second)


def test_a_place_in_line_is_given_up_when_the_spec_is_refused(tenant: WatchedTenant) -> None:
    holder, waiter, next_ = user("holder", age=1), user("waiter", age=2), user("next", age=3)
    tenant.apply(pool(static=1), workgroup(), holder, waiter, next_)
    tenant.apply(edited(waiter, workgroups=[{"workgroupRef": "tracker", "role": "Nobody"}]))
    assert tenant.reason(waiter) == "RoleNotFound"
    tenant.apply(deleted(holder))
    assert tenant.is_ready(next_)


def test_a_paused_waiter_is_passed_over_and_keeps_its_place(tenant: WatchedTenant) -> None:
    holder, first, second = user("holder", age=1), user("first", age=2), user("second", age=3)
    tenant.apply(pool(static=1), workgroup(), holder, first, second)
    tenant.apply(paused(first))
    tenant.apply(deleted(holder))
    assert tenant.is_ready(second)
    assert not tenant.is_ready(first)
    tenant.apply(paused(first, on=False))
    tenant.apply(deleted(second))
    assert tenant.is_ready(first)


def test_a_seat_that_frees_by_a_change_of_type_goes_on_in_the_same_pass(tenant: WatchedTenant) -> None:
    """The one that moves to another type frees its seat after that type's line was looked at."""
    licenses = [{"type": "Floating", "quantity": 2}, {"type": "Static", "quantity": 1}]
    mover, leaver = user("mover", license="Floating", age=1), user("leaver", license="Floating", age=2)
    blocker = user("blocker", license="Static", age=3)
    first, second = (user(name, license="Floating", age=age) for name, age in (("first", 4), ("second", 5)))
    tenant.apply(pool(spec={"licenses": licenses}), workgroup(), mover, leaver, blocker, first, second)
    moving = edited(mover, license={"type": "Static"})
    tenant.apply(moving)
    assert tenant.reason(moving) == "SeatLimitReached"
    tenant.apply(deleted(blocker), deleted(leaver))
    assert [tenant.is_ready(one) for one in (moving, first, second)] == [True, True, True]


def test_raising_lets_in_as_many_as_were_added(tenant: WatchedTenant) -> None:
    seats, people = pool(static=1), [user(f"user-{n}", age=n) for n in range(5)]
    tenant.apply(seats, workgroup(), *people)
    tenant.apply(edited(seats, licenses=[{"type": "Static", "quantity": 3}]))
    assert [tenant.is_ready(one) for one in people] == [True, True, True, False, False]
    assert "3 Static licenses" in (tenant.condition(people[-1]) or {})["message"]


def test_a_change_of_type_takes_the_new_seat_and_frees_the_old(tenant: WatchedTenant) -> None:
    licenses = [{"type": "Static", "quantity": 1}, {"type": "Restricted", "quantity": 1}]
    ada, bob = user("ada", license="Static", age=1), user("bob", license="Static", age=2)
    tenant.apply(pool(spec={"licenses": licenses}), workgroup(), ada, bob)
    tenant.apply(edited(ada, license={"type": "Restricted"}))
    assert tenant.status(ada)["license"]["type"] == "Restricted"
    assert tenant.is_ready(bob)


def test_a_change_of_type_to_a_full_one_leaves_the_old_generation_whole(tenant: WatchedTenant) -> None:
    licenses = [{"type": "Static", "quantity": 1}, {"type": "Restricted", "quantity": 1}]
    groups = [{"name": "Users"}, {"name": "Leads"}]
    ada = user("ada", license="Restricted", in_=[{"workgroupRef": "tracker", "groups": ["Users"]}])
    bob = user("bob", license="Static")
    tenant.apply(pool(spec={"licenses": licenses}), workgroup(spec={"groups": groups}), ada, bob)
    wanted = [{"workgroupRef": "tracker", "groups": ["Leads"]}]
    moving = edited(ada, license={"type": "Static"}, workgroups=wanted, displayName="Ada L.")
    tenant.apply(moving)
    status = tenant.status(moving)
    assert (status["state"], status["license"]["type"]) == ("Active", "Restricted")
    assert status["workgroups"][0]["groups"] == ["Users"]
    assert tenant.reason(moving) == "SeatLimitReached"
    assert "waitingSinceTime" in status["license"]
    tenant.apply(deleted(bob))
    assert tenant.status(moving)["license"] == {"type": "Static", "pool": "seats"}
    assert tenant.status(moving)["workgroups"][0]["groups"] == ["Leads"]


def test_going_back_to_the_former_type_ends_the_waiting(tenant: WatchedTenant) -> None:
    licenses = [{"type": "Static", "quantity": 1}, {"type": "Restricted", "quantity": 1}]
    ada, bob = user("ada", license="Restricted"), user("bob", license="Static")
    tenant.apply(pool(spec={"licenses": licenses}), workgroup(), ada, bob)
    moving = edited(ada, license={"type": "Static"})
    tenant.apply(moving)
    tenant.apply(edited(moving, license={"type": "Restricted"}))
    assert tenant.is_ready(moving)
    assert usage(tenant) == [("Static", 1, 1, 0), ("Restricted", 1, 1, 0)]


def test_a_license_that_is_given_up_frees_the_seat_and_keeps_the_account(tenant: WatchedTenant) -> None:
    ada, bob = user("ada", age=1), user("bob", age=2)
    tenant.apply(pool(static=1), workgroup(), ada, bob)
    tenant.apply(edited(ada, license=None))
    assert tenant.is_ready(ada)
    assert tenant.status(ada)["state"] == "Active"
    assert tenant.is_ready(bob)


def test_deleting_and_making_again_in_one_batch_takes_the_same_one_seat(tenant: WatchedTenant) -> None:
    policy = workgroup(spec={"deletion": {"mode": "Permanent"}})
    ada = user("ada")
    tenant.apply(pool(static=1), policy, ada)
    again = made_again(ada)
    tenant.apply(deleted(ada), again)
    assert tenant.is_ready(again)
    assert usage(tenant) == [("Static", 1, 1, 0)]


def test_many_batches_for_few_seats_fill_exactly_those(tenant: WatchedTenant) -> None:
    people = [user(f"user-{n:02}", age=n) for n in range(60)]
    tenant.apply(pool(static=10), workgroup())
    for start in range(0, 60, 7):
        tenant.apply(*reversed(people[start : start + 7]))
    assert [one.name for one in people if tenant.is_ready(one)] == [f"user-{n:02}" for n in range(10)]
    assert usage(tenant) == [("Static", 10, 10, 50)]


def test_who_was_edited_before_the_first_visit_is_as_early_as_it_was_made(tenant: WatchedTenant) -> None:
    """The operator was away: the end must not depend on what it missed (P5)."""
    holder, second = user("holder", age=1), user("second", age=3)
    tenant.apply(pool(static=1), workgroup(), holder, second)
    first = edited(user("first", age=2), displayName="Edited before anybody looked")
    tenant.later(hours=1).apply(first)
    tenant.apply(deleted(holder))
    assert tenant.is_ready(first)
    assert not tenant.is_ready(second)


def test_who_was_refused_for_a_policy_that_came_back_has_its_place_again(tenant: WatchedTenant) -> None:
    roles = [{"name": "Agent"}]
    tracker, holder = workgroup(spec={"roles": roles}), user("holder", age=1)
    first = user("first", age=2, in_=[{"workgroupRef": "tracker", "role": "Agent"}])
    second = user("second", age=3)
    tenant.apply(pool(static=1), tracker, holder, first, second)
    without = edited(tracker, roles=[])
    tenant.later(hours=1).apply(without)
    assert tenant.reason(first) == "RoleNotFound"
    tenant.later(hours=1).apply(edited(without, roles=roles))
    tenant.apply(deleted(holder))
    assert tenant.is_ready(first)
    assert not tenant.is_ready(second)
