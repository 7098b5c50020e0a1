"""The only kopf handlers: every event goes to the engine, and nothing comes back.

kopf is used the level-triggered way that its documents describe: ``on.event`` alone. It then writes nothing, neither
finalizer nor annotation nor status, as long as no handler returns or raises.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from tenantry.controllers.access import ClusterAccess
from tenantry.controllers.connection import open_session
from tenantry.controllers.kopf_alone import ResourceMemories, ResourceMemory, kopf
from tenantry.domain.observed import Kind
from tenantry.logs import get_logger, log_fault
from tenantry.resources.meta import GROUP, RESOURCES, VERSION

#: Pauses between kopf's attempts at one request, five minutes in all. Its own grow to 21 s, which is longer than an API
#: server takes to come back; when they end on anything but a lost connection, the watch dies.
_ERROR_BACKOFFS = (0.5, 1.0, 2.0, 3.0, *(5.0 for _ in range(60)))
#: A token that the API server does not know yet, while it starts, is presented again after this pause.
_LOGIN_PAUSE_SECONDS = 1.0

log = get_logger(__name__)


class Offer(Protocol):
    def __call__(self, kind: Kind, body: Mapping[str, Any], *, deleted: bool) -> None: ...


class NoteNamespace(Protocol):
    def __call__(self, body: Mapping[str, Any], *, gone: bool) -> None: ...


def event_registry(access: ClusterAccess, offer: Offer, note: NoteNamespace | None) -> kopf.OperatorRegistry:
    """Return the handlers: one a kind, and one for namespaces where they are all watched."""
    registry = kopf.OperatorRegistry()
    for kind, resource in RESOURCES.items():
        kopf.on.event(GROUP, VERSION, resource.plural, id=resource.plural, registry=registry)(_handler(kind, offer))
    if note is not None:
        kopf.on.event("", "v1", "namespaces", id="namespaces", registry=registry)(_namespace_handler(note))
    kopf.on.login(id="connection", registry=registry)(_login(access))
    return registry


def watched_resources(namespaces: bool) -> list[str]:  # noqa: FBT001 - the same question as in event_registry
    """Return the resources as kopf's watcher tasks are named after them."""
    ours = [f"{resource.plural}.{VERSION}.{GROUP}" for resource in RESOURCES.values()]
    return [*ours, "namespaces.v1"] if namespaces else ours


def watch_settings() -> kopf.OperatorSettings:
    """Return kopf's settings; docs/decisions says what each is worth."""
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.process.ultimate_exiting_timeout = None
    settings.queueing.idle_timeout = 0.05
    settings.queueing.worker_limit = None
    settings.watching.chunk_size = 500
    settings.watching.server_timeout = 600
    settings.watching.client_timeout = 660
    settings.networking.request_timeout = 60
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = _ERROR_BACKOFFS
    settings.networking.enforce_retry_after = True
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.persistence.progress_storage = _NoProgress()
    return settings


class ForgetfulMemories(ResourceMemories):
    """Remembers nothing of an object: kopf keeps a kilobyte of each for handlers that we do not have."""

    async def recall(self, *_: object, noticed_by_listing: bool = False, **__: object) -> ResourceMemory:
        return ResourceMemory(noticed_by_listing=noticed_by_listing)


def _handler(kind: Kind, offer: Offer) -> Callable[..., Any]:
    async def handle(event: Mapping[str, Any], **_: object) -> None:
        try:
            offer(kind, event["object"], deleted=event["type"] == "DELETED")
        except Exception as error:  # noqa: BLE001 - kopf sends exceptions to Events and logs with the object's data
            log_fault(log, "event not taken", error, kind=kind)

    return handle


def _namespace_handler(note: NoteNamespace) -> Callable[..., Any]:
    async def handle(event: Mapping[str, Any], **_: object) -> None:
        try:
            note(event["object"], gone=event["type"] == "DELETED")
        except Exception as error:  # noqa: BLE001 - as above
            log_fault(log, "event not taken", error, kind="Namespace")

    return handle


def _login(access: ClusterAccess) -> Callable[..., Any]:
    """Give kopf a session of its own at each log-in: it closes the one that the API server refused.

    kopf never tries credentials again that are equal to refused ones; a new session is equal to none.
    """
    last = 0.0

    async def login(**_: object) -> kopf.AiohttpSession:
        nonlocal last
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, last + _LOGIN_PAUSE_SECONDS - loop.time()) if last else 0.0)
        last = loop.time()
        session = open_session(access, agent="tenantry-watch")
        return kopf.AiohttpSession(server=access.server, aiohttp_session=session)

    return login


class _NoDiffBase(kopf.DiffBaseStorage):
    """Stores no last state and builds none: the copies and comparisons are a third of kopf's time."""

    def build(self, *, body: kopf.Body, extra_fields: Iterable[Any] | None = None) -> kopf.BodyEssence:  # noqa: ARG002
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:  # noqa: ARG002 - kopf's signature
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        pass


class _NoProgress(kopf.ProgressStorage):
    """Keeps no progress of handlers: there is none that is tried again."""

    def fetch(self, *, key: str, body: kopf.Body) -> kopf.ProgressRecord | None:  # noqa: ARG002 - kopf's signature
        return None

    def store(self, *, key: str, record: kopf.ProgressRecord, body: kopf.Body, patch: kopf.Patch) -> None:
        pass

    def purge(self, *, key: str, body: kopf.Body, patch: kopf.Patch) -> None:
        pass

    def touch(self, *, body: kopf.Body, patch: kopf.Patch, value: str | None) -> None:
        pass

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence


def unwatched(task_names: Iterable[str], resources: Iterable[str], namespaces: Iterable[str | None]) -> Iterator[str]:
    """Yield the watches that no task of kopf's attends to."""
    running = set(task_names)
    for resource in resources:
        for namespace in namespaces if not resource.startswith("namespaces.") else (None,):
            if f"watcher for {resource}@{namespace}" not in running:
                yield resource
