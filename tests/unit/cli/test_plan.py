"""`tenantry plan` and `tenantry apply`: what they print, and the codes that a pipeline goes by."""

from pathlib import Path

import pytest

from tests.support.builders import pool, user, workgroup
from tests.support.commands import Done, tenantry
from tests.support.manifests import secret, text

PEOPLE = [user("ada"), user("bob"), user("cyd")]
#: Only a CEL rule of the CRD refuses it (TH-06).
BEYOND_THE_PLAN = pool(
    spec={
        "plan": {"name": "Free", "addOnsAllowed": False},
        "limits": [
            {"name": "admins", "included": 1, "addOns": 5, "consumedBy": [{"workgroupRef": "tracker", "role": "Boss"}]}
        ],
    }
)


@pytest.fixture
def where(tmp_path: Path) -> str:
    """The URL of a store that is not there yet."""
    return f"sqlite:///{tmp_path / 'store.db'}"


def files(folder: Path, content: str, name: str = "all.yaml") -> Path:
    path = folder / name
    path.write_text(content)
    return path


def told(done: Done) -> list[str]:
    """Return the lines without their indentation and padding."""
    return [" ".join(line.split()) for line in done.lines]


def test_a_plan_tells_what_is_created_who_waits_and_which_seats_it_takes(tmp_path: Path, where: str) -> None:
    done = tenantry("plan", files(tmp_path, text(pool(static=2), workgroup(), *PEOPLE)), "--store-url", where)
    lines = told(done)
    assert lines[0] == "acme:"
    assert "+ User ada license Static; workgroups.tracker Member" in lines
    (waits,) = [line for line in lines if line.startswith("+ User cyd")]
    assert waits.startswith("+ User cyd waits: SeatLimitReached: spec.license.type: LicensePool")
    assert lines[-4:] == [
        "seats and limits:",
        "seats Static: 0 -> 2 of 2, 1 more waiting",
        (
            "note: seats Static does not seat all new Users: in a cluster the order within one second is that of "
            "arrival and UID, so others of them may wait"
        ),
        "Plan: 4 to create, 1 waiting; 0 unchanged",
    ]
    assert done.code == 1


def test_the_codes_of_a_plan(tmp_path: Path, where: str) -> None:
    path = files(tmp_path, text(pool(static=3), workgroup(), *PEOPLE))
    assert tenantry("plan", path, "--store-url", where).code == 2
    assert not (tmp_path / "store.db").exists()
    assert tenantry("apply", path, "--store-url", where).code == 0
    assert tenantry("plan", path, "--store-url", where).code == 0
    assert tenantry("plan", path, "--store-url", where, "--empty").code == 2
    files(tmp_path, text(pool(static=2), workgroup(), *PEOPLE, user("dan")))
    assert tenantry("plan", path, "--store-url", where).code == 1
    assert tenantry("plan", path, "--store-url", "postgresql://nobody@127.0.0.1:1/none").code == 3


@pytest.mark.parametrize(
    "arguments", [(), ("nowhere.yaml",), ("-", "--bogus"), ("-", "-n", "Not A Namespace")], ids=str
)
def test_wrong_usage_of_a_plan_is_not_taken_for_changes(where: str, arguments: tuple[str, ...]) -> None:
    done = tenantry("plan", *arguments, "--store-url", where)
    assert (done.code, "Usage: " in done.err) == (1, True)
    assert tenantry("apply", *arguments, "--store-url", where).code == 2


def test_the_codes_of_an_apply(tmp_path: Path, where: str) -> None:
    path = files(tmp_path, text(pool(static=2), workgroup(), *PEOPLE))
    first = tenantry("apply", path, "--store-url", where)
    assert (first.code, told(first)[-1]) == (1, "Done: 4 created, 1 waiting; 0 unchanged")
    again = tenantry("apply", path, "--store-url", where)
    assert (again.code, told(again)[-1]) == (1, "Done: 1 waiting; 4 unchanged")
    files(tmp_path, text(pool(static=3), workgroup(), *PEOPLE))
    assert tenantry("apply", path, "--store-url", where).code == 0
    done = tenantry("apply", path, "--store-url", where)
    assert (done.code, done.out) == (0, "Done: nothing to do; 5 unchanged\n")


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("kind: User\n", "has no apiVersion"),
        (text(user("ada")) + "---\n" + text(user("ada")), "stands in the files twice"),
        (text(user("ada")).replace("userName: ada", "userName: 7"), "spec.userName"),
        ("a: [\n", "not YAML"),
        (text(BEYOND_THE_PLAN), "this plan allows no add-ons"),
        (text(user("ada", in_=[{"workgroupRef": "tracker", "membership": "Available", "role": "Boss"}])), "role"),
    ],
)
def test_files_with_a_fault_do_nothing_at_all(
    tmp_path: Path, where: str, command: str, broken: str, message: str
) -> None:
    tenantry("apply", files(tmp_path, text(pool(static=3), workgroup(), *PEOPLE)), "--store-url", where)
    path = files(tmp_path, broken, "broken.yaml")
    options = ["--yes"] if command == "apply" else []
    done = tenantry(command, path, "-n", "acme", "--prune", *options, "--store-url", where)
    assert (done.code, message in done.out) == (1, True)
    assert done.lines[-1].endswith("in the files; nothing was planned")
    assert len(tenantry("users", "list", "-o", "json", "--store-url", where).data) == 3


def test_of_a_tenant_that_is_not_there_a_plan_says_what_becomes_of_a_secret_that_is_not_in_the_files(
    tmp_path: Path, where: str
) -> None:
    spec = {"password": {"secretKeyRef": {"name": "passwords", "key": "ada"}}}
    path = files(tmp_path, text(workgroup(pool=None), user("ada", license=None, spec=spec)))
    planned = tenantry("plan", path, "--store-url", where)
    assert planned.code == 2
    assert any("for tenantry apply it must be in the files (SecretNotFound)" in line for line in planned.lines)
    applied = tenantry("apply", path, "--store-url", where)
    assert (applied.code, "SecretNotFound" in applied.out) == (1, True)
    assert not any("must be in the files" in line for line in tenantry("plan", path, "--store-url", where).lines)


def test_an_object_without_a_namespace_needs_one(tmp_path: Path, where: str) -> None:
    content = text(workgroup(pool=None)).replace("  namespace: acme\n", "")
    path = files(tmp_path, content)
    assert "names no namespace; write one, or give -n" in tenantry("plan", path, "--store-url", where).out
    assert tenantry("plan", path, "-n", "acme", "--store-url", where).lines[0] == "acme:"


def test_json_has_everything(tmp_path: Path, where: str) -> None:
    path = files(tmp_path, text(pool(static=1), workgroup(), *PEOPLE[:2]))
    found = tenantry("plan", path, "-o", "json", "--store-url", where).data
    (tenant,) = found["tenants"]
    bob = next(effect for effect in tenant["effects"] if effect["name"] == "bob")
    assert (bob["action"], bob["result"], bob["reason"], bob["fails"]) == (
        "create",
        "waiting",
        "SeatLimitReached",
        True,
    )
    assert tenant["capacities"] == [
        {
            "kind": "license",
            "owner": "seats",
            "name": "Static",
            "before": {"used": 0, "waiting": 0, "bought": None},
            "after": {"used": 1, "waiting": 1, "bought": 1},
        }
    ]


def test_markdown_is_a_table_that_no_name_can_leave(tmp_path: Path, where: str) -> None:
    odd = user("ada", spec={"displayName": "a|b <img> @team `x`"})
    tenantry("apply", files(tmp_path, text(pool(static=1), workgroup(), user("ada"))), "--store-url", where)
    done = tenantry("plan", files(tmp_path, text(odd)), "-o", "markdown", "--store-url", where)
    assert done.lines[0] == "### Tenantry: 1 to change; 0 unchanged"
    (row,) = [line for line in done.lines if "User ada" in line]
    assert row.count("|") == 4
    assert not {"<", "@"} & set(row)


def test_in_markdown_each_character_is_escaped_once(tmp_path: Path, where: str) -> None:
    odd = user("ada", in_=[{"workgroupRef": "tracker", "role": "None & *"}])
    done = tenantry(
        "plan", files(tmp_path, text(pool(static=1), workgroup(), odd)), "-o", "markdown", "--store-url", where
    )
    (row,) = [line for line in done.lines if "User ada" in line]
    assert "spec.workgroups&#91;0&#93;.role" in row
    assert "None &#38; &#42;" in row


def test_each_object_is_in_one_of_the_numbers(tmp_path: Path, where: str) -> None:
    refused = user("dan", in_=[{"workgroupRef": "tracker", "role": "Nobody"}])
    path = files(tmp_path, text(pool(static=2), workgroup(), *PEOPLE, refused))
    done = tenantry("apply", path, "--store-url", where)
    assert told(done)[-1] == "Done: 4 created, 1 waiting, 1 refused or held; 0 unchanged"


def test_before_something_is_removed_a_person_is_asked(tmp_path: Path, where: str) -> None:
    path = files(tmp_path, text(pool(static=3), workgroup(), *PEOPLE))
    tenantry("apply", path, "--store-url", where)
    files(tmp_path, text(pool(static=3), workgroup(), user("ada")))
    arguments = ("apply", path, "--prune", "--store-url", where)
    no = tenantry(*arguments, stdin="n\n")
    assert (no.code, "Remove 2 objects of acme" in no.err) == (1, True)
    assert "- User bob deletion mode Restorable" in told(no)
    assert tenantry(*arguments).code == 1  # nobody answers
    assert len(tenantry("users", "list", "-o", "json", "--store-url", where).data) == 3
    assert tenantry(*arguments, "-o", "json", stdin="y\n").data["done"] is True
    assert len(tenantry("users", "list", "-o", "json", "--store-url", where).data) == 1
    assert tenantry(*arguments).code == 0  # nothing is left to ask about


def test_what_becomes_of_holdings_is_told_before_their_account_goes(tmp_path: Path, where: str) -> None:
    kinds = [
        {"kind": "draft", "onDelete": "Drop"},
        {"kind": "device", "onDelete": "Reassign", "defaultAssignee": "bob"},
    ]
    policy, bob = workgroup(pool=None, spec={"deletion": {"holdings": kinds}}), user("bob", license=None)
    tenantry("apply", files(tmp_path, text(policy, user("ada", license=None), bob)), "--store-url", where)
    add = ("holdings", "add", "-n", "acme", "--workgroup", "tracker", "--user", "ada", "--store-url", where)
    tenantry(*add, "--kind", "draft", "d1", "d2")
    tenantry(*add, "--kind", "device", "m1")
    path = files(tmp_path, text(policy, bob))
    fate = (
        '- User ada deletion mode Restorable; 1 of kind "device" in Workgroup "tracker" given to bob; '
        '2 of kind "draft" in Workgroup "tracker" dropped'
    )
    assert fate in told(tenantry("plan", path, "--prune", "--store-url", where))
    assert fate in told(tenantry("users", "delete", "ada", "-n", "acme", "--store-url", where, stdin="n\n"))
    (plan,) = tenantry("plan", path, "--prune", "-o", "json", "--store-url", where).data["tenants"]
    (effect,) = plan["effects"]
    assert [(m["kind"], m["count"], m["fate"]) for m in effect["holdings"]] == [
        ("device", 1, "given to bob"),
        ("draft", 2, "dropped"),
    ]


def test_no_password_of_the_files_is_printed(tmp_path: Path, where: str) -> None:
    ada = user("ada", spec={"password": {"secretKeyRef": {"name": "passwords", "key": "ada"}}})
    path = files(tmp_path, text(pool(static=1), workgroup(), secret("passwords", ada="teal-otter"), ada))
    for output in ("text", "json", "markdown"):
        for command in ("plan", "apply"):
            done = tenantry(command, path, "-o", output, "--store-url", where)
            assert "otter" not in done.out + done.err
            assert done.code in {0, 2}


def test_several_are_deleted_after_a_warning_and_a_yes(tmp_path: Path, where: str) -> None:
    tenantry("apply", files(tmp_path, text(pool(static=3), workgroup(), *PEOPLE)), "--store-url", where)
    arguments = ("users", "delete", "ada", "bob", "-n", "acme", "--store-url", where)
    no = tenantry(*arguments, stdin="n\n")
    assert (no.code, "Warning: these 2 accounts and what belongs to them will be deleted" in no.err) == (1, True)
    assert no.err.splitlines()[-1] == "tenantry: nothing was changed"
    one = tenantry("users", "delete", "ada", "-n", "acme", "--store-url", where, stdin="n\n")
    assert "Warning: this account and what belongs to it will be deleted" in one.err
    assert "- User ada deletion mode Restorable" in told(no)
    yes = tenantry(*arguments, stdin="y\n")
    assert (yes.code, told(yes)[-1]) == (0, "Done: 2 removed; 0 unchanged")
    none = tenantry(*arguments, "--yes")
    assert (none.code, none.out.count("LoginDeleted")) == (1, 2)
    assert told(none)[-1] == "Done: 2 refused or held; 0 unchanged"


def test_groups_and_invitations_have_codes_too(tmp_path: Path, where: str) -> None:
    inviting = {"onboarding": {"mode": "Invitation"}, "roles": [{"name": "Boss"}], "groups": [{"name": "Night"}]}
    tenantry("apply", files(tmp_path, text(workgroup("floor", pool=None, spec=inviting))), "--store-url", where)
    common = ("-n", "acme", "--workgroup", "floor", "--store-url", where)
    invited = tenantry("invite", "--role", "Boss", "ada@example.com", "bob@example.com", *common)
    assert (invited.code, told(invited)[-1]) == (0, "Done: 2 created; 0 unchanged")
    assert tenantry("invite", "--role", "Boss", "ada@example.com", *common).code == 1
    added = tenantry("groups", "add", "Night", "ada@example.com", "bob@example.com", *common)
    assert (added.code, told(added)[-1]) == (0, "Done: 2 changed; 0 unchanged")
    assert tenantry("groups", "remove", "Night", "ada@example.com", "nobody", *common).code == 1
    wrong = tenantry("groups", "add", "Day", "ada@example.com", *common)
    assert (wrong.code, 'defines no group "Day"; there is Night' in wrong.err) == (1, True)


def test_nr_16_who_still_holds_something_is_held_until_that_is_settled(tmp_path: Path, where: str) -> None:
    deletion = {"deletion": {"holdings": [{"kind": "record", "onDelete": "Block"}]}}
    content = text(pool(static=3), workgroup(spec=deletion), *PEOPLE)
    path = files(tmp_path, content)
    tenantry("apply", path, "--store-url", where)
    common = ("-n", "acme", "--store-url", where)
    registered = tenantry(
        "holdings", "add", "R-1", "--workgroup", "tracker", "--kind", "record", "--user", "ada", *common
    )
    assert registered.code == 0, registered.err
    held = tenantry("users", "delete", "ada", "bob", "--yes", *common)
    assert (held.code, told(held)[-1]) == (1, "Done: 1 removed, 1 refused or held; 0 unchanged")
    assert "is held: HoldingsLeft: spec.offboarding.holdings: 1 holding" in held.out
    back = tenantry("plan", path, *common)
    assert "~ User ada deleting yes -> no" in told(back)
    given = tenantry("holdings", "reassign", "--from", "ada", "--to", "cyd", *common)
    assert given.code == 0, given.err
    assert [told(given)[0], told(given)[-1]] == ["1 holding reassigned", "Done: 1 removed; 0 unchanged"]
    assert "- User ada deletion mode Restorable" in told(given)
    gone = tenantry("users", "delete", "ada", "--yes", *common)
    assert (gone.code, "LoginDeleted" in gone.out) == (1, True)
    again = tenantry("apply", path, *common)
    assert next(line for line in told(again) if "LoginDeleted" in line).startswith("+ User ada refused")
