"""A thousand Users in one `kubectl apply`, one in twenty of them wrong: the others come through, each fault is told."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from controlplane import Cluster
from tests.faults import rows
from tests.faults.objects import create, document, is_ready, reasons, user, workgroup
from tests.support.eventually import eventually
from tests.support.kube import Kube, Object
from tests.support.operator import OperatorProcess

GOOD, OF_EACH = 950, 2
PLAN = document(
    "LicensePool",
    "seats",
    {
        "licenses": [{"type": "Static", "quantity": 2000}],
        "limits": [
            {"name": "agents", "included": 2000, "consumedBy": [{"workgroupRef": "desk", "role": "Agent"}]},
            {"name": "bosses", "included": 0, "consumedBy": [{"workgroupRef": "desk", "role": "Boss"}]},
        ],
        "freeRoles": [{"workgroupRef": "desk", "role": role} for role in ("Nobody", "Capped", "Custom", "Restricted")]
        + [{"workgroupRef": "other", "role": "Agent"}],
    },
)
DESK = workgroup(
    modules=[{"name": "Jobs", "levels": [{"name": "None"}, {"name": "Edit", "actions": ["job:update"]}]}],
    roles=[
        *({"name": name} for name in ("Agent", "Boss", "Unsold")),
        {"name": "Capped", "maxHolders": 0},
        {"name": "Custom", "customizable": True},
        {"name": "Restricted", "licenseTypes": ["Restricted"]},
    ],
    groups=[{"name": "Users", "access": [{"module": "Jobs", "level": "Edit"}]}],
    scopes=[{"name": "calendars", "values": ["north"]}],
    notifications=[{"name": "Job"}],
    attributes=[{"name": "Address", "format": "MACAddress"}, {"name": "Number", "format": "Sequence"}],
    preferences=[{"name": "Units", "values": ["C", "F"]}],
    systemUsers=[{"userName": "TBD"}],
    profile={"required": ["name.givenName"]},
)
OTHER = workgroup("other", deletion="Restorable", roles=[{"name": "Agent"}])


def person(name: str, /, **spec: object) -> Object:
    """Give a User that is right, but for what is said otherwise; None takes a field out."""
    entry = {"workgroupRef": "desk", "role": "Agent", "groups": ["Users"]}
    body = user(name, workgroups=[entry])
    fields = {**body["spec"], "name": {"givenName": "Ada"}, **spec}
    body["spec"] = {field: value for field, value in fields.items() if value is not None}
    return body


def in_desk(**entry: object) -> Object:
    return {"workgroups": [{"workgroupRef": "desk", "role": "Agent", **entry}]}


#: One mistake each: the reason, and what the message has to name.
MISTAKES: list[tuple[str, str, Object]] = [
    ("RoleNotFound", 'role "Gone" is not defined', in_desk(role="Gone")),
    ("RoleNotInPlan", 'has role "Unsold" in no limit', in_desk(role="Unsold")),
    ("RoleNotForLicense", 'role "Restricted" is for license types Restricted', in_desk(role="Restricted")),
    ("RoleNotCustomizable", 'role "Agent" takes no levels', in_desk(access=[{"module": "Jobs", "level": "Edit"}])),
    ("RoleLimitReached", "lets 0 hold", in_desk(role="Capped")),
    ("LimitReached", 'lets in 0 for limit "bosses"', in_desk(role="Boss")),
    ("GroupNotFound", 'group "Gone" is not defined', in_desk(groups=["Users", "Gone"])),
    ("ModuleNotFound", 'module "Gone"', in_desk(role="Custom", access=[{"module": "Gone", "level": "Edit"}])),
    ("LevelNotFound", 'has no level "Gone"', in_desk(role="Custom", access=[{"module": "Jobs", "level": "Gone"}])),
    ("ModuleNotAccessible", 'in module "Jobs"', in_desk(defaultModule="Jobs")),
    ("ScopeNotFound", 'scope "rooms"', in_desk(scopes=[{"name": "rooms", "values": ["1"]}])),
    ("ScopeValueNotFound", 'no value "east"', in_desk(scopes=[{"name": "calendars", "values": ["east"]}])),
    ("NotificationNotFound", 'notification "Gone"', in_desk(notifications=["Gone"])),
    ("WorkgroupNotFound", 'Workgroup "nowhere" does not exist', {"workgroups": [{"workgroupRef": "nowhere"}]}),
    (
        "PolicyConflict",
        'Workgroups "desk" and "other" differ in deletion.mode',
        {"workgroups": [{"workgroupRef": "desk", "role": "Agent"}, {"workgroupRef": "other", "role": "Agent"}]},
    ),
    ("LoginTaken", 'is the login of User "holder"', {"userName": "HOLDER"}),
    ("LoginReserved", '"tbd" is a system user', {"userName": "tbd"}),
    ("LoginInvalid", "invisible or control character U+200B", {"userName": "a\u200bb"}),
    ("AttributeInvalid", 'attribute "Address"', {"attributes": [{"name": "Address", "value": "00:11"}]}),
    ("AttributeNotFound", 'attribute "Color"', {"attributes": [{"name": "Color", "value": "red"}]}),
    ("PreferenceInvalid", 'no value "K"', {"preferences": [{"name": "Units", "value": "K"}]}),
    ("PreferenceNotFound", 'preference "Font"', {"preferences": [{"name": "Font", "value": "big"}]}),
    ("ProfileIncomplete", "spec.name.givenName", {"name": None}),
    ("SeatLimitReached", "0 Restricted licenses bought", {"license": {"type": "Restricted"}}),
    ("TimeInFuture", "lies ahead", {"invitationResendTime": f"{datetime.now(UTC) + timedelta(days=2):%FT%TZ}"}),
]


def wrong() -> Iterator[tuple[Object, str, str]]:
    for reason, message, spec in MISTAKES:
        for n in range(OF_EACH):
            yield person(f"wrong-{reason.lower()}-{n}", **spec), reason, message


def crowd() -> list[Object]:
    """Give those that are right, with the others scattered among them."""
    bodies = [person(f"person-{n:03}") for n in range(GOOD)]
    for n, (body, _, _) in enumerate(wrong()):
        bodies.insert(n * 20 + 7, body)
    return bodies


@pytest.mark.slow
def test_of_a_thousand_users_applied_at_once_the_faulty_fifty_are_told_and_hold_up_nobody(
    run_operator: Callable[..., OperatorProcess], sqlite_url: str, cluster: Cluster, kube: Kube, tmp_path: Path
) -> None:
    operator = run_operator(sqlite_url)
    create(kube, [PLAN, DESK, OTHER, person("holder"), person("bystander")])
    assert eventually(lambda: all(is_ready(kube, "User", name) for name in ("holder", "bystander")))
    bystanders = {name: kube.get("User", name) for name in ("holder", "bystander")}
    others = {name: kube.get("Workgroup", name) for name in ("desk", "other")}

    file = tmp_path / "crowd.yaml"
    file.write_text(yaml.safe_dump_all(crowd()))
    cluster.kubectl("-n", kube.namespace, "apply", "--server-side", "-f", file)

    expected = Counter({"Provisioned": GOOD + len(bystanders)}) + Counter(
        {reason: OF_EACH for reason, _, _ in MISTAKES}
    )
    assert eventually(lambda: Counter(reasons(kube).values()) == expected, within=60, every=0.5)
    statuses = {item["metadata"]["name"]: item["status"] for item in kube.items("User")}
    for body, reason, message in wrong():
        ready = next(c for c in statuses[body["metadata"]["name"]]["conditions"] if c["type"] == "Ready")
        assert (ready["status"], ready["reason"]) == ("False", reason), ready
        assert message in ready["message"]

    assert {name: kube.get("User", name) for name in bystanders} == bystanders
    assert {name: kube.get("Workgroup", name) for name in others} == others
    operator.terminate()
    good = {f"person-{n:03}" for n in range(GOOD)} | bystanders.keys()
    assert rows.seated(sqlite_url, kube.namespace) == good
    accounts = rows.accounts(sqlite_url, kube.namespace)
    assert sorted(accounts[login].assigned[0][1] for login in good) == list(range(1, len(good) + 1))
    rows.check_in_step(sqlite_url, kube)

    operator.start().wait_ready()  # what a thousand deletions cost the test alone, the operator does at once
    kube.delete_all("User")
    assert eventually(lambda: not kube.items("User"), within=60, every=0.5)
