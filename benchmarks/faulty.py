"""Bar 5: Users made in one go while the operator runs, one in twenty of them wrong, until each is told what it is."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.backlog import measure_floor
from benchmarks.bars import Bar, at_least
from benchmarks.measured import BenchError
from benchmarks.objects import PLENTY, Crowd, Object, is_ready
from benchmarks.programs import Operator
from benchmarks.stage import Stage
from controlplane.progress import ticking

_CROWD, _TWINS = Crowd("faulty"), Crowd("faulty-twins")
_MOST_USERS = 1000
_ONE_IN = 20
_OF_THE_FLOOR = 0.4
_STUCK_SECONDS = 300.0


@dataclass(frozen=True)
class Faulty:
    """Seconds from the first request to make a User to the last status, of ours and of the bare client."""

    users: int
    refused: int
    ours: float
    floor: float

    def bars(self) -> Iterator[Bar]:
        bar = "5 Users made in one go, one in 20 wrong, until all are told"
        note = (
            f"{self.users} Users, {self.refused} of them refused, on one machine with who makes them; the reference is "
            "the bare client, which makes as many and patches their statuses"
        )
        yield at_least(bar, "users/s", self.users / self.ours, self.users / self.floor, _OF_THE_FLOOR, note)


def measure_faulty(stage: Stage) -> Faulty:
    count = min(stage.users, _MOST_USERS)
    with ticking(f"{count} Users in one go, one in {_ONE_IN} wrong"):
        twins = count / stage.populate(_TWINS, count, PLENTY)
        floor = twins + measure_floor(stage, _TWINS, count).seconds
        stage.populate(_CROWD, 0, PLENTY)
        ours = _run_operator(stage, [_user(number, body) for number, body in enumerate(_CROWD.users(count))])
    refused = sum(not is_ready(user) for user in stage.users_in(_CROWD.namespace))
    print(f"    {ours:.1f} s, the bare client {floor:.1f} s; {refused} refused", flush=True)
    if refused != count // _ONE_IN:
        raise BenchError(f"{refused} of {count} Users are not Ready, where one in {_ONE_IN} is wrong")
    return Faulty(count, refused, ours, floor)


def _user(number: int, body: Object) -> Object:
    if number % _ONE_IN == _ONE_IN - 1:
        body["spec"]["workgroups"][0]["role"] = "nobody"
    return body


def _run_operator(stage: Stage, users: list[Object]) -> float:
    operator = Operator(stage.cluster, stage.folder / "faulty", _CROWD.namespace)
    with stage.tail(_CROWD.namespace) as tail, operator.start() as process:
        process.wait("readiness", operator.ready, 60)
        started = time.time()
        stage.add(users)
        process.wait(f"{len(users)} statuses", lambda: len(tail.read().users) >= len(users), _STUCK_SECONDS)
        return tail.last_status - started
