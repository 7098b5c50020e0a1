"""LicensePools as people read them: what was bought, and what of it is in use."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tenantry.domain.capacity import Usage
from tenantry.domain.licensepool import plan_pool
from tenantry.domain.snapshot import PoolPolicy
from tenantry.services.accounts import chosen_tenants
from tenantry.specs.licensepool import LicenseUsage, LimitUsage
from tenantry.store import Store
from tenantry.store.policy import Policies, load_policies
from tenantry.store.usage import count_usage


@dataclass(frozen=True, slots=True)
class ListedCapacity:
    """One thing that was bought. ``what`` is license or limit; ``bought`` counts licenses, ``capacity`` accounts."""

    tenant: str
    pool: str
    what: str
    name: str
    bought: int
    capacity: int
    used: int
    free: int
    waiting: int

    @property
    def over(self) -> int:
        """Return how many accounts are in use beyond what was bought."""
        return max(0, self.used - self.capacity)


def list_pools(store: Store, namespace: str | None = None) -> list[ListedCapacity]:
    """Return the licenses and limits of every pool of one tenant or all, counted from the rows.

    Raises:
        InputError: the store has no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    found: list[ListedCapacity] = []
    with store.read() as connection:
        for tenant in chosen_tenants(connection, namespace):
            policies = load_policies(connection, tenant.id)
            usage = count_usage(connection, tenant.id, policies)
            for name in sorted(policies.pools):
                found += _capacities(tenant.namespace, policies.pools[name], policies, usage)
    return found


def _capacities(tenant: str, pool: PoolPolicy, policies: Policies, usage: Usage) -> Iterator[ListedCapacity]:
    """Yield a pool's lines, as its status has them."""
    status = plan_pool(pool, usage, policies.workgroups, datetime.now(UTC)).status
    for license_ in status.licenses:
        yield _line((tenant, pool.name, "license", license_.type.value), license_.purchased, license_)
    for limit in status.limits:
        yield _line((tenant, pool.name, "limit", limit.name), limit.capacity, limit)


def _line(identity: tuple[str, str, str, str], bought: int, usage: LicenseUsage | LimitUsage) -> ListedCapacity:
    free = max(0, usage.capacity - usage.used)
    return ListedCapacity(*identity, bought, usage.capacity, usage.used, free, usage.waiting)
