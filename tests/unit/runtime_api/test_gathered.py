"""What is written in one turn of the event loop goes out together, in its order, and before the end."""

import asyncio
from collections.abc import Callable

import pytest

from tenantry.runtime_api.gathered import Gathered


class _Transport(asyncio.Transport):
    """Notes what came, and may be closing."""

    def __init__(self) -> None:
        super().__init__({"peername": "a", "transport": self})
        self.told: list[str] = []
        self.over = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.told.append(bytes(data).decode())

    def close(self) -> None:
        self.told.append("closed")

    def is_closing(self) -> bool:
        return self.over


def _after(act: Callable[[Gathered], None], transport: _Transport) -> list[str]:
    async def run() -> None:
        act(Gathered(transport, asyncio.get_running_loop()))
        await asyncio.sleep(0)

    asyncio.run(run())
    return transport.told


def _answer(to: Gathered) -> None:
    for piece in (b"head ", b"body", b""):
        to.write(piece)


def _answer_whole(to: Gathered) -> None:
    _answer(to)
    to.flush()
    to.get_extra_info("transport").told.append("the next turn")


def _answer_much(to: Gathered) -> None:
    for _ in range(3):
        to.write(b"." * 64 * 1024)
    to.get_extra_info("transport").told.append("the next turn")


def _answer_and_close(to: Gathered) -> None:
    _answer(to)
    to.close()


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (_answer, ["head body"]),
        (_answer_whole, ["head body", "the next turn"]),
        (_answer_and_close, ["head body", "closed"]),
    ],
)
def test_an_answer_is_written_in_one_piece(act: Callable[[Gathered], None], told: list[str]) -> None:
    assert _after(act, _Transport()) == told


def test_of_an_answer_without_end_little_is_kept() -> None:
    first, told, last = _after(_answer_much, _Transport())
    assert (len(first), told, len(last)) == (2 * 64 * 1024, "the next turn", 64 * 1024)


def test_who_went_away_is_written_nothing() -> None:
    transport = _Transport()
    transport.over = True
    assert _after(_answer, transport) == []


def test_all_else_is_the_transport_s_own() -> None:
    names: list[str] = []
    _after(lambda to: names.append(to.get_extra_info("peername")), _Transport())
    assert names == ["a"]
