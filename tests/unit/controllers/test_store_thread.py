import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from tenantry.app import bind_services
from tenantry.controllers.provisioning import StoreThread
from tenantry.store import Store
from tests.unit.controllers.fakes import until


async def test_a_locked_store_is_noticed_though_nothing_is_to_be_written(tmp_path: Path) -> None:
    store, thread = Store.open(f"sqlite:///{tmp_path / 'store.db'}", patience=0.01), StoreThread()
    probing = asyncio.create_task(thread.probe(bind_services(store).begin_to_write, 0.001))
    await until(lambda: thread.up)
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await until(lambda: not thread.up)
        other.execute("ROLLBACK")
    await until(lambda: thread.up)
    probing.cancel()
    with suppress(asyncio.CancelledError):
        await probing
    thread.close()
    store.close()
