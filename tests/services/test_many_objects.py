"""More objects than one statement of PostgreSQL has parameters for."""

import pytest

from tenantry.domain.observed import Kind
from tenantry.services import tenancy
from tenantry.store import portions
from tests.support.builders import pool, user, workgroup
from tests.support.edits import edited
from tests.support.watched import WatchedTenant


def test_what_goes_over_a_whole_tenant_goes_in_portions(tenant: WatchedTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "_MOST_IDS", 3)
    bought, people = pool(static=20), [user(f"user-{n:02}") for n in range(20)]
    tenant.apply(bought, workgroup(spec={"deletion": {"mode": "Permanent"}}), *people)
    tenant.vanish(*people[7:])
    assert tenant.later(hours=1).sweep().detached
    tenancy.attach(tenant.store, tenant.ref.namespace, tenant.now)
    tenant.settle()
    tenant.sweep()
    assert tenant.status_of(Kind.LICENSE_POOL, "seats")["used"] == 7


def test_all_that_wait_are_looked_at_when_more_is_bought(tenant: WatchedTenant) -> None:
    bought, people = pool(static=0), [user(f"user-{n:02}") for n in range(9)]
    tenant.apply(bought, workgroup(), *people)
    tenant.apply(edited(bought, licenses=[{"type": "Static", "quantity": 9}]))
    assert all(tenant.is_ready(one) for one in people)
