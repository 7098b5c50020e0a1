"""What a run of `tenantry plan` or `apply` comes to: what was and what is, compared object by object."""

import json
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tenantry.domain.account import Account
from tenantry.domain.capacity import Capacity, CapacityKind
from tenantry.domain.observed import Kind
from tenantry.domain.reason import Settles
from tenantry.domain.seating import bought, pool_capacities
from tenantry.domain.snapshot import Snapshot
from tenantry.store import Connection
from tenantry.store.account import load_by_id, load_by_uid
from tenantry.store.audit import read_records
from tenantry.store.policy import load_policies
from tenantry.store.resource import ResourceRow, load_resources
from tenantry.store.tenant import TenantRow, find_tenant
from tenantry.store.usage import count_usage

_KINDS = list(Kind)


class Action(StrEnum):
    """What is done to an object. ``follow``: nothing, but it changes by what is done to others."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"
    FOLLOW = "follow"
    NONE = "none"


class Result(StrEnum):
    """What comes of it. ``held``: it is to go, and what needs it keeps it."""

    READY = "ready"
    WAITING = "waiting"
    REFUSED = "refused"
    PENDING = "pending"
    PAUSED = "paused"
    HELD = "held"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changes, as JSON values; None is absent."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Moved:
    """Holdings of one kind that an account has no more; ``fate`` says what became of them."""

    workgroup: str
    kind: str
    count: int
    fate: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of one object. ``named``: it was asked for, so that its refusal is a failure."""

    namespace: str
    kind: Kind
    name: str
    login: str
    action: Action
    result: Result
    reason: str = ""
    message: str = ""
    named: bool = True
    was_ready: bool = False
    differences: tuple[Difference, ...] = ()
    holdings: tuple[Moved, ...] = ()

    @property
    def fails(self) -> bool:
        """Tell whether a pipeline must stop for it: what was asked for, or was in force before, is not in force."""
        bad = self.result in {Result.WAITING, Result.REFUSED, Result.PENDING, Result.HELD}
        return bad and (self.named or self.was_ready)


@dataclass(frozen=True, slots=True)
class Count:
    """The use of a capacity; ``bought`` is None where nothing limits it."""

    used: int = 0
    waiting: int = 0
    bought: int | None = None


@dataclass(frozen=True, slots=True)
class CountChange:
    """A capacity before and after."""

    capacity: Capacity
    before: Count
    after: Count


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run comes to in one namespace. ``unchanged`` counts what was asked for and is so already."""

    namespace: str
    effects: tuple[Effect, ...] = ()
    counts: tuple[CountChange, ...] = ()
    unchanged: int = 0
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Tell whether there is anything to do."""
        return any(effect.action is not Action.NONE for effect in self.effects)

    @property
    def fails(self) -> bool:
        """Tell whether something is refused, or waits."""
        return any(effect.fails for effect in self.effects)


@dataclass(slots=True)
class State:
    """The rows that a run touched, at one moment. ``records`` tells how long the tenant's trail was."""

    rows: dict[str, ResourceRow] = field(default_factory=dict)
    owned: dict[str, Account] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    counts: dict[Capacity, Count] = field(default_factory=dict)
    records: int = 0
    moved: dict[tuple[Kind, str], list[Moved]] = field(default_factory=dict)


def load_state(
    connection: Connection, namespace: str, uids: Collection[str], now: datetime, former: State | None = None
) -> State:
    """Return the rows and accounts of these objects, the use of every capacity, and what moved since the ``former``."""
    tenant = find_tenant(connection, namespace)
    if tenant is None:
        return State()
    counts = _counts(connection, tenant.id, now)
    found = State(load_resources(connection, uids), counts=counts, records=tenant.audit_sequence)
    found.owned = {a.resource_uid: a for a in load_by_uid(connection, uids) if a.resource_uid is not None}
    found.accounts = {a.id: a for a in found.owned.values()}
    found.moved = _load_moved(connection, tenant, former.records) if former is not None else {}
    return found


def load_others(connection: Connection, state: State, ids: AbstractSet[str]) -> None:
    """Read accounts that the objects had, or will have: one that was deleted or restored is not theirs on one side."""
    state.accounts |= {a.id: a for a in load_by_id(connection, ids - state.accounts.keys())}


def _load_moved(connection: Connection, tenant: TenantRow, since: int) -> dict[tuple[Kind, str], list[Moved]]:
    """Return what became of holdings by the User whose they were, else by the Workgroup of the system user."""
    changes = [record.change for record in read_records(connection, tenant.id, since, kind="Holding")]
    takers = {a.id: a.user_name for a in load_by_id(connection, {c.facts["to"] for c in changes if "to" in c.facts})}
    found: dict[tuple[Kind, str], list[Moved]] = {}
    for change in changes:
        workgroup, to = change.facts["workgroup"], change.facts.get("to")
        fate = f"given to {takers.get(to, 'one that is gone too')}" if to is not None else "dropped"
        owner = (Kind.USER, change.resource_uid) if change.resource_uid is not None else (Kind.WORKGROUP, workgroup)
        found.setdefault(owner, []).append(Moved(workgroup, change.facts["kind"], change.facts["count"], fate))
    return found


def _counts(connection: Connection, tenant_id: int, now: datetime) -> dict[Capacity, Count]:
    policies = load_policies(connection, tenant_id)
    usage = count_usage(connection, tenant_id, policies)
    snapshot = Snapshot(now=now, workgroups=policies.workgroups, pools=policies.pools)
    known = {c for pool in policies.pools.values() for c in pool_capacities(pool)} | set(usage.used)
    known |= {
        Capacity(CapacityKind.ROLE, w.name, r.name)
        for w in policies.workgroups.values()
        for r in w.spec.roles
        if r.max_holders is not None
    }
    found = {c: Count(usage.used[c], usage.waiting[c], bought(c, snapshot)) for c in known | set(usage.waiting)}
    return {c: n for c, n in found.items() if n.used or n.waiting or n.bought}


def compare(namespace: str, before: State, after: State, named: Collection[str]) -> tuple[list[Effect], int]:
    """Return what changed or is not in force, and how many of the ``named`` objects are as they were.

    Of an object that went, and that a new one took the name of, only the new one is told.
    """
    found, unchanged = [], 0
    for uid in before.rows.keys() | after.rows.keys() | (before.owned.keys() - after.owned.keys()):
        effect = _effect(namespace, uid, before, after, named=uid in named)
        if effect is None:
            continue
        if effect.action is Action.NONE and not effect.fails:
            unchanged += effect.named
        else:
            found.append(effect)
    there = {(e.kind, e.name) for e in found if e.result is not Result.GONE}
    told = [e for e in found if e.result is not Result.GONE or (e.kind, e.name) not in there]
    return sorted(told, key=_order), unchanged


def _order(effect: Effect) -> tuple[bool, int, str]:
    return (not effect.named, _KINDS.index(effect.kind), effect.name)


def compare_counts(before: State, after: State) -> tuple[CountChange, ...]:
    """Return every capacity before and after."""
    both = before.counts.keys() | after.counts.keys()
    return tuple(CountChange(c, before.counts.get(c, Count()), after.counts.get(c, Count())) for c in sorted(both))


def note_rivals(plan: Plan) -> Iterator[str]:
    """Yield a note for each capacity that several new Users want and that does not seat them all."""
    new = [e.result for e in plan.effects if e.kind is Kind.USER and e.action is Action.CREATE]
    if not {Result.READY, Result.WAITING} <= set(new):
        return
    for change in plan.counts:
        if change.after.used > change.before.used and change.after.waiting > change.before.waiting:
            yield (
                f"{change.capacity.owner} {change.capacity.name} does not seat all new Users: in a cluster the order "
                "within one second is that of arrival and UID, so others of them may wait"
            )


def _effect(namespace: str, uid: str, before: State, after: State, *, named: bool) -> Effect | None:
    old, new = before.rows.get(uid), after.rows.get(uid)
    row = new or old
    if row is None:
        return None
    had, has = _accounts(uid, before, after)
    differences = tuple(_differences(row.kind, old, new, had, has))
    person = has if has is not None and has.user_name else had
    effect = Effect(
        namespace=namespace,
        kind=row.kind,
        name=row.name,
        login=person.user_name if person is not None else _login(row),
        action=_action(old, new, differences, named=named),
        result=Result.GONE if new is None else _result(new, has),
        reason="" if new is None else new.reason,
        message=_fate(has) if new is None else _message(new),
        named=named,
        was_ready=old is not None and _is_ready(old),
        differences=differences,
        holdings=tuple(after.moved.get((row.kind, row.name if row.kind is Kind.WORKGROUP else uid), ())),
    )
    followed = effect.action is Action.NONE and _standing(old) != _standing(new)
    return replace(effect, action=Action.FOLLOW) if followed else effect


def _accounts(uid: str, before: State, after: State) -> tuple[Account | None, Account | None]:
    """Return the account of an object on both sides, also where it is not the object's on one of them."""
    owned = after.owned.get(uid) or before.owned.get(uid)
    if owned is None:
        return None, None
    return before.accounts.get(owned.id), after.accounts.get(owned.id)


def _login(row: ResourceRow) -> str:
    spec = json.loads(row.document)
    return str(spec.get("userName") or "") if row.kind is Kind.USER and isinstance(spec, dict) else ""


def _action(
    old: ResourceRow | None, new: ResourceRow | None, differences: tuple[Difference, ...], *, named: bool
) -> Action:
    if new is None or (new.deleting and old is not None and not old.deleting):
        return Action.REMOVE
    if old is None:
        return Action.CREATE
    if (old.document, old.paused, old.deleting) != (new.document, new.paused, new.deleting):
        return Action.CHANGE
    if differences:
        return Action.CHANGE if named else Action.FOLLOW
    return Action.NONE


def _result(row: ResourceRow, account: Account | None) -> Result:
    if row.deleting:
        return Result.HELD
    if row.paused:
        return Result.PAUSED
    conditions = _conditions(row)
    if conditions.get("Ready", {}).get("status") == "True":
        return Result.READY
    if account is not None and account.waiting is not None and account.waiting.capacities:
        return Result.WAITING
    pending = conditions.get(Settles.ITSELF, {}).get("status") == "True"
    return Result.PENDING if pending else Result.REFUSED


def _conditions(row: ResourceRow) -> dict[str, dict[str, Any]]:
    return {c["type"]: c for c in row.parsed_status().get("conditions", ())}


def _is_ready(row: ResourceRow) -> bool:
    return _conditions(row).get("Ready", {}).get("status") == "True"


def _message(row: ResourceRow) -> str:
    return str(_conditions(row).get("Ready", {}).get("message", ""))


def _standing(row: ResourceRow | None) -> tuple[object, ...]:
    """Return what of a status is worth telling when it changes."""
    return () if row is None else (row.reason, _is_ready(row), row.parsed_status().get("state"))


def _fate(left: Account | None) -> str:
    """Return what stays of the account of an object that is gone."""
    if left is None or left.tombstone is None:
        return ""
    return f"deletion mode {left.tombstone.mode.value}"


def _differences(
    kind: Kind, old: ResourceRow | None, new: ResourceRow | None, had: Account | None, has: Account | None
) -> Iterator[Difference]:
    if old is not None and new is not None:
        if old.deleting and not new.deleting:
            yield Difference("deleting", before=True, after=False)
        if old.paused != new.paused:
            yield Difference("paused", old.paused, new.paused)
    if had is not None or has is not None:
        yield from _of_accounts(had, has)
    elif old is not None and new is not None and kind is not Kind.USER:
        yield from _of_documents(json.loads(old.document), json.loads(new.document), "spec.")


def _of_documents(old: Mapping[str, Any], new: Mapping[str, Any], where: str = "") -> Iterator[Difference]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield Difference(f"{where}{name}", old.get(name), new.get(name))


def _of_accounts(had: Account | None, has: Account | None) -> Iterator[Difference]:
    """Yield what changes of an account. Of one that is new or goes: its license and its workgroups."""
    left = None if has is not None and has.tombstone is not None else has
    was = None if had is not None and had.tombstone is not None else had
    if _license(was) != _license(left):
        yield Difference("license", _license(was), _license(left))
    members, now_members = _members(was), _members(left)
    for name in sorted(members.keys() | now_members.keys()):
        if members.get(name) != now_members.get(name):
            yield Difference(f"workgroups.{name}", members.get(name), now_members.get(name))
    if was is None or left is None:
        return
    if (was.password and was.password.hash) != (left.password and left.password.hash):
        yield Difference("password", None if was.password is None else "(before)", "(new)")
    yield from _of_documents(_told(was), _told(left))
    yield from _of_documents(was.profile or {}, left.profile or {})


def _told(account: Account) -> dict[str, Any]:
    """Return what a plan tells of an account beside its license, workgroups, password and profile."""
    onboarding, password = account.onboarding, account.password
    moments = {
        "emailVerified": onboarding.email_verified,
        "invited": onboarding.invited,
        "joined": onboarding.joined,
        "passwordExpires": password.expires if password is not None else None,
    }
    return {
        "active": account.active,
        "assigned": dict(account.assigned),
        "attributes": dict(account.attributes),
        "preferences": dict(account.preferences),
        **{name: moment.isoformat() if moment is not None else None for name, moment in moments.items()},
    }


def _license(account: Account | None) -> str | None:
    return account.seat.type.value if account is not None and account.seat is not None else None


def _members(account: Account | None) -> dict[str, dict[str, Any]]:
    found = {}
    for member in account.members if account is not None else ():
        facts = {
            "membership": member.kind.value,
            "role": member.role,
            "groups": list(member.groups),
            "access": dict(member.access),
            "scopes": {name: list(values) for name, values in member.scopes},
            "notifications": list(member.notifications),
            "defaultModule": member.default_module,
        }
        found[member.workgroup] = {name: value for name, value in facts.items() if value}
    return found
