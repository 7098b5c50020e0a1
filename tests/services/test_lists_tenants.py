"""`tenantry tenant`: which tenants there are, and how one is bound to the cluster of now."""

from datetime import UTC, datetime

from tests.support.builders import pool, user, workgroup
from tests.support.commands import tenantry
from tests.support.watched import WatchedTenant


def state(store_url: str) -> str:
    (found,) = tenantry("tenant", "list", "-o", "json", "--store-url", store_url).data
    return "attached" if found["attached"] else "detached"


def move(tenant: WatchedTenant) -> None:
    """Two accounts, and then another cluster in which only one of their logins is."""
    tenant.apply(pool(static=5), workgroup(), user("ada"), user("bob"))
    tenant.move("namespace-2")
    tenant.apply(pool(static=5, uid="p2"), workgroup(uid="w2"), user("ada", uid="u2"))


def test_a_dry_run_shows_who_would_be_bound_and_changes_nothing(store_url: str, tenant: WatchedTenant) -> None:
    move(tenant)
    for _ in range(2):
        done = tenantry("tenant", "attach", "acme", "--dry-run", "--store-url", store_url)
        assert (done.code, done.lines) == (
            0,
            [
                "bound    ada",
                "unbound  bob",
                "acme would be attached (dry run): 1 bound to another User, 1 without one",
                "What is unbound is deleted by the next sweep, by the policy of its workgroups.",
            ],
        )
        assert state(store_url) == "detached"


def test_attaching_binds_accounts_by_login(store_url: str, tenant: WatchedTenant) -> None:
    move(tenant)
    done = tenantry("tenant", "attach", "acme", "-o", "json", "--store-url", store_url)
    assert (done.code, done.data) == (0, {"tenant": "acme", "dryRun": False, "bound": ["ada"], "unbound": ["bob"]})
    assert state(store_url) == "attached"
    tenant.now = datetime.now(UTC)
    tenant.settle()
    tenant.sweep()
    assert tenant.is_ready(user("ada", uid="u2"))
    accounts = tenantry("users", "list", "--deleted", "-o", "json", "--store-url", store_url).data
    assert {a["login"]: a["state"] for a in accounts} == {"ada": "Active", "bob": "Deleted"}


def test_a_tenant_that_is_attached_or_none_is_told(store_url: str, tenant: WatchedTenant) -> None:
    tenant.apply(pool(static=5))
    again = tenantry("tenant", "attach", "acme", "--store-url", store_url)
    assert (again.code, again.err) == (1, 'tenantry: tenant "acme" is attached; there is nothing to do\n')
    none = tenantry("tenant", "attach", "nowhere", "--store-url", store_url)
    assert (none.code, none.err) == (1, 'tenantry: the store has no tenant "nowhere"; it has: acme\n')


def test_the_table_has_one_line_a_tenant(store_url: str, tenant: WatchedTenant) -> None:
    move(tenant)
    lines = [line.split() for line in tenantry("tenant", "list", "--store-url", store_url).lines]
    assert lines[0] == ["TENANT", "STATE", "ACCOUNTS", "WAITING", "RECORDS", "NAMESPACE-UID"]
    assert lines[1][:4] == ["acme", "Detached", "2", "0"]
