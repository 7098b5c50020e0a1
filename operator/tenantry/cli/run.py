"""`tenantry run`: its options are the fields of the settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from tenantry.cli.manual import CODES, closing
from tenantry.settings import LogFormat, LogLevel, Settings

#: Names beside the one that a field gives.
_ALIASES = {"namespace_scope": ("-n", "--namespace")}
#: What stands for the value in the help; pydantic reads it, so that the environment is read alike.
_METAVARS = {
    Path: "FILE",
    int: "NUMBER",
    float: "SECONDS",
    LogFormat: "|".join(LogFormat),
    LogLevel: "|".join(LogLevel),
}


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the command one option a field; what is not given is left to the environment and the defaults."""
    for name, field in reversed(Settings.model_fields.items()):
        function = _option(name, field)(function)
    return function


def _option(name: str, field: FieldInfo) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    names = (*_ALIASES.get(name, ()), f"--{name.replace('_', '-')}")
    default = f"; default: {field.default}" if isinstance(field.default, str | int | float) and field.default else ""
    shown = f"{field.description} [env: TENANTRY_{name.upper()}{default}]"
    metavar = next((word for type_, word in _METAVARS.items() if type_ in _types(field)), "TEXT")
    return click.option(*names, name, multiple=name == "namespace_scope", metavar=metavar, help=shown)


def _types(field: FieldInfo) -> tuple[Any, ...]:
    return get_args(field.annotation) or (field.annotation,)


@click.command(
    epilog=closing(
        "tenantry run --store-url postgresql://tenantry@db/tenantry",
        "tenantry run --kubeconfig ~/.kube/config --namespace acme --namespace globex",
        codes={
            **CODES,
            0: "told to stop",
            1: "could not start, or a fault of its own",
            3: "another operator leads",
            4: "a watch is dead",
        },
    )
)
@_options
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:  # noqa: ANN401 - options of any type
    """Run the operator until it is told to stop."""
    settings = _settings({name: value for name, value in given.items() if value not in (None, ())})
    from tenantry.app import run_operator  # noqa: PLC0415 - kopf and kubernetes take long to import

    ctx.exit(run_operator(settings))


def _settings(given: dict[str, Any]) -> Settings:
    if "namespace_scope" in given:
        given["namespace_scope"] = ",".join(given["namespace_scope"])
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        option = f"--{name.replace('_', '-')}" if name in given else f"TENANTRY_{name.upper()}"
        raise click.UsageError(f"{option}: {first['msg']}") from error
