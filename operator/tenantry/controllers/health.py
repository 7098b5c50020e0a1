"""What probes and Prometheus ask: /livez, /readyz and /metrics.

/livez says no when only a restart helps: the engine is stuck, or a watch is dead. /readyz says no while the operator
cannot do its work: the store or the API server is away, the watches are not running yet. A standby, which waits for the
Lease of another, is live and ready: it does what it is there for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from tenantry.controllers.metrics import REGISTRY

Checks: TypeAlias = Mapping[str, Callable[[], bool]]

_NOT_AVAILABLE = 503


@dataclass
class Health:
    """The checks may be replaced while the server runs: there are more of them once the lease is held."""

    live: Checks = field(default_factory=dict)
    ready: Checks = field(default_factory=dict)
    _runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        app = web.Application()
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", _metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _livez(self, _: web.Request) -> web.Response:
        return _answer(self.live)

    async def _readyz(self, _: web.Request) -> web.Response:
        return _answer(self.ready)


def _answer(checks: Checks) -> web.Response:
    results = {name: check() for name, check in checks.items()}
    lines = [f"{'ok' if passed else 'failed'} {name}" for name, passed in results.items()]
    return web.Response(text="\n".join(lines) + "\n", status=200 if all(results.values()) else _NOT_AVAILABLE)


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})
