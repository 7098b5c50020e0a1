"""Text of others on a terminal: what could move the cursor or turn the line is shown, not obeyed."""

import re

#: Controls, line and paragraph separators, marks of direction, and surrogates that have no partner.
_ACTIVE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def safe(text: str) -> str:
    """Return the text with every active character written as its escape."""
    return _ACTIVE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
