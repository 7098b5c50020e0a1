"""From sources to messages: each object by itself, then all objects of a namespace together."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tenantry.cli.validation.defaults import settle
from tenantry.cli.validation.documents import Document, FieldPath, YamlFault, read_documents
from tenantry.cli.validation.manifest import Manifest, Twice, read_manifests
from tenantry.cli.validation.message import Message, Place, faults_in
from tenantry.cli.validation.rules import check_rules
from tenantry.cli.validation.schema import check_schema, spec_schema
from tenantry.cli.validation.secret import UNREAD, Secrets, check_secret
from tenantry.cli.validation.sources import Source
from tenantry.domain.draft import MISSING, Verdict, plan_draft
from tenantry.domain.observed import Kind, Observed
from tenantry.domain.reading import restore_object
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.secret import SecretOffer
from tenantry.errors import InputError
from tenantry.specs import UserSpec

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_KINDS = frozenset(str(kind) for kind in Kind)


@dataclass(slots=True)
class Report:
    """What was checked, and what there is to say."""

    files: int = 0
    objects: int = 0
    messages: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """How strict to be: ``namespace`` is for objects that name none."""

    namespace: str = ""
    allow_missing: bool = False


def check_sources(sources: Iterable[Source], options: CheckOptions, advance: Callable[[], None]) -> Report:
    """Check all objects of all sources."""
    report = Report()
    manifests: list[Manifest] = []
    again: list[Message] = []
    twice = Twice()
    order: dict[str, int] = {}
    for source in sources:
        order[source.name] = report.files
        report.files += 1
        for found in read_source(source, options.namespace):
            if isinstance(found, Message):
                report.messages.append(found)
            elif (fault := twice.fault(found)) is not None:
                again.append(fault)
            else:
                manifests.append(found)
        advance()
    ours = [m for m in manifests if m.place.kind in _KINDS]
    report.objects = len(ours) + sum(fault.place.kind in _KINDS for fault in again)
    others = [m for m in manifests if m.place.kind not in _KINDS]
    report.messages += _Checking(options, Secrets(others), faults_in(report.messages)).run(ours)
    report.messages += [*again, *(fault for secret in others for fault in check_secret(secret))]
    report.messages.sort(key=lambda m: (order[m.place.file], m.place.line))
    return report


def read_source(source: Source, namespace: str) -> Iterator[Manifest | Message]:
    """Yield the objects of a file, and what there is to say of what is none. ``namespace``: of those that name none."""
    try:
        text = source.read()
    except InputError as error:
        yield Message(Place(source.name, 0), "", str(error))
        return
    found: Document | YamlFault | None = None
    for found in read_documents(text):
        if isinstance(found, YamlFault):
            yield Message(Place(source.name, found.line), "", found.message)
        else:
            yield from read_manifests(found, source.name, namespace)
    if found is None:
        yield Message(Place(source.name, 0), "", "skipped: there is nothing in it", note=True)


class _Checking:
    """The objects of all files, on their way to messages."""

    def __init__(self, options: CheckOptions, secrets: Secrets, faults: Iterable[Message]) -> None:
        self._may_be_elsewhere = options.allow_missing
        self._secrets = secrets
        self._messages: list[Message] = []
        self._manifests: dict[str, Manifest] = {}
        self._objects: dict[str, list[Observed[Any]]] = {}
        self._broken: dict[str, set[tuple[Kind, str]]] = {}
        self._now = datetime.now(UTC)
        for fault in faults:
            self._note_unread(fault.place)

    def _note_unread(self, place: Place) -> None:
        """Remember what is there but was not read: that it is missing is no other object's fault."""
        if place.kind in _KINDS:
            self._broken.setdefault(place.namespace, set()).add((Kind(place.kind), place.name))
        elif not place.kind:
            self._may_be_elsewhere = True

    def run(self, manifests: list[Manifest]) -> list[Message]:
        """Return what there is to say of these objects."""
        for index, manifest in enumerate(manifests):
            self._take(manifest, f"{index:09}")
        for namespace in self._objects.keys() | self._broken.keys():
            self._plan(namespace)
        return self._messages

    def _take(self, manifest: Manifest, uid: str) -> None:
        """Check one object by itself, and keep it for the plan or, where it cannot be read, its name."""
        value, messages = check_object(manifest)
        seen = self._observe(manifest, uid, value)
        if seen.fault is not None and not messages:
            messages.append(_message(manifest, seen.fault))
        self._messages += messages
        if seen.spec is None:
            self._broken.setdefault(seen.namespace, set()).add((seen.kind, seen.name))
        else:
            self._manifests[uid] = manifest
            self._objects.setdefault(seen.namespace, []).append(seen)

    def _observe(self, manifest: Manifest, uid: str, value: dict[str, Any]) -> Observed[Any]:
        place = manifest.place
        return restore_object(
            Kind(place.kind),
            uid=uid,
            namespace=place.namespace,
            name=place.name,
            generation=1,
            created=self._now,
            deleting=False,
            paused=False,
            document=json.dumps(value.get("spec")),
        )

    def _plan(self, namespace: str) -> None:
        objects = self._objects.get(namespace, [])
        offers = dict(self._offers(objects))
        broken = self._broken.get(namespace, ())
        for verdict in plan_draft(objects, self._now, offers=offers, broken=broken):
            self._messages += self._tell(verdict)

    def _offers(self, objects: list[Observed[Any]]) -> Iterator[tuple[str, SecretOffer]]:
        for seen in objects:
            if not isinstance(seen.spec, UserSpec):
                continue
            password_ref, mailbox_ref = seen.spec.password_ref, seen.spec.mailbox_ref
            password = self._secrets.offer(seen.namespace, password_ref) if password_ref is not None else None
            mailbox = self._secrets.mailbox(seen.namespace, mailbox_ref) if mailbox_ref is not None else None
            if password_ref is not None and password is None:
                self._note_secret(seen, "password", password_ref.name)
                password = UNREAD
            if mailbox_ref is not None and mailbox is None:
                self._note_secret(seen, "emailIntegration", mailbox_ref.name)
            yield seen.uid, SecretOffer(password, mailbox)

    def _note_secret(self, seen: Observed[Any], field_: str, name: str) -> None:
        text = f'Secret "{name}" is not in the files; its value is not checked'
        path: FieldPath = ("spec", field_, "secretKeyRef", "name")
        self._messages.append(self._manifests[seen.uid].tell(path, text, Reason.SECRET_NOT_FOUND, note=True))

    def _tell(self, verdict: Verdict) -> Iterator[Message]:
        manifest = self._manifests[verdict.seen.uid]
        for refusal in verdict.refusals:
            yield _message(manifest, refusal, note=self._may_be_elsewhere and refusal.reason in MISSING)
        for refusal in verdict.unsettled:
            text = "not checked against an object that has faults of its own"
            yield manifest.tell(_path(refusal.field), text, note=True)
        for warning in verdict.warnings:
            yield _message(manifest, warning if warning.field else _with_field(warning), note=True)


def check_object(manifest: Manifest) -> tuple[dict[str, Any], list[Message]]:
    """Return the object as the API server would fill it in, and what there is to say of it."""
    kind = Kind(manifest.place.kind)
    value = {name: below for name, below in manifest.document.value.items() if below is not None}
    if "spec" in value:
        value["spec"] = settle(spec_schema(kind), value["spec"])
    faults = check_schema(kind, value, manifest.document) or check_rules(kind, value["spec"])
    return value, [manifest.tell(path, text, Reason.INVALID_SPEC) for path, text in faults]


def _message(manifest: Manifest, refusal: Refusal, *, note: bool = False) -> Message:
    return manifest.tell(_path(refusal.field), refusal.message, refusal.reason, note=note)


def _with_field(warning: Refusal) -> Refusal:
    """Take the field out of a condition's message, which begins with it."""
    field_, colon, rest = warning.message.partition(": ")
    return Refusal(warning.reason, field_, rest) if colon and field_.startswith("spec.") else warning


def _path(field_: str) -> FieldPath:
    return tuple(int(index) if index else name for index, name in _STEP.findall(field_))
