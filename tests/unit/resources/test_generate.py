from pathlib import Path

import pytest
import yaml

from tenantry.resources.crd import all_definitions
from tenantry.resources.generate import render_crds, stale_crds, write_crds

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("folder", ["crds", "helm/tenantry/files/crds"])
def test_what_is_checked_in_is_what_the_models_say(folder: str) -> None:
    assert stale_crds(ROOT / folder) == []


def test_the_text_reads_back_as_the_definition() -> None:
    read = {name: yaml.safe_load(text) for name, text in render_crds().items()}
    assert read == {f"{plural}.yaml": definition for plural, definition in all_definitions().items()}


def test_each_file_says_that_it_is_generated() -> None:
    assert all(text.startswith("# Generated from") for text in render_crds().values())


def test_written_files_are_fresh_and_foreign_ones_stay(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: []\n")
    assert write_crds(tmp_path) == sorted(render_crds())
    assert stale_crds(tmp_path) == []
    assert (tmp_path / "kustomization.yaml").exists()


def test_an_edited_a_missing_and_a_former_file_are_stale(tmp_path: Path) -> None:
    write_crds(tmp_path)
    (tmp_path / "users.yaml").write_text("edited")
    (tmp_path / "licensepools.yaml").unlink()
    (tmp_path / "teams.yaml").write_text(render_crds()["users.yaml"])
    assert stale_crds(tmp_path) == ["licensepools.yaml", "teams.yaml", "users.yaml"]
    write_crds(tmp_path)
    assert not (tmp_path / "teams.yaml").exists()


def test_a_folder_that_is_not_there_lacks_everything(tmp_path: Path) -> None:
    assert stale_crds(tmp_path / "nowhere") == sorted(render_crds())
