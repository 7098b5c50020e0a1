"""What holds for any scopes and any profile (P5, P12), by domain functions alone."""

from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tenantry.domain.access import Decision
from tenantry.domain.account import Onboarding
from tenantry.domain.user_profile import plan_profile, profile_of, with_defaults
from tenantry.specs import UserSpec, WorkgroupSpec
from tests.support.access import GRANTED, NONE, VIEW, account, ask, gives, member, module, policy, told
from tests.support.builders import START

QUIET = settings(
    derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300
)
VALUES = ["north", "south"]
SCOPES = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["calendars", "vehicles"]),
            "values": st.lists(st.sampled_from(VALUES), unique=True),
            "allowAll": st.booleans(),
        },
        optional={"module": st.just("Jobs")},
    ),
    unique_by=lambda scope: scope["name"],
)
HELD = st.dictionaries(
    st.sampled_from(["calendars", "vehicles"]), st.lists(st.sampled_from([*VALUES, "*"]), min_size=1, unique=True)
)
ASKED = st.dictionaries(st.sampled_from(["calendars", "vehicles", "color"]), st.sampled_from(VALUES))


def _ask(scopes: list[dict[str, Any]], held: dict[str, list[str]], asked: dict[str, str]) -> Decision:
    desk = policy(module("Jobs", NONE, VIEW), scopes=scopes, groups=[gives("Users", "View")])
    return ask(
        member(None, "Users", scopes=tuple((k, tuple(v)) for k, v in held.items())), desk, "job:read", scopes=asked
    )


@QUIET
@given(SCOPES, HELD, ASKED)
def test_it_07_what_is_reached_was_given_in_each_scope(
    scopes: list[dict[str, Any]], held: dict[str, list[str]], asked: dict[str, str]
) -> None:
    assume(told(_ask(scopes, held, asked)) == GRANTED)
    bounds = {scope["name"] for scope in scopes} | held.keys()
    assert all({value, "*"} & set(held.get(name, ())) for name, value in asked.items() if name in bounds)


@QUIET
@given(st.data(), SCOPES, HELD, ASKED)
def test_it_07_who_is_bound_by_a_scope_reaches_nothing_more_when_it_or_a_value_goes(
    data: st.DataObject, scopes: list[dict[str, Any]], held: dict[str, list[str]], asked: dict[str, str]
) -> None:
    fewer = [
        scope | {"values": [value for value in scope["values"] if data.draw(st.booleans())]}
        for scope in scopes
        if scope["name"] not in held or data.draw(st.booleans())
    ]
    assert told(_ask(scopes, held, asked)) == GRANTED or told(_ask(fewer, held, asked)) != GRANTED


ADDRESSES = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["work", "home"])},
        optional={"streetAddress": st.sampled_from(["1 Main St", "2 High St"]), "locality": st.sampled_from(["Salem"])},
    ),
    max_size=2,
    unique_by=lambda address: address["type"],
)
NOBODY = {"userName": "ada", "workgroups": [{"workgroupRef": "desk"}]}
PEOPLE = st.fixed_dictionaries(
    {name: st.just(value) for name, value in NOBODY.items()},
    optional={
        "displayName": st.sampled_from(["One", "Two"]),
        "timezone": st.sampled_from(["Europe/Vienna", "Europe/Rome"]),
        "addresses": ADDRESSES,
    },
).map(UserSpec.model_validate)
PROFILES = st.fixed_dictionaries(
    {"selfService": st.lists(st.sampled_from(["displayName", "timezone", "addresses"]), unique=True)},
    optional={
        "defaults": st.fixed_dictionaries(
            {},
            optional={
                "timezone": st.just("Europe/Rome"),
                "address": st.just({"locality": "Boston"}),
            },
        )
    },
).map(lambda profile: WorkgroupSpec.model_validate({"profile": profile}))


@QUIET
@given(PEOPLE, PEOPLE, PROFILES, PROFILES)
def test_mm_11_what_is_the_persons_own_stays_and_the_rest_follows_the_spec(
    first: UserSpec, second: UserSpec, before: WorkgroupSpec, after: WorkgroupSpec
) -> None:
    """To take over what is in force into the spec ends what is told of a difference, and changes nothing."""
    own = profile_of(with_defaults(first, [before]))
    ada = account(member(), profile=own, onboarding=Onboarding(joined=START))
    found = plan_profile(second, [after], ada)
    wanted = profile_of(with_defaults(second, [after]))
    fields = after.profile.self_service
    assert found.values == {k: v for k, v in wanted.items() if k not in fields} | {
        k: v for k, v in own.items() if k in fields
    }
    assert set(found.kept) <= {str(field) for field in fields} & profile_of(second).keys()
    in_line = plan_profile(UserSpec.model_validate(NOBODY | found.values), [after], ada)
    assert (in_line.values, in_line.kept) == (found.values, [])


@QUIET
@given(PEOPLE, PROFILES, PROFILES)
def test_it_04_other_defaults_are_no_difference_between_spec_and_person(
    spec: UserSpec, before: WorkgroupSpec, after: WorkgroupSpec
) -> None:
    ada = account(member(), profile=profile_of(with_defaults(spec, [before])), onboarding=Onboarding(joined=START))
    assert plan_profile(spec, [after], ada).kept == []
