"""Log-ins by a directory, whose Secrets the runtime API gets from the API server (NR-12)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tenantry.domain.client import Scope
from tenantry.services.clients import create_client
from tests.e2e.conftest import Site, user
from tests.support.eventually import eventually
from tests.support.kube import Object
from tests.support.serving import RuntimeApiProcess
from tests.support.slapd import SEARCHER_PASSWORD, Slapd, slapd

__all__ = ["slapd"]
_RBAC = "rbac.authorization.k8s.io"
_NAME = "runtime-api"


def _secret(password: str, authority: str) -> Object:
    values = {"password": password, "ca.crt": authority}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "directory"}, "stringData": values}


class Desk:
    """The log-in of a workgroup whose passwords are in a directory, by a runtime API that may get one Secret."""

    def __init__(self, site: Site, serving: RuntimeApiProcess) -> None:
        self.site, self._serving = site, serving
        self._token = create_client(site.store, site.namespace, "portal", [Scope.SESSIONS], datetime.now(UTC))

    def log_in(self, password: str) -> Any:
        """Give the login of the one who got in, or why nobody did."""
        body = {"workgroup": "partners", "userName": "ada", "password": password}
        status, answer = self._serving.call("POST", f"{self.site.namespace}/sessions", self._token, body)
        return answer["session"]["userName"] if status == 201 else answer["reason"]


def _kubeconfig(site: Site, folder: Path) -> Path:
    """Make a service account that may get the directory's Secret, and nothing else."""
    of_rbac = {"apiVersion": f"{_RBAC}/v1", "metadata": {"name": _NAME}}
    rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["directory"], "verbs": ["get"]}
    subject = {"kind": "ServiceAccount", "name": _NAME, "namespace": site.namespace}
    role = {"apiGroup": _RBAC, "kind": "Role", "name": _NAME}
    site.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _NAME}},
        {**of_rbac, "kind": "Role", "rules": [rule]},
        {**of_rbac, "kind": "RoleBinding", "roleRef": role, "subjects": [subject]},
    )
    document = json.loads(site.cluster.kubeconfig.read_text())
    document["users"][0]["user"] = {"token": site.kubectl("create", "token", _NAME).strip()}
    path = folder / "kubeconfig"
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def desk(site: Site, slapd: Slapd, module_store: str, tmp_path: Path) -> Iterator[Desk]:
    policy = {"authentication": slapd.policy()}
    partners = {"apiVersion": "tenantry.dev/v1alpha1", "kind": "Workgroup", "metadata": {"name": "partners"}}
    site.apply({**partners, "spec": policy}, user("ada", "partners"))
    site.becomes("ada", "Provisioned")
    with RuntimeApiProcess(tmp_path, module_store, f"--kubeconfig={_kubeconfig(site, tmp_path)}") as serving:
        yield Desk(site, serving)


def test_nr_12_the_runtime_api_gets_the_directorys_secret_from_the_cluster(desk: Desk, slapd: Slapd) -> None:
    assert desk.log_in("teal-otter") == "DirectoryUnavailable"  # there is no Secret yet
    desk.site.apply(_secret(SEARCHER_PASSWORD, slapd.authority))
    assert desk.log_in("teal-otter") == "ada"
    assert desk.log_in("tin-bridge") == "InvalidCredentials"
    desk.site.apply(_secret("another by now", slapd.authority))
    assert desk.log_in("teal-otter") == "ada"  # what was read a moment ago serves for a while


def test_nr_12_a_secret_that_does_not_serve_is_read_again(desk: Desk, slapd: Slapd) -> None:
    desk.site.apply(_secret("not it", slapd.stranger))
    assert desk.log_in("teal-otter") == "DirectoryUnavailable"
    desk.site.apply(_secret(SEARCHER_PASSWORD, slapd.authority))
    assert eventually(lambda: desk.log_in("teal-otter") == "ada")
