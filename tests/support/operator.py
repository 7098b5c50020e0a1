"""The operator as a process of its own, so that it can be killed."""

import os
import signal
import sys
import urllib.request
from pathlib import Path
from typing import Self

from controlplane.service import Service, free_ports


class OperatorProcess:
    """Use as a context manager; `start` again after `kill9` or `terminate` for another life of the same."""

    def __init__(
        self,
        folder: Path,
        kubeconfig: Path,
        store_url: str,
        *arguments: str,
        environment: dict[str, str] | None = None,
    ) -> None:
        (self.health_port,) = free_ports(1)
        self._service = Service("operator", folder)
        self._arguments = (
            f"--kubeconfig={kubeconfig}",
            f"--store-url={store_url}",
            f"--health-port={self.health_port}",
            *arguments,
        )
        self._environment = {**os.environ, **(environment or {})}

    def __enter__(self) -> Self:
        return self.start().wait_ready()

    def __exit__(self, *_: object) -> None:
        self.terminate()

    def start(self) -> Self:
        command = [sys.executable, "-m", "tenantry", "run", *self._arguments]
        self._service.start(command, self._environment)
        return self

    def wait_ready(self, within: float = 30.0) -> Self:
        self._service.wait_until(lambda: self.probe("readyz") == 200, within)
        return self

    def kill9(self) -> None:
        self._service.stop()

    def terminate(self, grace: float = 15.0) -> None:
        self._service.stop(grace)

    def pause(self) -> None:
        """Freeze it, as a machine out of memory does; `resume` lets it go on."""
        self._service.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._service.signal(signal.SIGCONT)

    def probe(self, path: str) -> int:
        """Give the HTTP status of a probe, 0 where nothing answers."""
        try:
            with urllib.request.urlopen(self.url(path), timeout=5) as reply:  # noqa: S310 - loopback
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.health_port}/{path}"

    @property
    def running(self) -> bool:
        return self._service.running

    @property
    def log(self) -> str:
        return self._service.tail(10_000_000)
