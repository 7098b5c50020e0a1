"""A policy, an account and a question, to ask for effective access of."""

from typing import Any

from tenantry.domain.access import Decision, ProjectPart, Question, Resource, decide
from tenantry.domain.account import Account, Manager, Member
from tenantry.domain.reason import Reason
from tenantry.specs import WorkgroupSpec
from tenantry.specs.projectmember import ProjectRule
from tests.support.builders import START

NONE, VIEW, EDIT = (
    {"name": "None"},
    {"name": "View", "actions": ["job:read"]},
    {"name": "Edit", "actions": ["job:update"]},
)
JOBS = {"name": "Jobs", "levels": [NONE, VIEW, EDIT]}
BOTH = "inventory-settings"
SETTINGS = {"name": "Settings", "levels": [NONE, {"name": "View", "actions": ["page:read"]}, {"name": "Edit"}]}


def module(name: str, *levels: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "levels": list(levels)}


def gives(name: str, level: str, *, to: str = "Jobs", **more: Any) -> dict[str, Any]:
    """Return a role or group that gives a level in one module."""
    return {"name": name, "access": [{"module": to, "level": level}], **more}


def policy(*modules: dict[str, Any], **spec: Any) -> WorkgroupSpec:
    return WorkgroupSpec.model_validate({"modules": modules or (JOBS,), **spec})


def member(role: str | None = None, *groups: str, **more: Any) -> Member:
    return Member("desk", START, role=role, groups=groups, **more)


def account(*members: Member, **more: Any) -> Account:
    known: dict[str, Any] = {"manager": Manager.KUBERNETES, "created": START, "provisioned": True}
    return Account("id-ada", "Ada", "ada", members=members, **known | more)


def ask(
    who: Account | Member | None, by: WorkgroupSpec | None, word: str, /, *projects: ProjectPart, **resource: Any
) -> Decision:
    """Ask for ``type:operation`` on one resource, named j1 unless told."""
    type_, action = word.split(":")
    asked = Resource(type_, resource.pop("name", "j1"), **resource)
    ada = account(who) if isinstance(who, Member) else who
    return decide(ada, Question("desk", action, asked), by, projects, START)


def told(decision: Decision) -> tuple[bool, Reason]:
    return decision.allowed, decision.reason


GRANTED = (True, Reason.GRANTED_BY_LEVEL)
TOO_LOW = (False, Reason.LEVEL_TOO_LOW)

READERS = policy(groups=[gives("Readers", "View")])
READER = member(None, "Readers")

HOUSE = policy(
    JOBS,
    SETTINGS,
    roles=[
        gives("Viewer", "View"),
        gives("Editor", "Edit"),
        gives("All", "Highest", to="*"),
        gives("Wide", "View", to="*"),
        {"name": "Mixed", "access": [{"module": "*", "level": "Highest"}, {"module": "Jobs", "level": "None"}]},
        gives("Custom", "Edit", customizable=True),
        {"name": "Wide custom", "customizable": True, "access": [{"module": "*", "level": "Highest"}]},
    ],
    groups=[gives("Readers", "View"), gives("Writers", "Edit")],
)


def rule(type_: str, name: str, *operations: str) -> ProjectRule:
    return ProjectRule(type=type_, names=(name,), operations=operations)
