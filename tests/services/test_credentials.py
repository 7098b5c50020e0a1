"""Passwords at the log-in: hashes that became too cheap, and failures that count no more."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from tenantry.directory.ldap import _Credentials as DirectoryCredentials
from tenantry.domain.account import Password
from tenantry.domain.refusal import Refusal
from tenantry.services import passwords
from tenantry.services.acts import acting
from tenantry.services.clients import Credential
from tenantry.services.credentials import NOT_RIGHT, Claim, DirectoryClaim, Proof, prove
from tenantry.services.onboarding import SignUp
from tenantry.services.password_changes import PasswordChange
from tenantry.services.passwords import hash_password, raise_cost
from tenantry.services.sessions import Beat, Started, introspect, start
from tenantry.store.account import load_by_login
from tenantry.store.schema import attempts, denials
from tests.support.builders import pool, user, workgroup
from tests.support.door import Door
from tests.support.watched import WatchedTenant

_PASSWORD = "correct horse"


@pytest.fixture
def desk(tenant: WatchedTenant) -> WatchedTenant:
    tenant.apply(workgroup(pool=None), user("ada", license=None))
    _give(tenant, _PASSWORD)
    tenant.settle()
    return tenant


def _give(tenant: WatchedTenant, password: str) -> None:
    with acting(tenant.store, tenant.ref.namespace, "test", tenant.now) as act:
        (ada,) = load_by_login(act.connection, act.tenant.id, ["ada"])
        act.change(ada, replace(ada, password=Password(hash_password(password), tenant.now)))


def _prove(desk: WatchedTenant, login: str, password: str) -> Proof | Refusal | DirectoryClaim:
    return prove(desk.store, desk.ref.namespace, Claim("tracker", login, password), desk.now)


def _log_in(desk: WatchedTenant) -> str:
    """Log ada in, and return the hash that the store has afterwards."""
    proof = _prove(desk, "ada", _PASSWORD)
    assert isinstance(proof, Proof)
    assert isinstance(start(desk.store, desk.ref.namespace, "portal", proof, desk.now), Started)
    desk.settle()
    with desk.store.read() as connection:
        (ada,) = load_by_login(connection, 1, ["ada"])
    assert ada.password is not None
    assert ada.password.changed == desk.now
    return ada.password.hash


def _enter(desk: WatchedTenant, proof: object) -> Started:
    assert isinstance(proof, Proof)
    found = start(desk.store, desk.ref.namespace, "portal", proof, desk.now)
    assert isinstance(found, Started)
    return found


@pytest.fixture
def _costs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(passwords, "_COST", replace(passwords._COST))
    passwords.nobodys_hash.cache_clear()
    yield
    passwords.nobodys_hash.cache_clear()


@pytest.mark.usefixtures("_costs")
def test_a_log_in_makes_the_hash_anew_once_hashes_are_to_cost_more(desk: WatchedTenant) -> None:
    first = _log_in(desk)
    assert _log_in(desk) == first
    raise_cost(20, 3)
    dearer = _log_in(desk)
    assert "m=19456,t=2,p=1" in first
    assert "m=20480,t=3,p=1" in dearer
    assert _log_in(desk) == dearer


@pytest.mark.usefixtures("_costs")
def test_a_wrong_password_costs_the_same_whether_there_is_an_account_and_whatever_its_hash_costs(
    desk: WatchedTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    matches, compared = passwords._matches, list[str]()

    def note(hashed: str, password: str) -> bool:
        compared.append(hashed.split("$")[3])
        return matches(hashed, password)

    def cost_of(login: str) -> list[str]:
        compared.clear()
        assert _prove(desk, login, "wrong") == NOT_RIGHT
        return sorted(compared)

    monkeypatch.setattr(passwords, "_matches", note)
    assert cost_of("ada") == cost_of("nobody") == ["m=19456,t=2,p=1"]
    raise_cost(20, 3)
    both = ["m=19456,t=2,p=1", "m=20480,t=3,p=1"]
    assert cost_of("ada") == cost_of("nobody") == both
    _log_in(desk)
    assert cost_of("ada") == both


@pytest.mark.usefixtures("_costs")
def test_a_hash_made_anew_ends_no_session_and_keeps_nobody_out(desk: WatchedTenant) -> None:
    first = _enter(desk, _prove(desk, "ada", _PASSWORD))
    raise_cost(20, 3)
    proofs = [_prove(desk, "ada", _PASSWORD) for _ in range(2)]  # both before either is let in
    started = [first, *(_enter(desk, proof) for proof in proofs)]
    desk.settle()
    namespace = desk.ref.namespace
    assert all(introspect(desk.store, namespace, one.token, desk.now) is not None for one in started)


def test_a_proof_is_worth_nothing_once_the_password_is_another(desk: WatchedTenant) -> None:
    proof = _prove(desk, "ada", _PASSWORD)
    _give(desk.later(seconds=1), "another one")
    assert isinstance(proof, Proof)
    assert start(desk.store, desk.ref.namespace, "portal", proof, desk.now) == NOT_RIGHT
    desk.settle()


def test_what_a_clock_that_was_ahead_wrote_of_failures_keeps_nobody_out(desk: WatchedTenant) -> None:
    right = desk.now
    desk.later(days=300)
    for _ in range(20):
        _prove(desk, "ada", "wrong")
    assert isinstance(_prove(desk, "ada", _PASSWORD), Refusal)
    desk.now = right
    assert isinstance(_prove(desk, "ada", _PASSWORD), Proof)


def test_a_system_user_of_the_same_name_elsewhere_shares_no_failures(desk: WatchedTenant) -> None:
    namesake = {"userName": "ada", "login": "Enabled", "passwordSecretKeyRef": {"name": "system", "key": "ada"}}
    desk.apply(workgroup("machines", pool=None, spec={"systemUsers": [namesake]}))
    door = Door(desk)
    for _ in range(6):
        _prove(desk, "ada", "wrong")
    door.let_in("ada", "machines")
    refused = _prove(desk, "ada", _PASSWORD)
    assert isinstance(refused, Refusal)
    assert refused.reason == "TooManyAttempts"
    machine = prove(desk.store, desk.ref.namespace, Claim("machines", "ada", "wrong"), desk.now)
    assert machine == NOT_RIGHT


def test_failures_that_count_no_more_are_forgotten_with_the_next_ones(desk: WatchedTenant) -> None:
    for n in range(30):
        _prove(desk, f"nobody-{n}", "wrong")
    desk.later(hours=25)
    rows = []
    for n in range(3):
        _prove(desk, f"other-{n}", "wrong")
        with desk.store.read() as connection:
            rows.append(connection.execute(select(func.count()).select_from(attempts)).scalar_one())
    assert rows == [30 - 20 + 1, 2, 3]


def test_who_failed_long_ago_starts_anew(desk: WatchedTenant) -> None:
    for _ in range(6):
        _prove(desk, "ada", "wrong")
    desk.later(hours=25)
    refused = [_prove(desk, "ada", "wrong") for _ in range(5)]
    assert [r.reason for r in refused if isinstance(r, Refusal)] == ["InvalidCredentials"] * 5


def test_denials_that_are_over_are_forgotten_with_the_next_one(tenant: WatchedTenant) -> None:
    names = ["ada", "bob", "eve", "kim"]
    licenses = [{"type": "Floating", "quantity": 1}]
    spec = {"licenses": licenses, "sessions": {"leaseSeconds": 60}}
    tenant.apply(pool(spec=spec), workgroup(), *(user(name, license="Floating") for name in names))
    door = Door(tenant)
    door.let_in("ada")
    door.refused("bob")
    door.refused("eve")
    tenant.later(seconds=61)
    door.let_in("ada")
    door.refused("kim")
    tenant.later(seconds=3).settle()
    with tenant.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(denials)).scalar_one() == 1


SECRETS = [
    Claim("tracker", "ada", "hidden"),
    PasswordChange(Claim("tracker", "ada", "hidden"), "hidden"),
    Credential("acme", "hidden"),
    Beat(Credential("acme", "hidden"), ["hidden"]),
    SignUp("tracker", "ada", "ada@people.example", "hidden"),
    DirectoryCredentials("hidden", None),
]


@pytest.mark.parametrize("value", SECRETS, ids=lambda value: type(value).__name__)
def test_what_a_caller_sends_is_in_no_representation_of_it(value: object) -> None:
    assert "hidden" not in f"{value!r} {value}"
