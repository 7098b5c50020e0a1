"""The tenants that the store knows."""

from tenantry.store import Store
from tenantry.store.tenant import list_tenants


def load_namespaces(store: Store) -> list[str]:
    """Return the namespace of every tenant that a cluster has a part in: a sweep looks also at those without objects.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        return [tenant.namespace for tenant in list_tenants(connection) if not tenant.on_command_line]
