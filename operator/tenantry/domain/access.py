"""Effective access: whether an account may do something to a resource, and the rule that decides it (design §2, 9).

The one function that `tenantry explain` and the runtime API ask. The order of the rules: the gate (state, membership,
scopes); then modules by level and ownership, or else projects by allow and deny; last the ceiling of the role.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tenantry.domain.account import Account, Member
from tenantry.domain.login import login_key
from tenantry.domain.reason import Reason
from tenantry.specs import WorkgroupSpec
from tenantry.specs.projectmember import ProjectRule
from tenantry.specs.user import AccountState
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_access import EVERY_MODULE, HIGHEST, Access, Module, Role

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
    """One rule as it was applied: whether it lets pass, and why."""

    rule: str
    passed: bool
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or Denied, the reason, and the chain of rules that led there; the last one decided."""

    allowed: bool
    reason: Reason
    steps: tuple[Step, ...]

    @property
    def deciding(self) -> Step:
        """Return the rule that decided."""
        return self.steps[-1]


@dataclass(frozen=True, slots=True)
class HeldLevel:
    """The level that a member has in a module, as its place among the module's levels, and where it comes from."""

    module: Module
    index: int
    source: str

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
    state = account.state(now) if account is not None and account.tombstone is None else None
    asked = _Asked(account, state, question.workgroup, policy, projects, question.action, question.resource)
    return asked.decide()


def held_levels(member: Member, policy: WorkgroupSpec) -> dict[str, HeldLevel]:
    """Return the level that a member has in each module: the higher of groups and role.

    The account's own entries replace those of a customizable role, module by module.
    """
    role = policy.roles_by_name.get(member.role or "")
    own = [Access(module=module, level=level) for module, level in member.access]
    return {module.name: _held(module, member, role, own, policy) for module in policy.modules}


def _held(module: Module, member: Member, role: Role | None, own: Sequence[Access], policy: WorkgroupSpec) -> HeldLevel:
    found = HeldLevel(module, 0, "the module's first level")
    by_role = _index(module, role.access) if role is not None else None
    by_own = _index(module, own) if role is not None and role.customizable else None
    if by_own is not None:
        found = HeldLevel(module, by_own, "the account's own entry")
    elif by_role is not None and role is not None:
        found = HeldLevel(module, by_role, f'role "{role.name}"')
    for name in member.groups:
        group = policy.groups_by_name.get(name)
        by_group = _index(module, group.access) if group is not None else None
        if by_group is not None and by_group > found.index:
            found = HeldLevel(module, by_group, f'group "{name}"')
    return found


def _index(module: Module, entries: Iterable[Access]) -> int | None:
    """Return the place of the level that entries give in a module; the module's own entry wins over that of ``*``."""
    levels = {entry.module: entry.level for entry in entries}
    for wanted in (levels.get(module.name), levels.get(EVERY_MODULE)):
        if wanted == HIGHEST:
            return len(module.levels) - 1
        index = next((i for i, level in enumerate(module.levels) if level.name == wanted), None)
        if index is not None:
            return index
    return None


@dataclass(frozen=True, slots=True)
class _Asked:
    account: Account | None
    state: AccountState | None
    workgroup: str
    policy: WorkgroupSpec | None
    projects: Sequence[ProjectPart]
    action: str
    resource: Resource

    @property
    def word(self) -> str:
        return f"{self.resource.type}:{self.action}"

    def decide(self) -> Decision:
        steps: list[Step] = []
        member = self.account.member_of(self.workgroup) if self.account is not None else None
        closed = self._gate(member, steps)
        if closed is not None or member is None or self.policy is None:
            return Decision(allowed=False, reason=closed or Reason.NOT_A_MEMBER, steps=tuple(steps))
        by_module = self._by_modules(member, self.policy, steps)
        given, reason = (
            (True, by_module) if by_module is Reason.GRANTED_BY_LEVEL else self._by_projects(by_module, steps)
        )
        if not given:
            return Decision(allowed=False, reason=reason, steps=tuple(steps))
        return self._under_ceiling(member, self.policy, reason, steps)

    def _gate(self, member: Member | None, steps: list[Step]) -> Reason | None:
        """Return why nothing at all may be done, if so."""
        if self.state is not AccountState.ACTIVE:
            text = "there is no account" if self.state is None else f"the account is {self.state}"
            steps.append(Step("state", passed=False, text=text))
            return Reason.ACCOUNT_NOT_ACTIVE
        steps.append(Step("state", passed=True, text="the account is Active"))
        if self.policy is None or member is None or member.kind is not MembershipKind.MEMBER:
            steps.append(Step("membership", passed=False, text=f'not a member of Workgroup "{self.workgroup}"'))
            return Reason.NOT_A_MEMBER
        steps.append(Step("membership", passed=True, text=_membership(member)))
        return self._outside(member, self.policy, steps)

    def _outside(self, member: Member, policy: WorkgroupSpec, steps: list[Step]) -> Reason | None:
        """Refuse a resource of a scope's value that the member was not given (IT-07)."""
        given = dict(member.scopes)
        for name, value in self.resource.scopes.items():
            if name not in policy.scopes_by_name:
                continue
            values = given.get(name, ())
            passed = value in values or ANY in values
            text = f'{name} "{value}" is {"" if passed else "not "}one of those given: {", ".join(values) or "none"}'
            steps.append(Step("scope", passed=passed, text=text))
            if not passed:
                return Reason.OUT_OF_SCOPE
        return None

    def _by_modules(self, member: Member, policy: WorkgroupSpec, steps: list[Step]) -> Reason:
        """Ask every module that lists the action: each must give it (IT-14)."""
        levels = held_levels(member, policy)
        listing = [held for held in levels.values() if any(self.word in level.actions for level in held.module.levels)]
        if not listing:
            steps.append(Step("modules", passed=False, text=f"no module lists {self.word}"))
            return Reason.ACTION_NOT_GRANTED
        for held in listing:
            reason = self._by_module(held, steps)
            if reason is not Reason.GRANTED_BY_LEVEL:
                return reason
        return Reason.GRANTED_BY_LEVEL

    def _by_module(self, held: HeldLevel, steps: list[Step]) -> Reason:
        """Look at the levels up to the one held: a higher one includes the lower ones' actions."""
        reached = [level for level in held.module.levels[: held.index + 1] if self.word in level.actions]
        has = f'module "{held.module.name}": level "{held.name}" by {held.source}'
        if not reached:
            needed = next(level.name for level in held.module.levels if self.word in level.actions)
            steps.append(Step("level", passed=False, text=f'{has}; {self.word} needs "{needed}"'))
            return Reason.LEVEL_TOO_LOW
        steps.append(Step("level", passed=True, text=f"{has} gives {self.word}"))
        if any(not level.own_only for level in reached):
            return Reason.GRANTED_BY_LEVEL
        owned = self._is_own()
        text = "the resource is the account's own" if owned else "the level reaches the account's own only; this is not"
        steps.append(Step("ownership", passed=owned, text=text))
        return Reason.GRANTED_BY_LEVEL if owned else Reason.NOT_THE_OWNER

    def _is_own(self) -> bool:
        """Tell whether the account is an owner; a resource that names none is not its own."""
        account = self.account
        keys = {login_key(owner) for owner in self.resource.owners}
        return account is not None and (account.id in self.resource.owners or account.login_key in keys)

    def _by_projects(self, otherwise: Reason, steps: list[Step]) -> tuple[bool, Reason]:
        """Ask the projects: a deny beats the allows of every project of the workgroup (TH-12)."""
        if not self.projects:
            return False, otherwise
        denying = next((part.project for part in self.projects if any(map(self._matches, part.deny))), None)
        if denying is not None:
            steps.append(Step("project deny", passed=False, text=f'project "{denying}" denies it'))
            return False, Reason.DENIED_BY_PROJECT
        allowing = next((part.project for part in self.projects if any(map(self._matches, part.allow))), None)
        if allowing is not None:
            steps.append(Step("project allow", passed=True, text=f'project "{allowing}" allows it'))
            return True, Reason.GRANTED_BY_PROJECT
        names = ", ".join(sorted({part.project for part in self.projects}))
        steps.append(Step("project allow", passed=False, text=f"no project of the account allows it: {names}"))
        return False, otherwise

    def _matches(self, rule: ProjectRule) -> bool:
        named = self.resource.name in rule.names or ANY in rule.names
        return rule.type == self.resource.type and named and self.action in rule.operations

    def _under_ceiling(self, member: Member, policy: WorkgroupSpec, reason: Reason, steps: list[Step]) -> Decision:
        """Cap what was given by the role's ceiling (NR-05, TH-10)."""
        role = policy.roles_by_name.get(member.role or "")
        if role is None or role.ceiling is None:
            return Decision(allowed=True, reason=reason, steps=tuple(steps))
        passed = any(_covers(pattern, self.word) for pattern in role.ceiling)
        allowed = ", ".join(role.ceiling) or "nothing"
        text = f'the ceiling of role "{role.name}" is {allowed}'
        steps.append(Step("ceiling", passed=passed, text=text))
        return Decision(allowed=passed, reason=reason if passed else Reason.ABOVE_CEILING, steps=tuple(steps))


def _membership(member: Member) -> str:
    parts = [f'role "{member.role}"' if member.role else "no role"]
    parts += [f"groups {', '.join(member.groups)}"] if member.groups else []
    return f'member of Workgroup "{member.workgroup}" with {" and ".join(parts)}'


def _covers(pattern: str, word: str) -> bool:
    pairs: Iterator[tuple[str, str]] = zip(pattern.split(":"), word.split(":"), strict=True)
    return all(wanted in {ANY, given} for wanted, given in pairs)
