"""One tenant in memory, planned as the services plan it, but with domain functions only: no store, no clock."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tenantry.domain.account import Account, Onboarding
from tenantry.domain.capacity import Capacity, CapacityKind, Usage
from tenantry.domain.licensepool import Need, PoolPlan, evict, eviction_times, exceeded, fallen, plan_pool
from tenantry.domain.observed import Kind, Observed
from tenantry.domain.projectmember import ProjectMemberPlan, plan_project_member
from tenantry.domain.reason import Reason
from tenantry.domain.seating import bought, capacities_held
from tenantry.domain.snapshot import Policy, Snapshot
from tenantry.domain.user import UserPlan, plan_removal, plan_user
from tenantry.domain.workgroup import WorkgroupPlan, plan_workgroup
from tenantry.specs.user import AccountState
from tests.support.builders import START

_MOST_ROUNDS = 20


@dataclass
class World:
    """``live`` are the objects there are, by UID; the plans are the last of each."""

    snapshot: Snapshot = field(default_factory=lambda: Snapshot(now=START + timedelta(hours=1)))
    live: dict[str, Observed[Any]] = field(default_factory=dict)
    plans: dict[str, UserPlan] = field(default_factory=dict)
    pools: dict[str, PoolPlan] = field(default_factory=dict)
    workgroups: dict[str, WorkgroupPlan] = field(default_factory=dict)
    members: dict[str, ProjectMemberPlan] = field(default_factory=dict)

    def apply(self, *objects: Observed[Any]) -> None:
        """Take one batch, and then all that follows from it until nothing does. Checks what must hold after it."""
        self.snapshot.now += timedelta(seconds=1)
        self.live |= {seen.uid: seen for seen in objects}
        self._take_policies(objects)
        self.snapshot.usage = self._count()
        allowed = {c: max(n, bought(c, self.snapshot) or 0) for c, n in self.snapshot.usage.used.items()}
        users = [seen for seen in objects if seen.kind is Kind.USER]
        held = self._in_force() - {seen.uid for seen in users}
        evicted = self._round(users)
        for _ in range(_MOST_ROUNDS):
            before = self._decided()
            evicted |= self._round(self._users())
            if self._decided() == before:
                break
        else:
            raise AssertionError("planning the same again comes to another end each time")
        self._check(allowed, held - evicted)

    def act(self, before: Account, do: Callable[[Account, datetime], Onboarding]) -> None:
        """Take what a person did: what it makes of the account does not wait for the User to be looked at."""
        after = replace(before, onboarding=do(before, self.snapshot.now))
        self.snapshot.record(before, after)
        self.apply()
        looked_at = self.snapshot.logins[after.login_key]
        assert looked_at.state(self.snapshot.now) is after.state(self.snapshot.now)

    def account(self, seen: Observed[Any]) -> Account | None:
        return self.snapshot.accounts.get(seen.uid)

    def spec(self, uid: str) -> Any:
        """Return the spec of a live object; none here fails to parse."""
        return self.live[uid].spec

    def reason(self, seen: Observed[Any]) -> Reason:
        return self.plans[seen.uid].findings[0].reason

    def _users(self) -> list[Observed[Any]]:
        return [seen for seen in self.live.values() if seen.kind is Kind.USER]

    def _accounts(self) -> list[Account]:
        return list(self.snapshot.logins.values())

    def _in_force(self) -> set[str]:
        """Return whose account has its place; the time of one whose invitation ran out is over."""
        now = self.snapshot.now
        return {u for u, a in self.snapshot.accounts.items() if a.in_force and not a.onboarding.has_lapsed(now)}

    def _decided(self) -> tuple[Any, ...]:
        plans = {uid: (plan.status, plan.findings) for uid, plan in self.plans.items()}
        return dict(self.snapshot.logins), plans, dict(self.pools), dict(self.workgroups), dict(self.members)

    def _take_policies(self, objects: Iterable[Observed[Any]]) -> None:
        for seen in objects:
            if seen.kind not in {Kind.LICENSE_POOL, Kind.WORKGROUP}:
                continue
            kept: dict[str, Any] = self.snapshot.pools if seen.kind is Kind.LICENSE_POOL else self.snapshot.workgroups
            policy: Policy[Any] = Policy(seen.name, seen.uid, seen.generation, seen.spec, seen.deleting)
            present = kept.get(seen.name)
            if present is not None and seen.kind is Kind.LICENSE_POOL:
                again = fallen(present, policy)
                policy = replace(policy, reduced={c: t for c, t in present.reduced.items() if c not in again})
            kept[seen.name] = policy

    def _count(self) -> Usage:
        """Count from the accounts, as the store counts from its rows."""
        used = Counter(c for a in self._accounts() for c in capacities_held(a, self.snapshot))
        waiting = Counter(c for a in self._accounts() if a.waiting for c in a.waiting.capacities)
        return Usage(used, waiting)

    def _round(self, users: Iterable[Observed[Any]]) -> set[str]:
        """Plan Users that go, Users that come, whose seat is taken back, and whose turn it is; then the policies."""
        for seen in sorted(users, key=lambda u: (not u.deleting, u.arrival)):
            if seen.deleting:
                plan_removal(seen, self.snapshot)
                self.live.pop(seen.uid, None)
                self.plans.pop(seen.uid, None)
            else:
                self._plan(seen)
        evicted = self._evict()
        for uid in evicted:
            self._plan(self.live[uid])
        self._seat_waiters()
        self._conclude()
        self._plan_members()
        return evicted

    def _plan_members(self) -> None:
        """Plan ProjectMembers; the Users that they name say in the next round whether they are in a project."""
        accounts = {seen.name: self.account(seen) for seen in self._users()}
        members = [seen for seen in self.live.values() if seen.kind is Kind.PROJECT_MEMBER]
        self.members = {}
        for seen in members:
            if seen.deleting:
                self.live.pop(seen.uid)
            else:
                user = accounts.get(self.spec(seen.uid).user_ref)
                self.members[seen.uid] = plan_project_member(seen, user, self.snapshot)
        specs = [self.spec(uid) for uid, plan in self.members.items() if plan.in_force]
        self.snapshot.projects = {(spec.workgroup_ref, spec.user_ref) for spec in specs}

    def _plan(self, seen: Observed[Any], *, turn: bool = False) -> None:
        others = {uid: account for uid, account in self.snapshot.accounts.items() if uid != seen.uid}
        self.plans[seen.uid] = plan_user(seen, self.snapshot, turn=turn)
        now = {uid: account for uid, account in self.snapshot.accounts.items() if uid != seen.uid}
        assert now == others, f"planning {seen.name} changed the account of another"

    def _evict(self) -> set[str]:
        evicted: set[str] = set()
        for pool in self.snapshot.pools.values():
            for capacity, due in sorted(eviction_times(pool, pool.reduced).items()):
                if due <= self.snapshot.now:
                    count = exceeded(pool, self.snapshot.usage).get(capacity, 0)
                    evicted |= {self._take_back(account, capacity) for account in self._newest(capacity)[:count]}
        return evicted

    def _newest(self, capacity: Capacity) -> list[Account]:
        holders = [a for a in self._accounts() if a.in_force and capacity in capacities_held(a, self.snapshot)]
        if capacity.kind is CapacityKind.LICENSE:
            return sorted(holders, key=lambda a: (a.seat.granted if a.seat else a.created, a.id), reverse=True)
        return sorted(holders, key=lambda a: (max(m.since for m in a.members), a.id), reverse=True)

    def _take_back(self, before: Account, capacity: Capacity) -> str:
        after = evict(before, frozenset({capacity}), self.snapshot.now)
        self.snapshot.usage.move(capacities_held(before, self.snapshot), frozenset())
        queued = before.waiting.capacities if before.waiting else frozenset[Capacity]()
        self.snapshot.usage.queue(queued, frozenset({capacity}))
        self.snapshot.record(before, after)
        return before.resource_uid or ""

    def _seat_waiters(self) -> None:
        waiting, left = self.snapshot.usage.waiting, -1
        while waiting.total() != left:
            left = waiting.total()
            for capacity in sorted(waiting):
                self._go_through_line(capacity)

    def _go_through_line(self, capacity: Capacity) -> None:
        line = [a for a in self._accounts() if a.waiting and capacity in a.waiting.capacities]
        for account in sorted(line, key=lambda a: (a.waiting.since if a.waiting else a.created, a.resource_uid or "")):
            room = bought(capacity, self.snapshot)
            if room is None or not self.snapshot.usage.free(capacity, room):
                return
            self._plan(self.live[account.resource_uid or ""], turn=True)

    def _conclude(self) -> None:
        usage, now = self.snapshot.usage, self.snapshot.now
        for policy in list(self.snapshot.workgroups.values()):
            users = sum(a.member_of(policy.name) is not None for a in self._accounts())
            if policy.deleting and not users:
                self._forget(self.snapshot.workgroups, self.workgroups, policy)
                continue
            before = self.workgroups[policy.name].after if policy.name in self.workgroups else ()
            self.workgroups[policy.name] = plan_workgroup(policy, before, self.snapshot, Need(users))
        for pool in list(self.snapshot.pools.values()):
            own = {w.name for w in self.snapshot.workgroups.values() if w.spec.license_pool_ref == pool.name}
            users = sum(any(a.member_of(name) for name in own) for a in self._accounts())
            if pool.deleting and not users:
                self._forget(self.snapshot.pools, self.pools, pool)
                continue
            plan = self.pools[pool.name] = plan_pool(pool, usage, self.snapshot.workgroups, now, Need(users))
            self.snapshot.pools[pool.name] = replace(pool, reduced=plan.reduced)

    def _check_members(self) -> None:
        """What is in force is of a project that is there, for an account that is a member."""
        users = {seen.name: self.account(seen) for seen in self._users()}
        for uid in (uid for uid, plan in self.members.items() if plan.in_force):
            spec = self.spec(uid)
            account = users[spec.user_ref]
            assert account is not None
            assert spec.workgroup_ref in account.memberships
            assert spec.project in self.snapshot.workgroups[spec.workgroup_ref].spec.projects_by_name

    def _forget(self, policies: dict[str, Any], plans: dict[str, Any], policy: Policy[Any]) -> None:
        policies.pop(policy.name)
        plans.pop(policy.name, None)
        self.live.pop(policy.uid, None)

    def _check(self, allowed: dict[Capacity, int], held: set[str]) -> None:
        """P1 and P2: nothing above what was bought or in use before; and what is said is so."""
        snapshot = self.snapshot
        for capacity, used in snapshot.usage.used.items():
            room = bought(capacity, snapshot)
            most = max(room or 0, allowed.get(capacity, 0))
            assert room is None or used <= most, f"{used} of {capacity} are in use, {room} were bought"
        assert +snapshot.usage.used == +self._count().used, "what is in use was counted wrongly along the way"
        assert +snapshot.usage.waiting == +self._count().waiting, "who waits was counted wrongly along the way"
        for name, plan in self.pools.items():
            over = exceeded(snapshot.pools[name], snapshot.usage)
            assert plan.findings[-1].holds == bool(over)
            assert not over or snapshot.pools[name].spec.when_reduced is not None
        self._check_members()
        lost = held - self._in_force()
        assert not lost, f"who was in force keeps it (P5): {[self.live[uid].name for uid in lost]}"
        for seen in self._users():
            account = self.account(seen)
            if self.plans[seen.uid].status.state is AccountState.INVITATION_EXPIRED:
                assert account is not None
                assert account.seat is None
                assert not account.in_force
            if self.reason(seen) is Reason.PROVISIONED:
                assert account is not None
                assert account.in_force
                assert account.waiting is None
                assert account.state(snapshot.now) is not AccountState.INVITATION_EXPIRED
