"""One tenant's objects through one transaction, and around the one among them that it fails at."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tenantry.controllers import metrics
from tenantry.controllers.aside import Aside
from tenantry.controllers.provisioning import Provisioning, StoreThread
from tenantry.controllers.secret_lane import SecretLane
from tenantry.controllers.sighting import Sighting, observe
from tenantry.controllers.status_writer import StatusWriter
from tenantry.controllers.tenants import Tenants
from tenantry.errors import LeadershipLost, StoreUnavailable
from tenantry.services.work import Outcome, SecretNeed, TenantRef, Work


@dataclass(frozen=True, slots=True)
class Result:
    """What a transaction gave: outcomes to show, and Users whose Secret is to be read first."""

    outcomes: list[Outcome]
    needs: dict[str, SecretNeed]


@dataclass(frozen=True)
class Transactions:
    """Reconciles the objects of a tenant and hands on what comes of it."""

    services: Provisioning
    store: StoreThread
    writer: StatusWriter
    tenants: Tenants
    secrets: SecretLane
    aside: Aside
    epoch: Callable[[], int]

    async def process(self, namespace: str, objects: Sequence[Sighting]) -> int:
        """Reconcile the objects of one namespace and return how many were.

        Raises:
            StoreUnavailable: the database is away; those not done yet are to be given again.
            TenantLocked: of this tenant alone.
            ApiError: the API server did not say whose namespace it is.
            LeadershipLost: another operator leads.
        """
        started = time.monotonic()
        tenant = await self.tenants.find(namespace, certain=any(seen.deleting for seen in objects))
        done = await self._attempt(tenant, objects)
        metrics.BATCH_SECONDS.observe(time.monotonic() - started)
        return done

    async def _attempt(self, tenant: TenantRef, objects: Sequence[Sighting]) -> int:
        """Run one transaction; if it fails, one for each half, down to the object that it fails at."""
        try:
            result = await self.store.write(self._transact, tenant, objects)
        except (StoreUnavailable, LeadershipLost):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the fault, the other objects go on
            metrics.BATCHES.labels("failed").inc()
            if len(objects) == 1:
                self.aside.put(objects[0], error)
                return 0
        else:
            return self._hand_on(objects, result)
        middle = len(objects) // 2
        return await self._attempt(tenant, objects[:middle]) + await self._attempt(tenant, objects[middle:])

    def _transact(self, tenant: TenantRef, objects: Sequence[Sighting]) -> Result:
        """Do all that the store thread does for a batch, so that the loop is crossed once."""
        observed = {seen.uid: observe(seen) for seen in objects}
        offers = {seen.uid: seen.offer for seen in objects if seen.offer is not None}
        unread = [o for uid, o in observed.items() if uid not in offers]
        needs = {need.uid: need for need in self.services.secrets_needed(tenant, unread)}
        ready = [o for uid, o in observed.items() if uid not in needs]
        if not ready:
            return Result([], needs)
        work = Work(tenant, ready, datetime.now(UTC), self.epoch(), offers)
        return Result(self.services.reconcile(work), needs)

    def _hand_on(self, objects: Sequence[Sighting], result: Result) -> int:
        seen = {each.uid: each for each in objects}
        for uid, need in result.needs.items():
            self.secrets.submit(seen[uid], need)
        for outcome in result.outcomes:
            self.writer.submit(outcome, seen.get(outcome.uid))
        ready = [each for each in objects if each.uid not in result.needs]
        for each in ready:
            self.aside.clear(each.uid)
            metrics.OBJECTS.labels(each.kind).inc()
        metrics.BATCHES.labels("committed").inc()
        return len(ready)
