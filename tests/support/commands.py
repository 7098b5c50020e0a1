"""Commands as a person would run them, in this process."""

from dataclasses import dataclass
from typing import Any

import yaml
from click.testing import CliRunner

from tenantry.cli import main


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def data(self) -> Any:
        return yaml.safe_load(self.out)


def tenantry(*arguments: object, stdin: str = "", environment: dict[str, str] | None = None) -> Done:
    """Run `tenantry` with these arguments. An exception that no command foresees is not caught."""
    result = CliRunner().invoke(
        main, [str(argument) for argument in arguments], input=stdin, env=environment, catch_exceptions=False
    )
    return Done(result.exit_code, result.stdout, result.stderr)
