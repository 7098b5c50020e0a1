import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from tenantry.controllers.api_error import ApiError, Denied, Refused, ServerFault
from tenantry.controllers.aside import Aside
from tenantry.controllers.backoff import Backoff
from tenantry.controllers.provisioning import StoreThread
from tenantry.controllers.secret_lane import SecretLane
from tenantry.controllers.secret_lookout import SecretLookout
from tenantry.controllers.sighting import Sighting, observe
from tenantry.services.work import MailboxNeed, PasswordNeed, SecretNeed
from tenantry.specs.base import SecretKeyRef
from tests.unit.controllers.fakes import NAMESPACE, FakeApi, FakeServices, seen, until

SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/login"
LOGIN = SecretKeyRef(name="login")
NEED = SecretNeed("ada", NAMESPACE, PasswordNeed(LOGIN, source="login/s/1/password", present="a hash"))


MAIL = SecretKeyRef(name="mail", key="token")
MAIL_PATH = f"/api/v1/namespaces/{NAMESPACE}/secrets/mail"
FOUND = SecretNeed("ada", NAMESPACE, mailbox=MailboxNeed(MAIL, "mail/m/1/token"))


@dataclass
class Lookout:
    api: FakeApi
    services: FakeServices
    delivered: list[Sighting]
    lookout: SecretLookout

    def set_version(self, version: str) -> None:
        self.api.objects[SECRET] = {"metadata": {"name": "login", "uid": "s", "resourceVersion": version}}

    def set_mail(self, version: str) -> None:
        self.api.objects[MAIL_PATH] = {"metadata": {"name": "mail", "uid": "m", "resourceVersion": version}}

    @property
    def looks(self) -> int:
        return len(self.api.requests)


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lookout]:
    monkeypatch.setattr("tenantry.controllers.secret_lookout.OUTAGE", Backoff(0.001, 0.002))
    monkeypatch.setattr("tenantry.controllers.secret_lookout._MISSING_SECONDS", 0.001)
    monkeypatch.setattr("tenantry.controllers.secret_lookout._MOST_A_SECOND", 1000.0)
    monkeypatch.setattr("tenantry.controllers.secret_lookout._SHORTEST_PAUSE", 0.001)
    api, services, store, delivered = FakeApi(), FakeServices(), StoreThread(), list[Sighting]()
    services.stored["ada"] = observe(seen("ada"))
    lane = SecretLane(api, delivered.append, Aside(lambda _: None), lambda _: False)
    lookout = SecretLookout(api, services.bound(), store, lane, lane.__contains__, may_write=lambda: True)
    tasks = [asyncio.create_task(lane.run()), asyncio.create_task(lookout.run(0.001))]
    found = Lookout(api, services, delivered, lookout)
    found.set_version("1")
    yield found
    for task in tasks:
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)
    store.close()


async def test_an_unchanged_secret_is_left_alone(rig: Lookout) -> None:
    rig.services.known = [NEED]
    await until(lambda: rig.looks > 3)
    assert not rig.delivered


async def test_a_rotated_secret_is_noticed_once(rig: Lookout) -> None:
    rig.services.known = [NEED]
    rig.set_version("2")
    await until(lambda: rig.delivered)
    looks = rig.looks
    await until(lambda: rig.looks > looks + 3)
    assert [each.uid for each in rig.delivered] == ["ada"]
    assert rig.delivered[0].offer is not None


async def test_a_secret_that_rotates_again_is_noticed_again(rig: Lookout) -> None:
    rig.services.known = [NEED]
    rig.set_version("2")
    await until(lambda: len(rig.delivered) == 1)
    rig.set_version("3")
    await until(lambda: len(rig.delivered) == 2)


async def test_what_was_not_taken_is_tried_again_once_something_else_holds_up_the_user_no_more(rig: Lookout) -> None:
    rig.services.known = [replace(NEED, state="RoleNotFound")]
    rig.set_version("2")
    await until(lambda: len(rig.delivered) == 1)
    rig.services.known = [replace(NEED, state="Provisioned")]
    await until(lambda: len(rig.delivered) == 2)


async def test_a_secret_that_was_deleted_is_noticed(rig: Lookout) -> None:
    rig.services.known = [NEED]
    del rig.api.objects[SECRET]
    await until(lambda: rig.delivered)


async def test_a_secret_that_was_missing_is_noticed_when_it_appears(rig: Lookout) -> None:
    rig.services.missing = [replace(NEED, password=PasswordNeed(LOGIN))]
    del rig.api.objects[SECRET]
    await until(lambda: rig.looks > 3)
    assert not rig.delivered
    rig.set_version("7")
    await until(lambda: rig.delivered)


async def test_the_look_out_goes_on_after_a_fault_of_the_api_server(rig: Lookout) -> None:
    rig.services.known = [NEED]
    rig.api.failures = [ServerFault("no"), ServerFault("no")]
    rig.set_version("2")
    await until(lambda: rig.delivered)


async def test_it_16_a_mailbox_is_left_alone_until_its_secret_changes(rig: Lookout) -> None:
    rig.services.known = [FOUND]
    rig.set_mail("1")
    await until(lambda: rig.looks > 3)
    assert not rig.delivered
    rig.set_mail("2")
    await until(lambda: rig.delivered)
    assert rig.delivered[0].offer is not None
    assert rig.delivered[0].offer.mailbox is not None
    assert rig.delivered[0].offer.mailbox.source == "mail/m/2/token"


async def test_it_16_the_secret_of_a_mailbox_that_goes_is_noticed(rig: Lookout) -> None:
    rig.services.known = [FOUND]
    await until(lambda: rig.delivered)


@pytest.mark.parametrize(("source", "noticed"), [("", False), (None, True)])
async def test_a_missing_secret_is_news_only_to_who_has_not_looked_yet(
    rig: Lookout, source: str | None, *, noticed: bool
) -> None:
    rig.services.missing = [replace(FOUND, mailbox=MailboxNeed(MAIL, source))]
    await until(lambda: rig.looks > 6)
    assert bool(rig.delivered) == noticed


async def test_of_two_secrets_either_may_change(rig: Lookout) -> None:
    rig.services.known = [replace(NEED, mailbox=FOUND.mailbox)]
    rig.set_version("2")
    rig.set_mail("1")
    await until(lambda: len(rig.delivered) == 1)
    rig.set_mail("2")
    await until(lambda: len(rig.delivered) == 2)


@pytest.mark.parametrize(
    "fault",
    [Denied("Forbidden", status=403), ServerFault("InternalError", status=500), Refused("BadRequest", status=400)],
    ids=["denied", "broken", "refused"],
)
async def test_a_secret_that_cannot_be_read_hides_no_other(rig: Lookout, fault: ApiError) -> None:
    rig.services.known = [NEED, replace(FOUND, uid="bob")]
    rig.services.stored["bob"] = observe(seen("bob"))
    rig.api.faults[SECRET] = fault
    rig.set_mail("2")
    await until(lambda: rig.delivered)
    assert {each.uid for each in rig.delivered} == {"bob"}


async def test_what_is_compared_is_what_was_taken_last_not_what_a_page_says(
    rig: Lookout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page may be as old as the interval is long: the User took another version since."""
    submitted: list[SecretNeed] = []
    monkeypatch.setattr(rig.lookout.lane, "submit", lambda _, need: submitted.append(need))
    taken = replace(NEED, password=PasswordNeed(LOGIN, source="login/s/2/password", present="another hash"))
    rig.services.fresh["ada"] = taken
    rig.services.known = [NEED]
    rig.set_version("2")
    await until(lambda: rig.looks > 5)
    assert not submitted
    rig.set_version("3")
    await until(lambda: submitted)
    assert submitted == [taken]


async def test_what_was_compared_with_a_password_that_changed_meanwhile_is_compared_again(rig: Lookout) -> None:
    rig.services.known = [NEED]
    rig.set_version("2")
    await until(lambda: len(rig.delivered) == 1)
    rig.services.known = [
        replace(NEED, password=PasswordNeed(LOGIN, source="login/s/1/password", present="another hash"))
    ]
    await until(lambda: len(rig.delivered) == 2)


async def test_what_was_not_taken_is_tried_again_in_the_end(rig: Lookout, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.services.known = [NEED]
    rig.set_version("2")
    await until(lambda: len(rig.delivered) == 1)
    monkeypatch.setattr("tenantry.controllers.secret_lookout._RETRY_SECONDS", 0.0)
    await until(lambda: len(rig.delivered) == 2)


async def test_a_user_on_its_way_through_the_engine_is_not_looked_at(rig: Lookout) -> None:
    rig.lookout.is_waiting = lambda uid: uid == "ada"
    rig.services.known = [NEED, replace(FOUND, uid="bob")]
    rig.services.stored["bob"] = observe(seen("bob"))
    rig.set_version("2")
    rig.set_mail("2")
    await until(lambda: rig.delivered)
    assert {each.uid for each in rig.delivered} == {"bob"}


async def test_who_is_gone_is_forgotten(rig: Lookout) -> None:
    rig.services.known = [NEED]
    rig.set_version("2")
    await until(lambda: rig.lookout._tried)
    rig.services.known = []
    await until(lambda: not rig.lookout._tried)
