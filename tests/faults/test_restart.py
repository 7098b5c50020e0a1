"""An operator that starts over unchanged objects, or has nothing to do, writes nothing (P13)."""

from collections.abc import Callable

from controlplane import Cluster
from tests.faults import rows
from tests.faults.objects import create, pool, reasons, secret, unseated, user, with_password, workgroup
from tests.faults.probes import metric, sweeps
from tests.support.audit import mark, writes
from tests.support.eventually import eventually
from tests.support.kube import Kube, Object
from tests.support.operator import OperatorProcess

Run = Callable[..., OperatorProcess]
#: Everything that an operator does from time to time happens several times within a test.
_OFTEN = ("--resync-seconds=2", "--sweep-seconds=1")
_PEOPLE = 200


def _tenant(seats: int) -> list[Object]:
    """Give objects in every state: seated, waiting, refused for each other's sake, paused, going, with a password."""
    people = [user(f"person-{n:03}") for n in range(_PEOPLE)]
    passwords = [secret("first", "correct horse"), secret("short", "x")]
    members = [
        with_password(unseated("with-password", "lounge"), "first"),
        with_password(unseated("short-password", "lounge"), "short"),
        with_password(unseated("no-secret", "lounge"), "nowhere"),
        unseated("no-workgroup", "nowhere"),
        unseated("taken", "lounge", userName="PERSON-000"),
        unseated("no-such-role", "lounge", workgroups=[{"workgroupRef": "lounge", "role": "Nobody"}]),
    ]
    paused = unseated("paused", "lounge")
    paused["metadata"]["annotations"] = {"tenantry.dev/paused": "true"}
    policies = [pool(static=seats), workgroup(), workgroup("lounge", pool=None)]
    return [*policies, *passwords, *people, *members, paused]


def _settled(kube: Kube, seats: int) -> bool:
    told = list(reasons(kube).values())
    return (
        "" not in told and told.count("Provisioned") == seats + 1 and told.count("SeatLimitReached") == _PEOPLE - seats
    )


def _writes(cluster: Cluster, kube: Kube, since: int) -> list[str]:
    """Give what the operator wrote in the namespace; its Lease is in another."""
    return [
        f"{w.verb} {w.resource} {w.name}" for w in writes(cluster.audit_log, since) if w.namespace == kube.namespace
    ]


def test_a_restart_over_unchanged_objects_writes_nothing(
    run_operator: Run, store_url: str, kube: Kube, cluster: Cluster
) -> None:
    operator = run_operator(store_url, f"--identity={kube.namespace}")
    create(kube, _tenant(seats=150))
    assert eventually(lambda: _settled(kube, 150), within=60)
    kube.delete("Workgroup", "lounge")  # goes on going: it has members
    assert eventually(lambda: reasons(kube, "Workgroup")["lounge"] == "InUse")
    assert eventually(lambda: reasons(kube)["short-password"] == "WorkgroupDeleting")
    operator.terminate()
    content, position = rows.content(store_url), mark(cluster.audit_log)
    again = run_operator(store_url, f"--identity={kube.namespace}", *_OFTEN)
    assert eventually(lambda: sweeps(again) >= 3)
    assert _writes(cluster, kube, position) == []
    assert rows.content(store_url) == content


def test_an_operator_with_nothing_to_do_writes_nothing(
    run_operator: Run, store_url: str, kube: Kube, cluster: Cluster
) -> None:
    operator = run_operator(store_url, *_OFTEN)
    create(kube, [pool(static=2), workgroup(), secret("first", "correct horse"), user("waits-not")])
    create(kube, [with_password(user("with-password"), "first"), unseated("no-workgroup", "nowhere")])
    told = {"waits-not": "Provisioned", "with-password": "Provisioned", "no-workgroup": "WorkgroupNotFound"}
    assert eventually(lambda: reasons(kube) == told)
    passes = sweeps(operator) + 2
    assert eventually(lambda: sweeps(operator) >= passes)  # what the last change brought is done
    content, position = rows.content(store_url), mark(cluster.audit_log)
    looks = metric(operator, 'tenantry_secret_reads_total{why="look-out"}') + 3
    assert eventually(lambda: metric(operator, 'tenantry_secret_reads_total{why="look-out"}') >= looks)
    assert eventually(lambda: sweeps(operator) >= passes + 5)
    assert _writes(cluster, kube, position) == []
    assert rows.content(store_url) == content
