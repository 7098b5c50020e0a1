"""Whose store it is: foreign clusters, sweeps that find too much gone, attaching, and who leads (decision 14)."""

from dataclasses import replace
from typing import Any

import pytest

from tenantry.domain.observed import Kind, Observed
from tenantry.errors import InputError, LeadershipLost
from tenantry.services import provisioning, tenancy
from tenantry.services.accounts import list_accounts
from tenantry.services.trail import verify_trails
from tenantry.services.work import Work
from tests.support.builders import pool, project_member, user, workgroup
from tests.support.edits import deleted, made_again
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


def test_another_clusters_namespace_is_detached_and_nothing_is_granted(tenant: WatchedTenant) -> None:
    tenant.apply(*site(2))
    records = count_records(tenant.store)
    tenant.move(FOREIGN)
    newcomer = user("newcomer", uid="newcomer-elsewhere")
    there = [*elsewhere(site(2)), newcomer]
    tenant.apply(*there)
    assert reasons(tenant, there) == {"Detached"}
    assert "tenantry tenant attach" in (tenant.condition(newcomer) or {})["message"]
    assert (tenant.condition(newcomer, "Stalled") or {})["status"] == "True"
    assert count_records(tenant.store) == records


def test_in_a_detached_tenant_nothing_is_deleted(tenant: WatchedTenant) -> None:
    home = site(2)
    tenant.apply(*home)
    records = count_records(tenant.store)
    tenant.move(FOREIGN)
    tenant.apply(*elsewhere(home))
    tenant.later(days=1).sweep()
    assert count_records(tenant.store) == records


@pytest.mark.parametrize("way", ["a foreign cluster", "too many gone at once"])
def test_a_detached_tenant_does_not_hold_up_the_end_of_its_namespace(tenant: WatchedTenant, way: str) -> None:
    """The objects go; the accounts stay until somebody attaches the tenant."""
    home = site(12)
    tenant.apply(*home)
    if way == "a foreign cluster":
        tenant.move(FOREIGN)
        there = elsewhere(home)
        tenant.apply(*there)
    else:
        tenant.vanish(*home[3:])
        tenant.later(hours=1).sweep()
        there = home[:3]
    records = count_records(tenant.store)
    assert not any(o.released for o in tenant.apply(*map(deleted, there)))
    tenant.ref = replace(tenant.ref, terminating=True)
    tenant.apply(*map(deleted, there))
    assert tenant.objects == {}
    assert count_records(tenant.store) == records


def test_back_home_everything_goes_on_as_before(tenant: WatchedTenant) -> None:
    home = site(2)
    tenant.apply(*home)
    before = {seen.uid: tenant.status(seen) for seen in home}
    first, objects = tenant.ref, dict(tenant.objects)
    tenant.move(FOREIGN)
    tenant.apply(*elsewhere(home))
    tenant.ref = first
    tenant.objects, tenant.statuses = objects, dict(before)
    newcomer = user("newcomer", age=90)
    tenant.apply(newcomer)
    assert tenant.is_ready(newcomer)
    assert {seen.uid: tenant.status(seen) for seen in home if seen.kind is not Kind.LICENSE_POOL} == {
        uid: status for uid, status in before.items() if "capacity" not in status
    }


def test_attaching_binds_accounts_to_the_objects_of_the_same_login(tenant: WatchedTenant) -> None:
    home = site(3)
    tenant.apply(*home)
    accounts = {seen.name: tenant.status(seen)["accountId"] for seen in home if seen.kind is Kind.USER}
    tenant.move(FOREIGN)
    there = elsewhere(home)
    tenant.apply(*there)
    attachment = tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    assert sorted(attachment.bound) == sorted(accounts)
    assert attachment.unbound == ()
    assert reasons(tenant, there) == {"Provisioned"}
    assert {seen.name: tenant.status(seen)["accountId"] for seen in there if seen.kind is Kind.USER} == accounts
    newcomer = user("newcomer", uid="newcomer-elsewhere", age=99)
    tenant.apply(newcomer)
    assert tenant.is_ready(newcomer)


def test_after_an_attach_the_sweep_deletes_by_policy_whose_object_is_not_there(tenant: WatchedTenant) -> None:
    home = site(20, deletion={"mode": "Restorable"})
    tenant.apply(*home)
    tenant.move(FOREIGN)
    there = elsewhere(home[:4])
    tenant.apply(*there)
    attachment = tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    assert len(attachment.bound) == 2
    assert len(attachment.unbound) == 18
    tenant.later(hours=1).sweep()
    assert tenant.status_of(Kind.LICENSE_POOL, "seats")["used"] == 2
    assert reasons(tenant, there) == {"Provisioned"}
    again = user("user-10", uid="again")
    tenant.apply(again)
    assert tenant.reason(again) == "LoginDeleted"


def test_after_an_attach_workgroups_and_pools_take_accounts_as_before(tenant: WatchedTenant) -> None:
    home = site(2)
    tenant.apply(*home)
    tenant.move(FOREIGN)
    there = elsewhere(home)
    tenant.apply(*there)
    tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    tenant.later(hours=1).sweep()
    newcomer = user("newcomer", uid="newcomer-elsewhere", age=99)
    tenant.apply(newcomer)
    assert reasons(tenant, [*there, newcomer]) == {"Provisioned"}


def test_a_dry_run_of_attaching_tells_and_changes_nothing(tenant: WatchedTenant) -> None:
    home = site(2)
    tenant.apply(*home)
    tenant.move(FOREIGN)
    tenant.apply(*elsewhere(home[:3]))
    content = digest(tenant.store)
    attachment = tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now, dry_run=True)
    assert (attachment.bound, attachment.unbound) == (("user-00",), ("user-01",))
    assert digest(tenant.store) == content


@pytest.mark.parametrize("namespace", ["acme", "nowhere"])
def test_only_a_detached_tenant_is_attached(tenant: WatchedTenant, namespace: str) -> None:
    tenant.apply(*site(1))
    with pytest.raises(InputError):
        tenancy.attach(tenant.store, namespace, tenant.now)


def test_a_namespace_made_again_after_everything_was_deleted_is_a_new_tenant(tenant: WatchedTenant) -> None:
    home = site(2, deletion={"mode": "Permanent"})
    tenant.apply(*home)
    tenant.apply(*map(deleted, home))
    tenant.move(FOREIGN)
    ada = user("ada", uid="ada-elsewhere")
    tenant.apply(ada)
    assert tenant.reason(ada) == "WorkgroupNotFound"
    tenant.apply(pool(static=1, uid="pool-elsewhere"), workgroup(uid="workgroup-elsewhere"))
    assert tenant.is_ready(ada)


def test_a_namespace_made_again_without_accounts_forgets_the_policies_of_the_old(tenant: WatchedTenant) -> None:
    """Their finalizers were stripped: nobody told that they went."""
    tenant.apply(pool(static=1), workgroup(spec={"systemUsers": [{"userName": "Admin"}]}))
    tenant.move(FOREIGN)
    ada = user("ada", uid="ada-elsewhere")
    tenant.apply(ada)
    assert tenant.reason(ada) == "WorkgroupNotFound"
    assert [account.login for account in list_accounts(tenant.store)] == ["ada"]


def test_detaching_and_attaching_are_on_record(tenant: WatchedTenant) -> None:
    home = site(2)
    tenant.apply(*home)
    assert actions_on_record(tenant.store, "Tenant") == []
    tenant.move(FOREIGN)
    tenant.apply(*elsewhere(home))
    tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    assert actions_on_record(tenant.store, "Tenant") == ["TenantDetached", "TenantAttached"]


def test_who_is_bound_to_which_object_is_on_record(tenant: WatchedTenant) -> None:
    home = site(2)
    tenant.apply(*home)
    tenant.move(FOREIGN)
    tenant.apply(*elsewhere(home))
    tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    assert actions_on_record(tenant.store, "Binding") == ["AccountRebound", "AccountRebound"]


def test_policies_that_go_with_a_namespace_are_on_record(tenant: WatchedTenant) -> None:
    tenant.apply(pool(static=1), workgroup())
    tenant.move(FOREIGN)
    tenant.apply(user("ada", uid="ada-elsewhere"))
    assert actions_on_record(tenant.store, "Workgroup")[-1] == "PolicyDeleted"
    assert actions_on_record(tenant.store, "LicensePool")[-1] == "PolicyDeleted"


def test_a_signed_trail_is_attached_with_its_key_only(tenant: WatchedTenant) -> None:
    tenant.store.audit_key = b"key"
    home = site(1)
    tenant.apply(*home)
    tenant.move(FOREIGN)
    tenant.apply(*elsewhere(home))
    for wrong in (b"", b"another"):
        tenant.store.audit_key = wrong
        with pytest.raises(InputError, match="is signed, and not by this key"):
            tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.store.audit_key = b"key"
    tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    (verdict,) = verify_trails(tenant.store)
    assert verdict.fault is None


def test_what_an_attach_dropped_does_not_come_back_by_what_was_read_before_it(tenant: WatchedTenant) -> None:
    home = site(2)
    tenant.apply(*home)
    tenant.move(FOREIGN)
    there = elsewhere(home)
    tenant.apply(*there)
    stored = provisioning.load_objects(tenant.store, [seen.uid for seen in home])[tenant.ref.namespace]
    tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    content = digest(tenant.store)
    assert provisioning.reconcile(tenant.store, Work(tenant.ref, stored, tenant.now, tenant.epoch)) == []
    assert digest(tenant.store) == content


def test_an_older_leader_is_refused_and_changes_nothing(tenant: WatchedTenant) -> None:
    home = site(1)
    tenant.epoch = 7
    tenant.apply(*home)
    content = digest(tenant.store)
    tenant.epoch = 6
    with pytest.raises(LeadershipLost):
        tenant.apply(user("late"))
    del tenant.objects[user("late").uid]
    assert digest(tenant.store) == content
    tenant.epoch = 8
    tenant.apply(user("late"))
    assert tenant.is_ready(user("late"))


def test_an_older_leader_cannot_detach(tenant: WatchedTenant) -> None:
    home = site(12)
    tenant.epoch = 7
    tenant.apply(*home)
    tenant.epoch = 6
    with pytest.raises(LeadershipLost):
        tenant.later(hours=1).sweep(live=home[:2])
    tenant.epoch = 7


def test_a_new_leader_over_unchanged_objects_writes_nothing(tenant: WatchedTenant) -> None:
    home = site(3)
    tenant.apply(*home)
    content = digest(tenant.store)
    tenant.epoch = 9
    tenant.later(days=1).apply(*home)
    assert digest(tenant.store) == content
    tenant.epoch = 1


def test_namespaces_know_nothing_of_each_other(tenant: WatchedTenant) -> None:
    other = WatchedTenant(tenant.store, replace(tenant.ref, namespace="beta", uid="namespace-beta"))
    ada = user("ada")
    tenant.apply(pool(static=1), workgroup(), ada)
    theirs = [pool(static=0, namespace="beta"), workgroup(namespace="beta"), user("ada", namespace="beta")]
    other.apply(*theirs)
    assert tenant.is_ready(ada)
    assert other.reason(theirs[2]) == "SeatLimitReached"
    assert 'LicensePool "seats" has 0 Static' in (other.condition(theirs[2]) or {})["message"]


def test_project_members_of_another_cluster_are_not_in_force_until_it_is_attached(tenant: WatchedTenant) -> None:
    project = {"name": "lab", "resources": [{"type": "device", "names": ["a"], "operations": ["read"]}]}
    spec = {"workgroupRef": "tracker", "project": "lab", "userRef": "user-00", "allow": []}
    home = [*site(1, projects=[project]), project_member("part", spec=spec)]
    tenant.apply(*home)
    tenant.move(FOREIGN)
    there = elsewhere(home)
    tenant.apply(*there)
    assert reasons(tenant, there) == {"Detached"}
    tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    assert reasons(tenant, there) == {"Provisioned"}


def test_a_user_made_again_elsewhere_after_an_attach_is_another_one(tenant: WatchedTenant) -> None:
    home = site(1, deletion={"mode": "Permanent"})
    tenant.apply(*home)
    before = tenant.status(home[2])["accountId"]
    tenant.move(FOREIGN)
    there = elsewhere(home)
    tenant.apply(*there)
    tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    tenant.apply(deleted(there[2]))
    again = made_again(home[2])
    tenant.apply(again)
    assert tenant.is_ready(again)
    assert tenant.status(again)["accountId"] != before
