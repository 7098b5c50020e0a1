"""`tenantry invite`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from tenantry.cli.effects import FORMATS, write_plans
from tenantry.cli.mail import with_mails
from tenantry.cli.manual import CODES, closing
from tenantry.cli.namespaces import tenant
from tenantry.cli.stores import audit_key_file, opened, output, store_url
from tenantry.cli.watching import carried_out
from tenantry.services.editing import Invitation, plan_invitation
from tenantry.specs.licensepool import LicenseType


@click.command(
    epilog=closing(
        "tenantry invite --role Supervisor ada@example.com grace@example.com -n plant --workgroup floor",
        "xargs tenantry invite --role Manager -n plant --workgroup floor < emails.txt",
        codes={
            **CODES,
            0: "all of them are invited",
            1: "some are refused or wait for a seat, or another fault",
        },
    )
)
@click.argument("emails", metavar="EMAIL...", nargs=-1, required=True)
@click.option("--role", required=True, help="The role of all of them.")
@click.option("--workgroup", required=True, help="The Workgroup, whose onboarding mode is Invitation.")
@click.option("--license", "license_type", type=click.Choice([t.value for t in LicenseType]), help="Where seats count.")
@tenant
@store_url
@audit_key_file
@output(*FORMATS)
@click.pass_context
def command(  # noqa: PLR0913 - one parameter an option
    ctx: click.Context,
    emails: Sequence[str],
    *,
    role: str,
    workgroup: str,
    license_type: str | None,
    namespace: str,
    store_url: str,
    audit_key_file: Path | None,
    output: str,
) -> None:
    """Invite many people at once, one role for all. For tenants that no cluster has.

    Each becomes an account in state Invited, to which `tenantry serve` mails a link. Who is refused is told, and keeps
    nobody else from being invited.
    """
    invitation = Invitation(workgroup, role, emails, license_type)
    with opened(store_url, audit_key_file) as store:
        edit = plan_invitation(store, namespace, invitation, datetime.now(UTC), "tenantry invite")
        done = with_mails(store, carried_out(store, edit))
    write_plans([done], output, done=True)
    ctx.exit(1 if done.fails else 0)
