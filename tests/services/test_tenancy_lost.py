"""Objects that a sweep does not find: taken away, or not believed (decision 14)."""

from dataclasses import replace
from typing import Any

import pytest

from tenantry.domain.observed import Kind, Observed
from tenantry.services import tenancy
from tests.support.builders import pool, user, workgroup
from tests.support.edits import edited, made_again
from tests.support.invariants import actions_on_record, count_records, digest
from tests.support.watched import WatchedTenant

FOREIGN = "namespace-2"


def site(people: int, **fields: object) -> list[Observed[Any]]:
    return [pool(static=50), workgroup(spec=fields), *(user(f"user-{n:02}", age=n) for n in range(people))]


def elsewhere(objects: list[Observed[Any]]) -> list[Observed[Any]]:
    """Return the same objects as another cluster has them."""
    return [replace(seen, uid=f"other-{seen.uid[:50]}") for seen in objects]


def reasons(tenant: WatchedTenant, objects: list[Observed[Any]]) -> set[str]:
    return {tenant.reason(seen) for seen in objects}


def test_a_sweep_takes_away_the_accounts_whose_object_is_gone(tenant: WatchedTenant) -> None:
    home = site(5, deletion={"mode": "Permanent"})
    waiter = user("waiter", age=50)
    tenant.apply(edited(home[0], licenses=[{"type": "Static", "quantity": 5}]), *home[1:], waiter)
    tenant.vanish(home[2])
    report = tenant.later(hours=1).sweep()
    assert [o.name for o in report.outcomes if o.released] == ["user-00"]
    assert tenant.is_ready(waiter)
    assert not report.detached


def test_a_sweep_tells_which_objects_it_does_not_know(tenant: WatchedTenant) -> None:
    home = site(2)
    tenant.apply(*home)
    changed, unknown = edited(home[2], displayName="Changed"), user("unknown")
    report = tenant.sweep(live=[*home[:2], changed, home[3], unknown])
    assert {name for _, name, _ in report.drifted} == {changed.name, unknown.name}


def test_a_sweep_leaves_objects_that_are_younger_than_its_listing(tenant: WatchedTenant) -> None:
    home = site(1)
    tenant.apply(*home)
    young = user("young", age=3600)
    tenant.apply(young)
    tenant.sweep(live=home)
    assert tenant.is_ready(young)


@pytest.mark.parametrize(
    ("people", "lost", "detached"), [(20, 10, False), (60, 11, False), (50, 11, True), (12, 12, True)]
)
def test_too_many_gone_at_once_are_not_believed(
    tenant: WatchedTenant, people: int, lost: int, *, detached: bool
) -> None:
    home = site(people, deletion={"mode": "Permanent"})
    tenant.apply(edited(home[0], licenses=[{"type": "Static", "quantity": 99}]), *home[1:])
    tenant.vanish(*home[2 : 2 + lost])
    report = tenant.later(hours=1).sweep()
    assert report.detached is detached
    pools = tenant.status_of(Kind.LICENSE_POOL, "seats")
    if detached:
        assert reasons(tenant, list(tenant.objects.values())) == {"Detached"}
        tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
        tenant.settle()
        assert not tenant.sweep().detached
        pools = tenant.status_of(Kind.LICENSE_POOL, "seats")
    assert pools["used"] == people - lost


def test_objects_made_again_while_detached_get_their_accounts(tenant: WatchedTenant) -> None:
    home = site(20)
    tenant.apply(*home)
    accounts = {seen.name: tenant.status(seen)["accountId"] for seen in home if seen.kind is Kind.USER}
    lost = home[8:]
    tenant.vanish(*lost)
    assert tenant.later(hours=1).sweep().detached
    again = [made_again(seen) for seen in lost]
    tenant.apply(*again)
    attachment = tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    tenant.later(hours=1).sweep()
    assert sorted(attachment.bound) == sorted(seen.name for seen in lost)
    assert reasons(tenant, again) == {"Provisioned"}
    assert all(tenant.status(seen)["accountId"] == accounts[seen.name] for seen in again)


def test_the_confirmation_of_an_attach_is_for_one_sweep(tenant: WatchedTenant) -> None:
    home = site(50, deletion={"mode": "Permanent"})
    tenant.apply(*home)
    tenant.vanish(*home[2:17])
    tenant.later(hours=1).sweep()
    tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    tenant.sweep()
    tenant.vanish(*home[17:32])
    assert tenant.later(hours=1).sweep().detached


def test_a_detached_tenant_says_so_once_and_writes_no_more(tenant: WatchedTenant) -> None:
    home = site(12)
    tenant.apply(*home)
    tenant.vanish(*home[2:])
    tenant.later(hours=1).sweep()
    content = digest(tenant.store)
    tenant.later(hours=1).sweep()
    assert digest(tenant.store) == content


def test_before_an_attach_a_dry_run_names_whose_objects_a_sweep_did_not_find(tenant: WatchedTenant) -> None:
    home = site(20, deletion={"mode": "Permanent"})
    tenant.apply(*home)
    tenant.vanish(*home[8:])
    tenant.later(hours=1).sweep()
    attachment = tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now, dry_run=True)
    assert sorted(attachment.unbound) == [seen.name for seen in home[8:]]
    assert attachment.bound == ()


def test_lost_objects_are_not_back_because_their_cluster_is(tenant: WatchedTenant) -> None:
    """A look at another cluster and back does not attach a tenant that a sweep detached."""
    home = site(20, deletion={"mode": "Permanent"})
    tenant.apply(*home)
    tenant.vanish(*home[8:])
    tenant.later(hours=1).sweep()
    first, objects, statuses = tenant.ref, dict(tenant.objects), dict(tenant.statuses)
    tenant.move(FOREIGN)
    tenant.apply(*elsewhere(home))
    tenant.ref, tenant.objects, tenant.statuses = first, objects, statuses
    tenant.apply(*home[:8])
    assert reasons(tenant, home[:8]) == {"Detached"}
    records = count_records(tenant.store)
    tenant.later(hours=1).sweep()
    assert count_records(tenant.store) == records


def test_the_guard_counts_accounts_not_objects_that_were_refused_one(tenant: WatchedTenant) -> None:
    home = site(12)
    refused = [user(f"refused-{n}", age=n, in_=[{"workgroupRef": "tracker", "role": "Nobody"}]) for n in range(60)]
    tenant.apply(*home, *refused)
    tenant.vanish(*home[2:])
    assert tenant.later(hours=1).sweep().detached


def test_a_sweep_under_way_does_not_undo_an_attach(tenant: WatchedTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    home = site(20, deletion={"mode": "Permanent"})
    tenant.apply(*home)
    tenant.vanish(*home[8:])
    assert tenant.later(hours=1).sweep().detached
    look = tenancy.find_missing

    def attached_meanwhile(*arguments: Any, **named: Any) -> tenancy.Missing:
        found = look(*arguments, **named)
        tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(tenancy, "find_missing", attached_meanwhile)
        assert not tenant.sweep().detached
    tenant.settle()
    assert actions_on_record(tenant.store, "Tenant") == ["TenantDetached", "TenantAttached"]
