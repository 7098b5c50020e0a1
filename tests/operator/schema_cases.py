"""What the API server must refuse, and with which words: one line a rule, for tests/operator/test_crds.py."""

from dataclasses import dataclass
from typing import Any

import pytest

Spec = dict[str, Any]
PATTERN = "should match"


@dataclass(frozen=True)
class Refused:
    """A spec that is refused, and one close to it that is not."""

    kind: str
    refused: Spec
    accepted: Spec
    message: str


@dataclass(frozen=True)
class Fixed:
    """A change of an object in place that is refused."""

    kind: str
    before: Spec
    after: Spec
    message: str


def user(**spec: object) -> Spec:
    """Return the spec of a User, with what is required of it."""
    return {"userName": "jdoe", "workgroups": [{"workgroupRef": "support"}]} | spec


def member(**spec: object) -> Spec:
    """Return the spec of a ProjectMember, with what is required of it."""
    return {"workgroupRef": "fleet", "project": "north", "userRef": "jdoe"} | spec


def limit(**spec: object) -> Spec:
    """Return a limit, with what is required of it."""
    return {"name": "admins", "consumedBy": [{"workgroupRef": "fleet", "role": "Administrator"}]} | spec


def _plan(*, allowed: bool) -> Spec:
    return {"plan": {"name": "Small", "addOnsAllowed": allowed}, "limits": [limit(addOns=1)]}


def _module(*levels: str, name: str = "issues") -> Spec:
    return {"name": name, "levels": [{"name": level} for level in levels]}


def _access(field: str, module: str, level: str) -> Spec:
    modules = [_module("None", "View", "Edit")]
    return {"modules": modules, field: [{"name": "Users", "access": [{"module": module, "level": level}]}]}


def _resource(*names: str) -> Spec:
    resource = {"type": "device", "names": list(names), "operations": ["read"]}
    return {"projects": [{"name": "north", "resources": [resource]}]}


def _rule(*names: str) -> Spec:
    return member(allow=[{"type": "device", "names": list(names), "operations": ["read"]}])


def _in_support(**entry: object) -> Spec:
    return user(workgroups=[{"workgroupRef": "support"} | entry])


def _case(sentence: str, case: Refused | Fixed) -> Any:
    return pytest.param(case, id=sentence.replace(" ", "-"))


_DIRECTORY = {"url": "ldaps://directory.example", "baseDN": "dc=example"}


def _mailbox(provider: str, *, smtp: bool) -> Spec:
    server = {"smtp": {"host": "mail.example"}} if smtp else {}
    return user(emailIntegration={"provider": provider, "secretKeyRef": {"name": "mail"}, **server})


def _offboarding(**choice: object) -> Spec:
    return user(offboarding={"holdings": [{"workgroupRef": "support", "kind": "record", **choice}]})


def _level(*actions: str) -> Spec:
    return {"modules": [{"name": "issues", "levels": [{"name": "View", "actions": list(actions)}]}]}


def _ceiling(*patterns: str) -> Spec:
    return {"roles": [{"name": "Guest", "ceiling": list(patterns)}]}


def _directory(**fields: object) -> Spec:
    return {"authentication": {"mode": "Directory", "directory": _DIRECTORY | fields}}


def _holding(kind: str) -> Spec:
    return {"deletion": {"holdings": [{"kind": kind}]}}


_NO_SUCH_LEVEL = "access names a module or level that modules[] does not define"

RULES = [
    _case(
        "a plan without add-ons sells none",
        Refused("LicensePool", _plan(allowed=False), _plan(allowed=True), "this plan allows no add-ons"),
    ),
    _case(
        "a plan is open to add-ons unless it says otherwise",
        Refused(
            "LicensePool",
            {"plan": {"name": "Small", "addOnsAllowed": False}, "limits": [limit(addOns=2)]},
            {"plan": {"name": "Small"}, "limits": [limit(addOns=2)]},
            "this plan allows no add-ons",
        ),
    ),
    _case(
        "only floating licenses seat several accounts",
        Refused(
            "LicensePool",
            {"licenses": [{"type": "Static", "quantity": 2, "accountsPerLicense": 10}]},
            {"licenses": [{"type": "Floating", "quantity": 2, "accountsPerLicense": 10}]},
            "accountsPerLicense is for Floating licenses",
        ),
    ),
    _case(
        "a password's minimum is not above its maximum",
        Refused(
            "Workgroup",
            {"password": {"minLength": 11, "maxLength": 10}},
            {"password": {"minLength": 10, "maxLength": 10}},
            "minLength must not be above maxLength",
        ),
    ),
    _case(
        "the default minimum counts too",
        Refused(
            "Workgroup",
            {"password": {"maxLength": 7}},
            {"password": {"maxLength": 8}},
            "minLength must not be above maxLength",
        ),
    ),
    _case(
        "a preference's default is one of its values",
        Refused(
            "Workgroup",
            {"preferences": [{"name": "unit", "values": ["C", "F"], "default": "K"}]},
            {"preferences": [{"name": "unit", "values": ["C", "F"], "default": "F"}]},
            "a preference's default must be one of its values",
        ),
    ),
    _case(
        "a sequence is required of nobody",
        Refused(
            "Workgroup",
            {"attributes": [{"name": "Mobile ID", "format": "Sequence", "required": True}]},
            {"attributes": [{"name": "Mobile ID", "format": "Sequence"}]},
            "the store assigns a Sequence",
        ),
    ),
    _case(
        "no module is called star",
        Refused(
            "Workgroup",
            {"modules": [_module("View", name="*")]},
            {"modules": [_module("View", name="**")]},
            "* means every module",
        ),
    ),
    _case(
        "no level is called Highest",
        Refused(
            "Workgroup",
            {"modules": [_module("View", "Highest")]},
            {"modules": [_module("View", "High")]},
            "Highest means the last level",
        ),
    ),
    _case(
        "levels have names of their own",
        Refused(
            "Workgroup",
            {"modules": [_module("View", "Edit", "View")]},
            {"modules": [_module("View", "Edit", "Admin")]},
            "a level's name stands only once in its module",
        ),
    ),
    _case(
        "no scope has the value star",
        Refused(
            "Workgroup",
            {"scopes": [{"name": "calendars", "values": ["north", "*"]}]},
            {"scopes": [{"name": "calendars", "values": ["north"], "allowAll": True}]},
            "* asks for every value",
        ),
    ),
    _case(
        "no resource of a project is called star",
        Refused("Workgroup", _resource("d1", "*"), _resource("d1", "d2"), "* stands for every resource"),
    ),
    *(
        _case(
            f"{field} give no level of {what}",
            Refused("Workgroup", _access(field, *wrong), _access(field, *right), f"{field}[].{_NO_SUCH_LEVEL}"),
        )
        for field in ("roles", "groups")
        for what, wrong, right in (
            ("a module that is not defined", ("charts", "View"), ("issues", "View")),
            ("another name than the module's", ("issues", "Delete"), ("issues", "Edit")),
            ("a name that no module has", ("*", "Delete"), ("*", "Edit")),
            ("an undefined module, be it the highest", ("charts", "Highest"), ("issues", "Highest")),
        )
    ),
    _case(
        "the highest level of every module is given without naming one",
        Refused(
            "Workgroup",
            {"roles": [{"name": "Admin", "access": [{"module": "*", "level": "Edit"}]}]},
            {"roles": [{"name": "Admin", "access": [{"module": "*", "level": "Highest"}]}]},
            f"roles[].{_NO_SUCH_LEVEL}",
        ),
    ),
    _case(
        "a system user has a role of this workgroup",
        Refused(
            "Workgroup",
            {"systemUsers": [{"userName": "Admin", "role": "Root"}], "roles": [{"name": "Admin"}]},
            {"systemUsers": [{"userName": "Admin", "role": "Admin"}], "roles": [{"name": "Admin"}]},
            "systemUsers[].role names a role that roles[] does not define",
        ),
    ),
    _case(
        "a system user that cannot log in takes no password",
        Refused(
            "Workgroup",
            {"systemUsers": [{"userName": "TBD", "passwordSecretKeyRef": {"name": "system"}}]},
            {"systemUsers": [{"userName": "TBD", "login": "Enabled", "passwordSecretKeyRef": {"name": "system"}}]},
            "passwordSecretKeyRef is for a system user that logs in: set login to Enabled, or take it out",
        ),
    ),
    _case(
        "a system user is in groups of this workgroup",
        Refused(
            "Workgroup",
            {"systemUsers": [{"userName": "Admin", "groups": ["Admins", "Users"]}], "groups": [{"name": "Admins"}]},
            {"systemUsers": [{"userName": "Admin", "groups": ["Admins"]}], "groups": [{"name": "Admins"}]},
            "systemUsers[].groups names a group that groups[] does not define",
        ),
    ),
    _case(
        "one email is primary",
        Refused(
            "User",
            user(emails=[{"value": "a@example.com", "primary": True}, {"value": "b@example.com", "primary": True}]),
            user(emails=[{"value": "a@example.com", "primary": True}, {"value": "b@example.com"}]),
            "at most one email can be primary",
        ),
    ),
    _case(
        "all values of a scope stand for themselves",
        Refused(
            "User",
            _in_support(scopes=[{"name": "calendars", "values": ["*", "north"]}]),
            _in_support(scopes=[{"name": "calendars", "values": ["*"]}]),
            "* stands alone or not at all",
        ),
    ),
    *(
        _case(
            f"who is only available has no {field}",
            Refused(
                "User",
                _in_support(membership="Available", **{field: value}),
                _in_support(membership="Member", **{field: value}),
                "membership Available has no role, groups, access, scopes, notifications or defaultModule",
            ),
        )
        for field, value in (
            ("role", "Editor"),
            ("groups", ["Users"]),
            ("access", [{"module": "issues", "level": "View"}]),
            ("scopes", [{"name": "calendars", "values": ["north"]}]),
            ("notifications", ["Job"]),
            ("defaultModule", "issues"),
        )
    ),
    *(
        _case(f"a directory goes with {mode}", Refused("Workgroup", wrong, right, "mode Directory needs directory"))
        for mode, wrong, right in (
            (
                "no passwords of ones own",
                {"authentication": {"mode": "Password", "directory": _DIRECTORY}},
                {"authentication": {"mode": "Password"}},
            ),
            (
                "log-ins by directory",
                {"authentication": {"mode": "Directory"}},
                {"authentication": {"mode": "Directory", "directory": _DIRECTORY}},
            ),
        )
    ),
    _case(
        "a password for the directory goes with who binds",
        Refused(
            "Workgroup",
            _directory(bindSecretKeyRef={"name": "directory"}),
            _directory(bindSecretKeyRef={"name": "directory"}, bindDN="cn=tenantry,dc=example"),
            "bindSecretKeyRef is the password of bindDN",
        ),
    ),
    _case(
        "who binds to the directory has a password",
        Refused(
            "Workgroup",
            _directory(bindDN="cn=tenantry,dc=example"),
            _directory(bindSecretKeyRef={"name": "directory"}, bindDN="cn=tenantry,dc=example"),
            "give both, or neither",
        ),
    ),
    _case(
        "what is reassigned at a deletion has somebody to go to",
        Refused(
            "Workgroup",
            {"deletion": {"holdings": [{"kind": "record", "onDelete": "Reassign"}]}},
            {"deletion": {"holdings": [{"kind": "record", "onDelete": "Reassign", "defaultAssignee": "jane"}]}},
            "onDelete Reassign needs defaultAssignee",
        ),
    ),
    _case(
        "a password says something",
        Refused("User", user(password={}), user(password={"expiry": "None"}), "give secretKeyRef, expiry, or both"),
    ),
    *(
        _case(
            f"a mail server goes with {provider}",
            Refused(
                "User",
                _mailbox(provider, smtp=wrong),
                _mailbox(provider, smtp=not wrong),
                "provider SMTP needs smtp",
            ),
        )
        for provider, wrong in (("SMTP", False), ("Google", True))
    ),
    *(
        _case(
            f"a holding is not {what}",
            Refused(
                "User", _offboarding(**wrong), _offboarding(drop=True), "choose one: reassignTo a User, or drop: true"
            ),
        )
        for what, wrong in (("given and dropped", {"reassignTo": "jane", "drop": True}), ("neither", {}))
    ),
    _case(
        "all resources of a project stand for themselves",
        Refused("ProjectMember", _rule("*", "d1"), _rule("*"), "* stands alone or not at all"),
    ),
]
