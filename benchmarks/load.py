"""A client that asks as fast as it is answered, in a process of its own: what it costs is not the server's.

Reads what to do as JSON from its standard input, and writes what came of it as JSON to its output.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from random import random
from typing import Self, TypeAlias

_WAIT_SECONDS = 120.0
Wire: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Load:
    """Requests to one server: each connection sends the bodies in turn, beginning with one of its own.

    With ``pause`` each connection waits that long on average between an answer and the next request, never twice the
    same, so that the connections do not stay in step; with ``times`` it ends after so many, else after ``seconds``.
    """

    port: int
    path: str
    token: str
    bodies: Sequence[str]
    connections: int = 64
    seconds: float = 3.0
    pause: float = 0.0
    times: int = 0

    def start(self) -> "subprocess.Popen[str]":
        """Start a process that does it."""
        pipe = subprocess.PIPE
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.load"], stdin=pipe, stdout=pipe, text=True)
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        process.stdin.write(json.dumps(asdict(self)))
        process.stdin.close()
        process.stdin = None
        return process

    def run(self) -> "Answers":
        """Do it, and return what came of it."""
        return Answers.of(self.start())


@dataclass
class Answers:
    """How long each answer took, in seconds, how many there were by status, and in which time.

    ``began`` is when each was asked for, by a clock that all processes of the machine share.
    """

    latencies: list[float] = field(default_factory=list)
    began: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    took: float = 0.0
    bodies: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, process: "subprocess.Popen[str]") -> Self:
        """Wait for a process to end, and return what it found."""
        out, _ = process.communicate(timeout=_WAIT_SECONDS)
        found = cls(**json.loads(out))
        found.statuses = Counter(found.statuses)
        return found

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.took

    def between(self, start: float, end: float) -> "Answers":
        """Return how long those took that were asked for in this time."""
        return Answers([took for took, at in zip(self.latencies, self.began, strict=True) if start <= at < end])


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that so large a share does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def _run(load: Load) -> Answers:
    found = Answers()
    start = asyncio.Event()
    wires = [await asyncio.open_connection("127.0.0.1", load.port) for _ in range(load.connections)]
    tasks = [asyncio.create_task(_ask(load, wire, n, start, found)) for n, wire in enumerate(wires)]
    began = time.perf_counter()
    start.set()
    await asyncio.gather(*tasks)
    found.took = time.perf_counter() - began
    return found


async def _ask(load: Load, wire: Wire, offset: int, start: asyncio.Event, to: Answers) -> None:
    reader, writer = wire
    requests = [request_of(load, body) for body in load.bodies]
    await start.wait()
    until = time.perf_counter() + load.seconds
    turn = 0
    while turn < load.times if load.times else time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(requests[(offset + turn) % len(requests)])
        status, body = await answer_of(reader)
        to.latencies.append(time.perf_counter() - began)
        to.began.append(began)
        to.statuses[status] += 1
        if load.times:
            to.bodies.append(body.decode())
        turn += 1
        if load.pause:
            await asyncio.sleep(load.pause * 2 * random())  # noqa: S311 - no secret
    writer.close()


def request_of(load: Load, body: str) -> bytes:
    """Return a request as it goes over the wire."""
    head = (
        f"POST {load.path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {load.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    )
    return (head + body).encode()


async def answer_of(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Read an answer: its status and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next((line.partition(":")[2] for line in head.split("\r\n") if line.startswith("content-length:")), "0")
    return head.split()[1], await reader.readexactly(int(length))


if __name__ == "__main__":
    print(json.dumps(vars(asyncio.run(_run(Load(**json.load(sys.stdin)))))))
