"""Growing pauses between attempts: capped, and jittered so that those who failed together do not come back together."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double from ``first`` seconds up to ``longest``."""

    first: float
    longest: float

    def delay(self, attempt: int) -> float:
        """Return the pause before the next attempt; ``attempt`` counts those that failed, from 1."""
        ceiling = min(self.longest, self.first * 2.0 ** min(attempt - 1, 32))
        return ceiling * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, hides nothing
