"""The README, followed from the first command to the last."""

from pathlib import Path

from tests.e2e.conftest import Site
from tests.support.pages import commands, follow


def test_the_first_ten_minutes_end(site: Site, tmp_path: Path) -> None:
    lines = commands("README.md", "## The first ten minutes")
    kubectl = f'kubectl() {{ "{site.cluster.kubectl_path}" -n {site.namespace} "$@"; }}'
    failed = follow(lines, tmp_path, prelude=kubectl, **site.cluster.environment, TENANTRY_STORE_URL=site.store_url)
    assert failed == {"tenantry validate examples/quickstart": 1}
    assert not any(site.kube.items(kind) for kind in ("User", "Workgroup", "LicensePool"))


def test_what_needs_no_cluster_does_what_it_says(tmp_path: Path) -> None:
    lines = commands("README.md", "## Without a cluster, and in a pipeline")
    assert follow(lines, tmp_path) == {
        "tenantry plan examples/netresults-tracker -n desk": 2,
        "tenantry users delete jonas -n desk --yes": 1,
    }
