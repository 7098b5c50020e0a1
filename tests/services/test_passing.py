"""Where no operator looks, the server of the runtime API lets time pass."""

from dataclasses import replace
from datetime import timedelta

from tenantry.services import managed
from tenantry.services.accounts import list_accounts
from tenantry.services.managed import Drop, Put
from tenantry.services.passing import settle_due
from tenantry.services.pipeline import apply
from tenantry.services.work import TenantRef
from tenantry.store import Store
from tenantry.store.tenant import find_tenant
from tests.support.builders import NAMESPACE, pool, user, workgroup
from tests.support.manifests import NOW, applied, request
from tests.support.persons import accept_invitation
from tests.support.tenancy import Tenant

INVITES = {"onboarding": {"mode": "Invitation", "expirationHours": 1}}


def states(store: Store) -> dict[str, str]:
    return {account.login: account.state for account in list_accounts(store)}


def test_an_invitation_that_runs_out_frees_its_seat_for_who_waits(store: Store) -> None:
    applied(store, pool(static=1), workgroup(spec=INVITES), user("ada"), user("bob"))
    assert settle_due(store, NOW) == 0
    assert settle_due(store, NOW + timedelta(hours=2)) > 0
    assert {account.login: account.license for account in list_accounts(store)} == {"ada": None, "bob": "Static"}


def test_a_seat_that_the_api_gives_back_goes_to_who_waits_in_the_files(store: Store) -> None:
    applied(store, pool(static=1), workgroup())
    document = {"userName": "api", "workgroups": [{"workgroupRef": "tracker"}], "license": {"type": "Static"}}
    managed.carry_out(store, NAMESPACE, [Put(document, create=True)], "portal", NOW)
    applied(store, pool(static=1), workgroup(), user("ada"), prune=True)
    assert states(store) == {"api": "Active", "ada": "Waiting"}
    managed.carry_out(store, NAMESPACE, [Drop("api")], "portal", NOW)
    settle_due(store, NOW)
    assert states(store) == {"ada": "Active"}


def test_what_a_person_does_reaches_the_status_that_the_store_keeps(store: Store) -> None:
    applied(store, pool(static=1), workgroup(spec=INVITES), user("ada"))
    accept_invitation(store, NAMESPACE, "ada", NOW)
    assert settle_due(store, NOW) > 0
    assert settle_due(store, NOW) == 0


def test_the_tenant_of_a_cluster_is_left_to_its_operator(store: Store) -> None:
    cluster = Tenant(store, TenantRef(NAMESPACE, "namespace-1"))
    cluster.apply(pool(static=1), workgroup(spec=INVITES), user("ada"))
    assert settle_due(store, cluster.now + timedelta(hours=2)) == 0
    assert states(store)["ada"] != "Waiting"


def test_a_tenant_that_another_keeps_locked_holds_up_no_other(postgresql_url: str) -> None:
    store = Store.open(postgresql_url, patience=0.2)
    for namespace in ("acme", "globex"):
        asked = request(pool(static=1), workgroup(spec=INVITES), user("ada"))
        apply(store, replace(asked, namespace=namespace))
    with store.write() as connection:
        find_tenant(connection, "acme", lock=True)
        settle_due(store, NOW + timedelta(hours=2))
    found = {account.tenant: account.license for account in list_accounts(store)}
    assert found == {"acme": "Static", "globex": None}
    store.close()
