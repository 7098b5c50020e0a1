"""`tenantry groups`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from tenantry.cli.effects import FORMATS, write_plans
from tenantry.cli.manual import closing
from tenantry.cli.stores import audit_key_file, opened, output, store_url
from tenantry.services.editing import Grouping, carry_out, plan_grouping

_CODES = {
    0: "done, for all of them",
    1: "some are refused, or another fault",
    2: "wrong usage",
    3: "the identity store cannot be reached",
}
_group = click.argument("group")
_logins = click.argument("logins", metavar="LOGIN...", nargs=-1, required=True)
_namespace = click.option("-n", "--namespace", required=True, help="The tenant.")
_workgroup = click.option("--workgroup", required=True, help="The Workgroup that defines the group.")


@click.group()
def command() -> None:
    """Put many accounts into a group at once, or take them out. For tenants that no cluster has."""


@command.command("add", epilog=closing("tenantry groups add Managers ada grace -n acme --workgroup desk", codes=_CODES))
@_group
@_logins
@_namespace
@_workgroup
@store_url
@audit_key_file
@output(*FORMATS)
@click.pass_context
def add(  # noqa: PLR0913 - one parameter an option
    ctx: click.Context,
    group: str,
    logins: Sequence[str],
    *,
    namespace: str,
    workgroup: str,
    store_url: str,
    audit_key_file: Path | None,
    output: str,
) -> None:
    """Put accounts into a group. Who only has access to the workgroup becomes a member of it."""
    grouping = Grouping(workgroup, group, logins, add=True)
    _edit(ctx, namespace, grouping, (store_url, audit_key_file), output)


@command.command("remove", epilog=closing("tenantry groups remove Managers ada -n acme --workgroup desk", codes=_CODES))
@_group
@_logins
@_namespace
@_workgroup
@store_url
@audit_key_file
@output(*FORMATS)
@click.pass_context
def remove(  # noqa: PLR0913 - one parameter an option
    ctx: click.Context,
    group: str,
    logins: Sequence[str],
    *,
    namespace: str,
    workgroup: str,
    store_url: str,
    audit_key_file: Path | None,
    output: str,
) -> None:
    """Take accounts out of a group. What only that group gave them is gone at once."""
    grouping = Grouping(workgroup, group, logins, add=False)
    _edit(ctx, namespace, grouping, (store_url, audit_key_file), output)


def _edit(ctx: click.Context, namespace: str, grouping: Grouping, where: tuple[str, Path | None], output: str) -> None:
    with opened(*where) as store:
        actor = f"tenantry groups {'add' if grouping.add else 'remove'}"
        done = carry_out(store, plan_grouping(store, namespace, grouping, datetime.now(UTC), actor))
    write_plans([done], output, done=True)
    ctx.exit(1 if done.fails else 0)
