"""The operator as a process: from settings to an exit code.

Exit codes: 0 told to stop · 1 could not start, or failed at a fault of its own · 3 another operator leads · 4 a watch
is dead. After any but 0 a supervisor should start it anew.
"""

import asyncio
import gc
import os
import signal
import subprocess
import sys
from enum import IntEnum
from functools import partial

from tenantry.controllers.backoff import OUTAGE
from tenantry.controllers.connection import Connection
from tenantry.controllers.health import Health
from tenantry.controllers.kubeconfig import find_access
from tenantry.controllers.lease import Lease
from tenantry.controllers.operator import Operator, Pace, first_of, resources_served
from tenantry.controllers.provisioning import Provisioning, StoreThread
from tenantry.controllers.watches import WatchDead
from tenantry.errors import InputError, LeadershipLost, StoreUnavailable
from tenantry.logs import configure_logging, describe_exception, get_logger
from tenantry.services import provisioning, secret_needs
from tenantry.services.tenants import load_namespaces
from tenantry.services.trail import read_audit_key
from tenantry.settings import LogFormat, Settings
from tenantry.store import Store
from tenantry.store.revision import is_current, newest_revision

log = get_logger(__name__)


class ExitCode(IntEnum):
    """Why the process ends."""

    CLEAN = 0
    FAILED = 1
    LOST_LEASE = 3
    DEAD_WATCH = 4


def run_operator(settings: Settings) -> int:
    """Run the operator until it is told to stop, and return the exit code."""
    configure_logging(settings.log_level, json=settings.log_format is LogFormat.JSON)
    try:
        return asyncio.run(_Process(settings).run())
    except InputError as error:
        log.critical("cannot start", problem=str(error))
    except OSError as error:
        log.critical("cannot start", problem=f"{type(error).__name__}: {error.strerror}")
    except Exception as error:  # noqa: BLE001 - the last resort: say where, without the values a message may quote
        log.critical("failed", **describe_exception(error))
    return ExitCode.FAILED


def bind_services(store: Store) -> Provisioning:
    """Return the services as the controllers call them, on this store."""
    return Provisioning(
        reconcile=partial(provisioning.reconcile, store),
        load_due=partial(provisioning.load_due, store),
        load_objects=partial(provisioning.load_objects, store),
        load_held=partial(provisioning.load_held, store),
        load_namespaces=partial(load_namespaces, store),
        secrets_needed=partial(secret_needs.secrets_needed, store),
        secrets_known=partial(secret_needs.secrets_known, store),
        secrets_missing=partial(secret_needs.secrets_missing, store),
        secrets_of=partial(secret_needs.secrets_of, store),
        sweep=partial(provisioning.sweep, store),
        begin_to_write=partial(_begin_to_write, store),
    )


def _begin_to_write(store: Store) -> None:
    with store.write():
        pass


class _Process:
    """What lives as long as the process; the parts of a leader live in Operator."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._health = Health()
        self._store_thread = StoreThread()
        self._operator: Operator | None = None

    async def run(self) -> ExitCode:
        settings = self._settings
        audit_key = read_audit_key(settings.audit_key_file) if settings.audit_key_file is not None else b""
        self._health.ready = {"started": lambda: False}
        await self._health.start(settings.health_host, settings.health_port)
        connection = Connection(find_access(settings.kubeconfig))
        lease = Lease(connection, settings.lease_namespace, settings.lease, settings.holder, settings.lease_seconds)
        store = Store.open(settings.store_url, audit_key)
        try:
            code = await self._until_end(connection, lease, store)
            await lease.release()
            return code
        finally:
            await connection.close()
            await self._health.stop()
            self._store_thread.close()
            store.close()

    async def _until_end(self, connection: Connection, lease: Lease, store: Store) -> ExitCode:
        """Work until told to stop or a part fails, and end what was started."""
        leading = asyncio.create_task(self._lead(connection, lease, store), name="leading")
        await asyncio.wait({leading, _told_to_stop()}, return_when=asyncio.FIRST_COMPLETED)
        code = _exit_code(leading)
        log.info("stopping", code=int(code))
        if self._operator is not None:
            await self._operator.stop()
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)
        return code

    async def _lead(self, connection: Connection, lease: Lease, store: Store) -> None:
        """Wait for the lease, then hold it and work."""
        self._health.ready = {"lease or standby": lambda: lease.standby}
        await lease.acquire()
        await first_of(lease.keep(), self._work(connection, lease, store))

    async def _work(self, connection: Connection, lease: Lease, store: Store) -> None:
        await self._migrate(store)
        await resources_served(connection)
        settings = self._settings
        pace = Pace(settings.namespace_scope, settings.resync_seconds, settings.sweep_seconds)
        operator = Operator(connection, bind_services(store), self._store_thread, lease, pace)
        self._operator = operator
        self._health.live = {"engine": lambda: operator.engine.pulse.alive, "watches": lambda: operator.watches.alive}
        self._health.ready = {
            "store": lambda: self._store_thread.up,
            "api server": lambda: lease.sure,
            "watches": lambda: operator.watches.up,
        }
        _settle_memory()
        await operator.run()

    async def _migrate(self, store: Store) -> None:
        """Bring the store to the newest revision; what does that is a program of its own, see store.revision."""
        failed = 0
        while True:
            try:
                if await self._store_thread.run(is_current, store):
                    break
                await _run_migrations(self._settings.store_url)
            except StoreUnavailable as error:
                failed += 1
                log.warning("store not ready yet", error=error.why, attempt=failed)
                await asyncio.sleep(OUTAGE.delay(failed))
        log.info("store ready", revision=newest_revision())


async def _run_migrations(url: str) -> None:
    command = (sys.executable, "-m", "tenantry", "db", "upgrade")
    environment = {**os.environ, "TENANTRY_STORE_URL": url}  # not an argument: others see those, and it has a password
    child = await asyncio.create_subprocess_exec(*command, env=environment, stdout=subprocess.DEVNULL)
    match await child.wait():
        case 0:
            return
        case 3:
            raise StoreUnavailable("tenantry db upgrade could not reach it")
        case code:
            raise InputError(f"tenantry db upgrade failed with {code}; it said why")


def _told_to_stop() -> asyncio.Future[None]:
    """Return what is done once SIGTERM or SIGINT came."""
    loop = asyncio.get_running_loop()
    told = loop.create_future()

    def tell() -> None:
        if not told.done():
            told.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell)
    return told


def _exit_code(leading: asyncio.Task[None]) -> ExitCode:
    """Return why the work ended. Who lost the lease ends here: not one more write, and nothing to put in order."""
    failure = leading.exception() if leading.done() else None
    match failure:
        case None:
            return ExitCode.CLEAN
        case LeadershipLost():
            log.critical("lease lost", problem=str(failure))
            sys.stderr.flush()
            os._exit(ExitCode.LOST_LEASE)
        case WatchDead():
            log.critical("watch dead", resources=str(failure))
            return ExitCode.DEAD_WATCH
        case _:
            log.critical("failed", **describe_exception(failure))
            return ExitCode.FAILED


def _settle_memory() -> None:
    """Take what was imported out of the garbage collector's rounds, and make these rarer: a tenth of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
