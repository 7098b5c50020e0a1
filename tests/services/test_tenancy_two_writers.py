"""Two writers on one store at the same time, each with a copy of the same objects: the row lock decides, not luck."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from tenantry.domain.observed import Kind, Observed
from tenantry.errors import StoreUnavailable
from tenantry.services import provisioning
from tenantry.services.work import Outcome, Work
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted
from tests.support.watched import WatchedTenant


def write(tenant: WatchedTenant, batches: list[list[Observed[Any]]], start: threading.Barrier) -> list[Outcome]:
    """Reconcile the batches one after the other, each again while the store is too busy, as the operator does."""
    start.wait()
    outcomes: list[Outcome] = []
    for batch in batches:
        work = Work(tenant.ref, batch, tenant.now, tenant.epoch)
        while True:
            try:
                outcomes += provisioning.reconcile(tenant.store, work)
                break
            except StoreUnavailable:
                continue
    return outcomes


def at_once(tenant: WatchedTenant, *writers: list[list[Observed[Any]]]) -> None:
    start = threading.Barrier(len(writers))
    with ThreadPoolExecutor(len(writers)) as threads:
        done = list(threads.map(lambda batches: write(tenant, batches, start), writers))
    tenant.objects |= {seen.uid: seen for batches in writers for batch in batches for seen in batch}
    for outcomes in done:
        tenant._remember(outcomes)
    everything = list(tenant.objects.values())
    tenant.settle()
    tenant.apply(*everything)  # what two writers told at the same time may have come in either order


def shuffled(objects: list[Observed[Any]], seed: int, size: int) -> list[list[Observed[Any]]]:
    order = random.Random(seed).sample(objects, len(objects))  # noqa: S311 - the same at each run
    return [order[n : n + size] for n in range(0, len(order), size)]


def test_fifty_users_for_ten_seats_are_ten(tenant: WatchedTenant) -> None:
    people = [user(f"user-{n:02}", age=n) for n in range(50)]
    tenant.apply(pool(static=10), workgroup())
    at_once(tenant, shuffled(people, seed=1, size=5), shuffled(people, seed=2, size=7))
    assert sum(tenant.is_ready(one) for one in people) == 10
    status = tenant.status_of(Kind.LICENSE_POOL, "seats")
    assert (status["used"], status["waiting"]) == (10, 40)


def test_a_tenant_that_two_see_first_at_the_same_time_is_one(tenant: WatchedTenant) -> None:
    objects = [pool(static=5), workgroup(), *(user(f"user-{n:02}", age=n) for n in range(8))]
    at_once(tenant, [objects], [list(reversed(objects))])
    assert sum(seen.kind is Kind.USER and tenant.is_ready(seen) for seen in objects) == 5


def test_seats_that_free_while_others_ask_are_given_once(tenant: WatchedTenant) -> None:
    old = [user(f"old-{n}", age=n) for n in range(10)]
    new = [user(f"new-{n}", age=20 + n) for n in range(20)]
    tenant.apply(pool(static=10), workgroup(spec={"deletion": {"mode": "Permanent"}}), *old)
    at_once(tenant, [[deleted(one)] for one in old[:6]], shuffled(new, seed=3, size=4))
    for one in old[:6]:
        assert one.uid not in tenant.objects
    assert sum(tenant.is_ready(one) for one in new) == 6


def test_the_same_login_is_given_to_one_of_two(tenant: WatchedTenant) -> None:
    tenant.apply(pool(static=10), workgroup())
    rivals = [user(f"rival-{n}", spec={"userName": "ada"}, age=n) for n in range(6)]
    at_once(tenant, [[one] for one in rivals], [[one] for one in reversed(rivals)])
    assert sorted(tenant.reason(one) for one in rivals) == ["LoginTaken"] * 5 + ["Provisioned"]


def test_sequence_values_are_given_once(tenant: WatchedTenant) -> None:
    badge = [{"name": "badge", "format": "Sequence"}]
    people = [user(f"user-{n:02}", license=None, age=n) for n in range(30)]
    tenant.apply(workgroup(pool=None, spec={"attributes": badge}))
    at_once(tenant, shuffled(people, seed=4, size=3), shuffled(people, seed=5, size=4))
    values = [int(tenant.status(one)["assigned"][0]["value"]) for one in people]
    assert sorted(values) == list(range(1, 31))


def test_other_tenants_wait_for_nobody(tenant: WatchedTenant) -> None:
    other = WatchedTenant(tenant.store, replace(tenant.ref, namespace="beta", uid="namespace-beta"))
    theirs = [user(f"user-{n}", license=None, namespace="beta") for n in range(10)]
    ours = [user(f"user-{n}", license=None) for n in range(10)]
    tenant.apply(workgroup(pool=None))
    other.apply(workgroup(pool=None, namespace="beta"))
    with ThreadPoolExecutor(2) as threads:
        done = [threads.submit(tenant.apply, *ours), threads.submit(other.apply, *theirs)]
        for each in done:
            each.result()
    assert all(map(tenant.is_ready, ours))
    assert all(map(other.is_ready, theirs))
