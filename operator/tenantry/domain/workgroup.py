"""Plan one Workgroup: its system users, and whether it may go."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tenantry.domain.account import Account, Manager, Member
from tenantry.domain.capacity import Capacity, CapacityKind, Usage
from tenantry.domain.licensepool import NOBODY, Need, in_use
from tenantry.domain.login import login_fault, login_key
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices, pool_goes
from tenantry.domain.snapshot import Snapshot, WorkgroupPolicy
from tenantry.domain.status import Finding, not_ready, ready
from tenantry.domain.system_user import check_system_passwords, system_password
from tenantry.specs import WorkgroupSpec, WorkgroupStatus
from tenantry.specs.workgroup import SystemUserStatus
from tenantry.specs.workgroup_capability import CapabilityGrant
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
    policy: WorkgroupPolicy, system: tuple[Account, ...], snapshot: Snapshot, need: Need = NOBODY
) -> WorkgroupPlan:
    """Plan a Workgroup. ``system`` are its system users' rows; ``need`` is by whom it is still needed."""
    present = {account.login_key: account for account in system}
    refusals = [*check_workgroup(policy, snapshot, need), *check_system_passwords(policy, present, snapshot)]
    wanted = {login_key(user.user_name): user for user in reversed(policy.spec.system_users)}  # of twins, the first
    after = tuple(_system_user(policy, user, present, snapshot) for user in reversed(wanted.values()))
    status = WorkgroupStatus(
        observed_generation=policy.generation,
        system_users=tuple(SystemUserStatus(user_name=a.user_name, account_id=a.id) for a in after),
    )
    findings = not_ready(refusals) if refusals else ready("The policy is in force.")
    findings += warn_of_shared_roles(policy, snapshot.usage)
    return WorkgroupPlan(status, tuple(findings), system, after)


def check_workgroup(policy: WorkgroupPolicy, snapshot: Snapshot, need: Need = NOBODY) -> list[Refusal]:
    """Return what is wrong with a Workgroup that the schema cannot say."""
    spec = policy.spec
    found = [*_check_system_users(spec), *_check_scopes(spec), *_check_assignees(spec), *_check_capabilities(spec)]
    found += _check_pool(spec, snapshot)
    if policy.deleting:
        found.insert(0, in_use("Workgroup", policy.name, need))
    return found


def _check_pool(spec: WorkgroupSpec, snapshot: Snapshot) -> Iterator[Refusal]:
    """The pool is there, and stays: one that goes seats nobody new."""
    name, field = spec.license_pool_ref, "spec.licensePoolRef"
    if name is None:
        return
    pool = snapshot.pools.get(name)
    if pool is None:
        message = f'LicensePool "{name}" does not exist; create it, or make another Workgroup'
        yield Refusal(Reason.LICENSE_POOL_NOT_FOUND, field, message)
    elif pool.deleting:
        yield Refusal(Reason.LICENSE_POOL_DELETING, field, pool_goes(name))


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


def _check_scopes(spec: WorkgroupSpec) -> Iterator[Refusal]:
    for index, scope in enumerate(spec.scopes):
        if scope.module is not None and scope.module not in spec.modules_by_name:
            message = f'module "{scope.module}" is not defined; {choices(spec.modules_by_name)}'
            yield Refusal(Reason.MODULE_NOT_FOUND, f"spec.scopes[{index}].module", message)


def _check_capabilities(spec: WorkgroupSpec) -> Iterator[Refusal]:
    """The roles that a capability names are there; what none can give is a mistake."""
    for field, grants in _capabilities(spec):
        for index, grant in enumerate(grants):
            for role in grant.roles or ():
                if role not in spec.roles_by_name:
                    message = f'role "{role}" is not defined; {choices(spec.roles_by_name)}'
                    yield Refusal(Reason.ROLE_NOT_FOUND, f"spec.{field}.capabilities[{index}].roles", message)


def _capabilities(spec: WorkgroupSpec) -> Iterator[tuple[str, Sequence[CapabilityGrant]]]:
    for place, module in enumerate(spec.modules):
        for index, level in enumerate(module.levels):
            yield f"modules[{place}].levels[{index}]", level.capabilities
    for index, role in enumerate(spec.roles):
        yield f"roles[{index}]", role.capabilities
    for index, group in enumerate(spec.groups):
        yield f"groups[{index}]", group.capabilities


def _check_assignees(spec: WorkgroupSpec) -> Iterator[Refusal]:
    known = {user.user_name for user in spec.system_users}
    for index, holding in enumerate(spec.deletion.holdings):
        for name in holding.assignees.system_users:
            if name not in known:
                field = f"spec.deletion.holdings[{index}].assignees.systemUsers"
                message = f'"{name}" is not one of the system users; {choices(sorted(known))}'
                yield Refusal(Reason.ASSIGNEE_NOT_ALLOWED, field, message)


def warn_of_shared_roles(policy: WorkgroupPolicy, usage: Usage) -> list[Finding]:
    """Return what is accepted but worth telling: a role that is not a person's is meant for one account (MM-09)."""
    impersonal = [role.name for role in policy.spec.roles if not role.personal]
    if not impersonal:
        return []
    held = {name: usage.used[Capacity(CapacityKind.ROLE, policy.name, name)] for name in impersonal}
    several = [f'{count} accounts hold role "{name}"' for name, count in held.items() if count > 1]
    if not several:
        message = "No role that is not a person's is held by several accounts."
        return [Finding("SingleHolders", holds=True, reason=Reason.SINGLE_HOLDERS, message=message)]
    message = (
        f"{', '.join(several)}, which is not a person's; one is meant to be enough, and maxHolders can hold it to that"
    )
    return [Finding("SingleHolders", holds=False, reason=Reason.SEVERAL_HOLDERS, message=message)]


def _system_user(
    policy: WorkgroupPolicy, wanted: SystemUser, present: Mapping[str, Account], snapshot: Snapshot
) -> Account:
    key = login_key(wanted.user_name)
    base = present.get(key) or Account(
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
        password=system_password(policy, wanted, base, snapshot),
        members=(Member(policy.name, base.created, role=wanted.role, groups=wanted.groups),),
    )
