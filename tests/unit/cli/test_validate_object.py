"""What `validate` says of one object by itself: line, field, what is wrong, what would be right."""

import pytest

from tests.support.commands import tenantry

POOL = """\
apiVersion: tenantry.dev/v1alpha1
kind: LicensePool
metadata:
  name: seats
spec:
  licenses:
  - type: Static
    quantity: 5
"""
WORKGROUP = """\
apiVersion: tenantry.dev/v1alpha1
kind: Workgroup
metadata:
  name: desk
spec:
  displayName: Desk
"""
USER = """\
apiVersion: tenantry.dev/v1alpha1
kind: User
metadata:
  name: ada
spec:
  userName: ada
  emails:
  - value: ada@example.com
  workgroups:
  - workgroupRef: desk
"""

#: The object, what stands in place of what in it, and the fault: line, field, text.
FAULTS = {
    "a field that is none": (
        WORKGROUP,
        "displayName",
        "displayname",
        6,
        "spec.displayname",
        "did you mean displayName?",
    ),
    "a field of another dialect": (
        WORKGROUP,
        "displayName: Desk",
        "licencePoolRef: x",
        6,
        "spec.licencePoolRef",
        "is not a field; did you mean licensePoolRef?",
    ),
    "a field far from any": (
        POOL,
        "quantity: 5",
        "quantity: 5\n    zzz: 1",
        9,
        "spec.licenses[0].zzz",
        "there are type,",
    ),
    "a field beside spec": (POOL, "spec:", "speck: 1\nspec:", 5, "speck", "is not a field; did you mean spec?"),
    "a field of metadata": (POOL, "  name: seats", "  name: seats\n  labells: {}", 5, "metadata.labells", "labels?"),
    "a required field": (USER, "  userName: ada\n", "", 5, "spec.userName", "is required: The login"),
    "a required field that is null": (USER, "userName: ada", "userName:", 6, "spec.userName", "is required"),
    "no spec": (WORKGROUP, "spec:\n  displayName: Desk\n", "", 1, "spec", "is required"),
    "no name": (WORKGROUP, "  name: desk", "  namespace: acme", 3, "metadata.name", "is required"),
    "a value of no enum": (POOL, "Static", "static", 7, "spec.licenses[0].type", "did you mean Static?"),
    "a value far from any": (POOL, "Static", "Gold", 7, "spec.licenses[0].type", "is not one of Static, Floating, Res"),
    "a number for text": (USER, "userName: ada", "userName: 0123", 6, "spec.userName", 'quote it: "0123"'),
    "a boolean for text": (USER, "userName: ada", "userName: no", 6, "spec.userName", 'a boolean; quote it: "no"'),
    "text for a number": (POOL, "quantity: 5", "quantity: five", 8, "spec.licenses[0].quantity", "must be a whole num"),
    "a fraction": (POOL, "quantity: 5", "quantity: 5.5", 8, "spec.licenses[0].quantity", "must be a whole number"),
    "an object for a list": (USER, "  - value: ada@example.com", "    value: x", 7, "spec.emails", "must be a list"),
    "too small": (POOL, "quantity: 5", "quantity: -1", 8, "spec.licenses[0].quantity", "is -1; at least 0 is accepted"),
    "too great": (POOL, "quantity: 5", "quantity: 1_000_001", 8, "spec.licenses[0].quantity", "at most 1000000 is acc"),
    "too long": (WORKGROUP, "Desk", "x" * 257, 6, "spec.displayName", "has 257 characters; at most 256 are accepted"),
    "too short": (
        USER,
        "userName: ada",
        "userName: ''",
        6,
        "spec.userName",
        "has 0 characters; at least 1 is accepted",
    ),
    "too few": (
        USER,
        "  - workgroupRef: desk",
        "    []",
        9,
        "spec.workgroups",
        "has 0 entries; at least 1 is accepted",
    ),
    "no address": (
        USER,
        "ada@example.com",
        "Ada <a@b.de>",
        8,
        "spec.emails[0].value",
        "is not an email address such as",
    ),
    "a line break at the end": (
        USER,
        "value: ada@example.com",
        'value: "a@b.de\\n"',
        8,
        "spec.emails[0].value",
        "email",
    ),
    "no form": (USER, "userName: ada", "timezone: Not a zone\n  userName: ada", 6, "spec.timezone", "(Time zone of"),
    "a reference in capitals": (USER, "desk", "Desk", 10, "spec.workgroups[0].workgroupRef", "lower-case letters"),
    "a name in capitals": (POOL, "seats", "Seats", 4, "metadata.name", "is not a name of an object: lower-case"),
    "an annotation that is a boolean": (
        POOL,
        "  name: seats",
        "  name: seats\n  annotations:\n    tenantry.dev/paused: true",
        6,
        "metadata.annotations.tenantry.dev/paused",
        'quote it: "true"',
    ),
    "an entry twice, by its key": (
        USER,
        "  - workgroupRef: desk",
        "  - workgroupRef: desk\n  - workgroupRef: desk",
        11,
        "spec.workgroups[1]",
        "has the same workgroupRef as entry 0; remove one",
    ),
    "a value twice": (
        USER,
        "workgroupRef: desk",
        "workgroupRef: desk\n    groups: [a, b, a]",
        11,
        "spec.workgroups[0].groups[2]",
        "has the same value as entry 0; remove one",
    ),
    "a version that is not served": (POOL, "v1alpha1", "v1beta7", 1, "apiVersion", "write tenantry.dev/v1alpha1"),
    "a group that is misspelt": (
        POOL,
        "tenantry.dev/",
        "tenantri.dev/",
        1,
        "apiVersion",
        "write tenantry.dev/v1alpha1",
    ),
    "no version": (POOL, "apiVersion: tenantry.dev/v1alpha1\n", "", 1, "", "has no apiVersion; write apiVersion: tena"),
    "no kind": (POOL, "kind: LicensePool\n", "", 1, "", "has no kind"),
    "a kind that is misspelt": (POOL, "LicensePool", "Licensepool", 2, "kind", "did you mean LicensePool?"),
    "a kind that is none": (POOL, "LicensePool", "Zebra", 2, "kind", "there are LicensePool, Workgroup, User, Proj"),
    "a key twice": (
        POOL,
        "quantity: 5",
        "quantity: 5\n    quantity: 6",
        9,
        "",
        'the key "quantity" stands in this map',
    ),
    "a tab": (POOL, "    quantity: 5", "\t  quantity: 5", 8, "", "a tab in the indentation"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_with_line_field_and_what_would_be_right(case: str) -> None:
    text, before, after, line, field, words = FAULTS[case]
    assert before in text
    done = tenantry("validate", "--allow-missing", "-o", "json", "-", stdin=text.replace(before, after, 1))
    assert done.code == 1
    found = [(fault["line"], fault["field"]) for fault in done.data["faults"]]
    assert found == [(line, field)], done.out
    assert words in done.data["faults"][0]["message"]


ACCEPTED = {
    "a date without quotes is text": (WORKGROUP, "Desk", "2026-01-31"),
    "a null of an optional field is absent": (WORKGROUP, "Desk", ""),
    "a boolean by its YAML 1.1 name": (USER, "userName: ada", "userName: ada\n  active: off"),
    "a whole number with a point": (POOL, "quantity: 5", "quantity: 5.0"),
    "what kubectl get adds": (
        POOL,
        "  name: seats",
        "  name: seats\n  uid: x\n  generation: 1\n  resourceVersion: '5'\n  managedFields: []",
    ),
    "a status": (POOL, "spec:", "status: {observedGeneration: 1}\nspec:"),
    "a name in any script": (WORKGROUP, "Desk", "Käse 🧀 שלום"),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_the_api_server_accepts_is_no_fault(case: str) -> None:
    text, before, after = ACCEPTED[case]
    assert before in text
    done = tenantry("validate", "--allow-missing", "-", stdin=text.replace(before, after, 1))
    assert (done.code, done.lines[-1]) == (0, "1 object in 1 file: no fault"), done.out
