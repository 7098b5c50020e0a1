"""What was done to an account (TT-15)."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from tenantry.domain.audit import Record
from tenantry.runtime_api.caller import StoreOf
from tenantry.runtime_api.model import Model
from tenantry.runtime_api.users import AccountId, ForPerson, granted
from tenantry.services import user_history

router = APIRouter(prefix="/v1/{tenant}/users/{account_id}/audit", tags=["administration"])


class RecordView(Model):
    """One record of the audit trail; secrets are masked in it."""

    sequence: int = Field(description="Its place in the trail of the tenant.")
    at: datetime = Field(description="When it was.")
    actor: str = Field(description="Who did it: a person via an application, an application, or kubernetes.")
    action: str = Field(description="What was done.")
    facts: dict[str, Any] = Field(description="From what to what, field by field.")
    personal: dict[str, Any] = Field(description="The same of the person's data; empty once that was erased.")


class History(Model):
    """A page of records, the newest first."""

    records: list[RecordView]
    next: int | None = Field(default=None, description="Give it as `before` to get the next page; absent at the end.")


@router.get("", summary="What was done to an account")
def list_user_history(
    account_id: AccountId,
    call: ForPerson,
    store: StoreOf,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="So many at most.")] = 50,
) -> History:
    """Return who changed the account, when, from what to what, page by page."""
    found = granted(user_history.list_history(store, call, account_id, before, limit + 1))
    page = [_view(record) for record in found[:limit]]
    return History(records=page, next=page[-1].sequence if len(found) > limit else None)


def _view(record: Record) -> RecordView:
    change = record.change
    return RecordView(
        sequence=record.sequence,
        at=record.at,
        actor=record.actor,
        action=change.action,
        facts=change.facts,
        personal=change.personal,
    )
