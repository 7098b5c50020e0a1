"""The servers that are compared: the runtime API, and an endpoint of the same framework that does nothing.

As a program: `empty PORT`, or `serve …` with passwords whose hashes cost next to nothing.
"""

import sys
from pathlib import Path
from typing import Self

import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from benchmarks.measured import Measured, answer
from controlplane.service import Service, free_ports
from tenantry.cli import main
from tenantry.runtime_api.server import OPTIONS
from tenantry.services import passwords

#: Where it is not the hash that is measured.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_START_SECONDS = 60.0


class Server:
    """Use as a context manager."""

    def __init__(self, folder: Path, name: str, command: list[str]) -> None:
        (self.port,) = free_ports(1)
        self._service = Service(name, folder)
        self._command = [sys.executable, *command, str(self.port)]

    @classmethod
    def empty(cls, folder: Path) -> Self:
        return cls(folder, "empty", ["-m", "benchmarks.servers", "empty"])

    @classmethod
    def ours(cls, folder: Path, store_url: str, name: str = "runtime-api", *, cheap: bool = False) -> Self:
        program = ["-m", "benchmarks.servers"] if cheap else ["-m", "tenantry"]
        return cls(folder, name, [*program, "serve", "--store-url", store_url, "--port"])

    def __enter__(self) -> Self:
        self._process = Measured.start(self._service, self._command, {})
        address = f"http://127.0.0.1:{self.port}/livez"
        self._process.wait("answer", lambda: answer(address) is not None, _START_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._service.stop(15.0)


def _empty(port: int) -> None:
    app = FastAPI()

    @app.get("/livez")
    async def live() -> str:
        return "ok"

    @app.post("/")
    async def nothing() -> dict[str, str]:
        return {}

    uvicorn.run(app, port=port, log_level="warning", **OPTIONS)


if __name__ == "__main__":
    if sys.argv[1] == "empty":
        _empty(int(sys.argv[2]))
    else:
        passwords.raise_cost = lambda *_: None
        passwords._COST.hasher = CHEAP  # noqa: SLF001 - nobody else may have hashes as cheap as this
        main()
