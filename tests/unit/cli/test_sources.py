"""Which files a path means, and in which order."""

import os
from pathlib import Path
from threading import Thread

import pytest

from tenantry.cli.validation.sources import applied_files, find_sources
from tenantry.errors import InputError


def names(folder: Path, *paths: str) -> list[str]:
    return [str(source.path.relative_to(folder)) for source in find_sources(paths or [str(folder)]) if source.path]


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f"{path.name}.yaml").write_text(text)


def test_folders_are_searched_in_order_of_names_and_hidden_ones_left_out(tmp_path: Path) -> None:
    write(tmp_path, b="", a="", c__d="", **{".git__x": ""})
    (tmp_path / "notes.txt").write_text("")
    assert names(tmp_path) == ["a.yaml", "b.yaml", "c/d.yaml"]


def test_a_link_that_leads_back_up_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, a="", c__d="")
    (tmp_path / "c" / "up").symlink_to(tmp_path)
    assert names(tmp_path) == ["a.yaml", "c/d.yaml"]


def test_what_a_kustomization_names_comes_first_and_in_its_order(tmp_path: Path) -> None:
    write(tmp_path, a="", b="", c__d="", kustomization="resources: [c, b.yaml, 7, https://example.com/x]")
    assert names(tmp_path) == ["c/d.yaml", "b.yaml", "a.yaml", "kustomization.yaml"]


@pytest.mark.parametrize("text", ["resources: {", "[]", "resources: all", "\x00"])
def test_a_kustomization_that_cannot_be_read_orders_nothing(tmp_path: Path, text: str) -> None:
    write(tmp_path, b="", a="", kustomization=text)
    assert names(tmp_path) == ["a.yaml", "b.yaml", "kustomization.yaml"]


def test_a_file_that_two_paths_mean_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, a="", b="")
    assert names(tmp_path, str(tmp_path / "b.yaml"), str(tmp_path)) == ["b.yaml", "a.yaml"]


def test_a_folder_without_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file that ends in \.yaml, \.yml or \.json"):
        find_sources([str(tmp_path)])


def applied(folder: Path, namespace: str = "acme") -> list[str]:
    return [str(path.relative_to(folder)) for path in applied_files(folder, namespace)]


def test_of_a_folder_with_a_kustomization_only_what_it_names_is_applied(tmp_path: Path) -> None:
    write(tmp_path, a="", b="", c__d="", c__e="", kustomization="resources: [c, b.yaml]")
    write(tmp_path, c__kustomization="resources: [e.yaml]")
    assert applied(tmp_path) == ["c/e.yaml", "b.yaml"]


def test_without_a_kustomization_all_is_applied_by_name(tmp_path: Path) -> None:
    write(tmp_path, b="", a="", c__d="", c__e="", c__kustomization="resources: [e.yaml]")
    assert applied(tmp_path) == ["a.yaml", "b.yaml", "c/e.yaml"]


def test_a_kustomization_that_sets_the_namespace_that_was_asked_for_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, a="", kustomization="{namespace: acme, resources: [a.yaml], patches: []}")
    assert applied(tmp_path) == ["a.yaml"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{resources: [a.yaml], namePrefix: x-}", "namePrefix would change what it names"),
        ("{resources: [a.yaml], namespace: other}", "namespace would change what it names"),
        ("{resources: [a.yaml], namespace: acme, patches: [{path: p}]}", "kubectl kustomize .* | tenantry plan -"),
        ("{resources: [a.yaml], bases: [c]}", "bases would change what it names"),
        ("resources: [b.yaml]", "names b.yaml, which is no file or folder here"),
        ("resources: [https://example.com/x]", "names https://example.com/x, which is no file"),
        ("resources: [.]", "is named by one that it names itself"),
        ("resources: []", "names no resources"),
        ("resources: {", "kustomization.yaml:[12]: not YAML"),
    ],
)
def test_a_kustomization_that_cannot_be_followed_is_told(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, a="", kustomization=text)
    with pytest.raises(InputError, match=message):
        applied(tmp_path)


def test_a_text_that_can_be_read_only_once_is_counted_and_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (source,) = find_sources([str(pipe)])
    for data, objects in ((b"a: 1\n---\nb: 2\n", 2), (b"\xff", 0)):
        writer = Thread(target=pipe.write_bytes, args=(data,), daemon=True)
        writer.start()
        assert source.count() == objects
        writer.join()
        if objects:
            assert source.read().encode() == data
        else:
            with pytest.raises(InputError, match="is not UTF-8 text"):
                source.read()
