"""How commands name a namespace, which is a tenant."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from tenantry.specs.base import LABEL

C = TypeVar("C", bound=Callable[..., Any])
_LONGEST = 63


def _checked(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value and (len(value) > _LONGEST or re.fullmatch(LABEL, value) is None):
        raise click.BadParameter(f"{value!r} is no name of a namespace: lower-case letters, digits and -")
    return value


def namespace_option(about: str, **how: Any) -> Callable[[C], C]:  # noqa: ANN401 - as click.option has them
    """Return the option that names a namespace, as Kubernetes names them."""
    return click.option("-n", "--namespace", callback=_checked, help=about, **how)


namespace = namespace_option("Only this tenant; without it all of them.")
tenant = namespace_option("The tenant.", required=True)
of_files = namespace_option("The namespace of objects that name none.", default="")
