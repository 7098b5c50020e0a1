"""The store is asked again and again, whatever it answers."""

from collections.abc import Callable

import pytest

from tenantry.errors import StoreUnavailable, StoreUnmigrated
from tenantry.runtime_api.pulse import Pulse
from tests.support.eventually import eventually


@pytest.fixture
def pulse_of(request: pytest.FixtureRequest) -> Callable[[Callable[[], object]], Pulse]:
    def start(ask: Callable[[], object]) -> Pulse:
        pulse = Pulse(ask)
        request.addfinalizer(pulse.stop)
        pulse.start()
        return pulse

    return start


class _Ask:
    """Raises what it is told to."""

    fault: Exception | None = None
    times = 0

    def __call__(self) -> None:
        self.times += 1
        if self.fault is not None:
            raise self.fault


def _answers(pulse: Pulse) -> bool:
    try:
        pulse.check()
    except StoreUnavailable:
        return False
    return True


@pytest.mark.parametrize("fault", [StoreUnavailable("away"), StoreUnmigrated("0001"), ValueError("no such column")])
def test_a_store_that_could_not_be_asked_is_asked_again(
    pulse_of: Callable[[Callable[[], object]], Pulse], fault: Exception
) -> None:
    ask = _Ask()
    ask.fault = fault
    pulse = pulse_of(ask)
    assert eventually(lambda: ask.times > 1)
    assert not _answers(pulse)
    assert pulse.problem == ("is not migrated yet" if isinstance(fault, StoreUnmigrated) else "")
    ask.fault = None
    assert eventually(lambda: _answers(pulse))
    assert pulse.problem == ""


def test_why_a_store_cannot_be_reached_is_told_once_each_time_that_it_begins(
    pulse_of: Callable[[Callable[[], object]], Pulse], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    ask, told = _Ask(), list[str]()
    for fault, said in (
        (StoreUnmigrated("at revision none"), "the identity store is not migrated yet: at revision none"),
        (StoreUnavailable("port 1:\n refused"), "the identity store cannot be reached: port 1: refused"),
        (StoreUnavailable("no such role"), "the identity store cannot be reached: no such role"),
        (None, "the identity store answers again"),
        (StoreUnavailable("no such role"), "the identity store cannot be reached: no such role"),
    ):
        ask.fault, ask.times = fault, 0
        if not told:
            pulse_of(ask)
        assert eventually(lambda: ask.times > 2)
        told.append(said)
        assert caplog.messages == told


def test_until_it_was_asked_nobody_says_that_it_answers() -> None:
    assert not _answers(Pulse(lambda: None))
