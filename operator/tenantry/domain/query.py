"""What is searched for, apart from where it is kept: conditions on attributes, as SCIM filters have them.

An attribute is a path such as ``("emails", "type")``. Text is compared as ``fold`` has it, unless its case counts.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]
Value: TypeAlias = str | bool | int | float | datetime | None


class Operator(StrEnum):
    """How a value is compared (RFC 7644 3.4.2.2)."""

    EQ = "eq"
    NE = "ne"
    CO = "co"
    SW = "sw"
    EW = "ew"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison. Of an attribute of many values: one of them is so; with ``ne`` every one is."""

    path: Path
    operator: Operator
    value: Value
    exact: bool


@dataclass(frozen=True, slots=True)
class Present:
    """The attribute has a value, and not an empty one."""

    path: Path


@dataclass(frozen=True, slots=True)
class Negation:
    """The term does not hold."""

    term: "Condition"


@dataclass(frozen=True, slots=True)
class Junction:
    """Every term holds, or with ``every`` false at least one."""

    every: bool
    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class One:
    """The term holds of one and the same value of an attribute of many; its paths begin below that."""

    path: Path
    term: "Condition"


@dataclass(frozen=True, slots=True)
class Nothing:
    """What never holds: an attribute that the kind of resource does not have."""


Condition: TypeAlias = Compare | Present | Negation | Junction | One | Nothing


@dataclass(frozen=True, slots=True)
class Page:
    """Which resources are asked for: those that meet ``where``, sorted, so many from the first wanted on."""

    where: Condition | None = None
    sort: Path | None = None
    exact: bool = False
    descending: bool = False
    start: int = 0
    count: int | None = None


class Unsearchable(Exception):
    """An attribute that is not kept in a form to search or sort by."""

    def __init__(self, path: Path) -> None:
        super().__init__(f'"{".".join(path)}" cannot be searched or sorted by')


def fold(text: str) -> str:
    """Return the text as it is compared where case does not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
