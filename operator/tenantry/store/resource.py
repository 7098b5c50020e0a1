"""Objects as last seen, what they depend on, and when they are due."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, or_, select, tuple_, union, update

from tenantry.domain.account import Manager
from tenantry.domain.capacity import Capacity
from tenantry.domain.observed import API_PREFIX, Kind, Observed, Ref
from tenantry.store.portions import in_portions
from tenantry.store.rows import parse
from tenantry.store.schema import MAILBOX_ABSENT, accounts, refs, resources, tenants, waits
from tenantry.store.tenant import COMMAND_LINE


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """An object as its row has it; see schema.resources."""

    uid: str
    tenant_id: int
    kind: Kind
    name: str
    namespace_uid: str
    generation: int
    created: datetime
    paused: bool
    deleting: bool
    document: str
    status: str
    reason: str
    due: datetime | None

    def shows(self, seen: Observed[Any]) -> bool:
        """Tell whether this row was planned from the object as it is seen now.

        The generation alone does not tell: a cluster restored from a backup counts to the same number once more.
        """
        here = (self.generation, self.paused, self.deleting, self.document)
        return here == (seen.generation, seen.paused, seen.deleting, seen.document)

    def parsed_status(self) -> dict[str, Any]:
        """Return the status as committed."""
        found: dict[str, Any] = parse(self.status)
        return found


#: What the runtime API keeps, of which no cluster and no file knows.
_OF_API = resources.c.name.startswith(API_PREFIX, autoescape=True)
#: What a ResourceRow has, in its order.
_COLUMNS = tuple(resources.c[name] for name in ResourceRow.__slots__)
_LATER = (
    update(resources)
    .where(
        resources.c.tenant_id == bindparam("of_tenant"),
        resources.c.kind == bindparam("of_kind"),
        resources.c.name == bindparam("of_name"),
        or_(resources.c.due.is_(None), resources.c.due > bindparam("moment")),
    )
    .values(due=bindparam("moment"))
)


def _row(row: Sequence[Any]) -> ResourceRow:
    uid, tenant_id, kind, *rest = row
    return ResourceRow(uid, tenant_id, Kind(kind), *rest)


def load_resources(connection: Connection, uids: Collection[str]) -> dict[str, ResourceRow]:
    """Return the rows of these UIDs."""
    found: dict[str, ResourceRow] = {}
    for some in in_portions(uids):
        rows = connection.execute(select(*_COLUMNS).where(resources.c.uid.in_(some)))
        found |= {row.uid: _row(row) for row in rows}
    return found


def load_named(connection: Connection, tenant_id: int, kind: Kind, names: Collection[str]) -> list[ResourceRow]:
    """Return the rows of a kind with these names, more than one of a name where an earlier object is still going."""
    of_kind = (resources.c.tenant_id == tenant_id, resources.c.kind == kind)
    queries = (select(*_COLUMNS).where(*of_kind, resources.c.name.in_(some)) for some in in_portions(names))
    return [_row(row) for query in queries for row in connection.execute(query)]


def load_unowned(connection: Connection, tenant_id: int, kind: Kind) -> list[ResourceRow]:
    """Return the rows of a kind whose objects have no account, since they were refused one."""
    of_kind = (resources.c.tenant_id == tenant_id, resources.c.kind == kind)
    owned = exists().where(accounts.c.resource_uid == resources.c.uid)
    return [_row(row) for row in connection.execute(select(*_COLUMNS).where(*of_kind, ~owned))]


def load_tenant_resources(connection: Connection, tenant_id: int) -> dict[str, tuple[Kind, str, int]]:
    """Return kind, name and generation by UID of all objects that a tenant has in a cluster, or has from files."""
    columns = (resources.c.uid, resources.c.kind, resources.c.name, resources.c.generation)
    query = select(*columns).where(resources.c.tenant_id == tenant_id, ~_OF_API)
    return {uid: (Kind(kind), name, generation) for uid, kind, name, generation in connection.execute(query)}


def load_api_resources(connection: Connection, tenant_id: int, limit: int) -> list[ResourceRow]:
    """Return some of the objects that the runtime API keeps."""
    query = select(*_COLUMNS).where(resources.c.tenant_id == tenant_id, _OF_API).limit(limit)
    return [_row(row) for row in connection.execute(query)]


def load_due_resources(
    connection: Connection, now: datetime, skip: int, limit: int, namespace: str | None = None
) -> dict[str, list[ResourceRow]]:
    """Return by namespace the rows that are due, the longest due first, and of those together the oldest objects.

    Without a ``namespace`` those of every tenant that a cluster has a part in.
    """
    whose = tenants.c.observed_uid != COMMAND_LINE if namespace is None else tenants.c.namespace == namespace
    query = (
        select(tenants.c.namespace, *_COLUMNS)
        .join(tenants, tenants.c.id == resources.c.tenant_id)
        .where(resources.c.due <= now, whose)
        .order_by(resources.c.due, resources.c.created, resources.c.uid)
        .offset(skip)
        .limit(limit)
    )
    found: dict[str, list[ResourceRow]] = {}
    for where, *rest in connection.execute(query):
        found.setdefault(where, []).append(_row(rest))
    return found


def load_due_on_command_line(connection: Connection, now: datetime) -> list[str]:
    """Return the namespaces that no cluster has a part in and where something is due."""
    due = select(resources.c.tenant_id).where(resources.c.due <= now)
    query = select(tenants.c.namespace).where(tenants.c.observed_uid == COMMAND_LINE, tenants.c.id.in_(due))
    return list(connection.execute(query).scalars())


def load_going(connection: Connection, tenant_id: int, kind: Kind) -> dict[str, str]:
    """Return by UID why the objects of a kind are still there that are being deleted."""
    where = (resources.c.tenant_id == tenant_id, resources.c.kind == kind, resources.c.deleting)
    query = select(resources.c.uid, resources.c.reason).where(*where)
    return {uid: reason for uid, reason in connection.execute(query)}  # noqa: C416 - a Row is not a pair to mypy


def load_held(connection: Connection, tenant_id: int) -> list[tuple[Kind, str, str]]:
    """Return kind, name and UID of the objects of a tenant that are being deleted and are there still."""
    where = (resources.c.tenant_id == tenant_id, resources.c.deleting)
    query = select(resources.c.kind, resources.c.name, resources.c.uid).where(*where)
    return [(Kind(kind), name, uid) for kind, name, uid in connection.execute(query)]


def load_owners(connection: Connection, tenant_id: int) -> set[str]:
    """Return the UIDs of the objects of a cluster that live accounts belong to."""
    ours = (accounts.c.tenant_id == tenant_id, accounts.c.manager == Manager.KUBERNETES)
    where = (*ours, accounts.c.resource_uid.is_not(None), accounts.c.deleted.is_(None))
    return set(connection.execute(select(accounts.c.resource_uid).where(*where)).scalars())


def names_of_owners(connection: Connection, uids: Collection[str]) -> dict[str, str]:
    """Return the names of objects by UID."""
    columns = (resources.c.uid, resources.c.name)
    queries = (select(*columns).where(resources.c.uid.in_(some)) for some in in_portions(uids))
    return {uid: name for query in queries for uid, name in connection.execute(query)}


def insert_resources(connection: Connection, rows: Iterable[ResourceRow]) -> None:
    """Insert rows of objects seen for the first time."""
    values = [_values(row) for row in rows]
    if values:
        connection.execute(insert(resources), values)


def update_resources(connection: Connection, rows: Iterable[ResourceRow]) -> None:
    """Write rows of objects seen before."""
    values = [{"b_uid": row.uid, **{k: v for k, v in _values(row).items() if k != "uid"}} for row in rows]
    if values:
        connection.execute(update(resources).where(resources.c.uid == bindparam("b_uid")), values)


def _values(row: ResourceRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ResourceRow.__slots__}


def delete_resources(connection: Connection, uids: Collection[str]) -> None:
    """Forget objects that are gone; their refs go with them."""
    for some in in_portions(uids):
        connection.execute(delete(resources).where(resources.c.uid.in_(some)))


def delete_foreign(connection: Connection, tenant_id: int, namespace_uids: Collection[str]) -> None:
    """Forget the objects of a tenant that were seen in other namespaces than these."""
    where = (resources.c.tenant_id == tenant_id, resources.c.namespace_uid.not_in(namespace_uids), ~_OF_API)
    connection.execute(delete(resources).where(*where))


def load_refs(connection: Connection, uids: Collection[str]) -> dict[str, frozenset[Ref]]:
    """Return what these objects depend on."""
    found: dict[str, set[Ref]] = {}
    for some in in_portions(uids):
        for uid, kind, name in connection.execute(
            select(refs.c.uid, refs.c.kind, refs.c.name).where(refs.c.uid.in_(some))
        ):
            found.setdefault(uid, set()).add(Ref(kind, name))
    return {uid: frozenset(these) for uid, these in found.items()}


def replace_refs(
    connection: Connection, tenant_id: int, present: Mapping[str, frozenset[Ref]], wanted: Mapping[str, frozenset[Ref]]
) -> None:
    """Bring the refs of some objects from what they are to what they should be."""
    changed = [uid for uid, some in wanted.items() if present.get(uid, frozenset()) != some]
    stale = [uid for uid in changed if uid in present]
    for some in in_portions(stale):
        connection.execute(delete(refs).where(refs.c.uid.in_(some)))
    rows = [{"uid": u, "kind": r.kind, "name": r.name, "tenant_id": tenant_id} for u in changed for r in wanted[u]]
    if rows:
        connection.execute(insert(refs), rows)


#: Due at once, whatever the clock of who reads it: a moment of now would wait for a clock that is behind.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


def mark_dependents(connection: Connection, tenant_id: int, targets: Collection[Ref], *, but: str = "") -> None:
    """Make due every object that depends on one of these, ``but`` those of that reason.

    It is a durable queue, in one statement a kind as a rule.
    """
    by_kind: dict[str, list[str]] = {}
    for target in targets:
        by_kind.setdefault(target.kind, []).append(target.name)
    for kind, some in ((kind, some) for kind, names in by_kind.items() for some in in_portions(names)):
        dependents = select(refs.c.uid).where(refs.c.tenant_id == tenant_id, refs.c.kind == kind, refs.c.name.in_(some))
        where = (resources.c.uid.in_(dependents), resources.c.reason != but)
        connection.execute(update(resources).where(*where).values(due=AT_ONCE))


def mark_objects(connection: Connection, tenant_id: int, kind: Kind, names: Collection[str]) -> None:
    """Make due the objects of these names."""
    for some in in_portions(names):
        where = (resources.c.tenant_id == tenant_id, resources.c.kind == kind, resources.c.name.in_(some))
        connection.execute(update(resources).where(*where).values(due=AT_ONCE))


def mark_later(connection: Connection, tenant_id: int, kind: Kind, name: str, moment: datetime) -> None:
    """Make an object due at a moment, unless it is due before."""
    connection.execute(_LATER, {"of_tenant": tenant_id, "of_kind": kind, "of_name": name, "moment": moment})


def mark_uids(connection: Connection, uids: Collection[str]) -> None:
    """Make due these objects."""
    for some in in_portions(uids):
        connection.execute(update(resources).where(resources.c.uid.in_(some)).values(due=AT_ONCE))


def mark_waiters(connection: Connection, tenant_id: int, capacities: Collection[Capacity]) -> None:
    """Make due all that wait for one of these capacities."""
    for some in in_portions((c.kind, c.owner, c.name) for c in capacities):
        of_these = tuple_(waits.c.kind, waits.c.owner, waits.c.name).in_(some)
        waiters = select(waits.c.resource_uid).where(waits.c.tenant_id == tenant_id, of_these)
        connection.execute(update(resources).where(resources.c.uid.in_(waiters)).values(due=AT_ONCE))


def mark_tenant(connection: Connection, tenant_id: int) -> None:
    """Make due every object of a tenant."""
    connection.execute(update(resources).where(resources.c.tenant_id == tenant_id).values(due=AT_ONCE))


def mark_missing(connection: Connection, tenant_id: int, uids: Collection[str]) -> None:
    """Note which objects of a tenant a sweep did not find."""
    ours = resources.c.tenant_id == tenant_id
    found = select(resources.c.uid).where(ours, resources.c.missing)
    noted = set(connection.execute(found).scalars())
    for missing, changed in ((False, noted - set(uids)), (True, set(uids) - noted)):
        for some in in_portions(changed):
            connection.execute(update(resources).where(ours, resources.c.uid.in_(some)).values(missing=missing))


def load_present(connection: Connection, tenant_id: int, kind: Kind, namespace_uid: str) -> list[ResourceRow]:
    """Return the objects of a kind that were seen in a namespace, but those that a sweep did not find any more."""
    query = select(*_COLUMNS).where(
        resources.c.tenant_id == tenant_id,
        resources.c.kind == kind,
        resources.c.namespace_uid == namespace_uid,
        ~resources.c.missing,
        ~_OF_API,
    )
    return [_row(row) for row in connection.execute(query)]


def load_secret_users(
    connection: Connection, after_uid: str, limit: int, reasons: Collection[str] = ()
) -> list[tuple[str, ResourceRow]]:
    """Return a page, by UID, of (namespace, row) of what refers to a Secret.

    With ``reasons``, only what has one of them, or whose account found no credential of its mailbox. The Secrets of
    tenants that no cluster has are in files.
    """
    named = select(refs.c.uid).where(refs.c.kind == "Secret", refs.c.uid > after_uid)
    if reasons:
        # Each of the two reads an index; as one condition on the rows they would read every row there is.
        refused = select(resources.c.uid).where(resources.c.reason.in_(reasons))
        absent = select(accounts.c.resource_uid).where(MAILBOX_ABSENT)
        named = named.where(refs.c.uid.in_(union(refused, absent)))
    query = (
        select(tenants.c.namespace, *_COLUMNS)
        .join(tenants, tenants.c.id == resources.c.tenant_id)
        .where(resources.c.uid.in_(named), tenants.c.observed_uid != COMMAND_LINE)
        .order_by(resources.c.uid)
        .limit(limit)
    )
    return [(namespace, _row(rest)) for namespace, *rest in connection.execute(query)]
