"""Who may do what to whose account."""

from typing import Any

import pytest

from tenantry.domain.account import Account, Manager, Member
from tenantry.domain.administration import Actor, Target, actor_of, check, check_system_user, grants_of
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.specs import WorkgroupSpec
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_capability import Capability
from tests.support.builders import START

EDIT, CREATE, LOCK = Capability.EDIT_USERS, Capability.CREATE_USERS, Capability.LOCK_USERS


def can(*names: Capability, **more: Any) -> list[dict[str, Any]]:
    return [{"name": name.value, **more} for name in names]


LEVELS = [
    {"name": "None"},
    {"name": "View", "capabilities": can(Capability.VIEW_USERS)},
    {"name": "Manage", "capabilities": can(EDIT)},
]
POLICY = WorkgroupSpec.model_validate(
    {
        "modules": [{"name": "people", "levels": LEVELS}],
        "roles": [
            {"name": "Chief", "access": [{"module": "people", "level": "Highest"}], "capabilities": can(LOCK)},
            {"name": "Clerk", "access": [{"module": "people", "level": "Manage"}]},
            {"name": "Plain"},
            {"name": "Capped", "ceiling": ["a:b"], "capabilities": can(LOCK)},
            {"name": "Own", "customizable": True},
        ],
        "groups": [
            {"name": "Keepers", "capabilities": can(EDIT)},
            {"name": "Near", "capabilities": can(EDIT, reach="SingleWorkgroup")},
            {"name": "Inside", "capabilities": can(EDIT, reach="SystemUsers")},
            {"name": "Makers", "capabilities": can(CREATE, roles=["Chief", "Plain"])},
            {"name": "Readers"},
        ],
        "systemUsers": [{"userName": "Admin", "profile": "Editable"}, {"userName": "TBD"}],
    }
)


def member(role: str | None = None, *groups: str, **more: Any) -> Member:
    return Member("desk", START, role=role, groups=groups, **more)


def account(*members: Member, **more: Any) -> Account:
    known: dict[str, Any] = {"manager": Manager.KUBERNETES, "created": START, "provisioned": True}
    return Account("id-ada", "ada", "ada", members=members, **known | more)


def actor(who: Member) -> Actor:
    found = actor_of(account(who), "desk", {"desk": POLICY}, START)
    assert isinstance(found, Actor)
    return found


def target(who: Member | None = None, *others: str, system: str = "") -> Target:
    if system:
        return Target(account(scope="desk"), frozenset({"desk"}), who)
    who = who or member()
    return Target(account(who), frozenset({"desk", *others}), who)


def reason(refusal: Refusal | None) -> Reason | None:
    return refusal.reason if refusal is not None else None


@pytest.mark.parametrize(
    ("who", "found"),
    [
        pytest.param(member(), set(), id="nothing"),
        pytest.param(member("Chief"), {"LockUsers", "ViewUsers", "EditUsers"}, id="a higher level includes the lower"),
        pytest.param(member(None, "Keepers", "Makers"), {"EditUsers", "CreateUsers"}, id="groups"),
        pytest.param(member("Capped", "Keepers"), {"LockUsers"}, id="a ceiling lets pass what its role says alone"),
        pytest.param(member("Gone", "Keepers"), set(), id="a role that is gone"),
        pytest.param(member("Plain", "Gone"), set(), id="a group that is gone"),
        pytest.param(member("Plain", access=(("people", "Manage"),)), set(), id="levels that the role does not take"),
        pytest.param(member("Own", access=(("people", "View"),)), {"ViewUsers"}, id="levels of one's own"),
    ],
)
def test_what_a_person_may_do_comes_from_levels_role_and_groups(who: Member, found: set[str]) -> None:
    assert {grant.name.value for grant in grants_of(who, POLICY)} == found


@pytest.mark.parametrize(
    ("groups", "others", "system", "found"),
    [
        (("Keepers",), ("sales",), "", None),
        (("Keepers",), (), "Admin", None),
        (("Near",), (), "", None),
        (("Near",), ("sales",), "", Reason.OUT_OF_REACH),
        (("Near",), (), "Admin", Reason.OUT_OF_REACH),
        (("Inside",), (), "Admin", None),
        (("Inside",), (), "", Reason.OUT_OF_REACH),
        (("Inside", "Near"), (), "", None),
        (("Readers",), (), "", Reason.CAPABILITY_MISSING),
    ],
)
def test_nr_19_a_capability_reaches_as_far_as_its_grant(
    groups: tuple[str, ...], others: tuple[str, ...], system: str, found: Reason | None
) -> None:
    assert reason(check(actor(member(None, *groups)), EDIT, target(None, *others, system=system))) is found


@pytest.mark.parametrize(
    ("who", "capability", "present", "asked", "found"),
    [
        pytest.param(member(None, "Keepers"), EDIT, member("Plain"), (), None, id="who has less"),
        pytest.param(member("Clerk"), EDIT, member("Clerk"), (), None, id="who has as much"),
        pytest.param(member("Clerk"), EDIT, member("Chief"), (), Reason.ROLE_NOT_GRANTABLE, id="who has more"),
        pytest.param(
            member("Clerk"), EDIT, member("Plain"), (member("Chief"),), Reason.ROLE_NOT_GRANTABLE, id="gives more"
        ),
        pytest.param(
            member("Clerk"), EDIT, None, (member(None, "Makers"),), Reason.ROLE_NOT_GRANTABLE, id="a group gives more"
        ),
        pytest.param(member(None, "Makers"), CREATE, None, (member("Chief"),), None, id="a role that is named"),
        pytest.param(
            member(None, "Makers"), CREATE, None, (member("Clerk"),), Reason.ROLE_NOT_GRANTABLE, id="one that is not"
        ),
        pytest.param(
            member(None, "Makers"),
            CREATE,
            None,
            (member("Plain", "Keepers"),),
            Reason.ROLE_NOT_GRANTABLE,
            id="a group beside a role that is named",
        ),
        pytest.param(member(None, "Makers"), CREATE, None, (member("Plain", "Makers"),), None, id="the own group"),
        pytest.param(
            member(None, "Near"),
            EDIT,
            None,
            (member(None, "Keepers"),),
            Reason.ROLE_NOT_GRANTABLE,
            id="more reach than one's own",
        ),
        pytest.param(
            member("Clerk"),
            EDIT,
            member("Own", access=(("people", "Manage"),)),
            (),
            None,
            id="levels of its own that the actor has too",
        ),
    ],
)
def test_nobody_gives_away_or_acts_on_more_than_the_person_has(
    who: Member, capability: Capability, present: Member | None, asked: tuple[Member, ...], found: Reason | None
) -> None:
    on = target(present) if present is not None else None
    assert reason(check(actor(who), capability, on, asked)) is found


@pytest.mark.parametrize(
    ("who", "found"),
    [
        pytest.param(account(), Reason.NOT_A_MEMBER, id="no member"),
        pytest.param(account(member(kind=MembershipKind.AVAILABLE)), Reason.NOT_A_MEMBER, id="available"),
        pytest.param(account(member(), active=False), Reason.ACCOUNT_NOT_ACTIVE, id="switched off"),
        pytest.param(account(member(), locked=START), Reason.ACCOUNT_NOT_ACTIVE, id="locked"),
        pytest.param(account(member(), can_log_in=False), Reason.ACCOUNT_NOT_ACTIVE, id="without a license"),
    ],
)
def test_who_is_out_of_use_does_nothing_to_anybody(who: Account, found: Reason) -> None:
    refusal = actor_of(who, "desk", {"desk": POLICY}, START)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is found


@pytest.mark.parametrize(
    ("login", "editable", "fixed"), [("Admin", True, False), ("Admin", False, True), ("TBD", True, True)]
)
def test_nr_07_of_system_users_only_an_editable_profile_is_changed(login: str, *, editable: bool, fixed: bool) -> None:
    system = Target(Account("s", login, login.lower(), Manager.SYSTEM, START, scope="desk"), frozenset({"desk"}), None)
    assert (check_system_user(system, POLICY, editable=editable) is not None) is fixed
