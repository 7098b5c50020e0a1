"""The programs of the control plane: found where the caller says, else in our cache, else built once."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bootstrap import cache_root
from controlplane.cache import exclusive, source_key
from controlplane.golang import go_command, go_environment
from controlplane.progress import ticking

KUBERNETES_VERSION = "v1.36.3"

_HACK = Path(__file__).resolve().parent.parent
_COMPONENT_VERSION = "k8s.io/component-base/version"
_CLIENT_VERSION = "k8s.io/client-go/pkg/version"


class BuildError(RuntimeError):
    """Go could not build a program; the message ends with what it said."""


@dataclass(frozen=True)
class Toolset:
    """Programs that one go.mod pins."""

    name: str
    source: Path
    packages: Mapping[str, str]  # program to the Go package it is built from
    ldflags: str
    usual: Mapping[str, str]  # program to how long its build takes on two cores, the downloads aside
    assets: bool = False  # may come from KUBEBUILDER_ASSETS

    def path(self, program: str) -> Path:
        """Give the program's path, building it first where it is nowhere yet."""
        return self._given(program) or self._cached(program) or self._built(program)

    def paths(self) -> dict[str, Path]:
        return {program: self.path(program) for program in self.packages}

    @property
    def folder(self) -> Path:
        return cache_root() / self.name / source_key(self.source)

    def _given(self, program: str) -> Path | None:
        folder = os.environ.get("KUBEBUILDER_ASSETS")
        return _executable(Path(folder) / program) if self.assets and folder else None

    def _cached(self, program: str) -> Path | None:
        return _executable(self.folder / program)

    def _built(self, program: str) -> Path:
        with exclusive(cache_root() / "build.lock"):
            return self._cached(program) or self._build(program)

    def _build(self, program: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / f".{program}.{os.getpid()}"
        command: list[str | Path] = [
            go_command(),
            "build",
            "-mod=readonly",
            "-trimpath",
            "-ldflags",
            self.ldflags,
        ]
        number = list(self.packages).index(program) + 1
        try:
            about = f"{number} of {len(self.packages)}, once, then cached; usually {self.usual[program]}"
            with ticking(f"Building {program} ({about})"):
                _run_go([*command, "-o", unfinished, self.packages[program]], self.source)
            return unfinished.rename(self.folder / program)
        finally:
            unfinished.unlink(missing_ok=True)


def _run_go(command: list[str | Path], source: Path) -> None:
    done = subprocess.run(command, cwd=source, env=go_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(map(str, command))}\n{done.stderr[-4000:]}")


def _executable(path: Path) -> Path | None:
    return path if os.access(path, os.X_OK) else None


def _kubernetes_ldflags() -> str:
    major, minor, _ = KUBERNETES_VERSION.lstrip("v").split(".")
    values = {
        f"{_COMPONENT_VERSION}.gitVersion": KUBERNETES_VERSION,
        f"{_COMPONENT_VERSION}.gitMajor": major,
        f"{_COMPONENT_VERSION}.gitMinor": minor,
        f"{_CLIENT_VERSION}.gitVersion": KUBERNETES_VERSION,
    }
    return " ".join(["-s -w", *(f"-X {name}={value}" for name, value in values.items())])


CONTROL_PLANE = Toolset(
    name="controlplane",
    source=_HACK / "controlplane",
    packages={
        "etcd": "go.etcd.io/etcd/server/v3",
        "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
        "kubectl": "k8s.io/kubernetes/cmd/kubectl",
        "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    },
    ldflags=_kubernetes_ldflags(),
    usual={
        "etcd": "half a minute",
        "kube-apiserver": "5 minutes",
        "kubectl": "half a minute",
        "kube-controller-manager": "2 minutes",
    },
    assets=True,
)

HELM = Toolset(
    name="helm",
    source=_HACK / "helm",
    packages={"helm": "helm.sh/helm/v4/cmd/helm"},
    ldflags="-s -w",
    usual={"helm": "2 minutes"},
)
