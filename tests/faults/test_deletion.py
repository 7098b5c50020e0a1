"""Deletion ends, however it comes about: the seat frees once, nothing hangs, the account goes by its policy (P8)."""

from collections.abc import Callable

import pytest

from tests.faults import rows
from tests.faults.objects import (
    create,
    document,
    is_ready,
    pool,
    reason,
    reasons,
    secret,
    strip,
    unseated,
    user,
    with_password,
    workgroup,
)
from tests.faults.probes import sweeps
from tests.support.eventually import eventually
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess

Run = Callable[..., OperatorProcess]


def _ended(url: str, namespace: str, uid: str) -> list[str]:
    """Give what was recorded of an account's end."""
    records = (r for r in rows.trail(url, namespace) if r.change.subject == uid)
    return [r.change.action for r in records if r.change.action in {"AccountErased", "AccountDeleted"}]


@pytest.mark.parametrize("first", ["Secret", "User"])
def test_a_secret_and_its_user_deleted_together_free_the_seat_once(
    run_operator: Run, sqlite_url: str, kube: Kube, first: str
) -> None:
    operator = run_operator(sqlite_url)
    create(kube, [secret("ada", "correct horse"), pool(static=1), workgroup()])
    uid = kube.create(with_password(user("ada"), "ada"))["metadata"]["uid"]
    assert eventually(lambda: is_ready(kube, "User", "ada"))
    kube.create(user("next"))
    assert eventually(lambda: reason(kube, "next") == "SeatLimitReached")
    for kind in (first, "User" if first == "Secret" else "Secret"):
        kube.delete(kind, "ada")
    assert eventually(lambda: kube.find("User", "ada") is None and is_ready(kube, "User", "next"))
    operator.terminate()
    assert _ended(sqlite_url, kube.namespace, uid) == ["AccountErased"]
    rows.check_in_step(sqlite_url, kube)


def test_a_finalizer_stripped_by_hand_frees_the_seat_once(run_operator: Run, store_url: str, kube: Kube) -> None:
    operator = run_operator(store_url)
    create(kube, [pool(static=1), workgroup()])
    uid = kube.create(user("ada"))["metadata"]["uid"]
    assert eventually(lambda: is_ready(kube, "User", "ada"))
    kube.create(user("next"))
    assert eventually(lambda: reason(kube, "next") == "SeatLimitReached")
    operator.pause()
    strip(kube, "User", "ada")
    kube.delete("User", "ada")
    assert kube.find("User", "ada") is None
    operator.resume()
    assert eventually(lambda: is_ready(kube, "User", "next"))
    assert _ended(store_url, kube.namespace, uid) == ["AccountErased"]


def test_what_vanished_while_no_operator_ran_is_found_by_the_sweep(
    run_operator: Run, store_url: str, kube: Kube
) -> None:
    operator = run_operator(store_url)
    create(kube, [pool(static=2), workgroup(), workgroup("archive", deletion="Restorable")])
    uids = {name: kube.create(user(name, where))["metadata"]["uid"] for name, where in _WHERE.items()}
    assert eventually(lambda: set(reasons(kube).values()) == {"Provisioned"})
    create(kube, [user("next"), user("last")])
    assert eventually(lambda: list(reasons(kube).values()).count("SeatLimitReached") == 2)
    operator.terminate()
    rows.age(store_url, minutes=5)
    for name in uids:
        strip(kube, "User", name)
        kube.delete("User", name)
    again = run_operator(store_url, "--sweep-seconds=1")
    assert eventually(lambda: reasons(kube) == {"next": "Provisioned", "last": "Provisioned"})
    assert eventually(lambda: sweeps(again) >= 2)
    again.terminate()
    assert _ended(store_url, kube.namespace, uids["ada"]) == ["AccountErased"]
    assert _ended(store_url, kube.namespace, uids["grace"]) == ["AccountDeleted"]
    assert rows.accounts(store_url, kube.namespace, buried=True).keys() == {"grace"}
    rows.check_in_step(store_url, kube)


_WHERE = {"ada": "desk", "grace": "archive"}


@pytest.mark.parametrize("moment", ["running", "down"])
def test_a_namespace_with_everything_in_it_goes(run_operator: Run, store_url: str, kube: Kube, moment: str) -> None:
    operator = run_operator(store_url)
    projects = [{"name": "alpha", "resources": [{"type": "device", "names": ["d1"], "operations": ["Read"]}]}]
    create(kube, [pool(static=3), workgroup(projects=projects), workgroup("archive", deletion="Restorable")])
    create(kube, [secret("s", "correct horse"), with_password(user("ada"), "s"), user("grace", "archive"), user("b")])
    paused = unseated("paused")
    paused["metadata"]["annotations"] = {"tenantry.dev/paused": "true"}
    create(kube, [user("waits"), unseated("refused", "nowhere"), paused, _member("ada")])
    assert eventually(
        lambda: list(reasons(kube).values()).count("Provisioned") == 3 and "" not in reasons(kube).values()
    )
    if moment == "down":
        operator.terminate()
    kube.delete("Namespace", kube.namespace)
    if moment == "down":
        operator = run_operator(store_url)
    assert eventually(lambda: kube.find("Namespace", kube.namespace) is None, within=60)
    assert eventually(lambda: not rows.accounts(store_url, kube.namespace))
    ended = [r.change.action for r in rows.trail(store_url, kube.namespace)]
    assert ended.count("AccountErased") + ended.count("AccountDeleted") >= 3
    assert rows.accounts(store_url, kube.namespace, buried=True).keys() <= {"grace"}
    assert rows.fault_of(store_url, kube.namespace) is None
    assert operator.probe("readyz") == 200


def _member(name: str) -> dict[str, object]:
    allow = [{"type": "device", "names": ["d1"], "operations": ["Read"]}]
    spec = {"workgroupRef": "desk", "project": "alpha", "userRef": name, "allow": allow}
    return document("ProjectMember", name, spec)


@pytest.mark.parametrize("sees", ["the namespace", "only its objects"])
def test_a_namespace_ends_though_a_pause_held_an_object_of_it_before(
    run_operator: Run, sqlite_url: str, kube: Kube, sees: str
) -> None:
    """Who watches namespaces looks again at once; who does not, with the next sweep."""
    if sees == "the namespace":
        run_operator(sqlite_url, namespaced=False)
    else:
        run_operator(sqlite_url, "--sweep-seconds=1")
    create(kube, [pool(static=3), workgroup(), user("ada")])
    assert eventually(lambda: is_ready(kube, "User", "ada"))
    kube.patch("User", "ada", {"metadata": {"annotations": {"tenantry.dev/paused": "true"}}})
    assert eventually(lambda: kube.condition("User", "ada", "Paused").get("status") == "True")
    kube.delete("User", "ada")
    assert eventually(lambda: rows.held(sqlite_url, kube.namespace) == {"ada"})
    assert kube.find("User", "ada") is not None
    kube.delete("Namespace", kube.namespace)
    assert eventually(lambda: kube.find("Namespace", kube.namespace) is None, within=45)
