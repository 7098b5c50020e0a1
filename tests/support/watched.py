"""A tenant that remembers its live objects and Secrets, and can be checked for what must always hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantry.domain.observed import Kind, Observed
from tenantry.domain.password import OfferKind, PasswordOffer
from tenantry.services import provisioning
from tenantry.services.work import Outcome, PasswordNeed, SweepReport, TenantRef, Work
from tests.support.tenancy import Tenant


@dataclass
class WatchedTenant(Tenant):
    """``objects`` are those the API server has, by UID; ``secrets`` are the values by (Secret, key)."""

    objects: dict[str, Observed[Any]] = field(default_factory=dict)
    secrets: dict[tuple[str, str], str] = field(default_factory=dict)
    secrets_version: int = 1

    def apply(self, *objects: Observed[Any], offers: Mapping[str, PasswordOffer] | None = None) -> list[Outcome]:
        """Reconcile one batch as the operator does: Secrets first, and afterwards all that it made due."""
        self.objects |= {seen.uid: seen for seen in objects}
        outcomes = self._reconcile(objects, offers)
        return outcomes + self.settle()

    def settle(self) -> list[Outcome]:
        """Do what is due by now."""
        outcomes: list[Outcome] = []
        for _ in range(100):
            due = provisioning.load_due(self.store, self.now).get(self.ref.namespace)
            if not due:
                return outcomes
            outcomes += self._reconcile(due)
        raise AssertionError("the same objects are due over and over")

    def sweep(self, *, live: Iterable[Observed[Any]] | None = None) -> SweepReport:
        """Compare the store with the objects there are."""
        there = self.objects.values() if live is None else live
        listed = {o.uid: (o.kind, o.name, o.generation) for o in there}
        report = provisioning.sweep(self.store, self.ref, listed, self.now, self.now, self.epoch)
        self._remember(report.outcomes)
        self.settle()
        return report

    def vanish(self, *objects: Observed[Any]) -> None:
        """Take objects away behind the operator's back: their finalizer was stripped."""
        for seen in objects:
            self.objects.pop(seen.uid, None)
            self.statuses.pop(seen.uid, None)

    def move(self, namespace_uid: str) -> None:
        """Point the operator at another cluster's namespace of the same name, in which there is nothing yet."""
        self.ref = TenantRef(self.ref.namespace, namespace_uid)
        self.objects.clear()
        self.statuses.clear()

    def rotate(self, secret: str, key: str, value: str) -> None:
        """Change a Secret, and look out for rotated ones as the operator does from time to time."""
        self.secrets[secret, key] = value
        self.secrets_version += 1
        needs = provisioning.passwords_known(self.store, "")
        offers = dict(self._offer(need) for need in needs)
        offers = {need.uid: offers[need.uid] for need in needs if offers[need.uid].source != need.source}
        objects = provisioning.load_objects(self.store, list(offers)).get(self.ref.namespace, [])
        self._reconcile(objects, offers)
        self.settle()

    def _reconcile(
        self, objects: Iterable[Observed[Any]], offers: Mapping[str, PasswordOffer] | None = None
    ) -> list[Outcome]:
        batch = list(objects)
        needs = provisioning.passwords_needed(self.store, self.ref, batch)
        read = dict(map(self._offer, needs)) | dict(offers or {})
        outcomes = provisioning.reconcile(self.store, Work(self.ref, batch, self.now, self.epoch, read))
        self._remember(outcomes)
        return outcomes

    def _remember(self, outcomes: Iterable[Outcome]) -> None:
        self._take(list(outcomes))
        for outcome in outcomes:
            if outcome.released:
                self.objects.pop(outcome.uid, None)

    def _offer(self, need: PasswordNeed) -> tuple[str, PasswordOffer]:
        """Read a Secret. The hash is the value turned around: what hashes cost is for other tests."""
        value = self.secrets.get((need.secret, need.key))
        if value is None:
            known = any(name == need.secret for name, _ in self.secrets)
            return need.uid, PasswordOffer(OfferKind.NO_KEY if known else OfferKind.NO_SECRET)
        kind, position, hashed = OfferKind.NEW, 0, value[::-1]
        if hashed == need.present:
            kind = OfferKind.SAME
        elif hashed in (past := (need.present, *need.history)):
            kind, position = OfferKind.USED_BEFORE, past.index(hashed)
        source = str(self.secrets_version)
        return need.uid, PasswordOffer(kind, source, hashed, len(value), need.present, position)

    def status_of(self, kind: Kind, name: str) -> dict[str, Any]:
        """Return the status of a live object by name."""
        (uid,) = (o.uid for o in self.objects.values() if (o.kind, o.name) == (kind, name))
        return self.statuses[uid]
