"""`tenantry audit`."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import click

from tenantry.cli.manual import CODES, closing, examples
from tenantry.cli.namespaces import namespace
from tenantry.cli.output import write_data
from tenantry.cli.progress import progress
from tenantry.cli.stores import audit_key_file, opened, output, store_url
from tenantry.cli.table import write_table
from tenantry.errors import InputError
from tenantry.services.trail import Checkpoint, TrailVerdict, count_records, export_trails, verify_trails

#: From so many records on, verifying takes long enough to watch.
_SLOW = 5_000


@click.group(epilog=examples("tenantry audit verify", "tenantry audit export -n acme > acme.jsonl"))
def command() -> None:
    """Verify or export the audit trail."""


@command.command(
    "verify",
    epilog=closing(
        "tenantry audit verify",
        "tenantry audit verify -n acme --checkpoint acme-2026-01.jsonl --audit-key-file key",
        codes={
            **CODES,
            0: "every trail is whole",
            1: "a trail is not, or another fault",
        },
    ),
)
@store_url
@namespace
@audit_key_file
@click.option("--checkpoint", type=click.File(encoding="utf-8"), help="An earlier export, or the last line of one.")
@output("table", "json", "yaml")
@click.pass_context
def verify(
    ctx: click.Context,
    store_url: str,
    namespace: str | None,
    audit_key_file: Path | None,
    checkpoint: TextIO | None,
    output: str,
) -> None:
    """Verify each tenant's trail: an edit, a gap, a reorder, a cut end.

    Without the key and without a checkpoint, a trail that was rewritten from end to end is not told from a true one.
    """
    wanted = _read_checkpoints(checkpoint) if checkpoint is not None else {}
    with (
        opened(store_url, audit_key_file) as store,
        progress("Verifying", count_records(store, namespace), _SLOW) as advance,
    ):
        verdicts = verify_trails(store, namespace, wanted, advance)
    if output == "table":
        _print(verdicts)
    else:
        write_data([asdict(verdict) for verdict in verdicts], output)
    ctx.exit(1 if any(verdict.fault for verdict in verdicts) else 0)


def _print(verdicts: list[TrailVerdict]) -> None:
    if not verdicts:
        click.echo("There are no tenants.", err=True)
        return
    rows = [(v.tenant, v.records, _against(v), v.fault or "OK") for v in verdicts]
    write_table(("TENANT", "RECORDS", "AGAINST", "RESULT"), rows)


def _against(verdict: TrailVerdict) -> str:
    """Return what the trail was held against."""
    return ", ".join(
        ["itself", *(["signature"] if verdict.signed else []), *(["checkpoint"] if verdict.compared else [])]
    )


def _read_checkpoints(file: TextIO) -> dict[str, Checkpoint]:
    found = {checkpoint.tenant: checkpoint for line in file if (checkpoint := _checkpoint(line, file.name)) is not None}
    if not found:
        raise InputError(
            f"{file.name}: there is no checkpoint; give the output of tenantry audit export, or its last line"
        )
    return found


def _checkpoint(line: str, name: str) -> Checkpoint | None:
    """Return the checkpoint that a line is, or None for a record."""
    try:
        fields = json.loads(line)
        if "head" not in fields:
            return None
        return Checkpoint(str(fields["tenant"]), int(fields["sequence"]), str(fields["head"]), str(fields["signature"]))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{name}: has a line that is neither a record nor a checkpoint") from error


@command.command(
    "export",
    epilog=closing(
        "tenantry audit export -n acme > acme.jsonl",
        "tenantry audit export | tail -1 > checkpoint.json",
    ),
)
@store_url
@namespace
@click.option("--personal", is_flag=True, help="Personal data too, which an export keeps after it was erased here.")
def export(store_url: str, namespace: str | None, *, personal: bool) -> None:
    """Write each tenant's records as JSON lines, and after them a line that is its checkpoint.

    The checkpoint has tenant, sequence, head and signature. Kept elsewhere, it shows later whether the end was cut.
    """
    with opened(store_url) as store:
        for line in _lines(export_trails(store, namespace, personal=personal)):
            sys.stdout.write(line)


def _lines(fields: Iterator[dict[str, object]]) -> Iterator[str]:
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    return (f"{encode(one)}\n" for one in fields)
