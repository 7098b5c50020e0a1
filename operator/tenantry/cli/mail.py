"""`tenantry mail`."""

from contextlib import suppress
from dataclasses import replace

import click

from tenantry.cli.manual import closing, examples
from tenantry.cli.namespaces import tenant
from tenantry.cli.output import write_data
from tenantry.cli.stores import opened, output, store_url
from tenantry.cli.table import write_table
from tenantry.errors import TenantryError
from tenantry.services.effects import Plan
from tenantry.services.outbox import list_unsent
from tenantry.store import Store
from tenantry.store.outbox import MailRow

_COLUMNS = ("KIND", "ADDRESS", "CREATED", "ATTEMPTS", "NEXT", "FAILURE")
_GIVEN_UP = "given up"


@click.group(epilog=examples("tenantry mail list -n acme"))
def command() -> None:
    """Look at the mails that are not sent yet."""


@command.command("list", epilog=closing("tenantry mail list -n acme"))
@tenant
@store_url
@output("table", "json", "yaml")
def list_(namespace: str, store_url: str, output: str) -> None:
    """List the mails of a tenant that wait, and those that the mail server refused for good, with its answer.

    They are sent by `tenantry serve --smtp-url`; without a mail server they wait.
    """
    with opened(store_url) as store:
        mails = [_data(row) for row in list_unsent(store, namespace)]
    if output != "table":
        write_data(mails, output)
    elif mails:
        write_table(_COLUMNS, [tuple(mail.values()) for mail in mails])
    else:
        click.echo("No mail waits.", err=True)


def with_mails(store: Store, done: Plan) -> Plan:
    """Return what was done with a note of the mails that wait by now: nobody is told anything before they are sent."""
    waiting = 0
    with suppress(TenantryError):  # what was done is told all the same
        waiting = sum(row.due is not None for row in list_unsent(store, done.namespace))
    if not waiting:
        return done
    subject, verb = ("1 mail waits", "sends it") if waiting == 1 else (f"{waiting:,} mails wait", "sends them")
    note = f"{subject} in the store; tenantry serve --smtp-url {verb}; look at: tenantry mail list -n {done.namespace}"
    return replace(done, notes=(*done.notes, note))


def _data(row: MailRow) -> dict[str, object]:
    return {
        "kind": row.mail.kind.value,
        "address": row.mail.address,
        "created": row.created.isoformat(),
        "attempts": row.attempts,
        "next": row.due.isoformat() if row.due is not None else _GIVEN_UP,
        "failure": row.failure,
    }
