"""The five systems of examples/, as the operator sees them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tenantry.domain.observed import Kind, Observed
from tests.support.builders import build
from tests.support.watched import WatchedTenant

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_KINDS = {str(kind): kind for kind in Kind}


def _documents(folder: str) -> Iterator[dict[str, Any]]:
    for path in sorted((_EXAMPLES / folder).glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text())


def example(folder: str) -> list[Observed[Any]]:
    """Return the objects of an example."""
    found = (d for d in _documents(folder) if d["kind"] in _KINDS)
    return [build(_KINDS[d["kind"]], d["metadata"]["name"], d["spec"]) for d in found]


def apply_example(tenant: WatchedTenant, folder: str) -> None:
    """Apply an example as a whole, its Secrets too."""
    for document in _documents(folder):
        if document["kind"] == "Secret":
            name = document["metadata"]["name"]
            tenant.secrets |= {(name, key): value for key, value in document["stringData"].items()}
    tenant.apply(*example(folder))
