from dataclasses import replace

import pytest

from tenantry.controllers.ledger import Ledger
from tests.unit.controllers.fakes import seen


def test_the_first_sight_of_an_object_is_news() -> None:
    assert Ledger().take(seen("ada"))


def test_the_same_object_again_is_not() -> None:
    ledger = Ledger()
    ledger.take(seen("ada"))
    assert not ledger.take(seen("ada"))
    assert not ledger.take(seen("ada", version=2, labels={"a": "b"}))


def test_a_new_spec_is_news() -> None:
    ledger = Ledger()
    ledger.take(seen("ada"))
    assert ledger.take(seen("ada", generation=2, version=2))


def test_an_older_event_is_stale() -> None:
    ledger = Ledger()
    ledger.take(seen("ada", generation=2, version=5))
    assert not ledger.take(seen("ada", generation=1, version=4))


def test_the_echo_of_our_own_status_is_not_news() -> None:
    ledger = Ledger()
    ledger.take(seen("ada"))
    assert ledger.wants("ada", digest=7)
    assert not ledger.take(replace(seen("ada", version=2), shown=7))


def test_an_event_older_than_our_own_write_is_stale() -> None:
    ledger = Ledger()
    ledger.take(seen("ada"))
    ledger.wants("ada", digest=7)
    ledger.written("ada", digest=7, version=5)
    assert not ledger.take(replace(seen("ada", version=4), shown=3))


def test_a_new_spec_that_our_own_write_came_upon_is_still_news() -> None:
    # The edit has version 4, our write on top of it 5: the event of the edit is stale, that of our write tells of it.
    ledger = Ledger()
    ledger.take(seen("ada"))
    ledger.wants("ada", digest=7)
    ledger.written("ada", digest=7, version=5)
    assert not ledger.take(seen("ada", generation=2, version=4))
    assert ledger.take(replace(seen("ada", generation=2, version=5), shown=7))


def test_a_status_that_shows_already_is_not_wanted() -> None:
    ledger = Ledger()
    ledger.take(replace(seen("ada"), shown=7))
    assert not ledger.wants("ada", digest=7)
    assert ledger.wants("ada", digest=8)


def test_a_status_changed_by_another_is_news() -> None:
    ledger = Ledger()
    ledger.take(seen("ada"))
    ledger.wants("ada", digest=7)
    ledger.written("ada", digest=7, version=2)
    assert ledger.take(replace(seen("ada", version=3), shown=99))


def test_a_status_that_never_sticks_is_given_up_until_the_spec_changes() -> None:
    ledger = Ledger()
    ledger.take(seen("ada"))
    asked = []
    for version in range(2, 12, 2):
        ledger.wants("ada", digest=7)
        ledger.written("ada", digest=7, version=version)
        asked.append(ledger.take(replace(seen("ada", version=version + 1), shown=99)))
    assert asked == [True, True, True, False, False]
    assert ledger.take(replace(seen("ada", version=50, generation=2), shown=99))


def test_a_status_that_sticks_is_put_right_however_often_somebody_changes_it() -> None:
    ledger = Ledger()
    ledger.take(seen("ada"))
    for version in range(2, 32, 3):
        ledger.wants("ada", digest=7)
        ledger.written("ada", digest=7, version=version)
        ledger.take(replace(seen("ada", version=version + 1), shown=7))
        assert ledger.take(replace(seen("ada", version=version + 2), shown=99))


def test_a_finalizer_stripped_by_hand_is_news() -> None:
    ledger = Ledger()
    ledger.take(seen("ada"))
    assert ledger.take(seen("ada", version=2, finalizers=[]))
    assert not ledger.take(seen("ada", version=3, finalizers=[]))


def test_nothing_comes_after_an_object_is_gone() -> None:
    ledger = Ledger()
    ledger.take(seen("ada"))
    assert ledger.take(replace(seen("ada", version=2), gone=True))
    assert not ledger.take(seen("ada", version=3))
    assert not ledger.wants("ada", digest=7)


def test_an_object_of_the_same_name_is_another_one() -> None:
    ledger = Ledger()
    ledger.take(seen("ada", uid="first", version=9))
    ledger.take(replace(seen("ada", uid="first", version=10), gone=True))
    assert ledger.take(seen("ada", uid="second", version=8))


def test_a_forced_object_is_news_even_if_its_version_fell() -> None:
    ledger = Ledger()
    ledger.take(seen("ada", version=9))
    assert ledger.take(seen("ada", version=2), read_at=ledger.state("ada"))
    assert not ledger.take(seen("ada", version=2))


def test_an_object_whose_younger_state_is_under_way_is_outdated() -> None:
    ledger = Ledger()
    former, later = seen("ada"), seen("ada", generation=2, version=2)
    ledger.take(former)
    assert not ledger.outdated(former)
    ledger.take(later)
    assert ledger.outdated(former)
    assert not ledger.outdated(later)


def test_what_a_listing_did_not_have_is_forgotten_but_not_what_came_since() -> None:
    ledger = Ledger()
    ledger.take(seen("ada"))
    ledger.take(seen("bob"))
    known = ledger.known()
    ledger.take(seen("cora"))
    ledger.keep_only({"bob"}, known)
    assert sorted(ledger.known()) == ["bob", "cora"]


@pytest.mark.parametrize("generation", [2, 3], ids=["an edit", "a status"])
def test_a_read_that_an_event_overtook_replaces_nothing(generation: int) -> None:
    ledger = Ledger()
    ledger.take(seen("ada", generation=2, version=20))
    before = ledger.state("ada")
    ledger.take(seen("ada", generation=generation, version=30))
    assert not ledger.take(seen("ada", generation=2, version=25), read_at=before)
    assert not ledger.outdated(seen("ada", generation=generation, version=30))


def test_what_came_since_a_listing_began_is_told_apart() -> None:
    ledger = Ledger()
    ledger.take(seen("ada"))
    before = ledger.known()
    ledger.take(seen("ada", version=9))
    ledger.take(seen("bob"))
    ledger.take(seen("cora"))
    ledger.bury("cora")
    assert ledger.learnt_since(before) == {"bob"}
