"""Users and groups as SCIM has them (RFC 7643), as plain JSON values, and back to the spec of a User."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tenantry.domain.account import Account
from tenantry.domain.client import Defaults
from tenantry.domain.refusal import Refusal
from tenantry.specs.user import OnExisting
from tenantry.specs.workgroup_profile import UserType

#: The schema of what a client asks for an account instead of its defaults.
EXTENSION = "urn:tenantry:scim:schemas:extension:2.0:User"
#: What SCIM lets be absent and a User does not.
_OTHER = "other"
_PLAIN = ("displayName", "name", "preferredLanguage", "timezone")
_TEL = "tel:"
_EXTENDED = ("licenseType", "workgroups")
_ALWAYS = ("active", "userType")
_UNSAID = "unsaid"
_OF_SPEC = re.compile(r"\bspec\.([A-Za-z]+)((?:\.\w+|\[\d+\])*)")
#: What a spec has in another place than SCIM.
_NAMES = {
    "license": f"{EXTENSION}:licenseType",
    "workgroups": f"{EXTENSION}:workgroups",
    "password": "password",
}


def in_words_of_scim(refusal: Refusal) -> str:
    """Return what a refusal says, with the attributes that its client knows in place of the fields of a spec."""
    field = refusal.field
    known = field and (field if field.startswith("spec.") else f"spec.{field}")
    return _OF_SPEC.sub(_attribute, f"{known}: {refusal.message}" if known else refusal.message)


def _attribute(field: re.Match[str]) -> str:
    return _NAMES.get(field[1], field[1] + field[2])


def version_of(resource: Mapping[str, Any]) -> str:
    """Return the entity tag of a resource: a digest of all that is shown of it beside its meta."""
    shown = {name: value for name, value in resource.items() if name != "meta"}
    digest = hashlib.sha256(json.dumps(shown, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    return f'W/"{digest[:32]}"'


def describe_user(
    account: Account,
    groups: Iterable[tuple[str, str]],
    external_id: str | None,
    asked: Mapping[str, Any],
    modified: datetime,
) -> dict[str, Any]:
    """Return an account as a SCIM User. ``groups``: id and name of each that it is in."""
    profile = account.profile or {}
    emails = [{"primary": False, **email} for email in profile.get("emails", ())]
    found: dict[str, Any] = {
        "id": account.id,
        "externalId": external_id,
        "userName": account.user_name,
        **{name: profile.get(name) for name in _PLAIN},
        "userType": profile.get("userType", UserType.INTERNAL.value),
        "active": account.active,
        "emails": emails,
        "phoneNumbers": profile.get("phoneNumbers"),
        "addresses": profile.get("addresses"),
        "groups": [
            {"value": id_, "$ref": f"Groups/{id_}", "display": name, "type": "direct"} for id_, name in sorted(groups)
        ],
        "roles": [{"value": m.role, "type": m.workgroup} for m in account.members if m.role is not None],
        "entitlements": [{"value": account.seat.type.value, "type": "license", "display": account.seat.pool}]
        if account.seat is not None
        else [],
        EXTENSION: {name: asked[name] for name in _EXTENDED if name in asked},
    }
    hidden = asked.get(_UNSAID, ())
    shown = {name: value for name, value in found.items() if value not in (None, [], {}) and name not in hidden}
    shown["meta"] = _meta("User", account.created, modified, version_of(shown))
    return shown


def describe_group(
    id_: str,
    display_name: str,
    external_id: str | None,
    members: Mapping[str, str],
    times: tuple[datetime | None, datetime | None],
) -> dict[str, Any]:
    """Return a SCIM Group.

    ``members``: logins by account id. ``times``: when it was made and last changed, where that is known.
    """
    found: dict[str, Any] = {
        "id": id_,
        "externalId": external_id,
        "displayName": display_name,
        "members": [
            {"value": id_, "$ref": f"Users/{id_}", "type": "User", "display": login}
            for id_, login in sorted(members.items())
        ],
    }
    shown = {name: value for name, value in found.items() if value not in (None, [])}
    shown["meta"] = _meta("Group", *times, version_of(shown))
    return shown


def _meta(kind: str, created: datetime | None, modified: datetime | None, version: str) -> dict[str, Any]:
    return {"resourceType": kind, "created": created, "lastModified": modified, "version": version}


def asked_of(wanted: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
    """Return what a SCIM User asks for instead of the client's defaults, and what it has no say of.

    What an account always has, and a client took back, is not shown to it any more: it is by default then.
    """
    extension = wanted.get(EXTENSION) or {}
    found = {name: extension[name] for name in _EXTENDED if extension.get(name)}
    unsaid = [] if new else [name for name in _ALWAYS if wanted.get(name) is None]
    return found | ({_UNSAID: unsaid} if unsaid else {})


def document_of(
    wanted: Mapping[str, Any],
    present: Mapping[str, Any] | None,
    before: Mapping[str, Any],
    defaults: Defaults,
) -> dict[str, Any]:
    """Return the spec of a User by what a client wants.

    What SCIM does not speak of stays as it is ``present``. ``before`` is what was asked for until now: memberships and
    license change only where that does.
    """
    found = dict(present or {"onExisting": OnExisting.RESTORE.value})
    for name in _PLAIN:
        found[name] = wanted.get(name)
    found["userName"] = wanted.get("userName")
    found["userType"] = wanted.get("userType") or UserType.INTERNAL.value
    found["active"] = wanted.get("active") is not False
    found["emails"] = [dict(email) for email in wanted.get("emails") or ()]
    found["phoneNumbers"] = [_phone(phone) for phone in wanted.get("phoneNumbers") or ()]
    found["addresses"] = [{"type": _OTHER, **address} for address in wanted.get("addresses") or ()]
    asked = asked_of(wanted, new=present is None)
    if present is None or asked.get("licenseType") != before.get("licenseType"):
        type_ = asked.get("licenseType") or defaults.license
        found["license"] = {"type": type_} if type_ else None
    if present is None or asked.get("workgroups") != before.get("workgroups"):
        found["workgroups"] = _entries(found.get("workgroups") or (), asked, defaults)
    return {name: value for name, value in found.items() if value not in (None, [], {})}


def _phone(phone: Mapping[str, Any]) -> dict[str, Any]:
    """Return a phone number without the scheme of its URI (RFC 3966)."""
    return {"type": _OTHER, **phone, "value": str(phone.get("value") or "").removeprefix(_TEL)}


def _entries(
    present: Iterable[Mapping[str, Any]], asked: Mapping[str, Any], defaults: Defaults
) -> list[Mapping[str, Any]]:
    """Return the memberships: those asked for, else the default; what an entry has beside its Workgroup stays."""
    known = {str(entry.get("workgroupRef")): entry for entry in present}
    names = list(dict.fromkeys(asked.get("workgroups") or ([defaults.workgroup] if defaults.workgroup else [])))
    found: list[Mapping[str, Any]] = []
    for name in names:
        role = {"role": defaults.role} if defaults.role and name == defaults.workgroup else {}
        found.append(known.get(name, {"workgroupRef": name, **role}))
    return found


def with_group(
    document: Mapping[str, Any], account: Account, workgroup: str, group: str, *, wanted: bool
) -> dict[str, Any]:
    """Return the spec with the account in a group of a Workgroup, or out of it. Groups by default become its own."""
    member = account.member_of(workgroup)
    groups = [name for name in (member.groups if member is not None else ()) if name != group]
    entries = [dict(entry) for entry in document.get("workgroups") or ()]
    entry = next((entry for entry in entries if entry.get("workgroupRef") == workgroup), None)
    if entry is None:
        entry = {"workgroupRef": workgroup}
        entries.append(entry)
    entry["groups"] = [*groups, group] if wanted else groups
    return {**document, "workgroups": entries}
