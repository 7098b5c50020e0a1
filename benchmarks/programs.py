"""The two operators that are compared, each started the same way."""

import sys
from pathlib import Path

from benchmarks.measured import Measured, answer
from controlplane import Cluster
from controlplane.service import Service, free_ports

_READY_SECONDS = 60.0


class Operator:
    """Ours, on one namespace and one SQLite store; `start` gives one life of it."""

    def __init__(self, cluster: Cluster, folder: Path, namespace: str) -> None:
        self.folder = folder
        self.namespace = namespace
        self.store = folder / "store.db"
        self._cluster = cluster
        (self.port,) = free_ports(1)

    def start(self) -> Measured:
        command = [
            sys.executable,
            *("-m", "tenantry"),
            "run",
            f"--kubeconfig={self._cluster.operator_kubeconfig}",
            f"--store-url=sqlite:///{self.store}",
            f"--health-port={self.port}",
            f"--namespace-scope={self.namespace}",
        ]
        return Measured.start(Service("operator", self.folder), command, {})

    def ready(self) -> bool:
        return answer(f"http://127.0.0.1:{self.port}/readyz") is not None

    def alive(self) -> bool:
        return answer(f"http://127.0.0.1:{self.port}/livez") is not None

    def metric(self, name: str) -> float:
        """Return a metric by its name and labels as they are printed, 0 where it is not there."""
        said = answer(f"http://127.0.0.1:{self.port}/metrics") or ""
        values = [line.rpartition(" ")[2] for line in said.splitlines() if line.startswith(f"{name} ")]
        return float(values[0]) if values else 0.0


class KopfPeer:
    """The usual kopf way: as it comes, or with so many workers at most."""

    def __init__(self, cluster: Cluster, folder: Path, namespace: str, workers: int = 0) -> None:
        self.folder = folder
        self._workers = workers
        self.namespace = namespace
        self._cluster = cluster
        (self.port,) = free_ports(1)

    def start(self) -> Measured:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            *("-m", "benchmarks.kopf_peer"),
            f"--store={self.folder / 'store.db'}",
            f"--namespace={self.namespace}",
            f"--health-port={self.port}",
            f"--workers={self._workers}",
        ]
        environment = {"KUBECONFIG": str(self._cluster.operator_kubeconfig)}
        return Measured.start(Service("kopf-peer", self.folder), command, environment)
