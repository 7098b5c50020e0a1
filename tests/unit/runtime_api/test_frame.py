"""How long a request took ends with its answer, not with what goes on after it."""

import asyncio
from types import SimpleNamespace

import pytest
from starlette.types import Message, Receive, Scope, Send

from tenantry.runtime_api import frame
from tenantry.runtime_api.frame import Frame
from tenantry.runtime_api.metrics import REGISTRY


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_goes_on_after_an_answer_is_nobody_s_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _Clock()
    monkeypatch.setattr(frame, "perf_counter", clock)

    async def answer(scope: Scope, _: Receive, send: Send) -> None:
        scope["route"] = SimpleNamespace(path="/slow")
        clock.now += 2
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        clock.now += 3
        await send({"type": "http.response.body", "body": b"b"})
        clock.now += 100

    asyncio.run(Frame(answer)(_scope(), _receive, _send))
    assert REGISTRY.get_sample_value("tenantry_request_duration_seconds_sum", {"method": "GET", "route": "/slow"}) == 5


def _scope() -> Scope:
    return {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/slow",
        "raw_path": b"/slow",
        "query_string": b"",
        "headers": [],
        "app": SimpleNamespace(state=SimpleNamespace()),
    }


async def _receive() -> Message:
    return {"type": "http.request"}


async def _send(_: Message) -> None:
    return
