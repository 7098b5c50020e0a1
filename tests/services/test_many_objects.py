"""More objects than one statement of PostgreSQL has parameters for, or than should be read for a few of them."""

import pytest

from tenantry.domain.observed import Kind
from tenantry.domain.reason import Reason
from tenantry.services import tenancy
from tenantry.store import portions
from tenantry.store.resource import load_secret_users
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


def _steps_to_look_for_missing_secrets(tenant: WatchedTenant) -> int:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with tenant.store.read() as connection:
        database = connection.connection.driver_connection
        assert database is not None
        database.set_progress_handler(count, 1)
        assert load_secret_users(connection, "", 500, [Reason.SECRET_NOT_FOUND]) == []
        database.set_progress_handler(None, 1)
    return steps


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_to_look_for_missing_secrets_reads_nothing_of_those_that_are_there(tenant: WatchedTenant) -> None:
    """It is done every few seconds, for Users whose password is refused and for those whose mailbox is not found."""
    ref = {"secretKeyRef": {"name": "ada", "key": "ada"}}
    spec = {"password": ref, "emailIntegration": {"provider": "Google", **ref}}
    tenant.secrets["ada", "ada"] = "teal-otter"
    tenant.apply(workgroup(pool=None), user("ada", license=None, spec=spec))
    few = _steps_to_look_for_missing_secrets(tenant)
    tenant.apply(*(user(f"user-{n:03}", license=None, spec=spec) for n in range(300)))
    assert _steps_to_look_for_missing_secrets(tenant) == few
