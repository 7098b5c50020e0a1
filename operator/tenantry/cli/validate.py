"""`tenantry validate`: what the API server and the operator would say of files, said before anybody applies them."""

import gc
from collections.abc import Sequence
from typing import Any

import click

from tenantry.cli.manual import closing
from tenantry.cli.output import write_data
from tenantry.cli.progress import progress
from tenantry.cli.text import safe
from tenantry.cli.validation.check import CheckOptions, Report, check_sources
from tenantry.cli.validation.message import Message, faults_in
from tenantry.cli.validation.sources import find_sources

#: So many notes are told in text; all of them in json and yaml.
_MOST_NOTES = 20


@click.command(
    epilog=closing(
        "tenantry validate examples/thinger",
        "tenantry validate --allow-missing users/anna.yaml",
        "kubectl kustomize overlays/prod | tenantry validate -",
        codes={0: "no fault", 1: "faults found", 2: "wrong usage"},
    )
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True))
@click.option("--allow-missing", is_flag=True, help="References to objects that are not in the files are no fault.")
@click.option("-n", "--namespace", default="", help="The namespace of objects that name none.")
@click.option("-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, paths: Sequence[str], namespace: str, output: str, *, allow_missing: bool) -> None:
    """Check YAML files as the API server and the operator would, without a cluster.

    PATH is a file, a folder (searched for .yaml, .yml and .json) or - for standard input. All objects of a namespace
    are checked together: who refers to whom, and whether there is a seat for everybody, in the order of the files.
    """
    gc.disable()  # a short life with many small objects and hardly a cycle: collecting costs half of the time
    sources = find_sources(paths)
    with progress("Checking", len(sources)) as advance:
        report = check_sources(sources, CheckOptions(namespace, allow_missing), advance)
    if output == "text":
        _print(report)
    else:
        write_data(_as_data(report), output)
    ctx.exit(1 if faults_in(report.messages) else 0)


def _print(report: Report) -> None:
    faults = faults_in(report.messages)
    notes = [message for message in report.messages if message.note]
    lines = [*map(str, faults), *(f"note: {note}" for note in notes[:_MOST_NOTES])]
    if len(notes) > _MOST_NOTES:
        lines.append(f"note: … and {len(notes) - _MOST_NOTES} more notes; -o json has all of them")
    click.echo("\n".join(safe(line) for line in [*lines, _summary(report, faults)]))


def _summary(report: Report, faults: Sequence[Message]) -> str:
    checked = f"{_count(report.objects, 'object')} in {_count(report.files, 'file')}"
    if not faults:
        return f"{checked}: no fault"
    return f"{checked}: {_count(len(faults), 'fault')} in {_count(len({f.place.file for f in faults}), 'file')}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _as_data(report: Report) -> dict[str, Any]:
    return {
        "files": report.files,
        "objects": report.objects,
        "faults": [_as_fields(message) for message in report.messages if not message.note],
        "notes": [_as_fields(message) for message in report.messages if message.note],
    }


def _as_fields(message: Message) -> dict[str, Any]:
    place = message.place
    return {
        "file": place.file,
        "line": place.line,
        "namespace": place.namespace,
        "kind": place.kind,
        "name": place.name,
        "field": message.field,
        "reason": str(message.reason),
        "message": message.text,
    }
