"""Effective access, rule by rule (design §2, decision 9)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tenantry.domain.access import ProjectPart
from tenantry.domain.account import Account, Manager, Member, Onboarding, Password, Tombstone
from tenantry.domain.reason import Reason
from tenantry.specs import WorkgroupSpec
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_deletion import DeletionMode
from tenantry.specs.workgroup_login import OnboardingMode
from tests.support.access import (
    BOTH,
    GRANTED,
    HOUSE,
    JOBS,
    NONE,
    READER,
    READERS,
    SETTINGS,
    VIEW,
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

# ------------------------------------------------------------------ the gate

TOMORROW = START + timedelta(days=1)
SHUT = {
    "no account": None,
    "switched off": account(READER, active=False),
    "invited": account(READER, onboarding=Onboarding(OnboardingMode.INVITATION, expires=TOMORROW)),
    "invitation expired": account(READER, onboarding=Onboarding(OnboardingMode.INVITATION, expires=START)),
    "unverified": account(READER, onboarding=Onboarding(must_verify=True)),
    "password expired": account(READER, password=Password("hash", START, expires=START)),
    "waiting": account(),
    "deleted": account(READER, tombstone=Tombstone(START, DeletionMode.RESTORABLE)),
    "a system user without log-in": account(READER, manager=Manager.SYSTEM, can_log_in=False),
}


@pytest.mark.parametrize("who", SHUT.values(), ids=SHUT)
def test_only_an_account_that_is_active_and_can_log_in_gets_past_the_gate(who: Account | None) -> None:
    decision = ask(who, READERS, "job:read")
    assert told(decision) == (False, Reason.ACCOUNT_NOT_ACTIVE)
    assert [step.rule for step in decision.steps] == ["state"]


def test_nr_08_who_has_no_license_where_licenses_are_sold_is_shut_out_for_that() -> None:
    decision = ask(account(READER, can_log_in=False), READERS, "job:read")
    assert told(decision) == (False, Reason.LICENSE_MISSING)
    assert decision.deciding.rule == "license"
    switched_off = account(READER, can_log_in=False, active=False)
    assert told(ask(switched_off, READERS, "job:read")) == (False, Reason.ACCOUNT_NOT_ACTIVE)


def test_an_active_member_gets_past_the_gate() -> None:
    assert told(ask(READER, READERS, "job:read")) == GRANTED


def test_nr_24_available_is_not_a_member_yet() -> None:
    available = replace(READER, kind=MembershipKind.AVAILABLE, groups=())
    everybody = policy(module("Jobs", VIEW))
    assert told(ask(available, everybody, "job:read")) == (False, Reason.NOT_A_MEMBER)
    assert told(ask(replace(available, kind=MembershipKind.MEMBER), everybody, "job:read")) == GRANTED


def test_nr_01_a_member_of_another_workgroup_only_has_no_access_here() -> None:
    assert told(ask(replace(READER, workgroup="other"), READERS, "job:read")) == (False, Reason.NOT_A_MEMBER)


def test_a_workgroup_that_is_not_there_gives_nothing() -> None:
    assert told(ask(READER, None, "job:read")) == (False, Reason.NOT_A_MEMBER)


# ------------------------------------------------------------------ levels

LEVELS = [
    pytest.param(member(), "None", id="nothing: the first level"),
    pytest.param(member("Viewer"), "View", id="the role"),
    pytest.param(member(None, "Readers"), "View", id="a group"),
    pytest.param(member("Viewer", "Writers"), "Edit", id="the group, higher than the role"),
    pytest.param(member("Editor", "Readers"), "Edit", id="the role, higher than the group"),
    pytest.param(member(None, "Readers", "Writers"), "Edit", id="the higher of two groups"),
    pytest.param(member("All"), "Edit", id="Highest is the last level"),
    pytest.param(member("Mixed"), "None", id="a specific entry beats *, also downwards"),
    pytest.param(member("Custom"), "Edit", id="a customizable role without own entries"),
    pytest.param(member("Custom", access=(("Jobs", "View"),)), "View", id="the own entry replaces the role's"),
    pytest.param(
        member("Custom", access=(("Settings", "View"),)), "Edit", id="the own entry of another module does not"
    ),
    pytest.param(member("Custom", access=(("*", "View"),)), "View", id="own * replaces the role's"),
    pytest.param(member("Custom", access=(("*", "Highest"), ("Jobs", "None"))), "None", id="own specific beats own *"),
    pytest.param(member("Wide custom", access=(("Jobs", "View"),)), "View", id="the own entry replaces the role's *"),
    pytest.param(member("Custom", "Writers", access=(("Jobs", "View"),)), "Edit", id="a group raises an own entry"),
    pytest.param(member("Viewer", access=(("Jobs", "Edit"),)), "View", id="it-09: no own entries with any other role"),
    pytest.param(member(None, access=(("Jobs", "Edit"),)), "None", id="it-09: nor without a role"),
    pytest.param(member(None, "Gone", "Readers"), "View", id="a group that is gone gives nothing"),
    pytest.param(member("Custom", access=(("Jobs", "Gone"),)), "None", id="an own level that is gone gives nothing"),
    pytest.param(
        member("Wide custom", access=(("*", "Gone"),)), "Edit", id="own * reaches no module without the level"
    ),
]


@pytest.mark.parametrize(("who", "level"), LEVELS)
def test_the_level_in_a_module_is_the_higher_of_groups_and_role(who: Member, level: str) -> None:
    expected = {"None": (False, False), "View": (True, False), "Edit": (True, True)}[level]
    assert (ask(who, HOUSE, "job:read").allowed, ask(who, HOUSE, "job:update").allowed) == expected


def test_it_03_every_module_is_reached_that_has_the_level() -> None:
    switch = module("Import", {"name": "Off"}, {"name": "On", "actions": ["import:start"]})
    by = policy(JOBS, SETTINGS, switch, roles=[gives("Viewer", "View", to="*"), gives("Boss", "Highest", to="*")])
    viewer, boss = member("Viewer"), member("Boss")
    assert [ask(viewer, by, word).allowed for word in ("job:read", "page:read", "import:start")] == [True, True, False]
    assert [ask(boss, by, word).allowed for word in ("job:read", "page:read", "import:start")] == [True, True, True]


def test_tt_11_a_new_user_has_no_rights_and_an_administrator_all() -> None:
    by = policy(
        JOBS, SETTINGS, roles=[{"name": "User", "customizable": True}, gives("Administrator", "Highest", to="*")]
    )
    words = ("job:read", "job:update", "page:read")
    assert not any(ask(member("User"), by, word).allowed for word in words)
    assert all(ask(member("Administrator"), by, word).allowed for word in words)


def test_an_action_that_no_module_lists_is_denied_to_everybody() -> None:
    assert told(ask(member("All"), HOUSE, "job:fly")) == (False, Reason.ACTION_NOT_GRANTED)


def test_it_14_an_action_that_two_modules_list_needs_both() -> None:
    inventory = module("Inventory", NONE, {"name": "View", "actions": ["inventory:read", "inventory-settings:read"]})
    settings = module("Settings", NONE, {"name": "View", "actions": ["page:read", "inventory-settings:read"]})
    by = policy(inventory, settings, groups=[gives("I", "View", to="Inventory"), gives("S", "View", to="Settings")])
    allowed = {
        groups: [ask(member(None, *groups), by, f"{what}:read").allowed for what in ("inventory", "page", BOTH)]
        for groups in [(), ("I",), ("S",), ("I", "S")]
    }
    assert allowed == {
        (): [False, False, False],
        ("I",): [True, False, False],
        ("S",): [False, True, False],
        ("I", "S"): [True, True, True],
    }


def test_mm_07_actions_of_a_lower_level_stay_with_a_higher_one() -> None:
    by = policy(
        module(
            "Reports",
            VIEW,
            {"name": "Own", "ownOnly": True, "actions": ["job:delete"]},
            {"name": "Any", "actions": ["job:delete"]},
        ),
        roles=[gives("Manager", "Own", to="Reports"), gives("IT Admin", "Any", to="Reports")],
    )
    assert ask(member("IT Admin"), by, "job:read").allowed
    assert told(ask(member("Manager"), by, "job:delete", owners=frozenset({"bob"}))) == (False, Reason.NOT_THE_OWNER)
    assert ask(member("Manager"), by, "job:delete", owners=frozenset({"ada"})).allowed
    assert ask(member("IT Admin"), by, "job:delete", owners=frozenset({"bob"})).allowed


# ------------------------------------------------------------------ ownership

OWN = policy(module("Missions", {"name": "Own", "ownOnly": True, "actions": ["job:read"]}))
OWNERS = [
    pytest.param({"ada"}, True, id="by login"),
    pytest.param({"ADA"}, True, id="by login, whatever its case"),
    pytest.param({"id-ada"}, True, id="by account id"),
    pytest.param({"bob", "Ada"}, True, id="one of several"),
    pytest.param({"bob"}, False, id="another"),
    pytest.param({"ID-ADA"}, False, id="an account id in another case is another text"),
    pytest.param(set(), False, id="missing"),
]


@pytest.mark.parametrize(("owners", "own"), OWNERS)
def test_tt_13_a_level_that_is_own_only_reaches_what_the_account_owns(owners: set[str], own: bool) -> None:  # noqa: FBT001
    decision = ask(member(), OWN, "job:read", owners=frozenset(owners))
    assert told(decision) == (GRANTED if own else (False, Reason.NOT_THE_OWNER))
    assert decision.deciding.rule == "ownership"


# ------------------------------------------------------------------ scopes

FIELD = policy(
    module("Scheduling", NONE, VIEW),
    scopes=[
        {"name": "calendars", "values": ["north", "south"], "module": "Scheduling"},
        {"name": "vehicles", "values": ["v1"], "allowAll": True},
    ],
    groups=[gives("Planners", "View", to="Scheduling")],
    projects=[{"name": "p", "resources": [{"type": "job", "names": ["j1"], "operations": ["read"]}]}],
)
SCOPES = [
    pytest.param({"calendars": "north"}, True, id="a value that was given"),
    pytest.param({"calendars": "south"}, False, id="another value"),
    pytest.param({"calendars": "north", "vehicles": "v9"}, True, id="* is every value, those to come too"),
    pytest.param({"calendars": "south", "vehicles": "v1"}, False, id="each scope counts"),
    pytest.param({"calendars": "east"}, False, id="a value that is defined no more"),
    pytest.param({"color": "red"}, True, id="what is no scope is no matter"),
    pytest.param({}, True, id="a resource of no scope"),
]
GIVEN = (("calendars", ("north", "east")), ("vehicles", ("*",)))


@pytest.mark.parametrize(("scopes", "inside"), SCOPES)
def test_it_07_a_resource_is_reached_in_the_scopes_that_were_given(scopes: dict[str, str], inside: bool) -> None:  # noqa: FBT001
    decision = ask(member(None, "Planners", scopes=GIVEN), FIELD, "job:read", scopes=scopes)
    assert told(decision) == (GRANTED if inside else (False, Reason.OUT_OF_SCOPE))


def test_it_07_values_go_with_access_to_their_module() -> None:
    part = ProjectPart("p", allow=(rule("job", "j1", "read"),), deny=())
    decision = ask(member(scopes=GIVEN), FIELD, "job:read", part, scopes={"calendars": "north"})
    assert told(decision) == (False, Reason.OUT_OF_SCOPE)


def test_all_values_of_a_scope_that_no_longer_allows_it_are_none() -> None:
    decision = ask(
        member(None, "Planners", scopes=(("calendars", ("*",)),)), FIELD, "job:read", scopes={"calendars": "north"}
    )
    assert told(decision) == (False, Reason.OUT_OF_SCOPE)


@pytest.mark.parametrize("value", ["south", "north"], ids=["closed before", "given before"])
def test_a_scope_that_is_defined_no_more_opens_nothing_to_whom_it_bound(value: str) -> None:
    bare = WorkgroupSpec.model_validate(FIELD.model_dump(exclude={"scopes"}))
    decision = ask(member(None, "Planners", scopes=GIVEN), bare, "job:read", scopes={"calendars": value})
    assert told(decision) == (False, Reason.OUT_OF_SCOPE)
    assert decision.deciding.text == f'calendars "{value}" is not one of those given: none'
    assert told(ask(member(None, "Planners"), bare, "job:read", scopes={"calendars": value})) == GRANTED
