"""Decisions by what is kept in memory: each is by the rows of its moment all the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from tenantry.domain.access import Resource
from tenantry.domain.account import Account
from tenantry.domain.client import Scope
from tenantry.services.clients import Credential, create_client
from tenantry.services.evaluations import Asked, Call, evaluate
from tenantry.store import Store, subjects
from tenantry.store.tenant import find_tenant
from tests.support.builders import NAMESPACE, user, workgroup
from tests.support.edits import deleted, edited
from tests.support.watched import WatchedTenant

POLICY = {
    "modules": [{"name": "records", "levels": [{"name": "None"}, {"name": "View", "actions": ["record:read"]}]}],
    "roles": [
        {"name": "Reader", "access": [{"module": "records", "level": "View"}]},
        {"name": "Nobody", "access": [{"module": "records", "level": "None"}]},
    ],
}


def reader(role: str = "Reader") -> list[dict[str, str]]:
    return [{"workgroupRef": "tracker", "role": role}]


class Desk:
    """Asks whether logins may read a record."""

    def __init__(self, tenant: WatchedTenant) -> None:
        self.tenant = tenant
        self.token = create_client(tenant.store, NAMESPACE, "portal", {Scope.ACCESS}, tenant.now)

    def may_read(self, *subjects: str) -> list[bool]:
        asked = [Asked(subject, "read", Resource("record", "R-1"), "tracker") for subject in subjects]
        ((_, found),) = evaluate(self.tenant.store, [Call(Credential(NAMESPACE, self.token), asked)], self.tenant.now)
        return [one.decision.allowed for one in found]


@pytest.fixture
def desk(tenant: WatchedTenant) -> Desk:
    tenant.apply(workgroup(pool=None, spec=POLICY), user("ada", license=None, in_=reader()))
    return Desk(tenant)


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    found: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        found.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield found
    event.remove(store.engine, "before_cursor_execute", note)


def test_who_was_asked_about_is_not_read_again_while_nothing_changes(desk: Desk) -> None:
    assert desk.may_read("ada", "nobody") == [True, False]
    with statements(desk.tenant.store) as said:
        assert desk.may_read("ADA", "nobody", "ada") == [True, False, True]
        first = sum("FROM accounts" in statement for statement in said)
        desk.may_read("ada", "nobody", "ADA")
    assert first == 2  # "ADA" is a word of its own
    assert sum("FROM accounts" in statement for statement in said) == first


def test_the_decision_after_a_change_is_by_the_change(desk: Desk) -> None:
    tenant = desk.tenant
    ada = user("ada", license=None, in_=reader())
    assert desk.may_read("ada") == [True]
    for changed, expected in (
        (edited(ada, active=False), False),
        (edited(ada, active=True), True),
        (edited(ada, workgroups=reader("Nobody")), False),
        (edited(ada, workgroups=reader()), True),
        (deleted(ada), False),
    ):
        tenant.apply(changed)
        assert desk.may_read("ada") == [expected]


def test_a_password_that_runs_out_is_seen_though_nothing_changes(tenant: WatchedTenant) -> None:
    tenant.secrets["s", "k"] = "correct horse"
    expiring = {"password": {"expiry": "Always", "expirationDays": 90}}
    password = {"password": {"secretKeyRef": {"name": "s", "key": "k"}}}
    tenant.apply(workgroup(pool=None, spec=POLICY | expiring), user("ada", license=None, in_=reader(), spec=password))
    desk = Desk(tenant)
    assert desk.may_read("ada") == [True]
    tenant.now += timedelta(days=91)
    assert desk.may_read("ada") == [False]
    tenant.settle()
    assert desk.may_read("ada") == [False]


def test_an_id_stands_for_its_account_before_a_login_that_is_spelled_alike(desk: Desk) -> None:
    tenant = desk.tenant
    ada = account_of(tenant, "ada")
    tenant.apply(user("eve", license=None, in_=reader("Nobody"), spec={"userName": ada.id}))
    assert desk.may_read(ada.id) == [True]


def test_no_more_than_so_many_are_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "_MOST_SUBJECTS", 3)
    for names in (["ada", "b"], ["c", "ada"], ["d", "e", "f", "g", "ada"]):
        assert desk.may_read(*names)[names.index("ada")]


def account_of(tenant: WatchedTenant, login: str) -> Account:
    with tenant.store.read() as connection:
        row = find_tenant(connection, NAMESPACE)
        assert row is not None
        (found,) = subjects.load_subjects(connection, row, [login])
    return found.account
