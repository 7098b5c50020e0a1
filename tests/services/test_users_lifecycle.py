"""An account over time: switched off, paused, its policy gone or tightened, deleted, erased; its sequence numbers."""

from dataclasses import replace
from typing import Any

import pytest

from tenantry.domain.observed import Observed
from tenantry.store.account import load_all
from tenantry.store.tenant import find_tenant
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited, made_again, paused
from tests.support.invariants import count_records, digest
from tests.support.watched import WatchedTenant

BADGE = {"attributes": [{"name": "badge", "format": "Sequence"}]}


def badge(tenant: WatchedTenant, seen: Observed[Any]) -> int:
    (value,) = (x["value"] for x in tenant.status(seen)["assigned"] if x["name"] == "badge")
    return int(value)


def state(tenant: WatchedTenant, seen: Observed[Any]) -> str:
    return str(tenant.status(seen)["state"])


def test_switched_off_and_on_keeps_seat_and_account(tenant: WatchedTenant) -> None:
    ada, bob = user("ada", age=1), user("bob", age=2)
    tenant.apply(pool(static=1), workgroup(), ada, bob)
    before = tenant.status(ada)
    off = edited(ada, active=False)
    tenant.apply(off)
    assert (tenant.is_ready(off), state(tenant, off)) == (True, "Inactive")
    assert not tenant.is_ready(bob)
    on = edited(off, active=True)
    tenant.apply(on)
    assert {**tenant.status(on), "conditions": 0, "observedGeneration": 0} == {
        **before,
        "conditions": 0,
        "observedGeneration": 0,
    }


def test_switching_off_works_although_the_spec_is_otherwise_refused(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), workgroup(), ada)
    wrong = edited(ada, active=False, workgroups=[{"workgroupRef": "tracker", "role": "Nobody"}])
    tenant.apply(wrong)
    assert (tenant.reason(wrong), state(tenant, wrong)) == ("RoleNotFound", "Inactive")


def test_switching_off_works_although_there_is_no_seat_for_what_is_asked(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), workgroup(), ada)
    moving = edited(ada, active=False, license={"type": "Floating"})
    tenant.apply(moving)
    assert (tenant.reason(moving), state(tenant, moving)) == ("SeatLimitReached", "Inactive")


def test_a_paused_object_is_reported_and_nothing_is_written(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), workgroup(), ada)
    before, records = tenant.status(ada), count_records(tenant.store)
    held = paused(edited(ada, active=False))
    tenant.later(hours=1).apply(held)
    status = tenant.status(held)
    assert (state(tenant, held), status["observedGeneration"]) == ("Active", before["observedGeneration"])
    assert (tenant.condition(held, "Paused") or {})["status"] == "True"
    assert count_records(tenant.store) == records
    tenant.apply(paused(held, on=False))
    assert state(tenant, held) == "Inactive"
    assert tenant.condition(held, "Paused") is None


def test_a_paused_newcomer_gets_no_account(tenant: WatchedTenant) -> None:
    ada = paused(user("ada"))
    tenant.apply(pool(static=1), workgroup(), ada)
    assert (tenant.condition(ada) or {})["status"] == "Unknown"
    tenant.apply(paused(ada, on=False))
    assert tenant.is_ready(ada)


def test_pausing_longer_does_not_move_the_time_of_the_condition(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), workgroup(), ada)
    held = paused(ada)
    tenant.apply(held)
    since = (tenant.condition(held, "Paused") or {})["lastTransitionTime"]
    tenant.later(days=1).apply(edited(held, displayName="Ada L."))
    assert (tenant.condition(held, "Paused") or {})["lastTransitionTime"] == since


def test_a_paused_user_stays_when_it_is_deleted_and_goes_with_its_namespace(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), workgroup(), ada)
    gone = paused(deleted(ada))
    (outcome,) = tenant.apply(gone)
    assert not outcome.released
    tenant.ref = replace(tenant.ref, terminating=True)
    tenant.apply(gone)
    assert gone.uid not in tenant.objects


@pytest.mark.parametrize("known", [True, False])
def test_a_paused_object_whose_deletion_waits_says_so_and_how_to_go_on(tenant: WatchedTenant, *, known: bool) -> None:
    ada = paused(user("ada"))
    tenant.apply(pool(static=1), workgroup(), *([ada] if known else []))
    tenant.apply(gone := deleted(ada))
    message = (tenant.condition(gone, "Paused") or {})["message"]
    on = f"kubectl annotate user.tenantry.dev ada -n {gone.namespace} tenantry.dev/paused-"
    assert message.endswith(f"The deletion waits for that; to go on: {on}")
    tenant.apply(paused(gone, on=False))
    assert gone.uid not in tenant.objects


@pytest.mark.parametrize("kind", ["pool", "workgroup"])
def test_a_paused_policy_stays_as_it_was(tenant: WatchedTenant, kind: str) -> None:
    seats, policy = pool(static=1), workgroup(spec={"login": {"maxLength": 10}})
    tenant.apply(seats, policy)
    if kind == "pool":
        tenant.apply(paused(edited(seats, licenses=[])))
    else:
        tenant.apply(paused(edited(policy, login={"maxLength": 1})))
    ada = user("ada")
    tenant.apply(ada)
    assert tenant.is_ready(ada)


def test_a_pool_that_is_paused_together_with_a_new_user_says_so(tenant: WatchedTenant) -> None:
    seats, ada = pool(static=1), user("ada")
    tenant.apply(seats, workgroup())
    tenant.apply(paused(seats), ada)
    assert (tenant.condition(seats, "Paused") or {})["status"] == "True"
    tenant.apply(seats)
    assert tenant.status(seats)["used"] == 1


def test_a_role_that_vanishes_stalls_the_user_and_leaves_the_account(tenant: WatchedTenant) -> None:
    policy = workgroup(spec={"roles": [{"name": "Agent"}, {"name": "Lead"}]})
    ada = user("ada", in_=[{"workgroupRef": "tracker", "role": "Lead"}])
    tenant.apply(pool(static=1), policy, ada)
    before = tenant.status(ada)
    smaller = edited(policy, roles=[{"name": "Agent"}])
    tenant.apply(smaller)
    after = tenant.status(ada)
    assert (tenant.reason(ada), state(tenant, ada)) == ("RoleNotFound", "Active")
    assert after["license"] == before["license"]
    tenant.apply(edited(smaller, roles=[{"name": "Lead"}]))
    assert tenant.is_ready(ada)


def test_a_tightened_profile_leaves_the_last_good_state(tenant: WatchedTenant) -> None:
    policy, ada = workgroup(), user("ada")
    tenant.apply(pool(static=1), policy, ada)
    tenant.apply(edited(policy, profile={"required": ["organization"]}))
    assert (tenant.reason(ada), state(tenant, ada)) == ("ProfileIncomplete", "Active")
    tenant.apply(edited(ada, organization="Analytical"))
    assert tenant.is_ready(ada)


def test_a_user_goes_at_once_and_its_row_with_it(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), workgroup(), ada)
    outcomes = tenant.apply(deleted(ada))
    assert [(o.name, o.released) for o in outcomes if o.uid == ada.uid] == [("ada", True)]


def test_a_user_that_was_never_seen_alive_goes_at_once(tenant: WatchedTenant) -> None:
    tenant.apply(pool(static=1), workgroup())
    (outcome,) = tenant.apply(deleted(user("ada")))
    assert outcome.released


def test_a_user_whose_workgroup_is_not_there_goes_at_once(tenant: WatchedTenant) -> None:
    ada = user("ada", in_="nowhere")
    tenant.apply(ada)
    outcomes = tenant.apply(deleted(ada))
    assert [o.released for o in outcomes] == [True]


def test_a_deletion_is_obeyed_once_however_often_it_is_told(tenant: WatchedTenant) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), workgroup(), ada)
    tenant.apply(deleted(ada))
    content = digest(tenant.store)
    (outcome,) = tenant.apply(deleted(ada))
    assert outcome.released
    assert digest(tenant.store) == content


def test_sequence_values_are_unique_and_stable(tenant: WatchedTenant) -> None:
    people = [user(f"user-{n}", age=n) for n in range(5)]
    tenant.apply(pool(static=9), workgroup(spec=BADGE), *people)
    assert [badge(tenant, one) for one in people] == [1, 2, 3, 4, 5]
    changed = edited(people[2], displayName="Third")
    tenant.later(days=1).apply(changed)
    assert badge(tenant, changed) == 3


def test_a_sequence_value_is_never_given_again(tenant: WatchedTenant) -> None:
    policy = workgroup(spec={**BADGE, "deletion": {"mode": "Permanent"}})
    people = [user(f"user-{n}", age=n) for n in range(3)]
    tenant.apply(pool(static=9), policy, *people)
    tenant.apply(*map(deleted, people))
    new = [made_again(one) for one in people]
    tenant.apply(*new)
    assert [badge(tenant, one) for one in new] == [4, 5, 6]


def test_workgroups_share_a_sequence_of_one_name(tenant: WatchedTenant) -> None:
    one, other = user("one", in_="first", age=1), user("other", in_="second", age=2)
    both = user("both", in_=[{"workgroupRef": "first"}, {"workgroupRef": "second"}], age=3)
    tenant.apply(pool(static=9), workgroup("first", spec=BADGE), workgroup("second", spec=BADGE), one, other, both)
    assert [badge(tenant, x) for x in (one, other, both)] == [1, 2, 3]


def test_an_account_gets_its_value_when_the_policy_asks_for_one_later(tenant: WatchedTenant) -> None:
    policy, ada = workgroup(), user("ada")
    tenant.apply(pool(static=1), policy, ada)
    assert "assigned" not in tenant.status(ada)
    tenant.apply(edited(policy, **BADGE))
    assert badge(tenant, ada) == 1


def test_who_waits_has_no_value_yet(tenant: WatchedTenant) -> None:
    holder, waiter = user("holder", age=1), user("waiter", age=2)
    tenant.apply(pool(static=1), workgroup(spec=BADGE), holder, waiter)
    assert "assigned" not in tenant.status(waiter)
    tenant.apply(deleted(holder))
    assert badge(tenant, waiter) == 2


@pytest.mark.parametrize("mode", ["Permanent", "PermanentReserved"])
def test_permanent_deletion_erases_the_person_from_store_and_trail(tenant: WatchedTenant, mode: str) -> None:
    profile = {
        "name": {"givenName": "Zebedee"},
        "comment": "Likes quagga",
        "emails": [{"value": "zebedee@example.com"}],
    }
    person = user("zebedee", spec=profile)
    tenant.apply(pool(static=1), workgroup(spec={"deletion": {"mode": mode}}), person)
    tenant.apply(edited(person, comment="Likes okapi"))
    records = count_records(tenant.store)
    tenant.apply(deleted(person))
    assert count_records(tenant.store) == records + 1
    text = everything(tenant)
    assert not any(word in text for word in ("Zebedee", "zebedee@example.com", "quagga", "okapi"))
    assert "AccountErased" in text or "AccountDeleted" in text


def test_restorable_deletion_keeps_what_a_restore_needs_and_no_password(tenant: WatchedTenant) -> None:
    tenant.secrets["passwords", "ada"] = "teal-otter"
    secret = {"password": {"secretKeyRef": {"name": "passwords", "key": "ada"}}}
    ada = user("ada", spec=secret)
    tenant.apply(pool(static=1), workgroup(), ada)
    tenant.apply(deleted(ada))
    with tenant.store.read() as connection:
        row = find_tenant(connection, tenant.ref.namespace)
        assert row is not None
        (account,) = load_all(connection, row.id)
    assert account.tombstone is not None
    assert account.password is None
    assert account.user_name == "ada"


def everything(tenant: WatchedTenant) -> str:
    tables = ("accounts", "audit_records", "resources", "refs", "memberships", "waits", "seats")
    with tenant.store.read() as connection:
        return str([connection.exec_driver_sql(f"SELECT * FROM {table}").all() for table in tables])  # noqa: S608 - names
