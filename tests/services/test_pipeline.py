"""Plan and apply without a cluster: they say what the operator would, and a plan leaves everything as it is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tenantry.domain.observed import Kind
from tenantry.errors import InputError
from tenantry.services import pipeline, provisioning
from tenantry.services.accounts import list_accounts
from tenantry.services.holdings import Deletion, Registration, delete_holdings, put_holdings
from tenantry.services.secret_needs import secrets_known, secrets_missing
from tenantry.services.tenants import load_namespaces
from tenantry.services.work import TenantRef
from tenantry.store import Store
from tenantry.store.account import load_all
from tenantry.store.audit import read_records
from tenantry.store.copied import copied
from tenantry.store.resource import load_resources, load_tenant_resources
from tenantry.store.tenant import find_tenant, list_tenants
from tests.support.builders import NAMESPACE, pool, user, workgroup
from tests.support.edits import deleted, paused
from tests.support.invariants import digest
from tests.support.manifests import NOW, applied, by_name, counts, planned, request, secrets, users
from tests.support.tenancy import Tenant

READY = ("create", "ready", "Provisioned")
FULL = ("create", "waiting", "SeatLimitReached")
SECRET = {"password": {"secretKeyRef": {"name": "passwords", "key": "ada"}}}
OTHER_SECRET = {"password": {"secretKeyRef": {"name": "others", "key": "ada"}}}
PEOPLE = [user(name) for name in ("zoe", "ada", "bob")]


def states(store: Store) -> dict[str, str]:
    return {account.login: account.state for account in list_accounts(store, deleted=True)}


def test_a_plan_says_who_gets_in_and_who_waits_and_changes_nothing(store: Store) -> None:
    before = digest(store)
    found = planned(store, pool(static=2), workgroup(), *PEOPLE)
    assert users(found) == {"zoe": READY, "ada": READY, "bob": FULL}
    assert counts(found) == {"Static": (0, 3, 2)}
    assert (found.changes, found.fails) == (True, True)
    assert digest(store) == before


def test_the_order_of_the_files_is_the_order_of_arrival(store: Store) -> None:
    found = applied(store, *reversed(PEOPLE), workgroup(), pool(static=1))
    assert users(found) == {"bob": READY, "ada": FULL, "zoe": FULL}
    after = applied(store, *reversed(PEOPLE), workgroup(), pool(static=2))
    assert users(after) == {"ada": ("change", "ready", "Provisioned"), "zoe": ("none", "waiting", "SeatLimitReached")}


def test_a_plan_says_what_the_apply_then_does(store: Store) -> None:
    applied(store, pool(static=2), workgroup(), *PEOPLE)
    objects = (pool(static=1), workgroup(), user("ada", spec={"displayName": "Ada"}), user("cyd"))
    assert planned(store, *objects, prune=True) == applied(store, *objects, prune=True)


def test_what_is_in_force_already_is_nothing_to_do(store: Store) -> None:
    applied(store, pool(static=3), workgroup(), *PEOPLE)
    before = digest(store)
    found = applied(store, pool(static=3), workgroup(), *PEOPLE, now=NOW + timedelta(minutes=1))
    assert (found.effects, found.unchanged, found.changes) == ((), 5, False)
    assert digest(store) == before


def test_a_default_that_is_written_out_is_no_change(store: Store) -> None:
    applied(store, pool(static=3), workgroup(), user("ada"))
    assert not planned(store, user("ada", spec={"active": True, "onExisting": "Refuse"})).changes


def test_without_prune_nothing_is_removed(store: Store) -> None:
    applied(store, pool(static=3), workgroup(), *PEOPLE)
    assert not planned(store, pool(static=3), workgroup()).changes
    found = applied(store, pool(static=3), workgroup(), user("ada"), prune=True)
    assert users(found) == {"zoe": ("remove", "gone", ""), "bob": ("remove", "gone", "")}
    assert counts(found) == {"Static": (3, 1, 3)}
    assert states(store) == {"ada": "Active", "bob": "Deleted", "zoe": "Deleted"}


def test_a_plan_tells_what_becomes_of_holdings_whatever_they_are_lost_by(store: Store) -> None:
    policy = {"deletion": {"holdings": [{"kind": "draft", "onDelete": "Drop"}]}}
    desk = workgroup("desk", pool=None, spec={**policy, "systemUsers": [{"userName": "TBD"}]})
    both = [{"workgroupRef": "desk"}, {"workgroupRef": "tracker"}]
    applied(store, desk, workgroup(pool=None), user("ada", license=None, in_=both))
    for owner in ("ada", "TBD"):
        put_holdings(store, NAMESPACE, Registration("desk", "draft", owner, (f"of {owner}",)), NOW)
    leaving = (workgroup("desk", pool=None, spec=policy), user("ada", license=None))
    found = planned(store, *leaving)
    assert {e.name: [(m.workgroup, m.kind, m.count, m.fate) for m in e.holdings] for e in found.effects} == {
        "desk": [("desk", "draft", 1, "dropped")],
        "ada": [("desk", "draft", 1, "dropped")],
    }
    assert found == applied(store, *leaving)


def test_an_edit_that_shows_only_in_the_account_is_told(store: Store) -> None:
    modules = [{"name": "Jobs", "levels": [{"name": "View", "actions": ["job:read"]}]}]
    policy = workgroup(pool=None, spec={"modules": modules})
    applied(store, policy, user("ada", license=None))
    opens = user("ada", license=None, in_=[{"workgroupRef": "tracker", "defaultModule": "Jobs"}])
    (effect,) = planned(store, policy, opens).effects
    (difference,) = effect.differences
    assert (difference.field, difference.after) == (
        "workgroups.tracker",
        {"membership": "Member", "defaultModule": "Jobs"},
    )


def test_who_goes_makes_room_for_who_comes_in_the_same_apply(store: Store) -> None:
    applied(store, pool(static=1), workgroup(), user("zoe"))
    found = applied(store, pool(static=1), workgroup(), user("ada"), prune=True)
    assert users(found) == {"ada": READY, "zoe": ("remove", "gone", "")}


def test_who_waited_before_is_told_to_get_in(store: Store) -> None:
    applied(store, pool(static=2), workgroup(), *PEOPLE)
    found = planned(store, removed=[(Kind.USER, "zoe")])
    assert users(found) == {"zoe": ("remove", "gone", ""), "bob": ("follow", "ready", "Provisioned")}
    assert not found.fails


def test_who_is_in_force_and_will_not_be_any_more_fails_the_plan(store: Store) -> None:
    roles = {"roles": [{"name": "Boss"}, {"name": "Agent"}]}
    entry = [{"workgroupRef": "tracker", "role": "Boss"}]
    applied(store, pool(static=1), workgroup(spec=roles), user("ada", in_=entry))
    found = planned(store, workgroup(spec={"roles": [{"name": "Agent"}]}))
    assert users(found) == {"ada": ("follow", "refused", "RoleNotFound")}
    assert found.fails


def test_of_an_object_that_goes_and_comes_again_in_one_run_the_new_one_alone_is_told(store: Store) -> None:
    holdings = {"deletion": {"holdings": [{"kind": "record"}]}}
    applied(store, pool(static=1), workgroup(spec=holdings), user("ada"), user("bob"))
    put_holdings(store, NAMESPACE, Registration("tracker", "record", "ada", ("r1",)), NOW)
    applied(store, removed=[(Kind.USER, "ada")])
    delete_holdings(store, NAMESPACE, Deletion("tracker", "record", ("r1",)), NOW)
    found = applied(store, user("ada"))
    assert users(found) == {"ada": ("create", "refused", "LoginDeleted"), "bob": ("follow", "ready", "Provisioned")}


def test_everything_may_go_at_once(store: Store) -> None:
    applied(store, pool(static=3), workgroup(), *PEOPLE)
    found = applied(store, prune=True)
    assert set(by_name(found).values()) == {("remove", "gone", "")}
    assert len(found.effects) == 5


def test_a_policy_that_is_needed_is_held_and_comes_back_with_its_file(store: Store) -> None:
    applied(store, pool(static=3), workgroup(), user("ada"))
    found = applied(store, pool(static=3), user("ada"), prune=True)
    assert by_name(found)["tracker"] == ("remove", "held", "InUse")
    assert found.fails
    back = applied(store, pool(static=3), workgroup(), user("ada"), prune=True)
    assert by_name(back)["tracker"] == ("change", "ready", "Provisioned")
    assert not back.fails


def test_tt_06_what_the_api_server_would_not_let_change_is_refused_and_stays(store: Store) -> None:
    applied(store, pool(static=3), workgroup(), user("ada"))
    found = applied(store, workgroup(pool="other"), user("ada", spec={"userName": "eve"}))
    assert by_name(found) == {"tracker": ("none", "refused", "InvalidSpec"), "ada": ("none", "refused", "InvalidSpec")}
    assert "userName cannot change" in next(e.message for e in found.effects if e.name == "ada")
    assert states(store) == {"ada": "Active"}


def test_an_object_that_is_paused_is_left_alone(store: Store) -> None:
    applied(store, pool(static=3), workgroup(), user("ada"))
    found = applied(store, paused(user("ada", spec={"active": False})))
    assert users(found) == {"ada": ("change", "paused", "Provisioned")}
    assert states(store) == {"ada": "Active"}


def test_a_deleted_account_comes_back_only_by_restore(store: Store) -> None:
    applied(store, pool(static=3), workgroup(), user("ada"))
    applied(store, removed=[(Kind.USER, "ada")])
    assert users(applied(store, user("ada"))) == {"ada": ("create", "refused", "LoginDeleted")}
    assert users(applied(store, user("ada", spec={"onExisting": "Restore"})))["ada"][1] == "ready"


def test_passwords_come_from_the_secrets_in_the_files(store: Store) -> None:
    ada = user("ada", spec=SECRET)
    missing = applied(store, pool(static=1), workgroup(), ada)
    assert users(missing) == {"ada": ("create", "pending", "SecretNotFound")}
    first = applied(store, ada, secrets=secrets({"passwords": {"ada": "teal-otter"}}))
    assert users(first)["ada"][1] == "ready"
    assert not applied(store, ada, secrets=secrets({"passwords": {"ada": "teal-otter"}})).changes
    assert not applied(store, ada).changes
    second = applied(store, ada, secrets=secrets({"passwords": {"ada": "blue-heron"}}))
    assert [d.field for d in second.effects[0].differences] == ["password"]
    assert "heron" not in str(second)


def test_a_new_secret_that_is_not_in_the_files_leaves_the_password_and_says_so(store: Store) -> None:
    """Refused for its role at first; the Workgroup's file alone does not bring the Secret that the spec names."""
    one = {"passwords": {"ada": "teal-otter"}, "others": {"ada": "blue-heron"}}
    agents = workgroup(spec={"roles": [{"name": "Agent"}]})
    applied(store, pool(static=1), agents, user("ada", spec=SECRET), secrets=secrets(one))
    moved = user("ada", in_=[{"workgroupRef": "tracker", "role": "Boss"}], spec=OTHER_SECRET)
    assert users(applied(store, moved, secrets=secrets(one))) == {"ada": ("change", "refused", "RoleNotFound")}
    bosses = workgroup(spec={"roles": [{"name": "Boss"}]})
    assert users(applied(store, bosses)) == {"ada": ("follow", "pending", "SecretNotFound")}
    assert states(store) == {"ada": "Active"}
    assert not planned(store, moved, secrets=secrets({}, elsewhere=True)).fails
    found = applied(store, moved, secrets=secrets(one))
    assert users(found)["ada"][1] == "ready"
    assert "password" in [d.field for d in found.effects[0].differences]


def test_who_has_the_password_of_the_files_is_not_planned_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = (pool(static=1), workgroup(), user("ada", spec=SECRET))
    given = {"passwords": {"ada": "teal-otter"}}
    applied(store, *objects, secrets=secrets(given))
    monkeypatch.setattr(provisioning, "_run", lambda batch: pytest.fail(f"planned anew: {batch.work.objects}"))
    assert applied(store, *objects, secrets=secrets(given)).unchanged == 3


def test_a_password_that_was_refused_and_is_put_back_leaves_the_user_ready(store: Store) -> None:
    ada = user("ada", spec=SECRET)
    applied(store, pool(static=1), workgroup(), ada, secrets=secrets({"passwords": {"ada": "teal-otter"}}))
    short = applied(store, ada, secrets=secrets({"passwords": {"ada": "teal"}}))
    assert users(short)["ada"][1:] == ("refused", "PasswordInvalid")
    back = applied(store, ada, secrets=secrets({"passwords": {"ada": "teal-otter"}}))
    assert users(back)["ada"][1:] == ("ready", "Provisioned")


def test_a_secret_that_may_be_in_the_cluster_is_noted_not_refused(store: Store) -> None:
    applied(store, workgroup())
    found = planned(store, pool(static=1), workgroup(), user("ada", spec=SECRET), secrets=secrets({}, elsewhere=True))
    assert not found.fails
    assert found.notes == ('Secret "passwords" is not in the files; its value is not checked',)


def test_what_became_due_is_done_by_the_next_apply(store: Store) -> None:
    inviting = workgroup(spec={"onboarding": {"mode": "Invitation", "expirationHours": 1}})
    applied(store, pool(static=1), inviting, user("ada"))
    assert states(store) == {"ada": "InvitationExpired"}  # by the clock of now, which is long after
    found = planned(store, now=NOW + timedelta(hours=2))
    assert users(found) == {"ada": ("follow", "refused", "InvitationExpired")}
    assert counts(found) == {"Static": (1, 0, 1)}


def test_five_hundred_and_more_are_taken_in_batches_with_the_same_result(store: Store) -> None:
    crowd = [user(f"user-{number:04}") for number in range(520)]
    found = planned(store, *crowd, workgroup(), pool(static=510))
    waiting = [e.name for e in found.effects if e.result.value == "waiting"]
    assert waiting == [f"user-{number:04}" for number in range(510, 520)]


@pytest.fixture
def cluster(store: Store) -> Tenant:
    """A tenant that an operator manages."""
    tenant = Tenant(store)
    tenant.apply(pool(static=2), workgroup(), user("ada"))
    return tenant


@pytest.mark.usefixtures("cluster")
def test_a_plan_may_be_made_of_a_tenant_that_a_cluster_has(store: Store) -> None:
    before = digest(store)
    found = planned(store, pool(static=2), workgroup(), user("ada"), user("bob"), user("cyd"))
    assert users(found) == {"bob": READY, "cyd": FULL}
    assert counts(found) == {"Static": (1, 3, 2)}
    assert digest(store) == before


def test_a_plan_holds_up_neither_its_tenant_nor_another_and_says_what_was_when_it_began(
    store: Store, cluster: Tenant
) -> None:
    globex = Tenant(store, ref=TenantRef("globex", "globex-uid"))

    def meanwhile() -> None:
        cluster.apply(user("eve"))
        globex.apply(workgroup(pool=None, namespace="globex"))

    asked = request(pool(static=2), workgroup(), user("ada"), user("bob"), user("cyd"))
    found = pipeline.plan(store, replace(asked, advance=meanwhile))
    assert users(found) == {"bob": READY, "cyd": FULL}
    assert counts(found) == {"Static": (1, 3, 2)}
    assert states(store) == {"ada": "Active", "eve": "Active"}


def test_what_was_planned_of_a_policy_is_not_taken_for_what_comes_to_be(store: Store) -> None:
    people = [user(role.lower(), in_=[{"workgroupRef": "tracker", "role": role}]) for role in ("Agent", "Boss")]
    applied(store, pool(static=2), workgroup())
    planned(store, workgroup(spec={"roles": [{"name": "Boss"}]}), *people)
    found = applied(store, workgroup(spec={"roles": [{"name": "Agent"}]}), *people)
    assert users(found) == {"agent": READY, "boss": ("create", "refused", "RoleNotFound")}


@pytest.mark.usefixtures("cluster")
def test_a_copy_has_the_rows_of_its_tenant_and_nothing_of_another(store: Store) -> None:
    Tenant(store, ref=TenantRef("globex", "globex-uid")).apply(
        workgroup(pool=None, namespace="globex"), user("ada", license=None, namespace="globex")
    )
    with copied(store, NAMESPACE) as copy, copy.store.read() as connection:
        assert [tenant.namespace for tenant in list_tenants(connection)] == [NAMESPACE]
        ids = [tenant.id for tenant in list_tenants(copy.former)]
        assert [len(load_tenant_resources(connection, tenant)) for tenant in ids] == [3, 0]
        assert [len(load_all(connection, tenant)) for tenant in ids] == [1, 0]
        assert load_all(connection, ids[0]) == load_all(copy.former, ids[0])
        (uid,) = (account.resource_uid or "" for account in load_all(connection, ids[0]))
        assert load_resources(connection, [uid]) == load_resources(copy.former, [uid])


@pytest.mark.parametrize(
    ("names", "rivals"), [("bob", False), ("bob cyd", True), ("bob cyd dan", True)], ids=["all in", "one", "two"]
)
def test_where_new_users_want_more_seats_than_there_are_a_plan_notes_that_the_order_may_be_another(
    store: Store, cluster: Tenant, names: str, *, rivals: bool
) -> None:
    assert cluster.store is store
    found = planned(store, *map(user, names.split()))
    note = "seats Static does not seat all new Users: in a cluster the order within one second is that of arrival "
    assert [n.startswith(note) for n in found.notes] == [True] * rivals


def test_who_only_joins_the_line_has_no_rival(store: Store, cluster: Tenant) -> None:
    cluster.apply(user("bob"))
    assert planned(store, user("cyd"), user("dan")).notes == ()


def test_without_a_cluster_the_order_is_sure(store: Store) -> None:
    applied(store, pool(static=2), workgroup())
    assert planned(store, *PEOPLE).notes == ()


@pytest.mark.usefixtures("cluster")
def test_an_apply_to_a_tenant_that_a_cluster_has_is_refused(store: Store) -> None:
    before = digest(store)
    with pytest.raises(InputError, match="managed by the operator of a cluster"):
        applied(store, user("bob"))
    assert digest(store) == before


def test_a_tenant_taken_over_keeps_its_accounts_and_the_operator_then_changes_nothing(
    store: Store, cluster: Tenant
) -> None:
    ids = {account.login: account.id for account in list_accounts(store)}
    found = applied(store, pool(static=2), workgroup(), user("ada"), user("bob"), take_over=True)
    assert users(found) == {"bob": READY}
    assert {a.login: a.id for a in list_accounts(store)}["ada"] == ids["ada"]
    cluster.apply(deleted(user("ada")), user("eve"))
    assert states(store).keys() == {"ada", "bob", "eve"}
    assert (states(store)["bob"], states(store)["eve"]) == ("Active", "Refused")
    assert {a.login: a.license for a in list_accounts(store)} == {"ada": "Static", "bob": "Static", "eve": None}
    with pytest.raises(InputError, match="managed by the operator of a cluster"):
        applied(store, user("ada"))


def test_an_operator_of_the_same_store_leaves_it_alone(store: Store, cluster: Tenant) -> None:
    inviting = workgroup(pool=None, spec={"onboarding": {"mode": "Invitation", "expirationHours": 1}})
    pipeline.apply(store, replace(request(inviting, user("ada", license=None)), namespace="desk"))
    assert load_namespaces(store) == [cluster.ref.namespace]
    assert "desk" not in provisioning.load_due(store, NOW + timedelta(hours=2))
    assert "desk" in provisioning.load_due(store, NOW + timedelta(hours=2), namespace="desk")


def test_the_operator_does_not_look_for_secrets_that_are_in_files(store: Store, cluster: Tenant) -> None:
    ada = user("ada", spec=SECRET, license=None)
    ours = replace(request(workgroup(pool=None), ada), namespace="desk")
    pipeline.apply(store, ours)
    assert secrets_known(store, "") == secrets_missing(store, "") == []
    cluster.apply(user("eve", spec=SECRET))
    assert [need.namespace for need in secrets_known(store, "")] == [cluster.ref.namespace]


def test_another_namespace_is_another_tenant(store: Store) -> None:
    applied(store, pool(static=1), workgroup(), user("ada"))
    other = replace(request(pool(static=1), workgroup(), user("ada")), namespace="globex")
    assert users(pipeline.apply(store, other)) == {"ada": READY}
    assert not planned(store, user("ada")).changes


def test_who_applied_is_on_record(store: Store) -> None:
    applied(store, pool(static=1), workgroup(), user("ada"))
    with store.read() as connection:
        tenant = find_tenant(connection, NAMESPACE)
        assert tenant is not None
        assert {record.actor for record in read_records(connection, tenant.id)} == {"test"}


def test_a_tenant_changed_between_looking_and_locking_is_not_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(store, pool(static=3), workgroup())
    ahead = pipeline._read_ahead

    def somebody_else(store: Store, asked: pipeline.Request) -> list[str]:
        found = ahead(store, asked)
        monkeypatch.undo()
        applied(store, user("ada"))
        return found

    monkeypatch.setattr(pipeline, "_read_ahead", somebody_else)
    with pytest.raises(InputError, match="changed by somebody else"):
        applied(store, user("ada"))
    assert states(store) == {"ada": "Active"}
