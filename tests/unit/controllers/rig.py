"""An engine to be tested, with everything around it in memory."""

import asyncio
from dataclasses import dataclass
from typing import Any

from tenantry.controllers.engine import Engine
from tenantry.controllers.provisioning import StoreThread
from tenantry.domain.observed import Kind
from tests.unit.controllers.fakes import Body, FakeApi, FakeServices, path_of, user


@dataclass
class Rig:
    """An engine with everything around it in memory."""

    api: FakeApi
    services: FakeServices
    engine: Engine
    store: StoreThread
    leads: bool = True
    running: "asyncio.Task[None] | None" = None

    async def end(self) -> None:
        """Wait for the engine to end by itself."""
        assert self.running is not None
        await asyncio.wait_for(asyncio.shield(self.running), 30)

    def offer(self, body: Body, kind: Kind = Kind.USER, *, deleted: bool = False) -> None:
        if not deleted:
            self.api.add(body, "users" if kind is Kind.USER else f"{kind.lower()}s")
        self.engine.offer(kind, body, deleted=deleted)

    def status(self, name: str) -> Any:
        return self.api.objects[path_of(user(name))]["status"]

    def shown(self, *names: str) -> bool:
        return all(self.status(name).get("state") == "Active" for name in names)
