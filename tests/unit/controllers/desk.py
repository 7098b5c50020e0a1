"""A status writer to be tested, with its ledger and API server in memory."""

from dataclasses import dataclass
from typing import Any

from tenantry.controllers.api_error import Denied
from tenantry.controllers.ledger import Ledger
from tenantry.controllers.sighting import Sighting, sight
from tenantry.controllers.status_writer import StatusWriter
from tenantry.domain.observed import Kind
from tenantry.services.work import Outcome
from tests.unit.controllers.fakes import FakeApi, path_of, user


@dataclass
class Desk:
    """A writer with its ledger and API server."""

    api: FakeApi
    ledger: Ledger
    writer: StatusWriter

    def show(self, body: dict[str, Any], status: dict[str, Any] | None = None, *, released: bool = False) -> Sighting:
        """Have an object seen and an outcome of it submitted."""
        sighting = sight(Kind.USER, body)
        self.ledger.take(sighting)
        self.writer.submit(outcome(sighting, status, released=released), sighting)
        return sighting

    async def done(self) -> None:
        assert await self.writer.drained(5.0)

    def status(self, body: dict[str, Any]) -> Any:
        return self.api.objects[path_of(body)]["status"]

    def finalizers(self, body: dict[str, Any]) -> Any:
        return self.api.objects[path_of(body)]["metadata"].get("finalizers")


def outcome(seen: Sighting, status: dict[str, Any] | None, *, released: bool = False) -> Outcome:
    return Outcome(seen.uid, seen.kind, seen.namespace, seen.name, status, released)


def forbid(desk: Desk, namespace: str) -> None:
    desk.api.faults[path_of(user("", namespace=namespace)).removesuffix("/")] = Denied("Forbidden", status=403)
