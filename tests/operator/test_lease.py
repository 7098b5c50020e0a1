"""One operator works, the others wait; and one that was replaced ends at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.app import ExitCode
from tests.faults.objects import create, unseated, workgroup
from tests.faults.probes import metric
from tests.support.eventually import eventually
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess

Run = Callable[..., OperatorProcess]
_SHORT = "--lease-seconds=2"


def leads(operator: OperatorProcess) -> bool:
    return metric(operator, "tenantry_leading") == 1.0


def works(kube: Kube, name: str) -> bool:
    create(kube, [unseated(name)])
    return bool(eventually(lambda: kube.condition("User", name).get("status") == "True"))


def exit_code(operator: OperatorProcess, within: float = 30.0) -> int:
    process = operator._service._process
    assert process is not None
    return process.wait(within)


@pytest.fixture
def pair(run_operator: Run, postgresql_url: str, kube: Kube) -> tuple[OperatorProcess, OperatorProcess]:
    """One that leads and one that waits, on one store."""
    create(kube, [workgroup(pool=None)])
    first = run_operator(postgresql_url, _SHORT)
    eventually(lambda: leads(first))
    return first, run_operator(postgresql_url, _SHORT)


def test_the_second_operator_waits_and_takes_over_when_the_first_ends(
    pair: tuple[OperatorProcess, OperatorProcess], kube: Kube
) -> None:
    first, second = pair
    assert works(kube, "ada")
    assert (second.probe("livez"), second.probe("readyz"), leads(second)) == (200, 200, False)
    first.terminate()
    assert eventually(lambda: leads(second))
    assert works(kube, "bob")


def test_the_second_operator_takes_over_when_the_first_is_killed(
    pair: tuple[OperatorProcess, OperatorProcess], kube: Kube
) -> None:
    first, second = pair
    first.kill9()
    assert eventually(lambda: leads(second))
    assert works(kube, "ada")


def test_an_operator_that_was_frozen_and_replaced_ends_at_once(
    pair: tuple[OperatorProcess, OperatorProcess], kube: Kube
) -> None:
    first, second = pair
    first.pause()
    assert eventually(lambda: leads(second))
    assert works(kube, "ada")
    first.resume()
    assert exit_code(first) == ExitCode.LOST_LEASE
    assert works(kube, "bob")


def test_an_operator_told_to_stop_ends_within_seconds_and_lets_the_lease_go(run_operator: Run, sqlite_url: str) -> None:
    operator = run_operator(sqlite_url, "--lease-seconds=600")
    operator.terminate()
    assert exit_code(operator) == ExitCode.CLEAN
    again = run_operator(sqlite_url, "--lease-seconds=600")
    assert eventually(lambda: leads(again), within=10)


def test_a_standby_ends_when_told_to(pair: tuple[OperatorProcess, OperatorProcess]) -> None:
    _, second = pair
    second.terminate()
    assert exit_code(second) == ExitCode.CLEAN


def test_operators_of_different_namespaces_do_not_wait_for_each_other(
    run_operator: Run, sqlite_url: str, tmp_path: Path
) -> None:
    first = run_operator(sqlite_url)
    second = run_operator(f"sqlite:///{tmp_path}/other.db", "--namespace-scope=default")
    assert eventually(lambda: leads(first) and leads(second))
