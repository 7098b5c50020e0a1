"""From a User to a person who is logged in: by a real mail, its link, and nothing else (MM-01, MM-04, MM-13, TH-23)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tenantry.domain.client import Scope
from tenantry.services.clients import create_client
from tests.e2e.conftest import Site
from tests.support.eventually import eventually
from tests.support.mailserver import Mailbox, mail_server
from tests.support.serving import RuntimeApiProcess

ERIN = "erin.walsh@precision.example"
KIOSK = "floor.display@precision.example"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


@pytest.fixture(scope="module")
def serving(
    module_store: str, mailbox: Mailbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RuntimeApiProcess]:
    options = (f"--smtp-url={mailbox.url}", "--mail-from=tenantry@precision.example")
    with RuntimeApiProcess(tmp_path_factory.mktemp("runtime-api"), module_store, *options) as process:
        yield process


class Portal:
    """The pages of the plant's application."""

    def __init__(self, site: Site, serving: RuntimeApiProcess) -> None:
        self.site, self._serving = site, serving
        self._token = create_client(site.store, site.namespace, "portal", list(Scope), datetime.now(UTC))

    def post(self, path: str, **body: Any) -> tuple[int, Any]:
        return self._serving.call("POST", f"{self.site.namespace}/{path}", self._token, body)

    def log_in(self, password: str, login: str = ERIN) -> tuple[int, Any]:
        return self.post("sessions", workgroup="plant", userName=login, password=password)

    def becomes(self, state: str) -> None:
        assert eventually(lambda: self.site.kube.get("User", "erin.walsh")["status"].get("state") == state)


def test_mm_01_mm_13_who_is_invited_accepts_by_the_link_and_resets_the_password_by_another(
    site: Site, serving: RuntimeApiProcess, mailbox: Mailbox
) -> None:
    site.apply_example("machinemetrics")
    portal = Portal(site, serving)
    portal.becomes("Invited")
    assert portal.log_in(PASSWORD)[1]["reason"] == "InvalidCredentials"
    status, found = portal.post("account/accept", token=mailbox.token(ERIN), password=PASSWORD)
    assert (status, found["state"]) == (200, "Active")
    portal.becomes("Active")
    assert portal.log_in(PASSWORD)[0] == 201
    site.kube.patch(
        "User", "erin.walsh", {"spec": {"passwordResetRequestTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}}
    )
    assert eventually(lambda: len(mailbox.to(ERIN)) == 2)
    answer = portal.post("account/password-reset/confirm", token=mailbox.token(ERIN), newPassword=f"{PASSWORD} staple")
    assert answer == (204, None)
    assert portal.log_in(f"{PASSWORD} staple")[0] == 201
    assert portal.log_in(PASSWORD)[1]["reason"] == "InvalidCredentials"


def test_mm_17_the_one_kiosk_account_is_logged_in_on_many_displays_at_once(
    site: Site, serving: RuntimeApiProcess, mailbox: Mailbox
) -> None:
    site.apply_example("machinemetrics")
    portal = Portal(site, serving)
    assert portal.post("account/accept", token=mailbox.token(KIOSK), password=PASSWORD)[0] == 200
    answers = [portal.log_in(PASSWORD, KIOSK) for _ in range(5)]
    assert [status for status, _ in answers] == [201] * 5
    tokens = [answer["token"] for _, answer in answers]
    status, beats = portal.post("sessions/heartbeat", tokens=tokens)
    assert (status, [beat["active"] for beat in beats]) == (200, [True] * 5)


def test_th_23_the_subscriptions_owner_is_mailed_what_a_change_of_it_altered(
    site: Site, serving: RuntimeApiProcess, mailbox: Mailbox
) -> None:
    site.apply_example("thinger")
    assert serving.url
    (bought,) = site.kube.items("LicensePool")
    limits = [{**limit, "addOns": limit.get("addOns", 0) + 1} for limit in bought["spec"]["limits"]]
    site.kube.patch("LicensePool", bought["metadata"]["name"], {"spec": {"limits": limits}})
    (mail,) = eventually(lambda: mailbox.to(bought["spec"]["owner"]["email"]))
    for limit in limits:
        assert f"limit {limit['name']}, add-ons: {limit['addOns'] - 1} → {limit['addOns']}" in mail.get_content()
