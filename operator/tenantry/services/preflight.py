"""What is looked at before anything is written, so that no run of several namespaces ends half way for it."""

from tenantry.errors import InputError
from tenantry.services.pipeline import Request, check_ours
from tenantry.services.tenancy import is_too_many
from tenantry.services.trail import check_key
from tenantry.store import Connection, Store
from tenantry.store.resource import load_owners, load_resources, load_tenant_resources
from tenantry.store.tenant import TenantRow, find_tenant


def check_writable(store: Store, request: Request) -> None:
    """Check that the tenant may be written to.

    Raises:
        InputError: a cluster has a part in it, or its trail is signed by another key.
    """
    with store.read() as connection:
        tenant = find_tenant(connection, request.namespace)
    if not request.take_over:
        check_ours(tenant, request.namespace)
    if tenant is not None:
        check_key(tenant, store.audit_key)


def check_removal(store: Store, request: Request) -> None:
    """Check that what goes is not so much that the files are rather incomplete.

    Raises:
        InputError: everything would go, or what a sweep would not believe either (design §2, decision 14).
    """
    with store.read() as connection:
        tenant = find_tenant(connection, request.namespace)
        if tenant is None or not request.prune:
            return
        gone = _gone(connection, tenant, request)
        owners = load_owners(connection, tenant.id)
        lost = sum(row.uid in owners and not row.deleting for row in load_resources(connection, gone).values())
    if gone and not request.wanted:
        what = f"all {len(gone)} objects of {request.namespace}, since the files have none of them"
    elif is_too_many(lost, len(owners)):
        what = f"{lost} of the {len(owners)} accounts of {request.namespace}"
    else:
        return
    raise InputError(f"--prune would remove {what}; are the files complete? Where that is meant: --prune-most")


def count_gone(store: Store, request: Request) -> int:
    """Return how many objects go."""
    if not request.prune:
        return len(request.removed)
    with store.read() as connection:
        tenant = find_tenant(connection, request.namespace)
        return len(_gone(connection, tenant, request)) if tenant is not None else 0


def _gone(connection: Connection, tenant: TenantRow, request: Request) -> list[str]:
    wanted = {(each.kind, each.name) for each in request.wanted}
    known = load_tenant_resources(connection, tenant.id)
    return [uid for uid, (kind, name, _) in known.items() if (kind, name) not in wanted]
