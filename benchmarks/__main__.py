"""Measure the bars: `python -m benchmarks --users N`, with a table at the end and build/bench.json."""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import bars
from benchmarks.backlog import OURS, measure_backlog
from benchmarks.bars import Bar
from benchmarks.client import RequestError
from benchmarks.faulty import measure_faulty
from benchmarks.freed_seat import measure_freed_seat
from benchmarks.growth import measure_growth
from benchmarks.measured import BenchError
from benchmarks.profiling import profile_operator
from benchmarks.programs import Operator
from benchmarks.restart import measure_restart
from benchmarks.runtime_api import measure_runtime_api
from benchmarks.stage import Stage
from controlplane import CONTROL_PLANE
from controlplane.service import ServiceError

_ROOT = Path(__file__).resolve().parent.parent
_FEWEST_USERS = 100


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped in order
    options = _parse()
    folder = _ROOT / "build" / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        if options.runtime_api:
            _report(measure_runtime_api(folder).bars(), options.users, options.output)
            return 0
        CONTROL_PLANE.paths()
        with Stage.open(folder, options.users) as stage:
            if options.profile:
                profile_operator(stage, Operator(stage.cluster, folder / "ours", OURS.namespace))
                return 0
            _report(_measure(stage), options.users, options.output)
    except (BenchError, RequestError, ServiceError) as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--users", type=int, default=10_000, help="how many Users the bars are about (10000)")
    parser.add_argument("--profile", action="store_true", help="instead show where the operator's CPU goes")
    parser.add_argument("--runtime-api", action="store_true", help="measure the runtime API alone")
    parser.add_argument("--output", type=Path, default=_ROOT / "build" / "bench.json")
    options = parser.parse_args()
    if options.users < _FEWEST_USERS:
        parser.error(f"--users must be {_FEWEST_USERS} or more: less says nothing")
    return options


def _measure(stage: Stage) -> list[Bar]:
    operator = Operator(stage.cluster, stage.folder / "ours", OURS.namespace)
    backlog = measure_backlog(stage, operator)
    restart = measure_restart(stage, operator)
    with operator.start() as process:
        growth = measure_growth(stage, operator, process)
        seat = measure_freed_seat(stage)
    faulty = measure_faulty(stage)
    runtime_api = measure_runtime_api(stage.folder)
    return [*backlog.bars(), *restart.bars(), *growth.bars(), *seat.bars(), *faulty.bars(), *runtime_api.bars()]


def _report(measured: Sequence[Bar], users: int, output: Path) -> None:
    print()
    bars.show(measured, f"{users} Users, {time.strftime('%Y-%m-%d %H:%M')}")
    bars.write(measured, output)
    missed = sum(not bar.holds for bar in measured)
    print(f"\n{len(measured) - missed} of {len(measured)} bars hold. Written to {output}")


if __name__ == "__main__":
    raise SystemExit(main())
