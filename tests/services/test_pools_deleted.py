"""A LicensePool that goes while it is used, comes back, or is another of the same name (design, decision 5)."""

from sqlalchemy import update

from tenantry.domain.observed import Kind
from tenantry.store.schema import accounts
from tenantry.store.tenant import find_tenant
from tenantry.store.usage import first_members
from tests.support.builders import pool, user, workgroup
from tests.support.edits import deleted, edited, made_again
from tests.support.watched import WatchedTenant


def test_a_pool_that_nobody_uses_goes_at_once(tenant: WatchedTenant) -> None:
    seats = pool(static=1)
    tenant.apply(seats)
    outcomes = tenant.apply(deleted(seats))
    assert [o.released for o in outcomes] == [True]


def test_a_pool_in_use_stays_and_grants_nothing_new(tenant: WatchedTenant) -> None:
    seats, ada = pool(static=9), user("ada")
    tenant.apply(seats, workgroup(), ada)
    going = deleted(seats)
    tenant.apply(going)
    assert tenant.reason(going) == "InUse"
    assert "1 account needs it" in (tenant.condition(going) or {})["message"]
    assert tenant.is_ready(ada)
    newcomer = user("newcomer")
    tenant.apply(newcomer)
    assert tenant.reason(newcomer) == "LicensePoolDeleting"
    tenant.apply(deleted(ada))
    assert going.uid not in tenant.objects
    assert tenant.reason(newcomer) == "LicensePoolNotFound"


def test_a_pool_in_use_names_the_first_few_who_need_it_and_the_command_for_all(tenant: WatchedTenant) -> None:
    seats = pool(static=9)
    staff = [user(f"user-{n}", spec={"userName": f"login-{n}"}) for n in range(7)]
    tenant.apply(seats, workgroup(), workgroup("lab"), *staff)
    tenant.apply(going := deleted(seats))
    told = (tenant.condition(going) or {})["message"]
    assert told.count("user-") == 5
    assert "7 accounts need it: user-" in told
    assert " and 2 more;" in told
    assert "tenantry users list --workgroup lab --workgroup tracker" in told
    tenant.apply(*map(deleted, staff[:5]))
    assert "2 accounts need it: user-5, user-6;" in (tenant.condition(going) or {})["message"]


def test_an_account_without_a_user_is_named_by_its_login(tenant: WatchedTenant) -> None:
    seats, ada = pool(static=1), user("ada", spec={"userName": "ada@example.com"})
    tenant.apply(seats, workgroup(), ada)
    with tenant.store.write() as connection:
        row = find_tenant(connection, tenant.ref.namespace)
        assert row is not None
        connection.execute(update(accounts).values(resource_uid=None))
        names = first_members(connection, row.id, ["tracker"], 5)
        connection.rollback()
    assert names == ["ada@example.com"]


def test_the_workgroups_of_a_pool_that_goes_say_so_until_there_is_one_again(tenant: WatchedTenant) -> None:
    seats, policy, ada = pool(static=1), workgroup(), user("ada")
    tenant.apply(seats, policy, workgroup("free", pool=None), ada)
    tenant.apply(deleted(seats))
    assert tenant.reason(policy) == "LicensePoolDeleting"
    assert tenant.condition(policy, "Stalled") is not None
    assert "cannot be taken back" in (tenant.condition(policy) or {})["message"]
    assert tenant.status_of(Kind.WORKGROUP, "free")["conditions"][0]["reason"] == "Provisioned"
    assert tenant.is_ready(ada)
    tenant.apply(edited(ada, workgroups=[{"workgroupRef": "free"}], license=None))
    assert tenant.reason(policy) == "LicensePoolNotFound"
    assert "make another Workgroup" in (tenant.condition(policy) or {})["message"]
    tenant.apply(made_again(seats))
    assert tenant.is_ready(policy)


def test_a_pool_counts_an_account_once_whatever_it_holds(tenant: WatchedTenant) -> None:
    roles = [{"workgroupRef": "tracker", "role": "Agent"}]
    limit = {"name": "agents", "included": 5, "consumedBy": roles}
    seats = pool(spec={"licenses": [{"type": "Static", "quantity": 5}], "limits": [limit]})
    tenant.apply(seats, workgroup(spec={"roles": [{"name": "Agent"}]}), user("ada", in_=roles))
    going = deleted(seats)
    tenant.apply(going)
    assert "1 account needs it" in (tenant.condition(going) or {})["message"]


def test_a_pool_of_free_roles_only_is_in_use_too(tenant: WatchedTenant) -> None:
    """Its accounts count against nothing, but their Workgroup names it."""
    seats = pool(spec={"freeRoles": [{"workgroupRef": "tracker", "role": "Guest"}]})
    roles = [{"workgroupRef": "tracker", "role": "Guest"}]
    guest = user("guest", license=None, in_=roles)
    tenant.apply(seats, workgroup(spec={"roles": [{"name": "Guest"}]}), guest)
    going = deleted(seats)
    tenant.apply(going)
    assert tenant.reason(going) == "InUse"
    assert tenant.is_ready(guest)
    tenant.apply(deleted(guest))
    assert going.uid not in tenant.objects


def test_a_pool_that_goes_lets_nobody_change_to_another_type(tenant: WatchedTenant) -> None:
    licenses = [{"type": t, "quantity": 5} for t in ("Static", "Restricted")]
    seats, ada = pool(spec={"licenses": licenses}), user("ada")
    tenant.apply(seats, workgroup(), ada)
    tenant.apply(deleted(seats))
    moving = edited(ada, license={"type": "Restricted"})
    tenant.apply(moving)
    assert tenant.reason(moving) == "LicensePoolDeleting"
    assert tenant.status(moving)["license"]["type"] == "Static"


def test_who_waits_for_a_pool_that_goes_gets_no_seat_of_it(tenant: WatchedTenant) -> None:
    seats, holder, leaver = pool(static=2), user("holder", age=1), user("leaver", age=2)
    waiter = user("waiter", age=3)
    tenant.apply(seats, workgroup(), holder, leaver, waiter)
    tenant.apply(deleted(seats))
    tenant.apply(deleted(leaver))
    assert tenant.reason(waiter) == "LicensePoolDeleting"
    assert tenant.status_of(Kind.LICENSE_POOL, "seats")["used"] == 1


def test_a_pool_goes_when_the_last_license_is_given_up(tenant: WatchedTenant) -> None:
    seats, ada = pool(static=1), user("ada")
    tenant.apply(seats, workgroup(), ada)
    going = deleted(seats)
    tenant.apply(going)
    tenant.apply(edited(ada, workgroups=[{"workgroupRef": "free"}], license=None), workgroup("free", pool=None))
    assert going.uid not in tenant.objects


def test_a_pool_made_again_counts_the_seats_there_are(tenant: WatchedTenant) -> None:
    """Its finalizer was stripped while it was in use."""
    seats, people = pool(static=2), [user(f"user-{n}", age=n) for n in range(3)]
    tenant.apply(seats, workgroup(), *people)
    tenant.vanish(seats)
    again = made_again(seats, licenses=[{"type": "Static", "quantity": 3}])
    tenant.apply(again)
    assert [tenant.is_ready(one) for one in people] == [True, True, True]
    assert tenant.status(again)["used"] == 3


def test_late_events_of_an_earlier_pool_touch_nothing(tenant: WatchedTenant) -> None:
    seats, ada = pool(static=2), user("ada")
    tenant.apply(seats, workgroup(), ada)
    tenant.vanish(seats)
    again = made_again(seats)
    tenant.apply(again)
    tenant.apply(deleted(seats))
    bob = user("bob")
    tenant.apply(bob)
    assert tenant.is_ready(again)
    assert tenant.is_ready(bob)


def test_everything_deleted_at_once_goes_in_one_go(tenant: WatchedTenant) -> None:
    objects = [pool(static=2), workgroup(), user("ada", age=1), user("bob", age=2), user("waiter", age=3)]
    tenant.apply(*objects)
    outcomes = tenant.apply(*map(deleted, objects))
    assert {o.name for o in outcomes if o.released} == {o.name for o in objects}
    assert tenant.objects == {}
