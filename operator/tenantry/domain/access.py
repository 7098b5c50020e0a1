"""Effective access: whether an account may do something to a resource, and the rule that decides it (design §2, 9).

The one function that `tenantry explain` and the runtime API ask. The order of the rules: the gate (state, membership,
scopes); then modules by level and ownership, or else projects by allow and deny; last the ceiling of the role. Whatever
an account refers to and the policy does not define any more gives nothing, and lifts nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tenantry.domain.account import Account, Manager, Member
from tenantry.domain.login import login_key
from tenantry.domain.reason import Reason
from tenantry.specs import WorkgroupSpec
from tenantry.specs.projectmember import ProjectRule
from tenantry.specs.user import AccountState
from tenantry.specs.workgroup_access import EVERY_MODULE, HIGHEST, Access, Module, ProjectResource, Role, Scope

#: In project rules and ceilings: any name, any word.
ANY = "*"


@dataclass(frozen=True, slots=True)
class Resource:
    """What is acted on. ``owners`` are logins or account ids; ``scopes`` the values of scopes that it has, by scope."""

    type: str
    name: str
    owners: frozenset[str] = frozenset()
    scopes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: whether ``action`` may be done to a resource of a workgroup's application."""

    workgroup: str
    action: str
    resource: Resource


@dataclass(frozen=True, slots=True)
class ProjectPart:
    """What a ProjectMember in force gives and denies its user in one project."""

    project: str
    allow: tuple[ProjectRule, ...]
    deny: tuple[ProjectRule, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One rule as it was applied: whether it lets pass, and why. ``reason`` is that of a rule that can decide."""

    rule: str
    passed: bool
    text: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or Denied, the reason, and the chain of rules that led there."""

    allowed: bool
    reason: Reason
    steps: tuple[Step, ...]

    @property
    def deciding(self) -> Step:
        """Return the rule that decided: the last one applied that has the reason."""
        return next(step for step in reversed(self.steps) if step.reason is self.reason)


@dataclass(frozen=True, slots=True)
class HeldLevel:
    """The level that a member has in a module, as its place among the module's levels, and where it comes from.

    A module in which nothing gives a level has its first.
    """

    module: Module
    index: int = 0
    source: str = "default"
    is_given: bool = False

    @property
    def name(self) -> str:
        """Return the level's name."""
        return self.module.levels[self.index].name

    @property
    def is_open(self) -> bool:
        """Tell whether the module can be opened: above its first level, or where that one has actions, or is the only.

        The first level is what everybody has: No Access, as a rule.
        """
        return self.index > 0 or bool(self.module.levels[0].actions) or len(self.module.levels) == 1


def decide(
    account: Account | None,
    question: Question,
    policy: WorkgroupSpec | None,
    projects: Sequence[ProjectPart],
    now: datetime,
) -> Decision:
    """Decide whether the account may do what is asked (TT-11 to TT-13, TH-12, IT-10 to IT-15).

    ``policy`` is that of the workgroup, ``projects`` are the account's parts in its projects.
    """
    member = account.member_of(question.workgroup) if account is not None else None
    steps = [*_gate(account, member, question, policy, now)]
    closed = steps[-1].reason
    if closed is not None or account is None or member is None or policy is None:
        return Decision(allowed=False, reason=closed or Reason.NOT_A_MEMBER, steps=tuple(steps))
    asked = _Asked(account, member, policy, projects, question)
    given, reason = asked.answer(steps)
    return Decision(allowed=given, reason=reason, steps=tuple(steps))


def held_levels(member: Member, policy: WorkgroupSpec) -> dict[str, HeldLevel]:
    """Return the level that a member has in each module: the higher of groups and role.

    The account's own entries replace those of a customizable role, module by module.
    """
    role = policy.roles_by_name.get(member.role or "")
    own = [Access(module=module, level=level) for module, level in member.access]
    return {module.name: _held(module, member, role, own, policy) for module in policy.modules}


def _held(module: Module, member: Member, role: Role | None, own: Sequence[Access], policy: WorkgroupSpec) -> HeldLevel:
    found = HeldLevel(module)
    by_role = _index(module, role.access) if role is not None else None
    by_own = _index(module, own) if role is not None and role.customizable else None
    if by_own is not None:
        found = HeldLevel(module, by_own, "the account's own entry", is_given=True)
    elif by_role is not None and role is not None:
        found = HeldLevel(module, by_role, f'role "{role.name}"', is_given=True)
    for name in member.groups:
        group = policy.groups_by_name.get(name)
        by_group = _index(module, group.access) if group is not None else None
        if by_group is not None and (by_group > found.index or not found.is_given):
            found = HeldLevel(module, by_group, f'group "{name}"', is_given=True)
    return found


def _index(module: Module, entries: Iterable[Access]) -> int | None:
    """Return the place of the level that entries give in a module; the module's own entry wins over that of ``*``.

    An own entry whose level is not there any more gives the first: to fall back on another would give more.
    """
    levels = {entry.module: entry.level for entry in entries}
    if module.name in levels:
        return _place(module, levels[module.name]) or 0
    return _place(module, levels.get(EVERY_MODULE))


def _place(module: Module, name: str | None) -> int | None:
    if name == HIGHEST:
        return len(module.levels) - 1
    return next((i for i, level in enumerate(module.levels) if level.name == name), None)


def _gate(
    account: Account | None, member: Member | None, question: Question, policy: WorkgroupSpec | None, now: datetime
) -> Iterator[Step]:
    """Yield what must hold before anything may be done, up to the first that does not."""
    shut = _why_shut(account, now)
    if shut is not None:
        yield shut
        return
    yield Step("state", passed=True, text="the account is Active")
    if account is None or member is None or policy is None or question.workgroup not in account.memberships:
        has = "only available to, not" if member is not None else "not"
        text = f'{has} a member of Workgroup "{question.workgroup}"'
        yield Step("membership", passed=False, text=text, reason=Reason.NOT_A_MEMBER)
        return
    yield Step("membership", passed=True, text=_membership(member))
    for step in _scopes(member, policy, question.resource):
        yield step
        if not step.passed:
            return


def _why_shut(account: Account | None, now: datetime) -> Step | None:
    """Return the step that stops an account which cannot be used now, or None."""
    fault = _why_not_active(account, now)
    if fault is not None:
        return Step("state", passed=False, text=fault, reason=Reason.ACCOUNT_NOT_ACTIVE)
    if account is not None and not account.can_log_in:
        text = "a member takes a license of the LicensePool, and the account has none"
        return Step("license", passed=False, text=text, reason=Reason.LICENSE_MISSING)
    return None


def _why_not_active(account: Account | None, now: datetime) -> str | None:
    if account is None or account.tombstone is not None:
        return "there is no account"
    if account.manager is Manager.SYSTEM and not account.can_log_in:
        return "the account is one that cannot log in"
    state = account.state(now)
    return None if state is AccountState.ACTIVE else f"the account is {state}"


def _membership(member: Member) -> str:
    parts = [f'role "{member.role}"' if member.role else "no role"]
    parts += [f"groups {', '.join(member.groups)}"] if member.groups else []
    return f'member of Workgroup "{member.workgroup}" with {" and ".join(parts)}'


def _scopes(member: Member, policy: WorkgroupSpec, resource: Resource) -> Iterator[Step]:
    """Refuse a resource of a scope's value that the member was not given (IT-07).

    A scope that is defined no more is closed to whom values of it were given: without the bound all would be open.
    """
    bound = dict(member.scopes)
    for name, value in resource.scopes.items():
        scope = policy.scopes_by_name.get(name)
        if scope is None and name not in bound:
            continue
        values = _values_given(member, policy, scope) if scope is not None else []
        passed = value in values or ANY in values
        text = f'{name} "{value}" is {"" if passed else "not "}one of those given: {", ".join(values) or "none"}'
        yield Step("scope", passed=passed, text=text, reason=None if passed else Reason.OUT_OF_SCOPE)


def _values_given(member: Member, policy: WorkgroupSpec, scope: Scope) -> list[str]:
    """Return the values of a scope that are in force: they are still defined, and go with access to its module."""
    level = held_levels(member, policy).get(scope.module or "")
    if scope.module is not None and (level is None or not level.is_open):
        return []
    defined = {*scope.values, ANY} if scope.allow_all else {*scope.values}
    return [value for value in dict(member.scopes).get(scope.name, ()) if value in defined]


def actions_on(policy: WorkgroupSpec, type_: str) -> list[str]:
    """Return the actions that a workgroup knows of a type of resource, by modules and projects."""
    listed = (word for module in policy.modules for level in module.levels for word in level.actions)
    found = {operation for kind, _, operation in (word.partition(":") for word in listed) if kind == type_}
    shared = (r for project in policy.projects for r in project.resources if r.type == type_)
    return sorted(found | {operation for resource in shared for operation in resource.operations})


def shared_resources(policy: WorkgroupSpec, type_: str) -> list[str]:
    """Return the names of the resources of a type that the projects of a workgroup share."""
    shared = (r for project in policy.projects for r in project.resources if r.type == type_)
    return sorted({name for resource in shared for name in resource.names})


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question of an account that is Active, a member, and within its scopes."""

    account: Account
    member: Member
    policy: WorkgroupSpec
    projects: Sequence[ProjectPart]
    question: Question

    @property
    def word(self) -> str:
        return f"{self.question.resource.type}:{self.question.action}"

    def answer(self, steps: list[Step]) -> tuple[bool, Reason]:
        """Tell whether modules or else projects give it, and the ceiling lets it pass."""
        reason = self._by_modules(steps)
        if reason is not Reason.GRANTED_BY_LEVEL:
            reason = self._by_projects(reason, steps)
        if reason not in {Reason.GRANTED_BY_LEVEL, Reason.GRANTED_BY_PROJECT}:
            return False, reason
        steps += self._ceiling()
        return steps[-1].passed, steps[-1].reason or reason

    def _by_modules(self, steps: list[Step]) -> Reason:
        """Ask every module that lists the action: each must give it (IT-14)."""
        levels = held_levels(self.member, self.policy).values()
        listing = [held for held in levels if any(self.word in level.actions for level in held.module.levels)]
        if not listing:
            reason = Reason.ACTION_NOT_GRANTED
            steps.append(Step("level", passed=False, text=f"no module lists {self.word}", reason=reason))
            return reason
        for held in listing:
            steps += self._by_module(held)
            if not steps[-1].passed:
                break
        return steps[-1].reason or Reason.ACTION_NOT_GRANTED

    def _by_module(self, held: HeldLevel) -> Iterator[Step]:
        """Look at the levels up to the one held: a higher one includes the lower ones' actions."""
        reached = [level for level in held.module.levels[: held.index + 1] if self.word in level.actions]
        has = f'module "{held.module.name}": level "{held.name}" by {held.source}'
        if not reached:
            needed = next(level.name for level in held.module.levels if self.word in level.actions)
            text = f'{has}; {self.word} needs "{needed}"'
            yield Step("level", passed=False, text=text, reason=Reason.LEVEL_TOO_LOW)
            return
        yield Step("level", passed=True, text=f"{has} gives {self.word}", reason=Reason.GRANTED_BY_LEVEL)
        if all(level.own_only for level in reached):
            yield self._ownership()

    def _ownership(self) -> Step:
        """Tell whether the account is an owner; a resource that names none is not its own."""
        owners = self.question.resource.owners
        if self.account.id in owners or self.account.login_key in {login_key(owner) for owner in owners}:
            text = "the resource is the account's own"
            return Step("ownership", passed=True, text=text, reason=Reason.GRANTED_BY_LEVEL)
        text = f"the level reaches the account's own only; the owners are: {', '.join(sorted(owners)) or 'not told'}"
        return Step("ownership", passed=False, text=text, reason=Reason.NOT_THE_OWNER)

    def _by_projects(self, otherwise: Reason, steps: list[Step]) -> Reason:
        """Ask the projects: a deny beats the allows of every project of the workgroup (TH-12)."""
        if not self.projects:
            return otherwise
        denying = next((part.project for part in self.projects if self._names(part, part.deny)), None)
        allowing = next((part.project for part in self.projects if self._names(part, part.allow)), None)
        if denying is not None:
            text, reason = f'project "{denying}" denies it', Reason.DENIED_BY_PROJECT
        elif allowing is not None:
            text, reason = f'project "{allowing}" allows it', Reason.GRANTED_BY_PROJECT
        else:
            names = ", ".join(sorted({part.project for part in self.projects}))
            text, reason = f"no project of the account allows it: {names}", otherwise
        passed = reason is Reason.GRANTED_BY_PROJECT
        steps.append(Step("project", passed=passed, text=text, reason=None if reason is otherwise else reason))
        return reason

    def _names(self, part: ProjectPart, rules: Iterable[ProjectRule]) -> bool:
        """Tell whether rules name what is asked; ``*`` is every resource that the project shares now (TH-13)."""
        project = self.policy.projects_by_name.get(part.project)
        return (
            project is not None
            and any(self._is_shared(shared) for shared in project.resources)
            and any(self._is_meant(rule) for rule in rules)
        )

    def _is_shared(self, shared: ProjectResource) -> bool:
        asked = self.question.resource
        return shared.type == asked.type and asked.name in shared.names and self.question.action in shared.operations

    def _is_meant(self, rule: ProjectRule) -> bool:
        asked = self.question.resource
        named = asked.name in rule.names or ANY in rule.names
        return rule.type == asked.type and named and self.question.action in rule.operations

    def _ceiling(self) -> Iterator[Step]:
        """Cap what was given by the role's ceiling (NR-05, TH-10); whose role is gone has no ceiling to rely on."""
        role = self.policy.roles_by_name.get(self.member.role or "")
        if role is None and self.member.role is not None:
            text = f'role "{self.member.role}" is not defined any more, and neither is its ceiling'
            yield Step("ceiling", passed=False, text=text, reason=Reason.ABOVE_CEILING)
        elif role is not None and role.ceiling is not None:
            passed = any(self._is_below(pattern) for pattern in role.ceiling)
            text = f'the ceiling of role "{role.name}" is {", ".join(role.ceiling) or "nothing"}'
            yield Step("ceiling", passed=passed, text=text, reason=None if passed else Reason.ABOVE_CEILING)

    def _is_below(self, pattern: str) -> bool:
        type_, _, operation = pattern.partition(":")
        return type_ in {ANY, self.question.resource.type} and operation in {ANY, self.question.action}
