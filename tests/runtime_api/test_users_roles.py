"""What roles of the examples may do besides administration, asked over HTTP."""

from typing import Any

import pytest

from tests.runtime_api.api import Api
from tests.runtime_api.desk import arrive
from tests.support.examples import apply_example

DIEGO, ERIN, HANA, YUSUF = (
    f"{name}@precision.example" for name in ("diego.ramos", "erin.walsh", "hana.sato", "yusuf.aydin")
)

PLANT = [
    pytest.param(DIEGO, "job:create", True, id="mm-08 a supervisor adds single jobs"),
    pytest.param(DIEGO, "job:upload", False, id="mm-08 and none in bulk"),
    pytest.param(DIEGO, "report:update", True, id="mm-08 reports"),
    pytest.param(DIEGO, "dashboard:create", True, id="mm-08 dashboards"),
    pytest.param(DIEGO, "account-settings:update", False, id="mm-08 not most settings"),
    pytest.param(ERIN, "account-settings:update", True, id="mm-06 an executive edits settings"),
    pytest.param(HANA, "account-settings:update", True, id="mm-06 a manager does the same"),
    pytest.param(HANA, "sso-settings:update", False, id="mm-06 but for single sign-on"),
    pytest.param(YUSUF, "sso-settings:update", True, id="mm-07 an it admin that too"),
]


def may(api: Api, login: str, word: str) -> bool:
    type_, _, operation = word.partition(":")
    asked: dict[str, Any] = {"subject": {"type": "user", "id": login}, "action": {"name": operation}}
    asked["resource"] = {"type": type_, "id": "one"}
    return bool(api.call("POST", "access/v1/evaluation", asked).body["decision"])


@pytest.mark.parametrize(("login", "word", "given"), PLANT)
def test_mm_06_mm_08_roles_of_the_plant(api: Api, login: str, word: str, *, given: bool) -> None:
    apply_example(api.tenant, "machinemetrics")
    arrive(api, login)
    assert may(api, login, word) is given


@pytest.mark.parametrize("word", ["branding:update", "account:create", "cluster:restart"])
def test_th_20_administrators_perform_every_operation_on_the_instance_and_others_none(api: Api, word: str) -> None:
    apply_example(api.tenant, "thinger")
    assert {login: may(api, login, word) for login in ("helen", "bruno", "grower-anna")} == {
        "helen": True,
        "bruno": False,
        "grower-anna": False,
    }
