"""Lock, unlock, log out: facts of the store, whoever the manager of the account is."""

import pytest

from tenantry.domain.mail import MailKind
from tenantry.store.audit import read_records
from tenantry.store.outbox import load_queued
from tests.runtime_api.api import Api
from tests.runtime_api.desk import MISSING, Person, account_id, arrive, let_in, told
from tests.support.door import Door
from tests.support.edits import deleted
from tests.support.examples import apply_example

ERIN, CAROL, DIEGO, KIOSK = (
    f"{name}@precision.example" for name in ("erin.walsh", "carol.reed", "diego.ramos", "floor.display")
)


@pytest.fixture
def erin(api: Api) -> Person:
    """An Executive of the plant."""
    apply_example(api.tenant, "machinemetrics")
    arrive(api, ERIN, CAROL, DIEGO, KIOSK)
    return let_in(api, ERIN, "plant")


def test_mm_12_a_lock_ends_sessions_and_refuses_log_ins_until_it_is_lifted(api: Api, erin: Person) -> None:
    carol = let_in(api, CAROL, "plant")
    before = erin.get(erin.on(CAROL))
    answer = erin.post(erin.on(CAROL, "/lock"))
    assert (answer.status, answer.body["state"]) == (200, "Locked")
    assert not carol.lives
    assert Door(api.tenant, "plant").refused(CAROL).reason == "AccountLocked"
    assert erin.post(erin.on(CAROL, "/unlock")).body["state"] == "Active"
    assert let_in(api, CAROL, "plant").lives
    assert erin.get(erin.on(CAROL)) == before


def test_mm_14_all_sessions_of_an_account_are_revoked_at_once(api: Api, erin: Person) -> None:
    displays = [let_in(api, KIOSK, "plant") for _ in range(3)]
    assert erin.call("DELETE", erin.on(KIOSK, "/sessions")).body == {"revoked": 3}
    assert not any(display.lives for display in displays)
    assert erin.lives


@pytest.mark.parametrize("login", [ERIN, CAROL])
@pytest.mark.usefixtures("erin")
def test_mm_06_mm_10_executives_and_it_admins_lock_and_revoke(api: Api, login: str) -> None:
    person = let_in(api, login, "plant")
    assert person.post(person.on(DIEGO, "/lock")).status == 200
    assert person.call("DELETE", person.on(DIEGO, "/sessions")).status == 200


@pytest.mark.parametrize("login", [DIEGO, KIOSK])
def test_mm_10_mm_18_supervisors_and_displays_lock_and_revoke_nobody(api: Api, erin: Person, login: str) -> None:
    person = let_in(api, login, "plant")
    assert told(person.post(person.on(ERIN, "/lock"))) == MISSING
    assert told(person.call("DELETE", person.on(ERIN, "/sessions"))) == MISSING
    assert erin.lives


def test_mm_13_a_password_reset_mails_a_link_to_the_person_and_tells_nobody_else(api: Api, erin: Person) -> None:
    diego = let_in(api, DIEGO, "plant")
    assert told(diego.post(diego.on(CAROL, "/password-reset"))) == MISSING
    assert mails_to(api, CAROL) == []
    answer = erin.post(erin.on(CAROL, "/password-reset"))
    assert (answer.status, answer.text) == (202, "")
    assert mails_to(api, CAROL) == [CAROL]


def mails_to(api: Api, login: str) -> list[str]:
    with api.tenant.store.read() as connection:
        found = load_queued(connection, account_id(api, login), MailKind.PASSWORD_RESET)
    return [row.mail.address for row in found]


def test_the_person_is_on_record_with_the_application(api: Api, erin: Person) -> None:
    erin.post(erin.on(DIEGO, "/lock"))
    with api.tenant.store.read() as connection:
        last = [record for record in read_records(connection, 1) if record.change.facts.get("locked")][-1]
    assert last.actor == f"account {erin.id} via client-0"


def test_th_18_the_trail_keeps_what_an_erased_person_did_and_not_who_it_was(api: Api) -> None:
    apply_example(api.tenant, "thinger")
    helen = let_in(api, "helen", "instance")
    assert helen.post(helen.on("bruno", "/lock")).status == 200
    assert helen.get(helen.on("bruno", "/audit"))["records"][0]["actor"] == "helen via client-0"
    (user,) = (seen for seen in api.tenant.objects.values() if seen.name == "helen")
    api.tenant.apply(deleted(user))
    with api.tenant.store.read() as connection:
        trail = list(read_records(connection, 1))
    assert f"account {helen.id} via client-0" in {record.actor for record in trail}
    assert "helen" not in str(trail)


def test_nr_07_tbd_cannot_be_modified_and_admin_is_locked_by_whom_a_privilege_lets(api: Api) -> None:
    apply_example(api.tenant, "netresults-tracker")
    admin = let_in(api, "Admin", "support")
    system = {one["userName"]: one["id"] for one in admin.get("users")["systemUsers"]}
    assert told(admin.post(f"users/{system['TBD']}/lock")) == (403, "SystemUser")
    assert told(admin.post(f"users/{system['Inet']}/unlock")) == (403, "SystemUser")
    assert admin.post(f"users/{system['Admin']}/lock").status == 200
    assert not admin.lives


def test_who_has_more_is_not_locked_by_who_has_less(api: Api) -> None:
    apply_example(api.tenant, "industrack")
    sam = let_in(api, "sam@lakeside.example", "office")
    assert sam.post(sam.on("rita@lakeside.example", "/lock")).status == 200
    helen = let_in(api, "helen@lakeside.example", "office")
    assert told(helen.post(helen.on("sam@lakeside.example", "/lock"))) == MISSING
    apply_example(api.tenant, "thinger")
    bruno = let_in(api, "bruno", "instance")
    assert told(bruno.post(bruno.on("mei", "/lock"))) == MISSING


def test_tt_15_who_may_read_it_is_told_what_was_done_to_an_account_page_by_page(api: Api) -> None:
    apply_example(api.tenant, "thermotrack")
    claire, paolo = (let_in(api, name, "loggers") for name in ("claire.moreau", "paolo.ricci"))
    claire.post(claire.on("greta.lind", "/lock"))
    claire.post(claire.on("greta.lind", "/unlock"))
    path = claire.on("greta.lind", "/audit")
    page = claire.get(f"{path}?limit=1")
    (unlocked,) = page["records"]
    assert (unlocked["actor"], unlocked["facts"]["locked"][1]) == ("claire.moreau via client-0", None)
    (locked,) = claire.get(f"{path}?limit=1&before={page['next']}")["records"]
    assert locked["facts"]["locked"][0] is None
    assert claire.get(path)["records"][-1]["action"] == "AccountCreated"
    assert "$argon2" not in claire.call("GET", path).text
    assert told(claire.call("GET", f"{path}?before={2**63}")) == (422, "InvalidRequest")
    assert told(paolo.call("GET", path)) == MISSING
