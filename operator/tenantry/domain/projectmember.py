"""Plan one ProjectMember: whether its rules can be in force (TH-11 to TH-13)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tenantry.domain.account import Account
from tenantry.domain.observed import Observed, Ref, user_ref, workgroup_ref
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.domain.snapshot import Snapshot
from tenantry.domain.status import Finding, not_ready, ready
from tenantry.domain.user import detached
from tenantry.specs import ProjectMemberSpec, ProjectMemberStatus
from tenantry.specs.projectmember import ProjectRule
from tenantry.specs.workgroup_access import Project, ProjectResource

#: All the names of a type of resource.
EVERY_NAME = "*"


@dataclass(frozen=True, slots=True)
class ProjectMemberPlan:
    """A ProjectMember's status, and whether its rules are in force."""

    in_force: bool
    status: ProjectMemberStatus
    findings: tuple[Finding, ...]
    refs: frozenset[Ref]


def plan_project_member(
    member: Observed[ProjectMemberSpec], user: Account | None, snapshot: Snapshot
) -> ProjectMemberPlan:
    """Plan a ProjectMember; ``user`` is the account of the User that it names."""
    spec = member.spec
    if not snapshot.attached:
        refusals = [detached()]
    elif spec is None:
        refusals = [member.fault or Refusal(Reason.INVALID_SPEC, "spec", "does not parse")]
    else:
        refusals = check_project_member(spec, user, snapshot)
    findings = not_ready(refusals) if refusals else ready("The rules are in force.")
    refs = frozenset({workgroup_ref(spec.workgroup_ref), user_ref(spec.user_ref)}) if spec else frozenset()
    status = ProjectMemberStatus(observed_generation=member.generation)
    return ProjectMemberPlan(not refusals, status, tuple(findings), refs)


def check_project_member(spec: ProjectMemberSpec, user: Account | None, snapshot: Snapshot) -> list[Refusal]:
    """Return what keeps the rules of a ProjectMember from being in force, fault by fault."""
    return list(_check_parties(spec, user, snapshot))


def _check_parties(spec: ProjectMemberSpec, user: Account | None, snapshot: Snapshot) -> Iterator[Refusal]:
    """The workgroup, its project and the user are there, and the user is a member."""
    policy = snapshot.workgroups.get(spec.workgroup_ref)
    if policy is None:
        message = f'Workgroup "{spec.workgroup_ref}" does not exist; create it, or correct the name'
        yield Refusal(Reason.WORKGROUP_NOT_FOUND, "spec.workgroupRef", message)
        return
    if user is None or not user.in_force:
        message = f'User "{spec.user_ref}" does not exist or has no account yet'
        yield Refusal(Reason.USER_NOT_FOUND, "spec.userRef", message)
    elif spec.workgroup_ref not in user.memberships:
        message = f'User "{spec.user_ref}" is not a member of Workgroup "{spec.workgroup_ref}"; add it there'
        yield Refusal(Reason.NOT_A_MEMBER, "spec.userRef", message)
    project = policy.spec.projects_by_name.get(spec.project)
    if project is None:
        known = choices(policy.spec.projects_by_name)
        message = f'project "{spec.project}" is not defined in Workgroup "{spec.workgroup_ref}"; {known}'
        yield Refusal(Reason.PROJECT_NOT_FOUND, "spec.project", message)
        return
    for name, rules in (("allow", spec.allow), ("deny", spec.deny)):
        for index, rule in enumerate(rules):
            yield from _check_rule(rule, f"spec.{name}[{index}]", project)


def _check_rule(rule: ProjectRule, field: str, project: Project) -> Iterator[Refusal]:
    """Only resources of that project, and operations it defines, can be named (TH-13)."""
    shared = [r for r in project.resources if r.type == rule.type]
    if not shared:
        known = choices(dict.fromkeys(r.type for r in project.resources))
        message = f'project "{project.name}" has no resource of type "{rule.type}"; {known}'
        yield Refusal(Reason.PROJECT_RESOURCE_NOT_FOUND, f"{field}.type", message)
        return
    for name in rule.names:
        yield from _check_name(rule, name, shared, field, project)


def _check_name(
    rule: ProjectRule, name: str, shared: Sequence[ProjectResource], field: str, project: Project
) -> Iterator[Refusal]:
    """The project has that resource, and defines the operations for it: others of the type may have others."""
    meant = [r for r in shared if name == EVERY_NAME or name in r.names]
    if not meant:
        names = dict.fromkeys(known for r in shared for known in r.names)
        message = f'project "{project.name}" has no {rule.type} "{name}"; {choices(names)}'
        yield Refusal(Reason.PROJECT_RESOURCE_NOT_FOUND, f"{field}.names", message)
        return
    operations = dict.fromkeys(operation for r in meant for operation in r.operations)
    which = f"a {rule.type}" if name == EVERY_NAME else f'{rule.type} "{name}"'
    for operation in rule.operations:
        if operation not in operations:
            message = f'{which} of project "{project.name}" has no operation "{operation}"; {choices(operations)}'
            yield Refusal(Reason.OPERATION_NOT_FOUND, f"{field}.operations", message)
