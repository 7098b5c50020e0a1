"""`tenantry pools`."""

from dataclasses import asdict

import click

from tenantry.cli.manual import closing, examples
from tenantry.cli.namespaces import namespace
from tenantry.cli.output import write_data
from tenantry.cli.stores import opened, output, store_url
from tenantry.cli.table import write_table
from tenantry.services.pools import ListedCapacity, list_pools

_COLUMNS = ("TENANT", "POOL", "WHAT", "NAME", "BOUGHT", "ACCOUNTS", "USED", "FREE", "WAITING", "OVER")


@click.group(epilog=examples("tenantry pools list -n acme"))
def command() -> None:
    """List what was bought, and what of it is in use."""


@command.command(
    "list",
    epilog=closing(
        "tenantry pools list -n acme",
    ),
)
@store_url
@namespace
@output("table", "json", "yaml")
def list_(store_url: str, namespace: str | None, output: str) -> None:
    """List licenses and limits of every LicensePool, counted from the rows of the store.

    BOUGHT counts licenses, ACCOUNTS how many accounts they seat. OVER is what is in use beyond that, after a reduction.
    """
    with opened(store_url) as store:
        capacities = list_pools(store, namespace)
    if output != "table":
        write_data([asdict(c) | {"over": c.over} for c in capacities], output)
    elif capacities:
        write_table(_COLUMNS, map(_row, capacities))
    else:
        click.echo("There are no pools.", err=True)


def _row(line: ListedCapacity) -> tuple[object, ...]:
    counts = (line.bought, line.capacity, line.used, line.free, line.waiting, line.over)
    return (line.tenant, line.pool, line.what, line.name, *counts)
