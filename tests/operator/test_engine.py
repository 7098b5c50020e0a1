"""From events to statuses, on a real API server: what is written, to which object, and what is not."""

import asyncio
from collections.abc import AsyncIterator, Callable

import orjson
import pytest

from controlplane import Cluster
from tenantry.controllers.api_error import Refused
from tenantry.controllers.connection import Connection, object_path
from tenantry.controllers.kubeconfig import find_access
from tenantry.controllers.ledger import Ledger
from tenantry.controllers.sighting import sight
from tenantry.controllers.status_writer import StatusWriter
from tenantry.domain.observed import Kind
from tenantry.resources.meta import FINALIZER
from tenantry.services.work import Outcome
from tests.faults.objects import create, pool, secret, unseated, user, with_mailbox, with_password, workgroup
from tests.faults.probes import metric, sweeps
from tests.support.audit import Write, mark, writes
from tests.support.eventually import eventually
from tests.support.kube import MERGE_PATCH, Kube, Object
from tests.support.operator import OperatorProcess

Run = Callable[..., OperatorProcess]
_OFTEN = ("--resync-seconds=2", "--sweep-seconds=1")


def is_ready(kube: Kube, name: str, kind: str = "User") -> bool:
    return kube.condition(kind, name).get("status") == "True"


def written(cluster: Cluster, kube: Kube, since: int) -> list[Write]:
    return [write for write in writes(cluster.audit_log, since) if write.namespace == kube.namespace]


@pytest.fixture
async def connection(cluster: Cluster) -> AsyncIterator[Connection]:
    """A connection with the rights of the operator."""
    found = Connection(find_access(cluster.operator_kubeconfig))
    yield found
    await found.close()


def test_each_object_is_written_once_and_kopf_writes_nothing(
    run_operator: Run, sqlite_url: str, kube: Kube, cluster: Cluster
) -> None:
    since = mark(cluster.audit_log)
    operator = run_operator(sqlite_url, *_OFTEN)
    create(kube, [pool(static=5), workgroup()])
    assert eventually(lambda: is_ready(kube, "desk", "Workgroup") and is_ready(kube, "seats", "LicensePool"))
    create(kube, [user(f"u{n}") for n in range(5)])
    assert eventually(lambda: all(is_ready(kube, f"u{n}") for n in range(5)))
    done = sweeps(operator)
    assert eventually(lambda: sweeps(operator) >= done + 2)
    found = written(cluster, kube, since)
    assert {(write.verb, write.agent) for write in found} == {("patch", "tenantry")}
    assert {write.status for write in found} == {200}
    users = [write.name for write in found if write.resource == "users/status"]
    assert sorted(users) == [f"u{n}" for n in range(5)]
    assert {write.resource for write in found} <= {"users/status", "workgroups/status", "licensepools/status"}


def test_what_the_server_stores_is_what_was_written(run_operator: Run, sqlite_url: str, kube: Kube) -> None:
    """A field that the schema prunes or defaults would come back different, and be written again and again."""
    operator = run_operator(sqlite_url, *_OFTEN)
    create(kube, [pool(static=1), workgroup(), user("ada"), secret("login", "correct horse")])
    create(kube, [with_password(unseated("cora", "lounge"), "login"), workgroup("lounge", pool=None)])
    assert eventually(lambda: is_ready(kube, "ada") and is_ready(kube, "cora"))
    create(kube, [user("bob")])
    assert eventually(lambda: kube.condition("User", "bob").get("reason") == "SeatLimitReached")
    echoes = metric(operator, 'tenantry_objects_total{kind="User"}')
    done = sweeps(operator)
    assert eventually(lambda: sweeps(operator) >= done + 3)
    assert metric(operator, 'tenantry_objects_total{kind="User"}') == echoes


def test_a_status_that_somebody_changes_is_put_right(run_operator: Run, sqlite_url: str, kube: Kube) -> None:
    run_operator(sqlite_url)
    create(kube, [workgroup(pool=None), unseated("ada")])
    assert eventually(lambda: is_ready(kube, "ada"))
    before = kube.get("User", "ada")["status"]
    kube.patch("User", "ada", {"status": {"state": "Refused", "accountId": None}}, "status")
    assert eventually(lambda: kube.get("User", "ada")["status"] == before)


def test_what_a_status_no_longer_says_is_removed(run_operator: Run, sqlite_url: str, kube: Kube) -> None:
    run_operator(sqlite_url)
    create(kube, [pool(static=0), workgroup(), user("ada")])
    assert eventually(lambda: kube.get("User", "ada")["status"].get("license", {}).get("waitingSinceTime"))
    kube.apply(pool(static=1))
    assert eventually(lambda: is_ready(kube, "ada"))
    assert kube.get("User", "ada")["status"]["license"] == {"type": "Static", "pool": "seats"}


def test_a_finalizer_that_was_stripped_is_put_back(run_operator: Run, sqlite_url: str, kube: Kube) -> None:
    """So is one that never came, where the admission policy is missing."""
    run_operator(sqlite_url)
    create(kube, [workgroup(pool=None), unseated("ada")])
    assert eventually(lambda: is_ready(kube, "ada"))
    kube.patch("User", "ada", {"metadata": {"finalizers": ["example.com/other"]}})
    assert eventually(lambda: kube.get("User", "ada")["metadata"]["finalizers"] == ["example.com/other", FINALIZER])


def test_a_deleted_object_goes_and_keeps_the_finalizers_of_others(
    run_operator: Run, sqlite_url: str, kube: Kube
) -> None:
    run_operator(sqlite_url)
    create(kube, [workgroup(pool=None), unseated("ada"), unseated("bob")])
    assert eventually(lambda: is_ready(kube, "ada") and is_ready(kube, "bob"))
    kube.patch("User", "bob", {"metadata": {"finalizers": ["example.com/other", FINALIZER]}})
    kube.delete("User", "ada")
    kube.delete("User", "bob")
    assert eventually(lambda: kube.find("User", "ada") is None)
    assert eventually(lambda: kube.get("User", "bob")["metadata"]["finalizers"] == ["example.com/other"])
    kube.patch("User", "bob", {"metadata": {"finalizers": None}})
    assert eventually(lambda: kube.find("User", "bob") is None)


@pytest.mark.slow
def test_an_object_that_vanished_while_the_operator_was_away_is_found(
    run_operator: Run, sqlite_url: str, kube: Kube
) -> None:
    operator = run_operator(sqlite_url, *_OFTEN)
    create(kube, [pool(static=1), workgroup(), user("ada")])
    assert eventually(lambda: is_ready(kube, "ada"))
    create(kube, [user("bob")])
    assert eventually(lambda: kube.condition("User", "bob").get("reason") == "SeatLimitReached")
    operator.terminate()
    kube.patch("User", "ada", {"metadata": {"finalizers": None}})
    kube.delete("User", "ada")
    operator.start()
    assert eventually(lambda: is_ready(kube, "bob"))


def test_a_rotated_secret_is_noticed(run_operator: Run, sqlite_url: str, kube: Kube) -> None:
    run_operator(sqlite_url, *_OFTEN)
    create(kube, [workgroup(pool=None), secret("login", "correct horse"), with_password(unseated("ada"), "login")])
    assert eventually(lambda: is_ready(kube, "ada"))
    changed = kube.get("User", "ada")["status"]["password"]["changedTime"]
    kube.patch("Secret", "login", {"stringData": {"password": "battery staple"}})
    assert eventually(lambda: kube.get("User", "ada")["status"]["password"]["changedTime"] > changed)
    kube.patch("Secret", "login", {"stringData": {"password": "short"}})
    assert eventually(lambda: kube.condition("User", "ada").get("reason") == "PasswordInvalid")


def test_it_16_the_mailbox_of_a_user_is_told_of_and_holds_up_nothing(
    run_operator: Run, sqlite_url: str, kube: Kube
) -> None:
    """With the resync interval of a day, what is missing is found all the same."""
    run_operator(sqlite_url, "--resync-seconds=86400")
    create(kube, [workgroup(pool=None), with_mailbox(unseated("ada"), "mail")])
    assert eventually(lambda: _mailbox(kube) == ("False", "SecretNotFound"))
    assert is_ready(kube, "ada")
    create(kube, [secret("mail", "a refresh token")])
    assert eventually(lambda: _mailbox(kube) == ("True", "MailboxConnected"), within=60)
    kube.patch("User", "ada", {"spec": {"emailIntegration": None}})
    assert eventually(lambda: _mailbox(kube) == (None, None))
    assert is_ready(kube, "ada")


def _mailbox(kube: Kube) -> tuple[str | None, str | None]:
    condition = kube.condition("User", "ada", "EmailIntegration")
    return condition.get("status"), condition.get("reason")


def test_a_secret_that_comes_late_heals_its_user(run_operator: Run, sqlite_url: str, kube: Kube) -> None:
    run_operator(sqlite_url)
    create(kube, [workgroup(pool=None), with_password(unseated("ada"), "login")])
    assert eventually(lambda: kube.condition("User", "ada").get("reason") == "SecretNotFound")
    create(kube, [secret("login", "correct horse")])
    assert eventually(lambda: is_ready(kube, "ada"), within=60)


def test_all_that_a_namespace_held_goes_with_it(run_operator: Run, sqlite_url: str, kube: Kube) -> None:
    run_operator(sqlite_url)
    create(kube, [pool(static=9), workgroup(), *(user(f"u{n}") for n in range(9))])
    assert eventually(lambda: all(is_ready(kube, f"u{n}") for n in range(9)))
    kube.delete("Namespace", kube.namespace)
    assert eventually(lambda: kube.find("Namespace", kube.namespace) is None, within=60)


async def test_a_status_never_lands_on_another_object_of_the_same_name(connection: Connection, kube: Kube) -> None:
    create(kube, [unseated("ada")])
    stale = sight(Kind.USER, kube.get("User", "ada"))
    kube.patch("User", "ada", {"metadata": {"finalizers": None}})
    kube.delete("User", "ada")
    eventually(lambda: kube.find("User", "ada") is None)
    create(kube, [unseated("ada")])
    before = kube.get("User", "ada")
    assert before["metadata"]["uid"] != stale.uid
    writer = StatusWriter(connection, Ledger())
    writing = asyncio.create_task(writer.run())
    writer.submit(Outcome(stale.uid, Kind.USER, kube.namespace, "ada", {"state": "Active"}), stale)
    writer.submit(Outcome(stale.uid, Kind.USER, kube.namespace, "ada", None, released=True), stale)
    assert await writer.drained(10.0)
    writing.cancel()
    assert kube.get("User", "ada") == before


def test_a_merge_patch_with_the_uid_of_another_object_would_land(kube: Kube) -> None:
    """Why statuses are JSON patches: the day that this fails, merge patches are safe too."""
    create(kube, [unseated("ada")])
    path = object_path(Kind.USER, kube.namespace, "ada", "status")
    patch = {"metadata": {"uid": "00000000-0000-0000-0000-000000000000"}, "status": {"state": "Inactive"}}
    kube.request("PATCH", path, patch, MERGE_PATCH)
    assert kube.get("User", "ada")["status"]["state"] == "Inactive"


async def test_a_status_that_the_schema_refuses_names_its_field(connection: Connection, kube: Kube) -> None:
    create(kube, [unseated("ada")])
    uid = kube.get("User", "ada")["metadata"]["uid"]
    bad: list[Object] = [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "add", "path": "/status", "value": {"state": "Unheard"}},
    ]
    with pytest.raises(Refused) as refusal:
        await connection.patch(object_path(Kind.USER, kube.namespace, "ada", "status"), orjson.dumps(bad))
    assert "status.state" in refusal.value.fields
