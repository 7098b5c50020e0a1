"""Members of projects, put there by a person who is in the project too (TH-21): objects of the store alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenantry.domain.account import Manager
from tenantry.domain.administration import check, check_capability
from tenantry.domain.login import login_key
from tenantry.domain.observed import Kind, Observed, api_name, manager_of
from tenantry.domain.reading import restore_object
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.services.accounts import chosen_tenant
from tenantry.services.administration import Call, Case, Desk, looking, open_desk
from tenantry.services.observed import observe_gone
from tenantry.services.pipeline import new_uid
from tenantry.services.provisioning import reconcile
from tenantry.services.trail import check_key
from tenantry.services.work import TenantRef, Work
from tenantry.specs.base import ConditionStatus
from tenantry.specs.workgroup_capability import Capability
from tenantry.store import Store
from tenantry.store.joined import JoinedStore, joined
from tenantry.store.project_member import PartRow, load_project
from tenantry.store.resource import ResourceRow, load_named, load_resources, mark_uids
from tenantry.store.rows import dump
from tenantry.store.tenant import TenantRow

_CAPABILITY = Capability.MANAGE_PROJECT_MEMBERS


@dataclass(frozen=True, slots=True)
class Part:
    """What one account is allowed and denied in a project."""

    project: str
    account_id: str
    allow: Sequence[Mapping[str, Any]] = ()
    deny: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class TeamMember:
    """One member of a project; ``resource`` is the name of the ProjectMember in a cluster, where there is one."""

    account_id: str
    login: str
    resource: str
    row: PartRow


def list_team(store: Store, call: Call, project: str) -> list[TeamMember] | Refusal:
    """Return the members of one of the person's own projects.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with looking(store, call) as desk:
        refusal = desk if isinstance(desk, Refusal) else _check_project(desk, project)
        if isinstance(desk, Refusal) or refusal is not None:
            return refusal or []
        rows = load_project(desk.connection, desk.tenant_id, desk.actor.workgroup, project)
        return _team(desk, rows)


def _team(desk: Desk, rows: Sequence[PartRow]) -> list[TeamMember]:
    users = {row.name: row.uid for row in load_named(desk.connection, desk.tenant_id, Kind.USER, _names(rows))}
    accounts = {a.resource_uid: a for a in desk.owners(list(users.values()))}
    objects = load_resources(desk.connection, [row.uid for row in rows])
    found = []
    for row in rows:
        account = accounts.get(users.get(row.user_name))
        name = objects[row.uid].name
        own = "" if manager_of(name) is Manager.API else name
        if account is not None:
            found.append(TeamMember(account.id, account.user_name, own, row))
    return found


def _names(rows: Sequence[PartRow]) -> set[str]:
    return {row.user_name for row in rows}


def put_member(store: Store, call: Call, part: Part) -> Refusal | None:
    """Put an account into one of the person's own projects, or change what it is allowed and denied there.

    Raises:
        InputError: there is no such tenant, or its audit trail is signed by another key.
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    with joined(store, call.namespace) as held:
        tenant, case = _enter(held, call, part)
        if isinstance(case, Refusal):
            return case
        user = case.resource
        if not user:
            message = "a system user is in no project"
            return Refusal(Reason.SYSTEM_USER, "id", message)
        spec = {"workgroupRef": case.desk.actor.workgroup, "project": part.project, "allow": part.allow}
        document = {**spec, "deny": part.deny, "userRef": user}
        fault = next(iter(call.check_spec(Kind.PROJECT_MEMBER, {**document, "userRef": "x"})), None)
        if fault is not None:
            return fault
        row = _present(case, part)
        seen = _object(tenant, _name(case, part), document, row, call)
        attempt = held.savepoint()
        _reconcile(held, tenant, [seen], call)
        with held.read() as connection:
            refusal = _refusal(load_resources(connection, [seen.uid])[seen.uid])
        if refusal is None:
            attempt.commit()
        else:
            attempt.rollback()
        return refusal


def remove_member(store: Store, call: Call, part: Part) -> Refusal | None:
    """Take an account out of one of the person's own projects.

    Raises:
        InputError: there is no such tenant, or its audit trail is signed by another key.
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    with joined(store, call.namespace) as held:
        tenant, case = _enter(held, call, part)
        if isinstance(case, Refusal):
            return case
        row = _present(case, part)
        if row is None:
            return _not_ours(case, part)
        _reconcile(held, tenant, [observe_gone(row, tenant.namespace)], call)
        return None


def _lock(store: JoinedStore, call: Call) -> TenantRow:
    with store.write() as connection:
        tenant = chosen_tenant(connection, call.namespace, lock=True)
        check_key(tenant, store.audit_key)
        return tenant


def _enter(store: JoinedStore, call: Call, part: Part) -> tuple[TenantRow, Case | Refusal]:
    tenant = _lock(store, call)
    with store.read() as connection:
        desk = open_desk(connection, tenant.id, call)
    if isinstance(desk, Refusal):
        return tenant, desk
    refusal = _check_project(desk, part.project)
    if refusal is not None:
        return tenant, refusal
    target = desk.find(part.account_id)
    if isinstance(target, Refusal):
        return tenant, target
    if target.account.id == desk.actor.account.id:  # a deny would be no more than a request
        message = "what you are allowed and denied yourself is for another member of the project to say"
        return tenant, Refusal(Reason.OUT_OF_REACH, "id", message)
    return tenant, check(desk.actor, _CAPABILITY, target) or Case(desk, target)


def _check_project(desk: Desk, project: str) -> Refusal | None:
    """Return why the person manages nobody in a project, or None: only in those that the person is in (TH-21)."""
    actor = desk.actor
    missing = check_capability(actor, _CAPABILITY)
    if missing is not None:
        return missing
    if project not in actor.policy.projects_by_name:
        known = choices(actor.policy.projects_by_name)
        message = f'project "{project[:64]}" is not defined in Workgroup "{actor.workgroup}"; {known}'
        return Refusal(Reason.PROJECT_NOT_FOUND, "project", message)
    row = desk.row_of(actor.account)
    rows = load_project(desk.connection, desk.tenant_id, actor.workgroup, project, row.name) if row is not None else []
    if any(found.in_force for found in rows):
        return None
    message = f'you are not in project "{project}"; its members are managed by those who are'
    return Refusal(Reason.OUT_OF_REACH, "project", message)


def _name(case: Case, part: Part) -> str:
    return api_name(f"{case.desk.actor.workgroup}/{part.project}/{login_key(case.target.account.user_name)}")


def _present(case: Case, part: Part) -> ResourceRow | None:
    name = _name(case, part)
    return next(iter(load_named(case.desk.connection, case.desk.tenant_id, Kind.PROJECT_MEMBER, [name])), None)


def _not_ours(case: Case, part: Part) -> Refusal:
    """Return why the person cannot take an account out of a project that nobody put it into here."""
    desk = case.desk
    rows = load_project(desk.connection, desk.tenant_id, desk.actor.workgroup, part.project, case.resource)
    names = [row.name for row in load_resources(desk.connection, [row.uid for row in rows]).values()]
    if names:
        message = f'ProjectMember "{names[0]}" owns it; delete that instead'
        return Refusal(Reason.MANAGED_BY_KUBERNETES, "", message)
    message = f'"{case.target.account.user_name}" is not in project "{part.project}"'
    return Refusal(Reason.NOT_A_MEMBER, "id", message)


def _object(
    tenant: TenantRow, name: str, document: Mapping[str, Any], row: ResourceRow | None, call: Call
) -> Observed[Any]:
    text = dump(document)
    generation = 1 if row is None else row.generation + (row.document != text)
    return restore_object(
        Kind.PROJECT_MEMBER,
        uid=row.uid if row is not None else new_uid(call.now),
        namespace=tenant.namespace,
        name=name,
        generation=generation,
        created=row.created if row is not None else call.now,
        deleting=False,
        paused=False,
        document=text,
    )


def _reconcile(store: JoinedStore, tenant: TenantRow, objects: Sequence[Observed[Any]], call: Call) -> None:
    ref = TenantRef(tenant.namespace, tenant.observed_uid)
    others = reconcile(store, Work(ref, objects, call.now, tenant.epoch, {}, call.actor))
    with store.write() as connection:
        mark_uids(connection, {outcome.uid for outcome in others})


def _refusal(row: ResourceRow) -> Refusal | None:
    ready = next((c for c in row.parsed_status().get("conditions", ()) if c["type"] == "Ready"), None)
    if ready is not None and ready["status"] == ConditionStatus.TRUE:
        return None
    return Refusal(Reason.of(row.reason), "", str(ready["message"]) if ready is not None else "")
