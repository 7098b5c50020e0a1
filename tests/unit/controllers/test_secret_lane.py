import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from tenantry.controllers.api_error import ApiError, Denied, ServerFault, Unauthorized, Unreachable
from tenantry.controllers.aside import Aside
from tenantry.controllers.backoff import Backoff
from tenantry.controllers.ledger import Ledger
from tenantry.controllers.secret_lane import SecretLane
from tenantry.controllers.sighting import Sighting
from tenantry.domain.mailbox import Mailbox, MailboxKind
from tenantry.domain.password import OfferKind, PasswordOffer
from tenantry.services.work import MailboxNeed, PasswordNeed, SecretNeed
from tenantry.specs.base import SecretKeyRef
from tests.unit.controllers.fakes import NAMESPACE, FakeApi, seen, until

SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/login"
NEED = SecretNeed("ada", NAMESPACE, PasswordNeed(SecretKeyRef(name="login")))
MAIL = f"/api/v1/namespaces/{NAMESPACE}/secrets/mail"
WITH_MAILBOX = replace(NEED, mailbox=MailboxNeed(SecretKeyRef(name="mail")))
MAILBOX_ONLY = SecretNeed("ada", NAMESPACE, mailbox=MailboxNeed(SecretKeyRef(name="login")))


@dataclass
class Lane:
    api: FakeApi
    lane: SecretLane
    delivered: list[Sighting]
    ledger: Ledger


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lane]:
    monkeypatch.setattr("tenantry.controllers.secret_lane.OUTAGE", Backoff(0.001, 0.002))
    api, delivered, ledger = FakeApi(), list[Sighting](), Ledger()
    lane = SecretLane(api, delivered.append, Aside(lambda _: None), ledger.outdated)
    task = asyncio.create_task(lane.run())
    yield Lane(api, lane, delivered, ledger)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _password(rig: Lane) -> PasswordOffer:
    offer = rig.delivered[0].offer
    assert offer is not None
    assert offer.password is not None
    return offer.password


def _mailbox(rig: Lane) -> Mailbox:
    offer = rig.delivered[0].offer
    assert offer is not None
    assert offer.mailbox is not None
    return offer.mailbox


def _add_secret(api: FakeApi) -> None:
    api.objects[SECRET] = {
        "metadata": {"name": "login", "uid": "s", "resourceVersion": "1"},
        "data": {"password": "aHVudGVyMjI="},
    }


@pytest.mark.parametrize("error", [ServerFault, Unauthorized, Denied])
async def test_a_secret_that_cannot_be_read_now_is_read_later(rig: Lane, error: type[ApiError]) -> None:
    _add_secret(rig.api)
    rig.api.failures = [error("no"), error("no")]
    rig.lane.submit(seen("ada"), NEED)
    await until(lambda: rig.delivered)
    assert _password(rig).kind is OfferKind.NEW


async def test_a_secret_that_may_not_be_read_counts_as_missing(rig: Lane) -> None:
    _add_secret(rig.api)
    rig.api.failures = [Denied("Forbidden", status=403) for _ in range(5)]
    rig.lane.submit(seen("ada"), NEED)
    await until(lambda: rig.delivered)
    assert _password(rig).kind is OfferKind.NO_SECRET


async def test_an_outage_is_no_reason_to_believe_the_denials_that_follow_it(rig: Lane) -> None:
    """An API server that comes back denies everything at first."""
    _add_secret(rig.api)
    rig.api.failures = [*(Unreachable("no") for _ in range(8)), *(Denied("Forbidden", status=403) for _ in range(4))]
    rig.lane.submit(seen("ada"), NEED)
    await until(lambda: rig.delivered)
    assert _password(rig).kind is OfferKind.NEW


async def test_denials_before_and_after_an_outage_are_not_counted_together(rig: Lane) -> None:
    _add_secret(rig.api)
    denied = [Denied("Forbidden", status=403) for _ in range(3)]
    rig.api.failures = [*denied, Unreachable("no"), *denied]
    rig.lane.submit(seen("ada"), NEED)
    await until(lambda: rig.delivered)
    assert _password(rig).kind is OfferKind.NEW


async def test_what_is_withheld_of_one_secret_says_nothing_of_another_and_nothing_is_hashed_twice(rig: Lane) -> None:
    _add_secret(rig.api)
    rig.api.failures = [Denied("Forbidden", status=403) for _ in range(4)]
    rig.api.faults[MAIL] = ServerFault("InternalError", status=500)
    rig.lane.submit(seen("ada"), WITH_MAILBOX)
    await until(lambda: rig.delivered)
    assert (_password(rig).kind, _mailbox(rig).kind) == (OfferKind.NEW, MailboxKind.NO_SECRET)
    assert (rig.api.asked("GET").count(SECRET), rig.api.asked("GET").count(MAIL)) == (5, 5)


async def test_a_password_is_read_anew_for_a_newer_state_of_the_user(rig: Lane) -> None:
    """Its Secret may have been changed together with it."""
    _add_secret(rig.api)
    rig.api.faults[MAIL] = Unreachable("no")
    rig.lane.submit(seen("ada"), WITH_MAILBOX)
    await until(lambda: rig.lane._failed)
    rig.lane.submit(seen("ada", generation=2, version=2), WITH_MAILBOX)
    rig.api.faults.clear()
    await until(lambda: rig.delivered)
    assert rig.api.asked("GET").count(SECRET) == 2


async def test_of_one_user_the_newest_state_is_served(rig: Lane) -> None:
    rig.api.gate.clear()
    for number in range(8):  # every reader is busy
        rig.lane.submit(seen(f"u{number}"), NEED)
    await until(lambda: len(rig.api.requests) == 8)
    rig.lane.submit(seen("ada"), NEED)
    rig.lane.submit(seen("ada", generation=2, version=2), NEED)
    assert "ada" in rig.lane
    rig.api.gate.set()
    await until(lambda: len(rig.delivered) == 9)
    assert [each.generation for each in rig.delivered if each.uid == "ada"] == [2]
    await until(lambda: "ada" not in rig.lane)


async def test_secrets_that_cannot_be_read_hold_up_no_others(rig: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenantry.controllers.secret_lane.OUTAGE", Backoff(300.0, 300.0))
    rig.api.faults[f"/api/v1/namespaces/{NAMESPACE}/secrets/broken"] = ServerFault("InternalError", status=500)
    for number in range(16):
        rig.lane.submit(
            seen(f"u{number}"), SecretNeed(f"u{number}", NAMESPACE, PasswordNeed(SecretKeyRef(name="broken")))
        )
    _add_secret(rig.api)
    rig.lane.submit(seen("ada"), NEED)
    await until(lambda: rig.delivered)
    assert [each.uid for each in rig.delivered] == ["ada"]
    assert all(f"u{number}" in rig.lane for number in range(16))


async def test_a_newer_state_of_a_user_whose_secret_was_put_off_is_the_one_that_is_served(
    rig: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.controllers.secret_lane.OUTAGE", Backoff(0.05, 0.05))
    _add_secret(rig.api)
    rig.api.faults[SECRET] = ServerFault("InternalError", status=500)
    rig.lane.submit(seen("ada"), NEED)
    await until(lambda: rig.lane._failed)
    rig.lane.submit(seen("ada", generation=2, version=2), NEED)
    rig.api.faults.clear()
    await until(lambda: "ada" not in rig.lane)
    assert [each.generation for each in rig.delivered] == [2]


async def test_password_and_mailbox_come_back_together(rig: Lane) -> None:
    _add_secret(rig.api)
    missing = MailboxNeed(SecretKeyRef(name="mail"))
    rig.lane.submit(seen("ada"), replace(NEED, mailbox=missing))
    await until(lambda: rig.delivered)
    assert _password(rig).kind is OfferKind.NEW
    assert _mailbox(rig) == Mailbox(MailboxKind.NO_SECRET, "mail", "password")


async def test_the_passwords_of_system_users_come_back_together_those_that_are_missing_too(rig: Lane) -> None:
    _add_secret(rig.api)
    refs = {"admin": SecretKeyRef(name="login"), "robot": SecretKeyRef(name="elsewhere")}
    system = tuple(PasswordNeed(ref, login=login) for login, ref in refs.items())
    rig.lane.submit(seen("ada"), replace(NEED, password=None, system=system))
    await until(lambda: rig.delivered)
    offer = rig.delivered[0].offer
    assert offer is not None
    assert offer.password is None
    assert {login: made.kind for login, made in offer.system.items()} == {
        "admin": OfferKind.NEW,
        "robot": OfferKind.NO_SECRET,
    }


@pytest.mark.parametrize(
    "fault", [Denied("Forbidden", status=403), ServerFault("InternalError", status=500)], ids=["denied", "broken"]
)
async def test_nr_07_a_password_of_a_system_user_that_cannot_be_read_does_not_keep_its_workgroup(
    rig: Lane, fault: ApiError
) -> None:
    rig.api.faults[SECRET] = fault
    rig.lane.submit(
        seen("ada"), replace(NEED, password=None, system=(PasswordNeed(SecretKeyRef(name="login"), login="admin"),))
    )
    await until(lambda: rig.delivered)
    offer = rig.delivered[0].offer
    assert offer is not None
    assert offer.system["admin"].kind is OfferKind.NO_SECRET


@pytest.mark.parametrize(
    "fault", [Denied("Forbidden", status=403), ServerFault("InternalError", status=500)], ids=["denied", "broken"]
)
async def test_it_16_a_mailbox_that_cannot_be_read_holds_up_nothing(rig: Lane, fault: ApiError) -> None:
    _add_secret(rig.api)
    rig.api.faults[f"/api/v1/namespaces/{NAMESPACE}/secrets/mail"] = fault
    rig.lane.submit(seen("ada"), replace(NEED, mailbox=MailboxNeed(SecretKeyRef(name="mail"))))
    await until(lambda: rig.delivered)
    assert _password(rig).kind is OfferKind.NEW
    assert _mailbox(rig).kind is MailboxKind.NO_SECRET


async def test_a_mailbox_is_not_told_of_an_api_server_that_is_away(rig: Lane) -> None:
    rig.api.objects[SECRET] = {
        "metadata": {"name": "login", "uid": "s", "resourceVersion": "1"},
        "data": {"password": "eA=="},
    }
    rig.api.failures = [Unreachable("no") for _ in range(12)]
    rig.lane.submit(seen("ada"), MAILBOX_ONLY)
    await until(lambda: rig.delivered)
    assert _mailbox(rig) == Mailbox(MailboxKind.FOUND, "login", "password", "login/s/1/password")
    offer = rig.delivered[0].offer
    assert offer is not None
    assert offer.password is None


@pytest.mark.parametrize("later", [seen("ada", generation=2), replace(seen("ada"), gone=True)], ids=["edited", "gone"])
async def test_for_a_user_that_is_no_longer_as_it_was_no_secret_is_tried_again(rig: Lane, later: Sighting) -> None:
    rig.api.faults[SECRET] = ServerFault("InternalError", status=500)
    rig.ledger.take(seen("ada"))
    rig.lane.submit(seen("ada"), NEED)
    await until(lambda: len(rig.api.requests) > 3)
    assert "ada" in rig.lane
    rig.ledger.take(later)
    await until(lambda: "ada" not in rig.lane)
    assert not rig.delivered
