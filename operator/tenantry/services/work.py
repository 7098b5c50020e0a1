"""What the controllers hand to the services and get back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tenantry.domain.observed import Kind, Observed
from tenantry.domain.password import PasswordOffer

#: Who is on record for what a resource caused.
ACTOR = "kubernetes"


@dataclass(frozen=True, slots=True)
class TenantRef:
    """A namespace as the cluster has it now. ``terminating``: the namespace itself is being deleted."""

    namespace: str
    uid: str
    terminating: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """A batch for one tenant: at most 500 objects, the newest of each UID.

    ``offers`` holds, by User UID, the passwords that were read for it. ``epoch`` is that of the lease held: a store
    that has seen a newer one refuses the batch with LeadershipLost.
    """

    tenant: TenantRef
    objects: Sequence[Observed[Any]]
    now: datetime
    epoch: int = 0
    offers: Mapping[str, PasswordOffer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the API server should show of one object after the commit.

    ``status`` is the whole status, as committed; None where the object needs none. ``released`` tells that our
    finalizer may go: nothing of the object is left in the store that its deletion should have ended.
    """

    uid: str
    kind: Kind
    namespace: str
    name: str
    status: dict[str, Any] | None
    released: bool = False


@dataclass(frozen=True, slots=True)
class PasswordNeed:
    """A Secret to read for one User: ``source`` is the version last taken, the hashes are to compare with.

    ``state`` tells what held up the User when it was last planned: what was not taken then may be taken in another.
    """

    uid: str
    namespace: str
    secret: str
    key: str
    source: str = ""
    present: str = ""
    history: tuple[str, ...] = ()
    state: str = ""


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep found: objects whose rows are stale or unknown, and what was done about those that are gone."""

    drifted: tuple[tuple[Kind, str, str], ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    detached: bool = False
