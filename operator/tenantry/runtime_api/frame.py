"""What is around every request: its id, how large it may be, and what every answer carries."""

import re
import uuid
from contextlib import suppress
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.runtime_api.problem import answer

#: What a caller may send as a request id; anything else gets a new one, so that no log line can be forged.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._~+/=-]{1,128}")
LARGEST_BODY = 1024 * 1024
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _TooLarge(Exception):
    """More came than is read."""


class Frame:
    """ASGI middleware, and no more than that: a framework's own would cost as much as a whole evaluation."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get("X-Request-ID", "")
        request_id = sent if _REQUEST_ID.fullmatch(sent) else str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        if b"%00" in scope["raw_path"] + scope["query_string"]:
            await _refuse(scope, receive, send, 400, "path", "the character U+0000 is not text")
            return
        body = _Body(receive, send, {**_HEADERS, "X-Request-ID": request_id})
        with suppress(_TooLarge):
            await self._app(scope, body.receive, body.send)
        if body.too_large and not body.started:
            await _refuse(
                scope, receive, send, 413, "body", f"the body is too large; at most {LARGEST_BODY} bytes are read"
            )


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, field: str, message: str) -> None:
    refused = answer(Request(scope), Refusal(Reason.INVALID_REQUEST, field, message), status)
    refused.headers.update(_HEADERS | {"X-Request-ID": scope["state"]["request_id"]})
    await refused(scope, receive, send)


@dataclass
class _Body:
    """One request: how much of it came, and what every answer to it carries.

    The framework turns whatever stops the reading of a body into an answer of its own: that one is kept back.
    """

    _receive: Receive
    _send: Send
    headers: dict[str, str]
    received: int = 0
    too_large: bool = False
    started: bool = False

    async def receive(self) -> Message:
        """Receive a part of the body."""
        message = await self._receive()
        self.received += len(message.get("body", b""))
        self.too_large = self.received > LARGEST_BODY
        if self.too_large:
            raise _TooLarge
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if not self.too_large:
            if message["type"] == "http.response.start":
                self.started = True
                MutableHeaders(scope=message).update(self.headers)
            await self._send(message)
