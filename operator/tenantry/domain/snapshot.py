"""What a plan decides on: the rows of one tenant that a batch touches, read in its transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

from tenantry.domain.account import Account
from tenantry.domain.capacity import Capacity, Usage
from tenantry.domain.holding import Held, Transfer
from tenantry.domain.secret import SecretOffer
from tenantry.specs import LicensePoolSpec, WorkgroupSpec

P = TypeVar("P", WorkgroupSpec, LicensePoolSpec)


@dataclass(frozen=True, slots=True)
class Policy(Generic[P]):
    """A Workgroup or LicensePool as the store last took it. A deleting one grants nothing new.

    ``reduced`` tells since when a pool's capacity is below what is in use, for each that is.
    """

    name: str
    uid: str
    generation: int
    spec: P
    deleting: bool = False
    reduced: Mapping[Capacity, datetime] = field(default_factory=dict)


WorkgroupPolicy: TypeAlias = Policy[WorkgroupSpec]
PoolPolicy: TypeAlias = Policy[LicensePoolSpec]


@dataclass(slots=True)
class Snapshot:
    """The state of one tenant as far as a batch needs it; the plans of the batch keep it true as they go.

    ``accounts`` is keyed by resource UID, ``logins`` by login key (tombstones are there too), ``emails``
    holds live ones by the key of their address and by id, ``owners`` gives the
    name of the User resource by account id, ``projects`` the ProjectMembers in force as (workgroup, user name).
    ``holdings`` are there by account id for those accounts that leave something, ``assignees`` gives the UID of Users
    that may be given them by name. ``terminating``: the whole namespace goes.
    """

    now: datetime
    attached: bool = True
    terminating: bool = False
    workgroups: dict[str, WorkgroupPolicy] = field(default_factory=dict)
    pools: dict[str, PoolPolicy] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    accounts: dict[str, Account] = field(default_factory=dict)
    logins: dict[str, Account] = field(default_factory=dict)
    emails: dict[str, dict[str, Account]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    projects: set[tuple[str, str]] = field(default_factory=set)
    sequences: dict[str, int] = field(default_factory=dict)
    offers: dict[str, SecretOffer] = field(default_factory=dict)
    holdings: dict[str, tuple[Held, ...]] = field(default_factory=dict)
    assignees: dict[str, str] = field(default_factory=dict)

    def record(self, before: Account | None, after: Account | None) -> None:
        """Take one account's change into the snapshot, so that the next plan of the batch sees it."""
        if before is not None:
            self.logins.pop(before.login_key, None)
            if before.resource_uid is not None:
                self.accounts.pop(before.resource_uid, None)
            self.emails.get(before.email_key or "", {}).pop(before.id, None)
        if after is not None:
            if not after.scope:
                self.logins[after.login_key] = after
            if after.resource_uid is not None:
                self.accounts[after.resource_uid] = after
            if after.email_key is not None and not after.scope and after.tombstone is None:
                self.emails.setdefault(after.email_key, {})[after.id] = after

    def give(self, transfers: Iterable[Transfer]) -> None:
        """Take what accounts give away, or drop, into the snapshot: who gets it may be going too."""
        for transfer in transfers:
            held = self.holdings[transfer.account_id]
            given = tuple(h for h in held if (h.workgroup, h.kind) == (transfer.workgroup, transfer.kind))
            self.holdings[transfer.account_id] = tuple(h for h in held if h not in given)
            if transfer.to is not None and transfer.to in self.holdings:
                self.holdings[transfer.to] += given

    def next_in_sequence(self, name: str) -> int:
        """Return the next value of a sequence; a value is never given twice (TT-04)."""
        value = self.sequences.get(name, 1)
        self.sequences[name] = value + 1
        return value
