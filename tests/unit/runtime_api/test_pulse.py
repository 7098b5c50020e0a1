"""Whether the store answers is asked for as long as the server runs, whatever it answers."""

import threading

from tenantry.runtime_api.pulse import Pulse
from tests.support.eventually import eventually


def test_a_store_that_answered_with_a_fault_is_asked_again_and_does_not_hang() -> None:
    asked = []

    def ask() -> None:
        asked.append(threading.current_thread().name)
        if len(asked) == 1:
            message = "permission denied"
            raise RuntimeError(message)

    pulse = Pulse(ask)
    pulse.start()
    try:
        assert eventually(lambda: len(asked) > 6)  # for longer than one question may take
        assert not pulse.hangs
    finally:
        pulse.stop()
