"""What hack/demo.py says when something is not as usual; what it shows is for the end-to-end tests."""

import subprocess
import sys
from pathlib import Path

from controlplane import CONTROL_PLANE, HELM

DEMO = Path(__file__).resolve().parents[2] / "hack" / "demo.py"


def demo(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run([sys.executable, DEMO, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_kubeconfig_that_is_not_there_is_told_and_nothing_starts(tmp_path: Path) -> None:
    code, said = demo("show", "--kubeconfig", tmp_path / "none", "--dir", tmp_path / "demo")
    assert code == 2
    assert f"there is no file {tmp_path / 'none'}; name the kubeconfig of your cluster" in said
    assert "Traceback" not in said
    assert not (tmp_path / "demo").exists()


def test_down_says_when_there_is_nothing_to_stop(tmp_path: Path) -> None:
    code, said = demo("down", "--dir", tmp_path / "up")
    assert (code, said) == (0, f"Nothing was running, and nothing is removed: there is no {tmp_path / 'up'}.\n")


def test_down_says_what_it_removes_and_what_stays_in_a_cluster_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "up"
    folder.mkdir()
    (folder / "store.db").touch()
    code, said = demo("down", "--dir", folder)
    assert code == 0
    assert f"Nothing was running; {folder} is removed: the store with all accounts." in said
    assert "stay in your cluster" in said
    assert not folder.exists()


def test_up_names_the_log_and_says_when_it_was_up_already(tmp_path: Path) -> None:
    folder = tmp_path / "up"
    try:
        first, again = demo("up", "--dir", folder), demo("up", "--dir", folder)
    finally:
        down = demo("down", "--dir", folder)
    assert (first[0], again[0], down[0]) == (0, 0, 0), first[1]
    assert f"Tenantry is running; its log: {folder / 'operator.log'}" in first[1]
    assert f"Tenantry was running already; its log: {folder / 'operator.log'}" in again[1]
    assert f"Stopped; {folder} is removed: the cluster with all its objects, and the store" in down[1]


def test_each_program_that_is_built_says_how_long_that_takes() -> None:
    assert all(toolset.usual.keys() == toolset.packages.keys() for toolset in (CONTROL_PLANE, HELM))
