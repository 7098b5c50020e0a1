"""Bar 3: a User costs the same however many there are, and memory grows by little."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.backlog import OURS
from benchmarks.bars import Bar, at_most
from benchmarks.measured import Measured
from benchmarks.objects import PLENTY, Crowd
from benchmarks.programs import Operator
from benchmarks.stage import Stage
from controlplane.progress import ticking

#: Users of another pool, which has one seat: all others of them wait. Bar 4 is about them.
QUEUE = Crowd(OURS.namespace, workgroup="queue", prefix="waiter")
_SMALL = Crowd("small")
_TIMES_THE_SMALL = 1.2
_BASE_MEMORY, _MEMORY_A_USER = 100.0, 4.0 / 1024  # MB
_ROUNDS = 3
_FEWEST_NEW = 250
_PATIENCE_SECONDS = 900.0


@dataclass(frozen=True)
class Cost:
    """What new Users cost beside those that are there: processor seconds of the operator a User, round by round."""

    present: int
    rounds: tuple[float, ...]

    @property
    def milliseconds(self) -> float:
        return statistics.median(self.rounds) * 1000

    def __str__(self) -> str:
        return f"with {self.present}: " + ", ".join(f"{cost * 1000:.2f}" for cost in self.rounds)


@dataclass(frozen=True)
class Growth:
    small: Cost
    large: Cost
    memory: float
    users: int

    def bars(self) -> Iterator[Bar]:
        bar = f"3 cost of a User with {self.large.present} there, to {self.small.present}"
        note = f"the operator's CPU while {_ROUNDS} times new Users are made, median; {self.small}; {self.large}"
        yield at_most(bar, "ms CPU", self.large.milliseconds, self.small.milliseconds, _TIMES_THE_SMALL, note)
        allowed = _BASE_MEMORY + _MEMORY_A_USER * self.users
        note = "peak since the start; the reference is 100 MB + 4 KB a User"
        yield at_most(f"3 memory with {self.users} Users", "MB", self.memory, allowed, 1.0, note)


def measure_growth(stage: Stage, operator: Operator, process: Measured) -> Growth:
    """Measure beside a tenth of the Users with a fresh operator, then beside twice as many with the one that runs."""
    small = _measure_small(stage, Operator(stage.cluster, stage.folder / "small", _SMALL.namespace))
    process.wait("first list", operator.ready, _PATIENCE_SECONDS)
    with ticking(f"As many Users again, who wait for one seat: {stage.users}"), stage.tail(OURS.namespace) as tail:
        stage.add(QUEUE.policies(seats=1))
        stage.add(list(QUEUE.users(stage.users)))
        process.wait("their statuses", lambda: len(tail.read().users) >= stage.users, _PATIENCE_SECONDS)
    with ticking(f"New Users beside {2 * stage.users}"):
        large = _cost(stage, process, OURS, 2 * stage.users, first=stage.users)
    print(f"    ms of CPU a User {large}; {process.peak_memory:.0f} MB", flush=True)
    return Growth(small, large, process.peak_memory, 2 * stage.users + _ROUNDS * _new(stage))


def _measure_small(stage: Stage, operator: Operator) -> Cost:
    present = stage.users // 10
    with ticking(f"New Users beside {present}"), operator.start() as process:
        with stage.tail(_SMALL.namespace) as tail:
            stage.populate(_SMALL, present, PLENTY)
            stage.wait_ready(process, tail, present)
        cost = _cost(stage, process, _SMALL, present, first=present)
    print(f"    ms of CPU a User {cost}", flush=True)
    return cost


def _cost(stage: Stage, process: Measured, crowd: Crowd, present: int, first: int) -> Cost:
    new = _new(stage)
    rounds = [_round(stage, process, crowd, first + each * new) for each in range(_ROUNDS)]
    return Cost(present, tuple(rounds))


def _round(stage: Stage, process: Measured, crowd: Crowd, first: int) -> float:
    """Make new Users while the operator runs, and return the processor seconds that one of them cost it."""
    process.wait_quiet()
    new = _new(stage)
    before = process.cpu
    with stage.tail(crowd.namespace) as tail:
        stage.add(list(crowd.users(new, first)))
        process.wait("their statuses", lambda: len(tail.read().users) >= new, _PATIENCE_SECONDS)
    process.wait_quiet()  # until the echoes of the last writes are digested too
    return (process.cpu - before) / new


def _new(stage: Stage) -> int:
    return max(stage.users // 20, _FEWEST_NEW)
