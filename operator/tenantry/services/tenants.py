"""The tenants that the store knows."""

from tenantry.services.work import TenantRef
from tenantry.store import Store
from tenantry.store.tenant import list_tenants


def load_tenants(store: Store) -> list[TenantRef]:
    """Return every tenant as it was last seen: a sweep looks also at those whose namespace is gone.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        return [TenantRef(tenant.namespace, tenant.observed_uid) for tenant in list_tenants(connection)]
