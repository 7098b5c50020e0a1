"""Tables in the way of kubectl: columns, no lines. Not on a terminal they are plain text, the same every time."""

import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tenantry.cli.text import safe

#: Where nobody watches, a table is as wide as it needs to be, so that no line is broken.
_WIDE = 10_000
#: More rows than this go through the pager of the terminal.
_PAGE = 50


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]], heading: str = "") -> None:
    """Write rows below their columns. None and empty text are shown as ``-``."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(cell)) for cell in row))
    if sys.stdout.isatty():
        _show(table, heading)
    else:
        _print(table, heading)


def _shown(cell: object) -> str:
    return "-" if cell is None or cell == "" else safe(str(cell))


def _show(table: Table, heading: str) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    if table.row_count > _PAGE:
        with console.pager(styles=True):
            _render(console, table, heading)
    else:
        _render(console, table, heading)


def _print(table: Table, heading: str) -> None:
    console = Console(width=_WIDE, color_system=None, highlight=False, markup=False, emoji=False, legacy_windows=False)
    with console.capture() as captured:
        _render(console, table, heading)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _render(console: Console, table: Table, heading: str) -> None:
    if heading:
        console.print(Text(f"\n{heading}", style="bold"))
    console.print(table)
