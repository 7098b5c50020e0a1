"""Whose number is this: accounts by what the store assigned to them (TT-05)."""

from tenantry.domain.account import Account
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.services.accounts import chosen_tenant
from tenantry.store import Store
from tenantry.store.account import load_assigned


def find_assigned(store: Store, namespace: str, attribute: str, value: int) -> Account | Refusal:
    """Return the account or tombstone to which an attribute of format Sequence gave this value.

    Raises:
        InputError: the store has no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        tenant = chosen_tenant(connection, namespace)
        found = load_assigned(connection, tenant.id, attribute, value)
    if found is not None:
        return found
    message = f'no account has the value {value} of attribute "{attribute}"; only those of format Sequence are assigned'
    return Refusal(Reason.USER_NOT_FOUND, "value", message)
