"""A group of commands that imports a command's module only when that command is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from tenantry.errors import InputError, StoreUnavailable

#: Exit codes beside 0 (done) and 2 (wrong usage, by click).
FAULT = 1
AWAY = 3


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command that is not imported yet: its module, which has it as ``command``, and its line of help."""

    module: str
    about: str


class Failure(click.ClickException):
    """Ends the program with a message on stderr and an exit code."""

    exit_code = FAULT

    def show(self, file: Any = None) -> None:  # noqa: ANN401, ARG002 - the signature is click's
        """Print the message as this program prints its errors."""
        click.echo(f"tenantry: {self.message}", err=True)


class Away(Failure):
    """Ends the program because the identity store cannot be reached: the same command may succeed later."""

    exit_code = AWAY


class LazyGroup(click.Group):
    """Knows names and lines of help without importing, and turns our exceptions into exit codes."""

    def __init__(self, *args: Any, commands_by_name: Mapping[str, Lazy], **kwargs: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **kwargs)
        self._lazy = commands_by_name

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse bytes that are no text, which no database takes."""
        for arg in args:
            try:
                arg.encode()
            except UnicodeEncodeError as error:
                raise Failure(f"the argument {arg.encode(errors='replace').decode()} is not UTF-8 text") from error
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Return the names in the order in which they are told."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the signature is click's
        """Import the command's module."""
        lazy = self._lazy.get(cmd_name)
        if lazy is None:
            return None
        command: click.Command = import_module(lazy.module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the signature is click's
        """Write the list of commands, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.about) for name, lazy in self._lazy.items()])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - the signature is click's
        """Run the command; what it cannot do for a known reason is a message and an exit code, not a traceback."""
        try:
            return super().invoke(ctx)
        except InputError as error:
            raise Failure(str(error)) from error
        except click.Abort as error:
            raise Failure("nothing was changed") from error
        except StoreUnavailable as error:
            raise Away(f"the identity store cannot be reached: {error.why}") from error
