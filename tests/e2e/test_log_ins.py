"""Log-ins of the issue tracker, by the runtime API beside the operator (NR-01 to NR-07, TH-16)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tenantry.domain.client import Scope
from tenantry.services.clients import create_client
from tests.e2e.conftest import Site
from tests.support.eventually import eventually
from tests.support.serving import RuntimeApiProcess

PASSWORDS = {
    "maria": "teal-otter",
    "carmen": "far-light",
    "olga": "tin-bridge",
    "priya": "six-plums",
    "tom": "old-canoe",
    "yuki": "new-kettle",
}


@pytest.fixture(scope="module")
def serving(module_store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeApiProcess]:
    with RuntimeApiProcess(tmp_path_factory.mktemp("runtime-api"), module_store) as process:
        yield process


class Desk:
    """The log-in of a workgroup of a tenant."""

    def __init__(self, site: Site, serving: RuntimeApiProcess, workgroup: str) -> None:
        self.site, self._serving, self._workgroup = site, serving, workgroup
        name = f"portal-{workgroup}"
        self._token = create_client(site.store, site.namespace, name, list(Scope), datetime.now(UTC))

    def log_in(self, login: str, password: str | None = None) -> tuple[int, Any]:
        body = {"workgroup": self._workgroup, "userName": login, "password": password or PASSWORDS[login]}
        return self._serving.call("POST", f"{self.site.namespace}/sessions", self._token, body)

    def let_in(self, login: str, password: str | None = None) -> str:
        status, body = self.log_in(login, password)
        assert status == 201, body
        return str(body["token"])

    def denied(self, login: str, password: str | None = None) -> str:
        status, body = self.log_in(login, password)
        assert status >= 400, body
        return str(body["reason"])

    def log_off(self, token: str) -> None:
        path = f"{self.site.namespace}/sessions/logoff"
        assert self._serving.call("POST", path, self._token, {"token": token})[0] == 204

    def lives(self, token: str) -> bool:
        path = f"{self.site.namespace}/sessions/heartbeat"
        _, (beat,) = self._serving.call("POST", path, self._token, {"tokens": [token]})
        return bool(beat["active"])


@pytest.fixture
def tracker(example: Callable[[str], Site], serving: RuntimeApiProcess) -> Desk:
    return Desk(example("netresults-tracker"), serving, "support")


def test_nr_03_nr_05_who_has_a_license_of_their_own_is_logged_in_once_whoever_else_is(tracker: Desk) -> None:
    maria, carmen = tracker.let_in("maria"), tracker.let_in("carmen")
    assert tracker.denied("maria") == tracker.denied("carmen") == "SessionLimitReached"
    tracker.log_off(maria)
    assert tracker.lives(tracker.let_in("maria"))
    assert tracker.lives(carmen)


def test_nr_04_one_floating_user_at_a_time_is_logged_in_and_the_pool_tells_of_it(tracker: Desk) -> None:
    yuki = tracker.let_in("yuki")
    assert tracker.denied("olga") == "LoginLimitReached"
    _shows(tracker, {"capacity": 1, "active": 1, "peak": 1, "denied": 1})
    tracker.log_off(yuki)
    assert tracker.lives(tracker.let_in("olga"))
    _shows(tracker, {"capacity": 1, "active": 1, "peak": 1, "denied": 1})


def _shows(tracker: Desk, figures: dict[str, int]) -> None:
    def look() -> bool:
        licenses = tracker.site.kube.get("LicensePool", "tracker")["status"]["licenses"]
        assert next(x for x in licenses if x["type"] == "Floating").get("logins") == figures
        return True

    assert eventually(look)


@pytest.mark.parametrize("login", ["tom", "priya"])
def test_nr_01_who_is_no_member_of_a_workgroup_has_no_way_in(tracker: Desk, login: str) -> None:
    assert tracker.denied(login) == "NotAMember"


def test_nr_07_admin_logs_in_with_the_password_of_its_secret_and_a_rotated_one(tracker: Desk) -> None:
    token = tracker.let_in("Admin", "oak-gate")
    assert tracker.denied("Admin", "elm-gate") == "InvalidCredentials"
    tracker.site.kubectl("patch", "secret", "passwords", "-p", '{"stringData": {"admin": "elm-gate"}}')
    tracker.site.kube.patch("Workgroup", "support", {"spec": {"displayName": "Support"}})
    assert eventually(lambda: not tracker.lives(token))
    assert tracker.lives(tracker.let_in("Admin", "elm-gate"))
    assert tracker.denied("Admin", "oak-gate") == "InvalidCredentials"


def test_mm_14_a_user_is_logged_out_of_everything_by_a_time_in_its_spec(tracker: Desk) -> None:
    maria, carmen = tracker.let_in("maria"), tracker.let_in("carmen")
    tracker.site.kube.patch("User", "maria", {"spec": {"sessionsNotBeforeTime": datetime.now(UTC).isoformat()}})
    assert eventually(lambda: not tracker.lives(maria))
    assert tracker.lives(carmen)
    assert tracker.lives(tracker.let_in("maria"))


def test_nr_07_nobody_logs_in_as_tbd_or_inet(tracker: Desk) -> None:
    assert {tracker.denied(name, "anything") for name in ("TBD", "Inet")} == {"InvalidCredentials"}


@pytest.mark.parametrize("change", [{"active": False}, None], ids=["switched off", "deleted"])
def test_th_16_who_is_switched_off_or_deleted_is_logged_out_at_once(
    tracker: Desk, change: dict[str, Any] | None
) -> None:
    token = tracker.let_in("carmen")
    if change is not None:
        tracker.site.kube.patch("User", "carmen", {"spec": change})
    else:
        tracker.site.delete("User", "carmen")
    assert eventually(lambda: not tracker.lives(token))
    assert tracker.denied("carmen") in {"AccountNotActive", "InvalidCredentials"}
