"""Any history of a tenant, however strange, leaves it whole: see tests.support.invariants."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.domain.observed import Observed
from tenantry.store import Store, policy
from tests.support.builders import pool, project_member, user, workgroup
from tests.support.databases import empty
from tests.support.edits import deleted, made_again, paused, with_spec
from tests.support.invariants import check_state, check_tenant, look_again
from tests.support.watched import WatchedTenant

EXAMPLES = 40
MODES = ("Restorable", "Permanent", "PermanentReserved")
TYPES = ("Static", "Floating", None)
PROJECT = {"name": "lab", "resources": [{"type": "device", "names": ["a"], "operations": ["read"]}]}


def _pool(choice: int) -> Observed[Any]:
    licenses = [{"type": "Static", "quantity": choice % 4}, {"type": "Floating", "quantity": choice // 4 % 3}]
    when = {"policy": ("Keep", "Evict")[choice // 12 % 2], "graceDays": choice // 24 % 3}
    spec: dict[str, Any] = {"licenses": licenses, "whenReduced": when}
    if choice // 72 % 2:
        consumed = [{"workgroupRef": name, "role": "Lead"} for name in ("tracker", "support")]
        free = [{"workgroupRef": name, "role": "Agent"} for name in ("tracker", "support")]
        spec |= {
            "limits": [{"name": "leads", "included": choice // 144 % 3, "consumedBy": consumed}],
            "freeRoles": free,
        }
    return pool(spec=spec)


def _workgroup(name: str) -> Callable[[int], Observed[Any]]:
    def build(choice: int) -> Observed[Any]:
        lead: dict[str, Any] = {"name": "Lead"} | ({"maxHolders": choice % 3} if choice % 4 else {})
        spec: dict[str, Any] = {"roles": [lead, {"name": "Agent"}], "deletion": {"mode": MODES[choice // 12 % 3]}}
        if choice // 36 % 2:
            spec["attributes"] = [{"name": "badge", "format": "Sequence"}]
        if choice // 72 % 2:
            spec["projects"] = [PROJECT]
        if choice // 144 % 3 == 0:
            spec["systemUsers"] = [{"userName": "ada", "role": "Lead"}]
        return workgroup(name, spec=spec)

    return build


def _user(name: str) -> Callable[[int], Observed[Any]]:
    def build(choice: int) -> Observed[Any]:
        entries: list[dict[str, Any]] = [{"workgroupRef": ("tracker", "support")[choice % 2]}]
        if choice // 2 % 3 == 0:
            entries.append({"workgroupRef": ("support", "tracker")[choice % 2], "role": "Agent"})
        if choice // 6 % 4:
            entries[0]["role"] = ("Lead", "Agent", "Nobody")[choice // 6 % 4 - 1]
        spec: dict[str, Any] = {"active": choice // 24 % 4 > 0}
        if choice // 96 % 2:
            spec["onExisting"] = "Restore"
        login = {"u0": "ada", "u1": "ADA"}.get(name, name)
        type_ = TYPES[choice // 192 % 3]
        return user(name, license=type_, in_=entries, spec={**spec, "userName": login})

    return build


def _part(choice: int) -> Observed[Any]:
    spec = {"workgroupRef": "tracker", "project": "lab", "userRef": f"u{choice % 5}", "allow": []}
    return project_member(f"part-{choice % 5}", spec=spec)


BUILDERS: list[Callable[[int], Observed[Any]]] = [
    _pool,
    _workgroup("tracker"),
    _workgroup("support"),
    *(_user(f"u{n}") for n in range(5)),
    _part,
]
ACTIONS = ("apply", "apply", "apply", "delete", "strip", "pause", "again", "wait", "sweep")
Step = tuple[str, int, int, bool]


@dataclass
class World:
    """What there is, and the batch that is being gathered."""

    tenant: WatchedTenant
    live: dict[tuple[str, str], Observed[Any]] = field(default_factory=dict)
    batch: dict[str, Observed[Any]] = field(default_factory=dict)
    clock: float = 0.0

    def step(self, action: str, which: int, choice: int, *, flush: bool) -> None:
        wanted = BUILDERS[which % len(BUILDERS)](choice)
        key = (wanted.kind.value, wanted.name)
        present = self.live.get(key)
        if action in {"apply", "again"}:
            self._put(key, self._next(action, wanted, present))
        elif action == "delete" and present is not None:
            self._put(key, present if present.deleting else deleted(present))
        elif action == "pause" and present is not None and not present.deleting:
            self._put(key, paused(present, on=not present.paused))
        elif action == "strip" and present is not None:
            self.flush()
            self.live.pop(key, None)
            self.tenant.vanish(present)
        elif action == "wait":
            self.flush()
            self.tenant.later(hours=choice % 50).settle()
        elif action == "sweep":
            self.flush()
            self.tenant.later(minutes=5).sweep()
        if flush:
            self.flush()

    def _next(self, action: str, wanted: Observed[Any], present: Observed[Any] | None) -> Observed[Any]:
        """Give the next state of an object. One that goes can only be made again once it is gone."""
        if present is None:
            self.clock += 1
            return made_again(wanted, self.clock, displayName=f"{self.clock}") if self._was(wanted) else wanted
        if present.deleting or action == "again":
            return present
        spec = wanted.spec
        assert spec is not None
        return with_spec(present, spec.model_dump(mode="json", by_alias=True, exclude_unset=True))

    def _was(self, wanted: Observed[Any]) -> bool:
        return self.clock > 1 and wanted.uid not in self.tenant.objects

    def _put(self, key: tuple[str, str], seen: Observed[Any]) -> None:
        self.live[key] = seen
        self.batch[seen.uid] = seen

    def flush(self) -> None:
        batch, self.batch = self.batch, {}
        self.tenant.later(seconds=1).apply(*batch.values())
        gone = [key for key, seen in self.live.items() if seen.uid not in self.tenant.objects]
        for key in gone:
            del self.live[key]


#: Most histories begin with a pool, its workgroups and somebody in them.
START_WITH: list[Step] = [("apply", which, 6 + which % 3, which == 5) for which in range(6)]
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.integers(0, 99), st.integers(0, 999), st.booleans()), min_size=5, max_size=40
)


def test_any_history_leaves_the_tenant_whole(kept_sqlite: Store) -> None:
    """One kind of store is enough here: what is asked of the databases is asked of both by the other tests."""

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def whole(steps: list[Step]) -> None:
        empty(kept_sqlite)
        policy._PARSED.clear()
        world = World(WatchedTenant(kept_sqlite))
        for action, which, choice, flush in [*START_WITH, *steps]:
            world.step(action, which, choice, flush=flush)
        world.flush()
        check_state(world.tenant)
        look_again(world.tenant)
        check_tenant(world.tenant)

    whole()
