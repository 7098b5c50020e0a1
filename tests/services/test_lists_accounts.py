"""The list of accounts: who is in it, in which order and section, and what its columns say."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from tenantry.domain.observed import Observed
from tenantry.services.accounts import ListedAccount, list_accounts, list_known_tenants
from tenantry.services.pools import list_pools
from tenantry.services.work import TenantRef
from tenantry.specs import UserSpec
from tenantry.store import Store
from tests.support.builders import pool, user, workgroup
from tests.support.commands import tenantry
from tests.support.tenancy import Tenant

ROLES = [{"name": "Boss"}, {"name": "Agent"}]
SYSTEM = {"systemUsers": [{"userName": "Admin", "login": "Enabled", "role": "Boss"}, {"userName": "TBD"}]}
DESK = workgroup("desk", spec={"roles": ROLES, **SYSTEM})


AGES = count()


def in_desk(login: str, /, role: str = "Agent", **spec: object) -> Observed[UserSpec]:
    """Return a User of that workgroup, who comes after all that were made before."""
    return user(login, in_=[{"workgroupRef": "desk", "role": role}], spec=spec, age=next(AGES))


@pytest.fixture
def crowd(tenant: Tenant) -> Tenant:
    """Two companies, one user switched off, one waiting, one refused, one deleted."""
    gone = in_desk("gone", organization="Acme")
    tenant.apply(pool(static=5), DESK, gone)
    tenant.apply(replace(gone, deleting=True))
    tenant.apply(
        in_desk(
            "ada",
            organization="Acme",
            displayName="Ada Lovelace",
            emails=[{"value": "old@acme.test"}, {"value": "ada@acme.test", "primary": True}],
            phoneNumbers=[{"type": "work", "value": "+43 1 1"}],
            role="Boss",
        ),
        in_desk("bob", organization="Zenith", name={"givenName": "Bob", "familyName": "Ray"}),
        in_desk("carol", organization="Acme", active=False),
        user("dave", license=None, in_=[{"workgroupRef": "desk", "membership": "Available"}]),
        in_desk("dora"),
        in_desk("eve"),
        in_desk("fay"),
        in_desk("zoe", role="Nobody"),
    )
    return tenant


def by_login(store: Store, **options: Any) -> dict[str, ListedAccount]:
    return {account.login: account for account in list_accounts(store, **options)}


@pytest.mark.usefixtures("crowd")
def test_columns_tell_who_where_and_with_what(store: Store) -> None:
    ada = by_login(store)["ada"]
    assert (ada.tenant, ada.company, ada.name, ada.email) == ("acme", "Acme", "Ada Lovelace", "ada@acme.test")
    assert (ada.phone, ada.workgroups, ada.license) == ("+43 1 1", (("desk", "Boss"),), "Static")
    assert (ada.state, ada.may_log_in, ada.resource) == ("Active", True, "ada")
    bob = by_login(store)["bob"]
    assert (bob.name, bob.email, bob.phone) == ("Bob Ray", "bob@example.com", "")


@pytest.mark.usefixtures("crowd")
def test_the_list_is_by_company_then_login(store: Store) -> None:
    companies = [account.company for account in list_accounts(store)]
    assert companies == sorted(companies)
    assert [a.login for a in list_accounts(store) if a.company == "Acme"] == ["ada", "carol"]


@pytest.mark.parametrize(
    ("login", "state", "may_log_in", "reason"),
    [
        ("ada", "Active", True, ""),
        ("dave", "Active", True, ""),
        ("carol", "Inactive", False, ""),
        ("fay", "Waiting", False, ""),
        ("zoe", "Refused", False, "RoleNotFound"),
        ("Admin", "Active", True, ""),
        ("TBD", "Active", False, ""),
    ],
)
@pytest.mark.usefixtures("crowd")
def test_who_may_log_in_and_who_may_not(
    store: Store,
    login: str,
    state: str,
    may_log_in: bool,  # noqa: FBT001 - a column of the table
    reason: str,
) -> None:
    found = by_login(store)[login]
    assert (found.state, found.may_log_in, found.reason) == (state, may_log_in, reason)


def test_those_who_wait_have_their_place_in_line(store: Store, crowd: Tenant) -> None:
    crowd.apply(in_desk("gus"), in_desk("hal"))
    ranks = {a.login: [(p.capacity.name, p.rank) for p in a.waiting] for a in list_accounts(store) if a.waiting}
    assert ranks == {"fay": [("Static", 1)], "gus": [("Static", 2)], "hal": [("Static", 3)]}
    crowd.apply(pool(static=6, generation=2))
    assert by_login(store)["fay"].state == "Active"
    assert [p.rank for p in by_login(store)["gus"].waiting] == [1]


@pytest.mark.usefixtures("crowd")
def test_the_deleted_are_listed_only_when_asked_for(store: Store) -> None:
    assert "gone" not in by_login(store)
    gone = by_login(store, deleted=True)["gone"]
    assert (gone.deleted, gone.state, gone.may_log_in, gone.company) == (True, "Deleted", False, "Acme")


def test_nr_08_a_member_without_a_license_is_in_the_section_of_those_who_cannot_log_in(
    store_url: str, crowd: Tenant
) -> None:
    crowd.apply(user("uma", license=None, in_="desk"))
    done = tenantry("users", "list", "--store-url", store_url)
    (place,) = (index for index, line in enumerate(done.lines) if " uma " in line)
    assert place > done.lines.index("Users that cannot log in:")
    assert done.lines[place].split()[-5:] == ["none", "no", "Active", "(no", "log-in)"]


def test_the_list_shows_only_the_workgroups_asked_for(store_url: str, crowd: Tenant) -> None:
    crowd.apply(workgroup("lab", pool=None), workgroup("pub", pool=None))
    crowd.apply(user("lea", license=None, in_="lab"), user("pia", license=None, in_="pub"))
    listed = ("users", "list", "--store-url", store_url, "-o", "json")
    found = tenantry(*listed, "--workgroup", "lab", "--workgroup", "pub").data
    assert [account["login"] for account in found] == ["lea", "pia"]
    assert tenantry(*listed, "--invites", "--workgroup", "lab").data == []


def test_mm_03_who_waits_or_let_the_invitation_lapse_is_an_invitation_where_it_wants_to_be(
    store_url: str, tenant: Tenant
) -> None:
    desk = workgroup("desk", spec={"onboarding": {"mode": "Invitation", "expirationHours": 1}, "roles": ROLES})
    tenant.apply(pool(static=1), desk, in_desk("ada", role="Boss"))
    tenant.apply(in_desk("bob", role="Agent"))
    assert {a.login: a.workgroups for a in list_accounts(tenant.store)}["bob"] == (("desk", "Agent"),)
    tenant.later(hours=2).apply()
    listed = ("users", "list", "--workgroup", "desk", "--store-url", store_url)
    found = {
        each["login"]: (each["state"], each["workgroups"]) for each in tenantry(*listed, "--invites", "-o", "json").data
    }
    assert found["ada"] == ("InvitationExpired", [{"workgroup": "desk", "role": "Boss"}])
    assert tenantry(*listed, "-o", "json").data == []


@pytest.mark.usefixtures("crowd")
def test_tenants_are_counted_without_reading_their_accounts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenantry.store.account._account", lambda *_: pytest.fail("an account was read"))
    assert [(found.accounts, found.waiting) for found in list_known_tenants(store)] == [(6, 1)]


@pytest.mark.usefixtures("crowd")
def test_nr_08_a_table_has_a_section_of_those_who_cannot_log_in(store_url: str) -> None:
    done = tenantry("users", "list", "--deleted", "--store-url", store_url)
    heading, system = done.lines.index("Users that cannot log in:"), done.lines.index("System users:")
    above, below, last = done.lines[:heading], done.lines[heading + 1 : system], done.lines[system + 1 :]
    who, what = "COMPANY USER ID NAME FIRST LAST EMAIL PHONE", "WORKGROUPS LICENSE PERMISSIONS STATE"
    assert above[0].split() == [*who.split(), *what.split()]
    assert [line.split()[1] for line in above[1:] if line] == ["dave", "dora", "eve", "ada", "bob"]
    assert {line.split()[1] for line in below[1:] if line} == {"carol", "fay", "gone", "zoe"}
    assert {line.split()[1] for line in last[1:] if line} == {"Admin", "TBD"}
    assert next(line for line in below if " zoe " in line).endswith("Refused (RoleNotFound)")
    assert next(line for line in below if " fay " in line).endswith("Waiting (1. for Static)")
    assert next(line for line in last if " TBD " in line).endswith("Active (system, no log-in)")
    assert "gone *" in done.out
    assert "\x1b" not in done.out


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("sort", "logins"),
    [
        ("company", ["dave", "dora", "eve", "ada", "bob"]),
        ("login", ["ada", "bob", "dave", "dora", "eve"]),
        ("name", ["dave", "dora", "eve", "ada", "bob"]),
        ("first", ["dave", "dora", "eve", "ada", "bob"]),
        ("last", ["dave", "dora", "eve", "ada", "bob"]),
        ("email", ["ada", "bob", "dave", "dora", "eve"]),
        ("phone", ["dave", "dora", "eve", "bob", "ada"]),
    ],
)
def test_it_20_the_list_is_sorted_as_asked_for_within_its_sections(
    store_url: str, sort: str, logins: list[str]
) -> None:
    found = tenantry("users", "list", "--sort", sort, "-o", "json", "--store-url", store_url).data
    assert [a["login"] for a in found if a["mayLogIn"] and not a["system"]] == logins
    assert [a["login"] for a in found][-2:] == ["Admin", "TBD"]


def test_it_20_first_and_last_name_and_permissions_are_columns_of_their_own(store_url: str, tenant: Tenant) -> None:
    modules = [{"name": "map", "levels": [{"name": "None"}, {"name": "View"}]}]
    roles = [{"name": "Viewer", "access": [{"module": "map", "level": "View"}]}, {"name": "Newcomer"}]
    names = {"ada": ("Viewer", "Ada", "Lovelace"), "bob": ("Newcomer", "Bob", "Ray"), "cyd": (None, "Cyd", "Abel")}
    people = [
        user(login, license=None, in_=[{"workgroupRef": "shop", **({"role": role} if role else {})}], spec=named)
        for login, (role, given, family) in names.items()
        for named in [{"name": {"givenName": given, "familyName": family}, "displayName": login.upper()}]
    ]
    tenant.apply(workgroup("shop", pool=None, spec={"modules": modules, "roles": roles}), *people)
    listed = ("users", "list", "--sort", "last", "--store-url", store_url)
    table = [line.split() for line in tenantry(*listed).lines]
    assert [row[3:6] for row in table[1:]] == [
        ["CYD", "Cyd", "Abel"],
        ["ADA", "Ada", "Lovelace"],
        ["BOB", "Bob", "Ray"],
    ]
    assert [row[-2] for row in table] == ["PERMISSIONS", "no", "yes", "no"]
    found = tenantry(*listed, "-o", "json").data
    told = [(u["givenName"], u["familyName"], u["permissions"]) for u in found]
    assert told == [("Cyd", "Abel", False), ("Ada", "Lovelace", True), ("Bob", "Ray", False)]


@pytest.mark.usefixtures("crowd")
def test_nr_08_it_20_the_list_has_pages(store_url: str) -> None:
    arguments = ("users", "list", "--page-size", "3", "--store-url", store_url)
    pages = [tenantry(*arguments, "--page", page, "-o", "json").data for page in (1, 2, 3, 4, 5)]
    assert [len(page) for page in pages] == [3, 3, 3, 1, 0]
    assert [a for page in pages for a in page] == tenantry(*arguments, "-o", "json").data
    first, last = tenantry(*arguments), tenantry(*arguments, "--page", "4")
    assert first.err == "Page 1 of 4, of 10 in all; the next: --page 2\n"
    assert last.err == "Page 4 of 4, of 10 in all\n"
    assert [line.split()[1] for line in first.lines[1:]] == ["dave", "dora", "eve"]


def test_nr_08_a_table_has_fifty_lines_a_page_unless_another_size_is_asked_for(store_url: str, tenant: Tenant) -> None:
    tenant.apply(workgroup("desk", pool=None), *(user(f"u{n:02}", license=None, in_="desk") for n in range(51)))
    done = tenantry("users", "list", "--store-url", store_url)
    assert [line.split()[1] for line in done.lines[1:]] == [f"u{n:02}" for n in range(50)]
    assert done.err == "Page 1 of 2, of 51 in all; the next: --page 2\n"


def test_mm_03_invitations_are_a_table_of_their_own(store_url: str, tenant: Tenant) -> None:
    floor = workgroup("floor", pool=None, spec={"onboarding": {"mode": "Invitation"}, "roles": [{"name": "Boss"}]})
    desk = workgroup("desk", pool=None)
    tenant.apply(floor, desk, user("ada", license=None, in_=[{"workgroupRef": "floor", "role": "Boss"}]))
    tenant.apply(user("bob", license=None, in_="desk"))
    users = tenantry("users", "list", "--store-url", store_url)
    assert [line.split()[0] for line in users.lines[1:]] == ["-"]
    assert "bob" in users.lines[1]
    assert users.err == "Invited, and not accepted yet: 1 more; see --invites\n"
    done = tenantry("users", "list", "--invites", "--store-url", store_url)
    assert done.lines[0].split() == ["TENANT", "EMAIL", "ROLE", "SENT", "EXPIRES", "STATE"]
    assert len(done.lines) == 2
    assert done.lines[1].split()[:4] == ["acme", "ada@example.com", "floor", "(Boss)"]
    (found,) = tenantry("users", "list", "--invites", "-o", "json", "--store-url", store_url).data
    assert (found["email"], found["login"], found["sent"]) == ("ada@example.com", "ada", "2026-01-01T13:00:00Z")
    assert found["workgroups"] == [{"workgroup": "floor", "role": "Boss"}]


@pytest.mark.usefixtures("crowd")
def test_two_tables_of_one_store_are_the_same_text(store_url: str) -> None:
    first, second = (tenantry("users", "list", "--store-url", store_url).out for _ in range(2))
    assert first == second
    assert all(line == line.rstrip() for line in first.splitlines())


@pytest.mark.usefixtures("crowd")
def test_json_and_yaml_have_every_column(store_url: str) -> None:
    found = tenantry("users", "list", "-o", "json", "--store-url", store_url).data
    assert found == tenantry("users", "list", "-o", "yaml", "--store-url", store_url).data
    fay = next(account for account in found if account["login"] == "fay")
    assert fay["waiting"] == [{"kind": "license", "owner": "seats", "name": "Static", "rank": 1}]
    assert fay["workgroups"] == [{"workgroup": "desk", "role": "Agent"}]  # what it waits for, as of who is refused
    assert (fay["license"], fay["mayLogIn"], fay["system"]) == (None, False, False)


def test_a_name_cannot_write_to_the_terminal(store_url: str, tenant: Tenant) -> None:
    tenant.apply(DESK, user("mal", license=None, in_="desk", spec={"displayName": "\x1b[2Jx\n[red]y"}))
    done = tenantry("users", "list", "--store-url", store_url)
    assert "\x1b" not in done.out
    assert r"\x1b[2Jx\n[red]y" in done.out


@pytest.mark.usefixtures("crowd")
def test_one_tenant_or_all_of_them(store_url: str, store: Store) -> None:
    other = Tenant(store, TenantRef("globex", "namespace-2"))
    other.apply(
        workgroup("lab", pool=None, namespace="globex"), user("gil", license=None, in_="lab", namespace="globex")
    )
    assert tenantry("users", "list", "--store-url", store_url).lines[0].startswith("TENANT")
    only = tenantry("users", "list", "-n", "globex", "-o", "json", "--store-url", store_url).data
    assert [account["login"] for account in only] == ["gil"]
    nowhere = tenantry("users", "list", "-n", "nowhere", "--store-url", store_url)
    assert (nowhere.code, nowhere.err) == (1, 'tenantry: the store has no tenant "nowhere"; it has: acme, globex\n')


def test_an_empty_store_says_so(store_url: str) -> None:
    for command, noun in (("users", "accounts"), ("pools", "pools"), ("tenant", "tenants")):
        done = tenantry(command, "list", "--store-url", store_url)
        assert (done.code, done.out, done.err) == (0, "", f"There are no {noun}.\n")


@pytest.mark.usefixtures("crowd")
def test_tenants_are_listed_with_their_numbers(store: Store) -> None:
    (acme,) = list_known_tenants(store)
    assert (acme.namespace, acme.uid, acme.attached) == ("acme", "namespace-1", True)
    assert (acme.accounts, acme.waiting) == (6, 1)
    assert acme.records > 6


def test_pools_are_counted_from_the_rows(store_url: str, store: Store, tenant: Tenant) -> None:
    limit = {"name": "agents", "included": 1, "consumedBy": [{"workgroupRef": "desk", "role": "Agent"}]}
    licenses = [{"type": "Static", "quantity": 3}, {"type": "Floating", "quantity": 2, "accountsPerLicense": 10}]
    spec = {"licenses": licenses, "limits": [limit], "freeRoles": [{"workgroupRef": "desk", "role": "Boss"}]}
    bosses = [in_desk(name, role="Boss") for name in ("ada", "bob", "cyd")]
    tenant.apply(pool(spec=spec), DESK, *bosses, in_desk("eve", license={"type": "Floating"}))
    tenant.apply(in_desk("fay", license={"type": "Floating"}))
    spec["licenses"] = [{"type": "Static", "quantity": 1}, licenses[1]]
    tenant.apply(pool(spec=spec, generation=2))
    found = {c.name: (c.what, c.bought, c.capacity, c.used, c.free, c.waiting, c.over) for c in list_pools(store)}
    assert found == {
        "Static": ("license", 1, 1, 3, 0, 0, 2),
        "Floating": ("license", 2, 20, 1, 19, 0, 0),
        "agents": ("limit", 1, 1, 1, 0, 1, 0),
    }
    done = tenantry("pools", "list", "-n", "acme", "--store-url", store_url)
    assert done.lines[0].split()[:4] == ["TENANT", "POOL", "WHAT", "NAME"]
    assert "acme seats license Static 1 1 3 0 0 2" in [" ".join(line.split()) for line in done.lines]
    as_json = tenantry("pools", "list", "-o", "json", "--store-url", store_url).data
    assert as_json[0]["over"] == 2
