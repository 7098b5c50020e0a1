"""What `tenantry plan` and `tenantry apply` make of input that is empty, incomplete, wrong or not theirs."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from tenantry.cli import watching
from tenantry.errors import InputError
from tenantry.services import pipeline
from tenantry.services.effects import Plan
from tenantry.services.pipeline import Request
from tenantry.store import Store
from tests.support.builders import pool, user, workgroup
from tests.support.commands import tenantry
from tests.support.edits import paused
from tests.support.manifests import secret, text

PEOPLE = [user("ada"), user("bob"), user("cyd")]
BASE = (pool(static=20), workgroup())


@pytest.fixture
def where(tmp_path: Path) -> str:
    """The URL of a store that is not there yet."""
    return f"sqlite:///{tmp_path / 'store.db'}"


def logins(where: str, namespace: str = "acme") -> list[str]:
    return [
        each["login"] for each in tenantry("users", "list", "-n", namespace, "-o", "json", "--store-url", where).data
    ]


def apply(where: str, content: str, *options: str) -> None:
    done = tenantry("apply", "-", *options, "--store-url", where, stdin=content)
    assert done.code == 0, done.out + done.err


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_pipe_that_is_given_as_a_path_is_read(tmp_path: Path, where: str, command: str) -> None:
    content = text(*BASE, *PEOPLE)
    apply(where, content)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_text, args=(content,), daemon=True)
    writer.start()
    done = tenantry(command, pipe, "-n", "acme", "--prune", "--store-url", where)
    writer.join()
    assert (done.code, done.lines[-1].endswith("nothing to do; 5 unchanged")) == (0, True)


@pytest.mark.parametrize("content", ["", "# nothing\n", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\n"])
def test_input_without_an_object_empties_no_store(where: str, content: str) -> None:
    apply(where, text(*BASE, *PEOPLE))
    for command in (("plan",), ("apply", "--yes")):
        done = tenantry(*command, "-", "-n", "acme", "--prune", "--store-url", where, stdin=content)
        assert (done.code, "--prune would remove all 5 objects of acme" in done.err) == (1, True)
    assert logins(where) == ["ada", "bob", "cyd"]
    apply(where, content, "-n", "acme", "--prune", "--yes", "--prune-most")
    assert logins(where) == []


def test_more_than_ten_and_a_fifth_of_the_accounts_go_only_when_that_is_said(where: str) -> None:
    people = [user(f"u{number:02}") for number in range(20)]
    apply(where, text(*BASE, *people))
    few = text(*BASE, *people[:9])
    done = tenantry("apply", "-", "--prune", "--yes", "--store-url", where, stdin=few)
    assert (done.code, "--prune would remove 11 of the 20 accounts of acme" in done.err) == (1, True)
    assert "--prune-most" in tenantry("plan", "-", "--prune", "--store-url", where, stdin=few).err
    assert len(logins(where)) == 20
    apply(where, text(*BASE, *people[:10]), "--prune", "--yes")
    assert len(logins(where)) == 10
    apply(where, few, "--prune", "--yes", "--prune-most")
    assert len(logins(where)) == 9


def in_both(*names: str) -> str:
    """Return files for two namespaces."""
    objects = (pool(static=3), workgroup(), *map(user, names))
    return "---\n".join(text(*objects).replace("namespace: acme", f"namespace: {name}") for name in ("alpha", "beta"))


def test_a_no_for_one_namespace_keeps_them_all_as_they_are(where: str) -> None:
    apply(where, in_both("ada", "bob"))
    arguments = ("apply", "-", "--prune", "-o", "json", "--store-url", where)
    done = tenantry(*arguments, stdin=in_both("ada"))  # nobody answers
    assert done.code == 1
    path = Path(where.removeprefix("sqlite:///")).with_name("all.yaml")
    path.write_text(in_both("ada"))
    no = tenantry("apply", path, "--prune", "--store-url", where, stdin="y\nn\n")
    assert (no.code, "of beta" in no.err) == (1, True)
    assert logins(where, "alpha") == logins(where, "beta") == ["ada", "bob"]
    assert tenantry("apply", path, "--prune", "--store-url", where, stdin="y\ny\n").code == 0
    assert logins(where, "alpha") == logins(where, "beta") == ["ada"]


def test_a_namespace_that_cannot_be_written_to_keeps_them_all_as_they_are(tmp_path: Path, where: str) -> None:
    key = tmp_path / "key"
    key.write_text("k" * 32)
    beta = text(pool(static=3), workgroup(), user("ada")).replace("namespace: acme", "namespace: beta")
    apply(where, beta, "--audit-key-file", str(key))
    done = tenantry("apply", "-", "--store-url", where, stdin=in_both("ada", "bob"))
    assert (done.code, 'tenant "beta" is signed' in done.err) == (1, True)
    assert tenantry("users", "list", "-n", "alpha", "--store-url", where).code == 1


def test_what_is_done_is_told_also_when_a_later_namespace_fails(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(store: Store, request: Request) -> Plan:
        if request.namespace == "beta":
            raise InputError("changed meanwhile")
        return pipeline.apply(store, request)

    monkeypatch.setattr("tenantry.cli.apply.apply", failing)
    done = tenantry("apply", "-", "--store-url", where, stdin=in_both("ada"))
    assert (done.code, "changed meanwhile" in done.err) == (1, True)
    assert done.lines[0] == "alpha:"
    assert done.lines[-1] == "Done: 3 created; 0 unchanged"


def test_a_signed_trail_without_its_key_is_refused_before_anybody_is_asked(tmp_path: Path, where: str) -> None:
    key = tmp_path / "key"
    key.write_text("k" * 32)
    apply(where, text(*BASE, *PEOPLE), "--audit-key-file", str(key))
    planned = tenantry("plan", "-", "--store-url", where, stdin=text(user("dan")))
    assert (planned.code, "--audit-key-file" in planned.err) == (1, True)
    signed = ("--audit-key-file", key, "--store-url", where)
    assert tenantry("plan", "-", *signed, stdin=text(*BASE, user("dan"))).code == 2
    asked = tenantry("users", "delete", "ada", "-n", "acme", "--store-url", where, stdin="y\n")
    assert (asked.code, "--audit-key-file" in asked.err, "Warning" in asked.err) == (1, True, False)
    assert tenantry("users", "delete", "ada", "-n", "acme", *signed, stdin="y\n").code == 0


def test_what_of_the_files_is_passed_over_is_told(tmp_path: Path, where: str) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n")
    (tmp_path / "b.yaml").write_text("")
    done = tenantry("plan", tmp_path, "-n", "acme", "--empty", "--store-url", where)
    assert (done.code, done.out) == (0, "Plan: nothing to do; 0 unchanged\n")
    assert [line.split(": ", 2)[2] for line in done.err.splitlines()] == [
        "Deployment/web: skipped: apps/v1 is not of tenantry.dev",
        "skipped: there is nothing in it",
    ]
    found = tenantry("plan", tmp_path, "-n", "acme", "--empty", "-o", "json", "--store-url", where)
    assert [note["kind"] for note in found.data["notes"]] == ["Deployment", ""]
    assert found.err == ""


def test_the_quickstart_is_planned_as_kubectl_would_apply_it() -> None:
    done = tenantry("plan", "examples/quickstart", "-n", "acme", "--empty")
    assert (done.code, done.err) == (2, "")


def test_a_folder_that_a_kustomization_changes_is_not_planned(tmp_path: Path, where: str) -> None:
    (tmp_path / "all.yaml").write_text(text(*BASE))
    (tmp_path / "kustomization.yaml").write_text("{resources: [all.yaml], nameSuffix: -2}")
    done = tenantry("plan", tmp_path, "--store-url", where)
    assert (done.code, f"run: kubectl kustomize {tmp_path} | tenantry plan -" in done.err) == (1, True)


def test_a_store_that_is_not_there_is_told(tmp_path: Path, where: str) -> None:
    done = tenantry("plan", "-", "--store-url", where, stdin=text(*BASE))
    assert (done.code, done.err) == (
        2,
        f"note: {tmp_path / 'store.db'}: there is no database: this is a plan against an empty one\n",
    )
    assert tenantry("plan", "-", "--empty", "--store-url", where, stdin=text(*BASE)).err == ""


SECRET = "postgresql://nobody:hunter2@"
URLS = {
    "a port that is none": (f"{SECRET}h:notaport/db", "%40 for an @"),
    "a driver that is none": (f"{SECRET.replace('postgresql', 'postgresql+foo')}h/db", "cannot be used"),
    "a driver that is not installed": (f"{SECRET.replace('postgresql', 'postgresql+psycopg2')}h/db", "cannot be used"),
    "a dialect of SQLite that is none": ("sqlite+foo:////tmp/x.db", "cannot be used"),
    "a folder that cannot be made": ("sqlite:////proc/nope/x.db", "the folder /proc/nope cannot be made"),
    "a store in memory": ("sqlite:///:memory:", "names no file"),
    "no file": ("sqlite://", "names no file"),
    "a folder": ("sqlite:////usr", "/usr is a folder"),
    "a password with an @": ("postgresql://u:hunter2@hunter2@h/db", "cannot be used"),
    "another database": ("mysql://nobody:hunter2@h/db", "is not a database URL"),
}


@pytest.mark.parametrize("case", URLS)
def test_a_store_url_that_cannot_be_used_is_told_without_its_password(case: str) -> None:
    url, message = URLS[case]
    done = tenantry("apply", "-", "--store-url", url, stdin=text(*BASE))
    assert (done.code, message in done.err, "hunter2" in done.err) == (1, True, False)


BAD_SECRETS: dict[str, tuple[dict[str, object], str]] = {
    "values that are no object": ({"stringData": "hunter2"}, "stringData: must be an object"),
    "a list of values": ({"data": ["hunter2"]}, "data: must be an object"),
    "a value that is no text": ({"stringData": {"password": 4711}}, "stringData.password: must be text"),
    "a value that is no base64": ({"data": {"password": "hunter2!"}}, "data.password: is no base64"),
}


@pytest.mark.parametrize("command", ["validate", "plan"])
@pytest.mark.parametrize("case", BAD_SECRETS)
def test_a_secret_is_a_secret(where: str, command: str, case: str) -> None:
    values, message = BAD_SECRETS[case]
    whole = secret("s")
    del whole["stringData"]
    content = text(whole | values)
    options = ("--store-url", where) if command == "plan" else ()
    done = tenantry(command, "-", *options, stdin=content)
    assert (done.code, message in done.out) == (1, True)
    assert not {"hunter2", "4711"} & set(done.out.replace('"', " ").split())


TIMES = [
    "yesterday",
    "2026-11-23T10:00:00",
    "2026-02-30T10:00:00Z",
    "2026-11-23T10:00:00+99:99",
    "2026-11-23 10:00:00Z",
]


def resent(time: str) -> str:
    """Return a file in which somebody is invited again at a time."""
    asked = user("ada", spec={"invitationResendTime": "2026-11-23T10:00:00Z"})
    return text(*BASE, asked).replace("'2026-11-23T10:00:00Z'", f"'{time}'")


@pytest.mark.parametrize("command", ["validate", "plan"])
@pytest.mark.parametrize("time", [*TIMES, "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_none_is_a_fault(where: str, command: str, time: str) -> None:
    content = resent(time)
    options = ("--store-url", where) if command == "plan" else ()
    done = tenantry(command, "-", *options, stdin=content)
    assert (done.code, f'"{time}" is not a time such as 2026-11-23T10:00:00Z [InvalidSpec]' in done.out) == (1, True)


@pytest.mark.parametrize(
    "time", ["2026-11-23T10:00:00Z", "2026-11-23t10:00:00.123456789z", "2026-11-23T10:00:00-05:30"]
)
def test_every_time_of_rfc_3339_is_one(time: str) -> None:
    content = resent(time)
    assert tenantry("validate", "-", stdin=content).code == 0


def test_a_list_without_a_list_is_a_fault(where: str) -> None:
    done = tenantry("plan", "-", "--store-url", where, stdin="apiVersion: v1\nkind: List\nitems: 3\n")
    assert (done.code, "<stdin>:3: items: must be a list of objects" in done.out) == (1, True)


def test_a_secret_that_stands_in_the_files_twice_is_a_fault_in_validate_too() -> None:
    content = text(secret("s", password="a"), secret("s", password="b"))
    assert "stands in the files twice" in tenantry("validate", "-", stdin=content).out


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_the_line_break_at_the_end_of_a_password_is_no_part_of_it(where: str, command: str) -> None:
    policy = workgroup(spec={"password": {"maxLength": 10}})
    ada = user("ada", spec={"password": {"secretKeyRef": {"name": "s", "key": "password"}}})
    content = text(pool(static=1), policy, secret("s", password="teal-otter\n"), ada)
    options = ("--store-url", where) if command == "plan" else ()
    assert tenantry(command, "-", *options, stdin=content).code == (2 if command == "plan" else 0)


@pytest.mark.parametrize(
    "arguments",
    [("users", "delete", "\udce9", "-n", "acme", "--yes"), ("explain", "\udce9", "read", "device/x", "-n", "acme")],
    ids=" ".join,
)
def test_an_argument_that_is_no_text_is_told(where: str, arguments: tuple[str, ...]) -> None:
    done = tenantry(*arguments, "--store-url", where)
    assert (done.code, done.err) == (1, "tenantry: the argument ? is not UTF-8 text\n")


def test_a_paused_user_is_not_told_to_be_deleted_or_changed(where: str) -> None:
    policy = workgroup(spec={"groups": [{"name": "Night"}]})
    apply(where, text(pool(static=3), policy, *PEOPLE))
    apply(where, text(pool(static=3), policy, paused(user("ada")), *PEOPLE[1:]))
    common = ("-n", "acme", "--store-url", where)
    for command in (("users", "delete", "ada", "--yes"), ("groups", "add", "Night", "ada", "--workgroup", "tracker")):
        done = tenantry(*command, *common)
        assert (done.code, "refused: Paused" in done.out, "removed" in done.out) == (1, True, False)
    pruned = tenantry("apply", "-", "--prune", "--yes", *common, stdin=text(pool(static=3), policy, *PEOPLE[1:]))
    assert (pruned.code, pruned.lines[-1]) == (1, "Done: 1 refused or held; 4 unchanged")


def test_in_markdown_what_fails_comes_first_and_all_tenants_share_the_room(where: str) -> None:
    people = [user(f"u{number:03}") for number in range(200)]
    objects = (pool(static=199), workgroup(), *people)
    both = "---\n".join(text(*objects).replace("namespace: acme", f"namespace: {name}") for name in ("a", "b"))
    done = tenantry("plan", "-", "-o", "markdown", "--store-url", where, stdin=both)
    rows = [line for line in done.lines if line.startswith("| `")]
    assert len(rows) == 300
    assert ["SeatLimitReached" in row for row in rows].count(True) == 2
    assert "| | … | and 104 more |" in done.lines


def test_a_workgroup_that_there_is_not_is_told_with_those_that_there_are(where: str) -> None:
    apply(where, text(*BASE, *PEOPLE))
    done = tenantry("users", "list", "--workgroup", "nope", "--store-url", where)
    assert (done.code, done.err) == (1, 'tenantry: there is no Workgroup "nope"; there is tracker\n')


def test_a_page_beyond_the_last_is_told(where: str) -> None:
    apply(where, text(*BASE, *PEOPLE))
    done = tenantry("users", "list", "--page", "9", "--store-url", where)
    assert (done.code, done.out, done.err) == (0, "", "There is no page 9; the last is 1.\n")


@pytest.mark.parametrize("name", ["Bad Namespace", "a_b", "-a", "a" * 64, "a\n"])
def test_a_namespace_has_a_name_that_kubernetes_gives(where: str, name: str) -> None:
    done = tenantry("apply", "-", f"--namespace={name}", "--store-url", where, stdin=text(*BASE))
    assert (done.code, "is no name of a namespace" in done.err) == (2, True)


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The steps that were announced and those that were made, of each bar."""
    found: list[list[int]] = []

    @contextmanager
    def progress(_label: str, total: int) -> Iterator[Callable[[], None]]:
        bar = [total, 0]
        found.append(bar)

        def advance() -> None:
            bar[1] += 1

        yield advance

    monkeypatch.setattr(watching, "progress", progress)
    return found


def test_a_bar_ends_when_the_work_does(where: str, bars: list[list[int]]) -> None:
    policy = workgroup(spec={"groups": [{"name": "Night"}]})
    apply(where, text(pool(static=3), policy, *PEOPLE))
    apply(where, text(pool(static=3), policy, *PEOPLE[:2]), "--prune", "--yes")
    common = ("-n", "acme", "--store-url", where)
    assert tenantry("groups", "add", "Night", "ada", "bob", "--workgroup", "tracker", *common).code == 0
    assert tenantry("users", "delete", "ada", "--yes", *common).code == 0
    assert [total for total, _ in bars] == [5, 5, 2, 1, 1]
    assert all(total == made for total, made in bars)
