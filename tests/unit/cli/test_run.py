"""`tenantry run` hands its options, and behind them the environment, to the operator."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from tenantry.settings import Settings
from tests.support.commands import tenantry


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """What the operator was started with; it is not really started, and ends with 4."""
    started: list[Settings] = []
    app = ModuleType("tenantry.app")

    def run_operator(settings: Settings) -> int:
        started.append(settings)
        return 4

    app.run_operator = run_operator  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tenantry.app", app)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TENANTRY_{name.upper()}", raising=False)
    return started


def test_options_become_settings_and_the_exit_code_is_the_operators(given: list[Settings]) -> None:
    done = tenantry(
        "run", "--kubeconfig", "k.yaml", "--store-url", "sqlite:///x.db", "--health-port", 0, "--lease-namespace", "ops"
    )
    assert done.code == 4
    (found,) = given
    assert (found.kubeconfig, found.store_url) == (Path("k.yaml"), "sqlite:///x.db")
    assert (found.health_port, found.lease_namespace) == (0, "ops")


@pytest.mark.parametrize("option", ["-n", "--namespace", "--namespace-scope"])
def test_namespaces_can_be_repeated_and_listed(given: list[Settings], option: str) -> None:
    tenantry("run", option, "acme", option, "globex,initech")
    assert given[0].namespace_scope == ("acme", "globex", "initech")


def test_an_option_wins_over_the_environment_and_the_environment_over_the_default(given: list[Settings]) -> None:
    environment = {"TENANTRY_HEALTH_PORT": "9000", "TENANTRY_LOG_LEVEL": "debug", "TENANTRY_NAMESPACE_SCOPE": "acme"}
    tenantry("run", "--health-port", 9001, environment=environment)
    (found,) = given
    assert (found.health_port, found.log_level, found.namespace_scope) == (9001, "debug", ("acme",))
    assert found.log_format == Settings.model_fields["log_format"].default


@pytest.mark.parametrize(
    ("arguments", "environment", "named"),
    [
        (["--health-port", "http"], {}, "--health-port: Input should be a valid integer"),
        (["--log-level", "loud"], {}, "--log-level: Input should be 'debug', 'info', 'warning' or 'error'"),
        (["--namespace", "Not A Name"], {}, "--namespace-scope: "),
        ([], {"TENANTRY_LEASE_SECONDS": "0"}, "TENANTRY_LEASE_SECONDS: Input should be greater than or equal to 1"),
    ],
)
def test_a_value_that_is_none_is_wrong_usage(
    given: list[Settings], arguments: list[str], environment: dict[str, str], named: str
) -> None:
    done = tenantry("run", *arguments, environment=environment)
    assert (done.code, given) == (2, [])
    assert named in done.err
