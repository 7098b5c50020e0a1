"""`tenantry users`."""

from dataclasses import asdict
from typing import Any

import click

from tenantry.cli.manual import closing
from tenantry.cli.output import write_data
from tenantry.cli.stores import namespace, opened, output, store_url
from tenantry.cli.table import write_table
from tenantry.services.accounts import ListedAccount, list_accounts

_COLUMNS = ("COMPANY", "USER", "ID", "NAME", "EMAIL", "PHONE", "WORKGROUPS", "LICENSE", "STATE")
_CODES = {0: "done", 1: "a fault, told on stderr", 2: "wrong usage", 3: "the identity store cannot be reached"}


@click.group()
def command() -> None:
    """List the accounts in the identity store."""


@command.command(
    "list",
    epilog=closing(
        "tenantry users list -n acme",
        "tenantry users list --deleted -o json | jq '.[] | select(.deleted) | .login'",
        codes=_CODES,
    ),
)
@store_url
@namespace
@click.option("--deleted", is_flag=True, help="Deleted accounts too, marked *.")
@output("table", "json", "yaml")
def list_(store_url: str, namespace: str | None, output: str, *, deleted: bool) -> None:
    """List accounts by company, and after them those that cannot log in.

    WORKGROUPS has the role in brackets. Accounts that wait show their place in the waiting list.
    """
    with opened(store_url) as store:
        accounts = list_accounts(store, namespace, deleted=deleted)
    if output == "table":
        _print(accounts)
    else:
        write_data([_as_data(account) for account in accounts], output)


def _print(accounts: list[ListedAccount]) -> None:
    people = [a for a in accounts if a.may_log_in and not a.system]
    others = [a for a in accounts if not a.may_log_in or a.system]
    tenants = {a.tenant for a in accounts}
    columns = ("TENANT", *_COLUMNS) if len(tenants) > 1 else _COLUMNS
    if not accounts:
        click.echo("There are no accounts.", err=True)
    for some, heading in ((people, ""), (others, "System users, and users that cannot log in:")):
        if some:
            write_table(columns, [_row(a, with_tenant=len(tenants) > 1) for a in some], heading)


def _row(account: ListedAccount, *, with_tenant: bool) -> tuple[object, ...]:
    login = account.login or "(erased)"
    cells = (
        account.company,
        f"{login} *" if account.deleted else login,
        account.id,
        account.name,
        account.email,
        account.phone,
        ", ".join(f"{workgroup} ({role})" if role else workgroup for workgroup, role in account.workgroups),
        account.license or "none",
        _state(account),
    )
    return (account.tenant, *cells) if with_tenant else cells


def _state(account: ListedAccount) -> str:
    """Return the state, with what an account waits for and its place in that line, or why there is none."""
    if account.system:
        return f"{account.state} ({'system' if account.may_log_in else 'system, no log-in'})"
    if account.waiting:
        places = ", ".join(f"{place.rank}. for {place.capacity.name}" for place in account.waiting)
        return f"{account.state} ({places})"
    return f"{account.state} ({account.reason})" if account.reason else account.state


def _as_data(account: ListedAccount) -> dict[str, Any]:
    fields = asdict(account)
    return {
        "tenant": fields["tenant"],
        "company": fields["company"],
        "login": fields["login"],
        "resource": fields["resource"],
        "id": fields["id"],
        "name": fields["name"],
        "email": fields["email"],
        "phone": fields["phone"],
        "workgroups": [{"workgroup": workgroup, "role": role} for workgroup, role in account.workgroups],
        "license": fields["license"],
        "state": fields["state"],
        "reason": fields["reason"],
        "mayLogIn": fields["may_log_in"],
        "system": fields["system"],
        "deleted": fields["deleted"],
        "waiting": [
            {"kind": p.capacity.kind.value, "owner": p.capacity.owner, "name": p.capacity.name, "rank": p.rank}
            for p in account.waiting
        ],
    }
