"""What SCIM clients see and say: accounts and groups to search, and what is kept of them beside the accounts."""

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Subquery,
    and_,
    cast,
    delete,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    union_all,
    update,
)

from tenantry.domain.login import login_key
from tenantry.domain.query import Page, Path
from tenantry.specs import WorkgroupSpec
from tenantry.specs.workgroup_profile import UserType
from tenantry.store.dialect import Dialect, Sql
from tenantry.store.portions import in_portions
from tenantry.store.rows import dump, parse
from tenantry.store.schema import (
    UtcDateTime,
    accounts,
    memberships,
    scim_groups,
    scim_members,
    scim_users,
    seats,
)
from tenantry.store.searching import Branch, Field, Searched, find_page

#: The kinds of resource.
USER, GROUP = "User", "Group"
_VALUE: Path = ("value",)
_FEW_GROUPS = 10
_IDS = uuid.UUID("1b0c2f4e-5a57-4b4c-9a0f-6f5a4a0d7c11")


@dataclass(frozen=True, slots=True)
class Group:
    """A group as SCIM has it: one that a Workgroup defines, or with ``workgroup`` empty one that a client made."""

    id: str
    workgroup: str
    name: str
    display_name: str
    external_id: str | None = None
    created: datetime | None = None
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a client says of an account: its own id of it, and what it asks for it."""

    external_id: str | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)


def defined_groups(tenant_id: int, workgroups: Mapping[str, WorkgroupSpec]) -> list[Group]:
    """Return the groups that these Workgroups define. The id of one is the same as long as it has its name."""
    return [
        Group(str(uuid.uuid5(_IDS, f"{tenant_id}/{workgroup}/{group.name}")), workgroup, group.name, shown)
        for workgroup, spec in sorted(workgroups.items())
        for group in spec.groups
        for shown in (f"{workgroup}/{group.name}",)
    ]


def find_resources(
    connection: Connection, tenant_id: int, defined: Sequence[Group], asked: Mapping[str, Page]
) -> tuple[int, list[tuple[str, str]]]:
    """Return how many resources meet a condition, and kind and id of those of a page; system users are apart.

    ``asked``: the page by kind, USER or GROUP or both.

    Raises:
        Unsearchable: an attribute is not kept in a form to search or sort by.
    """
    dialect = Dialect(connection.dialect.name == "postgresql")
    kinds = {USER: _users, GROUP: _groups}
    return find_page(connection, {kind: (kinds[kind](dialect, tenant_id, defined), asked[kind]) for kind in asked})


def _users(dialect: Dialect, tenant_id: int, defined: Sequence[Group]) -> Searched:
    profile, asked = accounts.c.profile, scim_users.c.asked
    texts = ("displayName", "name.givenName", "name.familyName", "preferredLanguage", "timezone")
    fields: dict[Path, Field] = {tuple(t.split(".")): Field(dialect.text(profile, *t.split("."))) for t in texts}
    fields |= {
        ("id",): Field(accounts.c.id),
        ("userName",): Field(accounts.c.user_name, equal=lambda login: accounts.c.login_key == login_key(login)),
        ("externalId",): Field(scim_users.c.external_id, equal=_has_external(tenant_id)),
        ("active",): Field(accounts.c.active, bool),
        ("userType",): Field(func.coalesce(dialect.text(profile, "userType"), UserType.INTERNAL.value)),
        ("meta", "created"): Field(accounts.c.created, datetime),
        ("meta", "lastModified"): Field(accounts.c.modified, datetime),
        ("meta", "resourceType"): Field(literal(USER)),
        ("tenantry:licenseType",): Field(dialect.text(asked, "licenseType")),
    }
    many: dict[str, tuple[Branch, ...]] = {
        name: (_listed(dialect, profile, name, parts),)
        for name, parts in {
            "emails": ("value", "type"),
            "phoneNumbers": ("value", "type"),
            "addresses": ("type", "streetAddress", "locality", "region", "postalCode", "country"),
        }.items()
    }
    words = dialect.words(asked, "workgroups")
    many["tenantry:workgroups"] = (Branch((words.source,), (), {_VALUE: Field(words.value)}, (words.order,)),)
    many["groups"] = _groups_of_user(dialect, tenant_id, defined)
    many["roles"] = (_roles(),)
    many["entitlements"] = (_licenses(),)
    rows = accounts.outerjoin(scim_users, scim_users.c.account_id == accounts.c.id)
    where = (accounts.c.tenant_id == tenant_id, accounts.c.scope == "", accounts.c.deleted.is_(None))
    return Searched(rows, where, accounts.c.id, accounts.c.login_key, fields, many)


def _has_external(tenant_id: int) -> Callable[[str], Sql]:
    """Return what an index tells; false, and not null, where a client says nothing of an account."""
    c = scim_users.c
    return lambda value: and_(c.external_id.is_not(None), c.external_id == value, c.tenant_id == tenant_id)


def _listed(dialect: Dialect, document: Sql, name: str, parts: Iterable[str]) -> Branch:
    """Return the objects of a list in a document; the primary one, else the first, stands for all."""
    rows = dialect.items(document, name)
    primary = func.coalesce(dialect.truth(rows.value, "primary"), false())
    fields: dict[Path, Field] = {(part,): Field(dialect.text(rows.value, part)) for part in parts}
    if name == "emails":
        fields[("primary",)] = Field(primary, bool)
    return Branch((rows.source,), (), fields, (primary.desc(), rows.order))


def _roles() -> Branch:
    where = (memberships.c.account_id == accounts.c.id, memberships.c.role.is_not(None))
    parts: dict[Path, Field] = {_VALUE: Field(memberships.c.role), ("type",): Field(memberships.c.workgroup)}
    return Branch((memberships,), where, parts, (memberships.c.position,))


def _licenses() -> Branch:
    parts: dict[Path, Field] = {
        _VALUE: Field(seats.c.type),
        ("display",): Field(seats.c.pool),
        ("type",): Field(literal("license")),
    }
    return Branch((seats,), (seats.c.account_id == accounts.c.id,), parts, (seats.c.type,))


def _groups_of_user(dialect: Dialect, tenant_id: int, defined: Sequence[Group]) -> tuple[Branch, ...]:
    group = _group_rows(dialect, tenant_id, defined)
    words = dialect.words(memberships.c.groups)
    parts: dict[Path, Field] = {_VALUE: Field(group.c.id), ("display",): Field(group.c.display_name)}
    of_workgroup = (
        memberships.c.account_id == accounts.c.id,
        group.c.workgroup == memberships.c.workgroup,
        group.c.name == words.value,
    )
    made = (scim_members.c.account_id == accounts.c.id, scim_groups.c.id == scim_members.c.group_id)
    parts_made: dict[Path, Field] = {_VALUE: Field(scim_groups.c.id), ("display",): Field(scim_groups.c.display_name)}
    return (
        Branch((memberships, words.source, group), of_workgroup, parts),
        Branch((scim_members, scim_groups), made, parts_made),
    )


def _groups(dialect: Dialect, tenant_id: int, defined: Sequence[Group]) -> Searched:
    group = _group_rows(dialect, tenant_id, defined)
    fields: dict[Path, Field] = {
        ("id",): Field(group.c.id),
        ("displayName",): Field(group.c.display_name),
        ("externalId",): Field(group.c.external_id),
        ("meta", "created"): Field(group.c.created, datetime),
        ("meta", "lastModified"): Field(group.c.modified, datetime),
        ("meta", "resourceType"): Field(literal(GROUP)),
    }
    words = dialect.words(memberships.c.groups)
    of_workgroup = (
        memberships.c.tenant_id == tenant_id,
        memberships.c.system.is_(False),
        memberships.c.workgroup == group.c.workgroup,
        words.value == group.c.name,
    )
    user: dict[Path, Field] = {("type",): Field(literal(USER))}
    members = (
        Branch((memberships, words.source), of_workgroup, {_VALUE: Field(memberships.c.account_id), **user}),
        Branch(
            (scim_members,),
            (scim_members.c.group_id == group.c.id,),
            {_VALUE: Field(scim_members.c.account_id), **user},
        ),
    )
    return Searched(group, (), group.c.id, group.c.display_name, fields, {"members": members})


def _group_rows(dialect: Dialect, tenant_id: int, defined: Sequence[Group]) -> Subquery:
    """Return every group of the tenant as rows: those that policies define are given, since no table has them."""
    told = [{"id": g.id, "workgroup": g.workgroup, "name": g.name, "display": g.display_name} for g in defined]
    rows = dialect.list_of(dump(told))
    said = scim_groups.alias()
    id_ = dialect.text(rows.value, "id")
    never = cast(null(), UtcDateTime)
    of_policies = (
        select(
            id_.label("id"),
            dialect.text(rows.value, "workgroup").label("workgroup"),
            dialect.text(rows.value, "name").label("name"),
            dialect.text(rows.value, "display").label("display_name"),
            said.c.external_id,
            never.label("created"),
            never.label("modified"),
        )
        .select_from(rows.source)
        .outerjoin_from(rows.source, said, said.c.id == id_)
    )
    c = scim_groups.c
    columns = (c.id, c.workgroup, literal("").label("name"), c.display_name, c.external_id, c.created, c.modified)
    made = select(*columns).where(c.tenant_id == tenant_id, c.workgroup == "")
    return union_all(of_policies, made).subquery("all_groups")


def load_said(connection: Connection, account_ids: Collection[str]) -> dict[str, Said]:
    """Return what clients say of these accounts, of those that they say something of."""
    found: dict[str, Said] = {}
    for some in in_portions(account_ids):
        rows = connection.execute(select(scim_users).where(scim_users.c.account_id.in_(some)))
        found |= {row.account_id: Said(row.external_id, parse(row.asked)) for row in rows}
    return found


def save_said(
    connection: Connection, tenant_id: int, account_id: str, said: Said, now: datetime, *, known: bool
) -> None:
    """Write what a client says of an account, which is changed by that too."""
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(modified=now))
    values = {"external_id": said.external_id, "asked": dump(said.asked)}
    if known:
        connection.execute(update(scim_users).where(scim_users.c.account_id == account_id).values(values))
    else:
        connection.execute(insert(scim_users).values(account_id=account_id, tenant_id=tenant_id, **values))


def delete_said(connection: Connection, account_ids: Collection[str]) -> None:
    """Forget what clients said of accounts that were deleted, and in which of their groups they were."""
    for some in in_portions(account_ids):
        connection.execute(delete(scim_users).where(scim_users.c.account_id.in_(some)))
        connection.execute(delete(scim_members).where(scim_members.c.account_id.in_(some)))


def owners_of_external(connection: Connection, tenant_id: int, external_id: str) -> list[str]:
    """Return the ids of the live accounts that have this id of a client's."""
    ours = (scim_users.c.tenant_id == tenant_id, scim_users.c.external_id == external_id, accounts.c.deleted.is_(None))
    query = select(accounts.c.id).join(scim_users, scim_users.c.account_id == accounts.c.id).where(*ours)
    return list(connection.execute(query).scalars())


def load_modified(connection: Connection, account_ids: Collection[str]) -> dict[str, datetime]:
    """Return when these accounts were last written."""
    found: dict[str, datetime] = {}
    for some in in_portions(account_ids):
        rows = connection.execute(select(accounts.c.id, accounts.c.modified).where(accounts.c.id.in_(some)))
        found |= {row.id: row.modified for row in rows}
    return found


def load_groups(connection: Connection, tenant_id: int, defined: Sequence[Group]) -> dict[str, Group]:
    """Return every group of the tenant by id."""
    rows = connection.execute(select(scim_groups).where(scim_groups.c.tenant_id == tenant_id)).all()
    said = {row.id: row.external_id for row in rows}
    found = {g.id: Group(g.id, g.workgroup, g.name, g.display_name, said.get(g.id)) for g in defined}
    made = (
        Group(row.id, "", "", row.display_name, row.external_id, row.created, row.modified)
        for row in rows
        if not row.workgroup
    )
    return found | {group.id: group for group in made}


def load_members(connection: Connection, tenant_id: int, groups: Collection[Group]) -> dict[str, dict[str, str]]:
    """Return who is in each of these groups: logins by account id."""
    found: dict[str, dict[str, str]] = {group.id: {} for group in groups}
    named = {(group.workgroup, group.name): group.id for group in groups if group.workgroup}
    where: tuple[Sql, ...] = (
        memberships.c.tenant_id == tenant_id,
        memberships.c.system.is_(False),
        memberships.c.groups != "[]",
    )
    names = {name for _, name in named}
    if 0 < len(names) <= _FEW_GROUPS:  # most members are in others: their lists are not worth reading
        dialect = Dialect(connection.dialect.name == "postgresql")
        where = (*where, or_(*(dialect.contains(memberships.c.groups, dump(name)) for name in names)))
    for some in in_portions({workgroup for workgroup, _ in named}):
        columns = (memberships.c.account_id, accounts.c.user_name, memberships.c.workgroup, memberships.c.groups)
        query = select(*columns).join(accounts, accounts.c.id == memberships.c.account_id)
        rows = connection.execute(query.where(*where, memberships.c.workgroup.in_(some)))
        for account_id, login, workgroup, names in rows:
            for name in parse(names):
                if (workgroup, name) in named:
                    found[named[workgroup, name]][account_id] = login
    for some in in_portions({group.id for group in groups if not group.workgroup}):
        made = select(scim_members.c.group_id, accounts.c.id, accounts.c.user_name)
        made = made.join(accounts, accounts.c.id == scim_members.c.account_id)
        for group_id, account_id, login in connection.execute(made.where(scim_members.c.group_id.in_(some))):
            found[group_id][account_id] = login
    return found


def load_made_groups_of(connection: Connection, account_ids: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """Return id and name of the groups that clients made, for each of these accounts."""
    found: dict[str, list[tuple[str, str]]] = {}
    joined = scim_members.join(scim_groups, scim_groups.c.id == scim_members.c.group_id)
    columns = (scim_members.c.account_id, scim_groups.c.id, scim_groups.c.display_name)
    for some in in_portions(account_ids):
        query = select(*columns).select_from(joined).where(scim_members.c.account_id.in_(some))
        for account_id, group_id, name in connection.execute(query.order_by(scim_groups.c.display_name)):
            found.setdefault(account_id, []).append((group_id, name))
    return found


def save_group(connection: Connection, tenant_id: int, group: Group, now: datetime) -> None:
    """Write a group, a new one or one that is there."""
    values = {"display_name": group.display_name, "external_id": group.external_id, "modified": now}
    where = scim_groups.c.id == group.id
    if connection.execute(update(scim_groups).where(where).values(values)).rowcount == 0:
        row = {"id": group.id, "tenant_id": tenant_id, "workgroup": group.workgroup, "created": now, **values}
        connection.execute(insert(scim_groups).values(row))


def save_members(
    connection: Connection, tenant_id: int, group_id: str, added: Collection[str], removed: Collection[str]
) -> None:
    """Put accounts into a group that a client made, and take others out."""
    for some in in_portions(removed):
        where = (scim_members.c.group_id == group_id, scim_members.c.account_id.in_(some))
        connection.execute(delete(scim_members).where(*where))
    if added:
        connection.execute(
            insert(scim_members),
            [{"tenant_id": tenant_id, "group_id": group_id, "account_id": a} for a in sorted(added)],
        )


def delete_group(connection: Connection, group_id: str) -> None:
    """Delete a group that a client made."""
    connection.execute(delete(scim_groups).where(scim_groups.c.id == group_id))
