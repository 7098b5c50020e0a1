"""ProjectMembers of a batch."""

from collections.abc import Sequence

from tenantry.domain.account import Account
from tenantry.domain.audit import Change
from tenantry.domain.observed import Kind, Observed
from tenantry.domain.projectmember import plan_project_member
from tenantry.services.batch import Batch
from tenantry.specs import ProjectMemberSpec
from tenantry.store.account import load_by_uid
from tenantry.store.project_member import apply_project_members, load_members, values_of
from tenantry.store.resource import load_named


def reconcile_members(batch: Batch, members: Sequence[Observed[ProjectMemberSpec]]) -> list[dict[str, object]]:
    """Plan ProjectMembers and return the rows to put there once their objects are written."""
    if not members:
        return []
    batch.flush()
    users = _users(batch, members)
    present = load_members(batch.connection, [m.uid for m in members])
    stale, fresh = [], []
    for member in members:
        old, new = present.get(member.uid), None
        if member.deleting and batch.snapshot.attached:
            batch.release(member)
        else:
            user = users.get(member.spec.user_ref) if member.spec else None
            plan = plan_project_member(member, user, batch.snapshot)
            batch.conclude(member, plan.status, plan.findings, refs=plan.refs)
            if not batch.snapshot.attached:
                new = old
            elif member.spec is not None and (plan.in_force or member.spec.deny):
                new = values_of(member.uid, batch.tenant.id, member.spec, in_force=plan.in_force)
        if old != new:
            stale += [member.uid] if old else []
            fresh += [new] if new else []
            _tell(batch, member, old, new)
    apply_project_members(batch.connection, stale, [])
    return fresh


def _users(batch: Batch, members: Sequence[Observed[ProjectMemberSpec]]) -> dict[str, Account]:
    """Return the accounts of the Users that these members name."""
    names = {m.spec.user_ref for m in members if m.spec is not None}
    rows = {r.uid: r for r in load_named(batch.connection, batch.tenant.id, Kind.USER, names)}
    rows |= {r.uid: r for r in batch.results.values() if r.kind is Kind.USER and r.name in names}
    found = load_by_uid(batch.connection, list(rows))
    return {rows[a.resource_uid].name: a for a in found if a.resource_uid is not None}


def _tell(
    batch: Batch,
    member: Observed[ProjectMemberSpec],
    old: dict[str, object] | None,
    new: dict[str, object] | None,
) -> None:
    """Record the change, and have the User looked at again: its ProjectsAssigned may turn."""
    row = new or old or {}
    facts = {key: [(old or {}).get(key), (new or {}).get(key)] for key in ("allow", "deny")}
    facts["project"] = [row.get("workgroup"), row.get("project")]
    batch.records.append(Change("ProjectMemberChanged", Kind.PROJECT_MEMBER, member.name, member.uid, facts, {}))
    batch.concern(Kind.USER, str(row.get("user_name", "")))


def put_in_force(batch: Batch, rows: Sequence[dict[str, object]]) -> None:
    """Write the rows; their objects' rows are there by now."""
    apply_project_members(batch.connection, [], list(rows))
