"""`tenantry apply`: files into a store, where there is no cluster."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from tenantry.cli.effects import FORMATS, write_faults, write_plans
from tenantry.cli.manifests import Loaded
from tenantry.cli.manual import closing
from tenantry.cli.plan import namespace, paths, prune, read_files, requests, watched
from tenantry.cli.stores import audit_key_file, is_missing, opened, output, store_url
from tenantry.services.effects import Action, Plan
from tenantry.services.pipeline import Request, apply, plan
from tenantry.store import Store

_ACTOR = "tenantry apply"


@click.command(
    epilog=closing(
        "tenantry apply accounts/ -n acme --store-url sqlite:///acme.db",
        "tenantry apply accounts/ -n acme --prune --yes",
        codes={
            0: "everything asked for is in force",
            1: "something is refused or waits, the files have faults, or another fault",
            2: "wrong usage",
            3: "the identity store cannot be reached",
        },
    )
)
@paths
@namespace
@prune
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
        write_faults(loaded.faults, output)
        ctx.exit(1)
    with opened(store_url, audit_key_file, may_be_new=True) as store:
        if is_missing(store_url):
            _make(store)
        plans = _apply(store, loaded, namespace, output, prune=prune, yes=yes, take_over=take_over)
    write_plans(plans, output, done=True)
    ctx.exit(1 if any(p.fails for p in plans) else 0)


def _apply(
    store: Store, loaded: Loaded, namespace: str, output: str, *, prune: bool, yes: bool, take_over: bool
) -> list[Plan]:
    asked = requests(store, loaded, namespace, prune=prune, actor=_ACTOR)
    return [carry_out(store, replace(request, take_over=take_over), output, ask=prune and not yes) for request in asked]


def carry_out(store: Store, request: Request, output: str, *, ask: bool) -> Plan:
    """Apply one namespace. With ``ask`` a person says Yes to what would be removed, if anything would.

    Raises:
        click.Abort: the answer was no, or nobody answered.
    """
    if ask:
        planned = watched(plan, store, request)
        removed = sum(effect.action is Action.REMOVE for effect in planned.effects)
        if removed:
            write_plans([planned], "text", done=False, err=output != "text")
            question = (
                f"Remove {removed} object{'s' * (removed > 1)} of {request.namespace}, with what belongs to them?"
            )
            click.confirm(question, abort=True, err=True)
    return watched(apply, store, request)


def _make(store: Store) -> None:
    from tenantry.store.migrate import upgrade  # noqa: PLC0415 - Alembic is slow to import, and rarely needed

    upgrade(store)
