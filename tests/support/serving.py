"""The runtime API as a process of its own, beside the operator and on its store."""

import json
import signal
import sys
from pathlib import Path
from typing import Any, Self

import urllib3

from controlplane.service import Service, free_ports

_POOL = urllib3.PoolManager(retries=False)


class RuntimeApiProcess:
    """Use as a context manager."""

    def __init__(self, folder: Path, store_url: str, *options: str) -> None:
        (self._port,) = free_ports(1)
        self._service = Service("runtime-api", folder)
        self._command = [sys.executable, "-m", "tenantry", "serve", f"--store-url={store_url}", f"--port={self._port}"]
        self._command += options

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def log(self) -> str:
        """Return what it has written by now."""
        return self._service.log.read_text()

    def __enter__(self) -> Self:
        self._service.start(self._command)
        self._service.wait_until(self._answers, 30.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._service.stop(15.0)

    def end(self) -> int:
        """Tell it to stop, and return the exit code."""
        process = self._service._process
        assert process is not None
        process.send_signal(signal.SIGTERM)
        return process.wait(40.0)

    def _answers(self) -> bool:
        try:
            return _POOL.request("GET", f"{self.url}/openapi.json").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def call(self, method: str, path: str, token: str, body: object = None, *, within: float = 30.0) -> tuple[int, Any]:
        """Send a request, and give the status and the body of the answer; one that comes later is a failure."""
        headers = {"Authorization": f"Bearer {token}"} | ({"Content-Type": "application/json"} if body else {})
        content = json.dumps(body).encode() if body else None
        reply = _POOL.request(method, f"{self.url}/v1/{path}", body=content, headers=headers, timeout=within)
        return reply.status, json.loads(reply.data) if reply.data else None
