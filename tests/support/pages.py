"""The commands of a page of the documentation, run as somebody would who follows it."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 180
_SHARED = "/tmp/"  # noqa: S108 - where a page keeps what it makes


def commands(page: str, heading: str) -> list[str]:
    """Return the commands below a heading of this page, up to the next heading of the same depth, in their order."""
    return [line.removeprefix("$ ") for line in _lines(page, heading) if line.startswith("$ ")]


def untold(page: str, heading: str, output: str) -> list[str]:
    """Return the JSON answers that a part of a page shows and that this output has not; … stands for anything."""
    shown = [line for line in _lines(page, heading) if line.startswith("{")]
    return [line for line in shown if not re.search(".*".join(map(re.escape, line.split("…"))), output)]


def _lines(page: str, heading: str) -> list[str]:
    _, _, rest = f"\n{(ROOT / page).read_text()}".partition(f"\n{heading}\n")
    return rest.partition(f"\n{heading.partition(' ')[0]} ")[0].splitlines()


def follow(lines: list[str], folder: Path, *, prelude: str = "", **environment: str) -> dict[str, int]:
    """Run commands in one shell, from the project's root, and return those that fail with their exit codes.

    What they keep in /tmp is kept in the folder, and what they print in its file `output`. One that never ends fails
    the test; what they leave running is ended.
    """
    codes = folder / "codes"
    script = [f'tenantry() {{ "{sys.executable}" -m tenantry "$@"; }}', prelude]
    for line in lines:
        script += [line.replace(_SHARED, f"{folder}/"), f'echo $? >> "{codes}"']
    found = {**os.environ, "PYTHONPATH": str(ROOT / "operator"), **environment}
    with (folder / "output").open("w") as output:
        shell = subprocess.Popen(
            ["bash", "-c", "\n".join(script)],
            cwd=ROOT,
            env=found,
            stdin=subprocess.DEVNULL,
            stdout=output,
            start_new_session=True,
        )
    try:
        assert shell.wait(_LONGEST) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)
        print((folder / "output").read_text())
    return {line: int(code) for line, code in zip(lines, codes.read_text().split(), strict=True) if code != "0"}
