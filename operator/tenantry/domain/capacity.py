"""Capacities: what is counted, how much of it was bought, and who may be let in.

One arithmetic for all three: seats of a license type, limits of a subscription, holders of a role.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from tenantry.domain.reason import Reason


class CapacityKind(StrEnum):
    """What is counted."""

    LICENSE = "license"
    LIMIT = "limit"
    ROLE = "role"

    @property
    def reason(self) -> Reason:
        """Return the reason of a refusal for want of it."""
        return _REASONS[self]


_REASONS = {
    CapacityKind.LICENSE: Reason.SEAT_LIMIT_REACHED,
    CapacityKind.LIMIT: Reason.LIMIT_REACHED,
    CapacityKind.ROLE: Reason.ROLE_LIMIT_REACHED,
}


@dataclass(frozen=True, slots=True, order=True)
class Capacity:
    """A countable thing. ``owner`` is the LicensePool, or for a role the Workgroup."""

    kind: CapacityKind
    owner: str
    name: str


@dataclass(slots=True)
class Usage:
    """How much of each capacity is in use and waited for, in the transaction under way.

    The numbers come from the rows, counted under the tenant's lock; the plan keeps them true as it goes.
    """

    used: Counter[Capacity] = field(default_factory=Counter)
    waiting: Counter[Capacity] = field(default_factory=Counter)

    def free(self, capacity: Capacity, bought: int) -> int:
        """Return what is left, 0 where the capacity was lowered below its use."""
        return max(0, bought - self.used[capacity])

    def move(self, held: frozenset[Capacity], needed: frozenset[Capacity]) -> None:
        """Count one account's change from what it held to what it now holds."""
        for capacity in held - needed:
            self.used[capacity] -= 1
        for capacity in needed - held:
            self.used[capacity] += 1

    def queue(self, before: frozenset[Capacity], after: frozenset[Capacity]) -> None:
        """Count one account's change from what it waited for to what it now waits for."""
        for capacity in before - after:
            self.waiting[capacity] -= 1
        for capacity in after - before:
            self.waiting[capacity] += 1
