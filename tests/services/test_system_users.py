"""The passwords of system users: from Secrets, by the policy of their Workgroup (NR-07)."""

from typing import Any

import pytest

from tenantry.domain.account import Account
from tenantry.domain.observed import Observed
from tenantry.services.credentials import account_of
from tenantry.services.sessions import Started
from tenantry.specs import WorkgroupSpec
from tenantry.store import Store
from tests.support.builders import user, workgroup
from tests.support.door import Door
from tests.support.edits import edited
from tests.support.manifests import applied, by_name, planned, secrets
from tests.support.watched import WatchedTenant

REF = {"name": "system", "key": "admin"}
ADMIN = {"userName": "Admin", "login": "Enabled", "passwordSecretKeyRef": REF}


def desk(*system: dict[str, Any], **spec: Any) -> Observed[WorkgroupSpec]:
    return workgroup(pool=None, spec={"systemUsers": [*(system or (ADMIN,)), {"userName": "TBD"}], **spec})


def account(tenant: WatchedTenant, login: str = "Admin") -> Account:
    with tenant.store.read() as connection:
        found = account_of(connection, 1, "tracker", login)
    assert found is not None
    return found


def hashed(tenant: WatchedTenant, login: str = "Admin") -> str:
    """Return the hash of a password, which is the value turned around here; empty where there is none."""
    password = account(tenant, login).password
    return password.hash if password is not None else ""


def test_nr_07_a_system_user_gets_the_password_of_its_secret(tenant: WatchedTenant) -> None:
    tenant.secrets["system", "admin"] = "open-sesame"
    policy = desk()
    tenant.apply(policy)
    assert tenant.is_ready(policy)
    assert (hashed(tenant), hashed(tenant, "TBD")) == ("emases-nepo", "")
    assert isinstance(Door(tenant).knock("Admin"), Started)


def test_a_secret_that_is_not_there_is_told_of_the_workgroup_and_holds_up_nobody_else(tenant: WatchedTenant) -> None:
    policy, ada = desk(), user("ada", license=None)
    tenant.apply(policy, ada)
    assert tenant.reason(policy) == "SecretNotFound"
    told = tenant.condition(policy) or {}
    assert "spec.systemUsers[0].passwordSecretKeyRef" in told["message"]
    assert tenant.is_ready(ada)
    tenant.rotate("system", "admin", "open-sesame")
    assert tenant.is_ready(policy)
    assert hashed(tenant) == "emases-nepo"


def test_a_rotated_secret_is_taken_and_ends_the_log_ins_before(tenant: WatchedTenant) -> None:
    tenant.secrets["system", "admin"] = "open-sesame"
    tenant.apply(desk())
    door = Door(tenant)
    started = door.let_in("Admin")
    tenant.rotate("system", "admin", "close-sesame")
    assert hashed(tenant) == "emases-esolc"
    assert not door.lives(started)


def test_a_secret_that_did_not_change_is_read_once(tenant: WatchedTenant) -> None:
    tenant.secrets["system", "admin"] = "open-sesame"
    policy = desk()
    tenant.apply(policy)
    changed = account(tenant).password
    tenant.read.clear()
    tenant.later(hours=1).apply(policy)
    assert tenant.read == []
    tenant.apply(edited(policy, displayName="Tracker"))
    tenant.look_out()
    assert account(tenant).password is not None
    assert (hashed(tenant), account(tenant).password.changed) == (changed.hash, changed.changed)  # type: ignore[union-attr]


@pytest.mark.parametrize("value", ["short", "far too long to be one"])
def test_the_length_that_the_policy_asks_for_holds_for_system_users_too(tenant: WatchedTenant, value: str) -> None:
    tenant.secrets["system", "admin"] = "open-sesame"
    policy = desk(password={"minLength": 8, "maxLength": 12})
    tenant.apply(policy)
    tenant.rotate("system", "admin", value)
    assert tenant.reason(policy) == "PasswordInvalid"
    assert value not in str(tenant.condition(policy))
    assert hashed(tenant) == "emases-nepo"
    tenant.rotate("system", "admin", "fine-again")
    assert tenant.is_ready(policy)


@pytest.mark.parametrize("change", [{"login": "Disabled"}, {"passwordSecretKeyRef": None}])
def test_without_log_in_or_secret_a_system_user_has_no_password_any_more(
    tenant: WatchedTenant, change: dict[str, Any]
) -> None:
    tenant.secrets["system", "admin"] = "open-sesame"
    policy = desk()
    tenant.apply(policy)
    kept = {name: value for name, value in {**ADMIN, **change}.items() if value is not None}
    tenant.apply(edited(policy, systemUsers=[kept, {"userName": "TBD"}]))
    assert hashed(tenant) == ""


def test_several_system_users_have_passwords_of_their_own(tenant: WatchedTenant) -> None:
    tenant.secrets |= {("system", "admin"): "open-sesame", ("system", "robot"): "beep-beep"}
    robot = {"userName": "Robot", "login": "Enabled", "passwordSecretKeyRef": {"name": "system", "key": "robot"}}
    policy = desk(ADMIN, robot)
    tenant.apply(policy)
    assert (hashed(tenant), hashed(tenant, "robot")) == ("emases-nepo", "peeb-peeb")
    del tenant.secrets["system", "robot"]
    tenant.look_out()
    assert tenant.reason(policy) == "SecretKeyNotFound"
    assert (hashed(tenant), hashed(tenant, "robot")) == ("emases-nepo", "peeb-peeb")


def test_files_have_the_passwords_of_system_users_too(store: Store) -> None:
    policy = desk()
    without = applied(store, policy)
    assert by_name(without)["tracker"][2] == "SecretNotFound"
    found = secrets({"system": {"admin": "open-sesame"}})
    assert by_name(planned(store, policy, secrets=found))["tracker"][1:] == ("ready", "Provisioned")
    applied(store, policy, secrets=found)
    assert not planned(store, policy, secrets=secrets({"system": {"admin": "open-sesame"}})).changes
