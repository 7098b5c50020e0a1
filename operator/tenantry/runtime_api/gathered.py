"""Answers in one piece: headers and body are written apart, and each write is a call of the system and a packet."""

import asyncio
from typing import Any


class Gathered:
    """A transport that writes what was written in one turn of the event loop together; else as the one it wraps."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transport has
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write once this turn is over."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def close(self) -> None:
        """Close after what was written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        whole, self._pieces = b"".join(self._pieces), []
        if whole and not self._transport.is_closing():
            self._transport.write(whole)
