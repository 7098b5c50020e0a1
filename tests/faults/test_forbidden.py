"""A policy of somebody else denies the operator's writes: it goes on trying, but not without pause (P13)."""

from collections.abc import Callable, Iterator

import pytest

from controlplane import Cluster
from tests.faults.objects import create, is_ready, pool, user, workgroup
from tests.support.audit import mark, writes
from tests.support.eventually import eventually
from tests.support.kube import Kube, KubeError, Object
from tests.support.operator import OperatorProcess

Run = Callable[..., OperatorProcess]
_API = "admissionregistration.k8s.io/v1"


@pytest.fixture
def owner_required(kube: Kube) -> Iterator[Callable[[], None]]:
    """Have it denied to write a User of the test's namespace that has no label."""
    name = f"owner-{kube.namespace}"
    changes = {"apiGroups": ["tenantry.dev"], "apiVersions": ["*"], "operations": ["UPDATE"], "resources": ["users"]}
    rule = {"expression": "has(object.metadata.labels) && 'owner' in object.metadata.labels", "message": "no owner"}
    policy = {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [changes]}, "validations": [rule]}
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": kube.namespace}}}
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": here}

    def bind() -> None:
        for kind, spec in (("ValidatingAdmissionPolicy", policy), ("ValidatingAdmissionPolicyBinding", binding)):
            kube.create({"apiVersion": _API, "kind": kind, "metadata": {"name": name}, "spec": spec})

    yield bind
    for kind in ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"):
        kube.delete(kind, name)


def labeled(body: Object, **labels: str) -> Object:
    body["metadata"]["labels"] = labels
    return body


def _is_denied(kube: Kube, name: str) -> bool:
    try:
        kube.patch("User", name, {"metadata": {"annotations": {"tried": "yes"}}})
    except KubeError:
        return True
    return False


def _refused(cluster: Cluster, since: int, name: str) -> int:
    """Count the writes of a User that were refused to the operator."""
    return sum(write.name == name and write.status == 422 for write in writes(cluster.audit_log, since))


def test_a_finalizer_that_may_not_be_removed_is_tried_ever_more_rarely(
    run_operator: Run, sqlite_url: str, kube: Kube, cluster: Cluster, owner_required: Callable[[], None]
) -> None:
    run_operator(sqlite_url)
    create(kube, [pool(static=9), workgroup(), user("ada")])
    assert eventually(lambda: is_ready(kube, "User", "ada"))
    owner_required()
    assert eventually(lambda: _is_denied(kube, "ada"))
    position = mark(cluster.audit_log)
    kube.delete("User", "ada")
    assert eventually(lambda: _refused(cluster, position, "ada") > 0)
    for name in ("bob", "cora", "dan"):  # the others go on meanwhile
        kube.create(labeled(user(name), owner="me"))
        assert eventually(lambda: is_ready(kube, "User", name))  # noqa: B023 - at once
    assert eventually(lambda: _refused(cluster, position, "ada") > 2)
    assert _refused(cluster, position, "ada") < 10
    kube.patch("User", "ada", {"metadata": {"labels": {"owner": "me"}}})
    assert eventually(lambda: kube.find("User", "ada") is None)
