"""One tenant on a real store, driven as the operator drives it, but without an API server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from tenantry.domain.observed import Observed
from tenantry.domain.secret import SecretOffer
from tenantry.services import provisioning
from tenantry.services.work import Outcome, TenantRef, Work
from tenantry.store import Store
from tests.support.builders import NAMESPACE, START


@dataclass
class Tenant:
    """A tenant whose objects are given one batch at a time. ``statuses`` is what an API server would show by now."""

    store: Store
    ref: TenantRef = field(default_factory=lambda: TenantRef(NAMESPACE, "namespace-1"))
    now: datetime = START + timedelta(hours=1)
    epoch: int = 1
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)

    def apply(self, *objects: Observed[Any], offers: Mapping[str, SecretOffer] | None = None) -> list[Outcome]:
        """Reconcile one batch, then all that it made due, as the operator does."""
        outcomes = provisioning.reconcile(self.store, Work(self.ref, objects, self.now, self.epoch, offers or {}))
        self._take(outcomes)
        while due := provisioning.load_due(self.store, self.now).get(self.ref.namespace):
            more = provisioning.reconcile(self.store, Work(self.ref, due, self.now, self.epoch))
            self._take(more)
            outcomes += more
        return outcomes

    def _take(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.released:
                self.statuses.pop(outcome.uid, None)
            elif outcome.status is not None:
                self.statuses[outcome.uid] = outcome.status

    def later(self, **delta: float) -> Self:
        """Let time pass."""
        self.now += timedelta(**delta)
        return self

    def status(self, seen: Observed[Any]) -> dict[str, Any]:
        """Return an object's status."""
        return self.statuses[seen.uid]

    def condition(self, seen: Observed[Any], type_: str = "Ready") -> dict[str, Any] | None:
        """Return a condition of an object, or None."""
        return next((c for c in self.status(seen)["conditions"] if c["type"] == type_), None)

    def reason(self, seen: Observed[Any]) -> str:
        """Return why the object is Ready or not."""
        condition = self.condition(seen)
        return condition["reason"] if condition else ""

    def is_ready(self, seen: Observed[Any]) -> bool:
        """Tell whether the object is Ready."""
        condition = self.condition(seen)
        return condition is not None and condition["status"] == "True"
