"""Turns of those who do one thing at a time: who is in haste comes before who is not, else as it falls."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from tenantry.errors import StoreUnavailable


class Turns:
    """One has the turn; the others wait."""

    def __init__(self, fault: type[StoreUnavailable] = StoreUnavailable) -> None:
        self._fault = fault
        self._changed = Condition()
        self._taken = False
        self._hasty = 0

    @contextmanager
    def take(self, seconds: float, *, haste: bool = False) -> Iterator[None]:
        """Wait for the turn, and have it.

        Raises:
            StoreUnavailable: or what else the fault is here: it did not come within so many seconds.
        """
        with self._changed:
            self._hasty += haste
            try:
                came = self._changed.wait_for(lambda: not self._taken and (haste or not self._hasty), seconds)
                self._taken |= came
            finally:
                self._hasty -= haste
            if not came:
                message = "locked"
                raise self._fault(message)
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()
