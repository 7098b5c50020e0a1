"""Many log in at once, over and over, in a process of its own; who won logs off before the next round.

Reads what to do as JSON from its standard input, and writes how many won each round.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.load import Load, Wire, answer_of, request_of

_WAIT_SECONDS = 600.0


@dataclass
class Race:
    """Each body is a client's, with a connection of its own to one of the servers."""

    ports: Sequence[int]
    path: str
    token: str
    bodies: Sequence[str]
    rounds: int

    def run(self) -> list[int]:
        """Run all rounds, and return the number of winners of each."""
        command = [sys.executable, "-m", "benchmarks.race"]
        done = subprocess.run(  # noqa: S603 - this file
            command, input=json.dumps(asdict(self)), capture_output=True, text=True, check=True, timeout=_WAIT_SECONDS
        )
        found: list[int] = json.loads(done.stdout)
        return found


async def _run(race: Race) -> list[int]:
    ports = [race.ports[n % len(race.ports)] for n in range(len(race.bodies))]
    wires = [await asyncio.open_connection("127.0.0.1", port) for port in ports]
    requests = [request_of(Load(0, race.path, race.token, ()), body) for body in race.bodies]
    winners = []
    for _ in range(race.rounds):
        answers = await asyncio.gather(*map(_ask, wires, requests))
        sessions = [json.loads(body)["token"] for status, body in answers if status == "201"]
        refused = {status for status, _ in answers} - {"201", "409"}
        if refused:
            raise SystemExit(f"neither let in nor refused for want of a license: {sorted(refused)}")
        winners.append(len(sessions))
        off = Load(0, f"{race.path}/logoff", race.token, ())
        for session in sessions:
            await _ask(wires[0], request_of(off, json.dumps({"token": session})))
    return winners


async def _ask(wire: Wire, request: bytes) -> tuple[str, bytes]:
    reader, writer = wire
    writer.write(request)
    return await answer_of(reader)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(Race(**json.load(sys.stdin))))))
