"""Bar 2: a restart over unchanged objects writes nothing, and costs little more than to list them."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.backlog import OURS
from benchmarks.bars import Bar, at_most, exactly
from benchmarks.client import BareClient
from benchmarks.programs import Operator
from benchmarks.stage import Stage
from controlplane.progress import ticking

_TIMES_THE_LIST = 1.5
_SECONDS_AN_OBJECT = 0.0005
_OPEN = "tenantry_store_up"
_OBSERVED = 'tenantry_objects_total{kind="User"}'
_SETTLE_SECONDS = 2.0  # what a restart wrongly writes, it writes within this


@dataclass(frozen=True)
class Restart:
    users: int
    writes: int
    rows: int
    seconds: float
    start_up: float
    listing: float

    def bars(self) -> Iterator[Bar]:
        yield exactly("2 restart over unchanged objects: API writes", "writes", self.writes, 0)
        yield exactly("2 restart over unchanged objects: rows", "rows", self.rows, 0)
        allowed = _TIMES_THE_LIST + self.users * _SECONDS_AN_OBJECT / self.listing
        note = (
            f"target: {_TIMES_THE_LIST} times the bare list and parse ({self.listing:.2f} s for {self.users} Users) "
            f"and 0.5 ms an object; measured from the store being open, {self.start_up:.1f} s after the start "
            "of the process, to the last User observed"
        )
        yield at_most(
            "2 restart over unchanged objects: time, to a bare list", "s", self.seconds, self.listing, allowed, note
        )


def measure_restart(stage: Stage, operator: Operator) -> Restart:
    with ticking("A bare list of all Users"):
        listing = min(_list(stage), _list(stage))
    with ticking("Tenantry again, over unchanged objects"), closing(_Watchdog(operator.store)) as rows:
        with stage.tail(OURS.namespace) as tail, operator.start() as process:
            process.wait("open store", lambda: operator.metric(_OPEN) > 0, 60)
            start_up, started = time.time() - process.started, time.perf_counter()
            process.wait("last User", lambda: operator.metric(_OBSERVED) >= stage.users, 300)
            seconds = time.perf_counter() - started
            time.sleep(_SETTLE_SECONDS)
            writes = tail.read().writes
        return Restart(stage.users, writes, rows.written(), seconds, start_up, listing)


def _list(stage: Stage) -> float:
    async def run() -> float:
        async with BareClient.open(stage.operator) as client:
            started = time.perf_counter()
            await client.items("User", OURS.namespace)
            return time.perf_counter() - started

    return asyncio.run(run())


class _Watchdog:
    """Tells what another process writes to a SQLite file: whether it committed at all, and which rows are different."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._version = self._data_version()
        self._rows = self._all_rows()

    def close(self) -> None:
        self._connection.close()

    def written(self) -> int:
        """Return how many rows are different; a commit that changed none counts as one."""
        if self._data_version() == self._version:
            return 0
        return max(1, len(self._rows ^ self._all_rows()))

    def _data_version(self) -> int:
        """SQLite's own number: it changes with every commit of another connection."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _all_rows(self) -> set[int]:
        tables = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = ((table, row) for (table,) in tables for row in self._connection.execute(f'SELECT * FROM "{table}"'))  # noqa: S608
        return {hash(each) for each in rows}
