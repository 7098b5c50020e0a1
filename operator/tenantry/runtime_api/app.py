"""The application: its routes, and faults as problems."""

from importlib.metadata import version

from fastapi import FastAPI

from tenantry.runtime_api import access, administration, recipients, sessions
from tenantry.runtime_api.caller import CheckSpec
from tenantry.runtime_api.frame import Frame
from tenantry.runtime_api.problem import HANDLERS, Problem
from tenantry.store import Store

_PROBLEM = {"model": Problem, "content": {"application/problem+json": {}}}


def make_app(store: Store, check_spec: CheckSpec) -> FastAPI:
    """Return the runtime API on a store. ``check_spec`` holds what is asked for to the schemas of the resources."""
    app = FastAPI(
        title="Tenantry",
        version=version("tenantry"),
        description="Who may log in now, and who may do this.",
        responses=dict.fromkeys((401, 403, 404, 409, 422, 429, 503), _PROBLEM),
        docs_url=None,
        redoc_url=None,
    )
    app.state.store = store
    app.state.check_spec = check_spec
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(Frame)
    for router in (sessions.router, access.router, access.metadata, recipients.router, administration.router):
        app.include_router(router)
    return app
