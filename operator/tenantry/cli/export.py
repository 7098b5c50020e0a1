"""`tenantry export`."""

from collections.abc import Mapping
from typing import Any

import click
import yaml

from tenantry.cli.manual import closing
from tenantry.cli.progress import progress
from tenantry.cli.stores import opened, store_url
from tenantry.domain.observed import Kind
from tenantry.resources.meta import API_VERSION, PAUSED_ANNOTATION
from tenantry.services.exporting import export_objects

_FEWEST = 2000


@click.command(
    epilog=closing(
        "tenantry export -n acme > users.yaml",
        "tenantry export -n acme --all | tenantry apply - --store-url sqlite:///copy.db",
        codes={0: "done", 1: "a fault, told on stderr", 2: "wrong usage", 3: "the identity store cannot be reached"},
    )
)
@click.option("-n", "--namespace", required=True, help="The tenant.")
@click.option("--all", "everything", is_flag=True, help="Workgroups, LicensePools and ProjectMembers too.")
@store_url
def command(namespace: str, store_url: str, *, everything: bool) -> None:
    """Write the Users of a tenant as YAML, in order of arrival, for kubectl apply and tenantry apply.

    Applied to an empty store, they give the same accounts with new ids. Passwords are not in it: Users refer to their
    Secrets as before. Nor is what persons proved: who came by an invitation is invited anew, and an email that must be
    verified is so again.
    """
    kinds = frozenset(Kind) if everything else frozenset({Kind.USER})
    with opened(store_url) as store:
        objects = export_objects(store, namespace, kinds)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    with progress("Writing", len(objects), _FEWEST) as advance:
        for row, spec in objects:
            manifest = _manifest(row.kind, namespace, row.name, spec, paused=row.paused)
            text = yaml.dump(manifest, Dumper=dumper, sort_keys=False, allow_unicode=True)
            click.echo(f"---\n{text}", nl=False)
            advance()


def _manifest(kind: Kind, namespace: str, name: str, spec: Mapping[str, Any], *, paused: bool) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if paused:
        metadata["annotations"] = {PAUSED_ANNOTATION: "true"}
    filled = {field: value for field, value in spec.items() if value is not None}
    return {"apiVersion": API_VERSION, "kind": str(kind), "metadata": metadata, "spec": filled}
