import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from aiohttp import web

from tenantry.controllers.access import ClusterAccess
from tenantry.controllers.api_error import (
    ApiError,
    Conflict,
    Denied,
    Gone,
    NotFound,
    Refused,
    ServerFault,
    Throttled,
    Unauthorized,
    Unreachable,
)
from tenantry.controllers.connection import IN_FLIGHT, Connection, object_path
from tenantry.controllers.token import Token
from tenantry.domain.observed import Kind
from tenantry.errors import InputError


class Server:
    """Answers what the test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.requests: list[tuple[str, str, Any, Any]] = []
        self.url = ""
        self.pause = 0.0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        await asyncio.sleep(self.pause)
        return self.answers.pop(0) if self.answers else web.json_response({})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    found = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = site.name
    yield found
    await runner.cleanup()


@pytest.fixture
async def connection(server: Server) -> AsyncIterator[Connection]:
    tokens = iter(["first", "second", "third"])
    found = Connection(ClusterAccess(server.url, None, Token(lambda: (next(tokens), 1000.0))))
    yield found
    await found.close()


def reply(body: Any, status: int = 200, **headers: str) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, headers=headers)


async def test_each_request_carries_the_token_of_the_moment(server: Server, connection: Connection) -> None:
    server.answers = [reply({"reason": "Unauthorized"}, 401), reply({})]
    with pytest.raises(Unauthorized):
        await connection.read("/a")
    await connection.read("/a")
    assert [headers["Authorization"] for _, _, headers, _ in server.requests] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused), (401, Unauthorized), (403, Denied), (404, NotFound), (409, Conflict), (410, Gone),
        (422, Refused), (429, Throttled), (500, ServerFault), (503, ServerFault), (504, ServerFault),
    ],
)  # fmt: skip
async def test_each_refusal_has_its_own_type(
    server: Server, connection: Connection, status: int, error: type[ApiError]
) -> None:
    server.answers = [reply({"kind": "Status", "reason": "Why", "message": "a secret"}, status)]
    with pytest.raises(error) as failure:
        await connection.read("/a")
    assert str(failure.value) == f"{status} Why"


async def test_a_throttled_request_knows_when_to_come_back(server: Server, connection: Connection) -> None:
    server.answers = [reply({}, 429, **{"Retry-After": "7"})]
    with pytest.raises(Throttled) as failure:
        await connection.read("/a")
    assert failure.value.retry_after == 7.0


async def test_a_refused_status_names_its_fields(server: Server, connection: Connection) -> None:
    server.answers = [reply({"details": {"causes": [{"field": "status.state", "message": "a value"}]}}, 422)]
    with pytest.raises(Refused) as failure:
        await connection.patch("/a", b"[]")
    assert failure.value.fields == ["status.state"]


async def test_an_answer_that_is_no_json_is_a_refusal_all_the_same(server: Server, connection: Connection) -> None:
    server.answers = [web.Response(text="<html>", status=502)]
    with pytest.raises(ServerFault):
        await connection.read("/a")


async def test_a_page_of_a_proxy_is_no_answer_of_the_api_server(server: Server, connection: Connection) -> None:
    server.answers = [web.Response(text="<html>"), web.Response(text="<html>")]
    with pytest.raises(Unreachable):
        await connection.read("/a")
    with pytest.raises(Unreachable):
        await connection.write("PUT", "/a", {})


async def test_no_server_is_unreachable() -> None:
    connection = Connection(ClusterAccess("http://127.0.0.1:1", None, Token.fixed("")))
    with pytest.raises(Unreachable):
        await connection.read("/a")
    await connection.close()


@pytest.mark.parametrize("fault", [InputError("the credential plugin failed"), FileNotFoundError()])
async def test_a_token_that_cannot_be_read_now_is_no_answer_for_now(server: Server, fault: Exception) -> None:
    outcomes: list[Exception | str] = [fault, "second"]

    def read() -> tuple[str, float]:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome, 1000.0

    connection = Connection(ClusterAccess(server.url, None, Token(read)))
    with pytest.raises(Unreachable, match="TokenUnavailable"):
        await connection.read("/a")
    await connection.read("/a")
    await connection.close()
    assert [headers["Authorization"] for _, _, headers, _ in server.requests] == ["Bearer second"]


async def test_a_list_comes_in_pages(server: Server, connection: Connection) -> None:
    server.answers = [
        reply({"metadata": {"continue": "a/b+c="}, "items": [{"n": 1}, {"n": 2}]}),
        reply({"metadata": {}, "items": [{"n": 3}]}),
    ]
    pages = [page async for page in connection.pages("/things")]
    assert pages == [[{"n": 1}, {"n": 2}], [{"n": 3}]]
    assert re.search(r"limit=500&continue=a/b(\+|%2B)c=$", server.requests[1][1])


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        (b'{"metadata":{"annotations":{"a":"{\\"resourceVersion\\":\\"1\\"}"},"resourceVersion":"42"},"spec":{}}', 42),
        (b'{"metadata":{"annotations":{"resourceVersion":"9"},"resourceVersion":"42"},"spec":{}}', 42),
        (b'{"metadata":{"resourceVersion":"abc"}}', 0),
        (b"{}", 0),
    ],
)
async def test_a_patch_gives_the_version_after_it(
    server: Server, connection: Connection, answer: bytes, version: int
) -> None:
    server.answers = [web.Response(body=answer)]
    assert await connection.patch("/a", b"[]") == version
    assert server.requests[0][2]["Content-Type"] == "application/json-patch+json"


def test_paths_of_objects() -> None:
    assert object_path(Kind.USER) == "/apis/tenantry.dev/v1alpha1/users"
    assert (
        object_path(Kind.USER, "acme", "ada", "status")
        == "/apis/tenantry.dev/v1alpha1/namespaces/acme/users/ada/status"
    )


async def test_a_read_gets_through_while_all_writers_are_busy(server: Server, connection: Connection) -> None:
    server.pause = 0.005

    async def write_on() -> None:
        while True:
            await connection.patch("/apis/some/status", b"[]")

    async with asyncio.TaskGroup() as group:
        writers = [group.create_task(write_on()) for _ in range(IN_FLIGHT)]
        await asyncio.sleep(0.2)
        async with asyncio.timeout(5):
            await connection.read("/apis/lease")
        for writer in writers:
            writer.cancel()
