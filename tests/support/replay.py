"""Accounts as the audit trail tells of them: replaying it gives the accounts there are (P2)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

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
from tenantry.domain.audit import Record
from tenantry.domain.capacity import Capacity, CapacityKind
from tenantry.domain.login import login_key
from tenantry.specs.licensepool import LicenseType
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_deletion import DeletionMode
from tenantry.specs.workgroup_login import OnboardingMode


@dataclass
class _Told:
    """What the records tell of one account by now, and which object they name as its owner."""

    owner: str | None = None
    values: dict[str, Any] = field(default_factory=dict)


def replay(records: Iterable[Record]) -> dict[str, Account]:
    """Return the accounts that the trail tells of, by id. Each record must begin where the one before it ended."""
    found: dict[str, _Told] = defaultdict(_Told)
    for record in records:
        change = record.change
        if change.kind == "Binding":
            found[change.subject].owner = change.resource_uid
        if change.kind != "Account":
            continue
        told = found[change.subject]
        told.owner = change.resource_uid
        for name, (before, after) in (change.facts | change.personal).items():
            if name in change.facts:
                assert told.values.get(name) == before, f"record {record.sequence} says {name} was {before}"
            told.values[name] = after
    return {id_: _account(id_, told) for id_, told in found.items() if told.values.get("manager") is not None}


def replay_sessions(records: Iterable[Record]) -> set[str]:
    """Return the ids of the sessions that the trail says are going on. Each starts once, and ends once."""
    live: set[str] = set()
    for change in (record.change for record in records if record.change.kind == "Session"):
        session = change.facts["session"]
        assert (session in live) == (change.action == "SessionEnded"), f"{change.action} of {session}"
        live ^= {session}
    return live


def recordable(account: Account) -> Account:
    """Return the account without what no record tells: secrets, and what tells which version of one was looked at.

    The key of a login is as good as the login, which an erased account has no more.
    """
    password = account.password
    masked = None
    if password is not None:
        masked = replace(password, hash="", source="", applied="", history=("",) * len(password.history))
    return replace(account, mailbox="", password=masked, login_key=login_key(account.user_name))


def _account(id_: str, told: _Told) -> Account:
    values = defaultdict(lambda: None, told.values)
    name = values["userName"] or ""
    return Account(
        id=id_,
        user_name=name,
        login_key=login_key(name),
        manager=Manager(values["manager"]),
        created=datetime.fromisoformat(values["created"]),
        scope=values["scope"] or "",
        resource_uid=None if values["deleted"] else told.owner,
        active=values["active"],
        can_log_in=values["canLogIn"],
        going=values["going"],
        locked=_time(values["locked"]),
        reset_obeyed=_time(values["resetObeyed"]),
        sessions_not_before=_time(values["sessionsNotBefore"]),
        profile=values["profile"],
        attributes=_pairs(values["attributes"]),
        preferences=_pairs(values["preferences"]),
        restored_preferences=_pairs(values["restoredPreferences"]),
        assigned=tuple(sorted((values["assigned"] or {}).items())),
        password=_password(values),
        onboarding=_onboarding(values),
        members=tuple(_member(member) for member in values["workgroups"] or ()),
        former_workgroups=frozenset(values["formerWorkgroups"] or ()),
        evicted_from=frozenset(values["evictedFrom"] or ()),
        seat=_seat(values["seat"]),
        waiting=_waiting(values),
        tombstone=Tombstone(_past(values["deletedAt"]), DeletionMode(values["deleted"])) if values["deleted"] else None,
        provisioned=values["provisioned"],
    )


def _pairs(value: list[list[str]] | None) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, text in value or ())


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None


def _past(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _password(values: dict[str, Any]) -> Password | None:
    if values["password"] is None:
        return None
    _, changed = values["password"].split()
    return Password("", _past(changed), ("",) * values["passwordsBefore"], "", _time(values["passwordExpires"]))


def _onboarding(values: dict[str, Any]) -> Onboarding:
    return Onboarding(
        mode=OnboardingMode(values["onboarding"]),
        must_verify=values["mustVerify"],
        invited=_time(values["invited"]),
        expires=_time(values["invitationExpires"]),
        invited_address=values["invitedAddress"] or "",
        joined=_time(values["joined"]),
        email_verified=_time(values["emailVerified"]),
        verified_address=values["verifiedAddress"] or "",
        resend_obeyed=_time(values["resendObeyed"]),
        resend_asked=_time(values["resendAsked"]),
    )


def _member(told: dict[str, Any]) -> Member:
    return Member(
        workgroup=told["workgroup"],
        since=_past(told["since"]),
        kind=MembershipKind(told["kind"]),
        role=told["role"],
        groups=tuple(told["groups"]),
        access=_pairs(told["access"]),
        scopes=tuple((name, tuple(values)) for name, values in told["scopes"]),
        notifications=tuple(told["notifications"]),
        default_module=told["defaultModule"],
    )


def _seat(told: list[str] | None) -> Seat | None:
    return Seat(told[0], LicenseType(told[1]), _past(told[2])) if told is not None else None


def _waiting(values: dict[str, Any]) -> Waiting | None:
    if values["waitingSince"] is None:
        return None
    capacities = (Capacity(CapacityKind(kind), owner, name) for kind, owner, name in values["waiting"] or ())
    return Waiting(_past(values["waitingSince"]), frozenset(capacities))
