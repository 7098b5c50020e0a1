"""`tenantry serve`."""

from pathlib import Path

import click

from tenantry.cli.manual import closing
from tenantry.cli.stores import audit_key_file, opened, store_url
from tenantry.services.passwords import LEAST_MEMORY, LEAST_PASSES, raise_cost


@click.command(
    epilog=closing(
        "tenantry serve --store-url postgresql://tenantry@db/tenantry --port 8443",
        codes={0: "told to stop", 1: "could not start", 2: "wrong usage", 3: "the identity store cannot be reached"},
    )
)
@store_url
@audit_key_file
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to answer on; 0.0.0.0 for all.")
@click.option("--port", default=8081, show_default=True, type=click.IntRange(0, 65535), help="The port to answer on.")
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="The address that /metrics is on.")
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    help="The port of /metrics, which applications need not see; without it there are none.",
)
@click.option(
    "--certificate", type=click.Path(dir_okay=False, path_type=Path), help="The server's certificate, for TLS."
)
@click.option(
    "--hash-memory",
    envvar="TENANTRY_HASH_MEMORY",
    show_envvar=True,
    default=LEAST_MEMORY,
    show_default=True,
    type=click.IntRange(LEAST_MEMORY, 1024),
    help="The MiB that hashing a password takes (argon2id). Raised, old hashes are made anew at the next log-in.",
)
@click.option(
    "--hash-passes",
    envvar="TENANTRY_HASH_PASSES",
    show_envvar=True,
    default=LEAST_PASSES,
    show_default=True,
    type=click.IntRange(LEAST_PASSES, 100),
    help="How often it goes through that memory.",
)
@click.option("--private-key", type=click.Path(dir_okay=False, path_type=Path), help="The certificate's key.")
def command(
    store_url: str, audit_key_file: Path | None, hash_memory: int, hash_passes: int, **where: str | int | Path | None
) -> None:
    """Serve the runtime API: log-ins and what follows from them, beside `tenantry run` on the same store.

    Applications authenticate by a token; `tenantry clients create` makes one.
    """
    if (where["certificate"] is None) != (where["private_key"] is None):
        message = "--certificate and --private-key go together"
        raise click.UsageError(message)
    from tenantry.cli.validation.specs import check_spec  # noqa: PLC0415 - so do the schemas
    from tenantry.runtime_api.server import Where, serve  # noqa: PLC0415 - the web framework takes long to import

    raise_cost(hash_memory, hash_passes)
    with opened(store_url, audit_key_file) as store:
        serve(store, check_spec, Where(**where))  # type: ignore[arg-type]  # click has typed them
