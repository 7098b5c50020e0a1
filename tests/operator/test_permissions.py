"""Who may do what, as the API server decides it."""

from functools import partial

import pytest

from controlplane import Cluster
from controlplane.cluster import OPERATOR_ACCOUNT
from tests.support.eventually import eventually
from tests.support.kube import Kube

ALL = ("users", "workgroups", "licensepools", "projectmembers")
PEOPLE = ("users", "workgroups", "projectmembers")
WRITES = ("create", "update", "patch", "delete")


def allowed(cluster: Cluster, namespace: str, account: str, verb: str, resource: str, name: str = "") -> bool:
    kind, _, subresource = resource.partition("/")
    flags = [f"--subresource={subresource}"] if subresource else []
    asked = f"{kind}/{name}" if name else kind
    said = cluster.kubectl("auth", "can-i", verb, asked, *flags, "-n", namespace, "--as", account, check=False)
    return said.startswith("yes")


def bind(kube: Kube, account: str, role: str, kind: str = "ClusterRole") -> None:
    kube.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": f"{account}-{role}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": account}],
        }
    )


def test_th_07_only_the_subscription_owner_changes_what_was_bought(
    cluster: Cluster, kube: Kube, namespace: str
) -> None:
    bind(kube, "buyer", "tenantry-subscription-owner")
    for administrator in ("admin", "edit"):
        bind(kube, f"an-{administrator}", administrator)
        eventually(partial(allowed, cluster, namespace, f"an-{administrator}", "create", "users.tenantry.dev"))
        assert not any(
            allowed(cluster, namespace, f"an-{administrator}", verb, "licensepools.tenantry.dev") for verb in WRITES
        )
        assert allowed(cluster, namespace, f"an-{administrator}", "get", "licensepools.tenantry.dev")
    assert all(allowed(cluster, namespace, "buyer", verb, "licensepools.tenantry.dev") for verb in WRITES)
    assert not allowed(cluster, namespace, "buyer", "create", "users.tenantry.dev")


@pytest.mark.parametrize("resource", ALL)
def test_who_views_a_namespace_views_its_accounts(cluster: Cluster, kube: Kube, namespace: str, resource: str) -> None:
    bind(kube, "a-viewer", "view")
    eventually(lambda: allowed(cluster, namespace, "a-viewer", "get", f"{resource}.tenantry.dev"))
    assert not any(allowed(cluster, namespace, "a-viewer", verb, f"{resource}.tenantry.dev") for verb in WRITES)


@pytest.mark.parametrize(
    ("verbs", "resource"),
    [
        *((["get", "list", "watch", "patch"], f"{resource}.tenantry.dev") for resource in ALL),
        *((["patch"], f"{resource}.tenantry.dev/status") for resource in ALL),
        (["get"], "secrets"),
        (["get", "list", "watch"], "namespaces"),
        ([], "configmaps"),
        ([], "events"),
        ([], "leases.coordination.k8s.io"),
    ],
)
def test_the_operator_may_do_what_it_does_and_no_more(
    cluster: Cluster, namespace: str, verbs: list[str], resource: str
) -> None:
    asked = ("get", "list", "watch", *WRITES)
    assert [verb for verb in asked if allowed(cluster, namespace, OPERATOR_ACCOUNT, verb, resource)] == verbs


def test_the_operator_holds_its_own_lease_and_no_other(cluster: Cluster, kube: Kube) -> None:
    bind(kube.within("tenantry-system"), "a-holder", "tenantry-lease", "Role")
    asked = ("get", "list", "watch", *WRITES)

    def verbs(lease: str) -> list[str]:
        able = partial(allowed, cluster, "tenantry-system", "a-holder", name=lease)
        return [verb for verb in asked if able(verb, "leases.coordination.k8s.io")]

    assert eventually(lambda: verbs("tenantry") == ["get", "create", "update"])
    assert verbs("another") == verbs("") == ["create"]
