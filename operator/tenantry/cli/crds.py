"""`tenantry crds`."""

from pathlib import Path

import click

from tenantry.cli.manual import closing
from tenantry.resources.generate import render_crds, stale_crds, write_crds


@click.command(
    epilog=closing(
        "tenantry crds | kubectl apply --server-side -f -",
        "tenantry crds --check crds",
        codes={0: "done, or all files are fresh", 1: "--check: files are stale", 2: "wrong usage"},
    )
)
@click.option("--write", "target", type=click.Path(file_okay=False, path_type=Path), help="Write one file a kind here.")
@click.option(
    "--check",
    "checked",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Name the files here that are not what the models make, and change nothing.",
)
@click.pass_context
def command(ctx: click.Context, target: Path | None, checked: Path | None) -> None:
    """Print the CustomResourceDefinitions, which are generated from the models."""
    if target is not None and checked is not None:
        raise click.UsageError("--write and --check exclude each other")
    if target is not None:
        for name in write_crds(target):
            click.echo(f"{target / name}: written")
    elif checked is not None:
        _check(ctx, checked)
    else:
        click.echo("---\n".join(render_crds().values()), nl=False)


def _check(ctx: click.Context, directory: Path) -> None:
    stale = stale_crds(directory)
    for name in stale:
        click.echo(f"{directory / name}: is stale; run: tenantry crds --write {directory}", err=True)
    ctx.exit(1 if stale else 0)
