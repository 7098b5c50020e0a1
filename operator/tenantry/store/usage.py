"""What is in use: counted from the rows, under the tenant's lock."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select, tuple_

from tenantry.domain.account import Manager
from tenantry.domain.capacity import Capacity, CapacityKind, Usage
from tenantry.domain.seating import consuming_roles, is_counted
from tenantry.specs.user_membership import MembershipKind
from tenantry.store.policy import Policies
from tenantry.store.portions import in_portions
from tenantry.store.schema import accounts, memberships, resources, seats, waits


def count_usage(connection: Connection, tenant_id: int, policies: Policies) -> Usage:
    """Return the use of every capacity of the tenant.

    Each count reads one index, and of guests nothing. Neither system users (NR-07) nor mere access count.
    """
    usage = Usage()
    _count_seats(connection, tenant_id, usage)
    _count_roles(connection, tenant_id, policies, usage)
    _count_limits(connection, tenant_id, policies, usage)
    _count_waiting(connection, tenant_id, usage)
    return usage


def _count_seats(connection: Connection, tenant_id: int, usage: Usage) -> None:
    query = (
        select(seats.c.pool, seats.c.type, func.count())
        .where(seats.c.tenant_id == tenant_id)
        .group_by(seats.c.pool, seats.c.type)
    )
    for pool, type_, count in connection.execute(query):
        usage.used[Capacity(CapacityKind.LICENSE, pool, type_)] = count


def _count_roles(connection: Connection, tenant_id: int, policies: Policies, usage: Usage) -> None:
    """Count the holders of the roles that have a cap, or are not a person's."""
    capped = [(w.name, r.name) for w in policies.workgroups.values() for r in w.spec.roles if is_counted(r)]
    for some in in_portions(capped):
        query = (
            select(memberships.c.workgroup, memberships.c.role, func.count())
            .where(memberships.c.tenant_id == tenant_id, _hold(some))
            .group_by(memberships.c.workgroup, memberships.c.role)
        )
        for workgroup, role, count in connection.execute(query):
            usage.used[Capacity(CapacityKind.ROLE, workgroup, role)] = count


def _count_limits(connection: Connection, tenant_id: int, policies: Policies, usage: Usage) -> None:
    """Count the accounts under each limit: one that holds two of its roles counts once."""
    for pool in policies.pools.values():
        for limit in pool.spec.limits:
            roles = consuming_roles(pool, limit.name, policies.workgroups)
            if not roles:
                continue
            query = select(func.count(memberships.c.account_id.distinct())).where(
                memberships.c.tenant_id == tenant_id, _hold(roles)
            )
            usage.used[Capacity(CapacityKind.LIMIT, pool.name, limit.name)] = connection.execute(query).scalar_one()


def _count_waiting(connection: Connection, tenant_id: int, usage: Usage) -> None:
    query = (
        select(waits.c.kind, waits.c.owner, waits.c.name, func.count())
        .where(waits.c.tenant_id == tenant_id)
        .group_by(waits.c.kind, waits.c.owner, waits.c.name)
    )
    for kind, owner, name, count in connection.execute(query):
        usage.waiting[Capacity(CapacityKind(kind), owner, name)] = count


def _hold(roles: Collection[tuple[str, str]]) -> ColumnElement[bool]:
    """Return the condition that a membership holds one of these roles, and counts."""
    workgroup, role = memberships.c.workgroup, memberships.c.role
    return and_(
        # The first two say nothing more, but SQLite looks only them up in the index.
        workgroup.in_({w for w, _ in roles}),
        role.in_({r for _, r in roles}),
        tuple_(workgroup, role).in_(roles),
        ~memberships.c.system,
        memberships.c.kind == MembershipKind.MEMBER,
    )


def count_accounts(connection: Connection) -> dict[int, tuple[int, int]]:
    """Return by tenant how many accounts of Users are in force, and how many wait."""
    in_force = exists().where(memberships.c.account_id == accounts.c.id)
    counts = (func.count(case((in_force, 1))), func.count(accounts.c.waiting_since))
    where = (accounts.c.deleted.is_(None), accounts.c.manager != Manager.SYSTEM)
    query = select(accounts.c.tenant_id, *counts).where(*where).group_by(accounts.c.tenant_id)
    return {tenant_id: (live, waiting) for tenant_id, live, waiting in connection.execute(query)}


def first_in_line(
    connection: Connection, tenant_id: int, capacity: Capacity, after: tuple[datetime, str] | None, limit: int
) -> list[tuple[datetime, str]]:
    """Return (since, resource UID) of the first that wait for a capacity, after a place in line."""
    where = [
        waits.c.tenant_id == tenant_id,
        waits.c.kind == capacity.kind,
        waits.c.owner == capacity.owner,
        waits.c.name == capacity.name,
    ]
    if after is not None:
        since, uid = after
        where.append(or_(waits.c.since > since, and_(waits.c.since == since, waits.c.resource_uid > uid)))
    query = select(waits.c.since, waits.c.resource_uid).where(*where)
    query = query.order_by(waits.c.since, waits.c.resource_uid).limit(limit)
    return [(since, uid) for since, uid in connection.execute(query)]


def newest_seats(connection: Connection, tenant_id: int, capacity: Capacity, count: int) -> list[str]:
    """Return the accounts whose seats of a license type were granted last; of one batch, those made last."""
    query = (
        select(seats.c.account_id)
        .join(accounts, accounts.c.id == seats.c.account_id)
        .outerjoin(resources, resources.c.uid == accounts.c.resource_uid)
        .where(seats.c.tenant_id == tenant_id, seats.c.pool == capacity.owner, seats.c.type == capacity.name)
        .order_by(seats.c.granted.desc(), resources.c.created.desc(), seats.c.account_id.desc())
        .limit(count)
    )
    return list(connection.execute(query).scalars())


def newest_holders(connection: Connection, tenant_id: int, roles: Collection[tuple[str, str]], count: int) -> list[str]:
    """Return the accounts that came last to one of these roles."""
    if not roles:
        return []
    query = (
        select(memberships.c.account_id)
        .where(memberships.c.tenant_id == tenant_id, _hold(roles))
        .group_by(memberships.c.account_id)
        .order_by(func.max(memberships.c.since).desc(), memberships.c.account_id.desc())
        .limit(count)
    )
    return list(connection.execute(query).scalars())


def count_members(connection: Connection, tenant_id: int, workgroups: Collection[str]) -> int:
    """Return how many accounts of Users are in one of these workgroups."""
    queries = [
        select(memberships.c.account_id)
        .distinct()
        .where(memberships.c.tenant_id == tenant_id, memberships.c.workgroup.in_(some), ~memberships.c.system)
        for some in in_portions(workgroups)
    ]
    if len(queries) == 1:  # as a rule: then the database counts
        return connection.execute(select(func.count()).select_from(queries[0].subquery())).scalar_one()
    return len({account_id for query in queries for account_id in connection.execute(query).scalars()})


def first_members(connection: Connection, tenant_id: int, workgroups: Collection[str], limit: int) -> list[str]:
    """Return what some accounts of Users in these workgroups are called: by their User, else by their login.

    The first by id, as an index has them: few are read whatever the number.
    """
    found: set[str] = set()
    for some in in_portions(workgroups):
        where = (memberships.c.tenant_id == tenant_id, memberships.c.workgroup.in_(some), ~memberships.c.system)
        query = select(memberships.c.account_id).distinct().where(*where).order_by(memberships.c.account_id)
        found.update(connection.execute(query.limit(limit)).scalars())
    named = (
        select(func.coalesce(resources.c.name, accounts.c.user_name))
        .outerjoin_from(accounts, resources, resources.c.uid == accounts.c.resource_uid)
        .where(accounts.c.id.in_(sorted(found)[:limit]))
    )
    return sorted(connection.execute(named).scalars())
