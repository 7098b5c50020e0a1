"""A person's own profile and preferences (MM-11, TT-08, NR-20)."""

from typing import Any

import pytest

from tenantry.domain.observed import Observed
from tenantry.services.passwords import hash_password
from tests.runtime_api.api import Answer, Api
from tests.support.builders import pool, user, workgroup
from tests.support.edits import edited

PASSWORD = "correct horse"
OWN = {"profile": {"selfService": ["name", "phoneNumbers", "emails", "preferences"], "required": ["name.givenName"]}}
LANGUAGE = {"preferences": [{"name": "language", "values": ["en", "de", "fr"], "default": "en"}]}


class Self:
    """A person who is logged in."""

    def __init__(self, api: Api, policy: dict[str, Any], **fields: Any) -> None:
        self.api = api
        self.ada: Observed[Any] = user("ada", spec={"name": {"givenName": "Ada"}, **fields})
        api.tenant.apply(pool(static=1), workgroup(spec=policy), self.ada)
        api.give_password("ada", hash_password(PASSWORD))
        api.tenant.settle()
        self.headers = {"Tenantry-Session": api.log_in("ada", PASSWORD).body["token"]}

    def get(self, what: str) -> Any:
        return self.api.call("GET", f"account/{what}", headers=self.headers).body

    def patch(self, what: str, **changes: Any) -> Answer:
        found = self.api.call("PATCH", f"account/{what}", {what: changes}, headers=self.headers)
        self.api.tenant.settle()
        return found


def test_mm_11_a_person_changes_what_is_theirs_and_the_spec_does_not_change_it_back(api: Api) -> None:
    me = Self(api, OWN)
    assert me.get("profile")["ownFields"] == ["emails", "name", "phoneNumbers"]
    assert me.patch("profile", name={"givenName": "Augusta"}).status == 200
    api.tenant.apply(later := edited(me.ada, comment="later"))
    assert me.get("profile")["profile"]["name"] == {"givenName": "Augusta"}
    assert (api.tenant.condition(later, "ProfileInSync") or {})["reason"] == "ProfileKept"
    assert api.tenant.is_ready(later)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"organization": "Elsewhere"}, "NotSelfService"),
        ({"userName": "eve"}, "NotSelfService"),
        ({"workgroups": []}, "NotSelfService"),
        ({"name": None}, "ProfileIncomplete"),
        ({"name": "Ada"}, "InvalidRequest"),
        ({"emails": [{"value": "no address"}]}, "InvalidRequest"),
        (
            {"emails": [{"value": "a@a.example", "primary": True}, {"value": "b@a.example", "primary": True}]},
            "InvalidRequest",
        ),
    ],
)
def test_what_is_wrong_with_a_change_is_told_and_nothing_changes(
    api: Api, changes: dict[str, Any], reason: str
) -> None:
    me = Self(api, OWN)
    before = me.get("profile")
    assert me.patch("profile", **changes).reason == reason
    assert me.get("profile") == before


def test_null_takes_a_field_away(api: Api) -> None:
    me = Self(api, OWN, phoneNumbers=[{"type": "mobile", "value": "+1 413 555 0101"}])
    me.patch("profile", phoneNumbers=None)
    assert "phoneNumbers" not in me.get("profile")["profile"]


def test_tt_08_a_person_chooses_preferences_from_the_values_that_are_offered(api: Api) -> None:
    me = Self(api, OWN | LANGUAGE, preferences=[{"name": "language", "value": "de"}])
    assert me.get("preferences") == {
        "preferences": {"language": "de"},
        "choices": {"language": ["en", "de", "fr"]},
        "own": True,
    }
    assert me.patch("preferences", language="tlh").reason == "PreferenceInvalid"
    assert me.patch("preferences", color="red").reason == "PreferenceNotFound"
    assert me.patch("preferences", language="fr").body["preferences"] == {"language": "fr"}
    api.tenant.apply(later := edited(me.ada, comment="later"))
    assert me.get("preferences")["preferences"] == {"language": "fr"}
    assert api.tenant.status(later)["preferences"] == [{"name": "language", "value": "fr"}]


def test_preferences_that_the_policy_keeps_are_not_the_persons(api: Api) -> None:
    me = Self(api, LANGUAGE)
    assert me.patch("preferences", language="fr").reason == "NotSelfService"


def test_nr_20_nobody_edits_text_beyond_ascii_through_a_workgroup_that_is_not_in_utf_8(api: Api) -> None:
    me = Self(api, OWN | {"characterSet": "ISO-8859-1"}, displayName="Ada Żuraw")
    assert me.patch("profile", name={"givenName": "Augusta"}).reason == "CharacterSet"


def test_without_a_session_nobody_sees_a_profile(api: Api) -> None:
    me = Self(api, OWN)
    me.headers = {"Tenantry-Session": "tns_none"}
    assert me.api.call("GET", "account/profile", headers=me.headers).reason == "NotLoggedIn"
