"""The examples show the whole of what a spec can say."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenantry.domain.observed import Kind
from tenantry.resources.crd import object_schema
from tenantry.resources.meta import RESOURCES
from tenantry.specs.workgroup_login import CharacterSet

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
#: One encoding stands for all. A mail server without TLS is accepted, and nothing to copy.
NOT_SHOWN = {f"characterSet={x}" for x in CharacterSet} | {"emailIntegration.smtp.tls=None"}


#: A capability is the same wherever it stands.
CAPABILITIES = re.compile(r"(modules\.levels|roles|groups)\.capabilities")


def documents(kind: Kind) -> Iterator[dict[str, Any]]:
    for path in EXAMPLES.glob("*/*.yaml"):
        yield from (d["spec"] for d in yaml.safe_load_all(path.read_text()) if d["kind"] == kind)


def offered(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield every field of a schema, and every word that a field of one word can have, but its default."""
    for name, field in schema.get("properties", {}).items():
        below = f"{path}.{name}".lstrip(".")
        yield below
        yield from (f"{below}={word}" for word in field.get("enum", ()) if word != field.get("default"))
        yield from offered(field, below)
    if "items" in schema:
        yield from offered(schema["items"], path)


def written(value: Any, path: str = "") -> Iterator[str]:
    """Yield every field of a document, and every word that a field holds."""
    if isinstance(value, dict):
        for name, field in value.items():
            below = f"{path}.{name}".lstrip(".")
            yield below
            yield from written(field, below)
    elif isinstance(value, list):
        for item in value:
            yield from written(item, path)
    else:
        yield f"{path}={value}"


@pytest.mark.parametrize("kind", RESOURCES, ids=str)
def test_every_field_and_every_choice_of_one_has_a_line_in_an_example(kind: Kind) -> None:
    shown = {_anywhere(each) for document in documents(kind) for each in written(document)}
    schema = object_schema(RESOURCES[kind])["properties"]["spec"]
    assert {_anywhere(each) for each in offered(schema)} - shown - NOT_SHOWN == set()


def _anywhere(path: str) -> str:
    return CAPABILITIES.sub("capabilities", path)
