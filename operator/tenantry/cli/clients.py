"""`tenantry clients`."""

from collections.abc import Iterator, Sequence
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
from tenantry.services.accounts import chosen_tenant
from tenantry.services.clients import create_client, delete_clients, list_clients
from tenantry.specs.licensepool import LicenseType
from tenantry.store import Store
from tenantry.store.client import ClientRow
from tenantry.store.policy import load_policies

_COLUMNS = ("NAME", "SCOPES", "WORKGROUP", "ROLE", "LICENSE", "CREATED", "EXPIRES")


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
        "TOKEN=$(tenantry clients create portal -n acme --scope sessions)",
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
@output("text", "json", "yaml")
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
        doubts = list(_doubts(store, namespace, defaults)) if Scope.SCIM in scopes else []
        token = create_client(store, namespace, name, [Scope(s) for s in scopes], datetime.now(UTC), lifetime, defaults)
    for doubt in doubts:
        click.echo(f"warning: {doubt}", err=True)
    if output == "text":
        click.echo(token)
    else:
        write_data({"tenant": namespace, "name": name, "scopes": sorted(scopes), "token": token}, output)


def _doubts(store: Store, namespace: str, defaults: Defaults) -> Iterator[str]:
    """Yield why accounts that the client makes would be refused as it is now: what is missing may come later."""
    if defaults.workgroup is None:
        yield "without --workgroup it makes only accounts whose request names workgroups"
        return
    with store.read() as connection:
        workgroups = load_policies(connection, chosen_tenant(connection, namespace).id).workgroups
    if defaults.workgroup not in workgroups:
        known = ", ".join(sorted(workgroups)) or "none"
        yield f'until there is a Workgroup "{defaults.workgroup}" its accounts are refused; there is: {known}'
        return
    roles = workgroups[defaults.workgroup].spec.roles_by_name
    if defaults.role is not None and defaults.role not in roles:
        known = ", ".join(roles) or "none"
        where = f'Workgroup "{defaults.workgroup}"'
        yield f'until {where} has a role "{defaults.role}" its accounts are refused; it has: {known}'


@command.command("delete", epilog=closing("tenantry clients delete portal -n acme"))
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@tenant
@store_url
@audit_key_file
def delete(names: Sequence[str], namespace: str, store_url: str, audit_key_file: Path | None) -> None:
    """Delete clients. Their tokens open nothing from then on."""
    with opened(store_url, audit_key_file) as store:
        delete_clients(store, namespace, names, datetime.now(UTC))
    click.echo(f"Deleted: {', '.join(names)}")


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
        write_table(_COLUMNS, map(_row, clients))
    else:
        click.echo("There are no clients.", err=True)


def _row(client: ClientRow) -> tuple[object, ...]:
    made = client.defaults
    scopes = ",".join(sorted(client.scopes))
    return (client.name, scopes, made.workgroup, made.role, made.license, client.created, client.expires)


def _data(client: ClientRow) -> dict[str, object]:
    found = asdict(client)
    del found["tenant_id"]
    return found | {
        "defaults": {option: value for option, value in found["defaults"].items() if value is not None},
        "scopes": sorted(client.scopes),
        "created": client.created.isoformat(),
        "expires": client.expires.isoformat() if client.expires is not None else None,
    }
