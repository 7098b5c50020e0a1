"""`tenantry clients`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from tenantry.cli.manual import closing, examples
from tenantry.cli.namespaces import tenant
from tenantry.cli.output import write_data
from tenantry.cli.stores import audit_key_file, opened, output, store_url
from tenantry.cli.table import write_table
from tenantry.domain.client import Defaults, Scope
from tenantry.services.clients import create_client, delete_clients, list_clients
from tenantry.specs.licensepool import LicenseType
from tenantry.store.client import ClientRow

_COLUMNS = ("NAME", "SCOPES", "CREATED", "EXPIRES")


@click.group(
    epilog=examples("tenantry clients create portal -n acme --scope sessions", "tenantry clients list -n acme")
)
def command() -> None:
    """Make, list and delete the applications that may call the runtime API."""


@command.command(
    "create",
    epilog=closing(
        "tenantry clients create portal -n acme --scope sessions --scope access",
        "tenantry clients create hr -n acme --scope scim --workgroup desk --license Static",
    ),
)
@click.argument("name")
@tenant
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([s.value for s in Scope]),
    multiple=True,
    required=True,
    help="What it may ask for; again for more.",
)
@click.option("--days", type=click.IntRange(1, 3650), help="For how many days the token is good; without it, for good.")
@click.option("--workgroup", help="Scope scim: the Workgroup of the accounts that it makes, if it names none.")
@click.option("--role", help="Scope scim: their role in that Workgroup.")
@click.option(
    "--license", "license_", type=click.Choice([t.value for t in LicenseType]), help="Scope scim: their license type."
)
@store_url
@audit_key_file
@output("text", "json")
def create(  # noqa: PLR0913 - one parameter an option
    name: str,
    *,
    namespace: str,
    scopes: Sequence[str],
    days: int | None,
    workgroup: str | None,
    role: str | None,
    license_: str | None,
    store_url: str,
    audit_key_file: Path | None,
    output: str,
) -> None:
    """Make a client and print its token. The token is told this once: the store has its hash only."""
    lifetime = timedelta(days=days) if days is not None else None
    defaults = Defaults(workgroup, role, license_)
    if defaults != Defaults() and Scope.SCIM not in scopes:
        raise click.UsageError("--workgroup, --role and --license go with --scope scim")
    with opened(store_url, audit_key_file) as store:
        token = create_client(store, namespace, name, [Scope(s) for s in scopes], datetime.now(UTC), lifetime, defaults)
    if output == "json":
        write_data({"tenant": namespace, "name": name, "scopes": sorted(scopes), "token": token}, output)
    else:
        click.echo(token)


@command.command("delete", epilog=closing("tenantry clients delete portal -n acme"))
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@tenant
@store_url
@audit_key_file
def delete(names: Sequence[str], namespace: str, store_url: str, audit_key_file: Path | None) -> None:
    """Delete clients. Their tokens open nothing from then on."""
    with opened(store_url, audit_key_file) as store:
        delete_clients(store, namespace, names, datetime.now(UTC))


@command.command("list", epilog=closing("tenantry clients list -n acme"))
@tenant
@store_url
@output("table", "json", "yaml")
def list_(namespace: str, store_url: str, output: str) -> None:
    """List the clients of a tenant."""
    with opened(store_url) as store:
        clients = list_clients(store, namespace)
    if output != "table":
        write_data([_data(client) for client in clients], output)
    elif clients:
        write_table(_COLUMNS, [(c.name, ",".join(sorted(c.scopes)), c.created, c.expires or "-") for c in clients])
    else:
        click.echo("There are no clients.", err=True)


def _data(client: ClientRow) -> dict[str, object]:
    found = asdict(client)
    del found["tenant_id"]
    return found | {
        "defaults": {option: value for option, value in found["defaults"].items() if value is not None},
        "scopes": sorted(client.scopes),
        "created": client.created.isoformat(),
        "expires": client.expires.isoformat() if client.expires is not None else None,
    }
