"""`tenantry plan`: what files would come to, by the rows of a store, before anybody applies them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from tenantry.cli.effects import FORMATS, write_faults, write_plans
from tenantry.cli.lazy import FAULT
from tenantry.cli.manifests import Loaded, load_manifests
from tenantry.cli.manual import CODES, closing
from tenantry.cli.namespaces import of_files
from tenantry.cli.progress import progress
from tenantry.cli.stores import audit_key_file, missing_file, opened, output, store_url
from tenantry.cli.validation.message import Message, Place
from tenantry.cli.validation.sources import applied_files, find_sources
from tenantry.cli.watching import watched
from tenantry.services.effects import Plan
from tenantry.services.file_secrets import FileSecrets
from tenantry.services.pipeline import Request, is_ours, plan
from tenantry.services.preflight import check_removal, check_writable
from tenantry.store import Store

_ACTOR = "tenantry plan"
paths = click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True)
)
prune = click.option(
    "--prune", is_flag=True, help="Remove what is in the store and not in the files, in the namespaces of the files."
)
prune_most = click.option(
    "--prune-most",
    is_flag=True,
    help="With --prune: also where more than a fifth of the accounts would go, or the files have no object.",
)


class _Plan(click.Command):
    """Wrong usage is a fault here: 2 tells of changes, and a pipeline would go on to apply them."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:  # noqa: ANN401 - click's
        with _no_2():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        with _no_2():
            return super().invoke(ctx)


class _Misused(click.UsageError):
    exit_code = FAULT


@contextmanager
def _no_2() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        raise _Misused(error.format_message(), error.ctx) from error


@click.command(
    cls=_Plan,
    epilog=closing(
        "tenantry plan accounts/ -n acme --store-url sqlite:////var/lib/tenantry/store.db",
        "tenantry plan accounts/ -n acme --empty",
        "tenantry plan accounts/ -n acme --prune -o markdown > comment.md",
        codes={
            **CODES,
            0: "nothing to do",
            1: "something is refused or would wait, the files have faults, wrong usage, or another fault",
            2: "there are changes, and none is refused",
        },
    ),
)
@paths
@of_files
@prune
@prune_most
@click.option("--empty", is_flag=True, help="Plan against an empty store. So does a store that is not there yet.")
@store_url
@audit_key_file
@output(*FORMATS)
@click.pass_context
def command(  # noqa: PLR0913 - one parameter an option
    ctx: click.Context,
    paths: Sequence[str],
    namespace: str,
    store_url: str,
    audit_key_file: Path | None,
    output: str,
    *,
    prune: bool,
    prune_most: bool,
    empty: bool,
) -> None:
    """Show what applying YAML files would do, and change nothing.

    It is decided by the services of the operator, on a copy of the tenant's rows: who gets a seat, who waits, what is
    refused and why. It holds up nobody. PATH is a file, a folder (with a kustomization: what that names) or - for
    standard input; the order of the files is the order of arrival. Without --prune nothing is
    removed but what was deleted before and waited for something.
    """
    loaded = read_files(paths, namespace)
    if loaded.faults:
        write_faults(loaded.faults, loaded.notes, output)
        ctx.exit(1)
    missing = None if empty else missing_file(store_url)
    if missing is not None:
        loaded.notes.append(_no_database(missing))
    with _empty() if empty or missing is not None else opened(store_url, audit_key_file) as store:
        plans = [
            _planned(store, request, prune_most=prune_most)
            for request in requests(store, loaded, namespace, prune=prune, actor=_ACTOR, planned=True)
        ]
    write_plans(plans, output, done=False, passed_over=loaded.notes)
    changes = 2 if any(p.changes for p in plans) else 0
    ctx.exit(1 if any(p.fails for p in plans) else changes)


def read_files(paths: Sequence[str], namespace: str) -> Loaded:
    """Read and check the files, with a bar where it takes long."""
    sources = find_sources(paths, partial(applied_files, namespace=namespace))
    with progress("Reading", sum(source.count() for source in sources)) as advance:
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


def _planned(store: Store, request: Request, *, prune_most: bool) -> Plan:
    """Plan a namespace; what an apply would refuse as a whole is refused here too."""
    if is_ours(store, request.namespace):
        check_writable(store, request)
    if not prune_most:
        check_removal(store, request)
    return watched(plan, store, request)


def _no_database(path: Path) -> Message:
    return Message(Place(str(path), 0), "", "there is no database: this is a plan against an empty one", note=True)


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
