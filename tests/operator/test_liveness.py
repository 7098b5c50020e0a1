"""The API server and the store go and come back; a watch dies: nothing is lost, and probes tell."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from controlplane import Cluster
from postgres import Postgres
from tenantry.app import ExitCode
from tests.faults.objects import create, pool, unseated, user, workgroup
from tests.faults.probes import metric
from tests.support.eventually import eventually
from tests.support.kube import Kube, Object
from tests.support.operator import OperatorProcess

_OUTAGE_SECONDS = 20.0
_RECOVERY_SECONDS = 30.0


@pytest.fixture
def kube(own_cluster: Cluster) -> Kube:
    return Kube.of(own_cluster)


@pytest.fixture
def start(own_cluster: Cluster, tmp_path: Path) -> Iterator[Callable[..., OperatorProcess]]:
    started: list[OperatorProcess] = []

    def run(*arguments: str) -> OperatorProcess:
        folder = tmp_path / f"operator-{len(started)}"
        url = f"sqlite:///{tmp_path / 'store.db'}"
        operator = OperatorProcess(folder, own_cluster.operator_kubeconfig, url, *arguments)
        started.append(operator)
        return operator.start()

    yield run
    for operator in started:
        operator.terminate()
        print(operator.log[-5000:])


def is_ready(kube: Kube, name: str) -> bool:
    return kube.condition("User", name).get("status") == "True"


def wait_until_served(kube: Kube, bodies: Iterable[Object]) -> None:
    """An API server that starts lists its kinds before it takes objects of them: for a while it answers 503."""
    for body in bodies:
        assert eventually(partial(kube.create, body, dry_run=True))


@contextmanager
def taking(seconds: float) -> Iterator[None]:
    """Let the block take this long at least: the length of an outage is what the test is about."""
    until = time.monotonic() + seconds
    yield
    eventually(lambda: time.monotonic() > until, within=seconds + 5)


@pytest.mark.slow
def test_an_operator_outlives_an_outage_of_the_api_server(
    start: Callable[..., OperatorProcess], own_cluster: Cluster, kube: Kube
) -> None:
    operator = start().wait_ready()
    create(kube, [workgroup(pool=None), unseated("ada")])
    assert eventually(lambda: is_ready(kube, "ada"))
    with own_cluster.outage(), taking(_OUTAGE_SECONDS):
        assert eventually(lambda: operator.probe("readyz") == 503, within=_OUTAGE_SECONDS)
        assert operator.probe("livez") == 200
    wait_until_served(kube, [unseated("bob")])
    create(kube, [unseated("bob")])
    assert eventually(lambda: is_ready(kube, "bob"), within=_RECOVERY_SECONDS)
    assert eventually(lambda: operator.probe("readyz") == 200)


@pytest.mark.slow
def test_statuses_that_an_outage_held_up_are_written_after_it(
    start: Callable[..., OperatorProcess], own_cluster: Cluster, kube: Kube
) -> None:
    operator = start().wait_ready()
    create(kube, [pool(static=400), workgroup()])
    create(kube, [user(f"u{n}") for n in range(400)])
    with own_cluster.outage():
        assert eventually(lambda: operator.probe("readyz") == 503)
    assert eventually(lambda: all(is_ready(kube, f"u{n}") for n in range(0, 400, 13)), within=_RECOVERY_SECONDS)
    assert eventually(lambda: len([u for u in kube.items("User") if u["status"].get("state") == "Active"]) == 400)


def test_an_operator_may_start_before_the_api_server_and_before_the_resources(
    start: Callable[..., OperatorProcess], own_cluster: Cluster, kube: Kube
) -> None:
    own_cluster.kubectl("delete", "crd", "users.tenantry.dev")
    with own_cluster.outage():
        operator = start()
        assert eventually(lambda: operator.probe("livez") == 200)
        assert operator.probe("readyz") == 503
    assert eventually(lambda: "users.tenantry.dev" in operator.log)
    assert operator.probe("readyz") == 503
    own_cluster.kubectl("apply", "--server-side", "-f", Path(__file__).parents[2] / "crds" / "users.yaml")
    assert eventually(lambda: operator.probe("readyz") == 200, within=_RECOVERY_SECONDS)
    wait_until_served(kube, [workgroup(pool=None), unseated("ada")])
    create(kube, [workgroup(pool=None), unseated("ada")])
    assert eventually(lambda: is_ready(kube, "ada"))


@pytest.mark.slow
def test_a_watch_that_is_gone_for_good_ends_the_process(
    start: Callable[..., OperatorProcess], own_cluster: Cluster
) -> None:
    operator = start().wait_ready()
    own_cluster.kubectl("delete", "crd", "projectmembers.tenantry.dev")
    process = operator._service._process
    assert process is not None
    assert process.wait(90.0) == ExitCode.DEAD_WATCH


@pytest.mark.slow
def test_an_operator_outlives_a_locked_database(
    start: Callable[..., OperatorProcess], kube: Kube, tmp_path: Path
) -> None:
    operator = start().wait_ready()
    create(kube, [workgroup(pool=None), unseated("ada")])
    assert eventually(lambda: is_ready(kube, "ada"))
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with taking(_OUTAGE_SECONDS):
            create(kube, [unseated("bob")])
            assert eventually(lambda: operator.probe("readyz") == 503)
            assert operator.probe("livez") == 200
        other.execute("ROLLBACK")
    assert eventually(lambda: is_ready(kube, "bob"), within=_RECOVERY_SECONDS)
    assert eventually(lambda: operator.probe("readyz") == 200)


@pytest.mark.slow
def test_an_operator_outlives_a_database_that_goes_away(
    run_operator: Callable[..., OperatorProcess], cluster: Cluster, namespace: str
) -> None:
    kube = Kube.of(cluster, namespace)
    with Postgres() as own:
        operator = run_operator(own.create_database())
        create(kube, [workgroup(pool=None), unseated("ada")])
        assert eventually(lambda: is_ready(kube, "ada"))
        with own.outage(), taking(_OUTAGE_SECONDS):
            create(kube, [unseated("bob")])
            assert eventually(lambda: operator.probe("readyz") == 503)
        assert eventually(lambda: is_ready(kube, "bob"), within=_RECOVERY_SECONDS)
        assert metric(operator, "tenantry_store_up") == 1.0
