"""Users of a batch: those that go, those that come, and those whose turn it is."""

from collections.abc import Iterable, Sequence

from tenantry.domain.account import Account
from tenantry.domain.capacity import Capacity, CapacityKind
from tenantry.domain.holding import describe_orphans
from tenantry.domain.licensepool import evict, eviction_times, exceeded
from tenantry.domain.login import login_fault, login_key
from tenantry.domain.observed import Kind, Observed
from tenantry.domain.seating import capacities_held, consuming_roles
from tenantry.domain.snapshot import PoolPolicy, Snapshot
from tenantry.domain.user import UserPlan, adopted, plan_removal, plan_user
from tenantry.domain.user_context import UserContext
from tenantry.domain.user_email import planned_address, workgroups_by_email
from tenantry.domain.user_holdings import leaves_something, possible_assignees
from tenantry.services.batch import Batch
from tenantry.services.observed import observe
from tenantry.specs import UserSpec
from tenantry.store.account import load_by_email, load_by_id, load_by_login, load_by_uid
from tenantry.store.holding import count_holdings
from tenantry.store.project_member import load_projects
from tenantry.store.resource import ResourceRow, load_named, load_resources, names_of_owners
from tenantry.store.usage import newest_holders, newest_seats


def load_users(batch: Batch, users: Sequence[Observed[UserSpec]]) -> None:
    """Read into the snapshot what the plans of these Users look at."""
    connection, snapshot = batch.connection, batch.snapshot
    known = load_by_uid(connection, [u.uid for u in users if u.uid not in snapshot.accounts])
    for account in known:
        snapshot.record(None, account)
    names = (u.spec.user_name for u in users if u.spec is not None)
    keys = {login_key(name) for name in names if login_fault(name) is None} - snapshot.logins.keys()
    others = load_by_login(connection, batch.tenant.id, keys)
    for account in others:
        snapshot.record(None, account)
    others += _load_by_email(batch, users)
    resource_names = {u.uid: u.name for u in users}
    snapshot.owners |= {a.id: resource_names[a.resource_uid] for a in known if a.resource_uid is not None}
    owners = {a.resource_uid: a.id for a in others if a.resource_uid is not None}
    for uid, name in names_of_owners(connection, owners).items():
        snapshot.owners[owners[uid]] = name
    snapshot.projects |= load_projects(connection, batch.tenant.id, [u.name for u in users])
    _load_holdings(batch, users)


def _load_by_email(batch: Batch, users: Sequence[Observed[UserSpec]]) -> list[Account]:
    """Read who has the addresses that these Users are to log in by; most workgroups do not ask for that."""
    snapshot = batch.snapshot
    contexts = (UserContext(u, u.spec, snapshot, _account_of(u, snapshot)) for u in users if u.spec is not None)
    keys = {login_key(planned_address(ctx)) for ctx in contexts if workgroups_by_email(ctx)} - {""}
    found = load_by_email(batch.connection, batch.tenant.id, keys) if keys else []
    others = [a for a in found if a.login_key not in snapshot.logins]  # what is there was changed by the batch already
    for account in others:
        snapshot.record(None, account)
    return others


def _load_holdings(batch: Batch, users: Sequence[Observed[UserSpec]]) -> None:
    """Count what those hold that go, or leave a workgroup or group, and read who could be given it."""
    snapshot = batch.snapshot
    leavers = [(u, a) for u in users if (a := _account_of(u, snapshot)) is not None and _leaves(batch, u, a)]
    if not leavers:
        return
    if batch.transfers:
        batch.flush()
    ids = {account.id for _, account in leavers}
    snapshot.holdings |= count_holdings(batch.connection, ids - snapshot.holdings.keys())
    if any(snapshot.holdings[account_id] for account_id in ids):  # one who holds nothing yet may be given something
        wanted = {name for user, _ in leavers for name in possible_assignees(user, snapshot.workgroups, snapshot)}
        _load_assignees(batch, wanted - snapshot.assignees.keys())


def _account_of(user: Observed[UserSpec], snapshot: Snapshot) -> Account | None:
    return snapshot.accounts.get(user.uid) or adopted(user, snapshot)


def _leaves(batch: Batch, user: Observed[UserSpec], account: Account) -> bool:
    if user.deleting or user.spec is None:
        return user.deleting
    return leaves_something(UserContext(user, user.spec, batch.snapshot, account))


def _load_assignees(batch: Batch, names: set[str]) -> None:
    """Read the accounts of these Users; one that goes itself is given nothing."""
    if not names:
        return
    rows = {r.uid: r for r in load_named(batch.connection, batch.tenant.id, Kind.USER, names)} | batch.results
    brought = {o.uid: o for o in batch.work.objects if o.kind is Kind.USER}
    there = (brought.get(uid, row) for uid, row in rows.items() if row.kind is Kind.USER)
    found = {seen.uid: seen.name for seen in there if seen.name in names and not seen.deleting}
    batch.snapshot.assignees |= {name: uid for uid, name in found.items()}
    for account in load_by_uid(batch.connection, found.keys() - batch.snapshot.accounts.keys()):
        batch.snapshot.record(None, account)


def reconcile_users(batch: Batch, users: Sequence[Observed[UserSpec]]) -> None:
    """Plan Users: first those that go, so that their seats serve those that come."""
    load_users(batch, users)
    for user in sorted(users, key=lambda u: (not u.deleting, u.arrival)):
        if user.deleting and batch.snapshot.attached:
            _remove(batch, user, plan_removal(user, batch.snapshot))
        else:
            _take(batch, user, plan_user(user, batch.snapshot))


def _remove(batch: Batch, user: Observed[UserSpec], plan: UserPlan) -> None:
    if not plan.goes:
        _take(batch, user, plan)
        return
    batch.give(plan.transfers, user.uid)
    batch.records += [describe_orphans(plan.before.id, user.uid, held) for held in plan.orphaned if plan.before]
    batch.change(plan.before, plan.after)
    batch.release(user)


def _take(batch: Batch, user: Observed[UserSpec], plan: UserPlan) -> None:
    batch.conclude(
        user, plan.status, plan.findings, refs=plan.refs, due=plan.due
    )  # first: who depends on it knows it by this name
    batch.give(plan.transfers, user.uid)
    batch.change(plan.before, plan.after)
    former = plan.before.resource_uid if plan.before is not None else None
    if former is not None and former != user.uid:
        batch.forget(former)  # the runtime API's object of an account that is taken over
    if plan.after is not None:
        batch.snapshot.owners[plan.after.id] = user.name


def evict_newest(batch: Batch) -> None:
    """Take back the newest seats of pools whose grace has passed; who loses one goes to the end of the line.

    A pause holds that up, of the pool for all, of a User for itself: it is over-committed until the pause ends.
    """
    for pool in batch.policies.pools.values():
        due = [capacity for capacity, time in eviction_times(pool, pool.reduced).items() if time <= batch.now]
        if not due or _is_paused(batch, pool):
            continue
        for capacity in sorted(due):
            batch.flush()
            count = exceeded(pool, batch.snapshot.usage).get(capacity, 0)  # who went for another may have held this too
            _evict(batch, capacity, _newest(batch, pool, capacity, count))


def _is_paused(batch: Batch, pool: PoolPolicy) -> bool:
    """Tell whether the pool's object is paused, as the batch brings it or else as its row has it."""
    brought = next((o for o in batch.work.objects if o.uid == pool.uid), None)
    found = brought or load_resources(batch.connection, [pool.uid]).get(pool.uid)
    return found is not None and found.paused


def _newest(batch: Batch, pool: PoolPolicy, capacity: Capacity, count: int) -> list[str]:
    if capacity.kind is CapacityKind.LICENSE:
        return newest_seats(batch.connection, batch.tenant.id, capacity, count)
    roles = consuming_roles(pool, capacity.name, batch.policies.workgroups)
    return newest_holders(batch.connection, batch.tenant.id, roles, count)


def _evict(batch: Batch, capacity: Capacity, ids: Sequence[str]) -> None:
    snapshot = batch.snapshot
    evicted = []
    accounts = load_by_id(batch.connection, ids)
    rows = _rows(batch, [a.resource_uid for a in accounts if a.resource_uid])
    paused = {row.uid for row in rows if row.paused}
    for row in rows:
        if row.deleting:  # kept by what its account holds: it takes no place in the line
            batch.concern(Kind.USER, row.name)
    for before in accounts:
        if before.resource_uid in paused:
            continue
        after = evict(before, frozenset({capacity}), batch.now)
        snapshot.usage.move(capacities_held(before, snapshot), frozenset())
        snapshot.usage.queue(before.waiting.capacities if before.waiting else frozenset(), frozenset({capacity}))
        snapshot.record(before, after)
        batch.change(before, after)
        evicted.append(before.resource_uid)
    plan_again(batch, [uid for uid in evicted if uid is not None], turn=False)


def plan_again(batch: Batch, uids: Iterable[str], *, turn: bool) -> None:
    """Plan Users that the batch did not bring, from their rows. A paused one keeps its place and is passed over."""
    users = [observe(row, batch.work.tenant.namespace) for row in _rows(batch, list(uids))]
    users = [u for u in users if u.kind is Kind.USER and not u.paused and not u.deleting]
    load_users(batch, users)
    for user in users:
        _take(batch, user, plan_user(user, batch.snapshot, turn=turn))


def _rows(batch: Batch, uids: Sequence[str]) -> list[ResourceRow]:
    """Return the rows of objects as the batch has them by now, in this order."""
    missing = [uid for uid in uids if uid not in batch.results and uid not in batch.rows]
    batch.rows.update(load_resources(batch.connection, missing) if missing else {})
    return [row for uid in uids if (row := batch.results.get(uid) or batch.rows.get(uid)) is not None]
