"""What lists of accounts show, and in which order (NR-08, NR-23, IT-20)."""

from dataclasses import dataclass
from enum import StrEnum


class SortKey(StrEnum):
    """What a list is sorted by; those that are equal go by login."""

    LOGIN = "userName"
    COMPANY = "company"
    FAMILY = "familyName"
    GIVEN = "givenName"


class Section(StrEnum):
    """The parts of a list, one after the other: who can log in, who cannot, and who was deleted (NR-08, NR-23)."""

    CAN_LOG_IN = "CanLogIn"
    CANNOT_LOG_IN = "CannotLogIn"
    DELETED = "Deleted"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which accounts of a workgroup are listed, and in which order.

    ``alone``: those with access to this workgroup only. ``roles``: those with one of these there, with none, or who
    have no place yet. ``prefix`` is that of the login's key.
    """

    workgroup: str
    sort: SortKey = SortKey.COMPANY
    descending: bool = False
    company: str | None = None
    prefix: str = ""
    role: str | None = None
    roles: tuple[str, ...] | None = None
    alone: bool = False
    invited: bool = False
