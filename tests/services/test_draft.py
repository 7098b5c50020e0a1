"""What `validate` says of new objects is what the operator says of them on a store."""

from typing import Any

import pytest

from tenantry.domain.draft import plan_draft
from tenantry.domain.observed import Observed
from tenantry.domain.status import not_ready
from tests.support.builders import pool, project_member, user, workgroup
from tests.support.watched import WatchedTenant

DESK = {
    "roles": [{"name": "Agent"}, {"name": "Boss", "maxHolders": 1}, {"name": "Guest"}],
    "attributes": [{"name": "Badge", "format": "Integer"}],
    "systemUsers": [{"userName": "Root", "role": "Nobody"}],
    "projects": [{"name": "apollo", "resources": [{"type": "device", "names": ["d1"], "operations": ["read"]}]}],
}


def as_(role: str, in_: str = "desk") -> list[dict[str, str]]:
    return [{"workgroupRef": in_, "role": role}]


def member(name: str, project: str = "apollo") -> Observed[Any]:
    return project_member(name, spec={"workgroupRef": "desk", "project": project, "userRef": name})


OBJECTS = [
    pool(
        static=3,
        spec={"limits": [{"name": "bosses", "included": 1, "consumedBy": as_("Boss")}], "freeRoles": as_("Agent")},
    ),
    workgroup("desk", spec=DESK),
    workgroup("lost", pool="none"),
    user("ada", in_=as_("Boss"), age=1),
    user("bob", license=None, in_=as_("Boss"), age=2),
    user("cyd", in_=as_("Agnt"), age=3),
    user("dan", in_=as_("Guest"), age=4),
    user("eve", in_=as_("Agent"), age=5, spec={"attributes": [{"name": "Badge", "value": "x"}]}),
    user("fay", in_=as_("Agent"), age=6, spec={"userName": "ADA"}),
    user("gus", in_=as_("Agent"), age=7, spec={"userName": "root"}),
    user("hal", in_="lost", age=8),
    user("ida", in_="nowhere", age=9),
    user("jon", in_=as_("Agent"), age=10),
    user("kim", in_=as_("Agent"), age=11),
    user("leo", in_=as_("Agent"), age=12),
    member("ada"),
    member("jon", "artemis"),
    member("kim"),
    member("zoe"),
]


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "the other way round"])
def test_the_draft_agrees_with_the_operator(tenant: WatchedTenant, order: int) -> None:
    verdicts = plan_draft(OBJECTS[::order], tenant.now, offers={})
    tenant.apply(*OBJECTS[::order])
    assert len(verdicts) == len(OBJECTS)
    for verdict in verdicts:
        refusals = [*verdict.refusals, *verdict.unsettled]
        expected = not_ready(refusals)[0].reason if refusals else "Provisioned"
        assert (verdict.seen.name, expected) == (verdict.seen.name, tenant.reason(verdict.seen))
