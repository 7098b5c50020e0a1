"""An API server and services in memory, so that a test can say what they do and see what they were asked."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from tenantry.controllers.api_error import ApiError, Conflict, NotFound, Refused
from tenantry.controllers.connection import Connection
from tenantry.controllers.provisioning import Provisioning
from tenantry.controllers.sighting import Sighting, sight
from tenantry.domain.observed import Kind, Observed
from tenantry.resources.meta import FINALIZER
from tenantry.services.work import Outcome, SecretNeed, SweepReport, TenantRef, Work

NAMESPACE = "acme"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Body = dict[str, Any]


def user(name: str, *, uid: str = "", generation: int = 1, version: int = 1, **metadata: Any) -> Body:
    """Give a User as the API server shows one; its UID is its name unless given."""
    return {
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": uid or name,
            "generation": generation,
            "resourceVersion": str(version),
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "finalizers": [FINALIZER],
            **metadata,
        },
        "spec": {"userName": name, "workgroups": [{"workgroupRef": "sales"}]},
        "status": {"observedGeneration": -1},
    }


def seen(name: str, kind: Kind = Kind.USER, **given: Any) -> Sighting:
    return sight(kind, user(name, **given))


def path_of(body: Body, kind: str = "users") -> str:
    metadata = body["metadata"]
    return f"/apis/tenantry.dev/v1alpha1/namespaces/{metadata['namespace']}/{kind}/{metadata['name']}"


@dataclass
class FakeApi(Connection):
    """Objects by path. ``failures`` are raised by the next requests, one each; ``faults`` by all below a path."""

    objects: dict[str, Body] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    failures: list[ApiError] = field(default_factory=list)
    faults: dict[str, ApiError] = field(default_factory=dict)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    busiest: int = 0
    _busy: int = 0

    def __post_init__(self) -> None:
        self.gate.set()
        namespace = {"metadata": {"name": NAMESPACE, "uid": "acme-uid"}}
        self.objects[f"/api/v1/namespaces/{NAMESPACE}"] = namespace

    def add(self, body: Body, kind: str = "users") -> Body:
        self.objects[path_of(body, kind)] = body
        return body

    def asked(self, method: str) -> list[str]:
        return [path for asked, path in self.requests if asked == method]

    async def close(self) -> None:
        pass

    async def read(self, path: str, accept: str = "") -> Any:
        await self._arrive("GET", path)
        return orjson.loads(orjson.dumps(self._find(path)))

    async def pages(self, path: str, accept: str = "") -> AsyncIterator[list[Body]]:
        await self._arrive("LIST", path)
        plural = path.rpartition("/")[2]
        yield [body for at, body in self.objects.items() if at.split("/")[-2] == plural]

    async def write(self, method: str, path: str, body: Any) -> Any:
        await self._arrive(method, path)
        key = path if method == "PUT" else f"{path}/{body['metadata']['name']}"
        present = self.objects.get(key)
        if method == "POST" and present is not None:
            raise Conflict("AlreadyExists", status=409)
        if method == "PUT":
            if present is None:
                raise NotFound("NotFound", status=404)
            if present["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
                raise Conflict("Conflict", status=409)
        version = int(present["metadata"]["resourceVersion"]) + 1 if present else 1
        stored = {**body, "metadata": {**body["metadata"], "resourceVersion": str(version)}}
        self.objects[key] = stored
        return orjson.loads(orjson.dumps(stored))

    async def patch(self, path: str, operations: bytes) -> int:
        await self._arrive("PATCH", path)
        key = path.removesuffix("/status")
        body = orjson.loads(orjson.dumps(self._find(key)))
        for operation in orjson.loads(operations):
            _apply(body, operation)
        version = int(body["metadata"]["resourceVersion"]) + 1
        body["metadata"]["resourceVersion"] = str(version)
        self.objects[key] = body
        return version

    def _find(self, path: str) -> Body:
        if path not in self.objects:
            raise NotFound("NotFound", status=404)
        return self.objects[path]

    async def _arrive(self, method: str, path: str) -> None:
        self.requests.append((method, path))
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
        finally:
            self._busy -= 1
        if self.failures:
            raise self.failures.pop(0)
        for start, fault in self.faults.items():
            if path.startswith(start):
                raise fault


def _apply(body: Body, operation: Mapping[str, Any]) -> None:
    *steps, last = operation["path"].strip("/").split("/")
    holder: Any = body
    for step in steps:
        holder = holder[step]
    key = int(last) if isinstance(holder, list) else last
    if operation["op"] == "test":
        found = holder[key] if not isinstance(holder, list) or key < len(holder) else None
        if found != operation["value"]:
            raise Refused("Invalid", status=422)
    elif operation["op"] == "add":
        holder[key] = operation["value"]
    else:
        del holder[key]
        if not holder:
            body["metadata"].pop("finalizers")


@dataclass
class FakeServices:
    """Services that accept everything: ``status`` says what they show, ``faults`` what they fail at, by name."""

    batches: list[Work] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    status: Callable[[Observed[Any]], Body] = lambda o: {"observedGeneration": o.generation, "state": "Active"}
    faults: dict[str, Exception] = field(default_factory=dict)
    outage: list[Exception] = field(default_factory=list)
    due: list[Mapping[str, Sequence[Observed[Any]]]] = field(default_factory=list)
    backlog: list[Observed[Any]] = field(default_factory=list)
    needs: dict[str, SecretNeed] = field(default_factory=dict)
    known: list[SecretNeed] = field(default_factory=list)
    missing: list[SecretNeed] = field(default_factory=list)
    stored: dict[str, Observed[Any]] = field(default_factory=dict)
    fresh: dict[str, SecretNeed | None] = field(default_factory=dict)
    held: list[tuple[Kind, str, str]] = field(default_factory=list)
    namespaces: list[str] = field(default_factory=list)
    swept: list[tuple[TenantRef, Mapping[str, Any]]] = field(default_factory=list)
    learnt: list[Collection[str]] = field(default_factory=list)
    report: SweepReport = field(default_factory=SweepReport)

    @property
    def names(self) -> list[list[str]]:
        """Give the names of each batch."""
        return [[o.name for o in work.objects] for work in self.batches]

    def bound(self) -> Provisioning:
        return Provisioning(
            reconcile=self.reconcile,
            load_due=lambda _, skip: self._due(skip),
            load_objects=lambda uids: {NAMESPACE: [self.stored[uid] for uid in uids]},
            load_held=lambda _: self.held,
            load_namespaces=lambda: self.namespaces,
            secrets_needed=lambda _, objects: [self.needs.pop(o.uid) for o in objects if o.uid in self.needs],
            secrets_known=lambda after: [need for need in self.known if need.uid > after],
            secrets_missing=lambda after: [need for need in self.missing if need.uid > after],
            secrets_of=lambda uid: self.fresh.get(
                uid, next((n for n in self.known + self.missing if n.uid == uid), None)
            ),
            sweep=self.sweep,
            begin_to_write=lambda: None,
        )

    def _due(self, skip: int) -> Mapping[str, Sequence[Observed[Any]]]:
        if self.backlog:
            return {NAMESPACE: [o for o in self.backlog if o.name not in self.attempts][skip : skip + 500]}
        return self.due.pop(0) if self.due else {}

    def reconcile(self, work: Work) -> list[Outcome]:
        if self.outage:
            raise self.outage.pop(0)
        self.attempts.update(each.name for each in work.objects)
        for each in work.objects:
            if each.name in self.faults:
                raise self.faults[each.name]
        self.batches.append(work)
        return [self._outcome(each) for each in work.objects]

    def sweep(
        self,
        tenant: TenantRef,
        live: Mapping[str, Any],
        since: datetime,
        now: datetime,
        epoch: int,
        *,
        learnt: Collection[str] = (),
    ) -> SweepReport:
        if tenant.namespace in self.faults:
            raise self.faults[tenant.namespace]
        self.swept.append((tenant, live))
        self.learnt.append(learnt)
        return self.report

    def _outcome(self, each: Observed[Any]) -> Outcome:
        status = None if each.deleting else self.status(each)
        return Outcome(each.uid, each.kind, each.namespace, each.name, status, released=each.deleting)


async def until(condition: Callable[[], Any], within: float = 5.0) -> None:
    """Wait until something is so; every other task goes on meanwhile."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - a condition is not an event
            await asyncio.sleep(0.001)


async def turns(count: int = 50) -> None:
    """Give every other task its turns: what can happen without time passing has happened then."""
    for _ in range(count):
        await asyncio.sleep(0)
