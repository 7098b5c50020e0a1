"""What the controllers hand to the services and get back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tenantry.domain.observed import Kind, Observed
from tenantry.domain.secret import SecretOffer, is_from
from tenantry.specs.base import SecretKeyRef

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

    ``offers`` holds, by UID, what was read of its Secrets. ``epoch`` is that of the lease held: a store
    that has seen a newer one refuses the batch with LeadershipLost. ``actor`` is who goes on record for it.
    """

    tenant: TenantRef
    objects: Sequence[Observed[Any]]
    now: datetime
    epoch: int = 0
    offers: Mapping[str, SecretOffer] = field(default_factory=dict)
    actor: str = ACTOR


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
    """A password to read: ``source`` is the version last taken, the hashes are to compare with (domain.account).

    ``login`` is the login key of a Workgroup's system user; empty: it is the User's own.
    """

    ref: SecretKeyRef
    source: str = ""
    present: str = ""
    history: tuple[str, ...] = ()
    applied: str = ""
    login: str = ""

    @property
    def is_taken(self) -> bool:
        """Tell whether there is a password, taken from where the spec says by now."""
        return bool(self.present) and is_from(self.source, self.ref)


@dataclass(frozen=True, slots=True)
class MailboxNeed:
    """A mailbox's credential to look for: ``source`` is the version last found, None where nobody has looked there."""

    ref: SecretKeyRef
    source: str | None = None


@dataclass(frozen=True, slots=True)
class SecretNeed:
    """The Secrets to read for one User, or for the ``system`` users of one Workgroup.

    ``state`` tells what held up the object when it was last planned: what was not taken then may be taken in another.
    """

    uid: str
    namespace: str
    password: PasswordNeed | None = None
    mailbox: MailboxNeed | None = None
    state: str = ""
    system: tuple[PasswordNeed, ...] = ()

    @property
    def passwords(self) -> tuple[PasswordNeed, ...]:
        """Return the passwords that are asked for."""
        return (self.password, *self.system) if self.password is not None else self.system

    @property
    def parts(self) -> tuple[PasswordNeed | MailboxNeed, ...]:
        """Return what is asked for."""
        return (*self.passwords, self.mailbox) if self.mailbox is not None else self.passwords

    @property
    def sources(self) -> tuple[str | None, ...]:
        """Return what is known of each."""
        return tuple(part.source for part in self.parts)


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep found: objects whose rows are stale or unknown, and what was done about those that are gone."""

    drifted: tuple[tuple[Kind, str, str], ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    detached: bool = False
