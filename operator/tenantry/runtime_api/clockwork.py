"""A thread that does what is due, again and again."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("tenantry.clockwork")


class Clockwork:
    """Calls something every so often. A fault is told, and the next time is another try."""

    def __init__(self, call: Callable[[], object], seconds: float = 1.0) -> None:
        self._call = call
        self._seconds = seconds
        self._stop = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="clockwork", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is under way is waited for."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                self._call()
                self._failing = False
            except Exception as error:  # noqa: BLE001 - the store is away, or one tenant's rows are at fault
                if not self._failing:
                    log.warning("what is due waits: %s", type(error).__name__)
                self._failing = True
