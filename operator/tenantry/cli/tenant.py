"""`tenantry tenant`."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from tenantry.cli.manual import closing, examples
from tenantry.cli.output import write_data
from tenantry.cli.stores import audit_key_file, opened, output, store_url
from tenantry.cli.table import write_table
from tenantry.cli.text import safe
from tenantry.services.accounts import list_known_tenants
from tenantry.services.tenancy import Attachment, attach


@click.group(epilog=examples("tenantry tenant list", "tenantry tenant attach acme --dry-run"))
def command() -> None:
    """List tenants, or attach one to the cluster of now."""


@command.command("list", epilog=closing("tenantry tenant list"))
@store_url
@output("table", "json", "yaml")
def list_(store_url: str, output: str) -> None:
    """List the tenants in the store: each is one namespace.

    A detached one grants and deletes nothing: the store belongs to another cluster, or too many objects went at once.
    """
    with opened(store_url) as store:
        tenants = list_known_tenants(store)
    if output != "table":
        write_data([asdict(tenant) for tenant in tenants], output)
    elif tenants:
        rows = [
            (t.namespace, "Attached" if t.attached else "Detached", t.accounts, t.waiting, t.records, t.uid)
            for t in tenants
        ]
        write_table(("TENANT", "STATE", "ACCOUNTS", "WAITING", "RECORDS", "NAMESPACE-UID"), rows)
    else:
        click.echo("There are no tenants.", err=True)


@command.command(
    "attach",
    epilog=closing("tenantry tenant attach acme --dry-run", "tenantry tenant attach acme"),
)
@click.argument("namespace")
@click.option("--dry-run", is_flag=True, help="Show what it would do, and change nothing.")
@store_url
@audit_key_file
@output("text", "json", "yaml")
def attach_(namespace: str, store_url: str, audit_key_file: Path | None, output: str, *, dry_run: bool) -> None:
    """Attach a detached tenant to the cluster that was seen last.

    Each account goes to the User that has its login. Accounts whose login no User has stay without one: the next sweep
    deletes them by the policy of their workgroups. Look at them with --dry-run first. The audit trail says that it was
    attached; where the operator signs that trail, its key is needed.
    """
    with opened(store_url, audit_key_file) as store:
        attachment = attach(store, namespace, datetime.now(UTC), dry_run=dry_run)
    if output == "text":
        _print(namespace, attachment, dry_run=dry_run)
    else:
        write_data({"tenant": namespace, "dryRun": dry_run, **_as_data(attachment)}, output)


def _as_data(attachment: Attachment) -> dict[str, list[str]]:
    return {"bound": list(attachment.bound), "unbound": list(attachment.unbound)}


def _print(namespace: str, attachment: Attachment, *, dry_run: bool) -> None:
    for login in attachment.bound:
        click.echo(f"bound    {safe(login)}")
    for login in attachment.unbound:
        click.echo(f"unbound  {safe(login)}")
    bound, unbound = len(attachment.bound), len(attachment.unbound)
    done = "would be attached (dry run)" if dry_run else "is attached"
    click.echo(f"{namespace} {done}: {bound} bound to another User, {unbound} without one")
    if unbound:
        click.echo("What is unbound is deleted by the next sweep, by the policy of its workgroups.")
