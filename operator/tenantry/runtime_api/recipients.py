"""Whom to tell of an event."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from tenantry.domain.client import Scope
from tenantry.domain.refusal import Refusal
from tenantry.runtime_api.caller import Now, StoreOf, Tenant, needs
from tenantry.runtime_api.model import Model
from tenantry.runtime_api.problem import Refused
from tenantry.services.clients import Client
from tenantry.services.recipients import list_recipients

router = APIRouter(prefix="/v1/{tenant}/recipients", tags=["notifications"])


class RecipientView(Model):
    """A person to tell."""

    user_name: str
    email: str = Field(description="Empty: there is no address, and a mail would not reach the person.")
    mobile: str = Field(description="The number for text alerts; empty where number or carrier is missing.")
    carrier: str


class RecipientList(Model):
    """A page of them."""

    recipients: list[RecipientView]
    next: str | None = Field(description="What `after` is to be for the next page; null at the end.")


@router.get("", summary="List who is to be told of an event")
def list_notification_recipients(
    tenant: Tenant,
    _: Annotated[Client, Depends(needs(Scope.ACCESS))],
    store: StoreOf,
    now: Now,
    *,
    workgroup: Annotated[str, Query(max_length=253, description="The Workgroup whose event it is.")],
    notification: Annotated[str, Query(max_length=63, description="One that the Workgroup defines.")],
    after: Annotated[str, Query(max_length=1024, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=500, description="So many at most.")] = 100,
) -> RecipientList:
    """Return the members who chose this notification and whose account is in use (IT-08)."""
    found = list_recipients(store, tenant, workgroup, notification, now, after=after, limit=limit)
    if isinstance(found, Refusal):
        raise Refused(found)
    views = [
        RecipientView(user_name=each.login, email=each.email, mobile=each.mobile, carrier=each.carrier)
        for each in found.recipients
    ]
    return RecipientList(recipients=views, next=found.following)
