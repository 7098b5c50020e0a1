import pytest

from tests.support.eventually import eventually


def test_gives_the_first_true_value() -> None:
    values = iter([0, None, "there"])
    assert eventually(lambda: next(values), every=0) == "there"


def test_an_assertion_counts_as_not_yet() -> None:
    values = iter([1, 2, 3])

    def three() -> bool:
        assert next(values) == 3
        return True

    assert eventually(three, every=0)


def test_tells_the_last_value() -> None:
    with pytest.raises(AssertionError, match=r"not so within 0 s; at last: \[\]"):
        eventually(list[int], within=0)
