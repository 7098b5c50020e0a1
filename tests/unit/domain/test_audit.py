"""The chain of the audit trail shows every later edit."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import pytest

from tenantry.domain.account import (
    Account,
    Manager,
    Member,
    Onboarding,
    Password,
    Seat,
    Tombstone,
    Waiting,
)
from tenantry.domain.audit import (
    GENESIS,
    Change,
    Record,
    describe_accounts,
    first_fault,
    link,
    name_person,
    person_named,
    sign,
    spell_actor,
)
from tenantry.domain.capacity import Capacity, CapacityKind
from tenantry.specs.licensepool import LicenseType
from tenantry.specs.workgroup_deletion import DeletionMode
from tenantry.specs.workgroup_login import OnboardingMode

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def chain(length: int) -> list[Record]:
    records: list[Record] = []
    head = GENESIS
    for sequence in range(1, length + 1):
        change = Change("AccountCreated", "Account", f"account-{sequence}", None, {"n": sequence}, {"userName": "ada"})
        record = link(sequence, NOW, "kubernetes", change, "salt", head)
        records.append(record)
        head = record.hash
    return records


def head_of(records: list[Record]) -> tuple[int, str]:
    return (records[-1].sequence, records[-1].hash)


def test_an_untouched_chain_has_no_fault() -> None:
    records = chain(5)
    assert first_fault(records, head_of(records)) is None


def test_a_chain_whose_personal_data_was_erased_has_no_fault() -> None:
    records = chain(5)
    records[2] = replace(records[2], salt=None, change=replace(records[2].change, personal={}))
    assert first_fault(records, head_of(records)) is None


EDITS: dict[str, tuple[Callable[[list[Record]], list[Record]], str]] = {
    "an edited fact": (
        lambda r: [*r[:2], replace(r[2], change=replace(r[2].change, facts={"n": 9})), *r[3:]],
        "record 3 was altered",
    ),
    "an edited actor": (lambda r: [*r[:2], replace(r[2], actor="root"), *r[3:]], "record 3 was altered"),
    "an edited personal field": (
        lambda r: [*r[:2], replace(r[2], change=replace(r[2].change, personal={"userName": "eve"})), *r[3:]],
        "personal data of record 3 was altered",
    ),
    "a gap": (lambda r: [*r[:2], *r[3:]], "record 3 is missing"),
    "a reorder": (lambda r: [r[1], r[0], *r[2:]], "record 1 is missing"),
    "a cut tail": (lambda r: r[:3], "ends at record 3"),
    "a record written anew": (
        lambda r: [*r[:2], link(3, NOW, "kubernetes", replace(r[2].change, facts={"n": 9}), "salt", r[1].hash), *r[3:]],
        "record 4 does not follow",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_found_and_named(edit: str) -> None:
    records = chain(5)
    head = head_of(records)
    change, told = EDITS[edit]
    assert told in (first_fault(change(records), head) or "")


def test_a_signature_needs_its_key() -> None:
    assert sign(b"one", "acme", 1, "head") != sign(b"two", "acme", 1, "head")
    assert sign(b"one", "acme", 1, "head") != sign(b"one", "acme", 2, "head")


#: An account that has a value in every field.
FULL = Account(
    id="account-1",
    user_name="ada",
    login_key="ada",
    manager=Manager.KUBERNETES,
    created=NOW,
    scope="desk",
    resource_uid="user-1",
    profile={"displayName": "Ada"},
    attributes=(("badge", "7"),),
    preferences=(("language", "en"),),
    restored_preferences=(("language", "de"),),
    assigned=(("mobileId", 1),),
    password=Password("hash", NOW, ("earlier",), "files/1/key", NOW),
    onboarding=Onboarding(
        OnboardingMode.INVITATION,
        invited=NOW,
        expires=NOW,
        invited_address="ada@example.com",
        joined=NOW,
        email_verified=NOW,
        verified_address="ada@example.com",
        resend_obeyed=NOW,
        resend_asked=NOW,
    ),
    mailbox="google/1",
    members=(
        Member(
            "desk",
            NOW,
            role="Agent",
            groups=("Users",),
            access=(("Map", "View"),),
            scopes=(("vehicles", ("v1",)),),
            notifications=("job",),
            default_module="Map",
        ),
    ),
    former_workgroups=frozenset({"tracker"}),
    evicted_from=frozenset({"desk"}),
    seat=Seat("seats", LicenseType.STATIC, NOW),
    waiting=Waiting(NOW, frozenset({Capacity(CapacityKind.LICENSE, "seats", "Floating")})),
    tombstone=Tombstone(NOW, DeletionMode.RESTORABLE),
    locked=NOW,
    reset_obeyed=NOW,
    sessions_not_before=NOW,
    going=True,
)
#: Which version of a Secret was looked at last.
NOT_RECORDED = {"mailbox", "password.source"}
#: Recorded by what else changes with them: a hash with its time, the key of a login with the login.
UNTOLD = {"login_key", "password.applied", "password.hash", "resource_uid"}


def altered(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the value with one thing in it changed, for each thing that it has."""
    if is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            for name, changed in altered(getattr(value, part.name), f"{path}.{part.name}"):
                yield name, replace(value, **{part.name: changed})
    elif isinstance(value, tuple) and value and is_dataclass(value[0]):
        yield from ((name, (changed,)) for name, changed in altered(value[0], path))
    else:
        yield path.removeprefix("."), _another(value)


def _another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case Enum():
            return next(other for other in type(value) if other is not value)
        case str():
            return f"{value}-x"
        case datetime():
            return value + timedelta(hours=1)
    return type(value)()


@pytest.mark.parametrize(("name", "after"), [found for found in altered(FULL) if found[0] != "id"])
def test_every_change_of_an_account_is_on_record_but_which_secret_was_looked_at(name: str, after: Account) -> None:
    changes = describe_accounts([(FULL, after)])
    assert len(changes) == (name not in NOT_RECORDED)
    assert all(change.facts or change.personal for change in changes) or name in UNTOLD


def test_no_record_tells_a_password_by_its_hash() -> None:
    told = str(describe_accounts([(None, replace(FULL, tombstone=None))]))
    assert "hash" not in told
    assert "earlier" not in told


def test_a_seat_that_is_taken_back_and_an_invitation_that_expires_are_told_apart() -> None:
    seated = replace(FULL, tombstone=None, waiting=None)
    evicted, lapsed = replace(seated, members=(), waiting=Waiting(NOW, frozenset())), replace(seated, members=())
    actions = [change.action for change in describe_accounts([(seated, evicted), (seated, lapsed)])]
    assert actions == ["AccountEvicted", "InvitationExpired"]


def test_who_acted_is_spelled_by_login_as_long_as_there_is_one() -> None:
    actor = name_person("a-1", "the via portal")
    assert person_named(actor) == "a-1"
    assert spell_actor(actor, {"a-1": "ada"}) == "ada via the via portal"
    assert spell_actor(actor, {"a-1": ""}) == spell_actor(actor, {}) == actor
    assert (person_named("kubernetes"), spell_actor("kubernetes", {"": "ada"})) == (None, "kubernetes")
