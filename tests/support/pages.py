"""The commands of a page of the documentation, run as somebody would who follows it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 180
_SHARED = "/tmp/"  # noqa: S108 - where a page keeps what it makes


def commands(page: str, heading: str) -> list[str]:
    """Return the commands below a heading of this page, up to the next heading of the same depth, in their order."""
    _, _, rest = (ROOT / page).read_text().partition(f"\n{heading}\n")
    part = rest.partition(f"\n{heading.partition(' ')[0]} ")[0]
    return [line.removeprefix("$ ") for line in part.splitlines() if line.startswith("$ ")]


def follow(lines: list[str], folder: Path, *, prelude: str = "", **environment: str) -> dict[str, int]:
    """Run commands in one shell, from the project's root, and return those that fail with their exit codes.

    What they keep in /tmp is kept in the folder. One that never ends fails the test.
    """
    codes = folder / "codes"
    script = [f'tenantry() {{ "{sys.executable}" -m tenantry "$@"; }}', prelude]
    for line in lines:
        script += [line.replace(_SHARED, f"{folder}/"), f'echo $? >> "{codes}"']
    found = {**os.environ, "PYTHONPATH": str(ROOT / "operator"), **environment}
    subprocess.run(
        ["bash", "-c", "\n".join(script)], cwd=ROOT, env=found, stdin=subprocess.DEVNULL, timeout=_LONGEST, check=True
    )
    return {line: int(code) for line, code in zip(lines, codes.read_text().split(), strict=True) if code != "0"}
