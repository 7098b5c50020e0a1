"""Log-ins: few at a time, in threads of their own, so that a storm of them holds up nothing else.

Those that hash a password and those that wait for a directory are apart: one that hangs holds up no password.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.runtime_api.problem import Refused
from tenantry.services.passwords import HASHERS

T = TypeVar("T")

#: So many wait; with one hasher, the last of them ten seconds. Who comes then is told to come again.
MOST_WAITING = 256
_RETRY_SECONDS = 2


class Hashing:
    """The calls that wait or run. One for all endpoints: they share the same hashers."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="log-ins")
        self._inside = 0

    async def run(self, call: Callable[[], T]) -> T:
        """Return what the call returns.

        Raises:
            Refused: too many wait already; nothing was looked at.
        """
        if self._inside >= MOST_WAITING:
            message = "too many log-ins at once; try again"
            raise Refused(Refusal(Reason.SERVER_BUSY, "", message, _RETRY_SECONDS))
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, call)
        finally:
            self._inside -= 1


# Beside those that hash, one is with the store: more of them take the interpreter from heartbeats.
HASHING = Hashing(HASHERS + 1)
#: Log-ins by directories at once; each directory takes a part of them at most.
ASKING = Hashing(16)
