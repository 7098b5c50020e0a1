"""Results for machines: JSON or YAML."""

import json

import click
import yaml


def write_data(data: object, output: str) -> None:
    """Write data as JSON or YAML."""
    if output == "json":
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        click.echo(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), nl=False)
