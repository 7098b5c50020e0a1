"""The bare client: what this machine and this API server give to someone who does nothing but send requests."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import orjson
from yarl import URL

from benchmarks.objects import Object
from tenantry.domain.observed import Kind
from tenantry.resources.meta import API_VERSION, RESOURCES

T = TypeVar("T")

#: What performance measurements of the API server showed to be safe and enough.
IN_FLIGHT = 64
PAGE = 500
_FIRST_ERROR = 400
_MERGE = "application/merge-patch+json"
_JSON = "application/json"


class RequestError(RuntimeError):
    """The API server refused what a benchmark asked."""


@dataclass(frozen=True)
class Target:
    """Where the API server is, and as whom to speak to it."""

    server: str
    ca_file: Path
    token: str


class BareClient:
    """64 connections, orjson, and answers that are read and not parsed."""

    def __init__(self, target: Target, session: aiohttp.ClientSession) -> None:
        self._server = target.server
        self._session = session

    @classmethod
    @asynccontextmanager
    async def open(cls, target: Target) -> AsyncIterator["BareClient"]:
        tls = ssl.create_default_context(cafile=str(target.ca_file))
        headers = {"Authorization": f"Bearer {target.token}", "User-Agent": "bench"}
        connector = aiohttp.TCPConnector(limit=IN_FLIGHT, ssl=tls)
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            yield cls(target, session)

    async def create(self, body: Object) -> None:
        path = object_path(body["kind"], body["metadata"].get("namespace", ""))
        await self.request("POST", path, orjson.dumps(body), _JSON)

    async def patch_status(self, kind: str, namespace: str, name: str, status: Object) -> None:
        path = object_path(kind, namespace, name, "status")
        await self.request("PATCH", path, orjson.dumps({"status": status}), _MERGE)

    async def patch(self, kind: str, namespace: str, name: str, patch: Object) -> None:
        await self.request("PATCH", object_path(kind, namespace, name), orjson.dumps(patch), _MERGE)

    async def delete(self, kind: str, namespace: str, name: str) -> None:
        await self.request("DELETE", object_path(kind, namespace, name))

    async def pages(self, kind: str, namespace: str) -> AsyncIterator[Object]:
        """Yield a list page by page, parsed."""
        after = ""
        while True:
            query = f"?limit={PAGE}" + (f"&continue={after}" if after else "")
            page: Object = orjson.loads(await self.request("GET", object_path(kind, namespace) + query))
            yield page
            after = page["metadata"].get("continue", "")
            if not after:
                return

    async def items(self, kind: str, namespace: str) -> list[Object]:
        return [item async for page in self.pages(kind, namespace) for item in page["items"]]

    @asynccontextmanager
    async def watch(self, kind: str, namespace: str, version: str) -> AsyncIterator[AsyncIterator[Object]]:
        """Give the events after a version, each with the moment of its arrival under `at`."""
        url = f"{self._server}{object_path(kind, namespace)}?watch=1&resourceVersion={version}"
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.get(URL(url, encoded=True), timeout=timeout) as response:
            yield _events(response)

    async def request(self, method: str, path: str, body: bytes | None = None, content_type: str = "") -> bytes:
        headers = {"Content-Type": content_type} if content_type else None
        url = URL(self._server + path, encoded=True)
        async with self._session.request(method, url, data=body, headers=headers) as response:
            answer = await response.read()
            if response.status >= _FIRST_ERROR:
                raise RequestError(f"{method} {path}: {response.status} {answer[:500].decode(errors='replace')}")
            return answer


async def each(jobs: Iterable[T], act: Callable[[T], Awaitable[None]], in_flight: int = IN_FLIGHT) -> float:
    """Do all jobs, so many at a time, and return the seconds it took."""
    left = iter(jobs)

    async def work() -> None:
        for job in left:
            await act(job)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work())
    return time.perf_counter() - started


def object_path(kind: str, namespace: str = "", name: str = "", part: str = "") -> str:
    root = "/api/v1" if kind == "Namespace" else f"/apis/{API_VERSION}"
    plural = "namespaces" if kind == "Namespace" else RESOURCES[Kind(kind)].plural
    scope = f"namespaces/{namespace}" if namespace else ""
    return "/".join(step for step in (root, scope, plural, name, part) if step)


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[Object]:
    async for line in response.content:
        event: dict[str, Any] = orjson.loads(line)
        event["at"] = time.perf_counter()
        yield event


def create_all(target: Target, bodies: Sequence[Object], in_flight: int = IN_FLIGHT) -> float:
    """Create objects and return the seconds it took."""

    async def run() -> float:
        async with BareClient.open(target) as client:
            return await each(bodies, client.create, in_flight)

    return asyncio.run(run())
