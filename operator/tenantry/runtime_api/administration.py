"""All that a person may do to the accounts of others; paths of one word go before those that have an id there."""

from fastapi import APIRouter

from tenantry.runtime_api import invites, project_team, user_edits, user_history, user_holdings, users

_PARTS = (user_edits, users, user_holdings, user_history, invites, project_team)

router = APIRouter()
for part in _PARTS:
    router.include_router(part.router)
