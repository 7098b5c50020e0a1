"""One throwaway cluster: etcd, the API server and the few controllers that its objects need."""

import json
import os
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from controlplane.binaries import CONTROL_PLANE
from controlplane.service import Service, free_ports, listens

ADMIN_TOKEN = "admin"  # noqa: S105 - a throwaway server that listens on loopback only
OPERATOR_TOKEN = "operator"  # noqa: S105 - as above
OPERATOR_ACCOUNT = "system:serviceaccount:tenantry-system:tenantry"

_CONTROLLERS = (
    "namespace-controller",  # ends terminating namespaces
    "garbage-collector-controller",  # owner references
    "serviceaccount-controller",
    "clusterrole-aggregation-controller",
)
_TOKENS = f"""\
{ADMIN_TOKEN},admin,admin,"system:masters"
{OPERATOR_TOKEN},{OPERATOR_ACCOUNT},operator,"system:serviceaccounts,system:serviceaccounts:tenantry-system"
"""
_AUDIT_POLICY: Mapping[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "verbs": ["create", "update", "patch", "delete", "deletecollection"]}],
}
_READY_SECONDS = 60.0


@dataclass(frozen=True)
class Ports:
    etcd: int
    etcd_peer: int
    apiserver: int


class Cluster:
    """Use as a context manager, or with `start` and `stop`; another on the same folder finds the first."""

    def __init__(self, folder: Path, *, tethered: bool = True, controllers: bool = True, audit: bool = False) -> None:
        self.folder = folder.resolve()
        self.kubeconfig = self.folder / "kubeconfig"
        self.operator_kubeconfig = self.folder / "operator.kubeconfig"  # only what RBAC gives the operator
        self.audit_log = self.folder / "audit.log"
        self._audit = audit
        self._etcd = Service("etcd", self.folder, tethered)
        self._apiserver = Service("kube-apiserver", self.folder, tethered)
        self._controllers = Service("kube-controller-manager", self.folder, tethered) if controllers else None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        CONTROL_PLANE.paths()  # builds what is missing before the first one runs
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End all programs at once: nothing in a throwaway cluster is worth a graceful shutdown."""
        for service in (self._controllers, self._apiserver, self._etcd):
            if service is not None:
                service.stop()

    def stop_apiserver(self) -> None:
        self._apiserver.stop()

    def start_apiserver(self) -> None:
        """Bring the API server back on the same port."""
        self._start_apiserver(self._ports)

    @property
    def running(self) -> bool:
        return self._etcd.running and self._apiserver.running

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self._ports.apiserver}"

    @property
    def ca_file(self) -> Path:
        return self._certificates / "apiserver.crt"  # the API server appends its own authority to it

    @property
    def environment(self) -> dict[str, str]:
        """What kubectl and other clients need; kubectl's cache stays with the cluster it is about."""
        return {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(self.folder / "kubectl-cache")}

    @property
    def kubectl_path(self) -> Path:
        return CONTROL_PLANE.path("kubectl")

    def kubectl(self, *arguments: str | Path, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl as the administrator and give what it printed."""
        done = subprocess.run(
            [self.kubectl_path, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **self.environment},
        )
        if check and done.returncode != 0:
            raise KubectlError(arguments, done.stderr)
        return done.stdout + done.stderr if not check else done.stdout

    def ready(self) -> bool:
        """Tell whether the API server is ready and has made the namespace that objects go to by default."""
        return self._answers("/readyz") and self._answers("/api/v1/namespaces/default")

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Stop the API server for the time of the block."""
        self.stop_apiserver()
        try:
            yield
        finally:
            self.start_apiserver()

    def _start(self) -> None:
        ports = Ports(*free_ports(3))
        self._state_file.write_text(json.dumps(asdict(ports)))
        self._etcd.start(_etcd_command(self.folder / "etcd", ports))
        self._etcd.wait_until(lambda: listens(ports.etcd), _READY_SECONDS)
        self._start_apiserver(ports)
        if self._controllers is not None:
            self._controllers.start(self._controllers_command())

    def _start_apiserver(self, ports: Ports) -> None:
        self._write_configuration()
        self._apiserver.start(self._apiserver_command(ports))
        self._apiserver.wait_until(self.ready, _READY_SECONDS)

    @property
    def _ports(self) -> Ports:
        return Ports(**json.loads(self._state_file.read_text()))

    @property
    def _state_file(self) -> Path:
        return self.folder / "cluster.json"

    @property
    def _certificates(self) -> Path:
        return self.folder / "certificates"

    def _answers(self, path: str) -> bool:
        try:
            context = ssl.create_default_context(cafile=str(self.ca_file))
            request = urllib.request.Request(self.server + path)  # noqa: S310 - always https, see server
            request.add_header("Authorization", f"Bearer {ADMIN_TOKEN}")
            with urllib.request.urlopen(request, timeout=5, context=context):  # noqa: S310 - as above
                return True
        except (OSError, urllib.error.URLError):
            return False

    def _write_configuration(self) -> None:
        (self.folder / "tokens.csv").write_text(_TOKENS)
        (self.folder / "audit-policy.json").write_text(json.dumps(_AUDIT_POLICY))
        for path, token in ((self.kubeconfig, ADMIN_TOKEN), (self.operator_kubeconfig, OPERATOR_TOKEN)):
            path.write_text(json.dumps(_kubeconfig(self.server, self.ca_file, token), indent=2))

    def _apiserver_command(self, ports: Ports) -> list[str | Path]:
        key = self._certificates / "apiserver.key"  # made at the first start; good enough to sign tokens with
        flags = {
            "etcd-servers": f"http://127.0.0.1:{ports.etcd}",
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "secure-port": ports.apiserver,
            "cert-dir": self._certificates,
            "token-auth-file": self.folder / "tokens.csv",
            "authorization-mode": "RBAC",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": key,
            "service-account-signing-key-file": key,
            "service-cluster-ip-range": "10.0.0.0/24",
            "endpoint-reconciler-type": "none",
            "profiling": "false",
        }
        if self._audit:
            flags |= {
                "audit-policy-file": self.folder / "audit-policy.json",
                "audit-log-path": self.audit_log,
            }
        return [CONTROL_PLANE.path("kube-apiserver"), *(f"--{name}={value}" for name, value in flags.items())]

    def _controllers_command(self) -> list[str | Path]:
        return [
            CONTROL_PLANE.path("kube-controller-manager"),
            f"--kubeconfig={self.kubeconfig}",
            f"--controllers={','.join(_CONTROLLERS)}",
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=500",
            "--kube-api-burst=500",
        ]


class KubectlError(RuntimeError):
    def __init__(self, arguments: tuple[str | Path, ...], stderr: str) -> None:
        super().__init__(f"kubectl {' '.join(map(str, arguments))}\n{stderr}")
        self.stderr = stderr


def remove(cluster: Cluster) -> None:
    """Stop a cluster and forget what it held."""
    cluster.stop()
    shutil.rmtree(cluster.folder, ignore_errors=True)


def _etcd_command(data: Path, ports: Ports) -> list[str | Path]:
    client, peer = f"http://127.0.0.1:{ports.etcd}", f"http://127.0.0.1:{ports.etcd_peer}"
    return [
        CONTROL_PLANE.path("etcd"),
        f"--data-dir={data}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
    ]


def _kubeconfig(server: str, ca_file: Path, token: str) -> dict[str, Any]:
    """Give a kubeconfig; it is written as JSON, which YAML readers take."""
    name = "tenantry"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority": str(ca_file)}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
    }
