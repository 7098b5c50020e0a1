"""Our own session with the API server, for everything but watches.

kopf's session has no limit on connections and scans all open responses at each request; this one has 64 connections,
parses with orjson, and does not parse what it does not need.
"""

from asyncio.sslproto import SSLProtocol
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson

from tenantry.controllers.access import ClusterAccess
from tenantry.controllers.api_error import Unreachable, error_of
from tenantry.domain.observed import Kind
from tenantry.errors import InputError
from tenantry.resources.meta import API_VERSION, RESOURCES

#: API Priority and Fairness takes this many at once from one client without queueing others out.
IN_FLIGHT = 64
JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
#: Lists and reads of metadata alone: for sweeps, and for Secrets whose value is not needed.
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

_AGENT = "tenantry"
_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
_CHUNK = 500
_FIRST_ERROR = 400
_UNAUTHORIZED = 401
_VERSION_KEY = b'"resourceVersion":"'

# asyncio gives each TLS connection a read buffer of 256 KiB, 16 MiB for our 64. A TLS record has 16 KiB at most.
SSLProtocol.max_size = 32 * 1024


def object_path(kind: Kind, namespace: str = "", name: str = "", part: str = "") -> str:
    """Return the path of an object, of a part of it (``status``), or of all of a kind."""
    steps = [f"/apis/{API_VERSION}", f"namespaces/{namespace}" if namespace else "", RESOURCES[kind].plural, name, part]
    return "/".join(step for step in steps if step)


class _Response(aiohttp.ClientResponse):
    """Parses with orjson: a list of 500 objects holds up kopf's loop for 10 ms instead of 30."""

    async def json(self, **_: object) -> Any:  # noqa: ANN401 - as aiohttp has it
        return orjson.loads(await self.read())


class TokenUnavailable(aiohttp.ClientConnectionError):
    """The token cannot be read just now; we and kopf try again, as after any request that got no answer."""


def open_session(access: ClusterAccess, *, agent: str = _AGENT) -> aiohttp.ClientSession:
    """Return a session that sends the token of the moment with every request."""

    async def authorize(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        try:
            token = await access.token.current()
        except (InputError, OSError) as error:
            raise TokenUnavailable from error
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        response = await handler(request)
        if response.status == _UNAUTHORIZED:
            access.token.refuse(token)
        return response

    # No limit here, since it would not be a fair one: aiohttp gives a connection that comes back to whoever asks next,
    # not to who waits, and 64 busy writers would hold up the renewal of the Lease for as long as they have work.
    connector = aiohttp.TCPConnector(limit=0, ssl=access.tls or True)
    return aiohttp.ClientSession(
        connector=connector,
        headers={"User-Agent": agent},
        timeout=_TIMEOUT,
        middlewares=(authorize,),
        response_class=_Response,
        proxy=access.proxy,
    )


class Connection:
    """Requests to the API server; every failure is an ApiError."""

    def __init__(self, access: ClusterAccess) -> None:
        self.access = access
        self._session = open_session(access)

    async def close(self) -> None:
        await self._session.close()

    async def read(self, path: str, accept: str = JSON) -> Any:  # noqa: ANN401 - any object there is
        """Return one object, or one page of a list."""
        return _parsed(await self._request("GET", path, accept=accept))

    async def pages(self, path: str, accept: str = JSON) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield a list in chunks, all of one version of the data."""
        after = ""
        while True:
            page = await self.read(f"{path}?limit={_CHUNK}" + (f"&continue={after}" if after else ""), accept)
            yield page.get("items") or []
            after = page["metadata"].get("continue") or ""
            if not after:
                return

    async def write(self, method: str, path: str, body: object) -> Any:  # noqa: ANN401 - as read
        """Create or replace an object, and return it as stored."""
        return _parsed(await self._request(method, path, orjson.dumps(body), JSON))

    async def patch(self, path: str, operations: bytes) -> int:
        """Apply a JSON patch and return the version of the object after it, 0 where that is no number.

        The answer is read, since a connection with unread bytes cannot be used again, but not parsed.
        """
        answer = await self._request("PATCH", path, operations, JSON_PATCH)
        return _version_in(answer)

    async def _request(
        self, method: str, path: str, body: bytes | None = None, content_type: str = "", accept: str = JSON
    ) -> bytes:
        headers = {"Accept": accept}
        if content_type:
            headers["Content-Type"] = content_type
        try:
            url = self.access.server + path
            async with self._session.request(method, url, data=body, headers=headers) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(type(error).__name__) from error
        if response.status >= _FIRST_ERROR:
            raise error_of(response.status, response.headers, answer)
        return answer


def _parsed(answer: bytes) -> Any:  # noqa: ANN401 - as read
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError as error:  # a proxy's own page: the API server was not asked
        raise Unreachable("no JSON") from error


def _version_in(answer: bytes) -> int:
    """Find metadata.resourceVersion in an object's JSON.

    The last match is the right one: labels and annotations, whose keys anybody chooses, come before it, and spec and
    status have no such field. Within a string the quotes are escaped and do not match.
    """
    start = answer.rfind(_VERSION_KEY) + len(_VERSION_KEY)
    version = answer[start : answer.find(b'"', start)] if start >= len(_VERSION_KEY) else b""
    return int(version) if version.isdigit() else 0
