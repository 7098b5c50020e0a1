import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from controlplane import Cluster
from postgres import Postgres
from tenantry.store import Store
from tenantry.store.migrate import upgrade
from tests.support.installation import install, remove_objects
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess

#: Tests of a file in these folders share an operator, or what else takes long to start.
_TOGETHER = ("tests/e2e/", "tests/operator/")
_SCHEMA = "tests/runtime_api/test_schema.py"


class _Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Gives what shares something to one worker: the marks of xdist are not seen by it since pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        if file == _SCHEMA:  # what is asked of a route is thought up once for both stores
            return f"{file}::{test.partition('-')[2]}"
        return file if file.startswith(_TOGETHER) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Say who gets which tests."""
    return _Together(config, log)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster for the whole run, with Tenantry's resources installed; leave it as it was."""
    with Cluster(tmp_path_factory.mktemp("cluster"), audit=True) as started:
        install(started)
        yield started


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster that the test may stop and break."""
    with Cluster(tmp_path / "cluster", audit=True) as started:
        install(started)
        yield started


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as started:
        yield started


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of the test's own, which is a tenant of its own."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    kube = Kube.of(cluster, name)
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    remove_objects(kube)


@pytest.fixture
def kube(cluster: Cluster, namespace: str) -> Kube:
    return Kube.of(cluster, namespace)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy: migrating anew for each test would be most of its time."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgres: Postgres) -> str:
    """As `sqlite_template`; give the database's name."""
    url = postgres.create_database()
    _migrate(url)
    return url.rsplit("/", 1)[1]


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = shutil.copy(sqlite_template, tmp_path / "store.db")
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres: Postgres, postgresql_template: str) -> Iterator[str]:
    url = postgres.create_database(postgresql_template)
    yield url
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A migrated store without rows; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store.open(store_url)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table, on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.create_database()


def _migrate(url: str) -> None:
    store = Store.open(url)
    upgrade(store)
    store.close()


@pytest.fixture
def run_operator(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[Callable[..., OperatorProcess]]:
    """Start operators on the test's namespace: `run_operator(store_url, "--flag", environment={})`."""
    started: list[OperatorProcess] = []

    def run(
        store_url: str, *arguments: str, environment: dict[str, str] | None = None, namespaced: bool = True
    ) -> OperatorProcess:
        folder = tmp_path / f"operator-{len(started)}"
        scope = [f"--namespace-scope={namespace}"] if namespaced else []
        operator = OperatorProcess(
            folder, cluster.operator_kubeconfig, store_url, *scope, *arguments, environment=environment
        )
        started.append(operator)
        return operator.start().wait_ready()

    yield run
    for operator in started:
        operator.terminate()
        print(operator.log[-5000:])  # shown with a test that failed


@pytest.fixture
def operator(run_operator: Callable[..., OperatorProcess], store_url: str) -> OperatorProcess:
    return run_operator(store_url)
