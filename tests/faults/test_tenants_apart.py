"""Two namespaces with the same names in them know nothing of each other (P14)."""

from collections.abc import Callable, Iterator

import pytest

from controlplane import Cluster
from tests.faults import rows
from tests.faults.objects import create, is_ready, pool, reason, reasons, secret, user, with_password, workgroup
from tests.support.audit import mark, writes
from tests.support.eventually import eventually
from tests.support.installation import remove_objects
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess

Run = Callable[..., OperatorProcess]


@pytest.fixture
def neighbor(kube: Kube) -> Iterator[Kube]:
    other = kube.within(f"{kube.namespace}-next")
    other.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other.namespace}})
    yield other
    remove_objects(other)


def test_what_is_done_in_one_namespace_changes_nothing_of_another(
    run_operator: Run, store_url: str, kube: Kube, neighbor: Kube, cluster: Cluster
) -> None:
    scope = f"--namespace-scope={kube.namespace},{neighbor.namespace}"
    operator = run_operator(store_url, scope, "--sweep-seconds=1", namespaced=False)
    for each in (kube, neighbor):
        create(each, [pool(static=2), workgroup(), secret("ada", "correct horse")])
        create(each, [with_password(user("ada"), "ada"), user("bob")])
    assert eventually(lambda: all(set(reasons(k).values()) == {"Provisioned"} for k in (kube, neighbor)))
    before, position = rows.accounts(store_url, neighbor.namespace), mark(cluster.audit_log)
    shown = neighbor.items("User")
    kube.create(user("carol"))
    assert eventually(lambda: reason(kube, "carol") == "SeatLimitReached")
    assert neighbor.namespace not in str(kube.items("User"))
    kube.create(user("eve", workgroups=[{"workgroupRef": "desk", "role": "Nobody"}]))
    kube.delete("User", "ada")
    assert eventually(lambda: is_ready(kube, "User", "carol"))
    kube.patch("LicensePool", "seats", {"spec": {"licenses": [{"type": "Static", "quantity": 0}]}})
    assert eventually(lambda: kube.condition("LicensePool", "seats", "OverCommitted").get("status") == "True")
    kube.delete("Workgroup", "desk")
    kube.delete("User", "bob")
    kube.delete("User", "carol")
    assert eventually(lambda: kube.find("Workgroup", "desk") is None)
    kube.delete("Namespace", kube.namespace)
    assert eventually(lambda: kube.find("Namespace", kube.namespace) is None, within=60)
    assert rows.accounts(store_url, neighbor.namespace) == before
    assert neighbor.items("User") == shown
    assert not [w for w in writes(cluster.audit_log, position) if w.namespace == neighbor.namespace]
    operator.terminate()
    rows.check_in_step(store_url, neighbor)
