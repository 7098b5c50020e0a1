"""The runtime API as a process: uvicorn on one port."""

from pathlib import Path

import uvicorn

from tenantry.runtime_api.app import make_app
from tenantry.runtime_api.caller import CheckSpec
from tenantry.store import Store

#: Open requests have this long to end once the process is told to stop.
_GRACE_SECONDS = 10
_LONGEST_HEADERS = 32 * 1024


def serve(
    store: Store,
    check_spec: CheckSpec,
    host: str,
    port: int,
    certificate: Path | None = None,
    private_key: Path | None = None,
) -> None:
    """Answer until told to stop."""
    uvicorn.run(
        make_app(store, check_spec),
        host=host,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=private_key,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=_LONGEST_HEADERS,
        lifespan="off",
    )
