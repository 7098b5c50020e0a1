"""Which files a path means, and in which order."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tenantry.errors import InputError

STDIN = "-"
KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


@dataclass(frozen=True, slots=True)
class Source:
    """A file by the name that messages give it; ``path`` is None for standard input."""

    name: str
    path: Path | None

    def read(self) -> str:
        """Return the text.

        Raises:
            InputError: it cannot be read, or is no UTF-8.
        """
        try:
            data = self.path.read_bytes() if self.path is not None else sys.stdin.buffer.read()
            return data.decode("utf-8-sig")
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise InputError(f"is not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def find_sources(paths: Iterable[str]) -> list[Source]:
    """Return the files of these paths in order, each once; folders are searched.

    Raises:
        InputError: a folder has no file to check.
    """
    found: dict[Path | None, Source] = {}
    for path in paths:
        for source in _sources(path):
            found.setdefault(source.path.resolve() if source.path is not None else None, source)
    return list(found.values())


def _sources(path: str) -> list[Source]:
    if path == STDIN:
        return [Source("<stdin>", None)]
    if not Path(path).is_dir():
        return [Source(path, Path(path))]
    try:
        below = [Source(str(file), file) for file in _walk(Path(path))]
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be searched: {error.strerror}") from error
    if not below:
        raise InputError(f"{path}: there is no file that ends in .yaml, .yml or .json")
    return below


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder: those that its kustomization names in its order, then the others by name.

    Arrival decides who gets the last seat, and what a kustomization names is what gets applied.
    """
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    named = [name for entry in entries if entry.name in KUSTOMIZATIONS for name in _resources(entry)]
    ranks = {(folder / name).resolve(): rank for rank, name in enumerate(named)}
    for entry in sorted(entries, key=lambda e: (ranks.get(e.resolve(), len(ranks)), e.name)):
        if entry.is_dir():
            yield from () if entry.is_symlink() else _walk(entry)  # as kubectl: a link may lead back up
        elif entry.suffix in _SUFFIXES or entry.name in KUSTOMIZATIONS:
            yield entry


def _resources(kustomization: Path) -> list[str]:
    try:
        content = yaml.safe_load(kustomization.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    named = content.get("resources") if isinstance(content, dict) else None
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
