"""What accounts hold in applications: put, moved, deleted, listed (NR-16 to NR-18, NR-22, NR-28).

Each call is done whole or not at all: with one refusal nothing of it happened, and the answer has every refusal.
"""

import base64
import json
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query
from pydantic import Field, StrictStr, TypeAdapter, ValidationError

from tenantry.domain.client import Scope
from tenantry.domain.holding import Holding
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.errors import StoreUnavailable
from tenantry.runtime_api.caller import Now, StoreOf, Tenant, needs
from tenantry.runtime_api.model import Model
from tenantry.runtime_api.problem import Refused
from tenantry.services.clients import Client
from tenantry.services.going_on import go_on
from tenantry.services.holding_pages import START, Filter, Place, list_page
from tenantry.services.holdings import (
    Deletion,
    Handover,
    Registration,
    Result,
    delete_holdings,
    put_all,
    reassign_holdings,
)
from tenantry.store import Store

router = APIRouter(prefix="/v1/{tenant}/holdings", tags=["holdings"])
Caller = Annotated[Client, Depends(needs(Scope.HOLDINGS))]
_MOST = 1000

WorkgroupName = Annotated[str, Field(min_length=1, max_length=253, description="The Workgroup that has them.")]
KindName = Annotated[str, Field(min_length=1, max_length=63, description="What they are: record, alert, chart.")]
Name = Annotated[str, Field(min_length=1, max_length=253, description="What the application calls it.")]
Login = Annotated[str, Field(min_length=1, max_length=254)]


class HoldingBody(Model):
    """One thing in an application, and whose it is."""

    workgroup: WorkgroupName
    kind: KindName
    name: Name
    user_name: Login = Field(description="The login of the account that has it; system users too.")
    covers: str = Field(default="", max_length=63, description="The one group that a saved query or chart is about.")


class PutRequest(Model):
    """What belongs to whom."""

    holdings: list[HoldingBody] = Field(min_length=1, max_length=_MOST, description="At most 1,000 in one call.")


class DeleteHoldingsRequest(Model):
    """What the application does not have any more."""

    workgroup: WorkgroupName
    kind: KindName
    names: list[Name] = Field(min_length=1, max_length=_MOST, description="At most 1,000 in one call.")


class MoveRequest(Model):
    """From whom to whom."""

    from_: Login = Field(alias="from", description="The login of the account that has them.")
    to: Login = Field(description="The login of who is given them; a system user such as TBD: with its workgroup.")
    workgroup: str | None = Field(default=None, max_length=253, description="Only those of this Workgroup.")
    kind: str | None = Field(default=None, max_length=63, description="Only those of this kind.")


class Changed(Model):
    """How many holdings are other than before."""

    changed: int


class HoldingView(HoldingBody):
    """A holding as it is registered."""

    user_name: str = Field(description="The login of the account that has it; empty where that was erased.")
    account_id: str = Field(description="The account in the store.")

    @classmethod
    def of(cls, holding: Holding, login: str) -> Self:
        """Return the view of a holding."""
        return cls(
            workgroup=holding.workgroup,
            kind=holding.kind,
            name=holding.name,
            user_name=login,
            covers=holding.covers,
            account_id=holding.account_id,
        )


class HoldingList(Model):
    """A page of holdings."""

    holdings: list[HoldingView]
    next: str | None = Field(default=None, description="Give it as `after` to get the next page; absent at the end.")


@router.put("", summary="Register holdings")
def put_holdings(tenant: Tenant, body: PutRequest, caller: Caller, store: StoreOf, now: Now) -> Changed:
    """Say what belongs to whom. What is registered already goes to who is named here; the same again changes nothing.

    One that is refused keeps the others from being registered too: `refusals` has all of them, each with its place.
    """
    result = put_all(store, tenant, _registrations(body.holdings), now, actor=caller.name)
    return _conclude(store, tenant, caller, result, now)


def _registrations(holdings: list[HoldingBody]) -> list[Registration]:
    """Return the things of each owner together, so that each is looked up once."""
    alike: dict[tuple[str, str, str, str], list[tuple[int, str]]] = {}
    named: dict[Place, tuple[str, str]] = {}
    for place, each in enumerate(holdings):
        said = (each.user_name, each.covers)
        if named.setdefault((each.workgroup, each.kind, each.name), said) != said:
            message = "the same is named twice, with another account or group; name each once"
            raise Refused(Refusal(Reason.INVALID_REQUEST, f"holdings[{place}].name", message))
        alike.setdefault((each.workgroup, each.kind, *said), []).append((place, each.name))
    return [
        Registration(workgroup, kind, owner, tuple(name for _, name in some), covers, f"holdings[{some[0][0]}]")
        for (workgroup, kind, owner, covers), some in alike.items()
    ]


@router.post("/move", summary="Move holdings to another account")
def move_holdings(tenant: Tenant, body: MoveRequest, caller: Caller, store: StoreOf, now: Now) -> Changed:
    """Give all that an account holds, or all of a workgroup or kind, to another at once (NR-18).

    Before a deletion anybody may be given it, a system user where the deletion policy names it; afterwards only those
    whom the policy lets in (NR-17). A deletion that waited for it goes on within two seconds.
    """
    handover = Handover(body.from_, body.to, body.workgroup, body.kind)
    result = reassign_holdings(store, tenant, handover, now, actor=caller.name)
    return _conclude(store, tenant, caller, result, now)


@router.post("/delete", summary="Forget holdings")
def remove_holdings(tenant: Tenant, body: DeleteHoldingsRequest, caller: Caller, store: StoreOf, now: Now) -> Changed:
    """Say that these are gone from the application. One that is not registered is passed over.

    A deletion that waited for them goes on within two seconds.
    """
    gone = Deletion(body.workgroup, body.kind, tuple(body.names))
    result = delete_holdings(store, tenant, gone, now, actor=caller.name)
    return _conclude(store, tenant, caller, result, now)


def _filter(
    user_name: Annotated[
        str | None,
        Query(alias="userName", max_length=254, description="Only of this login; a system user: with its workgroup."),
    ] = None,
    workgroup: Annotated[str | None, Query(max_length=253, description="Only of this Workgroup.")] = None,
    kind: Annotated[str | None, Query(max_length=63, description="Only of this kind.")] = None,
) -> Filter:
    """Return which holdings are asked for."""
    return Filter(user_name, workgroup, kind)


@router.get("", summary="List holdings", dependencies=[Depends(needs(Scope.HOLDINGS))])
def list_holdings(
    tenant: Tenant,
    store: StoreOf,
    only: Annotated[Filter, Depends(_filter)],
    after: Annotated[str, Query(max_length=2048, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="So many at most.")] = 100,
) -> HoldingList:
    """Return what accounts hold, page by page, by workgroup, kind and name (NR-28)."""
    found = list_page(store, tenant, only, _place(after), limit + 1)
    page = [HoldingView.of(holding, login) for holding, login in found[:limit]]
    return HoldingList(holdings=page, next=_cursor(page[-1]) if len(found) > limit else None)


def _cursor(last: HoldingView) -> str:
    place = json.dumps([last.workgroup, last.kind, last.name], ensure_ascii=False)
    return base64.urlsafe_b64encode(place.encode()).decode()


_Part = Annotated[StrictStr, Field(pattern=r"^[^\x00]*$")]
_PLACE: TypeAdapter[Place] = TypeAdapter(tuple[_Part, _Part, _Part])


def _place(cursor: str) -> Place:
    try:
        return _PLACE.validate_json(base64.urlsafe_b64decode(cursor)) if cursor else START
    except (ValueError, ValidationError) as error:
        message = "this is no `next` of a page before"
        raise Refused(Refusal(Reason.INVALID_REQUEST, "after", message)) from error


def _conclude(store: Store, tenant: str, caller: Client, result: Result, now: datetime) -> Changed:
    """Answer; what waited for this is done before, where no operator does it."""
    if result.refusals:
        raise Refused(*result.refusals)
    with suppress(StoreUnavailable):  # it is on record; what waits for it is due, and done with what is due next
        go_on(store, tenant, result, now, caller.name)
    return Changed(changed=result.changed)
