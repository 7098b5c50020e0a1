"""All that a person may do to the accounts of others; paths of one word go before those that have an id there."""

from fastapi import APIRouter

from tenantry.runtime_api import invites, project_team, user_edits, user_holdings, users

router = APIRouter()
for part in (user_edits.router, users.router, user_holdings.router, invites.router, project_team.router):
    router.include_router(part)
