"""`tenantry users`."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tenantry.cli.effects import FORMATS, write_plans
from tenantry.cli.manual import CODES, closing, examples
from tenantry.cli.namespaces import namespace, tenant
from tenantry.cli.output import write_data
from tenantry.cli.stores import audit_key_file, opened, output, store_url
from tenantry.cli.table import write_table
from tenantry.cli.watching import carried_out, previewed
from tenantry.domain.refusal import choices
from tenantry.domain.status import rfc3339
from tenantry.errors import InputError
from tenantry.services.accounts import ListedAccount, ListedInvitation, Place, list_accounts, list_invitations
from tenantry.services.editing import plan_deletion
from tenantry.services.preflight import check_writable
from tenantry.services.workgroups import list_workgroups
from tenantry.specs.user import AccountState

_COLUMNS = (
    *("COMPANY", "USER", "ID", "NAME", "FIRST", "LAST", "EMAIL", "PHONE"),
    *("WORKGROUPS", "LICENSE", "PERMISSIONS", "STATE"),
)
_INVITATIONS = ("TENANT", "EMAIL", "ROLE", "SENT", "EXPIRES", "STATE")
_PAGE_SIZE = 50
_SORTS: dict[str, Callable[[ListedAccount], str]] = {
    "company": lambda account: account.company,
    "login": lambda account: account.login,
    "name": lambda account: account.name,
    "first": lambda account: account.given_name,
    "last": lambda account: account.family_name,
    "email": lambda account: account.email,
    "phone": lambda account: account.phone,
}
#: The sections in their order, each with its heading.
_SECTIONS = ("", "Users that cannot log in:", "System users:")


@click.group(epilog=examples("tenantry users list -n acme", "tenantry users delete ada grace -n acme"))
def command() -> None:
    """List the accounts in the identity store, or delete some."""


@command.command(
    "list",
    epilog=closing(
        "tenantry users list -n acme",
        "tenantry users list -n acme --sort last --page 2 --page-size 10",
        "tenantry users list -n acme --workgroup helpdesk",
        "tenantry users list -n acme --invites",
        "tenantry users list --deleted -o json | jq '.[] | select(.deleted) | .login'",
    ),
)
@store_url
@namespace
@click.option("--workgroup", "workgroups", multiple=True, help="Only accounts of this Workgroup; repeat it for more.")
@click.option("--deleted", is_flag=True, help="Deleted accounts too, marked *.")
@click.option("--invites", is_flag=True, help="Instead the invitations that nobody has accepted yet.")
@click.option("--sort", type=click.Choice(list(_SORTS)), default="company", show_default=True, help="Within sections.")
@click.option("--page", type=click.IntRange(min=1), help="This page of the list; a table begins with the first.")
@click.option("--page-size", type=click.IntRange(min=1), default=_PAGE_SIZE, show_default=True)
@output("table", "json", "yaml")
def list_(  # noqa: PLR0913 - one parameter an option
    store_url: str,
    namespace: str | None,
    output: str,
    *,
    workgroups: tuple[str, ...],
    deleted: bool,
    invites: bool,
    sort: str,
    page: int | None,
    page_size: int,
) -> None:
    """List accounts by company; after them those that cannot log in, and then system users.

    WORKGROUPS has the role in brackets; of accounts that wait or are refused, what they ask for. Those that wait show
    their place in the waiting list. PERMISSIONS tells whether any level above the first of a module is given. Who was
    invited and has not accepted yet is not among them: --invites. A table has pages; json and yaml have everything,
    unless a page is asked for.
    """
    with opened(store_url) as store:
        found: Sequence[ListedAccount | ListedInvitation]
        found = list_invitations(store, namespace) if invites else list_accounts(store, namespace, deleted=deleted)
        known = list_workgroups(store, namespace).union(*map(_places, found))
    for name in workgroups:
        if name not in known:
            raise InputError(f'there is no Workgroup "{name}"; {choices(sorted(known))}')
    found = [each for each in found if not workgroups or _places(each) & set(workgroups)]
    accounts = [each for each in found if isinstance(each, ListedAccount) and not each.invited]
    ordered: Sequence[ListedAccount | ListedInvitation] = found if invites else _ordered(accounts, sort)
    wanted = page or (1 if output == "table" else None)
    start = 0 if wanted is None else (wanted - 1) * page_size
    shown = ordered[start : start + page_size] if wanted is not None else ordered
    if output != "table":
        write_data([_as_data(each) for each in shown], output)
    elif not ordered:
        click.echo(f"There are no {'invitations' if invites else 'accounts'}.", err=True)
    else:
        _print(shown, several=len({each.tenant for each in ordered}) > 1)
        _tell_pages(wanted or 1, page_size, len(ordered))
    if output == "table" and len(found) > len(ordered):
        click.echo(f"Invited, and not accepted yet: {len(found) - len(ordered):,} more; see --invites", err=True)


def _places(each: ListedAccount | ListedInvitation) -> set[str]:
    parts = each.roles if isinstance(each, ListedInvitation) else each.workgroups
    return {name for name, _ in parts}


def _ordered(accounts: Sequence[ListedAccount], sort: str) -> list[ListedAccount]:
    """Return them section by section, each sorted; what is equal in that stays by company and login."""
    return sorted(accounts, key=lambda account: (_section(account), account.tenant, _SORTS[sort](account).casefold()))


def _section(account: ListedAccount) -> int:
    return 2 if account.system else 0 if account.may_log_in else 1


def _print(shown: Sequence[ListedAccount | ListedInvitation], *, several: bool) -> None:
    invitations = [each for each in shown if isinstance(each, ListedInvitation)]
    if invitations:
        write_table(_INVITATIONS, map(_invitation_row, invitations))
    columns = ("TENANT", *_COLUMNS) if several else _COLUMNS
    accounts = [each for each in shown if isinstance(each, ListedAccount)]
    for section, heading in enumerate(_SECTIONS):
        rows = [_row(each, with_tenant=several) for each in accounts if _section(each) == section]
        if rows:
            write_table(columns, rows, heading)


def _tell_pages(page: int, size: int, total: int) -> None:
    pages = -(-total // size)
    if page > pages:
        click.echo(f"There is no page {page}; the last is {pages}.", err=True)
    elif pages > 1:
        more = f"; the next: --page {page + 1}" if page < pages else ""
        click.echo(f"Page {page} of {pages}, of {total:,} in all{more}", err=True)


def _row(account: ListedAccount, *, with_tenant: bool) -> tuple[object, ...]:
    login = account.login or "(erased)"
    cells = (
        account.company,
        f"{login} *" if account.deleted else login,
        account.id,
        account.name,
        account.given_name,
        account.family_name,
        account.email,
        account.phone,
        _roles(account.workgroups),
        account.license or "none",
        "yes" if account.permissions else "no",
        _state(account),
    )
    return (account.tenant, *cells) if with_tenant else cells


def _roles(workgroups: Sequence[tuple[str, str | None]]) -> str:
    return ", ".join(f"{workgroup} ({role})" if role else workgroup for workgroup, role in workgroups)


def _invitation_row(found: ListedInvitation) -> tuple[object, ...]:
    times = [rfc3339(time) if time is not None else "" for time in (found.sent, found.expires)]
    return (found.tenant, found.email or found.login, _roles(found.roles), *times, _in_line(found))


def _state(account: ListedAccount) -> str:
    """Return the state, with what an account waits for and its place in that line, or why there is none."""
    if account.system:
        return f"{account.state} ({'system' if account.may_log_in else 'system, no log-in'})"
    if account.waiting:
        return _in_line(account)
    shut = "no log-in" if account.state == AccountState.ACTIVE and not account.may_log_in else ""
    more = account.reason or shut
    return f"{account.state} ({more})" if more else account.state


def _in_line(found: ListedAccount | ListedInvitation) -> str:
    places = ", ".join(f"{place.rank}. for {place.capacity.name}" for place in found.waiting)
    return f"{found.state} ({places})" if places else found.state


def _as_data(listed: ListedAccount | ListedInvitation) -> dict[str, Any]:
    if isinstance(listed, ListedInvitation):
        return {
            "tenant": listed.tenant,
            "email": listed.email,
            "login": listed.login,
            "resource": listed.resource,
            "workgroups": _workgroups(listed.roles),
            "sent": rfc3339(listed.sent) if listed.sent is not None else None,
            "expires": rfc3339(listed.expires) if listed.expires is not None else None,
            "state": listed.state,
            "waiting": _lines(listed.waiting),
        }
    fields = asdict(listed)
    plain = ("tenant", "company", "login", "resource", "id", "name")
    return {
        **{name: fields[name] for name in plain},
        "givenName": listed.given_name,
        "familyName": listed.family_name,
        **{name: fields[name] for name in ("email", "phone")},
        "workgroups": _workgroups(listed.workgroups),
        **{name: fields[name] for name in ("license", "permissions", "state", "reason")},
        "mayLogIn": listed.may_log_in,
        "system": listed.system,
        "deleted": listed.deleted,
        "waiting": _lines(listed.waiting),
    }


def _lines(waiting: Sequence[Place]) -> list[dict[str, str | int]]:
    return [
        {"kind": p.capacity.kind.value, "owner": p.capacity.owner, "name": p.capacity.name, "rank": p.rank}
        for p in waiting
    ]


def _workgroups(roles: Sequence[tuple[str, str | None]]) -> list[dict[str, str | None]]:
    return [{"workgroup": workgroup, "role": role} for workgroup, role in roles]


@command.command(
    "delete",
    epilog=closing(
        "tenantry users delete ada grace -n acme",
        "tenantry users delete ada grace -n acme --yes -o json",
        codes={
            **CODES,
            0: "all of them are deleted",
            1: "some are refused or held, the answer was no, or another fault",
        },
    ),
)
@click.argument("logins", metavar="LOGIN...", nargs=-1, required=True)
@tenant
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_url
@audit_key_file
@output(*FORMATS)
@click.pass_context
def delete(
    ctx: click.Context,
    logins: Sequence[str],
    *,
    namespace: str,
    store_url: str,
    audit_key_file: Path | None,
    output: str,
    yes: bool,
) -> None:
    """Delete several accounts in one go, after a warning and a Yes. For tenants that no cluster has.

    What becomes of an account is the policy of its workgroups: a tombstone that can be restored, or nothing. An account
    that a User of a cluster owns is refused: delete that User.
    """
    with opened(store_url, audit_key_file) as store:
        edit = plan_deletion(store, namespace, logins, datetime.now(UTC), "tenantry users delete")
        if edit.request.removed:
            check_writable(store, edit.request)
        planned = previewed(store, edit)
        if not edit.request.removed:
            write_plans([planned], output, done=True)
            ctx.exit(1)
        if not yes:
            write_plans([planned], "text", done=False, err=output != "text")
            click.confirm(_warning(len(edit.request.removed)), abort=True, err=True)
        done = carried_out(store, edit)
    write_plans([done], output, done=True)
    ctx.exit(1 if done.fails else 0)


def _warning(count: int) -> str:
    what = "this account and what belongs to it" if count == 1 else f"these {count} accounts and what belongs to them"
    return f"Warning: {what} will be deleted. Continue?"
