"""What an application without a person may ask of accounts: whose number this is, and which licenses there are."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from tenantry.domain.account import Account
from tenantry.domain.client import Scope
from tenantry.domain.refusal import Refusal
from tenantry.runtime_api.caller import Now, StoreOf, Tenant, needs
from tenantry.runtime_api.model import Model
from tenantry.runtime_api.problem import Refused
from tenantry.services.assigned import find_assigned
from tenantry.services.pools import ListedCapacity, list_pools

_SCOPE = [Depends(needs(Scope.ACCOUNTS))]
router = APIRouter(prefix="/v1/{tenant}", tags=["accounts"], dependencies=_SCOPE)
#: What one column of either database holds.
_LARGEST = 2**31 - 1


class AccountView(Model):
    """Whose account it is."""

    account_id: str = Field(description="The account in the store.")
    user_name: str = Field(description="The login; empty where it was erased.")
    state: str = Field(description="As in the status of a User, or Deleted.")
    assigned: dict[str, int] = Field(description="What the store assigned to it, by attribute.")

    @classmethod
    def of(cls, account: Account, now: datetime) -> Self:
        """Return the view of an account or tombstone."""
        state = account.state(now).value if account.tombstone is None else "Deleted"
        name = account.user_name
        return cls(account_id=account.id, user_name=name, state=state, assigned=dict(account.assigned))


class CapacityView(Model):
    """One thing that was bought."""

    pool: str = Field(description="The LicensePool.")
    what: str = Field(description="license or limit.")
    name: str = Field(description="The type of the license, or the name of the limit.")
    bought: int = Field(description="How many were bought.")
    capacity: int = Field(description="How many accounts that is for.")
    used: int
    waiting: int = Field(description="How many accounts wait for one.")

    @classmethod
    def of(cls, found: ListedCapacity) -> Self:
        """Return the view of a capacity."""
        return cls(
            pool=found.pool,
            what=found.what,
            name=found.name,
            bought=found.bought,
            capacity=found.capacity,
            used=found.used,
            waiting=found.waiting,
        )


class CapacityList(Model):
    """All that was bought."""

    licenses: list[CapacityView]


@router.get("/accounts", summary="Find the account that has an assigned value")
def find_accounts(
    tenant: Tenant,
    store: StoreOf,
    now: Now,
    attribute: Annotated[str, Query(min_length=1, max_length=63, description="An attribute of format Sequence.")],
    value: Annotated[int, Query(ge=0, le=_LARGEST, description="What was assigned.")],
) -> AccountView:
    """Return whose this number is, or was: it is given once (TT-05)."""
    found = find_assigned(store, tenant, attribute, value)
    if isinstance(found, Refusal):
        raise Refused(found)
    return AccountView.of(found, now)


@router.get("/licenses", summary="List licenses and limits")
def list_licenses(tenant: Tenant, store: StoreOf) -> CapacityList:
    """Return the licenses of every pool by type and number, and what of them is in use (NR-28)."""
    return CapacityList(licenses=[CapacityView.of(found) for found in list_pools(store, tenant)])
