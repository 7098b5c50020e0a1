"""Ids of any number, in portions that one statement takes: a database has a most of parameters, the least 32,766.

Statements that are made often are made once, with names for their parameters: to build one anew each time costs more
than what a database does with it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, bindparam

_MOST_IDS = 2000

T = TypeVar("T")


def in_portions(ids: Iterable[T]) -> Iterator[Sequence[T]]:
    """Yield the ids, so many at once."""
    left = iter(ids)
    while portion := list(islice(left, _MOST_IDS)):
        yield portion


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that a column has one of the values that are given by this name."""
    return column.in_(bindparam(name, expanding=True))
