"""`tenantry plan`: what files would come to, by the rows of a store, before anybody applies them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tenantry.cli.effects import FORMATS, write_faults, write_plans
from tenantry.cli.manifests import Loaded, count_documents, load_manifests
from tenantry.cli.manual import closing
from tenantry.cli.progress import progress
from tenantry.cli.stores import is_missing, opened, output, store_url
from tenantry.cli.validation.sources import find_sources
from tenantry.services.effects import Plan
from tenantry.services.file_secrets import FileSecrets
from tenantry.services.pipeline import Request, is_ours, plan
from tenantry.store import Store

_ACTOR = "tenantry plan"
paths = click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True)
)
namespace = click.option("-n", "--namespace", default="", help="The namespace of objects that name none.")
prune = click.option(
    "--prune", is_flag=True, help="Remove what is in the store and not in the files, in the namespaces of the files."
)


@click.command(
    epilog=closing(
        "tenantry plan accounts/ -n acme --store-url sqlite:////var/lib/tenantry/store.db",
        "tenantry plan accounts/ -n acme --empty",
        "tenantry plan accounts/ -n acme --prune -o markdown > comment.md",
        codes={
            0: "nothing to do",
            1: "something is refused or would wait, the files have faults, or another fault",
            2: "there are changes, and none is refused (and wrong usage, told on stderr)",
            3: "the identity store cannot be reached",
        },
    )
)
@paths
@namespace
@prune
@click.option("--empty", is_flag=True, help="Plan against an empty store. So does a store that is not there yet.")
@store_url
@output(*FORMATS)
@click.pass_context
def command(
    ctx: click.Context, paths: Sequence[str], namespace: str, store_url: str, output: str, *, prune: bool, empty: bool
) -> None:
    """Show what applying YAML files would do, and change nothing.

    It is decided by the services of the operator, on the rows of the store, in a transaction that is undone: who gets a
    seat, who waits, what is refused and why. PATH is a file, a folder or - for standard input; the order of the files
    is the order of arrival. Without --prune nothing is removed but what was deleted before and waited for something.
    While it runs, the operator waits for the tenant.
    """
    loaded = read_files(paths, namespace)
    if loaded.faults:
        write_faults(loaded.faults, output)
        ctx.exit(1)
    with _empty() if empty or is_missing(store_url) else opened(store_url) as store:
        plans = [
            watched(plan, store, request)
            for request in requests(store, loaded, namespace, prune=prune, actor=_ACTOR, planned=True)
        ]
    write_plans(plans, output, done=False)
    changes = 2 if any(p.changes for p in plans) else 0
    ctx.exit(1 if any(p.fails for p in plans) else changes)


def read_files(paths: Sequence[str], namespace: str) -> Loaded:
    """Read and check the files, with a bar where it takes long."""
    sources = find_sources(paths)
    with progress("Reading", count_documents(sources)) as advance:
        return load_manifests(sources, namespace, advance)


def requests(
    store: Store, loaded: Loaded, namespace: str, *, prune: bool, actor: str, planned: bool = False
) -> Iterator[Request]:
    """Yield what the files ask of each namespace.

    In a plan, the Secrets of a tenant that is not the command line's are taken to be in its cluster.
    """
    for name in sorted({*loaded.objects, *([namespace] if namespace else [])}):
        yield Request(
            namespace=name,
            now=datetime.now(UTC),
            actor=actor,
            wanted=loaded.objects.get(name, []),
            prune=prune,
            secrets=FileSecrets(loaded.secrets.get(name, {}), elsewhere=planned and not is_ours(store, name)),
        )


def watched(call: Callable[[Store, Request], Plan], store: Store, request: Request) -> Plan:
    """Plan or apply with a bar: a step for each object, and one for each Secret that its password is compared with."""
    steps = len(request.wanted) + sum('"secretKeyRef"' in wanted.document for wanted in request.wanted)
    with progress(f"{call.__name__.capitalize()} {request.namespace}", steps) as advance:
        return call(store, replace(request, advance=advance))


@contextmanager
def _empty() -> Iterator[Store]:
    """Make a store for the time of a plan."""
    from tenantry.store.migrate import upgrade  # noqa: PLC0415 - Alembic is slow to import

    with TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{Path(folder) / 'empty.db'}")
        try:
            upgrade(store)
            yield store
        finally:
            store.close()
