"""An operator that is given the key signs what it writes; one that cannot read it does not start."""

from collections.abc import Callable
from pathlib import Path

from tenantry.app import ExitCode, run_operator
from tenantry.settings import Settings
from tests.support.commands import tenantry
from tests.support.eventually import eventually
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess


def test_the_operator_signs_with_the_key(
    run_operator: Callable[..., OperatorProcess], kube: Kube, sqlite_url: str, tmp_path: Path
) -> None:
    key = tmp_path / "audit.key"
    key.write_text("a key\n")
    run_operator(sqlite_url, environment={"TENANTRY_AUDIT_KEY_FILE": str(key)})
    body = {"apiVersion": "tenantry.dev/v1alpha1", "kind": "LicensePool", "metadata": {"name": "seats"}, "spec": {}}
    kube.create(body)
    options = ("-o", "json", "--store-url", sqlite_url, "--audit-key-file", key)
    verdicts = eventually(lambda: tenantry("audit", "verify", *options).data)
    assert [(v["tenant"], v["signed"], v["fault"]) for v in verdicts] == [(kube.namespace, True, None)]


def test_without_its_key_the_operator_does_not_start(tmp_path: Path) -> None:
    assert run_operator(Settings(audit_key_file=tmp_path / "none")) == ExitCode.FAILED
