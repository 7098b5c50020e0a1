"""A parameter that a call does not have is refused: let go, it would turn one person's into everybody's."""

import pytest

from tenantry.services.passwords import hash_password
from tests.runtime_api.api import Api
from tests.runtime_api.test_schema import DOCUMENT
from tests.support.builders import user, workgroup


@pytest.fixture
def office(api: Api) -> Api:
    api.tenant.apply(workgroup(pool=None), user("ada", license=None))
    api.give_password("ada", hash_password("correct horse"))
    return api


def test_a_misspelled_parameter_logs_nobody_out(office: Api) -> None:
    token = office.log_in("ada", "correct horse").body["token"]
    answer = office.call("DELETE", "sessions?username=liam")
    assert (answer.status, answer.reason, answer.body["field"]) == (422, "InvalidRequest", "username")
    assert answer.body["detail"] == '"username" is no parameter of this call; there is userName'
    assert office.call("POST", "sessions/introspect", form={"token": token}).body["active"] is True
    assert office.call("DELETE", "sessions?userName=ada").body == {"revoked": 1}


def test_every_call_refuses_a_parameter_that_it_does_not_have(office: Api) -> None:
    calls = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]
    told = {call: _ask(office, *call) for call in calls}
    assert {call: of for call, of in told.items() if of != (422, "InvalidRequest", "nope")} == {}


def _ask(office: Api, path: str, method: str) -> tuple[int, str, str]:
    below = path.removeprefix("/v1/{tenant}/").replace("{", "").replace("}", "")
    if path.startswith("/v1/"):
        answer = office.call(method.upper(), f"{below}?nope=1", {} if method != "get" else None)
    else:
        answer = office.at(f"{below}?nope=1")
    return answer.status, answer.reason, answer.body["field"]


@pytest.mark.parametrize("path", ["access/v1/evaluation", "sessions/heartbeat", "sessions/logoff"])
def test_who_is_nobody_here_is_not_told_of_parameters(office: Api, path: str) -> None:
    answer = office.call("POST", f"{path}?nope=1", {}, token="tnc_none")
    assert (answer.status, answer.reason) == (401, "InvalidClient")


def test_probes_and_scim_take_what_they_do_not_know(office: Api) -> None:
    assert office.at("/livez?from=balancer").status == 200
    assert office.call("GET", "scim/v2/Users?nope=1").status == 200
