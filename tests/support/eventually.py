import time
from collections.abc import Callable
from typing import TypeVar

from tests.support.kube import KubeError

T = TypeVar("T")


def eventually(condition: Callable[[], T | None], within: float = 30.0, every: float = 0.05) -> T:
    """Give the condition's first true value; fail with the last one seen.

    An assertion that fails inside the condition, or an object that is not there, counts as "not yet".
    """
    deadline = time.monotonic() + within
    while True:
        last: object
        try:
            value = condition()
            if value:
                return value
            last = value
        except (AssertionError, KubeError) as failure:
            last = failure
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {within:g} s; at last: {last!r}")
        time.sleep(every)
