"""ProjectMembers: what they allow while they are in force, and what they deny even while they are refused."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from tenantry.domain.access import ProjectPart
from tenantry.specs import ProjectMemberSpec
from tenantry.specs.projectmember import ProjectRule
from tenantry.store.portions import in_portions
from tenantry.store.rows import dump, parse
from tenantry.store.schema import project_members


def load_projects(connection: Connection, tenant_id: int, user_names: Collection[str]) -> set[tuple[str, str]]:
    """Return (workgroup, User name) of the ProjectMembers in force of these Users."""
    found: set[tuple[str, str]] = set()
    for some in in_portions(user_names):
        query = select(project_members.c.workgroup, project_members.c.user_name).where(
            project_members.c.tenant_id == tenant_id, project_members.c.user_name.in_(some), project_members.c.in_force
        )
        found |= {(workgroup, user) for workgroup, user in connection.execute(query)}
    return found


def load_parts(
    connection: Connection, tenant_id: int, user_names: Collection[str]
) -> dict[tuple[str, str], list[ProjectPart]]:
    """Return by (workgroup, User name) what ProjectMembers give and deny these Users."""
    found: dict[tuple[str, str], list[ProjectPart]] = {}
    table = project_members.c
    columns = (table.workgroup, table.user_name, table.project, table.allow, table.deny)
    for some in in_portions(user_names):
        where = (table.tenant_id == tenant_id, table.user_name.in_(some))
        for workgroup, user, project, allow, deny in connection.execute(
            select(*columns).where(*where).order_by(table.uid)
        ):
            found.setdefault((workgroup, user), []).append(ProjectPart(project, _rules(allow), _rules(deny)))
    return found


def _rules(text: str) -> tuple[ProjectRule, ...]:
    return tuple(map(ProjectRule.model_validate, parse(text)))


def load_members(connection: Connection, uids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the rows of these ProjectMembers, by UID."""
    found: dict[str, dict[str, Any]] = {}
    for some in in_portions(uids):
        rows = connection.execute(select(project_members).where(project_members.c.uid.in_(some)))
        found |= {row.uid: dict(row._mapping) for row in rows}  # noqa: SLF001 - the documented way to a Row's mapping
    return found


def values_of(uid: str, tenant_id: int, spec: ProjectMemberSpec, *, in_force: bool) -> dict[str, Any]:
    """Return the row of a ProjectMember. One that is not in force allows nothing; its denies hold (TH-12)."""
    allow = spec.allow if in_force else ()
    return {
        "uid": uid,
        "tenant_id": tenant_id,
        "workgroup": spec.workgroup_ref,
        "project": spec.project,
        "user_name": spec.user_ref,
        "in_force": in_force,
        "allow": dump([r.model_dump(mode="json", by_alias=True) for r in allow]),
        "deny": dump([r.model_dump(mode="json", by_alias=True) for r in spec.deny]),
    }


def apply_project_members(connection: Connection, stale: Collection[str], fresh: Collection[dict[str, Any]]) -> None:
    """Take rows away, and put rows there."""
    for some in in_portions(stale):
        connection.execute(delete(project_members).where(project_members.c.uid.in_(some)))
    if fresh:
        connection.execute(insert(project_members), list(fresh))


@dataclass(frozen=True, slots=True)
class PartRow:
    """What one ProjectMember says, and the name of the User that it is about."""

    uid: str
    user_name: str
    in_force: bool
    part: ProjectPart


def load_project(
    connection: Connection, tenant_id: int, workgroup: str, project: str, user_name: str | None = None
) -> list[PartRow]:
    """Return the members of a project, or the parts of one of them."""
    table = project_members.c
    where = [table.tenant_id == tenant_id, table.workgroup == workgroup, table.project == project]
    where += [table.user_name == user_name] if user_name is not None else []
    columns = (table.uid, table.user_name, table.in_force, table.allow, table.deny)
    query = select(*columns).where(*where).order_by(table.user_name, table.uid)
    return [
        PartRow(uid, user, in_force, ProjectPart(project, _rules(allow), _rules(deny)))
        for uid, user, in_force, allow, deny in connection.execute(query)
    ]


def load_uids_of(connection: Connection, tenant_id: int, user_names: Collection[str]) -> list[str]:
    """Return the UIDs of the ProjectMembers of some Users."""
    ours = project_members.c.tenant_id == tenant_id
    queries = (
        select(project_members.c.uid).where(ours, project_members.c.user_name.in_(some))
        for some in in_portions(user_names)
    )
    return [uid for query in queries for uid in connection.execute(query).scalars()]
