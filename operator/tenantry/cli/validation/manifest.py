"""From a document to one of our objects: its kind, its name, and what is no object of ours."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tenantry.cli.validation.documents import Document, FieldPath
from tenantry.cli.validation.message import Message, Place, dotted
from tenantry.domain.observed import Kind
from tenantry.resources.meta import API_VERSION, GROUP

_KUSTOMIZE = "kustomize.config.k8s.io/"
_KUSTOMIZATION = (
    "skipped: files are checked as they stand; to check what this makes of them: "
    "kubectl kustomize FOLDER | tenantry validate -"
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object of a kind of ours, or a Secret, in a file."""

    place: Place
    document: Document

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what two objects cannot share."""
        return self.place.namespace, self.place.kind, self.place.name

    def tell(self, path: FieldPath, text: str, reason: str = "", *, note: bool = False) -> Message:
        """Return a message about a field of this object."""
        here = self.place
        place = Place(here.file, self.document.line(path), here.namespace, here.kind, here.name)
        return Message(place, dotted(path), text, reason, note=note)


class Twice:
    """Tells which objects stand in the files twice."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str, str], Manifest] = {}

    def fault(self, manifest: Manifest) -> Message | None:
        """Return what is wrong where the object was met before."""
        earlier = self._first.setdefault(manifest.key, manifest)
        if earlier is manifest:
            return None
        there = f"{earlier.place.file}:{earlier.place.line}"
        return manifest.tell((), f"stands in the files twice, first at {there}; remove one")


def read_manifests(document: Document, file: str, namespace: str) -> Iterator[Manifest | Message]:
    """Yield the objects of a document; of a List, its items. ``namespace`` is for objects that name none."""
    value = document.value
    place = Place(file, document.line())
    if not isinstance(value, dict):
        yield Message(place, "", "is not a Kubernetes object: there is no apiVersion and kind")
    elif value.get("kind") == "List":
        yield from _read_list(document, place, namespace)
    else:
        yield _identify(document, place, namespace)


def _read_list(document: Document, place: Place, namespace: str) -> Iterator[Manifest | Message]:
    items = document.value.get("items")
    if not isinstance(items, list | None):
        yield Message(Place(place.file, document.line(("items",))), "items", "must be a list of objects")
    elif not items:
        yield Message(place, "", "skipped: a List without items", note=True)
    else:
        for item in document.items("items"):
            yield from read_manifests(item, place.file, namespace)


def _identify(document: Document, place: Place, namespace: str) -> Manifest | Message:
    kind, version = document.value.get("kind"), document.value.get("apiVersion")
    if kind is None and version is None:
        return Message(place, "", "skipped: is not a Kubernetes object", note=True)
    if isinstance(version, str) and version.startswith(_KUSTOMIZE):
        return Message(place, "", _KUSTOMIZATION, note=True)
    metadata = document.value.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    full = Place(
        place.file, place.line, _text(named, "namespace") or namespace, str(kind or "?"), _text(named, "name") or "?"
    )
    manifest = Manifest(full, document)
    if _is_ours(kind, version) or (kind, version) == ("Secret", "v1"):
        return manifest
    return _not_ours(manifest, kind, version)


def _is_ours(kind: object, version: object) -> bool:
    return version == API_VERSION and kind in set(Kind)


def _not_ours(manifest: Manifest, kind: object, version: object) -> Message:
    """Tell a slip of the pen from an object that is none of our business."""
    if kind is None:
        return manifest.tell((), "has no kind")
    if _means_our_group(version):
        if kind in set(Kind):
            return manifest.tell(("apiVersion",), f'"{version}" is not served; write {API_VERSION}')
        return manifest.tell(("kind",), f'"{kind}" is no kind of {GROUP}; {_nearest(str(kind), list(Kind))}')
    if version is None and kind in set(Kind):
        return manifest.tell((), f"has no apiVersion; write apiVersion: {API_VERSION}")
    if version is None:
        here = Place(manifest.place.file, manifest.place.line)
        return Message(here, "", f'skipped: kind "{kind}" without an apiVersion is no Kubernetes object', note=True)
    return manifest.tell((), f"skipped: {version} is not of {GROUP}", note=True)


def _means_our_group(version: object) -> bool:
    group = version.partition("/")[0] if isinstance(version, str) else ""
    return group == GROUP or bool(difflib.get_close_matches(group, [GROUP], cutoff=0.8))


def _nearest(word: str, known: list[str]) -> str:
    close = nearest(word, known)
    return f"did you mean {close}?" if close else f"there are {', '.join(known)}"


def nearest(word: str, known: list[str]) -> str | None:
    """Return the known word that was probably meant, or None."""
    folded = {name.casefold(): name for name in known}
    same = folded.get(word.casefold())
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return same or (folded[close[0]] if close else None)


def _text(metadata: dict[str, Any], field: str) -> str:
    value = metadata.get(field)
    return value if isinstance(value, str) else ""
