"""The API server is gone for twenty seconds, or forgot where a watch stood: the operator comes back by itself."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from controlplane import Cluster
from tests.faults import rows
from tests.faults.objects import create, is_ready, pool, reasons, user, workgroup
from tests.support.eventually import eventually
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess

_OUTAGE_SECONDS = 20.0
_RECOVERY_SECONDS = 30.0


@pytest.fixture
def kube(own_cluster: Cluster) -> Kube:
    return Kube.of(own_cluster)


@pytest.fixture
def operator(own_cluster: Cluster, sqlite_url: str, tmp_path: Path) -> Iterator[OperatorProcess]:
    arguments = ("--namespace-scope=default", "--sweep-seconds=600")
    with OperatorProcess(tmp_path / "operator", own_cluster.operator_kubeconfig, sqlite_url, *arguments) as started:
        yield started
    print(started.log[-5000:])


def test_the_operator_outlives_an_api_server_that_was_gone(
    own_cluster: Cluster, operator: OperatorProcess, kube: Kube, sqlite_url: str
) -> None:
    create(kube, [pool(static=20), workgroup(), *(user(f"before-{n}") for n in range(10))])
    assert eventually(lambda: list(reasons(kube).values()) == ["Provisioned"] * 10)
    ready, live = [], set()
    operator.pause()  # what happens now, the operator has not seen when the server goes
    kube.create(user("unseen"))
    kube.delete("User", "before-1")
    with own_cluster.outage():
        operator.resume()
        ends = time.monotonic() + _OUTAGE_SECONDS
        while time.monotonic() < ends:
            ready.append(operator.probe("readyz"))
            live.add(operator.probe("livez"))
            time.sleep(0.2)
    over = time.monotonic()
    assert eventually(lambda: kube.create(user("after")))  # its own caches fill first
    kube.patch("User", "before-0", {"spec": {"displayName": "Changed right after"}})
    assert eventually(lambda: is_ready(kube, "User", "after") and is_ready(kube, "User", "before-0"))
    assert eventually(lambda: is_ready(kube, "User", "unseen") and kube.find("User", "before-1") is None)
    assert eventually(lambda: operator.probe("readyz") == 200)
    assert time.monotonic() - over < _RECOVERY_SECONDS
    assert set(ready[-5:]) == {503}
    assert live == {200}
    assert operator.running
    operator.terminate()
    rows.check_in_step(sqlite_url, kube)


def test_a_watch_whose_place_was_forgotten_starts_over(
    own_cluster: Cluster, operator: OperatorProcess, kube: Kube, sqlite_url: str
) -> None:
    create(kube, [pool(static=20), workgroup(), user("before")])
    assert eventually(lambda: list(reasons(kube).values()) == ["Provisioned"])
    place = kube.get("User", "before")["metadata"]["resourceVersion"]
    operator.pause()
    create(kube, [user(f"missed-{n}") for n in range(5)])
    kube.delete("User", "before")
    own_cluster.stop_apiserver()  # its cache of events goes with it
    _compact(own_cluster)  # and etcd forgets what came before
    own_cluster.start_apiserver()
    assert eventually(lambda: _says_gone(kube, place))
    assert eventually(lambda: kube.create(user("after")))
    operator.resume()
    names = {*(f"missed-{n}" for n in range(5)), "after"}
    assert eventually(lambda: reasons(kube) == dict.fromkeys(names, "Provisioned"))
    assert operator.running
    assert operator.probe("livez") == 200
    operator.terminate()
    rows.check_in_step(sqlite_url, kube)


def _compact(cluster: Cluster) -> None:
    etcd = f"http://127.0.0.1:{cluster._ports.etcd}/v3/kv"
    known = urllib3.request("POST", f"{etcd}/range", json={"key": base64.b64encode(b"/").decode()}).json()
    told = {"revision": known["header"]["revision"], "physical": True}
    assert urllib3.request("POST", f"{etcd}/compaction", json=told).status == 200


def _says_gone(kube: Kube, place: str) -> bool:
    """Tell whether a watch from this place is answered with 410."""
    path = "/apis/tenantry.dev/v1alpha1/namespaces/default/users"
    event = kube.request("GET", f"{path}?watch=1&timeoutSeconds=5&resourceVersion={place}")
    return bool(event["type"] == "ERROR" and event["object"]["code"] == 410)
