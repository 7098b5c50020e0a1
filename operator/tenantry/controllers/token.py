"""The bearer token of every request: read again before it expires, and after the API server refused it."""

import asyncio
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

#: Gives a token and for how many seconds it may be used.
ReadToken: TypeAlias = Callable[[], tuple[str, float]]

#: The kubelet replaces a service account's token when a fifth of its hour is left.
_FILE_SECONDS = 60.0


class Token:
    """One token for all tasks and threads. Without one it is empty."""

    def __init__(self, read: ReadToken) -> None:
        self._read = read
        self._value = ""
        self._until = -math.inf
        self._lock = threading.Lock()

    @classmethod
    def fixed(cls, value: str) -> "Token":
        return cls(lambda: (value, math.inf))

    @classmethod
    def of_file(cls, path: Path) -> "Token":
        return cls(lambda: (path.read_text().strip(), _FILE_SECONDS))

    async def current(self) -> str:
        if time.monotonic() < self._until:
            return self._value
        return await asyncio.to_thread(self._refresh)

    def refuse(self, value: str) -> None:
        """Have a token read again that the API server did not take, if it is still the current one."""
        if value == self._value:
            self._until = -math.inf

    def _refresh(self) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                self._value, seconds = self._read()
                self._until = time.monotonic() + seconds
            return self._value
