from tenantry.controllers.backoff import OBJECT, OUTAGE, Backoff


def test_pauses_grow_and_are_capped() -> None:
    backoff = Backoff(1.0, 10.0)
    assert 0.5 <= backoff.delay(1) <= 1.0
    assert 2.0 <= backoff.delay(3) <= 4.0
    assert all(5.0 <= backoff.delay(attempt) <= 10.0 for attempt in (5, 50, 5000))


def test_pauses_are_jittered() -> None:
    assert len({Backoff(1.0, 10.0).delay(9) for _ in range(50)}) > 10


def test_no_pause_is_longer_than_was_promised() -> None:
    assert OBJECT.longest <= 300.0
    assert OUTAGE.longest <= 5.0
