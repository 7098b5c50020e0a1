"""The runtime API under load. Rounds of what is compared take turns, since the machine is not ours alone."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from argon2 import PasswordHasher

from benchmarks.bars import Bar, at_least, at_most, exactly
from benchmarks.load import Answers, Load, quantile
from benchmarks.office import NAMESPACE, PASSWORD, Office
from benchmarks.race import Race
from benchmarks.servers import CHEAP, Server
from controlplane.progress import ticking
from postgres import Postgres

_ROUNDS = 3
_STORMS = 8
_STORM_SECONDS = 4.0
_RACES = 100
_TRIES = 500
_OWASP = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_MILLISECOND = 1000.0
_SESSIONS = f"/v1/{NAMESPACE}/sessions"
_EVALUATION = {
    "action": {"name": "write"},
    "resource": {"type": "record", "id": "1"},
}


@dataclass
class RuntimeApi:
    """What was measured: answers by what was asked, and winners by store."""

    answers: dict[str, list[Answers]] = field(default_factory=dict)
    winners: dict[str, list[int]] = field(default_factory=dict)

    def add(self, what: str, found: Answers) -> None:
        self.answers.setdefault(what, []).append(found)

    def bars(self) -> list[Bar]:
        bars = [self._rate("evaluations"), self._rate("heartbeats"), self._storm(), self._alike()]
        for store, winners in self.winners.items():
            right = sum(count == 1 for count in winners)
            note = f"winners by how often: {dict(Counter(winners))}"
            bars.append(exactly(f"200 at once, one license, {store}", "rounds of 1 winner", right, _RACES, note))
        return bars

    def _rate(self, what: str) -> Bar:
        ours, empty = self._median_rate(what), self._median_rate("empty")
        p99 = {name: self._quantile(name, 0.99) for name in (what, "empty")}
        rates = [round(each.rate) for each in self.answers[what]]
        note = f"p99 under load {p99[what]:.1f} ms (empty {p99['empty']:.1f} ms); a round each: {rates} /s"
        return at_least(f"{what} against an empty endpoint", "1/s", ours, empty, 0.4, note)

    def _storm(self) -> Bar:
        quiet, storm = self._quantile("quiet", 0.99), self._quantile("in a storm", 0.99)
        log_ins = sum((each.statuses for each in self.answers["storm"]), Counter[str]())
        note = f"log-ins by status {dict(log_ins)}; median {self._quantile('in a storm', 0.5):.1f} ms"
        return at_most("heartbeat p99 in a storm of log-ins", "ms", storm, quiet, 2.0, note)

    def _alike(self) -> Bar:
        unknown, wrong = self._quantile("unknown", 0.5), self._quantile("wrong", 0.5)
        slower, faster = max(unknown, wrong), min(unknown, wrong)
        note = f"medians of {_TRIES} each, in turn: unknown {unknown:.2f} ms, wrong {wrong:.2f} ms"
        return at_most("unknown login against wrong password", "ms", slower, faster, 1.05, note)

    def _median_rate(self, what: str) -> float:
        return median(each.rate for each in self.answers[what])

    def _quantile(self, what: str, share: float) -> float:
        """Return the median of the rounds, so that one in which the machine was busy elsewhere does not decide."""
        return median(quantile(each.latencies, share) for each in self.answers[what]) * _MILLISECOND


def measure_runtime_api(folder: Path) -> RuntimeApi:
    """Measure all bars of the runtime API."""
    found = RuntimeApi()
    with ticking("The runtime API under load"):
        office = Office.build(f"sqlite:///{folder / 'load.db'}", folder, 200, _OWASP)
        with Server.ours(folder, office.store_url) as ours, Server.empty(folder) as empty:
            tokens = _log_in(office, ours, office.logins[:20])
            _rates(found, office, ours, empty, tokens)
            _storms(found, office, ours, tokens)
            _tries(found, office, ours)
    with ticking(f"200 log-ins at once, {_RACES} times, on SQLite"):
        office = Office.build(f"sqlite:///{folder / 'race.db'}", folder, 1, CHEAP)
        found.winners["SQLite"] = _races(folder, office, 1)
    with ticking("The same on PostgreSQL, two servers"), Postgres() as postgres:
        office = Office.build(postgres.create_database(), folder, 1, CHEAP)
        found.winners["PostgreSQL"] = _races(folder, office, 2)
    return found


def _log_in(office: Office, server: Server, logins: Sequence[str]) -> list[str]:
    bodies = [office.log_in(login) for login in logins]
    answers = Load(server.port, _SESSIONS, office.token, bodies, len(bodies), times=1).run()
    return [json.loads(body)["token"] for body in answers.bodies]


def _rates(found: RuntimeApi, office: Office, ours: Server, empty: Server, tokens: Sequence[str]) -> None:
    subjects = [{"type": "user", "id": login} for login in office.logins[:20]]
    questions = [json.dumps({"subject": subject, **_EVALUATION}) for subject in subjects]
    beats = [json.dumps({"tokens": [token]}) for token in tokens]
    loads = {
        "empty": Load(empty.port, "/", office.token, questions),
        "evaluations": Load(ours.port, f"/v1/{NAMESPACE}/access/v1/evaluation", office.token, questions),
        "heartbeats": Load(ours.port, f"{_SESSIONS}/heartbeat", office.token, beats),
    }
    for load in loads.values():
        load.run()  # everything was loaded and compiled once
    for _ in range(_ROUNDS):
        for what, load in loads.items():
            found.add(what, load.run())


def _storms(found: RuntimeApi, office: Office, ours: Server, tokens: Sequence[str]) -> None:
    """Heartbeats go on all the while. What is compared is those before a storm of log-ins, and those from its first."""
    beats = [json.dumps({"tokens": [token]}) for token in tokens]
    path, seconds = f"{_SESSIONS}/heartbeat", 2 * _STORM_SECONDS + 1
    steady = Load(ours.port, path, office.token, beats, connections=10, seconds=seconds, pause=0.05)
    log_ins = [office.log_in(login) for login in office.logins[100:]]
    storm = Load(ours.port, _SESSIONS, office.token, log_ins, connections=50, seconds=_STORM_SECONDS)
    for _ in range(_STORMS):
        beating = steady.start()
        time.sleep(_STORM_SECONDS + 0.5)
        blowing, before = storm.start(), time.perf_counter()
        all_beats, all_log_ins = Answers.of(beating), Answers.of(blowing)
        start, end = min(all_log_ins.began), max(all_log_ins.began)
        found.add("quiet", all_beats.between(min(all_beats.began) + 0.3, before))
        found.add("in a storm", all_beats.between(start, end))
        found.add("storm", all_log_ins)


def _tries(found: RuntimeApi, office: Office, ours: Server) -> None:
    """Try in turn, one at a time. No login fails so often that it must wait."""
    for n in range(0, _TRIES, len(office.logins)):
        logins = office.logins[: min(len(office.logins), _TRIES - n)]
        pairs = [(f"nobody-{n}-{login}", login) for login in logins]
        bodies = [office.log_in(login, f"not {PASSWORD}") for pair in pairs for login in pair]
        answers = Load(ours.port, _SESSIONS, office.token, bodies, 1, times=len(bodies)).run()
        for what, start in (("unknown", 0), ("wrong", 1)):
            found.add(what, Answers(answers.latencies[start::2]))


def _races(folder: Path, office: Office, servers: int) -> list[int]:
    with ExitStack() as stack:
        started = [Server.ours(folder, office.store_url, f"race-{n}", cheap=True) for n in range(servers)]
        ports = [stack.enter_context(server).port for server in started]
        bodies = [office.log_in(login) for login in office.logins]
        return Race(ports, _SESSIONS, office.token, bodies, _RACES).run()
