"""Where the operator's processor time goes on the way from nothing to every User Ready."""

from rich.console import Console
from rich.table import Table

from benchmarks.backlog import OURS, run_operator
from benchmarks.objects import PLENTY
from benchmarks.programs import Operator
from benchmarks.sampler import Samples, Shares
from benchmarks.stage import Stage
from controlplane.progress import ticking

_TOP = 40
_WIDTH = 150


def profile_operator(stage: Stage, operator: Operator) -> None:
    report = stage.folder / "stacks.txt"
    with ticking(f"Making {stage.users} Users"):
        stage.populate(OURS, stage.users, PLENTY)
    with ticking("Tenantry, sampled"):
        run = run_operator(stage, operator, stage.users, report)
    print(f"    {run} (a sampled run is slower)\n", flush=True)
    _show(Samples.read(report), run.cpu)


def _show(samples: Samples, cpu: float) -> None:
    console = Console(width=_WIDTH)
    for title, shares in (
        ("by piece", samples.pieces),
        ("by thread", samples.threads),
        ("by function alone", samples.alone),
        ("by function and what it calls", samples.inclusive),
    ):
        console.print(_table(f"CPU {title}", shares, cpu))


def _table(title: str, shares: Shares, cpu: float) -> Table:
    table = Table("ms a User", "share", "where", title=title, title_justify="left")
    for where, share in sorted(shares.items(), key=lambda item: -item[1])[:_TOP]:
        table.add_row(f"{share * cpu:.3f}", f"{share:.1%}", where)
    return table
