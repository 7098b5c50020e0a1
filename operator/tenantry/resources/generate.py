"""The CRDs as files: what is checked in, and whether it is what the models say now."""

from pathlib import Path
from typing import Any

import yaml

from tenantry.resources.crd import all_definitions

_HEADER = """\
# Generated from operator/tenantry/specs by `tenantry crds`. Edit the models, not this file.
"""
#: Longest line of the files; a description that is longer goes on in the next line.
_WIDTH = 110


def render_crds() -> dict[str, str]:
    """Return the text of every CRD by its file name."""
    return {f"{plural}.yaml": _HEADER + _dump(crd) for plural, crd in all_definitions().items()}


def stale_crds(directory: Path) -> list[str]:
    """Return the files that are missing, differ, or define a kind that is no more; in order of their names."""
    rendered = render_crds()
    found = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.yaml")}
    expected = rendered.keys() | {name for name, text in found.items() if text.startswith(_HEADER)}
    return sorted(name for name in expected if rendered.get(name) != found.get(name))


def write_crds(directory: Path) -> list[str]:
    """Write what is stale, remove what is no more, and return the names."""
    stale = stale_crds(directory)
    rendered = render_crds()
    directory.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in rendered:
            (directory / name).write_text(rendered[name], encoding="utf-8")
        else:
            (directory / name).unlink()
    return stale


def _dump(manifest: dict[str, Any]) -> str:
    return yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes a repeated part twice instead of an anchor, which not every reader of CRDs follows."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True
