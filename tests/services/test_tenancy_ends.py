"""What a sweep does when a namespace goes, when a clock is ahead, and for which leader (decisions 14, 15)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tenantry.domain.observed import Kind
from tenantry.errors import LeadershipLost
from tenantry.services import provisioning, tenancy
from tenantry.store.tenant import find_tenant
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, made_again, paused
from tests.support.watched import WatchedTenant


@pytest.mark.parametrize("why", ["paused", "detached"])
def test_what_was_held_before_its_namespace_went_is_looked_at_again(tenant: WatchedTenant, why: str) -> None:
    ada = user("ada")
    tenant.apply(pool(static=1), workgroup(), ada)
    if why == "paused":
        ada = deleted(paused(ada))
    else:
        tenant.move("namespace-2")
        tenant.apply(made_again(ada))
        ada = deleted(made_again(ada))
    assert not any(o.released for o in tenant.apply(ada))
    assert (Kind.USER, ada.name, ada.uid) not in tenant.later(hours=1).sweep().drifted
    tenant.ref = replace(tenant.ref, terminating=True)
    assert (Kind.USER, ada.name, ada.uid) in tenant.sweep().drifted
    assert provisioning.load_held(tenant.store, tenant.ref.namespace) == [(Kind.USER, ada.name, ada.uid)]
    tenant.apply(ada)
    assert ada.uid not in tenant.objects


def test_an_object_that_is_known_to_be_there_is_not_missing_whatever_the_clocks_say(tenant: WatchedTenant) -> None:
    """The listing began before the object was made; by the clock of who lists, that was minutes ago."""
    home, young = [pool(static=2), workgroup(), user("ada")], user("young")
    tenant.apply(*home, young)
    listed = {o.uid: (o.kind, o.name, o.generation) for o in home}
    ahead = young.created + timedelta(minutes=5)
    provisioning.sweep(tenant.store, tenant.ref, listed, ahead, tenant.now, tenant.epoch, learnt={young.uid})
    tenant.settle()
    assert tenant.is_ready(young)
    assert not tenant.sweep().outcomes


def test_what_a_sweep_writes_is_written_under_its_epoch(tenant: WatchedTenant) -> None:
    """A leader that was frozen before it must not write afterwards, whether the sweep detached or ended an attach."""
    home = [pool(static=50), workgroup(), *(user(f"user-{n:02}", age=n) for n in range(20))]
    tenant.apply(*home)
    tenant.vanish(*home[8:])
    tenant.epoch = 2
    assert tenant.later(hours=1).sweep().detached
    assert _epoch(tenant) == 2
    tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenancy.settle(tenant.store, tenant.ref, 3)
    assert _epoch(tenant) == 3
    tenant.epoch = 2
    with pytest.raises(LeadershipLost):
        tenant.apply(user("newcomer"))
    tenant.epoch = 3
    tenant.objects.pop(user("newcomer").uid)
    tenant.settle()
    tenant.sweep()


def test_a_former_leader_does_not_end_the_confirmation_of_an_attach(tenant: WatchedTenant) -> None:
    home = [pool(static=50), workgroup(), *(user(f"user-{n:02}", age=n) for n in range(20))]
    tenant.epoch = 5
    tenant.apply(*home)
    tenant.vanish(*home[8:])
    assert tenant.later(hours=1).sweep().detached
    tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    with pytest.raises(LeadershipLost):
        tenancy.settle(tenant.store, tenant.ref, 4)
    tenant.settle()
    assert not tenant.sweep().detached


def _epoch(tenant: WatchedTenant) -> int:
    with tenant.store.read() as connection:
        row = find_tenant(connection, tenant.ref.namespace)
    assert row is not None
    return row.epoch
