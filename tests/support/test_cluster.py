import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from controlplane import Cluster
from controlplane.service import command_line
from tests.support.audit import mark, writes
from tests.support.eventually import eventually
from tests.support.kube import Kube, KubeError, Object

POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: test-finalizer}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}
  matchConditions:
    - {name: asked-for, expression: object.metadata.name.startsWith("held-")}
  failurePolicy: Fail
  reinvocationPolicy: Never
  mutations:
    - patchType: JSONPatch
      jsonPatch:
        expression: '[JSONPatch{op: "add", path: "/metadata/finalizers", value: ["tenantry.dev/test"]}]'
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: test-finalizer}
spec: {policyName: test-finalizer}
"""


def config_map(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "value"}}


def test_client_writes_and_reads(kube: Kube) -> None:
    kube.create(config_map("one"))
    assert kube.patch("ConfigMap", "one", {"data": {"key": "other"}})["data"] == {"key": "other"}
    assert kube.apply(config_map("one"))["data"] == {"key": "value"}
    assert [found["metadata"]["name"] for found in kube.items("ConfigMap")] == ["one"]
    kube.delete("ConfigMap", "one")
    assert kube.find("ConfigMap", "one") is None


def test_refusal_has_the_servers_words(kube: Kube) -> None:
    with pytest.raises(KubeError, match="422 Invalid") as refused:
        kube.create(config_map("Not A Name"))
    assert refused.value.reason == "Invalid"


def test_admission_policy_adds_a_finalizer_to_a_new_object(cluster: Cluster, kube: Kube) -> None:
    cluster.kubectl("apply", "-f", "-", stdin=POLICY)

    def finalizers() -> object:
        return kube.create(config_map("held-probe"), dry_run=True)["metadata"].get("finalizers")

    assert eventually(finalizers) == ["tenantry.dev/test"]
    cluster.kubectl("delete", "-f", "-", stdin=POLICY)


def test_operator_account_has_no_rights_of_its_own(cluster: Cluster, kube: Kube) -> None:
    with pytest.raises(KubeError, match="403 Forbidden"):
        Kube.of(cluster, kube.namespace, token="operator").create(config_map("one"))


def test_audit_log_tells_who_wrote(cluster: Cluster, kube: Kube) -> None:
    before = mark(cluster.audit_log)
    kube.create(config_map("one"))
    found = eventually(lambda: [w for w in writes(cluster.audit_log, before, user="admin") if w.name == "one"])
    assert [(write.verb, write.resource, write.status) for write in found] == [("create", "configmaps", 201)]


def test_outage_keeps_what_was_written(own_cluster: Cluster) -> None:
    kube = Kube.of(own_cluster)
    kube.create(config_map("one"))
    with own_cluster.outage():
        assert not own_cluster.ready()
    assert kube.get("ConfigMap", "one")["data"] == {"key": "value"}


def test_namespace_deletion_ends(cluster: Cluster, kube: Kube) -> None:
    cluster.kubectl("create", "namespace", f"{kube.namespace}-gone")
    kube.delete("Namespace", f"{kube.namespace}-gone")
    eventually(lambda: kube.find("Namespace", f"{kube.namespace}-gone") is None)


def test_no_process_outlives_the_one_that_started_the_cluster(tmp_path: Path) -> None:
    script = "import sys, time; from pathlib import Path; from controlplane import Cluster\n"
    script += "Cluster(Path(sys.argv[1])).start(); print('up', flush=True); time.sleep(600)"
    environment = {**os.environ, "PYTHONPATH": "hack"}
    with subprocess.Popen([sys.executable, "-c", script, tmp_path], env=environment, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        pids = [int(file.read_text()) for file in tmp_path.glob("*.pid")]
        assert len(pids) == 3
        starter.send_signal(signal.SIGKILL)
    eventually(lambda: not any(map(command_line, pids)), within=5)
