"""From files to what `tenantry plan` and `tenantry apply` ask of each namespace."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantry.cli.validation.check import check_object, read_source
from tenantry.cli.validation.manifest import Manifest, Twice
from tenantry.cli.validation.message import Message
from tenantry.cli.validation.secret import as_served, check_secret
from tenantry.cli.validation.sources import Source
from tenantry.domain.observed import Kind
from tenantry.resources.meta import PAUSED_ANNOTATION
from tenantry.services.pipeline import Wanted

_KINDS = frozenset(str(kind) for kind in Kind)


@dataclass(slots=True)
class Loaded:
    """The objects and Secrets of the files, by namespace. With ``faults`` nothing of them is to be used.

    ``notes`` tell what was passed over.
    """

    objects: dict[str, list[Wanted]] = field(default_factory=dict)
    secrets: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    faults: list[Message] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)
    _twice: Twice = field(default_factory=Twice)

    def take(self, manifest: Manifest) -> None:
        """Take in an object, or what is wrong with it."""
        place = manifest.place
        fault = self._twice.fault(manifest)
        if fault is not None:
            self.faults.append(fault)
        elif not place.namespace:
            self.faults.append(manifest.tell(("metadata",), "names no namespace; write one, or give -n"))
        elif place.kind not in _KINDS:
            self.faults += check_secret(manifest)
            self.secrets.setdefault(place.namespace, {})[place.name] = as_served(manifest)
        else:
            self._take_object(manifest)

    def _take_object(self, manifest: Manifest) -> None:
        value, messages = check_object(manifest)
        self.faults += messages
        if not messages:
            document = json.dumps(value.get("spec", {}), separators=(",", ":"), ensure_ascii=False)
            wanted = Wanted(Kind(manifest.place.kind), manifest.place.name, document, _is_paused(value))
            self.objects.setdefault(manifest.place.namespace, []).append(wanted)


def load_manifests(sources: Iterable[Source], namespace: str, advance: Callable[[], None]) -> Loaded:
    """Return what stands in the files, one step an object; ``namespace`` is of those that name none."""
    found = Loaded()
    for source in sources:
        for each in read_source(source, namespace):
            if isinstance(each, Manifest):
                found.take(each)
            else:
                (found.notes if each.note else found.faults).append(each)
            advance()
    return found


def _is_paused(value: Mapping[str, Any]) -> bool:
    annotations = value.get("metadata", {}).get("annotations") or {}
    return isinstance(annotations, Mapping) and annotations.get(PAUSED_ANNOTATION) == "true"
