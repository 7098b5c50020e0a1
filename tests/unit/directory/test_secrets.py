"""Where the Secrets of a log-in by directory come from, and how long they are kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tenantry.controllers.secret_source import ClusterSecrets
from tenantry.directory.secrets import KeptSecrets, MountedSecrets
from tenantry.errors import SecretUnavailable
from tenantry.specs.base import SecretKeyRef

REF = SecretKeyRef(name="directory", key="password")


@dataclass
class Shelf:
    """Gives one value, and counts how often."""

    value: str | None = "one"
    reads: list[str] = field(default_factory=list)

    def read(self, namespace: str, ref: SecretKeyRef) -> str:
        self.reads.append(f"{namespace}/{ref.name}/{ref.key}")
        if self.value is None:
            raise SecretUnavailable("gone")
        return self.value


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_mounted_secret_is_a_file_without_the_line_break_at_its_end(tmp_path: Path) -> None:
    folder = tmp_path / "acme" / "directory"
    folder.mkdir(parents=True)
    (folder / "password").write_text("quiet lantern\n")
    assert MountedSecrets(tmp_path).read("acme", REF) == "quiet lantern"


def _nothing(_: Path) -> None:
    """Leave the folder as it is."""


def _folder(key: Path) -> None:
    key.mkdir(parents=True)


def _bytes(key: Path) -> None:
    key.parent.mkdir(parents=True)
    key.write_bytes(b"\xff\xfe")


@pytest.mark.parametrize("make", [_nothing, _folder, _bytes])
def test_a_secret_that_is_not_there_is_told_by_its_name(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "acme" / "directory" / "password")
    with pytest.raises(SecretUnavailable, match='Secret "directory" of acme: no readable file for key "password"'):
        MountedSecrets(tmp_path).read("acme", REF)


def test_a_value_is_kept_for_a_minute_and_no_longer() -> None:
    shelf, clock = Shelf(), Clock()
    kept = KeptSecrets(shelf, clock)
    assert kept.read("acme", REF) == "one"
    shelf.value, clock.now = "two", 59.0
    assert kept.read("acme", REF) == "one"
    clock.now = 60.0
    assert kept.read("acme", REF) == "two"


def test_a_doubted_value_is_read_again_but_not_with_each_doubt() -> None:
    shelf, clock = Shelf(), Clock()
    kept = KeptSecrets(shelf, clock)
    kept.read("acme", REF)
    shelf.value, clock.now = "two", 1.0
    assert kept.read("acme", REF, doubted=True) == "one"
    clock.now = 2.0
    assert kept.read("acme", REF, doubted=True) == "two"
    assert kept.read("acme", REF, doubted=True) == "two"
    assert len(shelf.reads) == 2


def test_a_secret_that_went_is_not_used_from_memory() -> None:
    shelf, clock = Shelf(), Clock()
    kept = KeptSecrets(shelf, clock)
    kept.read("acme", REF)
    shelf.value, clock.now = None, 60.0
    with pytest.raises(SecretUnavailable):
        kept.read("acme", REF)


def test_tenants_do_not_see_each_others_secrets() -> None:
    shelf = Shelf()
    kept = KeptSecrets(shelf, Clock())
    kept.read("acme", REF)
    kept.read("globex", REF)
    assert shelf.reads == ["acme/directory/password", "globex/directory/password"]


def test_without_a_cluster_the_secret_cannot_be_read_and_the_log_is_told_why(tmp_path: Path) -> None:
    with pytest.raises(SecretUnavailable, match='Secret "directory" of acme cannot be read: no kubeconfig at'):
        ClusterSecrets(tmp_path / "none").read("acme", REF)
