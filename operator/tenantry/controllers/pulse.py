"""Signs of life: who should have moved by when, and whether it did."""

import time


class Pulse:
    """One loop's heartbeat. It is dead when it has not beaten for ``longest`` seconds."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._last = time.monotonic()

    def beat(self) -> None:
        self._last = time.monotonic()

    @property
    def age(self) -> float:
        return time.monotonic() - self._last

    @property
    def alive(self) -> bool:
        return self.age < self._longest
