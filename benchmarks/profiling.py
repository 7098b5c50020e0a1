"""Where the operator's processor time goes on the way from nothing to every User Ready."""

import json
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from benchmarks.backlog import OURS, run_operator
from benchmarks.objects import PLENTY
from benchmarks.programs import Operator
from benchmarks.stage import Stage
from controlplane.progress import ticking

_TOP = 30


def profile_operator(stage: Stage, operator: Operator) -> None:
    report = stage.folder / "profile.json"
    with ticking(f"Making {stage.users} Users"):
        stage.populate(OURS, stage.users, PLENTY)
    with ticking("Tenantry, sampled"):
        run = run_operator(stage, operator, stage.users, "-m", "benchmarks.sampler", report, "tenantry")
    print(f"    {run} (a sampled run is slower)\n", flush=True)
    _show(json.loads(report.read_text()), stage.users)


def _show(samples: Mapping[str, Mapping[str, float]], users: int) -> None:
    console = Console(width=150)
    for part, title in (
        ("pieces", "by piece"),
        ("threads", "by thread"),
        ("alone", "by function alone"),
        ("inclusive", "by function and what it calls"),
    ):
        console.print(_table(title, samples[part], users))


def _table(title: str, seconds: Mapping[str, float], users: int) -> Table:
    table = Table("ms a User", "share", "where", title=f"CPU {title}", title_justify="left")
    total = sum(seconds.values())
    for where, spent in sorted(seconds.items(), key=lambda item: -item[1])[:_TOP]:
        share = f"{spent / total:.0%}" if "calls" not in title else ""
        table.add_row(f"{spent / users * 1000:.3f}", share, where)
    return table
