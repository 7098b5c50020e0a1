"""The rules of temperature loggers (TT): two profiles, rights on or off, assigned numbers, passwords that expire."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.conftest import Site, user
from tests.support.eventually import eventually
from tests.support.kube import Object


@pytest.fixture
def loggers(shared: Callable[[str], Site]) -> Site:
    """The example, to which tests add accounts of their own."""
    return shared("thermotrack")


def person(name: str, /, **spec: object) -> Object:
    """Return a User of the loggers with all that the policy requires."""
    password = {"secretKeyRef": {"name": "passwords", "key": "second"}}
    whole = {"name": {"givenName": "New", "familyName": "User"}, "password": password, **spec}
    return user(name, "loggers", "User", **whole)


def mobile_ids(site: Site) -> dict[str, str]:
    return {u["metadata"]["name"]: u["status"]["assigned"][0]["value"] for u in site.kube.items("User")}


def test_tt_02_there_are_administrators_and_users_and_no_other_profile(loggers: Site) -> None:
    loggers.apply(user("guest", "loggers", "Guest", name={"givenName": "G", "familyName": "G"}))
    assert "there are Administrator, User" in loggers.becomes("guest", "RoleNotFound")["message"]
    shown = loggers.kube.get("User", "claire.moreau")["status"]["workgroups"]
    assert [(x["workgroupRef"], x["role"]) for x in shown] == [("loggers", "Administrator")]


def test_tt_03_a_device_address_is_a_mac_address_or_absent(loggers: Site) -> None:
    loggers.apply(person("wrong", attributes=[{"name": "netConnectAddress", "value": "00-1A-2B-3C-4D-5E"}]))
    told = loggers.becomes("wrong", "AttributeInvalid")["message"]
    assert "a MAC address such as 00:1A:2B:3C:4D:5E" in told
    loggers.apply(person("wrong", attributes=[{"name": "netConnectAddress", "value": "00:1a:2b:3c:4d:5e"}]))
    loggers.becomes("wrong", "Provisioned")


def test_tt_04_every_user_has_a_mobile_id_of_its_own_for_ever(example: Callable[[str], Site]) -> None:
    loggers = example("thermotrack")
    before = mobile_ids(loggers)
    assert len(set(before.values())) == len(before) == 12
    loggers.kube.patch("User", "lea.martin", {"spec": {"comment": "edited"}})
    loggers.settled("User", "lea.martin")
    assert mobile_ids(loggers) == before
    loggers.delete("tuser", "ben.walsh")
    loggers.apply(person("successor"))
    loggers.becomes("successor", "Provisioned")
    assert mobile_ids(loggers)["successor"] not in before.values()


def test_tt_04_a_mobile_id_cannot_be_chosen(loggers: Site) -> None:
    loggers.apply(person("chooser", attributes=[{"name": "mobileId", "value": "7"}]))
    assert "is assigned by the store" in loggers.becomes("chooser", "AttributeInvalid")["message"]


def test_tt_05_a_user_is_found_by_its_mobile_id(loggers: Site) -> None:
    (assigned,) = loggers.kube.get("User", "omar.diallo")["status"]["assigned"]
    of_that_number = f'{{.items[?(@.status.assigned[0].value=="{assigned["value"]}")].metadata.name}}'
    assert loggers.kubectl("get", "tuser", "-o", f"jsonpath={of_that_number}") == "omar.diallo"


def test_tt_06_the_login_can_never_be_modified(loggers: Site) -> None:
    changed = person("lea.martin", userName="lea.durand")
    assert "userName cannot change" in loggers.apply(changed, refused=True)


def test_tt_07_the_password_can_be_changed_later_by_the_secret(loggers: Site) -> None:
    secret: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "changing"}}
    reference = {"secretKeyRef": {"name": "changing", "key": "password"}}
    loggers.apply({**secret, "stringData": {"password": "first-choice"}}, person("changer", password=reference))
    loggers.becomes("changer", "Provisioned")
    assert loggers.password_is("changer", "first-choice")
    loggers.apply({**secret, "stringData": {"password": "second-choice"}})
    eventually(lambda: loggers.password_is("changer", "second-choice"))
    assert not loggers.password_is("changer", "first-choice")


@pytest.mark.parametrize(
    ("preference", "value"), [("language", "pt"), ("temperatureUnit", "Kelvin"), ("dateFormat", "dd.mm.yyyy")]
)
def test_tt_08_a_preference_is_one_of_those_offered(loggers: Site, preference: str, value: str) -> None:
    loggers.apply(person("picky", preferences=[{"name": preference, "value": value}]))
    told = loggers.becomes("picky", "PreferenceInvalid")["message"]
    assert f'preference "{preference}" has no value "{value}"; there are' in told


def test_tt_08_preferences_that_are_left_out_have_their_default(loggers: Site) -> None:
    shown = loggers.kube.get("User", "paolo.ricci")["status"]["preferences"]
    assert {x["name"]: x["value"] for x in shown} == {
        "language": "it",
        "temperatureUnit": "Celsius",
        "dateFormat": "yyyy-mm-dd",
    }


def test_tt_09_a_password_expires_after_90_days_unless_the_user_says_no(loggers: Site) -> None:
    expiring = loggers.kube.get("User", "claire.moreau")["status"]["password"]
    changed, expires = (datetime.fromisoformat(expiring[name]) for name in ("changedTime", "expirationTime"))
    assert expires - changed == timedelta(days=90)
    assert "expirationTime" not in loggers.kube.get("User", "display.bay4")["status"]["password"]


def test_tt_10_where_it_expires_a_password_is_not_the_one_before(loggers: Site) -> None:
    secret: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "own"}}
    held, free = ({"secretKeyRef": {"name": "own", "key": "password"}, "expiry": e} for e in ("Enforced", "None"))
    loggers.apply({**secret, "stringData": {"password": "first-choice"}}, person("held", password=held))
    loggers.apply(person("free", password=free))
    for name in ("held", "free"):
        loggers.becomes(name, "Provisioned")
    loggers.apply({**secret, "stringData": {"password": "second-choice"}})
    for name in ("held", "free"):
        eventually(lambda n=name: loggers.password_is(n, "second-choice"))  # type: ignore[misc] # bound now
    loggers.apply({**secret, "stringData": {"password": "first-choice"}})
    assert (
        'the password in Secret "own" is one of the last 2' in loggers.becomes("held", "PasswordInHistory")["message"]
    )
    eventually(lambda: loggers.password_is("free", "first-choice"))
    assert loggers.password_is("held", "second-choice")
    assert loggers.ready("free")["status"] == "True"


def test_tt_16_a_password_that_never_expires_is_accepted_with_a_warning(loggers: Site) -> None:
    assert loggers.ready("display.bay4")["status"] == "True"
    warning = loggers.condition("display.bay4", "PasswordExpires")
    assert (warning["status"], warning["reason"]) == ("False", "PasswordNeverExpires")
    assert loggers.condition("claire.moreau", "PasswordExpires") == {}


def test_tt_15_changes_are_on_record_and_the_record_is_whole(loggers: Site) -> None:
    loggers.kube.patch("User", "lea.martin", {"spec": {"active": False}})
    loggers.settled("User", "lea.martin")
    (verdict,) = loggers.tenantry("audit", "verify")
    assert verdict["fault"] is None
    account = loggers.kube.get("User", "lea.martin")["status"]["accountId"]
    exported = loggers.export_audit()
    changes = [r["facts"] for r in exported if r.get("subject") == account and "active" in r.get("facts", {})]
    assert [c["active"] for c in changes] == [[None, True], [True, False]]


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        ("UPDATE audit_records SET actor = 'nobody' WHERE sequence = 3", "record 3 was altered"),
        ("DELETE FROM audit_records WHERE sequence = 3", "record 3 is missing"),
    ],
)
def test_tt_15_a_later_edit_of_the_record_shows(loggers: Site, tmp_path: Path, edit: str, fault: str) -> None:
    copied = tmp_path / "copy.db"
    with closing(sqlite3.connect(loggers.store_url.removeprefix("sqlite:///"))) as whole:
        whole.execute("VACUUM INTO ?", [str(copied)])
    copy = replace(loggers, store_url=f"sqlite:///{copied}")
    assert copy.run("audit", "verify").code == 0
    with closing(sqlite3.connect(copied)) as tampered, tampered:
        tampered.execute(edit)
    found = copy.run("audit", "verify", "-o", "json")
    assert found.code != 0
    assert fault in found.data[0]["fault"]
    assert loggers.run("audit", "verify").code == 0
