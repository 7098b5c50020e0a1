"""The control plane that all measurements share, and what is on it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.audit_tail import AuditTail
from benchmarks.client import BareClient, Target, create_all
from benchmarks.measured import BenchError, Measured, cpu_of
from benchmarks.objects import Crowd, Object, is_ready, namespace
from controlplane import Cluster
from controlplane.cluster import ADMIN_TOKEN, OPERATOR_TOKEN
from controlplane.progress import ticking
from tests.support.installation import install

_SERVERS = ("kube-apiserver", "etcd")
_STUCK_SECONDS = 900.0


@dataclass(frozen=True)
class Stage:
    """One cluster, and how to speak to it."""

    cluster: Cluster
    folder: Path
    users: int

    @classmethod
    @contextmanager
    def open(cls, folder: Path, users: int) -> Iterator["Stage"]:
        with ticking("Starting the control plane"):
            cluster = Cluster(folder / "cluster", audit=True)
        try:
            install(cluster.start())
            yield cls(cluster, folder, users)
        finally:
            cluster.stop()

    @property
    def admin(self) -> Target:
        return Target(self.cluster.server, self.cluster.ca_file, ADMIN_TOKEN)

    @property
    def operator(self) -> Target:
        """The operator's own account: same rights, same priority."""
        return Target(self.cluster.server, self.cluster.ca_file, OPERATOR_TOKEN)

    def populate(self, crowd: Crowd, count: int, seats: int) -> float:
        """Make a namespace with its policies and so many Users; return Users made a second."""
        create_all(self.admin, [namespace(crowd.namespace)])
        create_all(self.admin, crowd.policies(seats))
        return self.add(list(crowd.users(count)))

    def add(self, users: Sequence[Object]) -> float:
        return len(users) / create_all(self.admin, users)

    def tail(self, namespace: str) -> AuditTail:
        return AuditTail.of(self.cluster.audit_log, namespace)

    def users_in(self, namespace: str) -> list[Object]:
        async def run() -> list[Object]:
            async with BareClient.open(self.admin) as client:
                return await client.items("User", namespace)

        return asyncio.run(run())

    def server_cpu(self) -> float:
        """Processor seconds of the API server and its database so far."""
        return sum(cpu_of(int((self.cluster.folder / f"{name}.pid").read_text())) for name in _SERVERS)

    def wait_ready(self, process: Measured, tail: AuditTail, users: int) -> float:
        """Wait until so many Users, all there are, got a status since `tail` and are Ready; return when that was."""
        process.wait(f"{users} statuses", lambda: len(tail.read().users) >= users, _STUCK_SECONDS)
        for _ in range(10):
            if all(map(is_ready, self.users_in(tail.namespace))):
                return tail.last_status
            seen = tail.writes
            process.wait("another write", lambda seen=seen: tail.read().writes > seen, 60)  # type: ignore[misc]
        raise BenchError(f"not all Users of {tail.namespace} become Ready\n{process.service.tail()}")
