"""The application: its routes, and faults as problems."""

import asyncio
from importlib.metadata import version

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError

from tenantry.domain.directory import Directories
from tenantry.runtime_api import (
    access,
    account,
    accounts,
    administration,
    holdings,
    probes,
    recipients,
    scim,
    sessions,
)
from tenantry.runtime_api.caller import CheckSpec, utc_now
from tenantry.runtime_api.document import document_of, operation_id
from tenantry.runtime_api.form import bound, on_invalid, only_known
from tenantry.runtime_api.frame import Frame
from tenantry.runtime_api.plain import put_first
from tenantry.runtime_api.problem import HANDLERS
from tenantry.store import Store

#: So many log-ins are read in one turn of the event loop: everybody logs in at nine, and heartbeats go on.
_LOG_INS_AT_ONCE = 2


def make_app(store: Store, check_spec: CheckSpec, directories: Directories | None = None) -> FastAPI:
    """Return the runtime API on a store. ``check_spec`` holds what is asked for to the schemas of the resources.

    Log-ins by directory need a way to ask one.
    """
    app = FastAPI(
        title="Tenantry",
        version=version("tenantry"),
        description="Who may log in now, and who may do this.",
        # A redirect would have a person's password sent again, to wherever the Host header says.
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(bound), Depends(only_known)],
        generate_unique_id_function=operation_id,
    )
    app.state.store = store
    app.state.directories = directories
    app.state.check_spec = check_spec
    app.state.now = utc_now
    app.state.log_ins_at_once = asyncio.Semaphore(_LOG_INS_AT_ONCE)
    for kind, handler in {**HANDLERS, RequestValidationError: on_invalid}.items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(Frame)
    # What is asked most comes first: routes are looked through in order.
    routers = (
        access.router,
        sessions.router,
        account.router,
        accounts.router,
        holdings.router,
        administration.router,
        access.metadata,
        recipients.router,
        probes.router,
        scim.router,
    )
    for router in routers:
        app.include_router(router)
    put_first(app)
    app.openapi = document_of(app)  # type: ignore[method-assign]  # its own pages say to
    return app
