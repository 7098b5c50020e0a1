"""The store is gone, hung or locked for twenty seconds: nothing is granted meanwhile, and nothing is lost.

The outages run side by side, each with an operator, a namespace and a store of its own, and the tests look at what
was seen of them: twenty seconds are waited for once.
"""

import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from controlplane import Cluster
from postgres import Postgres
from tenantry.store.migrate import upgrade
from tests.faults import rows
from tests.faults.objects import create, is_ready, pool, reasons, user, workgroup
from tests.support.eventually import eventually
from tests.support.installation import remove_objects
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess

_OUTAGE_SECONDS = 20.0
_RECOVERY_SECONDS = 30.0
_DURING = [f"during-{n}" for n in range(20)]


@dataclass
class Seen:
    """What was seen of one outage."""

    ready: set[int]  # what /readyz said towards its end
    live: set[int]  # what /livez said all the time
    granted: int  # Users that became Ready while it lasted
    running: bool  # the same process, all the time
    recovered: float  # seconds until all was done
    seated: set[str]
    fault: str | None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the write lock, as a backup or a person with a shell may."""
    holder = sqlite3.connect(path, isolation_level=None)
    try:
        eventually(lambda: _lock(holder))
        yield
        holder.execute("ROLLBACK")
    finally:
        holder.close()


def _lock(holder: sqlite3.Connection) -> bool:
    try:
        holder.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:  # the operator is writing
        return False
    return True


def _endure(cluster: Cluster, folder: Path, url: str, outage: Callable[[], AbstractContextManager[None]]) -> Seen:
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    kube = Kube.of(cluster, namespace)
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    arguments = (f"--namespace-scope={namespace}", "--sweep-seconds=5")
    try:
        with OperatorProcess(folder, cluster.operator_kubeconfig, url, *arguments) as operator:
            return _live_through(kube, operator, url, outage)
    finally:
        remove_objects(kube)


def _live_through(
    kube: Kube, operator: OperatorProcess, url: str, outage: Callable[[], AbstractContextManager[None]]
) -> Seen:
    create(kube, [pool(static=100), workgroup(), *(user(f"before-{n}") for n in range(10))])
    eventually(lambda: set(reasons(kube).values()) == {"Provisioned"})
    ready, live = [], set()
    with outage():
        create(kube, [user(name) for name in _DURING])
        kube.patch("User", "before-0", {"spec": {"displayName": "Changed meanwhile"}})
        kube.delete("User", "before-1")
        ends = time.monotonic() + _OUTAGE_SECONDS
        while time.monotonic() < ends:
            ready.append(operator.probe("readyz"))
            live.add(operator.probe("livez"))
            time.sleep(0.2)
        granted = sum(reason == "Provisioned" for name, reason in reasons(kube).items() if name in _DURING)
    over = time.monotonic()
    eventually(lambda: _caught_up(kube, operator), within=2 * _RECOVERY_SECONDS)
    recovered = time.monotonic() - over
    seated, fault = rows.seated(url, kube.namespace), rows.fault_of(url, kube.namespace)
    return Seen(set(ready[-5:]), live, granted, operator.running, recovered, seated, fault)


def _caught_up(kube: Kube, operator: OperatorProcess) -> bool:
    told = reasons(kube)
    return (
        set(told.values()) == {"Provisioned"}
        and len(told) == 9 + len(_DURING)
        and is_ready(kube, "User", "before-0")
        and operator.probe("readyz") == 200
    )


@pytest.fixture(scope="module")
def outages(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Seen]]:
    folder = tmp_path_factory.mktemp("outages")
    with Postgres() as gone, Postgres() as hung, ThreadPoolExecutor() as beside:
        scenes = {
            "gone": (gone.create_database(), gone.outage),
            "hung": (hung.create_database(), hung.hang),
            "locked": (f"sqlite:///{folder / 'store.db'}", lambda: _locked(folder / "store.db")),
        }
        for url, _ in scenes.values():
            with rows.opened(url) as store:
                upgrade(store)
        under_way = {
            name: beside.submit(_endure, cluster, folder / name, url, outage) for name, (url, outage) in scenes.items()
        }
        yield {name: future.result() for name, future in under_way.items()}


@pytest.fixture(params=["gone", "hung", "locked"])
def seen(request: pytest.FixtureRequest, outages: dict[str, Seen]) -> Seen:
    return outages[request.param]


def test_nothing_is_granted_without_the_store(seen: Seen) -> None:
    assert seen.granted == 0


def test_readyz_says_no_and_livez_yes_while_the_store_is_away(seen: Seen) -> None:
    assert seen.ready == {503}
    assert seen.live == {200}


def test_the_operator_recovers_by_itself(seen: Seen) -> None:
    assert seen.running
    assert seen.recovered < _RECOVERY_SECONDS


def test_nothing_is_lost_over_an_outage_of_the_store(seen: Seen) -> None:
    assert seen.seated == {"before-0", *(f"before-{n}" for n in range(2, 10)), *_DURING}
    assert seen.fault is None
