"""What every request meets before its endpoint: how large, deep and slow it may be, and what every answer carries."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from prometheus_client import generate_latest

from controlplane.service import free_ports
from tenantry.cli.validation.specs import check_spec
from tenantry.runtime_api import frame, hashing, metrics
from tenantry.runtime_api.app import make_app
from tenantry.runtime_api.server import OPTIONS
from tenantry.store import Store
from tests.runtime_api.api import Api
from tests.support.builders import user, workgroup
from tests.support.eventually import eventually


@pytest.fixture
def office(api: Api) -> Api:
    api.tenant.apply(workgroup(pool=None), user("ada", license=None))
    return api


def _nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


DEEP = [
    pytest.param("sessions", b'{"workgroup": %s}', id="as the framework reads it"),
    pytest.param("access/v1/evaluation", b'{"context": {"a": %s}}', id="as AuthZEN's are read"),
]


@pytest.mark.parametrize("levels", [frame.DEEPEST, 100_000])
@pytest.mark.parametrize(("path", "around"), DEEP)
def test_a_body_that_is_nested_too_deep_is_refused(office: Api, path: str, around: bytes, levels: int) -> None:
    answer = office.send(path, around % _nested(levels), "application/json")
    assert (answer.status, answer.reason, answer.body["field"]) == (400, "InvalidRequest", "body")
    assert "64 levels" in answer.body["detail"]


def test_a_wide_body_of_few_levels_is_read(office: Api) -> None:
    one = {"subject": {"type": "user", "id": "ada"}, "action": {"name": "a"}, "resource": {"type": "t", "id": "1"}}
    assert len(office.call("POST", "access/v1/evaluations", {"evaluations": [one] * 100}).body["evaluations"]) == 100


@pytest.mark.parametrize("password", ["[" * 200, '\\"{' * 100, "}" * 70 + "{" * 70])
def test_brackets_within_a_text_are_no_levels(office: Api, password: str) -> None:
    assert office.log_in("ada", password).reason == "InvalidCredentials"


def test_a_body_in_which_much_is_opened_and_nothing_closed_is_refused(office: Api) -> None:
    answer = office.send("sessions", b'{"a":' * 100, "application/json")
    assert (answer.status, answer.reason) == (400, "InvalidRequest")


def test_a_path_that_is_too_long_is_refused(office: Api) -> None:
    answer = office.call("GET", f"sessions?userName={'a' * frame.LONGEST_URL}")
    assert (answer.status, answer.reason) == (414, "InvalidRequest")


def test_headers_that_are_too_long_are_refused(office: Api) -> None:
    answer = office.call("GET", "sessions", headers={"X-Long": "a" * frame.LONGEST_HEADERS})
    assert (answer.status, answer.reason) == (431, "InvalidRequest")


@pytest.mark.parametrize("path", ["sessions", "nowhere", "sessions?userName=%00"])
def test_every_answer_is_nothing_for_a_browser_or_a_cache(office: Api, path: str) -> None:
    headers = office.call("GET", path).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in headers
    assert "Server" not in headers


def test_a_fault_of_ours_is_in_the_log_under_the_id_that_the_caller_has(
    served: tuple[FastAPI, str], office: Api, caplog: pytest.LogCaptureFixture
) -> None:
    served[0].state.now = lambda: 1 / 0
    answer = office.call("GET", "sessions", token="any", headers={"X-Request-ID": "ours-17"})
    assert (answer.status, answer.reason, answer.body["requestId"]) == (500, "InternalError", "ours-17")
    assert (answer.headers["X-Request-ID"], answer.headers["Cache-Control"]) == ("ours-17", "no-store")
    assert [record.levelname for record in caplog.records if "ours-17" in record.getMessage()] == ["ERROR"]
    assert "ZeroDivisionError" not in answer.text


def _ask(scheme: str, query: bytes, body: bytes, *more: dict[str, Any]) -> list[Any]:
    """Give an application the first part of a request, and nothing after it but ``more``; return what it sends."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": True}, *more]
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": scheme,
        "path": "/v1/acme/sessions",
        "raw_path": b"/v1/acme/sessions",
        "query_string": query,
        "headers": [(b"content-type", b"application/json")],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(make_app(Store.open("sqlite://"), check_spec)(scope, receive, send))
    return sent


def test_over_tls_every_answer_asks_for_tls_from_then_on() -> None:
    start, _ = _ask("https", b"a=%00", b"")
    assert dict(start["headers"])[b"strict-transport-security"].startswith(b"max-age=31536000")


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "BODY_SECONDS", 0.01)
    start, body = _ask("http", b"", b"{")
    assert (start["status"], json.loads(body["body"])["reason"]) == (408, "InvalidRequest")


def test_a_body_that_breaks_off_is_not_taken_for_whole() -> None:
    start, body = _ask("http", b"", b"{}", {"type": "http.disconnect"})
    assert (start["status"], json.loads(body["body"])["detail"]) == (400, "the body broke off")


@pytest.fixture
def impatient() -> Iterator[int]:
    """The port of a server with the protocol of `tenantry serve`, which waits one second for headers."""
    (port,) = free_ports(1)
    options = OPTIONS | {"timeout_keep_alive": 1}
    server = uvicorn.Server(uvicorn.Config(FastAPI(), port=port, log_level="warning", **options))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert eventually(lambda: server.started)
    yield port
    server.should_exit = True
    thread.join(timeout=10)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "])
def test_a_connection_whose_headers_do_not_come_is_closed(impatient: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", impatient), timeout=30) as connection:
        connection.sendall(sent)
        assert connection.recv(1) == b""


def test_beyond_so_many_log_ins_at_once_more_are_told_to_come_again(
    office: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "MOST_WAITING", 0)
    answer = office.log_in("ada", "x")
    assert (answer.status, answer.reason, answer.headers["Retry-After"]) == (503, "ServerBusy", "2")
    assert office.call("GET", "sessions").status == 200


def test_beyond_so_many_connections_calls_are_told_to_come_again_and_probes_are_answered(
    office: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "MOST_CONNECTIONS", 0)
    answer = office.call("GET", "sessions")
    assert (answer.status, answer.reason, answer.headers["Retry-After"]) == (503, "ServerBusy", "2")
    assert answer.headers["Connection"] == "close"
    assert answer.headers["X-Request-ID"] == answer.body["requestId"]
    assert [office.at(path).status for path in ("/livez", "/readyz")] == [200, 200]
    monkeypatch.undo()
    assert office.call("GET", "sessions").status == 200


@pytest.mark.parametrize(
    ("method", "path", "methods"),
    [
        ("PUT", "sessions", "DELETE, GET, POST"),
        ("GET", "sessions/heartbeat", "DELETE, POST"),  # as sessions/{session_id}
        ("GET", "access/v1/evaluation", "POST"),
        ("POST", "users/some-id", "DELETE, GET, PATCH"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_told_all_that_it_has(
    office: Api, method: str, path: str, methods: str
) -> None:
    answer = office.call(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, methods)


def test_probes_need_no_token_and_readiness_is_that_of_the_store(served: tuple[FastAPI, str], office: Api) -> None:
    assert [office.at(path).text for path in ("/livez", "/readyz")] == ["ok\n", "ok\n"]
    served[0].state.store = Store.open("postgresql://nobody@127.0.0.1:1/none")
    assert office.at("/livez").status == 200
    assert (office.at("/readyz").status, office.at("/readyz").reason) == (503, "StoreUnavailable")


def test_metrics_tell_of_routes_pools_and_reasons_and_of_nobody(office: Api) -> None:
    def value(name: str, **labels: str) -> float:
        return metrics.REGISTRY.get_sample_value(name, labels) or 0.0

    route = "/v1/{tenant}/sessions/{session_id}"
    before = value("tenantry_requests_total", method="DELETE", route=route, status="404")
    timed = value("tenantry_request_duration_seconds_count", method="DELETE", route=route)
    refused = value("tenantry_log_ins_total", tenant="acme", pool="", reason="InvalidCredentials")
    office.call("DELETE", "sessions/nobodys")
    office.log_in("ada", "wrong")
    assert value("tenantry_requests_total", method="DELETE", route=route, status="404") == before + 1
    assert value("tenantry_request_duration_seconds_count", method="DELETE", route=route) == timed + 1
    assert value("tenantry_log_ins_total", tenant="acme", pool="", reason="InvalidCredentials") == refused + 1
    assert office.at("/nowhere").status == 404
    assert "nowhere" not in generate_latest(metrics.REGISTRY).decode()
    assert "ada" not in generate_latest(metrics.REGISTRY).decode()


@pytest.mark.parametrize(
    ("path", "status"),
    [("/livez", b"200"), ("/openapi.json", b"200"), ("/nowhere", b"404")],
    ids=["small", "large", "no"],
)
def test_a_client_that_has_no_more_to_ask_gets_its_answer_all_the_same(
    served: tuple[FastAPI, str], path: str, status: bytes
) -> None:
    port = int(served[1].rsplit(":", 1)[1])
    for _ in range(20):  # its end comes with its request, or right after it
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            connection.shutdown(socket.SHUT_WR)
            assert connection.makefile("rb").read().split(b" ")[1] == status


def test_a_path_with_a_slash_too_many_is_not_there_and_nobody_is_sent_elsewhere(office: Api) -> None:
    answer = office.send(
        "sessions/", b'{"workgroup": "tracker", "userName": "ada", "password": "x"}', "application/json"
    )
    assert (answer.status, answer.reason, "Location" in answer.headers) == (404, "PathNotFound", False)


@pytest.mark.parametrize("path", ["sessions", "sessions/heartbeat", "access/v1/evaluation"])
def test_so_does_who_asks_what_the_store_must_be_asked_for(served: tuple[FastAPI, str], office: Api, path: str) -> None:
    body = {
        "sessions": {"workgroup": "tracker", "userName": "ada", "password": "wrong"},
        "sessions/heartbeat": {"tokens": ["a"]},
        "access/v1/evaluation": {
            "subject": {"type": "user", "id": "ada"},
            "action": {"name": "read"},
            "resource": {"type": "record", "id": "1"},
        },
    }[path]
    content = json.dumps(body).encode()
    head = (
        f"POST /v1/acme/{path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {office.token()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(served[1].rsplit(":", 1)[1])), timeout=10) as connection:
        connection.sendall(head.encode() + content)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    assert answer.split(b" ")[1] == (b"401" if path == "sessions" else b"200")


def test_nobody_makes_metrics_by_words_of_their_own(office: Api) -> None:
    before = generate_latest(metrics.REGISTRY).decode().count("\n")
    for path in ("/livez", "/v1/acme/users/ada", "/v1/acme/sessions"):
        for word in ("BREW", "AAAA", "BBBB"):
            assert office.at(path, word).status == 405
    found = generate_latest(metrics.REGISTRY).decode()
    assert "BREW" not in found
    assert found.count("\n") <= before + 30, "no more than the series of what leads nowhere"
