"""Log-ins by the primary email address, where a Workgroup says `login.by: PrimaryEmail`."""

from dataclasses import replace
from typing import Any

import pytest

from tenantry.domain.account import Account
from tenantry.domain.onboarding import verify
from tenantry.domain.password import OfferKind, PasswordOffer
from tenantry.domain.secret import SecretOffer
from tenantry.services.acts import acting
from tenantry.services.passwords import hash_password
from tenantry.store.account import load_by_login
from tests.runtime_api.api import Answer, Api
from tests.support.builders import user, workgroup

PASSWORD = "correct horse"
BY_EMAIL = {"login": {"by": "PrimaryEmail"}}


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password(PASSWORD)


def _person(name: str, *addresses: str, in_: str = "tracker", generation: int = 1, **spec: Any) -> Any:
    emails = [{"value": address, "primary": index == 0} for index, address in enumerate(addresses)]
    return user(name, license=None, in_=in_, spec={"emails": emails, **spec}, generation=generation)


@pytest.fixture
def club(api: Api, hashed: str) -> Api:
    """A workgroup by email and one by name, and a member of both."""
    in_ = [{"workgroupRef": "tracker"}, {"workgroupRef": "named"}]
    ada = user("ada", license=None, in_=in_, spec={"emails": [{"value": "Ada@Example.com", "primary": True}]})
    api.tenant.apply(workgroup(pool=None, spec=BY_EMAIL), workgroup("named", pool=None), ada)
    api.give_password("ada", hashed)
    return api


def _reason(api: Api, name: str) -> str:
    return api.tenant.reason(_person(name))


def _log_in(api: Api, login: str, workgroup: str = "tracker") -> str:
    answer = api.log_in(login, PASSWORD, workgroup)
    return str(answer.body["session"]["userName"]) if answer.status == 201 else answer.reason


@pytest.mark.parametrize("spelled", ["ada@example.com", "ADA@EXAMPLE.COM"])
def test_the_primary_address_is_the_login_however_it_is_spelled(club: Api, spelled: str) -> None:
    assert _log_in(club, spelled) == "ada"
    assert _log_in(club, "ada") == "InvalidCredentials"


def test_another_workgroup_of_the_account_goes_by_its_name(club: Api) -> None:
    assert _log_in(club, "ada", "named") == "ada"
    assert _log_in(club, "ada@example.com", "named") == "InvalidCredentials"


def test_only_the_primary_address_is_a_login(club: Api, hashed: str) -> None:
    club.tenant.apply(_person("bob", "bob@example.com", "robert@example.com"))
    club.give_password("bob", hashed)
    assert _log_in(club, "bob@example.com") == "bob"
    assert _log_in(club, "robert@example.com") == "InvalidCredentials"


def test_wrong_passwords_count_for_the_account_by_whatever_it_is_called(club: Api) -> None:
    for _ in range(3):
        assert club.log_in("ada@example.com", "wrong").status == 401
        assert club.log_in("ada", "wrong", "named").status in {401, 429}
    assert _log_in(club, "ada@example.com") == _log_in(club, "ada", "named") == "TooManyAttempts"


def test_no_two_members_log_in_by_the_same_address(club: Api, hashed: str) -> None:
    club.tenant.apply(
        _person("bob", "ada@EXAMPLE.com"), _person("tom", "tom@example.com"), _person("tim", "tom@example.com")
    )
    assert _reason(club, "bob") == "LoginTaken"
    assert _reason(club, "tom") == "Provisioned"
    assert _reason(club, "tim") == "LoginTaken"
    club.tenant.apply(_person("tom", "thomas@example.com", generation=2))
    assert _reason(club, "tim") == "Provisioned"
    for name in ("tom", "tim"):
        club.give_password(name, hashed)
    assert (_log_in(club, "tom@example.com"), _log_in(club, "thomas@example.com")) == ("tim", "tom")


def test_who_is_to_log_in_by_an_address_needs_one(club: Api) -> None:
    club.tenant.apply(_person("bob"))
    assert _reason(club, "bob") == "ProfileIncomplete"
    club.tenant.apply(_person("bob", "bob@example.com", generation=2))
    assert _reason(club, "bob") == "Provisioned"


def test_where_names_are_the_logins_an_address_may_be_shared(club: Api, hashed: str) -> None:
    club.tenant.apply(_person("bob", "ada@example.com", in_="named"))
    club.give_password("bob", hashed)
    assert _reason(club, "bob") == "Provisioned"
    assert _log_in(club, "ada@example.com") == "ada"
    assert _log_in(club, "bob", "named") == "bob"


def test_an_address_that_two_have_all_the_same_is_nobodys(club: Api, hashed: str) -> None:
    club.tenant.apply(_person("bob", "bob@example.com"))
    club.give_password("bob", hashed)
    with acting(club.tenant.store, club.tenant.ref.namespace, "test", club.tenant.now) as act:
        (bob,) = load_by_login(act.connection, act.tenant.id, ["bob"])
        act.change(bob, _moved(bob, "ada@example.com"))
    assert _log_in(club, "ada@example.com") == "InvalidCredentials"


def _moved(account: Account, address: str) -> Account:
    return replace(account, profile=(account.profile or {}) | {"emails": [{"value": address, "primary": True}]})


@pytest.mark.parametrize(
    ("emails", "reason"),
    [
        ([{"value": "ADA@example.com", "primary": True}], "LoginTaken"),
        ([{"value": "bob@example.com"}, {"value": "ada@example.com", "primary": True}], "LoginTaken"),
        (None, "ProfileIncomplete"),
    ],
)
def test_nobody_takes_the_address_that_another_logs_in_by_for_their_own(
    club: Api, hashed: str, emails: object, reason: str
) -> None:
    club.tenant.apply(
        workgroup(pool=None, spec=BY_EMAIL | {"profile": {"selfService": ["emails"]}}, generation=2),
        _person("bob", "bob@example.com"),
    )
    club.give_password("bob", hashed)
    session = {"Tenantry-Session": club.log_in("bob@example.com", PASSWORD).body["token"]}

    def change(value: object) -> Answer:
        return club.call("PATCH", "account/profile", {"profile": {"emails": value}}, headers=session)

    assert change(emails).reason == reason
    assert (_log_in(club, "ada@example.com"), _log_in(club, "bob@example.com")) == ("ada", "bob")
    assert change([{"value": "robert@example.com"}]).status == 200
    assert _log_in(club, "robert@example.com") == "bob"


def test_who_has_left_has_no_address_any_more(club: Api, hashed: str) -> None:
    bob = _person("bob", "bob@example.com")
    club.tenant.apply(bob)
    club.give_password("bob", hashed)
    club.tenant.apply(replace(bob, deleting=True))
    assert _log_in(club, "bob@example.com") == "InvalidCredentials"
    club.tenant.apply(_person("tom", "bob@example.com"))
    club.give_password("tom", hashed)
    assert _log_in(club, "bob@example.com") == "tom"


def _verify(api: Api, login: str) -> None:
    with acting(api.tenant.store, api.tenant.ref.namespace, "test", api.tenant.now) as act:
        (account,) = load_by_login(act.connection, act.tenant.id, [login])
        act.change(account, replace(account, onboarding=verify(account, api.tenant.now)))


def test_until_a_new_address_is_verified_the_one_before_it_is_the_login(api: Api, hashed: str) -> None:
    policy = BY_EMAIL | {"emailVerification": "Required"}
    api.tenant.apply(workgroup(pool=None, spec=policy), _person("ada", "ada@example.com"))
    api.give_password("ada", hashed)
    assert _log_in(api, "ada@example.com") == "EmailNotVerified"
    _verify(api, "ada")
    api.tenant.apply(_person("ada", "lovelace@example.com", generation=2))
    assert (_log_in(api, "ada@example.com"), _log_in(api, "lovelace@example.com")) == ("ada", "InvalidCredentials")
    _verify(api, "ada")
    assert (_log_in(api, "ada@example.com"), _log_in(api, "lovelace@example.com")) == ("InvalidCredentials", "ada")


def test_a_system_user_logs_in_by_its_name_everywhere(api: Api, hashed: str) -> None:
    admin = {"userName": "Admin", "login": "Enabled", "passwordSecretKeyRef": {"name": "system"}}
    policy = workgroup(pool=None, spec=BY_EMAIL | {"systemUsers": [admin]})
    offer = PasswordOffer(OfferKind.NEW, "system/uid/1/password", hashed, len(PASSWORD))
    api.tenant.secrets["system", "password"] = PASSWORD
    api.tenant.apply(policy, offers={policy.uid: SecretOffer(system={"admin": offer})})
    assert _log_in(api, "admin") == "Admin"
