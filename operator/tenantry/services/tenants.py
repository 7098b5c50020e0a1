"""The tenants that the store knows."""

from tenantry.store import Store
from tenantry.store.tenant import list_tenants


def load_namespaces(store: Store) -> list[str]:
    """Return the namespace of every tenant: a sweep looks also at those that have no objects any more.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        return [tenant.namespace for tenant in list_tenants(connection)]
