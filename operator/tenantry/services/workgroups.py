"""Which Workgroups there are."""

from tenantry.services.accounts import chosen_tenants
from tenantry.store import Store
from tenantry.store.policy import load_policies


def list_workgroups(store: Store, namespace: str | None = None) -> set[str]:
    """Return the names of the Workgroups of one tenant or all.

    Raises:
        InputError: the store has no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        tenants = chosen_tenants(connection, namespace)
        return {name for tenant in tenants for name in load_policies(connection, tenant.id).workgroups}
