"""Holdings page by page, for applications that have many (NR-28)."""

from dataclasses import dataclass

from tenantry.domain.holding import Holding
from tenantry.services.accounts import chosen_tenant
from tenantry.services.holdings import find_owner
from tenantry.store import Store
from tenantry.store.holding import page_holdings

#: Where a holding stands in the list: workgroup, kind and name.
Place = tuple[str, str, str]
#: Before the first of all.
START: Place = ("", "", "")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which holdings are listed. A system user is named with its workgroup; so is who has left a workgroup."""

    login: str | None = None
    workgroup: str | None = None
    kind: str | None = None


def list_page(
    store: Store, namespace: str, only: Filter, after: Place = START, limit: int = 100
) -> list[tuple[Holding, str]]:
    """Return a page of holdings with their owners' logins, by workgroup, kind and name (NR-28).

    Raises:
        InputError: the store has no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        tenant = chosen_tenant(connection, namespace)
        account_id = None
        if only.login is not None:
            owner = find_owner(connection, tenant, only.login, only.workgroup)
            if owner is None:
                return []
            account_id = owner.id
        return page_holdings(
            connection, tenant.id, after, limit, workgroup=only.workgroup, kind=only.kind, account_id=account_id
        )
