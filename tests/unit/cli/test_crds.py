"""`tenantry crds` prints, writes and checks the CRDs."""

from pathlib import Path

import yaml

from tests.support.commands import tenantry

NAMES = ["licensepools.yaml", "projectmembers.yaml", "users.yaml", "workgroups.yaml"]


def test_prints_all_four() -> None:
    found = [crd["spec"]["names"]["plural"] for crd in yaml.safe_load_all(tenantry("crds").out)]
    assert sorted(f"{plural}.yaml" for plural in found) == NAMES


def test_writes_what_is_stale_and_then_finds_nothing_to_do(tmp_path: Path) -> None:
    target = tmp_path / "crds"
    assert sorted(tenantry("crds", "--write", target).lines) == [f"{target / name}: written" for name in NAMES]
    assert tenantry("crds", "--write", target).out == ""
    assert tenantry("crds", "--check", target).code == 0


def test_names_stale_files_and_changes_nothing(tmp_path: Path) -> None:
    tenantry("crds", "--write", tmp_path)
    (tmp_path / "users.yaml").write_text("kind: Old\n")
    (tmp_path / "workgroups.yaml").unlink()
    done = tenantry("crds", "--check", tmp_path)
    assert done.code == 1
    assert done.err.splitlines() == [
        f"{tmp_path / name}: is stale; run: tenantry crds --write {tmp_path}"
        for name in ("users.yaml", "workgroups.yaml")
    ]
    assert (tmp_path / "users.yaml").read_text() == "kind: Old\n"


def test_writing_and_checking_exclude_each_other(tmp_path: Path) -> None:
    assert tenantry("crds", "--write", tmp_path, "--check", tmp_path).code == 2
