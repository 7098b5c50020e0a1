"""Only those who chose a notification are told of its events (IT-05, IT-08)."""

from typing import Any

import pytest

from tests.runtime_api.api import Api
from tests.support.builders import user, workgroup
from tests.support.edits import edited

POLICY = {"notifications": [{"name": "Job"}, {"name": "Jobs"}], "textAlerts": {"carriers": ["Verizon"]}}
MOBILE = {
    "phoneNumbers": [{"type": "work", "value": "+1 202 555 0100"}, {"type": "mobile", "value": "+1 202 555 0101"}]
}


def member(name: str, *notifications: str, **spec: Any) -> Any:
    entry = {"workgroupRef": "tracker", "notifications": list(notifications)}
    return user(name, license=None, in_=[entry], spec=spec)


def ask(api: Api, notification: str = "Job", **query: str | int) -> Any:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    answer = api.call("GET", f"recipients?workgroup=tracker&notification={notification}{more}")
    assert answer.status == 200, answer.text
    return answer.body


def logins(api: Api, notification: str = "Job") -> list[str]:
    return [each["userName"] for each in ask(api, notification)["recipients"]]


@pytest.fixture
def office(api: Api) -> Api:
    people = [member("ada", "Job"), member("bob", "Jobs"), member("cyd", "Job", "Jobs"), member("dan")]
    api.tenant.apply(workgroup(pool=None, spec=POLICY), *people)
    return api


def test_it_08_only_those_who_chose_a_notification_are_its_recipients(office: Api) -> None:
    assert (logins(office, "Job"), logins(office, "Jobs")) == (["ada", "cyd"], ["bob", "cyd"])


def test_who_is_switched_off_is_not_told(office: Api) -> None:
    office.tenant.apply(edited(member("ada", "Job"), active=False))
    assert logins(office) == ["cyd"]


def test_it_05_text_alerts_need_a_number_and_a_carrier(office: Api) -> None:
    with_both = member("eve", "Job", **MOBILE, textAlerts={"carrier": "Verizon"})
    office.tenant.apply(
        with_both, member("fay", "Job", **MOBILE), member("gil", "Job", textAlerts={"carrier": "Verizon"})
    )
    told = {each["userName"]: (each["mobile"], each["carrier"]) for each in ask(office)["recipients"]}
    assert told == {
        "ada": ("", ""),
        "cyd": ("", ""),
        "eve": ("+1 202 555 0101", "Verizon"),
        "fay": ("", ""),
        "gil": ("", ""),
    }


def test_pages_go_on_where_the_one_before_ended(office: Api) -> None:
    first = ask(office, limit=1)
    second = ask(office, limit=1, after=first["next"])
    assert [page["recipients"][0]["userName"] for page in (first, second)] == ["ada", "cyd"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("workgroup=tracker&notification=None", "NotificationNotFound"),
        ("workgroup=none&notification=Job", "WorkgroupNotFound"),
        ("workgroup=tracker", "InvalidRequest"),
    ],
)
def test_what_there_is_not_is_said(office: Api, query: str, reason: str) -> None:
    assert office.call("GET", f"recipients?{query}").reason == reason
