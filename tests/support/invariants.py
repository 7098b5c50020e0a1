"""What must hold of a tenant in every committed state (P1, P2, P4); and doing it all again changes nothing (P13)."""

import hashlib
from collections import Counter
from typing import Any

from sqlalchemy import Connection, func, select

from tenantry.domain.audit import first_fault
from tenantry.domain.observed import Kind, Observed
from tenantry.specs.licensepool import Limit
from tenantry.specs.user_membership import MembershipKind
from tenantry.store import Store
from tenantry.store.account import load_all
from tenantry.store.audit import read_records
from tenantry.store.policy import load_policies
from tenantry.store.resource import mark_tenant
from tenantry.store.schema import memberships, metadata, resources, seats, waits
from tenantry.store.session import load_live
from tenantry.store.subjects import load_subjects
from tenantry.store.tenant import TenantRow, find_tenant
from tests.support.replay import recordable, replay, replay_sessions
from tests.support.watched import WatchedTenant


def check_tenant(tenant: WatchedTenant) -> None:
    """Check everything, last of all that looking at every object once more changes nothing."""
    row = check_state(tenant)
    if row is not None:
        _check_repeats(tenant, row)


def check_state(tenant: WatchedTenant) -> TenantRow | None:
    """Check what there is, without looking at any object again."""
    with tenant.store.read() as connection:
        row = find_tenant(connection, tenant.ref.namespace)
        if row is None:
            assert not tenant.objects
            return None
        _check_audit(connection, row)
        if row.attached:
            _check_pools(connection, row, tenant)
            _check_rows(connection, row, tenant)
    _check_statuses(tenant)
    return row


def look_again(tenant: WatchedTenant) -> None:
    """Look at every object once more.

    Who waits in several lines knows of those that were full when it was last looked at; now it knows of all.
    """
    before = {uid: status for uid, status in tenant.statuses.items() if uid in tenant.objects}
    with tenant.store.write() as connection:
        row = find_tenant(connection, tenant.ref.namespace)
        if row is not None:
            mark_tenant(connection, row.id)
    tenant.settle()
    for uid, seen in tenant.objects.items():
        now, was = tenant.statuses[uid], before[uid]
        assert now.get("state") == was.get("state"), f"{seen.kind} {seen.name} was not looked at in time"
        assert now.get("used") == was.get("used"), f"{seen.kind} {seen.name} was not counted"
        if seen.kind is not Kind.LICENSE_POOL and not _waits(was):
            assert now == was, f"{seen.kind} {seen.name} was not looked at in time"


def _waits(status: dict[str, Any]) -> bool:
    return "waitingSinceTime" in status.get("license", {})


def _check_audit(connection: Connection, row: TenantRow) -> None:
    """The chain is whole, and replaying it gives the accounts there are (P2); so does what is kept in memory by it."""
    records = list(read_records(connection, row.id))
    assert first_fault(records, (row.audit_sequence, row.audit_head)) is None
    live_accounts = load_all(connection, row.id)
    told, live = replay(records), {account.id: recordable(account) for account in live_accounts}
    assert told.keys() == live.keys()
    for account_id, account in live.items():
        assert told[account_id] == account
    kept = load_subjects(connection, row, {word for a in live_accounts for word in (a.user_name or a.login_key, a.id)})
    assert {subject.account.id: recordable(subject.account) for subject in kept} == live
    assert replay_sessions(records) == {session.id for session in load_live(connection, row.id)}


def _check_pools(connection: Connection, row: TenantRow, tenant: WatchedTenant) -> None:
    """Pool status equals the rows, and nothing is above what was bought unless the pool says so (P1)."""
    used = _count(connection, select(seats.c.pool, seats.c.type).where(seats.c.tenant_id == row.id))
    queued = _count(connection, select(waits.c.owner, waits.c.name).where(waits.c.tenant_id == row.id))
    for seen in tenant.objects.values():
        status = tenant.statuses[seen.uid]
        if seen.kind is not Kind.LICENSE_POOL or seen.spec is None or "capacity" not in status or seen.paused:
            continue
        for license_ in status.get("licenses", ()):
            assert license_["used"] == used[seen.name, license_["type"]], f"seats of {seen.name}: {status}"
            assert license_["waiting"] == queued[seen.name, license_["type"]], f"line of {seen.name}: {status}"
        for limit, spec in zip(status.get("limits", ()), seen.spec.limits, strict=True):
            assert limit["used"] == _holders(connection, row, seen, spec), (
                f"limit {limit['name']} of {seen.name}: {status}"
            )
            assert limit["waiting"] == queued[seen.name, limit["name"]]
        over = any(x["used"] > x["capacity"] for x in (*status.get("licenses", ()), *status.get("limits", ())))
        told = next(c["status"] for c in status["conditions"] if c["type"] == "OverCommitted")
        assert told == str(over), f"OverCommitted of {seen.name}: {status}"


def _count(connection: Connection, query: Any) -> Counter[tuple[str, str]]:
    return Counter((owner, name) for owner, name in connection.execute(query))


def _holders(connection: Connection, row: TenantRow, pool: Observed[Any], limit: Limit) -> int:
    """Count the accounts that hold a role of the limit as members of a workgroup of the pool."""
    policies = load_policies(connection, row.id).workgroups
    own = {name for name, policy in policies.items() if policy.spec.license_pool_ref == pool.name}
    held = {(r.workgroup_ref, r.role) for r in limit.consumed_by if r.workgroup_ref in own}
    columns = (memberships.c.account_id, memberships.c.workgroup, memberships.c.role)
    query = select(*columns).where(
        memberships.c.tenant_id == row.id, ~memberships.c.system, memberships.c.kind == MembershipKind.MEMBER
    )
    return len({account for account, workgroup, role in connection.execute(query) if (workgroup, role) in held})


def _check_rows(connection: Connection, row: TenantRow, tenant: WatchedTenant) -> None:
    """A User that is Ready has its row, of that UID and generation (P4); no row is due for ever."""
    accounts = {a.resource_uid: a for a in load_all(connection, row.id) if a.resource_uid is not None}
    columns = (resources.c.uid, resources.c.generation, resources.c.due)
    rows = {uid: (generation, due) for uid, generation, due in connection.execute(select(*columns))}
    for seen in tenant.objects.values():
        generation, due = rows[seen.uid]
        assert due is None or due > tenant.now, f"{seen.name} is due"
        if seen.kind is Kind.USER and tenant.is_ready(seen) and not seen.paused:
            assert generation == tenant.status(seen)["observedGeneration"] == seen.generation
            assert accounts[seen.uid].in_force, f"{seen.name} is Ready without an account"


def _check_statuses(tenant: WatchedTenant) -> None:
    """Every object has Ready; one that is not Ready says who ends that, and only one of the two (kstatus)."""
    for seen in tenant.objects.values():
        told = {c["type"]: c["status"] for c in tenant.status(seen).get("conditions", ())}
        assert "Ready" in told, f"{seen.name} has no Ready"
        others = [told.get("Stalled"), told.get("Reconciling")]
        assert others.count("True") == (told["Ready"] == "False"), f"{seen.name}: {told}"


def _check_repeats(tenant: WatchedTenant, row: TenantRow) -> None:
    """The same objects again write nothing, and planning each of them anew comes to the same end."""
    content, statuses = digest(tenant.store), dict(tenant.statuses)
    tenant.later(seconds=1).apply(*tenant.objects.values())
    assert digest(tenant.store) == content, "the same objects again were written again"
    assert tenant.statuses == statuses
    with tenant.store.write() as connection:
        mark_tenant(connection, row.id)
    tenant.settle()
    for seen in tenant.objects.values():
        assert tenant.statuses[seen.uid] == statuses[seen.uid], f"{seen.kind} {seen.name} was not looked at in time"
    assert digest(tenant.store) == content, "looking at everything again changed the store"


def digest(store: Store) -> str:
    """Return a digest over every row of every table."""
    found = hashlib.sha256()
    with store.read() as connection:
        for table in metadata.sorted_tables:
            rows = sorted(repr(tuple(each)) for each in connection.execute(table.select()))
            found.update(f"{table.name}{rows}".encode())
    return found.hexdigest()


def count_records(store: Store) -> int:
    """Return how many audit records there are of accounts."""
    records = metadata.tables["audit_records"]
    with store.read() as connection:
        return connection.execute(select(func.count()).where(records.c.kind == "Account")).scalar_one()


def actions_on_record(store: Store, kind: str) -> list[str]:
    """Return what was done to objects of a kind, in order."""
    records = metadata.tables["audit_records"]
    query = select(records.c.action).where(records.c.kind == kind).order_by(records.c.sequence)
    with store.read() as connection:
        return list(connection.execute(query).scalars())
