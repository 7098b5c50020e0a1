"""The audit trail: what is recorded of a change, and the chain that shows any later edit (TT-15, design §4).

A record's hash covers the one before it. Personal data is covered by a salted digest only, so that it can be erased
together with its salt while the chain stays whole.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tenantry.domain.account import Account, Member, Onboarding, Pending
from tenantry.specs.workgroup_deletion import DeletionMode

#: The hash before the first record.
GENESIS = "0" * 64
_MASK = "(secret)"
_PERSON, _VIA = "account ", " via "
#: What is not there is not told.
_EMPTY: tuple[object, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Change:
    """One effect, before it has its place in the chain. ``facts`` are hashed as they are; ``personal`` by digest."""

    action: str
    kind: str
    subject: str
    resource_uid: str | None
    facts: dict[str, Any]
    personal: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One link of the chain."""

    sequence: int
    at: datetime
    actor: str
    change: Change
    salt: str | None
    personal_digest: str
    previous: str
    hash: str


def name_person(account_id: str, client: str) -> str:
    """Return how a person is on record who acts through an application: by what says nothing once they are erased."""
    return f"{_PERSON}{account_id}{_VIA}{client}"


def person_named(actor: str) -> str | None:
    """Return the id of the account of the person who is on record, or None."""
    return actor.removeprefix(_PERSON).partition(_VIA)[0] if actor.startswith(_PERSON) else None


def spell_actor(actor: str, logins: Mapping[str, str]) -> str:
    """Return who is on record as people know them: with the login, by account id, in place of that id."""
    person = person_named(actor)
    login = logins.get(person) if person is not None else None
    return login + _VIA + actor.partition(_VIA)[2] if login else actor


def personal_digest(personal: dict[str, Any], salt: str) -> str:
    """Return the digest that binds personal data to the chain; with the salt gone it tells nothing."""
    return hmac.new(salt.encode(), _canonical(personal), hashlib.sha256).hexdigest()


def link(sequence: int, at: datetime, actor: str, change: Change, salt: str, previous: str) -> Record:
    """Return the change as the next link of the chain."""
    digest = personal_digest(change.personal, salt) if change.personal else ""
    link_hash = record_hash(sequence, at.isoformat(), actor, change, digest, previous)
    return Record(sequence, at, actor, change, salt if change.personal else None, digest, previous, link_hash)


def record_hash(sequence: int, at: str, actor: str, change: Change, digest: str, previous: str) -> str:
    """Return the hash over everything of a record but its personal data."""
    covered = [
        sequence,
        at,
        actor,
        change.action,
        change.kind,
        change.subject,
        change.resource_uid,
        change.facts,
        digest,
        previous,
    ]
    return hashlib.sha256(_canonical(covered)).hexdigest()


def sign(key: bytes, tenant: str, sequence: int, head: str) -> str:
    """Return the signature of a checkpoint: without the key nobody can pass off a shorter chain as whole."""
    return hmac.new(key, f"{tenant}\n{sequence}\n{head}".encode(), hashlib.sha256).hexdigest()


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def describe_accounts(changes: Iterable[tuple[Account | None, Account | None]]) -> list[Change]:
    """Return what is recorded of accounts' changes: everything but which version of a Secret was looked at last."""
    return [
        describe_account_change(before, after)
        for before, after in changes
        if _without_sources(before) != _without_sources(after)
    ]


def _without_sources(account: Account | None) -> Account | None:
    if account is None:
        return None
    password = account.password
    return replace(account, mailbox="", password=replace(password, source="") if password is not None else None)


def describe_account_change(before: Account | None, after: Account | None) -> Change:
    """Return what is recorded of an account's change: what it was, what it is; secrets masked."""
    subject = after or before
    if subject is None:
        message = "a change needs an account before or after it"
        raise ValueError(message)
    facts = _difference(_facts(before), _facts(after))
    personal = _difference(_personal(before), _personal(after))
    resource_uid = subject.resource_uid or (before.resource_uid if before else None)
    return Change(_action(before, after), "Account", subject.id, resource_uid, facts, personal)


def _action(before: Account | None, after: Account | None) -> str:
    if after is None:
        return "AccountErased"
    if after.tombstone is not None:
        return "AccountDeleted"
    if before is None:
        return "AccountCreated"
    if before.tombstone is not None:
        return "AccountRestored"
    if before.in_force and not after.in_force:
        lapsed = after.waiting is None and after.onboarding.pending is Pending.INVITATION
        return "InvitationExpired" if lapsed else "AccountEvicted"
    return "AccountSeated" if after.in_force and not before.in_force else "AccountChanged"


def _facts(account: Account | None) -> dict[str, Any]:
    """Return what may stay on record for good: policy, seats, switches; nothing that names a person."""
    if account is None:
        return {}
    seat, waiting, password, tombstone = account.seat, account.waiting, account.password, account.tombstone
    found = {
        "manager": account.manager.value,
        "scope": account.scope,
        "created": _time(account.created),
        "provisioned": account.provisioned,
        "active": account.active,
        "canLogIn": account.can_log_in,
        "going": account.going,
        "locked": _time(account.locked),
        "resetObeyed": _time(account.reset_obeyed),
        "sessionsNotBefore": _time(account.sessions_not_before),
        "seat": [seat.pool, seat.type.value, _time(seat.granted)] if seat else None,
        "waitingSince": _time(waiting.since) if waiting else None,
        "waiting": sorted([c.kind.value, c.owner, c.name] for c in waiting.capacities) if waiting else None,
        "workgroups": [_membership(member) for member in account.members],
        "formerWorkgroups": sorted(account.former_workgroups),
        "evictedFrom": sorted(account.evicted_from),
        "assigned": dict(account.assigned),
        "password": f"{_MASK} {_time(password.changed)}" if password else None,
        "passwordExpires": _time(password.expires) if password else None,
        "passwordsBefore": len(password.history) if password else None,
        "deleted": tombstone.mode.value if tombstone else None,
        "deletedAt": _time(tombstone.deleted) if tombstone else None,
    }
    return {name: value for name, value in (found | _onboarding(account.onboarding)).items() if value not in _EMPTY}


def _onboarding(onboarding: Onboarding) -> dict[str, Any]:
    return {
        "onboarding": onboarding.mode.value,
        "mustVerify": onboarding.must_verify,
        "invited": _time(onboarding.invited),
        "invitationExpires": _time(onboarding.expires),
        "joined": _time(onboarding.joined),
        "emailVerified": _time(onboarding.email_verified),
        "resendObeyed": _time(onboarding.resend_obeyed),
        "resendAsked": _time(onboarding.resend_asked),
    }


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment is not None else None


def _membership(member: Member) -> dict[str, Any]:
    return {
        "workgroup": member.workgroup,
        "since": _time(member.since),
        "kind": member.kind.value,
        "role": member.role,
        "groups": list(member.groups),
        "access": [list(a) for a in member.access],
        "scopes": [[name, list(values)] for name, values in member.scopes],
        "notifications": list(member.notifications),
        "defaultModule": member.default_module,
    }


def _personal(account: Account | None) -> dict[str, Any]:
    if account is None or not account.user_name:
        return {}
    return {
        "userName": account.user_name,
        "profile": account.profile,
        "invitedAddress": account.onboarding.invited_address or None,
        "verifiedAddress": account.onboarding.verified_address or None,
        "attributes": [list(pair) for pair in account.attributes],
        "preferences": [list(pair) for pair in account.preferences],
        "restoredPreferences": [list(pair) for pair in account.restored_preferences],
    }


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return field by field [before, after] where they differ; an absent side is null."""
    return {
        key: [before.get(key), after.get(key)]
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    }


def first_fault(records: Iterable[Record], head: tuple[int, str]) -> str | None:
    """Return what is wrong with a tenant's chain, from its first record to its head, or None."""
    sequence, previous = 0, GENESIS
    for record in records:
        fault = _fault(record, sequence, previous)
        if fault is not None:
            return fault
        sequence, previous = record.sequence, record.hash
    if (sequence, previous) != head:
        return f"the trail ends at record {sequence}, but {head[0]} were written: its end was cut or altered"
    return None


def _fault(record: Record, sequence: int, previous: str) -> str | None:
    if record.sequence != sequence + 1:
        return f"record {sequence + 1} is missing: the next one is {record.sequence}"
    if record.previous != previous:
        return f"record {record.sequence} does not follow record {sequence}: one of them was replaced or moved"
    expected = record_hash(
        record.sequence, record.at.isoformat(), record.actor, record.change, record.personal_digest, record.previous
    )
    if record.hash != expected:
        return f"record {record.sequence} was altered"
    if not _is_bound(record):
        return f"the personal data of record {record.sequence} was altered"
    return None


def _is_bound(record: Record) -> bool:
    """Tell whether the personal data is what was recorded, or was erased together with its salt."""
    if record.salt is None:
        return not record.change.personal
    return personal_digest(record.change.personal, record.salt) == record.personal_digest


def is_erased(record: Record) -> bool:
    """Tell whether the record had personal data that is gone."""
    return bool(record.personal_digest) and record.salt is None


def erases(change: Change) -> bool:
    """Tell whether this change takes the person's data out of the trail, its own and that of earlier records."""
    reserved = change.facts.get("deleted", [None, None])[1] == DeletionMode.PERMANENT_RESERVED
    return change.action == "AccountErased" or (change.action == "AccountDeleted" and reserved)
