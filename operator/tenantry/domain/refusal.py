"""Expected refusals, as values."""

from collections.abc import Iterable
from dataclasses import dataclass

from tenantry.domain.reason import Reason

#: A message that lists what would be accepted names at most this many.
_MOST_CHOICES = 12


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is refused: the reason, the field's path below the object, and what would be right.

    ``retry_after``: in how many seconds the same may be tried again, where waiting may help.
    """

    reason: Reason
    field: str
    message: str
    retry_after: int | None = None

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


def pool_goes(name: str) -> str:
    """Return what is told of a LicensePool that is being deleted, to whoever names it."""
    return (
        f'LicensePool "{name}" is being deleted, which cannot be taken back, and grants nothing new; '
        "delete the Users of its accounts or move them elsewhere, then apply the pool again"
    )


def choices(names: Iterable[str]) -> str:
    """Return what would be accepted, for the end of a message."""
    known = list(names)
    if not known:
        return "there is none"
    listed = ", ".join(known[:_MOST_CHOICES])
    more = len(known) - _MOST_CHOICES
    return (
        f"there are {listed} and {more} more"
        if more > 0
        else f"there is {listed}"
        if len(known) == 1
        else f"there are {listed}"
    )
