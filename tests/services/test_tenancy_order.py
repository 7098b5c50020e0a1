"""P5: the end depends on the objects there are, not on the order, the batches or the repetition in which they came."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.domain.observed import Kind, Observed
from tenantry.services import provisioning
from tenantry.store import Store, policy
from tests.support.builders import pool, project_member, user, workgroup
from tests.support.databases import empty
from tests.support.invariants import check_tenant
from tests.support.watched import WatchedTenant

Fresh = Callable[[], WatchedTenant]
QUIET = settings(
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
LAB = {"name": "lab", "resources": [{"type": "device", "names": ["a", "b"], "operations": ["read"]}]}


def policies(static: int) -> list[Observed[Any]]:
    """Give two workgroups of one pool, and one without, with something of everything."""
    limits = [{"name": "leads", "included": 2, "consumedBy": [{"workgroupRef": "tracker", "role": "Lead"}]}]
    free = [{"workgroupRef": "tracker", "role": "Agent"}, {"workgroupRef": "support", "role": "Agent"}]
    licenses = [{"type": "Static", "quantity": static}, {"type": "Floating", "quantity": 1, "accountsPerLicense": 3}]
    roles = [{"name": "Lead"}, {"name": "Agent", "maxHolders": 4}]
    tracker = {
        "roles": roles,
        "groups": [{"name": "Users", "defaultFor": ["Static", "Floating"]}],
        "systemUsers": [{"userName": "Admin", "role": "Lead"}],
        "preferences": [{"name": "unit", "values": ["C", "F"], "default": "C"}],
        "projects": [LAB],
    }
    return [
        pool(spec={"licenses": licenses, "limits": limits, "freeRoles": free}),
        workgroup("tracker", spec=tracker),
        workgroup("support", spec={"roles": roles}),
        workgroup("club", pool=None, spec={"login": {"maxLength": 6}}),
    ]


def people() -> list[Observed[Any]]:
    """Give users that are let in, that wait, that are refused, and that get in each other's way."""
    entries = [
        ("ada", "Static", [{"workgroupRef": "tracker", "role": "Lead"}]),
        ("bob", "Static", [{"workgroupRef": "tracker", "role": "Lead"}, {"workgroupRef": "support", "role": "Agent"}]),
        ("cyd", "Floating", [{"workgroupRef": "tracker", "role": "Lead"}]),
        ("dan", "Floating", [{"workgroupRef": "support", "role": "Agent"}]),
        ("eve", "Static", [{"workgroupRef": "tracker", "role": "Agent"}]),
        ("fay", "Static", [{"workgroupRef": "tracker", "role": "Nobody"}]),
        ("gus", None, [{"workgroupRef": "club"}]),
        ("hal-is-too-long", None, [{"workgroupRef": "club"}]),
        ("admin", "Static", [{"workgroupRef": "tracker", "role": "Agent"}]),
        ("ivy", "Restricted", [{"workgroupRef": "tracker", "role": "Agent"}]),
        ("jim", None, [{"workgroupRef": "nowhere"}]),
    ]
    found = [user(name, license=type_, in_=entry, age=age) for age, (name, type_, entry) in enumerate(entries)]
    return [*found, user("ada-again", spec={"userName": "ADA"}, in_=entries[0][2], age=30)]


def parts() -> list[Observed[Any]]:
    base = {"workgroupRef": "tracker", "project": "lab"}
    return [
        project_member("ada-lab", spec={**base, "userRef": "ada"}),
        project_member("gus-lab", spec={**base, "userRef": "gus"}),
        project_member("jim-lab", spec={**base, "userRef": "jim"}),
    ]


def everything(static: int) -> list[Observed[Any]]:
    return [*policies(static), *people(), *parts()]


def shown(tenant: WatchedTenant) -> dict[str, Any]:
    """Give every status without its times."""
    return {f"{seen.kind}/{seen.name}": _timeless(tenant.status(seen)) for seen in tenant.objects.values()}


def _shown_of(tenant: WatchedTenant, objects: Sequence[Observed[Any]]) -> dict[str, Any]:
    """Apply objects in one batch, and give what then is shown."""
    tenant.apply(*objects)
    found = shown(tenant)
    check_tenant(tenant)
    return found


def _timeless(value: object) -> object:
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items() if not name.endswith("Time")}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest) -> Fresh:
    """Make tenants, one after the other on the same store: the one before is gone."""
    store: Store = request.getfixturevalue(f"kept_{request.param}")

    def make() -> WatchedTenant:
        policy._PARSED.clear()
        empty(store)
        return WatchedTenant(store)

    return make


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> int:
    return 25 if "sqlite" in request.node.name else 4


def _batches(order: Sequence[Observed[Any]], cuts: Sequence[int]) -> Iterator[list[Observed[Any]]]:
    bounds = sorted({0, len(order), *(cut % len(order) for cut in cuts)})
    for start, end in itertools.pairwise(bounds):
        yield list(order[start:end])


def _run(examples: int, test: Callable[..., None], **strategies: st.SearchStrategy[Any]) -> None:
    """Run a property with as many examples as this kind of store has time for."""
    settings(QUIET, max_examples=examples)(given(**strategies)(test))()


def test_in_one_batch_the_order_says_nothing(fresh: Fresh, examples: int) -> None:
    """Also where not all get a seat: who came first is told by the objects."""
    objects = everything(static=2)
    expected = _shown_of(fresh(), objects)

    def same(order: list[Observed[Any]]) -> None:
        tenant = fresh()
        tenant.apply(*order)
        assert shown(tenant) == expected

    _run(examples, same, order=st.permutations(objects))


def test_where_there_is_room_batches_and_repetition_say_nothing(fresh: Fresh, examples: int) -> None:
    objects = [seen for seen in everything(static=20) if seen.name not in {"ada-again", "cyd"}]
    expected = _shown_of(fresh(), objects)

    def same(order: list[Observed[Any]], cuts: list[int], again: list[int]) -> None:
        tenant = fresh()
        for batch in _batches(order, cuts):
            tenant.later(seconds=1).apply(*batch)
        tenant.apply(*{order[n % len(order)].uid: order[n % len(order)] for n in again}.values())
        assert shown(tenant) == expected

    cuts = st.lists(st.integers(0, 100), max_size=5)
    _run(examples, same, order=st.permutations(objects), cuts=cuts, again=cuts)


def test_the_policies_last_give_the_same_as_the_policies_first(fresh: Fresh, examples: int) -> None:
    """Nobody is seated before there is a pool: then all are decided on together, by when they were made."""
    governing, others = policies(static=2), [*people(), *parts()]
    expected = _shown_of(fresh(), [*governing, *others])

    def same(order: list[Observed[Any]], cuts: list[int]) -> None:
        tenant = fresh()
        for batch in _batches(order, cuts):
            tenant.later(seconds=1).apply(*batch)
        tenant.later(seconds=1).apply(*governing)
        assert shown(tenant) == expected

    cuts = st.lists(st.integers(0, 100), max_size=4)
    _run(examples, same, order=st.permutations(others), cuts=cuts)


def test_those_that_become_due_together_are_looked_at_in_order_of_creation(fresh: Fresh) -> None:
    tenant = fresh()
    some = [user(f"user-{n}", uid=f"{9 - n}", age=n) for n in range(5)]
    tenant.apply(*some)
    tenant.later(seconds=1)._reconcile([pool(static=3), workgroup()])
    (due,) = provisioning.load_due(tenant.store, tenant.now, limit=3).values()
    assert [seen.name for seen in due if seen.kind is Kind.USER] == ["user-0", "user-1", "user-2"]
