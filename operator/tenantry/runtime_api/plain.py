"""Routes without the framework's layers, for the calls that are made most, or by many at once.

Those layers cost more than an answer does, and who asks for something else meanwhile waits for them.

The framework has the same routes, from which the document is made.
"""

from collections.abc import MutableMapping
from typing import Any

from fastapi import FastAPI
from starlette.routing import Match, Route
from starlette.types import Scope

from tenantry.runtime_api import access, sessions

_CALLS = (
    (f"{access.PREFIX}/evaluation", access.evaluation),
    (f"{sessions.PREFIX}/heartbeat", sessions.heartbeat),
    (sessions.PREFIX, sessions.log_in),
)


class _Plain(Route):
    """A route that is counted by its path, as the framework's are."""

    def matches(self, scope: Scope) -> tuple[Match, MutableMapping[str, Any]]:
        """Tell whether the request is for this route. What is wrong with a query, the framework's route tells."""
        if scope["query_string"]:
            return Match.NONE, {}
        match, found = super().matches(scope)
        return match, {**found, "route": self} if match is Match.FULL else found


def put_first(app: FastAPI) -> None:
    """Have these calls answered before the framework looks for a route."""
    app.router.routes[:0] = [_Plain(path, endpoint, methods=["POST"]) for path, endpoint in _CALLS]
