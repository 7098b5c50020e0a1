"""One measured bar, the table of all, and the file that others read."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

_WIDTH = 150


@dataclass(frozen=True)
class Bar:
    """One promise: what was measured on our side, what it is compared with, and whether it holds."""

    bar: str
    unit: str
    ours: float
    reference: float
    ratio: float | None
    target: str
    holds: bool
    note: str = ""


def at_least(bar: str, unit: str, ours: float, reference: float, least: float, note: str = "") -> Bar:
    """Make a bar that holds when ours is at least so many times the reference."""
    ratio = ours / reference
    return Bar(bar, unit, round(ours, 3), round(reference, 3), round(ratio, 3), f">= {least:g}", ratio >= least, note)


def at_most(bar: str, unit: str, ours: float, reference: float, most: float, note: str = "") -> Bar:
    """Make a bar that holds when ours is at most so many times the reference."""
    ratio = ours / reference
    return Bar(bar, unit, round(ours, 3), round(reference, 3), round(ratio, 3), f"<= {most:.3g}", ratio <= most, note)


def exactly(bar: str, unit: str, ours: int, wanted: int, note: str = "") -> Bar:
    """Make a bar that holds when a count is the wanted one."""
    return Bar(bar, unit, ours, wanted, None, f"= {wanted}", ours == wanted, note)


def write(bars: Sequence[Bar], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(bar) for bar in bars], indent=2) + "\n")


def show(bars: Sequence[Bar], title: str) -> None:
    table = Table(title=title, title_justify="left", show_lines=False)
    table.add_column("bar")
    for column in ("ours", "reference", "unit", "ratio", "target", ""):
        table.add_column(column, justify="left" if column in {"unit", ""} else "right", no_wrap=True)
    for bar in bars:
        ratio = "" if bar.ratio is None else f"{bar.ratio:.3g}"
        verdict = "holds" if bar.holds else "MISSED"
        table.add_row(bar.bar, _number(bar.ours), _number(bar.reference), bar.unit, ratio, bar.target, verdict)
    console = Console(width=_WIDTH)
    console.print(table)
    for bar in bars:
        if bar.note:
            console.print(f"{bar.bar}: {bar.note}", highlight=False, markup=False, soft_wrap=True)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"
