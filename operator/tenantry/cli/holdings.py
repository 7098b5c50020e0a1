"""`tenantry holdings`."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from tenantry.cli.effects import write_plans
from tenantry.cli.lazy import Failure
from tenantry.cli.manual import CODES, closing, examples
from tenantry.cli.namespaces import namespace, tenant
from tenantry.cli.output import write_data
from tenantry.cli.stores import audit_key_file, opened, output, store_url
from tenantry.cli.table import write_table
from tenantry.services.effects import Plan
from tenantry.services.going_on import go_on
from tenantry.services.holdings import (
    ACTOR,
    Deletion,
    Handover,
    ListedHolding,
    Registration,
    Result,
    delete_holdings,
    list_holdings,
    put_holdings,
    reassign_holdings,
)

C = TypeVar("C", bound=Callable[..., Any])

_COLUMNS = ("USER", "ID", "WORKGROUP", "KIND", "NAME", "COVERS")
_CODES = {
    **CODES,
    1: "refused, or another fault: told on stderr",
}
_workgroup = click.option("--workgroup", required=True, help="The Workgroup whose application has them.")
_kind = click.option("--kind", required=True, help="What they are: record, alert, chart.")
_names = click.argument("names", nargs=-1, required=True, metavar="NAME...")


def _written(function: C) -> C:
    """Add the options that every writing command shares."""
    return store_url(audit_key_file(output("text", "json", "yaml")(function)))


@click.group(
    epilog=examples(
        "tenantry holdings list -n acme --user jdoe",
        "tenantry holdings reassign -n acme --from jdoe --to asmith",
    )
)
def command() -> None:
    """List what accounts hold in applications, or give it away."""


@command.command(
    "list",
    epilog=closing(
        "tenantry holdings list -n acme --user jdoe",
        "tenantry holdings list -n acme --kind record -o json | jq length",
        codes=_CODES,
    ),
)
@store_url
@namespace
@click.option("--user", help="Only of the account with this login.")
@click.option("--workgroup", help="Only of this Workgroup.")
@click.option("--kind", help="Only of this kind.")
@output("table", "json", "yaml")
def list_(
    store_url: str, namespace: str | None, user: str | None, workgroup: str | None, kind: str | None, output: str
) -> None:
    """List what accounts hold in applications: records, alerts, saved queries, charts.

    COVERS is the one group that a saved query or chart is about: it may keep the account in that group.
    """
    with opened(store_url) as store:
        found = list_holdings(store, namespace, workgroup=workgroup, kind=kind, owner=user)
    if output != "table":
        write_data([asdict(holding) for holding in found], output)
    elif found:
        _print(found)
    else:
        click.echo("There are no holdings.", err=True)


def _print(found: list[ListedHolding]) -> None:
    several = len({holding.tenant for holding in found}) > 1
    rows = [(h.login or "(erased)", h.account, h.workgroup, h.kind, h.name, h.covers) for h in found]
    if several:
        write_table(("TENANT", *_COLUMNS), [(h.tenant, *row) for h, row in zip(found, rows, strict=True)])
    else:
        write_table(_COLUMNS, rows)


@command.command(
    "add",
    epilog=closing(
        "tenantry holdings add -n acme --workgroup tracker --kind alert --user jdoe overdue escalated",
        "tenantry holdings add -n acme --workgroup tracker --kind query --user jdoe --covers Sales open-deals",
        codes=_CODES,
    ),
)
@tenant
@_workgroup
@_kind
@click.option("--user", required=True, help="The login of the account that has them.")
@click.option("--covers", default="", help="The one group that these saved queries or charts are about.")
@_names
@_written
def add(  # noqa: PLR0913, PLR0917 - options
    namespace: str,
    workgroup: str,
    kind: str,
    user: str,
    covers: str,
    names: tuple[str, ...],
    store_url: str,
    audit_key_file: Path | None,
    output: str,
) -> None:
    """Register things of an application with the account that has them, as the application itself would.

    One that is registered already goes to this account, and covers what is said here. The same again changes nothing.
    """
    wanted = Registration(workgroup, kind, user, names, covers)
    with opened(store_url, audit_key_file) as store:
        result = put_holdings(store, namespace, wanted, datetime.now(UTC))
        _tell(result, go_on(store, namespace, result, datetime.now(UTC), ACTOR), output, "registered")


@command.command(
    "reassign",
    epilog=closing(
        "tenantry holdings reassign -n acme --from jdoe --to asmith",
        "tenantry holdings reassign -n acme --from jdoe --to TBD --workgroup tracker --kind record",
        codes=_CODES,
    ),
)
@tenant
@click.option("--from", "giver", required=True, metavar="LOGIN", help="Who has them.")
@click.option(
    "--to", "taker", required=True, metavar="LOGIN", help="Who is given them. A system user: --workgroup too."
)
@click.option("--workgroup", help="Only those of this Workgroup.")
@click.option("--kind", help="Only those of this kind.")
@_written
def reassign(  # noqa: PLR0913, PLR0917 - options
    namespace: str,
    giver: str,
    taker: str,
    workgroup: str | None,
    kind: str | None,
    store_url: str,
    audit_key_file: Path | None,
    output: str,
) -> None:
    """Give all that an account holds to another, at once.

    While nobody deletes the account, anybody may be given it. Once its User is deleted, only those whom the deletion
    policy of the Workgroup lets in; the deletion goes on by itself when nothing is left.
    """
    with opened(store_url, audit_key_file) as store:
        result = reassign_holdings(store, namespace, Handover(giver, taker, workgroup, kind), datetime.now(UTC))
        _tell(result, go_on(store, namespace, result, datetime.now(UTC), ACTOR), output, "reassigned")


@command.command(
    "delete",
    epilog=closing("tenantry holdings delete -n acme --workgroup tracker --kind alert overdue", codes=_CODES),
)
@tenant
@_workgroup
@_kind
@_names
@_written
def delete(  # noqa: PLR0917 - options
    namespace: str,
    workgroup: str,
    kind: str,
    names: tuple[str, ...],
    store_url: str,
    audit_key_file: Path | None,
    output: str,
) -> None:
    """Forget things that the application does not have any more. One that is not registered is passed over."""
    with opened(store_url, audit_key_file) as store:
        result = delete_holdings(store, namespace, Deletion(workgroup, kind, names), datetime.now(UTC))
        _tell(result, go_on(store, namespace, result, datetime.now(UTC), ACTOR), output, "deleted")


def _tell(result: Result, plan: Plan | None, output: str, done: str) -> None:
    """Print how many holdings changed and what went on by that, or fail with why none did."""
    if result.refusals:
        raise Failure("\n".join(f"{refusal.reason}: {refusal.message}" for refusal in result.refusals))
    if output == "text":
        click.echo(f"{result.changed} {'holding' if result.changed == 1 else 'holdings'} {done}")
        if plan is not None and plan.effects:
            write_plans([plan], output, done=True)
    else:
        write_data({done: result.changed}, output)
