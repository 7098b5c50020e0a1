"""What a person may change of an account's spec: which capability each part of it asks for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tenantry.domain.account import Member
from tenantry.domain.administration import Actor, Target, check
from tenantry.domain.character_set import check_edit_through
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.specs import UserSpec, WorkgroupSpec
from tenantry.specs.user_membership import MembershipKind
from tenantry.specs.workgroup_capability import Capability

#: What a person does not write: acts and Secrets have calls of their own, or are for resources alone.
_ACTS = frozenset(
    {"onExisting", "invitationResendTime", "passwordResetRequestTime", "sessionsNotBeforeTime", "offboarding"}
)
_NOT_WRITTEN = _ACTS | {"emailIntegration"}
WRITTEN = frozenset(field.alias or name for name, field in UserSpec.model_fields.items()) - _NOT_WRITTEN
_WORKGROUPS = "workgroups"


@dataclass(frozen=True, slots=True)
class Edit:
    """A spec before and after; ``before`` is empty for an account that is not there yet.

    ``making`` is what it asks for to make one: to invite is not to create.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    making: Capability = Capability.CREATE_USERS

    @property
    def changed(self) -> list[str]:
        """Return the parts that differ, without the workgroups."""
        names = sorted(self.before.keys() | self.after.keys())
        return [n for n in names if n != _WORKGROUPS and self.before.get(n) != self.after.get(n)]


def merge(document: Any, patch: Any) -> Any:  # noqa: ANN401 - JSON is any value
    """Return a document with a patch applied (RFC 7396): null takes a part out, a list is replaced."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def written(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a spec without the acts that were asked for before: each was for its time."""
    return {name: value for name, value in document.items() if name not in _ACTS}


def check_form(patch: Mapping[str, Any]) -> Refusal | None:
    """Return why a patch does not have the form of a spec, or None: a field that is none is a mistake."""
    unknown = sorted(patch.keys() - WRITTEN)
    if unknown:
        message = f'"{unknown[0][:64]}" is not a field that can be written here; {choices(sorted(WRITTEN))}'
        return Refusal(Reason.INVALID_REQUEST, f"spec.{unknown[0][:64]}", message)
    workgroups = patch.get(_WORKGROUPS, [])
    if not isinstance(workgroups, list) or not all(isinstance(e, dict) and "workgroupRef" in e for e in workgroups):
        return Refusal(Reason.INVALID_REQUEST, "spec.workgroups", "give a list of entries, each with its workgroupRef")
    return None


def check_edit(actor: Actor, target: Target | None, edit: Edit, personal: Sequence[str] = ()) -> Refusal | None:
    """Return why the actor may not make this edit, or None: the first of what its parts ask for (NR-19, NR-27).

    ``personal`` are the fields that are the person's own by now (MM-11).
    """
    return next(_faults(actor, target, edit, personal), None)


def _faults(actor: Actor, target: Target | None, edit: Edit, personal: Sequence[str]) -> Iterator[Refusal]:
    for capability, asked in needed(actor, target, edit):
        refusal = check(actor, capability, target, asked)
        if refusal is not None:
            yield refusal
    yield from _elsewhere(actor, edit)
    if target is not None and edit.before.get("userName") != edit.after.get("userName"):
        yield Refusal(
            Reason.LOGIN_INVALID, "spec.userName", "the login is chosen once; delete the account, and make another"
        )
    own = sorted(set(edit.changed) & set(personal))
    if own:
        message = f"{', '.join(own)} can be changed by the person alone, who uses the account by now"
        yield Refusal(Reason.PERSONS_OWN, f"spec.{own[0]}", message)
    yield from check_text(actor, edit)


def needed(actor: Actor, target: Target | None, edit: Edit) -> Iterator[tuple[Capability, Sequence[Member]]]:
    """Yield what an edit asks for, each with what the account is to have by it."""
    before, after = (_entry(document, actor.workgroup) for document in (edit.before, edit.after))
    everywhere = asked_members(edit.after, actor.policies, actor.account.created)
    asked = [member for member in everywhere if member.workgroup == actor.workgroup]
    if target is None:
        yield edit.making, asked
        return
    if edit.changed:
        # Another license may bring other roles and groups by default, in each workgroup.
        yield Capability.EDIT_USERS, everywhere if "license" in edit.changed else ()
    if before == after:
        return
    was, will = (_is_member(entry) for entry in (before, after))
    if was and not will:
        yield Capability.DELETE_USERS, ()
    elif will and not was:
        yield Capability.ADD_EXISTING_USERS, asked
    else:
        yield Capability.ASSIGN_ROLES, asked


def _entry(document: Mapping[str, Any], workgroup: str) -> Mapping[str, Any] | None:
    return next((e for e in document.get(_WORKGROUPS, ()) if e["workgroupRef"] == workgroup), None)


def _is_member(entry: Mapping[str, Any] | None) -> bool:
    return entry is not None and entry.get("membership", MembershipKind.MEMBER.value) == MembershipKind.MEMBER.value


def asked_members(document: Mapping[str, Any], policies: Mapping[str, WorkgroupSpec], since: datetime) -> list[Member]:
    """Return what a spec asks for, with the roles and groups that it comes to by default for its license."""
    license_type = (document.get("license") or {}).get("type")
    return [
        _asked_member(entry, license_type, policies.get(entry["workgroupRef"]), since)
        for entry in document.get(_WORKGROUPS, ())
    ]


def _asked_member(
    entry: Mapping[str, Any], license_type: str | None, policy: WorkgroupSpec | None, since: datetime
) -> Member:
    pairs = (e for e in entry.get("access") or () if isinstance(e, dict))
    access = tuple((str(e.get("module")), str(e.get("level"))) for e in pairs)
    role, groups = entry.get("role"), tuple(map(str, entry.get("groups") or ()))
    kind = MembershipKind.MEMBER if _is_member(entry) else MembershipKind.AVAILABLE
    if policy is not None and _is_member(entry):
        role = role or policy.role_by_default(license_type)
        groups = groups or policy.groups_by_default(license_type)
    return Member(entry["workgroupRef"], since, kind, role=role, groups=groups, access=access)


def _elsewhere(actor: Actor, edit: Edit) -> Iterator[Refusal]:
    """Yield that an edit reaches into other workgroups: a person acts in one."""
    before, after = ([e for e in d.get(_WORKGROUPS, ()) if e["workgroupRef"] != actor.workgroup] for d in _both(edit))
    if before != after:
        message = f'you act in Workgroup "{actor.workgroup}"; what the account has in others is for those who act there'
        yield Refusal(Reason.OUT_OF_REACH, "spec.workgroups", message)


def _both(edit: Edit) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return edit.before, edit.after


def check_text(actor: Actor, edit: Edit) -> Iterator[Refusal]:
    """Yield that the workgroup's encoding may lose text that the account holds, or is to hold (NR-20)."""
    for document in _both(edit):
        fault = check_edit_through(actor.workgroup, actor.policy, document)
        if fault is not None:
            reason, message = fault
            yield Refusal(reason, "", f"the account {message}")


def set_entry(document: Mapping[str, Any], workgroup: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a spec whose entry for a workgroup has these values; None takes one out."""
    entries = [dict(entry) for entry in document.get(_WORKGROUPS, ())]
    own = next((entry for entry in entries if entry["workgroupRef"] == workgroup), None)
    if own is None:
        own = {"workgroupRef": workgroup}
        entries.append(own)
    own.update(values)
    for name in [name for name, value in own.items() if value is None]:
        del own[name]
    return {**document, _WORKGROUPS: entries}
