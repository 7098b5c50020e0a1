"""Accounts made, edited, deleted and restored for a person, by the same rules as those of User resources."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from tenantry.domain.administration import Actor, Target, check, check_capability, check_system_user
from tenantry.domain.observed import Kind
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.secret import SecretOffer
from tenantry.domain.user_edit import Edit, check_edit, check_form, merge, set_entry, written
from tenantry.domain.user_profile import personal_fields, profile_of
from tenantry.services.acts import acting
from tenantry.services.administration import (
    Call,
    Case,
    Desk,
    deciding,
    do_to_many,
    find_for,
    is_restorable,
    looking,
    open_desk,
)
from tenantry.services.managed import Done, Drop, Put, carry_out, document_of, offer_all, owned_elsewhere
from tenantry.specs import UserSpec
from tenantry.specs.workgroup_capability import Capability
from tenantry.store import Store
from tenantry.store.joined import JoinedStore
from tenantry.store.policy import load_policies

#: Returns what is to change in an account's entry for the workgroup, or why nothing can.
Change: TypeAlias = Callable[[Target], dict[str, Any] | Refusal]


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account to be made: the spec of a User, and a password where the policy asks for one."""

    spec: Mapping[str, Any]
    password: str | None = field(default=None, repr=False)


def create_users(store: Store, call: Call, wanted: Sequence[NewUser], capability: Capability) -> list[Done] | Refusal:
    """Make accounts in the workgroup of the person, a few in one transaction; each is made, or refused, by itself.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    with looking(store, call) as desk:
        first = _made(call, desk, wanted, capability)
    if isinstance(first, Refusal):
        return first
    offers = offer_all(store, call.namespace, [each for each in first if isinstance(each, Put)])

    def make(held: JoinedStore, desk: Desk, some: Sequence[NewUser]) -> list[Done]:
        puts = [_new(call, desk.actor, new, capability) for new in some]
        return _carry_out(held, call, [_offered(each, offers) for each in puts])

    return do_to_many(store, call, capability, wanted, make, lambda _, refusal: Done(None, refusal))


def _made(
    call: Call, desk: Desk | Refusal, wanted: Sequence[NewUser], capability: Capability
) -> list[Put | Refusal] | Refusal:
    if isinstance(desk, Refusal):
        return desk
    actor = desk.actor
    return check_capability(actor, capability) or [_new(call, actor, new, capability) for new in wanted]


def _offered(asked: Put | Refusal, offers: Mapping[str, SecretOffer]) -> Put | Refusal:
    """Return it with what comes of its password, which was hashed before anything was locked."""
    return asked if isinstance(asked, Refusal) else replace(asked, offer=offers.get(asked.login))


def _new(call: Call, actor: Actor, new: NewUser, capability: Capability) -> Put | Refusal:
    refusal = check_form(new.spec)
    if refusal is not None:
        return refusal
    document = {"workgroups": [{"workgroupRef": actor.workgroup}], **new.spec}
    refusal = _spec_fault(call, document) or check_edit(actor, None, Edit({}, document, capability))
    return refusal or Put(document, create=True, password=new.password)


def _spec_fault(call: Call, document: Mapping[str, Any]) -> Refusal | None:
    """Return what the API server would refuse such a spec for, or None: asked first: what has no form is no spec."""
    return next(iter(call.check_spec(Kind.USER, document)), None)


def _carry_out(store: Store, call: Call, asked: Sequence[Put | Drop | Refusal]) -> list[Done]:
    """Carry out what is not refused already, and return what came of each."""
    todo = [each for each in asked if not isinstance(each, Refusal)]
    done = iter(carry_out(store, call.namespace, todo, call.actor, call.now) if todo else ())
    return [Done(None, each) if isinstance(each, Refusal) else next(done) for each in asked]


def change_entry(
    store: Store, call: Call, account_ids: Sequence[str], capability: Capability, change: Change
) -> list[Done] | Refusal:
    """Change what accounts have in the workgroup of the person, a few in one transaction (NR-21, NR-24).

    Each is changed, or refused, by itself.

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """

    def change_some(held: JoinedStore, desk: Desk, ids: Sequence[str]) -> list[Done]:
        return _carry_out(held, call, [_with_entry(call, desk, id_, capability, change) for id_ in ids])

    ids = list(dict.fromkeys(account_ids))
    return do_to_many(store, call, capability, ids, change_some, lambda _, refusal: Done(None, refusal))


def _with_entry(call: Call, desk: Desk, account_id: str, capability: Capability, change: Change) -> Put | Refusal:
    case = find_for(desk, capability, account_id)
    if isinstance(case, Refusal):
        return case
    target = case.target
    values = change(target)
    elsewhere = owned_elsewhere(target.account, case.resource)
    if isinstance(values, Refusal):
        return values
    if elsewhere is not None:
        return elsewhere
    before = written(document_of(desk.connection, target.account) or {})
    after = set_entry(before, desk.actor.workgroup, **values)
    refusal = _spec_fault(call, after) or check_edit(desk.actor, target, Edit(before, after))
    return refusal or Put(_returning(after, capability), create=False)


def _returning(document: dict[str, Any], capability: Capability) -> dict[str, Any]:
    """Return the spec of who is added: one that was deleted from the workgroup comes back (NR-25)."""
    adds = capability is Capability.ADD_EXISTING_USERS
    return {**document, "onExisting": "Restore"} if adds else document


def edit_user(store: Store, call: Call, account_id: str, patch: Mapping[str, Any]) -> Done | Refusal:
    """Change the spec of an account by a merge patch (RFC 7396).

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    refusal = check_form(patch)
    if refusal is not None:
        return refusal
    with deciding(store, call) as (held, desk):
        found = _find(desk, account_id)
        if isinstance(found, Refusal):
            return found
        if found.target.account.scope:
            return _edit_system_user(held, call, account_id, patch)
        put = _edited(call, found, patch)
        return put if isinstance(put, Refusal) else _carry_out(held, call, [put])[0]


def _find(desk: Desk | Refusal, account_id: str) -> Case | Refusal:
    """Return an account that the person may do something to; who may do nothing learns of none."""
    if isinstance(desk, Refusal):
        return desk
    held = [capability for capability in _TOUCHING if desk.actor.has(capability)]
    if not held:
        return check_capability(desk.actor, Capability.EDIT_USERS) or Refusal(Reason.CAPABILITY_MISSING, "", "")
    target = desk.find(account_id)
    if isinstance(target, Refusal):
        return target
    refusals = [check(desk.actor, capability, target) for capability in held]
    refusal = None if None in refusals else refusals[0]
    return refusal or Case(desk, target)


#: With one of these a person may change some part of a spec.
_TOUCHING = (
    Capability.EDIT_USERS,
    Capability.ASSIGN_ROLES,
    Capability.ADD_EXISTING_USERS,
    Capability.DELETE_USERS,
)


def _edited(call: Call, case: Case, patch: Mapping[str, Any]) -> Put | Refusal:
    desk, target = case.desk, case.target
    elsewhere = owned_elsewhere(target.account, case.resource)
    if elsewhere is not None:
        # Whether the person might, is asked first: of whose it is only they are told.
        present = _as_spec(desk, target)
        fault = _spec_fault(call, merge({"userName": "x", "workgroups": [{"workgroupRef": "x"}]}, patch))
        return fault or check_edit(desk.actor, target, Edit(present, merge(present, patch))) or elsewhere
    before = written(document_of(desk.connection, target.account) or {})
    after = merge(before, patch)
    fault = _spec_fault(call, after)
    if fault is not None:
        return fault
    policies = load_policies(desk.connection, desk.tenant_id).workgroups
    specs = [policies[name].spec for name in sorted(target.workgroups) if name in policies]
    refusal = check_edit(desk.actor, target, Edit(before, after), personal_fields(target.account, specs))
    return refusal or Put(after, create=False)


def _as_spec(desk: Desk, target: Target) -> dict[str, Any]:
    """Return an account that a resource owns as a spec, as far as it is needed to tell who may edit it."""
    member = target.member
    entries = [{"workgroupRef": name} for name in sorted(target.workgroups - {desk.actor.workgroup})]
    if member is not None:
        own = {"workgroupRef": member.workgroup, "membership": member.kind.value, "groups": list(member.groups)}
        entries.append({**own, **({"role": member.role} if member.role else {})})  # type: ignore[dict-item]
    account = target.account
    texts = {"attributes": [list(pair) for pair in account.attributes]}
    return {"userName": account.user_name, **(account.profile or {}), **texts, "workgroups": entries}


def _edit_system_user(store: Store, call: Call, account_id: str, patch: Mapping[str, Any]) -> Done | Refusal:
    """Edit the profile of a system user where its workgroup lets it be edited (NR-07, NR-19)."""
    with acting(store, call.namespace, call.actor, call.now) as act:
        case = find_for(open_desk(act.connection, act.tenant.id, call), Capability.EDIT_USERS, account_id)
        if isinstance(case, Refusal):
            return case
        account, actor = case.target.account, case.desk.actor
        before = dict(account.profile or {})
        edit = Edit({"userName": account.user_name, **before}, merge({"userName": account.user_name, **before}, patch))
        refusal = check_system_user(case.target, actor.policy, editable=True) or check_edit(actor, case.target, edit)
        profile = refusal or _profile(call, edit.after, actor.workgroup)
        if isinstance(profile, Refusal):
            return profile
        after = replace(account, profile=profile)
        act.change(account, after)
        return Done(after)


def _profile(call: Call, document: Mapping[str, Any], workgroup: str) -> dict[str, Any] | Refusal:
    whole = {**document, "workgroups": [{"workgroupRef": workgroup}]}
    fault = _spec_fault(call, whole)
    if fault is not None:
        return fault
    known = profile_of(UserSpec.model_validate(whole))
    unknown = sorted(document.keys() - known.keys() - {"userName"})
    if unknown:
        message = "of a system user the profile alone can be edited"
        return Refusal(Reason.SYSTEM_USER, f"spec.{unknown[0]}", message)
    return known


def restore_user(store: Store, call: Call, account_id: str, new: NewUser) -> Done | Refusal:
    """Restore a deleted account: its profile, id and preferences as they were, its groups by default (NR-14, NR-15).

    Raises:
        InputError: there is no such tenant.
        StoreUnavailable: the database is gone or locked.
    """
    refusal = check_form(new.spec)
    if refusal is not None:
        return refusal
    with looking(store, call) as desk:
        first = _restored(call, desk, account_id, new)
    if isinstance(first, Refusal):
        return first
    offers = offer_all(store, call.namespace, [first])
    with deciding(store, call) as (held, desk):
        put = _restored(call, desk, account_id, new)
        return put if isinstance(put, Refusal) else _carry_out(held, call, [_offered(put, offers)])[0]


def _restored(call: Call, desk: Desk | Refusal, account_id: str, new: NewUser) -> Put | Refusal:
    case = find_for(desk, Capability.ADD_EXISTING_USERS, account_id, deleted=True)
    if isinstance(case, Refusal):
        return case
    account, actor = case.target.account, case.desk.actor
    if not is_restorable(account):
        return Refusal(Reason.RESTORE_NOT_ALLOWED, "id", f'"{account.user_name}" is not deleted')
    own = [{"workgroupRef": actor.workgroup}]
    kept = {"userName": account.user_name, **(account.profile or {}), "workgroups": own}
    document = merge(kept, new.spec)
    if document.get("userName") != account.user_name:
        return Refusal(Reason.LOGIN_INVALID, "spec.userName", "an account is restored under its own login")
    edit = Edit({}, document, Capability.ADD_EXISTING_USERS)
    refusal = _spec_fault(call, document) or _check_kept(actor, kept, document) or check_edit(actor, None, edit)
    return refusal or Put({**document, "onExisting": "Restore"}, create=True, password=new.password)


def _check_kept(actor: Actor, kept: Mapping[str, Any], document: Mapping[str, Any]) -> Refusal | None:
    """Return why the person may not restore an account as somebody else's: its id, and what it owned, come with it."""
    same = all(document.get(name) == kept.get(name) for name in {*document, *kept} - _ASKED_ANEW)
    return None if same else check_capability(actor, Capability.EDIT_USERS)


#: What a restore always says anew.
_ASKED_ANEW = frozenset({"workgroups", "license"})
