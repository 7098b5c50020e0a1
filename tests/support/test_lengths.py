from pathlib import Path

from lengths import Length, function_lengths

SOURCE = '''
def short(
    value: int,
) -> int:
    """A docstring
    of two lines does not count."""

    # nor does a comment
    return value
'''


def test_counts_lines_with_code() -> None:
    assert list(function_lengths(Path("a.py"), SOURCE)) == [Length(4, "a.py:2 short")]
