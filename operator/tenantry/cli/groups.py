"""`tenantry groups`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from tenantry.cli.effects import FORMATS, write_plans
from tenantry.cli.manual import CODES, closing, examples
from tenantry.cli.namespaces import tenant
from tenantry.cli.stores import audit_key_file, opened, output, store_url
from tenantry.cli.watching import carried_out
from tenantry.services.editing import Grouping, plan_grouping

_CODES = {
    **CODES,
    0: "done, for all of them",
    1: "some are refused, or another fault",
}


@click.group(epilog=examples("tenantry groups add Managers ada grace -n acme --workgroup desk"))
def command() -> None:
    """Put many accounts into a group at once, or take them out. For tenants that no cluster has."""


def _grouping(verb: str, text: str, example: str) -> None:
    """Make the command of a verb: both are the same but for what is done."""

    @command.command(verb, help=text, epilog=closing(f"tenantry groups {verb} {example}", codes=_CODES))
    @click.argument("group")
    @click.argument("logins", metavar="LOGIN...", nargs=-1, required=True)
    @tenant
    @click.option("--workgroup", required=True, help="The Workgroup that defines the group.")
    @store_url
    @audit_key_file
    @output(*FORMATS)
    @click.pass_context
    def _edit(  # noqa: PLR0913 - one parameter an option
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
        grouping = Grouping(workgroup, group, logins, add=verb == "add")
        with opened(store_url, audit_key_file) as store:
            edit = plan_grouping(store, namespace, grouping, datetime.now(UTC), f"tenantry groups {verb}")
            done = carried_out(store, edit)
        write_plans([done], output, done=True)
        ctx.exit(1 if done.fails else 0)


_grouping(
    "add",
    "Put accounts into a group. Who only has access to the workgroup becomes a member of it.",
    "Managers ada grace -n acme --workgroup desk",
)
_grouping(
    "remove",
    "Take accounts out of a group. What only that group gave them is gone at once.",
    "Managers ada -n acme --workgroup desk",
)
