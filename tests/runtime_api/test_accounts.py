"""Whose number is this, and which licenses there are, over HTTP (TT-05, NR-28)."""

import pytest

from tenantry.domain.client import Scope
from tests.runtime_api.api import Api
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted

SPEC = {"attributes": [{"name": "mobileId", "format": "Sequence"}]}


@pytest.fixture
def loggers(api: Api) -> Api:
    api.tenant.apply(pool(static=3), workgroup(spec=SPEC), user("ada"))
    api.tenant.apply(user("bob"))
    return api


def test_tt_05_an_application_finds_the_user_by_the_mobile_id_also_a_deleted_one(loggers: Api) -> None:
    found = {n: loggers.call("GET", f"accounts?attribute=mobileId&value={n}").body for n in (1, 2)}
    assert {n: (a["userName"], a["state"], a["assigned"]) for n, a in found.items()} == {
        1: ("ada", "Active", {"mobileId": 1}),
        2: ("bob", "Active", {"mobileId": 2}),
    }
    loggers.tenant.apply(deleted(user("ada")))
    gone = loggers.call("GET", "accounts?attribute=mobileId&value=1").body
    assert (gone["userName"], gone["state"], gone["accountId"]) == ("ada", "Deleted", found[1]["accountId"])


@pytest.mark.parametrize("query", ["attribute=mobileId&value=3", "attribute=serial&value=1"])
def test_a_number_that_nobody_has_finds_nobody(loggers: Api, query: str) -> None:
    answer = loggers.call("GET", f"accounts?{query}")
    assert (answer.status, answer.reason) == (404, "UserNotFound")


def test_nr_28_the_licenses_are_listed_by_type_and_number(loggers: Api) -> None:
    (line,) = loggers.call("GET", "licenses").body["licenses"]
    assert (line["name"], line["bought"], line["capacity"], line["used"]) == ("Static", 3, 3, 2)


@pytest.mark.parametrize("path", ["accounts?attribute=mobileId&value=1", "licenses"])
def test_an_application_without_the_scope_learns_nothing_of_accounts(loggers: Api, path: str) -> None:
    answer = loggers.call("GET", path, token=loggers.token(set(Scope) - {Scope.ACCOUNTS}))
    assert (answer.status, answer.reason) == (403, "InsufficientScope")
