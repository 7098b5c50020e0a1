"""Plan one Workgroup: its system users, and whether it may go."""

import uuid
from dataclasses import dataclass, replace

from tenantry.domain.account import Account, Manager, Member
from tenantry.domain.licensepool import in_use
from tenantry.domain.login import login_fault, login_key
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.domain.snapshot import Snapshot, WorkgroupPolicy
from tenantry.domain.status import Finding, not_ready, ready
from tenantry.specs import WorkgroupSpec, WorkgroupStatus
from tenantry.specs.workgroup import SystemUserStatus
from tenantry.specs.workgroup_login import SystemLogin, SystemUser

#: System users' account ids derive from the Workgroup's UID, so that planning twice gives the same rows.
_NAMESPACE = uuid.UUID("5d0ad9c1-7a94-4d8e-9f0f-3d3c6f5c9f10")


@dataclass(frozen=True, slots=True)
class WorkgroupPlan:
    """A Workgroup's status and its system users, before and after."""

    status: WorkgroupStatus
    findings: tuple[Finding, ...]
    before: tuple[Account, ...]
    after: tuple[Account, ...]


def plan_workgroup(
    policy: WorkgroupPolicy, system: tuple[Account, ...], snapshot: Snapshot, *, users: int = 0
) -> WorkgroupPlan:
    """Plan a Workgroup. ``system`` are its system users' rows; ``users`` is how many accounts are in it."""
    refusals = check_workgroup(policy, snapshot, users)
    wanted = {login_key(user.user_name): user for user in reversed(policy.spec.system_users)}  # of twins, the first
    after = tuple(_system_user(policy, user, system, snapshot) for user in reversed(wanted.values()))
    status = WorkgroupStatus(
        observed_generation=policy.generation,
        system_users=tuple(SystemUserStatus(user_name=a.user_name, account_id=a.id) for a in after),
    )
    findings = not_ready(refusals) if refusals else ready("The policy is in force.")
    return WorkgroupPlan(status, tuple(findings), system, after)


def check_workgroup(policy: WorkgroupPolicy, snapshot: Snapshot, users: int = 0) -> list[Refusal]:
    """Return what is wrong with a Workgroup that the schema cannot say."""
    found = list(_check_system_users(policy.spec))
    pool = policy.spec.license_pool_ref
    if pool is not None and pool not in snapshot.pools:
        message = f'LicensePool "{pool}" does not exist; create it'
        found.append(Refusal(Reason.LICENSE_POOL_NOT_FOUND, "spec.licensePoolRef", message))
    if policy.deleting:
        found.insert(0, in_use("Workgroup", policy.name, users))
    return found


def _check_system_users(spec: WorkgroupSpec) -> list[Refusal]:
    found = []
    taken: dict[str, str] = {}
    for index, user in enumerate(spec.system_users):
        field = f"spec.systemUsers[{index}]"
        first = taken.setdefault(login_key(user.user_name), user.user_name)
        if first != user.user_name:
            message = f'"{user.user_name}" is the same login as "{first}"; choose another'
            found.append(Refusal(Reason.LOGIN_TAKEN, f"{field}.userName", message))
        fault = login_fault(user.user_name)
        if fault is not None:
            found.append(Refusal(Reason.LOGIN_INVALID, f"{field}.userName", f"the userName {fault}"))
        if user.role is not None and user.role not in spec.roles_by_name:
            message = f'role "{user.role}" is not defined; {choices(spec.roles_by_name)}'
            found.append(Refusal(Reason.ROLE_NOT_FOUND, f"{field}.role", message))
        for group in user.groups:
            if group not in spec.groups_by_name:
                message = f'group "{group}" is not defined; {choices(spec.groups_by_name)}'
                found.append(Refusal(Reason.GROUP_NOT_FOUND, f"{field}.groups", message))
    return found


def _system_user(
    policy: WorkgroupPolicy, wanted: SystemUser, present: tuple[Account, ...], snapshot: Snapshot
) -> Account:
    key = login_key(wanted.user_name)
    base = next((a for a in present if a.login_key == key), None) or Account(
        id=str(uuid.uuid5(_NAMESPACE, f"{policy.uid}/{key}")),
        user_name=wanted.user_name,
        login_key=key,
        manager=Manager.SYSTEM,
        created=snapshot.now,
        scope=policy.name,
        provisioned=True,
    )
    return replace(
        base,
        user_name=wanted.user_name,
        can_log_in=wanted.login is SystemLogin.ENABLED,
        members=(Member(policy.name, base.created, role=wanted.role, groups=wanted.groups),),
    )
