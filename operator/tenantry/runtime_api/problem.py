"""Problem details (RFC 9457): what was wrong, where, what would be right, with the reasons that every door shares.

Below SCIM's path errors are in its form (RFC 7644 3.12), whoever refuses the request.
"""

import logging
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.errors import StoreUnavailable, TrailSigned

log = logging.getLogger("tenantry.runtime_api")

MEDIA_TYPE = "application/problem+json"
SCIM_MEDIA_TYPE = "application/scim+json"
_OF_SCIM = re.compile(r"/v1/[^/]+/scim/v2(/|$)")
_SCIM_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
#: So much of a path is repeated.
_LONGEST_PATH = 256
#: How soon to try again while the store is away.
STORE_RETRY_SECONDS = 2

_STATUS = {
    Reason.TENANT_NOT_FOUND: 404,
    Reason.WORKGROUP_NOT_FOUND: 404,
    Reason.NOTIFICATION_NOT_FOUND: 404,
    Reason.SESSION_NOT_FOUND: 404,
    Reason.USER_NOT_FOUND: 404,
    Reason.GROUP_NOT_FOUND: 404,
    Reason.HOLDING_NOT_FOUND: 404,
    Reason.ASSIGNEE_NOT_FOUND: 404,
    Reason.INVALID_SPEC: 422,
    Reason.INVALID_CREDENTIALS: 401,
    Reason.INVALID_CLIENT: 401,
    Reason.NOT_LOGGED_IN: 401,
    Reason.TOO_MANY_ATTEMPTS: 429,
    Reason.INSUFFICIENT_SCOPE: 403,
    Reason.SESSION_LIMIT_REACHED: 409,
    Reason.LOGIN_LIMIT_REACHED: 409,
    Reason.INVALID_REQUEST: 422,
    Reason.INVALID_SPEC: 422,
    Reason.LINK_INVALID: 410,
    Reason.PASSWORD_INVALID: 422,
    Reason.PASSWORD_IN_HISTORY: 422,
    Reason.PREFERENCE_NOT_FOUND: 422,
    Reason.PREFERENCE_INVALID: 422,
    Reason.PROFILE_INCOMPLETE: 422,
    Reason.STORE_UNAVAILABLE: 503,
    Reason.DIRECTORY_UNAVAILABLE: 503,
    Reason.TRAIL_SIGNED: 503,
    Reason.SERVER_BUSY: 503,
}
#: Of all that is refused for what the account is, and not for how it was asked.
_FORBIDDEN = 403
#: Every status that a call may be refused with; the first five say what is wrong with how a request is written.
STATUSES = sorted({400, 408, 413, 414, 431, _FORBIDDEN, *_STATUS.values()})


class Fault(BaseModel):
    """One of several things that were wrong with one request."""

    field: str = Field(description="Which part of the request is meant.")
    reason: str = Field(description="One of docs/reasons.md.")
    detail: str = Field(description="What was wrong, and what would be right.")


class Problem(BaseModel):
    """A problem: ``type`` is about:blank, since ``reason`` says which of the shared ones it is."""

    type: str = "about:blank"
    title: str = Field(description="What the reason means, in one line.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was wrong, and what would be right.")
    reason: str = Field(description="One of docs/reasons.md.")
    field: str = Field(default="", description="Which part of the request is meant.")
    request_id: str = Field(default="", alias="requestId", description="The X-Request-ID of the answer.")
    refusals: list[Fault] = Field(default=[], description="All that was wrong, where a request asks for many things.")


class Refused(Exception):
    """A refusal on its way out of an endpoint; ``others`` go with it where many things were asked for."""

    def __init__(self, refusal: Refusal, *others: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.others = others


class BadRequest(Refused):
    """A request that AuthZEN asks to be answered with 400, whatever is wrong with its form."""


def answer(
    request: Request, refusal: Refusal, status: int | None = None, others: Sequence[Refusal] = ()
) -> JSONResponse:
    """Return a refusal as a response."""
    code = status or _STATUS.get(refusal.reason, _FORBIDDEN)
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after is not None else {}
    headers |= _challenge(request, refusal, code)
    if _OF_SCIM.match(request.scope["path"]):
        detail = f"{refusal.reason.value}: {refusal}"
        found = {"schemas": [_SCIM_ERROR], "status": str(code), "detail": detail}
        return JSONResponse(found, code, headers, SCIM_MEDIA_TYPE)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": refusal.reason.meaning,
        "status": code,
        "detail": refusal.message,
        "reason": refusal.reason.value,
        "field": refusal.field,
        "requestId": getattr(request.state, "request_id", ""),
    }
    if others:
        faults = (Fault(field=r.field, reason=r.reason.value, detail=r.message) for r in (refusal, *others))
        body["refusals"] = [fault.model_dump() for fault in faults]
    return JSONResponse(body, code, headers, MEDIA_TYPE)


def _challenge(request: Request, refusal: Refusal, code: int) -> dict[str, str]:
    """Return what tells an application which token is asked for, and what is wrong with its own (RFC 6750)."""
    error = ""
    if refusal.reason is Reason.INSUFFICIENT_SCOPE:
        error = ', error="insufficient_scope"'
    elif refusal.reason is Reason.INVALID_CLIENT and request.headers.get("Authorization"):
        error = ', error="invalid_token"'
    return {"WWW-Authenticate": f'Bearer realm="tenantry"{error}'} if error or code == 401 else {}  # noqa: PLR2004


async def on_refused(request: Request, error: Exception) -> JSONResponse:
    """Answer a refusal."""
    if not isinstance(error, Refused):
        return unexpected(request)
    return answer(request, error.refusal, 400 if isinstance(error, BadRequest) else None, error.others)


async def on_store_unavailable(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - signature
    """Answer while the store is away: nothing is granted (P9)."""
    message = "the identity store cannot be reached; nothing was changed; try again"
    return answer(request, Refusal(Reason.STORE_UNAVAILABLE, "", message, STORE_RETRY_SECONDS))


async def on_trail_signed(request: Request, error: Exception) -> JSONResponse:
    """Answer where the key of the audit trail is not ours: what cannot be put on record is not done."""
    _tell_once(str(error))
    message = "the server lacks the key that the audit trail of the tenant is signed with; nothing was changed"
    return answer(request, Refusal(Reason.TRAIL_SIGNED, "", message))


@cache
def _tell_once(message: str) -> None:
    log.error("%s", message)


async def on_http(request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework refuses by itself: no such path, no such method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    path, method = request.scope["path"][:_LONGEST_PATH], request.method
    refusal = {
        404: Refusal(Reason.PATH_NOT_FOUND, "path", f'there is nothing at "{path}"; /openapi.json lists what there is'),
        405: Refusal(Reason.METHOD_NOT_ALLOWED, "method", f'"{path}" takes no {method}; the header Allow says what'),
    }.get(status, Refusal(Reason.INVALID_REQUEST, "", str(getattr(error, "detail", ""))))
    found = answer(request, refusal, status)
    found.headers.update(getattr(error, "headers", None) or {})
    if status == 405:  # noqa: PLR2004 - Method Not Allowed
        found.headers["Allow"] = ", ".join(_methods(request))
    return found


def _methods(request: Request) -> list[str]:
    """Return all that can be done to a path: of its routes the framework names the methods of the first."""
    routes = request.app.routes
    asked = ((method, {**request.scope, "method": method}) for method in _METHODS)
    return [method for method, scope in asked if any(route.matches(scope)[0] is Match.FULL for route in routes)]


def unexpected(request: Request) -> JSONResponse:
    """Answer a fault of ours: the log has it, the caller its request id."""
    message = "a fault of the server's own; the log has it under the request id"
    return answer(request, Refusal(Reason.INTERNAL_ERROR, "", message), 500)


HANDLERS = {
    Refused: on_refused,
    StoreUnavailable: on_store_unavailable,
    TrailSigned: on_trail_signed,
    HTTPException: on_http,
}
