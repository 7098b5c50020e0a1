"""What the operator needs in a cluster, installed the way a platform engineer does it."""

from pathlib import Path

from controlplane import Cluster
from tests.support.eventually import eventually
from tests.support.kube import Kube, KubeError

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "manifests" / "base"
GROUP = "tenantry.dev"
_KINDS = ("User", "ProjectMember", "Workgroup", "LicensePool")


def install(cluster: Cluster) -> None:
    """Apply the CRDs, the admission policy and the operator's rights, and wait until they are in force."""
    if not (BASE / "kustomization.yaml").exists():
        return
    cluster.kubectl("apply", "--server-side", "-k", BASE)
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
    kube = Kube.of(cluster)
    _allow_any_lease(kube.within("tenantry-system"))
    eventually(lambda: _kinds_are_served(kube))
    if any(GROUP in policy["metadata"]["name"] for policy in kube.items("MutatingAdmissionPolicy")):
        eventually(lambda: _finalizers_are_added(kube))


def _allow_any_lease(kube: Kube) -> None:
    """Operators of several tests run at once, each with a Lease of its own; the Role that is installed names one."""
    group, name = "rbac.authorization.k8s.io", "any-lease"
    rule = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "update"]}
    whole = {"apiVersion": f"{group}/v1", "metadata": {"name": name}}
    kube.apply({**whole, "kind": "Role", "rules": [rule]})
    role, subject = {"apiGroup": group, "kind": "Role", "name": name}, {"kind": "ServiceAccount", "name": "tenantry"}
    kube.apply(
        {**whole, "kind": "RoleBinding", "roleRef": role, "subjects": [{**subject, "namespace": kube.namespace}]}
    )


def _kinds_are_served(kube: Kube) -> bool:
    """An established kind is not at once in discovery, and its first lists are turned away while its cache fills."""
    try:
        return all(isinstance(kube.items(kind), list) for kind in _KINDS)
    except KeyError:
        return False


def _finalizers_are_added(kube: Kube) -> bool:
    """Admission takes a new policy up a moment after it was applied."""
    pool = {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "LicensePool",
        "metadata": {"name": "probe"},
        "spec": {},
    }
    return bool(kube.create(pool, dry_run=True)["metadata"].get("finalizers"))


def remove_objects(kube: Kube) -> None:
    """Delete a test's namespace, also where no operator is left to take its finalizers away."""
    for kind in _KINDS:
        try:
            left = kube.items(kind)
        except KeyError:
            continue
        for found in left:
            _strip(kube, kind, found["metadata"]["name"])
    if kube.find("Namespace", kube.namespace) is not None:
        kube.delete("Namespace", kube.namespace)


def _strip(kube: Kube, kind: str, name: str) -> None:
    try:
        kube.patch(kind, name, {"metadata": {"finalizers": None}})
        kube.delete(kind, name)
    except KubeError as error:
        if error.status != 404:
            raise
