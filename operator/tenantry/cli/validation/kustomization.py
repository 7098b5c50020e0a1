"""What a kustomization names."""

from pathlib import Path
from typing import Any

from tenantry.cli.validation.documents import YamlFault, read_documents
from tenantry.errors import InputError

KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
#: The fields that leave everything as it stands in the files.
_HARMLESS = frozenset({"apiVersion", "kind", "metadata", "resources"})


def named_in(kustomization: Path, namespace: str) -> list[Path]:
    """Return the files and folders that a kustomization names, in its order. ``namespace``: of objects without one.

    Raises:
        InputError: it cannot be read, names what is not there, or changes what it names.
    """
    fields = _read(kustomization)
    changing = [name for name, value in fields.items() if value and name not in _HARMLESS]
    if changing == ["namespace"] and fields["namespace"] == namespace:
        changing = []
    if changing:
        raise InputError(
            f"{kustomization}: {', '.join(changing)} would change what it names, which is not done here; "
            f"run: kubectl kustomize {kustomization.parent} | tenantry plan -"
        )
    names = _names(fields)
    if not names:
        raise InputError(f"{kustomization}: names no resources")
    paths = [kustomization.parent / name for name in names]
    for name, path in zip(names, paths, strict=True):
        if not path.exists():
            raise InputError(f"{kustomization}: names {name}, which is no file or folder here")
    return paths


def named_loosely(kustomization: Path) -> list[str]:
    """Return the names alone; of a kustomization that cannot be read, none."""
    try:
        return _names(_read(kustomization))
    except InputError:
        return []


def _read(kustomization: Path) -> dict[str, Any]:
    try:
        found = next(read_documents(kustomization.read_text(encoding="utf-8")), None)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{kustomization}: cannot be read: {error}") from error
    if isinstance(found, YamlFault):
        raise InputError(f"{kustomization}:{found.line}: {found.message}")
    return found.value if found is not None and isinstance(found.value, dict) else {}


def _names(fields: dict[str, Any]) -> list[str]:
    named = fields.get("resources")
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
