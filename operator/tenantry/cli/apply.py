"""`tenantry apply`: files into a store, where there is no cluster."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from tenantry.cli.effects import FORMATS, write_faults, write_plans
from tenantry.cli.mail import with_mails
from tenantry.cli.manifests import Loaded
from tenantry.cli.manual import CODES, closing
from tenantry.cli.namespaces import of_files
from tenantry.cli.plan import paths, prune, prune_most, read_files, requests
from tenantry.cli.stores import audit_key_file, missing_file, opened, output, store_url
from tenantry.cli.watching import watched
from tenantry.services.effects import Action, Plan
from tenantry.services.pipeline import Request, apply, plan
from tenantry.services.preflight import check_removal, check_writable
from tenantry.store import Store

_ACTOR = "tenantry apply"


@click.command(
    epilog=closing(
        "tenantry apply accounts/ -n acme --store-url sqlite:///acme.db",
        "tenantry apply accounts/ -n acme --prune --yes",
        codes={
            **CODES,
            0: "everything asked for is in force",
            1: "something is refused or waits, the files have faults, or another fault",
        },
    )
)
@paths
@of_files
@prune
@prune_most
@click.option("--yes", is_flag=True, help="Do not ask before something is removed.")
@click.option(
    "--take-over", is_flag=True, help="Also where a cluster had a part in the tenant, which is gone for good."
)
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
    yes: bool,
    take_over: bool,
) -> None:
    """Bring the store in step with YAML files, where no cluster does that.

    It is decided by the services of the operator. Each namespace is one transaction: an interrupted one changes
    nothing. What is refused or waits holds up nothing else. Passwords come from the Secrets in the files. A tenant that
    the operator of a cluster manages is refused. What time ends (an invitation, a grace period) ends at the next apply.
    """
    loaded = read_files(paths, namespace)
    if loaded.faults:
        write_faults(loaded.faults, loaded.notes, output)
        ctx.exit(1)
    with opened(store_url, audit_key_file, may_be_new=True) as store:
        if missing_file(store_url) is not None:
            _make(store)
        asked = [
            replace(request, take_over=take_over)
            for request in requests(store, loaded, namespace, prune=prune, actor=_ACTOR)
        ]
        for request in asked:
            check_writable(store, request)
            if not prune_most:
                check_removal(store, request)
        for request in asked if prune and not yes else ():
            _ask(store, request, output)
        fails = _apply(store, asked, loaded, output)
    ctx.exit(1 if fails else 0)


def _ask(store: Store, request: Request, output: str) -> None:
    """Have a person say Yes to what would be removed, if anything would.

    Raises:
        click.Abort: the answer was no, or nobody answered.
    """
    planned = watched(plan, store, request)
    removed = sum(effect.action is Action.REMOVE for effect in planned.effects)
    if removed:
        write_plans([planned], "text", done=False, err=output != "text")
        question = f"Remove {removed} object{'s' * (removed > 1)} of {request.namespace}, with what belongs to them?"
        click.confirm(question, abort=True, err=True)


def _apply(store: Store, asked: Sequence[Request], loaded: Loaded, output: str) -> bool:
    """Apply one namespace after the other, and tell whether any fails. What is done is told whatever comes after it."""
    plans: list[Plan] = []
    try:
        plans.extend(with_mails(store, watched(apply, store, request)) for request in asked)
    finally:
        if plans or not asked:
            write_plans(plans, output, done=True, passed_over=loaded.notes)
    return any(p.fails for p in plans)


def _make(store: Store) -> None:
    from tenantry.store.migrate import upgrade  # noqa: PLC0415 - Alembic is slow to import, and rarely needed

    upgrade(store)
