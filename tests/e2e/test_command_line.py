"""The examples where there is no cluster: files into a store, and people by the dozen on the command line."""

import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import EXAMPLES
from tests.support.commands import Done, tenantry


@dataclass(frozen=True)
class Office:
    """A tenant of the command line."""

    store_url: str

    def run(self, *arguments: object, stdin: str = "") -> Done:
        return tenantry(*arguments, "-n", "acme", "--store-url", self.store_url, stdin=stdin)

    def data(self, *arguments: object) -> Any:
        return self.run(*arguments, "-o", "json").data

    def logins(self) -> set[str]:
        return {account["login"] for account in self.data("users", "list") if not account["system"]}


@pytest.fixture
def applied(tmp_path: Path, sqlite_template: Path) -> Callable[[str], Office]:
    """Apply an example with the command line: `applied("industrack")`."""

    def apply(example: str) -> Office:
        shutil.copy(sqlite_template, tmp_path / "store.db")
        office = Office(f"sqlite:///{tmp_path / 'store.db'}")
        done = office.run("apply", EXAMPLES / example)
        assert done.code == 0, done.out + done.err
        return office

    return apply


def results(done: Done) -> dict[str, tuple[str, str]]:
    """Return result and reason by login."""
    (tenant,) = done.data["tenants"]
    return {e["login"]: (e["result"], e["reason"]) for e in tenant["effects"]}


def test_nr_20_through_a_workgroup_that_is_not_in_utf_8_who_has_more_than_ascii_is_not_edited(
    applied: Callable[[str], Office],
) -> None:
    tracker = applied("netresults-tracker")
    done = tracker.run("groups", "add", "Developers", "maria", "tom", "--workgroup", "engineering", "-o", "json")
    assert done.code == 1
    assert results(done)["maria"] == ("refused", "CharacterSet")
    groups = {
        name: tracker.run("explain", name, "update", "defect/D-1", "--workgroup", "engineering").out
        for name in ("maria", "tom")
    }
    assert "Developers" in groups["tom"]
    assert "Developers" not in groups["maria"]
    through_utf_8 = tracker.run("groups", "add", "Administrators", "maria", "--workgroup", "support")
    assert through_utf_8.code == 0, through_utf_8.out


def test_it_18_several_are_deleted_in_one_go_after_a_warning_and_a_yes(applied: Callable[[str], Office]) -> None:
    office = applied("industrack")
    before = office.logins()
    several = ("wendy@lakeside.example", "carl@lakeside.example", "nils@lakeside.example")
    refused = office.run("users", "delete", *several, stdin="n\n")
    assert "Warning: these 3 accounts and what belongs to them will be deleted" in refused.out + refused.err
    assert (refused.code, office.logins()) == (1, before)
    assert office.run("users", "delete", *several, stdin="y\n").code == 0
    assert office.logins() == before - set(several)


def test_mm_02_many_emails_are_invited_at_once_with_one_role(applied: Callable[[str], Office]) -> None:
    plant = applied("machinemetrics")
    emails = [f"shift{n}@precision.example" for n in range(20)]
    invite = ("invite", "--workgroup", "plant", "--role", "Supervisor")
    assert plant.run(*invite, *emails).code == 0
    invited = {i["email"]: i["workgroups"] for i in plant.data("users", "list", "--invites")}
    assert {str(invited[email]) for email in emails} == {"[{'workgroup': 'plant', 'role': 'Supervisor'}]"}
    again = plant.run(*invite, emails[0], "new@precision.example")
    assert again.code == 1
    assert "new@precision.example" in {i["email"] for i in plant.data("users", "list", "--invites")}


def test_mm_02_the_commands_of_the_readme_work_when_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (EXAMPLES / "machinemetrics" / "README.md").read_text()
    commands = re.findall(r"^tenantry .*sqlite:///plant\.db.*$", page, re.MULTILINE)
    assert [shlex.split(command)[1] for command in commands] == ["db", "apply", "invite", "users"]
    (tmp_path / "examples").symlink_to(EXAMPLES)
    monkeypatch.chdir(tmp_path)
    done = [tenantry(*shlex.split(command)[1:]) for command in commands]
    assert [each.code for each in done] == [0, 0, 0, 0], done
    assert "grace@precision.example" in done[-1].out


def test_who_is_invited_where_nobody_sends_mail_is_told_to_wait_for_it(applied: Callable[[str], Office]) -> None:
    plant = applied("machinemetrics")  # twelve people
    invite = ("invite", "--workgroup", "plant", "--role", "Supervisor", "new@precision.example")
    note = "13 mails wait in the store; tenantry serve --smtp-url sends them; look at: tenantry mail list -n acme"
    assert f"  note: {note}" in plant.run(*invite).lines
    again = plant.run("apply", EXAMPLES / "machinemetrics", "-o", "json")
    assert [tenant["notes"] for tenant in again.data["tenants"]] == [[note]]
    assert len(plant.data("mail", "list")) == 13


def test_nothing_is_said_of_mail_where_none_waits(applied: Callable[[str], Office]) -> None:
    tracker = applied("netresults-tracker")
    again = tracker.run("apply", EXAMPLES / "netresults-tracker", "-o", "json")
    assert [tenant["notes"] for tenant in again.data["tenants"]] == [[]]
