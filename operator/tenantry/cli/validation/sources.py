"""Which files a path means, and in which order."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tenantry.cli.validation.kustomization import KUSTOMIZATIONS, named_in, named_loosely
from tenantry.errors import InputError

STDIN = "-"
_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


@dataclass(slots=True)
class Source:
    """A file by the name that messages give it; ``path`` is None for standard input."""

    name: str
    path: Path | None
    _known: str | InputError | None = None

    def count(self) -> int:
        """Return about how many objects there are to read. The text is kept for that: a pipe gives it only once."""
        self._known = self._load()
        return 0 if isinstance(self._known, InputError) else self._known.count("\n---") + 1

    def read(self) -> str:
        """Return the text.

        Raises:
            InputError: it cannot be read, or is no UTF-8.
        """
        found, self._known = self._load() if self._known is None else self._known, None
        if isinstance(found, InputError):
            raise found
        return found

    def _load(self) -> str | InputError:
        try:
            data = self.path.read_bytes() if self.path is not None else sys.stdin.buffer.read()
            return data.decode("utf-8-sig")
        except OSError as error:
            return InputError(f"cannot be read: {error.strerror or error}")
        except UnicodeDecodeError as error:
            return InputError(f"is not UTF-8 text (byte {error.start}); save it as UTF-8")


def find_sources(paths: Iterable[str], list_files: Callable[[Path], Iterator[Path]] | None = None) -> list[Source]:
    """Return the files of these paths in order, each once; ``list_files`` says which are those of a folder.

    Raises:
        InputError: a folder has no file to check.
    """
    found: dict[Path | None, Source] = {}
    for path in paths:
        for source in _sources(path, list_files or all_files):
            found.setdefault(source.path.resolve() if source.path is not None else None, source)
    return list(found.values())


def _sources(path: str, list_files: Callable[[Path], Iterator[Path]]) -> list[Source]:
    if path == STDIN:
        return [Source("<stdin>", None)]
    if not Path(path).is_dir():
        return [Source(path, Path(path))]
    try:
        below = [Source(str(file), file) for file in list_files(Path(path))]
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be searched: {error.strerror}") from error
    if not below:
        raise InputError(f"{path}: there is no file that ends in .yaml, .yml or .json")
    return below


def all_files(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder: those that its kustomization names in its order, then the others by name.

    Arrival decides who gets the last seat, and what a kustomization names is what gets applied.
    """
    entries = _entries(folder)
    named = [name for entry in entries if entry.name in KUSTOMIZATIONS for name in named_loosely(entry)]
    ranks = {(folder / name).resolve(): rank for rank, name in enumerate(named)}
    for entry in sorted(entries, key=lambda e: ranks.get(e.resolve(), len(ranks))):
        if entry.is_dir():
            yield from () if entry.is_symlink() else all_files(entry)  # as kubectl: a link may lead back up
        elif entry.suffix in _SUFFIXES or entry.name in KUSTOMIZATIONS:
            yield entry


def applied_files(folder: Path, namespace: str, around: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Yield what kubectl applies: where there is a kustomization what it names, in its order, else all by name.

    Raises:
        InputError: a kustomization changes what it names, or cannot be followed.
    """
    entries = _entries(folder)
    kustomization = next((entry for entry in entries if entry.name in KUSTOMIZATIONS), None)
    if kustomization is None:
        paths = [e for e in entries if e.suffix in _SUFFIXES or (e.is_dir() and not e.is_symlink())]
    elif folder.resolve() in around:
        raise InputError(f"{kustomization}: is named by one that it names itself")
    else:
        paths = named_in(kustomization, namespace)
        around |= {folder.resolve()}
    for path in paths:
        yield from applied_files(path, namespace, around) if path.is_dir() else (path,)


def _entries(folder: Path) -> list[Path]:
    return sorted((entry for entry in folder.iterdir() if not entry.name.startswith(".")), key=lambda entry: entry.name)
