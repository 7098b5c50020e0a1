"""From files to what `tenantry plan` and `tenantry apply` ask of each namespace."""

import base64
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantry.cli.validation.check import check_object, read_source
from tenantry.cli.validation.manifest import Manifest
from tenantry.cli.validation.message import Message
from tenantry.cli.validation.sources import Source
from tenantry.domain.observed import Kind
from tenantry.resources.meta import PAUSED_ANNOTATION
from tenantry.services.pipeline import Wanted

_KINDS = frozenset(str(kind) for kind in Kind)


@dataclass(slots=True)
class Loaded:
    """The objects and Secrets of the files, by namespace. With ``faults`` nothing of them is to be used."""

    objects: dict[str, list[Wanted]] = field(default_factory=dict)
    secrets: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    faults: list[Message] = field(default_factory=list)
    _seen: dict[tuple[str, str, str], Manifest] = field(default_factory=dict)

    def take(self, manifest: Manifest) -> None:
        """Take in an object, or what is wrong with it."""
        place = manifest.place
        earlier = self._seen.setdefault(manifest.key, manifest)
        if earlier is not manifest:
            there = f"{earlier.place.file}:{earlier.place.line}"
            self.faults.append(manifest.tell((), f"stands in the files twice, first at {there}; remove one"))
        elif not place.namespace:
            self.faults.append(manifest.tell(("metadata",), "names no namespace; write one, or give -n"))
        elif place.kind not in _KINDS:
            self.secrets.setdefault(place.namespace, {})[place.name] = _secret(manifest)
        else:
            self._take_object(manifest)

    def _take_object(self, manifest: Manifest) -> None:
        value, messages = check_object(manifest)
        self.faults += messages
        if not messages:
            document = json.dumps(value.get("spec", {}), separators=(",", ":"), ensure_ascii=False)
            wanted = Wanted(Kind(manifest.place.kind), manifest.place.name, document, _is_paused(value))
            self.objects.setdefault(manifest.place.namespace, []).append(wanted)


def count_documents(sources: Iterable[Source]) -> int:
    """Return about how many objects there are to read, for a bar; standard input can be read only once."""
    paths = [source.path for source in sources if source.path is not None]
    return sum(path.read_bytes().count(b"\n---") + 1 for path in paths if os.access(path, os.R_OK))


def load_manifests(sources: Iterable[Source], namespace: str, advance: Callable[[], None]) -> Loaded:
    """Return what stands in the files, one step an object; ``namespace`` is of those that name none."""
    found = Loaded()
    for source in sources:
        for each in read_source(source, namespace):
            if isinstance(each, Manifest):
                found.take(each)
            elif not each.note:
                found.faults.append(each)
            advance()
    return found


def _is_paused(value: Mapping[str, Any]) -> bool:
    annotations = value.get("metadata", {}).get("annotations") or {}
    return isinstance(annotations, Mapping) and annotations.get(PAUSED_ANNOTATION) == "true"


def _secret(manifest: Manifest) -> Mapping[str, Any]:
    """Return the Secret as the API server would give it, without a version: a digest of the value would tell of it."""
    body = manifest.document.value
    data = {k: v for k, v in (body.get("data") or {}).items() if isinstance(v, str)}
    plain = {k: v for k, v in (body.get("stringData") or {}).items() if isinstance(v, str)}
    data |= {name: base64.b64encode(value.encode()).decode() for name, value in plain.items()}
    return {"metadata": {"name": manifest.place.name, "uid": "files", "resourceVersion": ""}, "data": data}
