"""What accounts hold, and the licenses of a workgroup, for a person (NR-17, NR-18, NR-28)."""

from fastapi import APIRouter
from pydantic import Field

from tenantry.runtime_api.caller import StoreOf
from tenantry.runtime_api.model import Model
from tenantry.runtime_api.user_edits import Name
from tenantry.runtime_api.users import AccountId, ForPerson, granted
from tenantry.services import user_holdings

router = APIRouter(prefix="/v1/{tenant}", tags=["administration"])


class HeldKind(Model):
    """What an account holds of one kind."""

    kind: str = Field(description="The kind.")
    count: int = Field(description="How many.")
    names: list[str] = Field(description="Their names, as the application registered them.")


class HeldList(Model):
    """What an account holds in the workgroup of the person."""

    holdings: list[HeldKind]


class ReassignRequest(Model):
    """To whom what an account holds is given."""

    to: str = Field(max_length=254, description="The login that is given it, also TBD where the policy says so.")
    kind: Name | None = Field(default=None, description="Only this kind; absent means all.")


class Reassigned(Model):
    """How much changed hands."""

    changed: int


class LicenseView(Model):
    """One type of license, or one limit, of the workgroup's LicensePool."""

    type: str = Field(description="The type of license, or the name of the limit.")
    purchased: int | None = Field(description="How many were bought; absent means any number.")
    accounts: int | None = Field(description="How many accounts they seat.")
    used: int = Field(description="How many accounts have one.")
    waiting: int = Field(description="How many accounts wait for one.")


class LicenseList(Model):
    """What was bought."""

    licenses: list[LicenseView]


@router.get("/users/{account_id}/holdings", summary="What an account holds")
def list_user_holdings(account_id: AccountId, call: ForPerson, store: StoreOf) -> HeldList:
    """Return what belongs to the account in the application, by kind (NR-28)."""
    by_kind: dict[str, list[str]] = {}
    for held in granted(user_holdings.list_held(store, call, account_id)):
        by_kind.setdefault(held.kind, []).append(held.name)
    return HeldList(holdings=[HeldKind(kind=k, count=len(names), names=names) for k, names in by_kind.items()])


@router.post("/users/{account_id}/holdings/reassign", summary="Give away all that an account holds")
def reassign_user_holdings(account_id: AccountId, call: ForPerson, store: StoreOf, body: ReassignRequest) -> Reassigned:
    """Give all of it, or all of a kind, to another at once (NR-18)."""
    return Reassigned(changed=granted(user_holdings.reassign(store, call, account_id, body.to, body.kind)))


@router.get("/administration/licenses", summary="List licenses by type and number")
def list_licenses_of_workgroup(call: ForPerson, store: StoreOf) -> LicenseList:
    """Return what was bought for the workgroup of the person, and what of it is in use (NR-28)."""
    found = granted(user_holdings.list_licenses(store, call))
    return LicenseList(
        licenses=[
            LicenseView(
                type=line.name, purchased=line.bought, accounts=line.capacity, used=line.used, waiting=line.waiting
            )
            for line in found
        ]
    )
