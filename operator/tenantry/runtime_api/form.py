"""The form of a request: what its query may say, and faults of it, told to applications of the tenant only."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.errors import StoreUnavailable
from tenantry.logs import bind_request
from tenantry.runtime_api.caller import Direct
from tenantry.runtime_api.faults import NO_JSON, refusal_of
from tenantry.runtime_api.problem import Refused, answer, on_refused, on_store_unavailable

#: So much of a name is repeated.
_LONGEST = 64


async def bound(request: Request) -> None:
    """Have the log tell which request it is about."""
    bind_request(request.scope["state"]["request_id"])


async def only_known(request: Request) -> None:
    """Refuse a parameter that the route does not have: let go, it would turn one person's into everybody's.

    What the document does not tell of, as SCIM, has rules of its own.

    Raises:
        Refused: there is one, or nobody is to be told of it, since the token is none.
    """
    if not request.scope["query_string"]:
        return
    path = request.app.openapi()["paths"].get(request.scope["route"].path, {})
    operation = path.get(request.method.lower())
    if operation is None:
        return
    known = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
    unknown = next((name[:_LONGEST] for name in request.query_params if name not in known), None)
    if unknown is None:
        return
    if operation.get("security"):
        await Direct.of(request).authenticated()
    message = f'"{unknown}" is no parameter of this call; {choices(known)}'
    raise Refused(Refusal(Reason.INVALID_REQUEST, unknown, message))


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    """Answer a request that does not have the form asked for. The framework parses JSON before it looks who calls."""
    faults = error.errors() if isinstance(error, RequestValidationError) else ()
    if any(fault["type"] == NO_JSON for fault in faults):
        try:
            await Direct.of(request).authenticated()
        except Refused as refused:
            return await on_refused(request, refused)
        except StoreUnavailable as away:
            return await on_store_unavailable(request, away)
    return answer(request, refusal_of(faults))
