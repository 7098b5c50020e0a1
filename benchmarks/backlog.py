"""Bar 1: Users made while the operator is down, until all are Ready, against the bare client and the usual kopf way."""

import asyncio
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.audit_tail import AuditTail
from benchmarks.bars import Bar, at_least, at_most
from benchmarks.client import BareClient, each
from benchmarks.measured import Measured
from benchmarks.objects import PLENTY, Crowd, Object
from benchmarks.programs import KopfPeer, Operator
from benchmarks.sampler import sampling
from benchmarks.stage import Stage
from controlplane.progress import ticking
from tenantry.controllers.sighting import observe, sight
from tenantry.domain.observed import Kind
from tenantry.services.provisioning import reconcile
from tenantry.services.work import TenantRef, Work
from tenantry.store import Store
from tenantry.store.migrate import upgrade

OURS = Crowd("ours")
_TWINS = (Crowd("twins"), Crowd("other-twins"))  # alike; kopf leaves alone what a kopf had before
_CROWD = Crowd("as-many")  # as many as ours has
_FEWEST_TWINS = 500
_WORKERS = 100  # of the peer that bounds them: more bring refusals, fewer leave it idle
_OF_THE_FLOOR, _TIMES_KOPF, _OF_KOPFS_MEMORY = 0.5, 3.0, 0.2
_MILLISECONDS = 1000.0


@dataclass(frozen=True)
class Run:
    """One way from nothing to every status written. CPU is in ms a User."""

    users: int
    seconds: float
    cpu: float
    server_cpu: float
    memory: float = 0.0
    start_up: float = 0.0
    halves: tuple[float, float] = (0.0, 0.0)

    @property
    def rate(self) -> float:
        return self.users / self.seconds

    def __str__(self) -> str:
        cpu = f"CPU {self.cpu:.2f} ms a User, of the API server and etcd {self.server_cpu:.2f}"
        start = f", of it {self.start_up:.1f} s start-up" if self.start_up else ""
        memory = f", at most {self.memory:.0f} MB" if self.memory else ""
        return f"{self.users} Users in {self.seconds:.1f} s{start}: {self.rate:.0f}/s, {cpu}{memory}"


@dataclass(frozen=True)
class Backlog:
    """The floor is taken twice, since a machine changes its pace; kopf as it comes, and with bounded workers."""

    ours: Run
    floor: tuple[Run, Run]
    kopf: Run
    kopf_bounded: Run

    def bars(self) -> Iterator[Bar]:
        floor = sum(run.users for run in self.floor) / sum(run.seconds for run in self.floor)
        rates = " and ".join(f"{run.rate:.0f}/s" for run in self.floor)
        bar = "1 Users Ready after a start, to the bare client's statuses"
        about_floor = f"from the start of the process; the bare client before and after: {rates}"
        yield at_least(bar, "users/s", self.ours.rate, floor, _OF_THE_FLOOR, about_floor)
        bar = "1 Users Ready after a start, to the usual kopf way"
        rate = max(self.kopf.rate, self.kopf_bounded.rate)
        yield at_least(bar, "users/s", self.ours.rate, rate, _TIMES_KOPF, self._about_kopf())
        bar = "1 memory, to the usual kopf way"
        note = (
            f"peaks with {self.ours.users} Users; kopf as it comes. With its workers bounded it needs "
            f"{self.kopf_bounded.memory:.0f} MB for {self.kopf_bounded.users} Users"
        )
        yield at_most(bar, "MB", self.ours.memory, self.kopf.memory, _OF_KOPFS_MEMORY, note)

    def _about_kopf(self) -> str:
        halves = [" and ".join(f"{rate:.0f}/s" for rate in run.halves) for run in (self.kopf, self.kopf_bounded)]
        return (
            f"the faster of two: as it comes {halves[0]} in the halves of its run over {self.kopf.users} Users, with "
            f"{_WORKERS} workers at most {halves[1]} over {self.kopf_bounded.users}"
        )


def measure_backlog(stage: Stage, operator: Operator) -> Backlog:
    count = max(stage.users // 5, min(stage.users, _FEWEST_TWINS))
    with ticking(f"Making twice {stage.users} Users, and twice {count}, no operator running"):
        for crowd in (OURS, _CROWD):
            stage.populate(crowd, stage.users, PLENTY)
        for twins in _TWINS:
            stage.populate(twins, count, PLENTY)
    first, second = _TWINS
    as_it_comes = KopfPeer(stage.cluster, stage.folder / "kopf", _CROWD.namespace)
    bounded = KopfPeer(stage.cluster, stage.folder / "kopf-bounded", second.namespace, _WORKERS)
    before = _told("The bare client, before", lambda: measure_floor(stage, first, count))
    ours = _told("Tenantry", lambda: run_operator(stage, operator, stage.users))
    after = _told("The bare client, after", lambda: measure_floor(stage, second, count))
    return Backlog(
        ours=ours,
        floor=(before, after),
        kopf=_told("The usual kopf way", lambda: _run_peer(stage, as_it_comes, stage.users)),
        kopf_bounded=_told(f"The same with {_WORKERS} workers at most", lambda: _run_peer(stage, bounded, count)),
    )


def _told(what: str, measure: Callable[[], Run]) -> Run:
    with ticking(what):
        run = measure()
    print(f"    {run}", flush=True)
    return run


def measure_floor(stage: Stage, crowd: Crowd, count: int) -> Run:
    """Patch the status that the operator would write, as the operator's account, and do nothing else."""
    status = _usual_status(crowd)

    async def run() -> float:
        async with BareClient.open(stage.operator) as client:
            return await each(
                crowd.names(count), lambda name: client.patch_status("User", crowd.namespace, name, status)
            )

    server, own = stage.server_cpu(), time.process_time()
    seconds = asyncio.run(run())
    return _run(stage, count, seconds, time.process_time() - own, server)


def run_operator(stage: Stage, operator: Operator, users: int, samples: Path | None = None) -> Run:
    """Start the operator on the backlog, wait until all is Ready, and stop it; on request its stacks are sampled."""
    server = stage.server_cpu()
    with stage.tail(operator.namespace) as tail, operator.start() as process, _sampled(process, samples):
        process.wait("answer of the health port", operator.alive, 60)
        start_up = time.time() - process.started
        end = stage.wait_ready(process, tail, users)
        seconds = end - process.started
        return _run(stage, users, seconds, process.cpu, server, memory=process.peak_memory, start_up=start_up)


def _sampled(process: Measured, samples: Path | None) -> AbstractContextManager[None]:
    return nullcontext() if samples is None else sampling(process.pid, samples)


def _run_peer(stage: Stage, peer: KopfPeer, users: int) -> Run:
    server = stage.server_cpu()
    with stage.tail(peer.namespace) as tail, peer.start() as process:
        half = _moment_of(process, tail, users // 2)
        end = stage.wait_ready(process, tail, users)
        halves = (users / 2 / (half - process.started), users / 2 / (end - half))
        seconds = end - process.started
        return _run(stage, users, seconds, process.cpu, server, memory=process.peak_memory, halves=halves)


def _moment_of(process: Measured, tail: AuditTail, users: int) -> float:
    process.wait(f"{users} statuses", lambda: len(tail.read().users) >= users, 900)
    return tail.last_status


def _run(  # noqa: PLR0913 - a run's figures, each by its name
    stage: Stage,
    users: int,
    seconds: float,
    cpu: float,
    server: float,
    *,
    memory: float = 0.0,
    start_up: float = 0.0,
    halves: tuple[float, float] = (0.0, 0.0),
) -> Run:
    each_ms = _MILLISECONDS / users
    return Run(users, seconds, cpu * each_ms, (stage.server_cpu() - server) * each_ms, memory, start_up, halves)


def _usual_status(crowd: Crowd) -> Object:
    """Return the status that the services give a User of the crowd."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/store.db")
        upgrade(store)
        bodies = [*crowd.policies(), *crowd.users(1)]
        objects = [observe(sight(Kind(body["kind"]), _as_served(body))) for body in bodies]
        outcomes = reconcile(store, Work(TenantRef(crowd.namespace, "uid"), objects, datetime.now(UTC)))
        store.close()
    return next(o.status for o in outcomes if o.kind is Kind.USER and o.status is not None)


def _as_served(body: Object) -> Object:
    served = {"uid": str(uuid.uuid4()), "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {**body, "metadata": body["metadata"] | served}
