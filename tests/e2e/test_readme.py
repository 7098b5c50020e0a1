"""The README, followed from the first command to the last."""

from pathlib import Path

from tests.e2e.conftest import Site
from tests.support.pages import commands, follow, untold
from tests.support.serving import RuntimeApiProcess


def test_the_first_ten_minutes_end(site: Site, tmp_path: Path) -> None:
    lines = [line.replace("default", site.namespace) for line in commands("README.md", "## The first ten minutes")]
    kubectl = f'kubectl() {{ "{site.cluster.kubectl_path}" -n {site.namespace} "$@"; }}'
    with RuntimeApiProcess(tmp_path, site.store_url) as api:
        known = {"TENANTRY_STORE_URL": site.store_url, "TENANTRY_API": api.url}
        failed = follow(lines, tmp_path, prelude=kubectl, **site.cluster.environment, **known)
    assert failed == {"tenantry validate examples/quickstart": 1}
    assert untold("README.md", "### Who may log in", (tmp_path / "output").read_text()) == []
    assert sum("SessionStarted" in str(record) for record in site.export_audit()) == 1  # the second one was denied
    assert not any(site.kube.items(kind) for kind in ("User", "Workgroup", "LicensePool"))


def test_what_needs_no_cluster_does_what_it_says(tmp_path: Path) -> None:
    lines = commands("README.md", "## Without a cluster, and in a pipeline")
    assert follow(lines, tmp_path) == {
        "tenantry plan examples/netresults-tracker -n desk": 2,
        "tenantry users delete jonas -n desk --yes": 1,
    }
