"""What the API server may answer instead of doing it, as exceptions; the status codes are named nowhere else.

ApiError
├── NotFound        404  the object is not there (any more)
├── Conflict        409  another one wrote in between, or it exists already
├── Gone            410  the version asked for is no longer kept
├── Refused         400, 413, 415, 422  a precondition does not hold, or the schema refuses what was sent
├── Denied          403  this operator may not
└── Passing         may succeed later
    ├── Unauthorized 401 the token is no longer, or not yet, known
    ├── Throttled   429  too many requests; ``retry_after`` says when to come back
    ├── ServerFault 5xx
    └── Unreachable no answer, or not in time
"""

from collections.abc import Mapping
from typing import Any

import orjson

from tenantry.errors import TenantryError


class ApiError(TenantryError):
    """An answer that is none. The message is the server's reason, without its text: that may quote values."""

    def __init__(
        self, reason: str, *, status: int = 0, retry_after: float = 0.0, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{status} {reason}" if status else reason)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        self.details = details or {}


class NotFound(ApiError):
    pass


class Conflict(ApiError):
    pass


class Gone(ApiError):
    pass


class Refused(ApiError):
    @property
    def fields(self) -> list[str]:
        """Return the fields that the schema refuses; none where a test did not hold, or a policy denies the write."""
        return [str(cause["field"]) for cause in self.details.get("causes") or () if cause.get("field")]


class Denied(ApiError):
    pass


class Passing(ApiError):
    pass


class Unauthorized(Passing):
    pass


class Throttled(Passing):
    pass


class ServerFault(Passing):
    pass


class Unreachable(Passing):
    pass


_BY_STATUS: Mapping[int, type[ApiError]] = {
    401: Unauthorized,
    403: Denied,
    404: NotFound,
    408: Unreachable,
    409: Conflict,
    410: Gone,
    429: Throttled,
}
_FIRST_FAULT = 500


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """Return the exception for an answer of status 400 or more."""
    said = _status_object(body)
    kind = _BY_STATUS.get(status) or (ServerFault if status >= _FIRST_FAULT else Refused)
    return kind(
        str(said.get("reason") or "Unknown"),
        status=status,
        retry_after=_seconds(headers.get("Retry-After", "")),
        details=said.get("details"),
    )


def _status_object(body: bytes) -> Mapping[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0
