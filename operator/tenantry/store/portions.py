"""Ids of any number, in portions that one statement takes: a database has a most of parameters, the least 32,766."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

_MOST_IDS = 2000

T = TypeVar("T")


def in_portions(ids: Iterable[T]) -> Iterator[Sequence[T]]:
    """Yield the ids, so many at once."""
    left = iter(ids)
    while portion := list(islice(left, _MOST_IDS)):
        yield portion
