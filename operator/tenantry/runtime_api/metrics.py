"""The runtime API's metrics, on a port of their own: by route, pool and reason, never by a user."""

from http import HTTPStatus

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import Scope

from tenantry.domain.refusal import Refusal

REGISTRY = CollectorRegistry()

REQUESTS = Counter(
    "tenantry_requests",
    "Requests by method, route (none: there is none of that path and method) and status.",
    ["method", "route", "status"],
    registry=REGISTRY,
)
SECONDS = Histogram(
    "tenantry_request_duration_seconds",
    "How long requests took from their headers to their answer, by method and route.",
    ["method", "route"],
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LOG_INS = Counter(
    "tenantry_log_ins",
    "Log-ins by tenant, LicensePool (none: not counted, or no password was right) and reason (Granted, or why not).",
    ["tenant", "pool", "reason"],
    registry=REGISTRY,
)
MAILS = Counter(
    "tenantry_mails",
    "Mails by kind and what became of an attempt: Sent, PutOff (it is tried again) or Refused (for good).",
    ["kind", "outcome"],
    registry=REGISTRY,
)
_GRANTED = "Granted"


def count_request(scope: Scope, status: int, seconds: float) -> None:
    """Count a request that was answered; what leads nowhere is one route, or anybody could make more."""
    known = scope.get("route") if status != HTTPStatus.METHOD_NOT_ALLOWED else None  # a method is any word
    route: str = getattr(known, "path", "")
    method = scope["method"] if route else ""
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(method, route).observe(seconds)


def count_log_in(tenant: str, pool: str, refusal: Refusal | None) -> None:
    """Count a log-in that was let in, or refused."""
    LOG_INS.labels(tenant, pool, refusal.reason.value if refusal is not None else _GRANTED).inc()
