"""The usual kopf way, to compare with: one handler a change, one transaction a handler, the status through `patch`.

Written as kopf's documentation teaches it, and tuned as a good user of kopf would: no peering, no scanning, no posting,
chunked lists, more threads than the default. With `--workers` it also bounds how many objects are worked on at once,
which costs far less memory. It does far less than Tenantry: it counts seats and knows one kind of license.
"""

import argparse
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kopf
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    func,
    select,
)
from sqlalchemy.dialects.sqlite import insert

_GROUP, _VERSION = "tenantry.dev", "v1alpha1"
_metadata = MetaData()
_pools = Table("pools", _metadata, Column("name", String, primary_key=True), Column("seats", Integer))
_workgroups = Table("workgroups", _metadata, Column("name", String, primary_key=True), Column("pool", String))
_accounts = Table(
    "accounts",
    _metadata,
    Column("uid", String, primary_key=True),
    Column("login", String, unique=True),
    Column("pool", String, index=True),
)


class Peer:
    """Accounts and seats in one SQLite file; handlers run in kopf's threads, one writer at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = threading.Lock()
        _metadata.create_all(engine)

    def take_pool(self, name: str, spec: Any, **_: object) -> None:  # noqa: ANN401 - what kopf gives
        seats = sum(each["quantity"] for each in spec.get("licenses", ()))
        self._upsert(_pools, name=name, seats=seats)

    def take_workgroup(self, name: str, spec: Any, **_: object) -> None:  # noqa: ANN401 - as above
        self._upsert(_workgroups, name=name, pool=spec.get("licensePoolRef"))

    def take_user(self, uid: str, spec: Any, meta: Any, status: Any, patch: Any, **_: object) -> None:  # noqa: ANN401
        workgroup = spec["workgroups"][0]["workgroupRef"]
        with self._writing, self._engine.begin() as connection:
            pool = connection.scalar(select(_workgroups.c.pool).where(_workgroups.c.name == workgroup))
            if pool is None:
                raise kopf.TemporaryError("the workgroup is not there yet", delay=1)
            seated = _seat(connection, uid, spec["userName"], pool)
        condition = _ready(meta["generation"], seated=seated)
        patch.status["observedGeneration"] = meta["generation"]
        patch.status["state"] = "Active" if seated else "Waiting"
        patch.status["accountId"] = uid
        patch.status["license"] = {"type": spec["license"]["type"], "pool": pool}
        patch.status["workgroups"] = [{"workgroupRef": workgroup, "membership": "Member"}]
        others = [each for each in status.get("conditions", ()) if each["type"] != "Ready"]
        patch.status["conditions"] = [condition, *others]

    def remove_user(self, uid: str, **_: object) -> None:
        with self._writing, self._engine.begin() as connection:
            connection.execute(delete(_accounts).where(_accounts.c.uid == uid))

    def _upsert(self, table: Table, **values: object) -> None:
        with self._writing, self._engine.begin() as connection:
            connection.execute(insert(table).values(**values).on_conflict_do_update(["name"], set_=values))


def _seat(connection: Connection, uid: str, login: str, pool: str) -> bool:
    if connection.scalar(select(_accounts.c.uid).where(_accounts.c.uid == uid)) is not None:
        return True
    seats = connection.scalar(select(_pools.c.seats).where(_pools.c.name == pool)) or 0
    used = connection.scalar(select(func.count()).select_from(_accounts).where(_accounts.c.pool == pool)) or 0
    if used >= seats:
        return False
    connection.execute(insert(_accounts).values(uid=uid, login=login, pool=pool))
    return True


def _ready(generation: int, *, seated: bool) -> dict[str, object]:
    return {
        "type": "Ready",
        "status": "True" if seated else "False",
        "reason": "Provisioned" if seated else "SeatLimitReached",
        "message": "The account is provisioned." if seated else "No seat is free.",
        "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "observedGeneration": generation,
    }


def _configure(settings: kopf.OperatorSettings, memo: Any, **_: object) -> None:  # noqa: ANN401 - what kopf gives
    if memo.workers:
        settings.queueing.worker_limit = memo.workers
        settings.queueing.idle_timeout = 0.1  # a worker that waits for nothing holds up another object
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.watching.chunk_size = 500
    settings.execution.max_workers = 16
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage()  # the schema prunes kopf's own status


def _register(peer: Peer) -> None:
    kopf.on.startup()(_configure)
    for plural, act in (
        ("licensepools", peer.take_pool),
        ("workgroups", peer.take_workgroup),
        ("users", peer.take_user),
    ):
        kopf.on.create(_GROUP, _VERSION, plural)(act)
        kopf.on.update(_GROUP, _VERSION, plural, field="spec")(act)
    kopf.on.delete(_GROUP, _VERSION, "users")(peer.remove_user)


def _open(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--health-port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=0)
    options = parser.parse_args()
    kopf.configure(quiet=True)
    _register(Peer(_open(options.store)))
    kopf.run(
        namespaces=[options.namespace],
        liveness_endpoint=f"http://127.0.0.1:{options.health_port}/livez",
        memo=kopf.Memo(workers=options.workers),
    )


if __name__ == "__main__":
    main()
