"""`tenantry explain`."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import click

from tenantry.cli.manual import CODES, closing
from tenantry.cli.namespaces import namespace_option
from tenantry.cli.output import write_data
from tenantry.cli.stores import opened, output, store_url
from tenantry.cli.text import safe
from tenantry.domain.access import Resource, Step
from tenantry.services.access import Explanation, Request, explain

#: Apart from every code that tells of an error: a script that takes one for a denial lets nobody in.
_DENIED = 4
_CODES = {
    **CODES,
    0: "allowed",
    _DENIED: "denied",
}


@click.command(
    epilog=closing(
        "tenantry explain ada read device/north-bay -n acme",
        "tenantry explain ada update job/1207 --workgroup office --owner bob --scope calendars=North -o json",
        codes=_CODES,
    )
)
@click.argument("user")
@click.argument("action")
@click.argument("resource", metavar="TYPE/NAME")
@namespace_option("The tenant; may be left out where the store has one.")
@click.option("--workgroup", help="The Workgroup; may be left out where the account is in one.")
@click.option("--owner", "owners", metavar="LOGIN", multiple=True, help="Who owns the resource; may be repeated.")
@click.option("--scope", "scopes", metavar="NAME=VALUE", multiple=True, help="What it has of a scope; may be repeated.")
@store_url
@output("text", "json", "yaml")
def command(  # noqa: PLR0913, PLR0917 - what can be asked
    user: str,
    action: str,
    resource: str,
    namespace: str | None,
    workgroup: str | None,
    owners: tuple[str, ...],
    scopes: tuple[str, ...],
    store_url: str,
    output: str,
) -> None:
    """Tell whether an account may do something to a resource, and the rules that lead there.

    USER is a login or the name of a User; ACTION is an operation that the Workgroup's modules or projects have, on a
    resource of that TYPE. An application asks the same rules. => marks the rule that decided.
    """
    asked = Request(user, _action(action), _resource(resource, owners, scopes), namespace, workgroup)
    with opened(store_url) as store:
        explanation = explain(store, asked, datetime.now(UTC))
    if output == "text":
        _print(asked, explanation)
    else:
        write_data(_as_data(asked, explanation), output)
    if not explanation.decision.allowed:
        raise click.exceptions.Exit(_DENIED)


def _action(text: str) -> str:
    if ":" in text:
        raise click.BadParameter(f"{text!r} has a type; write {text.partition(':')[2]!r}", param_hint="ACTION")
    return text


def _resource(text: str, owners: Iterable[str], scopes: Iterable[str]) -> Resource:
    type_, _, name = text.partition("/")
    if not type_ or not name:
        raise click.BadParameter(f"{text!r} is no resource; write device/north-bay", param_hint="TYPE/NAME")
    given: dict[str, str] = {}
    for scope, value in map(_scope, scopes):
        if given.setdefault(scope, value) != value:
            raise click.BadParameter(f"{scope!r} is given twice; a resource has one value", param_hint="--scope")
    return Resource(type_, name, frozenset(owners), given)


def _scope(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not name or not value:
        raise click.BadParameter(f"{text!r} is no scope; write calendars=North", param_hint="--scope")
    return name, value


def _print(asked: Request, explanation: Explanation) -> None:
    decision = explanation.decision
    may = "may" if decision.allowed else "may not"
    where = f' in Workgroup "{explanation.workgroup}"' if explanation.workgroup else ""
    what = f"{asked.action} {asked.resource.type}/{asked.resource.name}"
    click.echo(f"{_word(decision.allowed)}: {decision.reason}. {decision.reason.meaning}")
    click.echo(safe(f"{explanation.login} {may} {what}{where} of tenant {explanation.tenant}.") + "\n")
    for line in _lines(decision.steps, decision.deciding):
        click.echo(safe(line))


def _lines(steps: Iterable[Step], deciding: Step) -> Iterator[str]:
    for step in steps:
        mark = "=>" if step is deciding else "  "
        yield f"{mark} {step.rule:<10}  {'yes' if step.passed else 'no':<3}  {step.text}"


def _word(allowed: bool) -> str:  # noqa: FBT001 - the value that is put in words
    return "Allowed" if allowed else "Denied"


def _as_data(asked: Request, explanation: Explanation) -> dict[str, Any]:
    decision, resource = explanation.decision, asked.resource
    return {
        "tenant": explanation.tenant,
        "login": explanation.login,
        "user": explanation.user,
        "workgroup": explanation.workgroup,
        "action": asked.action,
        "resource": {
            "type": resource.type,
            "name": resource.name,
            "owners": sorted(resource.owners),
            "scopes": dict(resource.scopes),
        },
        "allowed": decision.allowed,
        "reason": decision.reason.value,
        "steps": [
            {"rule": step.rule, "passed": step.passed, "text": step.text, "deciding": step is decision.deciding}
            for step in decision.steps
        ],
    }
