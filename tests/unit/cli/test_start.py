"""Commands start fast: each imports only what it needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CLUSTER = {"kopf", "kubernetes", "aiohttp", "tenantry.app", "tenantry.controllers"}
STORE = {"sqlalchemy", "alembic", "psycopg"}
HEAVY = {"pydantic", "jsonschema", "yaml", "rich"}


def imported(*arguments: str) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "tenantry", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "operator")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        (["--help"], CLUSTER | STORE | HEAVY),
        (["--version"], CLUSTER | STORE | HEAVY),
        (["validate", "examples/thinger"], CLUSTER | STORE | {"rich"}),
        (["crds", "--check", "crds"], CLUSTER | STORE | {"rich", "jsonschema"}),
        (["run", "--help"], CLUSTER | STORE | {"rich", "jsonschema", "yaml"}),
        (["users", "list", "--help"], CLUSTER | {"alembic", "jsonschema"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_imports_only_what_it_needs(arguments: list[str], unneeded: set[str]) -> None:
    assert imported(*arguments) & unneeded == set()
