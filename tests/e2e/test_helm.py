"""The chart renders what the manifests say, and an API server takes it."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlplane import HELM, Cluster
from tenantry.runtime_api.server import OPTIONS

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "tenantry"
NAMESPACE = "tenantry-system"
#: What a chart adds to the objects, and the manifests do not have.
_HELM_LABELS = ("app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart")
_HELM_ANNOTATIONS = ("helm.sh/resource-policy",)
#: Who installs a chart makes its namespace (`helm install --create-namespace`).
_NOT_IN_CHART = {("Namespace", NAMESPACE)}

Manifest = dict[str, Any]
Key = tuple[str, str]


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HELM.path("helm"), *arguments], capture_output=True, text=True, check=False)


def rendered(*flags: str) -> str:
    done = helm("template", "tenantry", CHART, "--namespace", NAMESPACE, *flags)
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_key(text: str) -> dict[Key, Manifest]:
    manifests = [_plain(manifest) for manifest in yaml.safe_load_all(text) if manifest]
    found = {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in manifests}
    assert len(found) == len(manifests)
    return found


def _plain(manifest: Manifest) -> Manifest:
    """Take away what only charts have, and the name label, which the CRDs go without."""
    metadata = manifest["metadata"]
    for field, added in (("labels", _HELM_LABELS), ("annotations", _HELM_ANNOTATIONS)):
        left = {name: value for name, value in metadata.pop(field, {}).items() if name not in added}
        metadata |= {field: left} if left else {}
    return manifest


@cache
def from_chart() -> dict[Key, Manifest]:
    return by_key(rendered())


@pytest.fixture(scope="module")
def from_manifests(cluster: Cluster) -> dict[Key, Manifest]:
    return by_key(cluster.kubectl("kustomize", ROOT / "manifests"))


def test_the_chart_has_no_fault_that_lint_finds() -> None:
    done = helm("lint", "--strict", CHART)
    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout


def test_the_chart_has_the_objects_of_the_manifests_and_no_others(from_manifests: dict[Key, Manifest]) -> None:
    assert from_chart().keys() == from_manifests.keys() - _NOT_IN_CHART


def test_an_object_of_the_chart_is_that_of_the_manifests(from_manifests: dict[Key, Manifest]) -> None:
    for key, manifest in from_chart().items():
        assert manifest == from_manifests[key], key


def test_an_api_server_takes_every_object_of_the_chart(cluster: Cluster) -> None:
    said = cluster.kubectl(
        "apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-", stdin=rendered()
    )
    assert len(said.splitlines()) == len(from_chart())


def test_an_api_server_takes_every_object_of_the_manifests(
    cluster: Cluster, from_manifests: dict[Key, Manifest]
) -> None:
    said = cluster.kubectl("apply", "--server-side", "--dry-run=server", "-k", ROOT / "manifests")
    assert len(said.splitlines()) == len(from_manifests)


@pytest.mark.parametrize(
    ("switch", "kinds"),
    [
        ("crds.install", {"CustomResourceDefinition"}),
        ("admissionPolicy.create", {"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"}),
    ],
)
def test_what_a_value_switches_off_is_not_there(switch: str, kinds: set[str]) -> None:
    without = by_key(rendered("--set", f"{switch}=false"))
    gone = from_chart().keys() - without.keys()
    assert {kind for kind, _ in gone} == kinds


def test_the_roles_for_people_can_be_left_to_others() -> None:
    gone = from_chart().keys() - by_key(rendered("--set", "peopleRoles.create=false")).keys()
    assert gone == {
        ("ClusterRole", "tenantry-viewer"),
        ("ClusterRole", "tenantry-editor"),
        ("ClusterRole", "tenantry-subscription-owner"),
    }


def test_values_reach_the_pod_and_its_volume() -> None:
    flags = ["image.repository=registry/tenantry", "image.tag=1.2.3", "store.size=5Gi", "store.storageClassName=fast"]
    found = by_key(rendered(*(part for flag in flags for part in ("--set", flag)), "--set", "extraArgs={--debug}"))
    container = found["Deployment", "tenantry"]["spec"]["template"]["spec"]["containers"][0]
    volume = found["PersistentVolumeClaim", "tenantry-store"]["spec"]
    assert container["image"] == "registry/tenantry:1.2.3"
    assert container["args"][-1] == "--debug"
    assert (volume["storageClassName"], volume["resources"]["requests"]["storage"]) == ("fast", "5Gi")


def test_with_postgresql_there_is_no_volume_and_no_password_in_sight() -> None:
    found = by_key(rendered("--set", "store.urlSecret.name=database", "--set", "replicas=2"))
    deployment = found["Deployment", "tenantry"]["spec"]
    container = deployment["template"]["spec"]["containers"][0]
    source = {"secretKeyRef": {"name": "database", "key": "url"}}
    assert ("PersistentVolumeClaim", "tenantry-store") not in found
    assert {"name": "TENANTRY_STORE_URL", "valueFrom": source} in container["env"]
    assert not any(argument.startswith("--store-url") for argument in container["args"])
    assert [volume["name"] for volume in deployment["template"]["spec"]["volumes"]] == ["tmp", "cluster"]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (2, "RollingUpdate")


_POSTGRES = ("--set", "store.urlSecret.name=database")


def test_on_sqlite_the_runtime_api_is_in_the_operators_pod_and_on_postgresql_in_pods_of_its_own() -> None:
    alone = ("Deployment", "tenantry-runtime-api")
    together, apart = from_chart(), by_key(rendered(*_POSTGRES, "--set", "serve.replicas=3"))
    assert alone not in together
    assert _containers(together["Deployment", "tenantry"]) == ["operator", "runtime-api"]
    assert _containers(apart["Deployment", "tenantry"]) == ["operator"]
    assert _containers(apart[alone]) == ["runtime-api"]
    assert apart[alone]["spec"]["replicas"] == 3
    assert ("PodDisruptionBudget", "tenantry-runtime-api") in apart
    for found, name in ((together, "tenantry"), (apart, "tenantry-runtime-api")):
        selector = found["Service", "tenantry-runtime-api"]["spec"]["selector"]
        assert selector == found["Deployment", name]["spec"]["template"]["metadata"]["labels"]


def _containers(deployment: Manifest) -> list[str]:
    return [container["name"] for container in deployment["spec"]["template"]["spec"]["containers"]]


def test_the_runtime_api_has_no_right_in_the_cluster_but_to_read_secrets_where_that_is_asked_for() -> None:
    account = {"kind": "ServiceAccount", "name": "tenantry-runtime-api", "namespace": NAMESPACE}
    plain, reading = (by_key(rendered(*_POSTGRES, "--set", f"serve.readSecrets={v}")) for v in ("false", "true"))
    assert not [m for m in plain.values() if account in m.get("subjects", [])]
    assert [m["roleRef"]["name"] for m in reading.values() if account in m.get("subjects", [])] == [account["name"]]
    rules = reading["ClusterRole", "tenantry-runtime-api"]["rules"]
    assert rules == [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    for found, mounted in ((plain, False), (reading, True)):
        pod = found["Deployment", "tenantry-runtime-api"]["spec"]["template"]["spec"]
        assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == (account["name"], mounted)


@pytest.mark.parametrize("reading", [False, True])
def test_in_the_operators_pod_only_who_needs_it_has_the_token_of_the_service_account(*, reading: bool) -> None:
    found = by_key(rendered("--set", f"serve.readSecrets={str(reading).lower()}"))
    pod = found["Deployment", "tenantry"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    (token,) = (v["name"] for v in pod["volumes"] if "serviceAccountToken" in str(v))
    having = [c["name"] for c in pod["containers"] if token in {mount["name"] for mount in c["volumeMounts"]}]
    assert having == ["operator", *(["runtime-api"] if reading else [])]


def test_a_replica_that_is_told_to_stop_answers_until_nobody_is_sent_to_it() -> None:
    pod = by_key(rendered(*_POSTGRES))["Deployment", "tenantry-runtime-api"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pause + OPTIONS["timeout_graceful_shutdown"] + 40 <= pod["terminationGracePeriodSeconds"]


def test_the_runtime_api_is_told_how_it_is_reached() -> None:
    told = by_key(rendered(*_POSTGRES, "--set", "serve.publicURL=https://accounts.acme.example"))
    (container,) = told["Deployment", "tenantry-runtime-api"]["spec"]["template"]["spec"]["containers"]
    assert "--public-url=https://accounts.acme.example" in container["args"]
    assert "--public-url" not in rendered(*_POSTGRES)


def test_without_the_runtime_api_nothing_of_it_is_there() -> None:
    for store in ((), _POSTGRES):
        found = by_key(rendered(*store, "--set", "serve.enabled=false"))
        assert not [key for key in found if "runtime-api" in key[1]]
        assert _containers(found["Deployment", "tenantry"]) == ["operator"]


def test_applications_come_in_by_the_named_port_and_metrics_stay_out_of_the_service() -> None:
    ports = from_chart()["Service", "tenantry-runtime-api"]["spec"]["ports"]
    assert [port["targetPort"] for port in ports] == ["runtime-api"]


@pytest.mark.parametrize("store", [(), _POSTGRES], ids=["sqlite", "postgresql"])
def test_an_api_server_takes_the_runtime_api_with_all_that_it_can_have(
    cluster: Cluster, store: tuple[str, ...]
) -> None:
    flags = ("serve.readSecrets=true", "serve.tlsSecretName=tls", "serve.allowFrom[0].podSelector.matchLabels.a=b")
    text = rendered(*store, *(part for flag in flags for part in ("--set", flag)))
    said = cluster.kubectl("apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-", stdin=text)
    found = by_key(text)
    assert len(said.splitlines()) == len(found)
    assert ("NetworkPolicy", "tenantry-runtime-api") in found
    owner = found["Deployment", "tenantry-runtime-api" if store else "tenantry"]["spec"]["template"]["spec"]
    (container,) = (each for each in owner["containers"] if each["name"] == "runtime-api")
    assert container["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert "--certificate=/etc/tenantry/tls/tls.crt" in container["args"]
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts <= {volume["name"] for volume in owner["volumes"]}


def test_the_lease_that_the_pod_asks_for_is_the_one_that_it_may_hold() -> None:
    found = by_key(rendered("--namespace", "elsewhere"))
    container = found["Deployment", "tenantry"]["spec"]["template"]["spec"]["containers"][0]
    given = {variable["name"]: variable for variable in container["env"]}
    role = found["Role", "tenantry-lease"]
    named = [rule["resourceNames"] for rule in role["rules"] if rule["verbs"] != ["create"]]
    assert named == [[given["TENANTRY_LEASE_NAME"]["value"]]]
    assert role["metadata"]["namespace"] == "elsewhere"
    assert given["TENANTRY_LEASE_NAMESPACE"]["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}


def test_sqlite_carries_one_operator_only() -> None:
    done = helm("template", "tenantry", CHART, "--set", "replicas=2")
    assert done.returncode != 0
    assert "SQLite carries one operator" in done.stderr


def test_a_misspelled_value_is_refused() -> None:
    done = helm("template", "tenantry", CHART, "--set", "image.tagg=1")
    assert done.returncode != 0
    assert "additional properties 'tagg' not allowed" in done.stderr


def test_the_store_and_the_kinds_outlive_the_release() -> None:
    kept = [manifest for manifest in yaml.safe_load_all(rendered()) if _is_kept(manifest)]
    kinds = [manifest["kind"] for manifest in kept]
    assert sorted(kinds) == ["CustomResourceDefinition"] * 4 + ["PersistentVolumeClaim"]


def _is_kept(manifest: Manifest) -> bool:
    annotations = manifest["metadata"].get("annotations", {})
    return bool(annotations.get("helm.sh/resource-policy") == "keep")
