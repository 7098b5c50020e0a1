"""`tenantry holdings`: what a person sees and what the exit code says (NR-18, NR-28)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.builders import user, workgroup
from tests.support.commands import Done, tenantry
from tests.support.edits import deleted
from tests.support.watched import WatchedTenant

Run = Callable[..., Done]
BLOCKED: dict[str, Any] = {"deletion": {"holdings": [{"kind": "record"}, {"kind": "alert"}]}}


@pytest.fixture
def run(tenant: WatchedTenant, store_url: str) -> Run:
    """The command on a store in which ann holds two records and an alert."""
    tenant.apply(
        workgroup("desk", pool=None, spec=BLOCKED), *(user(u, license=None, in_="desk") for u in ("ann", "bob"))
    )

    def holdings(*arguments: str) -> Done:
        return tenantry("holdings", *arguments, environment={"TENANTRY_STORE_URL": store_url})

    for kind, names in (("record", ("r1", "r2")), ("alert", ("a1",))):
        done = holdings("add", "-n", "acme", "--workgroup", "desk", "--kind", kind, "--user", "ann", *names)
        assert done.out == f"{len(names)} {'holding' if len(names) == 1 else 'holdings'} registered\n"
    return holdings


def test_nr_28_the_list_is_a_table_for_people_and_data_for_machines(run: Run) -> None:
    table = run("list", "-n", "acme", "--user", "ann").lines
    assert table[0].split() == ["USER", "ID", "WORKGROUP", "KIND", "NAME", "COVERS"]
    assert [line.split()[-3:] for line in table[1:]] == [
        ["alert", "a1", "-"],
        ["record", "r1", "-"],
        ["record", "r2", "-"],
    ]
    (first, *_) = run("list", "--kind", "record", "-o", "json").data
    assert {k: first[k] for k in ("tenant", "login", "workgroup", "kind", "name", "covers")} == {
        "tenant": "acme",
        "login": "ann",
        "workgroup": "desk",
        "kind": "record",
        "name": "r1",
        "covers": "",
    }


def test_a_list_without_holdings_says_so_on_stderr(run: Run) -> None:
    done = run("list", "--user", "bob")
    assert (done.code, done.out, done.err) == (0, "", "There are no holdings.\n")


def test_nr_18_one_command_reassigns_everything_and_the_deletion_goes_on(run: Run, tenant: WatchedTenant) -> None:
    tenant.apply(ann := deleted(user("ann", license=None, in_="desk")))
    assert tenant.status(ann)["state"] == "Deleting"
    done = run("reassign", "-n", "acme", "--from", "ann", "--to", "bob")
    assert (done.code, done.out) == (0, "3 holdings reassigned\n")
    tenant.later(days=400).settle()
    assert ann.uid not in tenant.objects


def test_of_one_kind_only(run: Run) -> None:
    options = ("-n", "acme", "--workgroup", "desk", "--kind", "alert")
    assert run("reassign", *options, "--from", "ann", "--to", "bob", "-o", "yaml").data == {"reassigned": 1}
    assert run("delete", *options, "a1", "a2").out == "1 holding deleted\n"
    assert len(run("list", "-o", "json").data) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("reassign", "--from", "ann", "--to", "bob"), 2, "Missing option '-n'"),
        (("add", "-n", "acme", "--workgroup", "desk", "--kind", "record", "--user", "ann"), 2, "Missing argument"),
        (("reassign", "-n", "acne", "--from", "ann", "--to", "bob"), 1, 'the store has no tenant "acne"'),
        (
            ("reassign", "-n", "acme", "--from", "ann", "--to", "ghost"),
            1,
            'AssigneeNotFound: no account has the login "g',
        ),
        (
            ("add", "-n", "acme", "--workgroup", "nowhere", "--kind", "record", "--user", "ghost", "x"),
            1,
            'WorkgroupNotFound: Workgroup "nowhere" does not exist; create it, or correct the name\nUserNotFound',
        ),
    ],
)
def test_what_is_refused_is_told_on_stderr(run: Run, arguments: tuple[str, ...], code: int, told: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (code, "")
    assert told in done.err
