"""`tenantry db`."""

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tenantry.cli.manual import CODES, closing, examples
from tenantry.cli.stores import opened, store_url
from tenantry.store import Store
from tenantry.store.migrate import differences, newest, upgrade


@click.group(epilog=examples("tenantry db upgrade --store-url postgresql://tenantry@db/tenantry", "tenantry db check"))
def command() -> None:
    """Migrate the identity store, or compare it with the models."""


@command.command(
    "upgrade",
    epilog=closing(
        "tenantry db upgrade --store-url postgresql://tenantry@db/tenantry",
    ),
)
@store_url
def upgrade_(store_url: str) -> None:
    """Bring the database to the newest revision, and print that revision. The operator does the same at its start."""
    with opened(store_url, may_be_new=True) as store:
        click.echo(upgrade(store))


@command.command(
    "check",
    epilog=closing(
        "tenantry db check",
        "tenantry db check --store-url sqlite:///tenantry.db",
        codes={
            **CODES,
            0: "no difference",
            1: "differences, or another fault",
        },
    ),
)
@click.option(
    "--store-url",
    envvar="TENANTRY_STORE_URL",
    show_envvar=True,
    metavar="URL",
    help="Compare this database too.",
)
@click.pass_context
def check(ctx: click.Context, store_url: str | None) -> None:
    """Compare what the migrations make with the models, and with --store-url that database too."""
    found = {"migrations": _fresh_differences()}
    if store_url:
        with opened(store_url) as store:
            found["store"] = differences(store)
    for where, some in found.items():
        for difference in some:
            click.echo(f"{where}: {difference}")
    if not any(found.values()):
        click.echo(f"The models and revision {newest()} agree.")
    ctx.exit(1 if any(found.values()) else 0)


def _fresh_differences() -> list[str]:
    with TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{Path(folder) / 'fresh.db'}")
        try:
            upgrade(store)
            return differences(store)
        finally:
            store.close()
