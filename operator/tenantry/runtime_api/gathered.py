"""Answers in one piece: headers and body are written apart, and each write is a call of the system and a packet."""

import asyncio
from typing import Any

#: No more than this is kept, so that whoever writes much is told in time to pause.
_MOST = 64 * 1024


class Gathered:
    """A transport that writes an answer once it is whole, at the latest after this turn; else as the one it wraps.

    Who answers says when it is whole: by the next turn a client that has no more to ask may have closed its side, and
    with it the transport.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self._kept = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transport has
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Keep a piece of an answer, for a moment."""
        if not self._pieces:
            self._loop.call_soon(self.flush)
        self._pieces.append(data)
        self._kept += len(data)
        if self._kept > _MOST:
            self.flush()

    def close(self) -> None:
        """Close after what was written."""
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Write what is kept."""
        whole, self._pieces, self._kept = b"".join(self._pieces), [], 0
        if whole and not self._transport.is_closing():
            self._transport.write(whole)
