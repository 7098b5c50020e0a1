"""What is exported can be applied again, and gives the same accounts."""

from dataclasses import replace
from pathlib import Path

import yaml

from tenantry.services.accounts import ListedAccount, list_accounts
from tenantry.services.acts import acting
from tenantry.store import Store
from tenantry.store.account import apply_accounts, load_all
from tests.support.builders import START, pool, user, workgroup
from tests.support.commands import tenantry
from tests.support.edits import edited, paused
from tests.support.manifests import applied, secrets
from tests.support.persons import accept_invitation
from tests.support.tenancy import Tenant
from tests.support.watched import WatchedTenant

SECRET = {"password": {"secretKeyRef": {"name": "passwords", "key": "ada"}}}


def without_ids(accounts: list[ListedAccount]) -> list[ListedAccount]:
    return [replace(account, id="", tenant="") for account in accounts]


def test_an_export_applied_to_an_empty_store_gives_the_same_accounts(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    entries = [{"workgroupRef": "tracker", "role": "Agent", "groups": ["Users"]}]
    roles = workgroup(spec={"roles": [{"name": "Agent"}], "groups": [{"name": "Users"}]})
    people = [user("zoe", in_=entries), user("ada", in_=entries), user("bob", in_=entries)]
    Tenant(store).apply(pool(static=2), roles, *people)
    exported = tenantry("export", "-n", "acme", "--all", "--store-url", store_url)
    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    done = tenantry("apply", "-", "--store-url", copy, stdin=exported.out)
    assert (done.code, "1 waiting" in done.out) == (1, True)
    other = Store.open(copy)
    assert without_ids(list_accounts(other)) == without_ids(list_accounts(store))
    other.close()
    again = tenantry("plan", "-", "--store-url", store_url, stdin=exported.out)
    assert again.lines[-1] == "Plan: 1 waiting; 4 unchanged"


def test_no_password_is_exported(store: Store, store_url: str) -> None:
    given = secrets({"passwords": {"ada": "teal-otter"}})
    applied(store, pool(static=1), workgroup(), user("ada", spec=SECRET), secrets=given)
    exported = tenantry("export", "-n", "acme", "--store-url", store_url)
    (found,) = yaml.safe_load_all(exported.out)
    assert found["spec"]["password"]["secretKeyRef"] == {"name": "passwords", "key": "ada"}
    assert "otter" not in exported.out
    assert "argon2" not in exported.out


def test_what_a_person_changed_of_the_own_profile_is_exported(store: Store, store_url: str) -> None:
    own = workgroup(spec={"profile": {"selfService": ["displayName"]}})
    applied(store, pool(static=1), own, user("ada", spec={"displayName": "Miss A."}))
    with store.write() as connection:
        (ada,) = load_all(connection, 1)
        changed = replace(ada, profile={**(ada.profile or {}), "displayName": "Ada Lovelace"})
        apply_accounts(connection, 1, [(ada, changed)], START)
    (found,) = yaml.safe_load_all(tenantry("export", "-n", "acme", "--store-url", store_url).out)
    assert found["spec"]["displayName"] == "Ada Lovelace"


def test_what_a_person_changed_is_exported_of_one_that_was_evicted_too(
    store: Store, store_url: str, tenant: WatchedTenant
) -> None:
    own = workgroup(spec={"profile": {"selfService": ["displayName"]}})
    reduced = {"licenses": [{"type": "Static", "quantity": 1}], "whenReduced": {"policy": "Evict", "graceDays": 0}}
    seats, ada = pool(spec=reduced), user("ada", spec={"displayName": "Miss A."})
    tenant.apply(seats, own, ada)
    with acting(store, "acme", "person", tenant.now) as act:
        (account,) = load_all(act.connection, act.tenant.id)
        changed = replace(account, profile={**(account.profile or {}), "displayName": "Ada Lovelace"})
        act.change(account, changed)
    tenant.apply(edited(seats, licenses=[{"type": "Static", "quantity": 0}]))
    tenant.later(seconds=1).settle()
    assert tenant.status(ada)["state"] == "Waiting"
    (found,) = yaml.safe_load_all(tenantry("export", "-n", "acme", "--store-url", store_url).out)
    assert found["spec"]["displayName"] == "Ada Lovelace"


def test_who_came_by_an_invitation_is_invited_anew_by_an_export_and_the_help_says_so(
    store: Store, store_url: str, tmp_path: Path, tenant: WatchedTenant
) -> None:
    tenant.apply(pool(static=1), workgroup(spec={"onboarding": {"mode": "Invitation"}}), user("ada"))
    accept_invitation(store, "acme", "ada", tenant.now)
    tenant.settle()
    exported = tenantry("export", "-n", "acme", "--all", "--store-url", store_url)
    tenantry("apply", "-", "--store-url", copy := f"sqlite:///{tmp_path / 'copy.db'}", stdin=exported.out)
    (present,) = tenantry("users", "list", "-o", "json", "--store-url", store_url).data
    (invited,) = tenantry("users", "list", "--invites", "-o", "json", "--store-url", copy).data
    assert (present["state"], invited["state"]) == ("Active", "Invited")
    assert "invited anew" in " ".join(tenantry("export", "--help").out.split())


def test_a_pause_is_exported(store: Store, store_url: str) -> None:
    applied(store, pool(static=1), workgroup(), paused(user("ada")))
    (found,) = yaml.safe_load_all(tenantry("export", "-n", "acme", "--store-url", store_url).out)
    assert found["metadata"]["annotations"] == {"tenantry.dev/paused": "true"}


def test_a_tenant_that_is_not_there_is_told(store_url: str) -> None:
    done = tenantry("export", "-n", "nowhere", "--store-url", store_url)
    assert (done.code, done.err) == (1, 'tenantry: the store has no tenant "nowhere"; it has: none\n')
