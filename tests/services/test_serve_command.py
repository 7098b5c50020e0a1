"""`tenantry serve` that cannot start says why in one line, and which option would change that."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tenantry.runtime_api.listening import listen
from tests.support.commands import tenantry


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


@pytest.mark.parametrize("option", ["--port", "--metrics-port"])
def test_a_port_that_is_taken_is_told_with_its_option(sqlite_url: str, taken: int, option: str) -> None:
    ports = {"--port": 0, option: taken}
    done = tenantry("serve", "--store-url", sqlite_url, *(part for pair in ports.items() for part in pair))
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert f"127.0.0.1:{taken}: Address already in use" in done.err
    assert option in done.err


def test_an_address_that_is_not_ours_is_told(sqlite_url: str) -> None:
    done = tenantry("serve", "--store-url", sqlite_url, "--port", 0, "--host", "192.0.2.1")
    assert done.code == 1
    assert "cannot listen on 192.0.2.1:0" in done.err


def test_a_certificate_that_is_none_is_told(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "server.pem"
    file.write_text("no PEM")
    done = tenantry("serve", "--store-url", sqlite_url, "--port", 0, "--certificate", file, "--private-key", file)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert f"{file} and {file} are not a certificate in PEM and its key" in done.err
    assert "--private-key" in done.err


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_answers_do_not_wait_for_more_to_send(host: str) -> None:
    async def connect() -> bool:
        came: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()

        class Server(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                came.set_result(cast("asyncio.Transport", transport))

        server = await asyncio.get_running_loop().create_server(Server, sock=listening)
        _, writer = await asyncio.open_connection(*listening.getsockname()[:2])
        accepted: socket.socket = (await came).get_extra_info("socket")
        at_once = bool(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()
        server.close()
        return at_once

    listening = listen(host, 0)
    assert asyncio.run(connect())
