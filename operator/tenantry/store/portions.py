"""Ids of any number, in portions that one statement takes: PostgreSQL's protocol has 65,535 parameters at most."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

_MOST_IDS = 2000


def in_portions(ids: Collection[str]) -> Iterator[Sequence[str]]:
    """Yield the ids, so many at once."""
    left = iter(ids)
    while portion := list(islice(left, _MOST_IDS)):
        yield portion
