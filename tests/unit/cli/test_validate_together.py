"""What `validate` says of objects together: references, logins, seats, in the order of the files."""

from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.commands import Done, tenantry

HEAD = "apiVersion: tenantry.dev/v1alpha1\n"
POOL = HEAD + "kind: LicensePool\nmetadata: {name: seats}\nspec: {licenses: [{type: Static, quantity: 2}]}\n"
DESK = HEAD + dedent("""\
    kind: Workgroup
    metadata: {name: desk}
    spec:
      licensePoolRef: seats
      roles: [{name: Agent}, {name: Guest, requiresProject: true}]
      password: {minLength: 8}
      projects: [{name: apollo, resources: [{type: device, names: [d1], operations: [read]}]}]
    """)


def user(name: str, *lines: str, role: str = "Agent", namespace: str = "") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    spec = [f"userName: {name}", f"emails: [{{value: {name}@example.com}}]", "license: {type: Static}"]
    spec += [f"workgroups: [{{workgroupRef: desk, role: {role}}}]", *lines]
    return f"{HEAD}kind: User\nmetadata: {{name: {name}{where}}}\nspec:\n" + "".join(f"  {line}\n" for line in spec)


def member(user_name: str, project: str = "apollo") -> str:
    spec = f"{{workgroupRef: desk, project: {project}, userRef: {user_name}}}"
    return f"{HEAD}kind: ProjectMember\nmetadata: {{name: {user_name}-in}}\nspec: {spec}\n"


def secret(value: str, key: str = "password") -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: initial}}\nstringData: {{{key}: {value}}}\n"


PASSWORD = "password: {secretKeyRef: {name: initial}}"
MAILBOX = "emailIntegration: {provider: Google, secretKeyRef: {name: initial, key: token}}"


def check(*documents: str, options: tuple[str, ...] = ()) -> Done:
    return tenantry("validate", "-o", "json", *options, "-", stdin="---\n".join(documents))


def told(done: Done, what: str = "faults") -> list[tuple[str, str, str]]:
    return [(found["name"], found["field"], found["reason"]) for found in done.data[what]]


CASES = {
    "everybody has a seat": ([POOL, DESK, user("ada"), user("bob")], []),
    "the last in the files finds no seat": (
        [user("ada"), user("bob"), user("eve"), POOL, DESK],
        [("eve", "spec.license.type", "SeatLimitReached")],
    ),
    "a role that is none": (
        [POOL, DESK, user("ada", role="Agnt")],
        [("ada", "spec.workgroups[0].role", "RoleNotFound")],
    ),
    "a workgroup that is none": (
        [user("ada")],
        [("ada", "spec.workgroups[0].workgroupRef", "WorkgroupNotFound")],
    ),
    "a pool that is none": (
        [DESK, user("ada")],
        [("desk", "spec.licensePoolRef", "LicensePoolNotFound"), ("ada", "spec.workgroups", "LicensePoolNotFound")],
    ),
    "a login in another case": (
        [POOL, DESK, user("ada"), user("bob").replace("userName: bob", "userName: ADA")],
        [("bob", "spec.userName", "LoginTaken")],
    ),
    "a user that is refused takes no seat": (
        [POOL, DESK, user("ada", role="Agnt"), user("bob"), user("eve")],
        [("ada", "spec.workgroups[0].role", "RoleNotFound")],
    ),
    "an object twice": ([POOL, DESK, user("ada"), user("ada")], [("ada", "", "")]),
    "a project that is none": (
        [POOL, DESK, user("ada"), member("ada", "apolo")],
        [("ada-in", "spec.project", "ProjectNotFound")],
    ),
    "a member who is none": ([POOL, DESK, member("ada")], [("ada-in", "spec.userRef", "UserNotFound")]),
    "a password that is too short": (
        [POOL, DESK, user("ada", PASSWORD), secret("short")],
        [("ada", "spec.password.secretKeyRef", "PasswordInvalid")],
    ),
    "a password that is long enough": ([POOL, DESK, user("ada", PASSWORD), secret("long-enough")], []),
    "a Secret without the key": (
        [POOL, DESK, user("ada", PASSWORD), secret("long-enough", key="other")],
        [("ada", "spec.password.secretKeyRef", "SecretKeyNotFound")],
    ),
    "a Secret that is no text": (
        [POOL, DESK, user("ada", PASSWORD), secret("/w==").replace("stringData", "data")],
        [("ada", "spec.password.secretKeyRef", "PasswordInvalid")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_objects_are_checked_together_by_the_operators_rules(case: str) -> None:
    documents, faults = CASES[case]
    done = check(*documents)
    assert told(done) == faults, done.out
    assert done.code == (1 if faults else 0)


def test_a_message_names_what_would_be_right() -> None:
    (fault,) = check(POOL, DESK, user("ada", role="Agnt")).data["faults"]
    assert fault["message"] == 'role "Agnt" is not defined in Workgroup "desk"; there are Agent, Guest'
    assert fault["line"] == 22


def test_namespaces_are_apart() -> None:
    def within(namespace: str) -> list[str]:
        policies = [text.replace("{name: ", f"{{namespace: {namespace}, name: ", 1) for text in (POOL, DESK)]
        return [*policies, user("ada", namespace=namespace), user("bob", namespace=namespace)]

    assert check(*within("one"), *within("two")).code == 0
    elsewhere = check(POOL, DESK, user("ada", namespace="other"))
    assert told(elsewhere) == [("ada", "spec.workgroups[0].workgroupRef", "WorkgroupNotFound")]
    named = check(POOL, DESK, user("ada", namespace="other"), options=("-n", "other"))
    assert told(named) == []


def test_what_may_be_elsewhere_is_a_note_where_that_is_asked_for() -> None:
    done = check(user("ada", role="Agnt"), DESK, member("bob"), options=("--allow-missing",))
    assert told(done) == [("ada", "spec.workgroups[0].role", "RoleNotFound")]
    assert [reason for _, _, reason in told(done, "notes")] == [
        "LicensePoolNotFound",
        "LicensePoolNotFound",
        "UserNotFound",
    ]


def test_a_secret_that_the_files_do_not_have_is_a_note_and_takes_no_seat_away() -> None:
    done = check(POOL, DESK, user("ada", PASSWORD), user("bob"), user("eve"))
    assert told(done) == [("eve", "spec.license.type", "SeatLimitReached")]
    assert told(done, "notes") == [("ada", "spec.password.secretKeyRef.name", "SecretNotFound")]


@pytest.mark.parametrize(
    ("secrets", "notes"),
    [
        ([secret("hunter2", key="token")], []),
        ([], [("ada", "spec.emailIntegration.secretKeyRef.name", "SecretNotFound")]),
        ([secret("hunter2")], [("ada", "spec.emailIntegration.secretKeyRef", "SecretKeyNotFound")]),
        ([secret('""', key="token")], [("ada", "spec.emailIntegration.secretKeyRef", "MailboxInvalid")]),
    ],
)
def test_it_16_a_broken_mailbox_is_a_note_and_no_fault(secrets: list[str], notes: list[tuple[str, str, str]]) -> None:
    done = check(POOL, DESK, user("ada", MAILBOX), *secrets)
    assert (told(done), done.code) == ([], 0)
    assert told(done, "notes") == notes


def test_the_value_of_a_secret_is_never_shown() -> None:
    documents = [POOL, DESK, user("ada", PASSWORD, MAILBOX), secret("hunter2")]
    assert "hunter2" not in check(*documents).out
    assert "hunter2" not in tenantry("validate", "-", stdin="---\n".join(documents)).out


def test_a_workgroup_with_a_fault_of_its_own_is_not_told_as_missing() -> None:
    broken = DESK.replace("{name: Agent}", "{name: 7}").replace("minLength: 8", "minLength: x")
    done = check(POOL, broken, user("ada"), member("ada"))
    assert {name for name, _, _ in told(done)} == {"desk"}
    assert [name for name, _, _ in told(done, "notes")] == ["ada", "ada-in"]


def test_nothing_is_told_as_missing_where_a_document_could_not_be_read() -> None:
    done = check(POOL, "a: {\n", user("ada"))
    assert told(done) == [("", "", "")]
    assert told(done, "notes") == [("ada", "spec.workgroups[0].workgroupRef", "WorkgroupNotFound")]


def test_what_is_accepted_but_worth_telling_is_a_note() -> None:
    quiet = user("eve").replace("  emails: [{value: eve@example.com}]\n", "")
    pool = POOL.replace("quantity: 2}]", "quantity: 2}], freeRoles: [{workgroupRef: desk, role: Agnt}]")
    done = check(pool, DESK, user("ada", role="Guest"), quiet)
    assert (done.code, told(done, "notes")) == (
        0,
        [
            ("seats", "spec.freeRoles[0].role", "RoleNotFound"),
            ("ada", "spec.workgroups[0].role", "NoProject"),
            ("eve", "spec.emails", "EmailMissing"),
        ],
    )
    assert told(check(POOL, DESK, user("ada", role="Guest"), member("ada")), "notes") == []


def test_a_role_of_a_workgroup_that_is_not_there_is_a_note_unless_that_one_has_a_fault() -> None:
    pool = POOL.replace("quantity: 2}]", "quantity: 2}], freeRoles: [{workgroupRef: desk, role: Agent}]")
    assert told(check(pool), "notes") == [("seats", "spec.freeRoles[0].workgroupRef", "WorkgroupNotFound")]
    assert told(check(pool, DESK.replace("minLength: 8", "minLength: x")), "notes") == []


def test_items_of_a_list_are_objects() -> None:
    done = tenantry(
        "validate",
        "-o",
        "json",
        "-",
        stdin=dedent("""\
            apiVersion: v1
            kind: List
            items:
            - apiVersion: tenantry.dev/v1alpha1
              kind: Workgroup
              metadata: {name: desk}
              spec: {}
            - apiVersion: tenantry.dev/v1alpha1
              kind: User
              metadata: {name: ada}
              spec:
                userName: ada
                workgroups: [{workgroupRef: dsk}]
            """),
    )
    assert [(f["name"], f["line"]) for f in done.data["faults"]] == [("ada", 13)]


def test_the_quickstart_fits_and_one_more_is_told() -> None:
    quickstart = Path(__file__).parents[3] / "examples" / "quickstart"
    files = [quickstart / name for name in ("pool.yaml", "workgroup.yaml", "users.yaml")]
    assert tenantry("validate", *files).code == 0
    whole = tenantry("validate", "-o", "json", quickstart)
    assert told(whole) == [("alan", "spec.license.type", "SeatLimitReached")]


@pytest.mark.parametrize("example", ["industrack", "machinemetrics", "netresults-tracker", "thermotrack", "thinger"])
def test_the_examples_have_no_fault(example: str) -> None:
    done = tenantry("validate", Path(__file__).parents[3] / "examples" / example)
    assert done.code == 0, done.out
