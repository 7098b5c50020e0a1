"""What the API server must refuse by a pattern, and what is fixed at creation; for tests/operator/test_crds.py."""

from tests.operator.schema_cases import (
    PATTERN,
    Fixed,
    Refused,
    _case,
    _ceiling,
    _directory,
    _holding,
    _level,
    _mailbox,
    member,
    user,
)

PATTERNS = [
    _case(sentence, Refused(kind, refused, accepted, PATTERN))
    for sentence, kind, refused, accepted in (
        (
            "a login has no space at its edges",
            "User",
            user(userName=" jdoe"),
            user(userName="Jörg von Ää 😀"),
        ),
        ("a login is one line", "User", user(userName="j\ndoe"), user(userName="j")),
        ("an email has a domain", "User", user(emails=[{"value": "a@b"}]), user(emails=[{"value": "a@b.de"}])),
        (
            "an email has no display name",
            "User",
            user(emails=[{"value": "Foo <a@b.de>"}]),
            user(emails=[{"value": "jürgen+tag@bücher.example"}]),
        ),
        (
            "a sender is an address and no more",
            "Workgroup",
            {"mail": {"from": "Desk <desk@acme.example>"}},
            {"mail": {"from": "desk@acme.example"}},
        ),
        (
            "mails lead to a page under TLS",
            "Workgroup",
            {"mail": {"linkURL": "http://portal.acme.example/account"}},
            {"mail": {"linkURL": "https://portal.acme.example/account"}},
        ),
        (
            "an email has no no-break space",
            "User",
            user(emails=[{"value": "a\u00a0b@b.de"}]),
            user(emails=[{"value": "a.b@b.de"}]),
        ),
        (
            "a phone number has no letters",
            "User",
            user(phoneNumbers=[{"type": "work", "value": "+43 one"}]),
            user(phoneNumbers=[{"type": "work", "value": "+43 (1) 234-56 x7"}]),
        ),
        ("a language is a tag", "User", user(preferredLanguage="de_AT"), user(preferredLanguage="de-AT")),
        ("a time zone is a name", "User", user(timezone="Europe/"), user(timezone="America/Argentina/Salta")),
        (
            "a reference is the name of an object",
            "User",
            user(workgroups=[{"workgroupRef": "Support"}]),
            user(workgroups=[{"workgroupRef": "support.emea"}]),
        ),
        (
            "a Secret's key is a key",
            "User",
            user(password={"secretKeyRef": {"name": "jdoe", "key": "a/b"}}),
            user(password={"secretKeyRef": {"name": "jdoe", "key": "pass.word_1"}}),
        ),
        (
            "a plan's name ends in a letter",
            "LicensePool",
            {"plan": {"name": "Grow "}},
            {"plan": {"name": "Grow (2026) & more."}},
        ),
        ("an action has a type", "Workgroup", _level("read"), _level("issue:read")),
        ("no action stands for all", "Workgroup", _level("issue:*"), _level("issue:read_all")),
        ("a ceiling has both halves", "Workgroup", _ceiling("issue"), _ceiling("issue:*", "*:read")),
        (
            "a directory speaks LDAP",
            "Workgroup",
            _directory(url="https://directory.example"),
            _directory(url="ldap://directory.example:389/"),
        ),
        (
            "a login attribute is a word",
            "Workgroup",
            _directory(loginAttribute="u id"),
            _directory(loginAttribute="mail"),
        ),
        ("a kind of holding is a word", "Workgroup", _holding("saved query"), _holding("*")),
        (
            "a mail server is a host",
            "User",
            user(
                emailIntegration={
                    "provider": "SMTP",
                    "secretKeyRef": {"name": "mail"},
                    "smtp": {"host": "mail.example:25"},
                }
            ),
            _mailbox("SMTP", smtp=True),
        ),
        (
            "an operation is a word",
            "ProjectMember",
            member(allow=[{"type": "device:read", "names": ["d1"], "operations": ["read"]}]),
            member(allow=[{"type": "device", "names": ["d1"], "operations": ["read_all"]}]),
        ),
    )
]

_MEMBER_CANNOT = "cannot change; delete this ProjectMember and make another"

IMMUTABLE = [
    _case("a login stays", Fixed("User", user(), user(userName="jane"), "userName cannot change")),
    _case("a login keeps its case", Fixed("User", user(), user(userName="JDoe"), "userName cannot change")),
    *(
        _case(f"what people log in by stays {number}", Fixed("Workgroup", before, after, "login.by cannot change"))
        for number, (before, after) in enumerate(
            (
                ({"login": {"by": "PrimaryEmail"}}, {"login": {"by": "UserName"}}),
                ({"login": {"by": "PrimaryEmail"}}, {}),
                ({"login": {"by": "PrimaryEmail"}}, {"login": {"format": "Email"}}),
                ({}, {"login": {"by": "PrimaryEmail"}}),
            )
        )
    ),
    _case(
        "a workgroup keeps its pool",
        Fixed("Workgroup", {"licensePoolRef": "a"}, {"licensePoolRef": "b"}, "licensePoolRef cannot change"),
    ),
    _case(
        "a workgroup without a pool gets none",
        Fixed("Workgroup", {}, {"licensePoolRef": "b"}, "licensePoolRef cannot be added or removed"),
    ),
    _case(
        "a workgroup does not lose its pool",
        Fixed("Workgroup", {"licensePoolRef": "a"}, {}, "licensePoolRef cannot be added or removed"),
    ),
    *(
        _case(
            f"a project member keeps its {field}",
            Fixed("ProjectMember", member(), member(**{field: "other"}), f"{field} {_MEMBER_CANNOT}"),
        )
        for field in ("workgroupRef", "project", "userRef")
    ),
]
