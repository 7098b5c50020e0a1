"""A page that is written from the code: brought in step, or with --check told apart from it."""

import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def settle(page: Path, text: str, arguments: list[str]) -> int:
    """Write the page, or tell that it is stale; give the exit code."""
    if arguments != ["--check"]:
        page.write_text(text)
        return 0
    stale = not page.exists() or page.read_text() != text
    if stale:
        print(f"{page.relative_to(_ROOT)} is stale; run: make generate", file=sys.stderr)
    return int(stale)
