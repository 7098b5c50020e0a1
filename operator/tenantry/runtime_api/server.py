"""The runtime API as a process: uvicorn on one port."""

import asyncio
import gc
import logging
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from prometheus_client import start_http_server
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from tenantry.domain.directory import Directories
from tenantry.errors import InputError
from tenantry.runtime_api.app import make_app
from tenantry.runtime_api.caller import CheckSpec
from tenantry.runtime_api.certificate import Certificate
from tenantry.runtime_api.clockwork import Clockwork
from tenantry.runtime_api.frame import CONNECTIONS
from tenantry.runtime_api.gathered import Gathered
from tenantry.runtime_api.listening import check_pair, listen
from tenantry.runtime_api.metrics import REGISTRY
from tenantry.runtime_api.postman import NO_POST, Post, Postman
from tenantry.runtime_api.pulse import Pulse, UnderWay
from tenantry.services.passing import settle_due
from tenantry.services.passwords import is_password
from tenantry.services.readiness import ask_store
from tenantry.store import Store

log = logging.getLogger("tenantry.runtime_api")


class Protocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with a clock on headers: who sends them byte by byte holds no connection."""

    _clock: asyncio.TimerHandle | None = None
    _gathered: Gathered

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for the first request as long as uvicorn waits for the next."""
        self._gathered = Gathered(transport, self.loop)
        super().connection_made(self._gathered)  # type: ignore[arg-type]  # it is as good as one
        self.app_state[CONNECTIONS] = self.connections
        self._start_clock()

    def data_received(self, data: bytes) -> None:
        """Stop the clock once a request's headers are whole. Bytes alone do not set it back."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]  # None at first
            self._start_clock()
        else:
            self._stop_clock()

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it
        """Keep the connection of a client that has no more to ask until it has its answer: it may be logged in by then.

        TLS knows no connection that is closed on one side.
        """
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete or cycle.more_body or self.scheme != "http":
            return False
        cycle.keep_alive = False
        return True

    def on_response_complete(self) -> None:
        """Write the answer, before what comes next is looked at."""
        self._gathered.flush()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the clock."""
        super().connection_lost(exc)
        self._stop_clock()

    def _start_clock(self) -> None:
        if self._clock is None:
            self._clock = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


#: How uvicorn serves it, but for where.
OPTIONS: dict[str, Any] = {
    "http": Protocol,
    "access_log": False,
    "log_config": None,  # the log is the process's, in one format
    "server_header": False,
    "date_header": False,
    "proxy_headers": False,
    "lifespan": "off",
    # Open requests have this long to end once the process is told to stop.
    "timeout_graceful_shutdown": 10,
    # A connection with no request under way, or whose headers do not come, is closed after so long.
    "timeout_keep_alive": 20,
    "h11_max_incomplete_event_size": 32 * 1024,
}
#: How often it is looked for a certificate that was renewed.
_RENEWAL_SECONDS = 10.0
#: The thread that asks the store gives the interpreter up with each statement, and gets it back this soon.
_SWITCH_SECONDS = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """On which addresses; without a port of their own there are no metrics."""

    host: str
    port: int
    certificate: Path | None = None
    private_key: Path | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    public_url: str | None = None


def serve(
    store: Store,
    check_spec: CheckSpec,
    where: Where,
    post: Post = NO_POST,
    directories: Directories | None = None,
) -> None:
    """Answer until told to stop; send the mails that are to be sent, and let time pass where no operator looks.

    Raises:
        InputError: it cannot listen there, or not with this certificate.
    """
    tls, renewing = _tls(where)
    listening = listen(where.host, where.port)
    metrics = _show_metrics(where)
    signal.signal(signal.SIGTERM, _end)
    sys.setswitchinterval(_SWITCH_SECONDS)
    is_password(None, "")  # what nobody has is hashed by this: the first who needs it would wait twice as long
    postman = Postman(store, post.server, post.sender)
    clockwork = Clockwork(lambda: settle_due(store, datetime.now(UTC)))
    apart = store.apart()  # whether the store answers is not to depend on how many have its connections
    pulse = Pulse(lambda: ask_store(apart))
    app = make_app(store, check_spec, directories)
    app.state.public_url = where.public_url
    app.state.under_way = UnderWay(pulse)
    app.openapi()  # made for the first query, it would hold up every other call
    scheme, place = "https" if tls else "http", _place(listening.getsockname())
    log.info("answering on %s://%s, metrics %s, store %s", scheme, place, metrics, store.name)
    threads: list[Pulse | Clockwork | Postman] = [pulse, clockwork, *renewing, postman]
    for thread in threads:
        thread.start()
    gc.collect()
    gc.freeze()  # what was loaded stays: looking through it again and again holds every answer up for 0.1 s
    try:
        with suppress(KeyboardInterrupt):  # raised again once uvicorn is done, as it does with every signal
            uvicorn.Server(uvicorn.Config(app, **tls, **OPTIONS)).run(sockets=[listening])
    finally:
        for thread in threads:
            thread.stop()
        apart.close()


def _place(address: tuple[Any, ...]) -> str:
    host, port, *_ = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _show_metrics(where: Where) -> str:
    """Answer for metrics, and return where."""
    if where.metrics_port is None:
        return "nowhere (see --metrics-port)"
    try:
        server, _ = start_http_server(where.metrics_port, where.metrics_host, REGISTRY)
    except OSError as error:
        place = f"{where.metrics_host}:{where.metrics_port}"
        message = f"cannot listen on {place}: {error.strerror}; see --metrics-host and --metrics-port"
        raise InputError(message) from error
    return f"on http://{_place(server.server_address)}/metrics"


def _tls(where: Where) -> tuple[dict[str, Any], list[Clockwork]]:
    """Return what uvicorn is to know of TLS, and who looks for a certificate that was renewed."""
    if where.certificate is None or where.private_key is None:
        return {}, []
    check_pair(where.certificate, where.private_key)
    certificate = Certificate(where.certificate, where.private_key)
    options = {"ssl_certfile": where.certificate, "ssl_keyfile": where.private_key}
    return {**options, "ssl_context_factory": certificate.context}, [Clockwork(certificate.renew, _RENEWAL_SECONDS)]


def _end(*_: object) -> None:
    """Leave in order: uvicorn raises the signal again when it is done, which would end us with a mail on its way."""
    raise SystemExit(0)
