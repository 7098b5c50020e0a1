"""A store that belongs to another cluster, or a tenant that lost too much at once: hands off until a person says so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controlplane import Cluster
from tests.faults import rows
from tests.faults.objects import create, pool, reason, reasons, strip, user, workgroup
from tests.faults.probes import metric, sweeps
from tests.support.commands import tenantry
from tests.support.eventually import eventually
from tests.support.installation import install
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess

Run = Callable[..., OperatorProcess]


def _people(number: int) -> list[str]:
    return [f"person-{n:02}" for n in range(number)]


def _provisioned(kube: Kube, number: int) -> bool:
    told = reasons(kube)
    return len(told) == number and set(told.values()) == {"Provisioned"}


def _recreate_namespace(kube: Kube) -> None:
    """Bring another namespace of the same name, as a rebuilt cluster has it: everything in the old one is lost."""
    for kind in ("User", "Workgroup", "LicensePool"):
        for item in kube.items(kind):
            strip(kube, kind, item["metadata"]["name"])
        kube.delete_all(kind)
    kube.delete("Namespace", kube.namespace)
    eventually(lambda: kube.find("Namespace", kube.namespace) is None)
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": kube.namespace}}
    eventually(lambda: kube.create(body))


def test_a_filled_store_is_left_alone_in_a_foreign_cluster_until_it_is_attached(
    run_operator: Run, store_url: str, kube: Kube
) -> None:
    operator = run_operator(store_url)
    create(kube, [pool(static=20), workgroup(), *(user(name) for name in _people(15))])
    assert eventually(lambda: _provisioned(kube, 15))
    operator.terminate()
    rows.age(store_url, minutes=5)
    before = rows.accounts(store_url, kube.namespace)
    _recreate_namespace(kube)
    create(kube, [pool(static=21), workgroup(), *(user(name) for name in (*_people(12), "stranger"))])
    again = run_operator(store_url, "--sweep-seconds=1")
    assert eventually(lambda: set(reasons(kube).values()) == {"Detached"})
    assert eventually(lambda: sweeps(again) >= 2)
    assert metric(again, "tenantry_detached_tenants") == 1
    assert rows.accounts(store_url, kube.namespace) == before
    kube.delete("User", "person-11")  # even a deletion waits
    assert eventually(lambda: kube.get("User", "person-11")["metadata"].get("deletionTimestamp"))
    done = tenantry("tenant", "attach", kube.namespace, "--store-url", store_url)
    assert done.code == 0, done.err
    assert eventually(lambda: _provisioned(kube, 12))
    assert eventually(lambda: rows.accounts(store_url, kube.namespace).keys() == {*_people(11), "stranger"})
    assert eventually(lambda: kube.get("LicensePool", "seats")["status"].get("capacity") == 21)
    kept = rows.accounts(store_url, kube.namespace)
    assert all(kept[name].id == before[name].id for name in _people(11)), "the accounts are the same ones"
    again.terminate()
    rows.check_in_step(store_url, kube)


@contextmanager
def _foreign_cluster(folder: Path, namespace: str) -> Iterator[tuple[Cluster, Kube]]:
    with Cluster(folder / "foreign") as cluster:
        install(cluster)
        kube = Kube.of(cluster, namespace)
        kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        yield cluster, kube


def test_an_empty_foreign_cluster_deletes_nothing(
    run_operator: Run, sqlite_url: str, kube: Kube, tmp_path: Path
) -> None:
    operator = run_operator(sqlite_url)
    create(kube, [pool(static=20), workgroup(), user("alone")])
    assert eventually(lambda: _provisioned(kube, 1))
    operator.terminate()
    rows.age(sqlite_url, minutes=5)
    before = rows.accounts(sqlite_url, kube.namespace)
    with _foreign_cluster(tmp_path, kube.namespace) as (foreign, there):
        arguments = (f"--namespace-scope={kube.namespace}", "--sweep-seconds=1")
        lost = OperatorProcess(tmp_path / "lost", foreign.operator_kubeconfig, sqlite_url, *arguments)
        with lost:
            assert eventually(lambda: sweeps(lost) >= 2)
            create(there, [pool(static=1), workgroup(), user("stranger")])
            assert eventually(lambda: reason(there, "stranger") == "Detached")
            assert rows.accounts(sqlite_url, kube.namespace) == before
    home = run_operator(sqlite_url)  # back where the store belongs, nobody has to attach anything
    assert eventually(lambda: sweeps(home) >= 1)
    create(kube, [user("another")])
    assert eventually(lambda: _provisioned(kube, 2))


@pytest.mark.parametrize(("number", "lost", "believed"), [(40, 11, False), (40, 8, True), (11, 10, True)])
def test_too_many_lost_at_once_are_not_believed(
    run_operator: Run, sqlite_url: str, kube: Kube, number: int, lost: int, *, believed: bool
) -> None:
    store_url = sqlite_url
    operator = run_operator(store_url)
    create(kube, [pool(static=number), workgroup(), *(user(name) for name in _people(number))])
    assert eventually(lambda: _provisioned(kube, number))
    operator.terminate()
    rows.age(store_url, minutes=5)
    for name in _people(lost):
        strip(kube, "User", name)
        kube.delete("User", name)
    again = run_operator(store_url, "--sweep-seconds=1")
    assert eventually(lambda: sweeps(again) >= 2)
    left = rows.accounts(store_url, kube.namespace)
    assert len(left) == (number - lost if believed else number)
    assert eventually(lambda: set(reasons(kube).values()) == {"Provisioned" if believed else "Detached"})
    if not believed:
        tenantry("tenant", "attach", kube.namespace, "--store-url", store_url)
        assert eventually(lambda: len(rows.accounts(store_url, kube.namespace)) == number - lost)
        assert eventually(lambda: _provisioned(kube, number - lost))
    again.terminate()
    rows.check_in_step(store_url, kube)
