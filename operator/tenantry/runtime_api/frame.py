"""What is around every request: its id, how large, deep and slow it may be, and what every answer carries."""

import asyncio
import logging
import re
from dataclasses import dataclass, field
from random import getrandbits
from threading import Event
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.runtime_api.metrics import count_request
from tenantry.runtime_api.problem import STORE_RETRY_SECONDS, answer, unexpected
from tenantry.runtime_api.pulse import UnderWay
from tenantry.store import ABANDONED

log = logging.getLogger("tenantry.runtime_api")

#: What a caller may send as a request id: AuthZEN has any come back. One that is no visible ASCII could forge a log
#: line, and gets a new one.
_REQUEST_ID = re.compile(r"[!-~]{1,128}")
#: Where the paths begin that need the store.
_OF_STORE = "/v1/"
#: Where a server tells of the connections that it has.
CONNECTIONS = "connections"
#: Beyond so many the answer is 503: memory and files are not for who comes most. Who asks whether we live is answered.
MOST_CONNECTIONS = 1000
LARGEST_BODY = 1024 * 1024
LONGEST_HEADERS = 32 * 1024
LONGEST_URL = 8 * 1024
DEEPEST = 64
#: A body must be there by then: who sends it byte by byte holds a connection no longer.
BODY_SECONDS = 20.0
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_INNERMOST = re.compile(rb"\[\]|\{\}")
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TLS_HEADERS = _HEADERS | {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


@dataclass
class _Fault(Exception):
    """A request that is not handed on."""

    status: int
    field: str
    message: str


class Frame:
    """ASGI middleware, and no more than that: a framework's own would cost as much as a whole evaluation."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, headers = perf_counter(), Headers(scope=scope)
        sent = headers.get("X-Request-ID", "")
        # It is no secret: asking the system for one would cost more.
        request_id = sent if _REQUEST_ID.fullmatch(sent) else f"{getrandbits(128):032x}"
        scope.setdefault("state", {})["request_id"] = request_id
        carried = _TLS_HEADERS if scope["scheme"] == "https" else _HEADERS
        answers = _Answers(send, scope, carried | {"X-Request-ID": request_id}, began)
        if scope["path"].startswith(_OF_STORE) and len(scope["state"].get(CONNECTIONS, ())) > MOST_CONNECTIONS:
            await answers.turn_away()
            answers.count()
            return
        under_way: UnderWay | None = getattr(scope["app"].state, "under_way", None)
        if under_way is not None and scope["path"].startswith(_OF_STORE):
            if problem := under_way.pulse.problem:
                await answers.abandon(problem)
                answers.count()
                return
            ABANDONED.set(answers.over)
            under_way.add(answers.abandon)
        try:
            _check_head(scope)
            body = await _read(receive)
            if "json" in headers.get("Content-Type", "").lower():
                _check_depth(body)
        except _Fault as fault:
            refused = answer(Request(scope), Refusal(Reason.INVALID_REQUEST, fault.field, fault.message), fault.status)
            await refused(scope, receive, answers.send)
        else:
            await self._hand_on(scope, _Handed(body, receive).receive, answers)
        finally:
            answers.count()
            if under_way is not None:
                under_way.remove(answers.abandon)

    async def _hand_on(self, scope: Scope, receive: Receive, answers: "_Answers") -> None:
        """Hand a request on. A fault of ours is answered here: further out an answer would carry nothing of this."""
        try:
            await self._app(scope, receive, answers.send)
        except Exception:
            log.exception("request %s failed", scope["state"]["request_id"])
            if answers.status:
                raise
            await unexpected(Request(scope))(scope, receive, answers.send)


def _check_head(scope: Scope) -> None:
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LONGEST_HEADERS:
        raise _Fault(431, "", f"the headers are too long; at most {LONGEST_HEADERS} bytes are read")
    if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_URL:
        raise _Fault(414, "path", f"path and query are too long; at most {LONGEST_URL} bytes are read")
    if b"%00" in scope["raw_path"] + scope["query_string"]:
        raise _Fault(400, "path", "the character U+0000 is not text")


async def _read(receive: Receive) -> bytes:
    """Read a body whole: every endpoint wants it so."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Fault(400, "body", "the body broke off")
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > LARGEST_BODY:
                    raise _Fault(413, "body", f"the body is too large; at most {LARGEST_BODY} bytes are read")
    except TimeoutError:
        raise _Fault(408, "body", f"the body did not come within {BODY_SECONDS:g} seconds") from None
    return bytes(body)


def _check_depth(body: bytes) -> None:
    """Refuse what is nested deeper than anything here, before a parser goes down there."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    left = _STRING.sub(b"", body).translate(None, _ALL_BUT_BRACKETS)
    for _ in range(DEEPEST):
        left = _INNERMOST.sub(b"", left)
    if left:
        raise _Fault(400, "body", f"the body is nested deeper than {DEEPEST} levels, or is no JSON")


async def _nothing() -> Message:
    """Receive no more of a request that is answered."""
    return {"type": "http.disconnect"}


@dataclass
class _Handed:
    """A body that was read, handed to the application in one piece."""

    body: bytes | None
    rest: Receive

    async def receive(self) -> Message:
        """Give the body; afterwards what else comes: that the caller went away."""
        if self.body is None:
            return await self.rest()
        body, self.body = self.body, None
        return {"type": "http.request", "body": body, "more_body": False}


@dataclass
class _Answers:
    """Puts on every answer what all of them carry."""

    _send: Send
    _scope: Scope
    headers: dict[str, str]
    began: float
    status: int = 0
    over: Event = field(default_factory=Event)
    ended: float | None = None

    def count(self) -> None:
        """Count the request; one that has no answer ended by a fault of ours."""
        ended = self.ended if self.ended is not None else perf_counter()
        count_request(self._scope, self.status or 500, ended - self.began)

    async def send(self, message: Message) -> None:
        """Send a part of an answer, unless the caller has another by now."""
        if not self.over.is_set():
            await self._pass_on(message)

    async def turn_away(self) -> None:
        """Tell the caller that too many are here, and that its connection is closed."""
        self.headers["Connection"] = "close"
        refusal = Refusal(Reason.SERVER_BUSY, "", "too many connections; try again", STORE_RETRY_SECONDS)
        await answer(Request(self._scope), refusal)(self._scope, _nothing, self._pass_on)

    async def abandon(self, problem: str) -> None:
        """Tell the caller what is wrong with the store; whatever comes of the request now is nobody's."""
        if not self.status:
            self.over.set()
            message = f"the identity store {problem}; nothing was changed; try again"
            refusal = Refusal(Reason.STORE_UNAVAILABLE, "", message, STORE_RETRY_SECONDS)
            await answer(Request(self._scope), refusal)(self._scope, _nothing, self._pass_on)

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message).update(self.headers)
        elif not message.get("more_body"):  # what goes on after the last piece is nobody's wait
            self.ended = perf_counter()
        await self._send(message)
