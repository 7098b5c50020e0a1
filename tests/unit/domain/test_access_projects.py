"""Effective access by projects, under ceilings, and the chain that tells of it (design §2, decision 9)."""

from dataclasses import replace
from typing import Any

import pytest

from tenantry.domain.access import ProjectPart, Question, Resource, decide
from tenantry.domain.reason import Reason
from tests.support.access import (
    GRANTED,
    HOUSE,
    READER,
    TOO_LOW,
    account,
    ask,
    gives,
    member,
    module,
    policy,
    rule,
    told,
)
from tests.support.builders import START

# ------------------------------------------------------------------ projects


def shares(name: str, *names: str) -> dict[str, Any]:
    return {"name": name, "resources": [{"type": "device", "names": names, "operations": ["read", "write"]}]}


PLANT = policy(
    module("Devices", {"name": "Own", "ownOnly": True, "actions": ["device:read"]}),
    projects=[shares("a", "d1", "d2"), shares("b", "d1", "d3")],
    roles=[{"name": "Guest", "ceiling": ["device:read"]}, {"name": "Nobody", "ceiling": []}, {"name": "Admin"}],
)
READ_ALL, WRITE_ALL = rule("device", "*", "read"), rule("device", "*", "read", "write")
A, B = ProjectPart("a", (READ_ALL,), ()), ProjectPart("b", (WRITE_ALL,), ())
PROJECTS = [
    pytest.param([], "device:read", "d1", Reason.NOT_THE_OWNER, id="th-01: no project, nothing of others"),
    pytest.param([A], "device:read", "d1", Reason.GRANTED_BY_PROJECT, id="what a project shares"),
    pytest.param([A], "device:read", "d3", Reason.NOT_THE_OWNER, id="th-13: * is not what another project shares"),
    pytest.param([A], "device:read", "d9", Reason.NOT_THE_OWNER, id="th-13: nor what none shares"),
    pytest.param([A], "device:write", "d1", Reason.ACTION_NOT_GRANTED, id="what is not allowed is denied"),
    pytest.param([A, B], "device:write", "d1", Reason.GRANTED_BY_PROJECT, id="of several the union"),
    pytest.param([A, B], "device:read", "d3", Reason.GRANTED_BY_PROJECT, id="whichever of them"),
    pytest.param([A, B], "bucket:read", "d1", Reason.ACTION_NOT_GRANTED, id="by type"),
    pytest.param(
        [A, replace(A, allow=(), deny=(rule("device", "d1", "read"),))],
        *("device:read", "d1", Reason.DENIED_BY_PROJECT),
        id="a deny wins, also of another ProjectMember",
    ),
    pytest.param(
        [replace(A, deny=(rule("device", "d1", "write"),)), B],
        *("device:write", "d1", Reason.DENIED_BY_PROJECT),
        id="also over another project's allow",
    ),
    pytest.param(
        [replace(A, deny=(WRITE_ALL,)), B],
        *("device:write", "d3", Reason.GRANTED_BY_PROJECT),
        id="but not over what its own project does not share",
    ),
    pytest.param(
        [replace(A, deny=(rule("device", "d1", "write"),))],
        *("device:read", "d1", Reason.GRANTED_BY_PROJECT),
        id="a deny is of its operations",
    ),
    pytest.param([replace(A, project="gone")], "device:read", "d1", Reason.NOT_THE_OWNER, id="a project that is gone"),
]


@pytest.mark.parametrize(("parts", "word", "name", "reason"), PROJECTS)
def test_th_12_projects_allow_minus_deny(parts: list[ProjectPart], word: str, name: str, reason: Reason) -> None:
    decision = ask(member("Admin"), PLANT, word, *parts, name=name)
    assert told(decision) == (reason is Reason.GRANTED_BY_PROJECT, reason)


def test_th_12_a_deny_does_not_beat_module_access_or_ownership() -> None:
    denied = ProjectPart("a", (), (WRITE_ALL,))
    assert told(ask(member("Admin"), PLANT, "device:read", denied, name="d1", owners=frozenset({"ada"}))) == GRANTED
    by = policy(module("Devices", {"name": "All", "actions": ["device:read"]}), projects=[shares("a", "d1")])
    assert told(ask(member(), by, "device:read", denied, name="d1")) == GRANTED


# ------------------------------------------------------------------ the ceiling

CEILINGS = [
    pytest.param(None, True, id="absent: uncapped"),
    pytest.param([], False, id="empty: nothing"),
    pytest.param(["job:update"], True, id="the action itself"),
    pytest.param(["job:read", "*:update"], True, id="of any type"),
    pytest.param(["job:*"], True, id="any operation"),
    pytest.param(["*:*"], True, id="everything"),
    pytest.param(["job:read", "page:*"], False, id="others"),
]


@pytest.mark.parametrize(("ceiling", "below"), CEILINGS)
def test_nr_05_no_group_lifts_the_ceiling_of_the_role(ceiling: list[str] | None, below: bool) -> None:  # noqa: FBT001
    role = {"name": "Restricted"} | ({} if ceiling is None else {"ceiling": ceiling})
    by = policy(roles=[role], groups=[gives("Editors", "Edit")])
    decision = ask(member("Restricted", "Editors"), by, "job:update")
    assert told(decision) == (GRANTED if below else (False, Reason.ABOVE_CEILING))


def test_nr_05_a_ceiling_gives_nothing() -> None:
    by = policy(roles=[{"name": "Restricted", "ceiling": ["*:*"]}])
    assert told(ask(member("Restricted"), by, "job:read")) == TOO_LOW


def test_nr_05_the_ceiling_stays_down_when_the_role_is_gone() -> None:
    by = policy(groups=[gives("Editors", "Edit")])
    decision = ask(member("Restricted", "Editors"), by, "job:update")
    assert told(decision) == (False, Reason.ABOVE_CEILING)
    assert 'role "Restricted" is not defined any more' in decision.deciding.text


@pytest.mark.parametrize(
    ("role", "word", "allowed"), [("Guest", "read", True), ("Guest", "write", False), ("Nobody", "read", False)]
)
def test_th_10_the_ceiling_caps_what_a_project_allows_and_what_is_owned(role: str, word: str, allowed: bool) -> None:  # noqa: FBT001
    assert ask(member(role), PLANT, f"device:{word}", B, name="d1").allowed is allowed
    owned = ask(member(role), PLANT, "device:read", name="d9", owners=frozenset({"ada"}))
    assert owned.allowed is (role == "Guest")


# ------------------------------------------------------------------ the chain that is told


def test_the_chain_ends_with_the_first_rule_of_the_gate_that_fails_else_with_the_last_one_asked() -> None:
    chains = [
        (ask(None, PLANT, "device:read"), ["state"], "state"),
        (ask(READER, None, "device:read"), ["state", "membership"], "membership"),
        (ask(member("Guest"), PLANT, "device:read"), ["state", "membership", "level", "ownership"], "ownership"),
        (
            ask(member("Guest"), PLANT, "device:read", A, name="d1"),
            ["state", "membership", "level", "ownership", "project", "ceiling"],
            "project",
        ),
        (
            ask(member("Admin"), PLANT, "device:read", A, name="d9"),
            ["state", "membership", "level", "ownership", "project"],
            "ownership",
        ),
        (
            ask(member("Guest"), PLANT, "device:write", B, name="d1"),
            ["state", "membership", "level", "project", "ceiling"],
            "ceiling",
        ),
    ]
    for decision, rules, deciding in chains:
        assert [step.rule for step in decision.steps] == rules
        assert decision.deciding.rule == deciding
        assert decision.deciding.passed is decision.allowed


def test_the_chain_tells_where_the_level_comes_from_and_which_would_do() -> None:
    decision = ask(member("Viewer"), HOUSE, "job:update")
    assert decision.deciding.text == 'module "Jobs": level "View" by role "Viewer"; job:update needs "Edit"'


@pytest.mark.parametrize("type_", ["job:x", "", "*"])
def test_a_type_that_is_no_word_is_denied(type_: str) -> None:
    by = policy(roles=[gives("All", "Highest", to="*", ceiling=["*:*"])])
    asked = Question("desk", "read", Resource(type_, "j1"))
    assert told(decide(account(member("All")), asked, by, (), START)) == (False, Reason.ACTION_NOT_GRANTED)
