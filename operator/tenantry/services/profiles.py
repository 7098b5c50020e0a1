"""A person's own profile and preferences: what the policy leaves to them, they change themselves (MM-11, TT-08)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from tenantry.domain.account import Account
from tenantry.domain.character_set import check_edit_through
from tenantry.domain.login import login_key
from tenantry.domain.observed import Kind
from tenantry.domain.reading import parse_spec
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.domain.snapshot import WorkgroupPolicy
from tenantry.domain.user_email import holder_of
from tenantry.domain.user_profile import leaves_preferences, personal_fields, profile_of
from tenantry.domain.user_rules import missing_fields
from tenantry.services.acts import Act, acting
from tenantry.services.links import Person, person_of
from tenantry.services.sessions import Known
from tenantry.specs import UserSpec
from tenantry.specs.workgroup_login import LoginBy
from tenantry.specs.workgroup_profile import PreferenceDefinition
from tenantry.store import Connection, Store
from tenantry.store.account import load_by_email, load_by_id
from tenantry.store.policy import load_policies
from tenantry.store.tenant import find_tenant

#: Returns what the API server would refuse of a User's spec.
CheckUser: TypeAlias = Callable[[Any], list[Refusal]]
_LOST = Refusal(Reason.NOT_LOGGED_IN, "Tenantry-Session", "the account is gone; log in again")
_EMAILS = "emails"


@dataclass(frozen=True, slots=True)
class OwnData:
    """What a person sees of their account: the profile, which fields of it are theirs to change, the preferences."""

    account: Account
    own: tuple[str, ...]
    preferences: Mapping[str, str]
    choices: Mapping[str, tuple[str, ...]]
    own_preferences: bool


def own_data(store: Store, namespace: str, known: Known) -> OwnData | Refusal:
    """Return what a person who is logged in sees of their account.

    Raises:
        StoreUnavailable: the database is gone or locked.
    """
    with store.read() as connection:
        tenant = find_tenant(connection, namespace)
        person = _person(connection, tenant.id, known) if tenant is not None else None
    return _shown(person) if person is not None else _LOST


def _person(connection: Connection, tenant_id: int, known: Known) -> Person | None:
    account = next(iter(load_by_id(connection, [known.account.id], tenant_id)), None)
    if account is None or account.tombstone is not None:
        return None
    return person_of(connection, tenant_id, account)


def _shown(person: Person) -> OwnData:
    defined = _defined(person)
    return OwnData(
        account=person.account,
        own=tuple(personal_fields(person.account, person.policies)),
        preferences=dict(person.account.preferences),
        choices={name: tuple(found.values) for name, found in defined.items()},
        own_preferences=leaves_preferences(person.account, person.policies),
    )


def _defined(person: Person) -> dict[str, PreferenceDefinition]:
    return {p.name: p for policy in person.policies for p in policy.preferences}


def change_profile(
    store: Store, namespace: str, known: Known, changes: Mapping[str, Any], check: CheckUser, now: datetime
) -> OwnData | Refusal:
    """Change fields of a person's profile; null takes one away. A new address is verified first where that is asked.

    Raises:
        InputError: the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    with acting(store, namespace, _actor(known), now) as act:
        person = _person(act.connection, act.tenant.id, known)
        if person is None:
            return _LOST
        workgroups = load_policies(act.connection, act.tenant.id).workgroups
        workgroup = workgroups.get(known.session.workgroup)
        barred = check_edit_through(workgroup.name, workgroup.spec, _texts(person.account)) if workgroup else None
        if barred is not None:
            return Refusal(barred[0], "", f"the account {barred[1]}")
        profile = _changed(person, changes, check)
        if isinstance(profile, Refusal):
            return profile
        after = replace(person.account, profile=profile)
        refusal = _check_address(act, person.account, after, workgroups)
        if refusal is not None:
            return refusal
        act.change(person.account, after)
        return _shown(replace(person, account=after))


def _check_address(
    act: Act, before: Account, after: Account, workgroups: Mapping[str, WorkgroupPolicy]
) -> Refusal | None:
    """Where the address is the login a person keeps one, and takes nobody else's: it would be nobody's from then on."""
    if login_key(before.address) == login_key(after.address):
        return None
    names = [m.workgroup for m in after.members if m.workgroup in workgroups]
    by_email = [name for name in names if workgroups[name].spec.login.by is LoginBy.PRIMARY_EMAIL]
    if by_email and not after.address:
        return Refusal(Reason.PROFILE_INCOMPLETE, _EMAILS, "you log in by your email address; it cannot be empty")
    found = load_by_email(act.connection, act.tenant.id, [login_key(after.address)]) if by_email else []
    others = [account for account in found if account.id != after.id]
    if any(holder_of(others, name) is not None for name in by_email):
        message = f'"{after.address}" is what another account logs in by; choose another'
        return Refusal(Reason.LOGIN_TAKEN, _EMAILS, message)
    return None


def _actor(known: Known) -> str:
    return f"account {known.account.id}"


def _texts(account: Account) -> dict[str, object]:
    return {"userName": account.user_name, "profile": account.profile or {}}


def _changed(person: Person, changes: Mapping[str, Any], check: CheckUser) -> dict[str, Any] | Refusal:
    """Return the profile with the changes in it, or the first thing that is wrong with them."""
    own = personal_fields(person.account, person.policies)
    for field in changes:
        if field not in own:
            message = f"this is not yours to change; {choices(own)}"
            return Refusal(Reason.NOT_SELF_SERVICE, field, message)
    merged = {name: value for name, value in {**(person.account.profile or {}), **changes}.items() if value is not None}
    names = [{"workgroupRef": member.workgroup} for member in person.account.members]
    document = {"userName": person.account.user_name, "workgroups": names, **merged}
    spec, fault = parse_spec(Kind.USER, json.dumps(document))
    faults = [fault] if fault is not None else check(document)
    if faults or not isinstance(spec, UserSpec):
        first = faults[0]
        return Refusal(Reason.INVALID_REQUEST, first.field.removeprefix("spec."), first.message)
    missing = next((field for policy in person.policies for field in missing_fields(spec, policy)), None)
    if missing is not None:
        return Refusal(Reason.PROFILE_INCOMPLETE, missing, "a workgroup of yours requires this; it cannot be empty")
    return profile_of(spec)


def change_preferences(
    store: Store, namespace: str, known: Known, changes: Mapping[str, str], now: datetime
) -> OwnData | Refusal:
    """Choose preferences, each from the values that the policy offers (TT-08).

    Raises:
        InputError: the audit trail is signed and this is not the key.
        StoreUnavailable: the database is gone or locked; nothing was changed.
    """
    with acting(store, namespace, _actor(known), now) as act:
        person = _person(act.connection, act.tenant.id, known)
        if person is None:
            return _LOST
        refusal = _check_preferences(person, changes)
        if refusal is not None:
            return refusal
        chosen = dict(person.account.preferences) | dict(changes)
        ordered = tuple((name, chosen[name]) for name in _defined(person) if name in chosen)
        after = replace(person.account, preferences=ordered)
        act.change(person.account, after)
        return _shown(replace(person, account=after))


def _check_preferences(person: Person, changes: Mapping[str, str]) -> Refusal | None:
    if not leaves_preferences(person.account, person.policies):
        message = "the preferences are not yours to change; ask an administrator"
        return Refusal(Reason.NOT_SELF_SERVICE, "preferences", message)
    defined = _defined(person)
    for name, value in changes.items():
        if name not in defined:
            message = f'preference "{name}" is not defined; {choices(defined)}'
            return Refusal(Reason.PREFERENCE_NOT_FOUND, name, message)
        if value not in defined[name].values:
            message = f'preference "{name}" has no value "{value}"; {choices(defined[name].values)}'
            return Refusal(Reason.PREFERENCE_INVALID, name, message)
    return None
