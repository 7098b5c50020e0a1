"""Every command tells what it does, with an example and its exit codes."""

import re
from collections.abc import Iterator

import click
import pytest

from tenantry.cli import COMMANDS, main
from tenantry.settings import Settings
from tests.support.commands import tenantry


def leaves(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        yield path
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from leaves(below, *path, name)


LEAVES = list(leaves(main))


def test_the_commands_are_these() -> None:
    assert sorted(" ".join(path) for path in LEAVES) == [
        "apply",
        "audit export",
        "audit verify",
        "clients create",
        "clients delete",
        "clients list",
        "crds",
        "db check",
        "db upgrade",
        "explain",
        "export",
        "groups add",
        "groups remove",
        "holdings add",
        "holdings delete",
        "holdings list",
        "holdings reassign",
        "invite",
        "mail list",
        "plan",
        "pools list",
        "run",
        "serve",
        "tenant attach",
        "tenant list",
        "users delete",
        "users list",
        "validate",
    ]


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_help_has_an_example_and_exit_codes(path: tuple[str, ...]) -> None:
    text = tenantry(*path, "--help").out
    assert "Example" in text
    assert f"tenantry {' '.join(path)}" in text.split("Example")[1]
    assert "Exit codes:\n    0  " in text


def test_the_program_lists_its_commands_without_importing_them() -> None:
    text = tenantry("--help").out
    assert all(f"{name} " in text and lazy.about in text for name, lazy in COMMANDS.items())


@pytest.mark.parametrize("name", sorted({path[0] for path in LEAVES if len(path) > 1}))
def test_each_group_of_commands_has_an_example(name: str) -> None:
    assert f"  tenantry {name} " in tenantry(name, "--help").out.partition("Example")[2]


def test_an_unknown_command_is_wrong_usage() -> None:
    done = tenantry("vaildate")
    assert (done.code, "No such command 'vaildate'" in done.err) == (2, True)


@pytest.mark.parametrize("path", [path for path in LEAVES if path != ("db", "check")], ids=" ".join)
def test_the_store_is_named_alike_everywhere_with_its_default_and_no_password(path: tuple[str, ...]) -> None:
    text = " ".join(tenantry(*path, "--help").out.replace("-\n", "-").split())
    about = Settings.model_fields["store_url"].description
    assert about is not None
    assert "--store-url" not in text or about in text
    assert "user:password" not in text


def test_the_two_files_of_a_certificate_stand_together() -> None:
    options = re.findall(r"^  (--[a-z-]+)", tenantry("serve", "--help").out, re.MULTILINE)
    assert options.index("--private-key") == options.index("--certificate") + 1
