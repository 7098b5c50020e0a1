"""Effective access by the rows of the store: `services.access`, and `tenantry explain` above it."""

import pytest

from tenantry.domain.access import Resource
from tenantry.domain.reason import Reason
from tenantry.errors import InputError
from tenantry.services.access import Explanation, Request, explain
from tenantry.services.work import TenantRef
from tenantry.store import Store
from tests.support.builders import pool, project_member, user, workgroup
from tests.support.commands import tenantry
from tests.support.edits import deleted, edited
from tests.support.tenancy import Tenant

DESK = workgroup(
    "desk",
    spec={
        "modules": [
            {
                "name": "Devices",
                "levels": [
                    {"name": "Own", "ownOnly": True, "actions": ["device:read"]},
                    {"name": "Edit", "actions": ["device:read", "device:write"]},
                ],
            }
        ],
        "roles": [
            {"name": "Agent"},
            {"name": "Boss", "access": [{"module": "*", "level": "Highest"}]},
            {"name": "Custom", "customizable": True},
        ],
        "groups": [{"name": "Editors", "access": [{"module": "Devices", "level": "Edit"}]}],
        "scopes": [{"name": "sites", "values": ["north", "south"]}],
        "projects": [
            {"name": "a", "resources": [{"type": "device", "names": ["d1", "d2"], "operations": ["read", "write"]}]}
        ],
        "systemUsers": [{"userName": "Admin", "login": "Enabled", "role": "Boss"}, {"userName": "TBD", "role": "Boss"}],
    },
)
LAB = workgroup("lab", spec={"systemUsers": [{"userName": "Admin", "login": "Enabled"}]})


def desk(role: str = "Agent", **more: object) -> list[dict[str, object]]:
    return [{"workgroupRef": "desk", "role": role, **more}]


ADA = user("ada", in_=desk(), spec={"userName": "ada@acme.test"})


@pytest.fixture
def crowd(tenant: Tenant) -> Tenant:
    """Who shows each way to an account, or to none."""
    gone = user("gone", in_=desk())
    tenant.apply(pool(static=6), DESK, LAB, gone)
    tenant.apply(deleted(gone))
    tenant.apply(
        ADA,
        user("bob", in_=desk("Custom", access=[{"module": "Devices", "level": "Edit"}]), age=1),
        user("cyd", in_=[*desk(scopes=[{"name": "sites", "values": ["north"]}]), {"workgroupRef": "lab"}], age=2),
        user("off", in_=desk("Boss"), spec={"active": False}, age=3),
        user("eve", in_=desk(groups=["Editors"]), age=4),
        user("may", in_=[{"workgroupRef": "desk", "membership": "Available"}], age=5),
        user("late", in_=desk("Boss"), age=6),
        user("lost", in_=desk("Nobody"), age=7),
    )
    rules = {"allow": [rule("read", "write")], "deny": [rule("write")]}
    tenant.apply(
        project_member("ada-a", spec={"workgroupRef": "desk", "project": "a", "userRef": "ada", **rules}),
    )
    return tenant


def rule(*operations: str) -> dict[str, object]:
    return {"type": "device", "names": ["d1"], "operations": operations}


def ask(
    tenant: Tenant, who: str, action: str = "write", resource: Resource | None = None, **more: str | None
) -> Explanation:
    asked = Request(who, action, resource or Resource("device", "d9"), **({"namespace": "acme"} | more))
    return explain(tenant.store, asked, tenant.now)


@pytest.mark.parametrize(
    ("who", "action", "name", "reason"),
    [
        ("ada", "write", "d9", Reason.LEVEL_TOO_LOW),
        ("ada", "read", "d1", Reason.GRANTED_BY_PROJECT),
        ("ada", "write", "d1", Reason.DENIED_BY_PROJECT),
        ("ada", "read", "d9", Reason.NOT_THE_OWNER),
        ("bob", "write", "d9", Reason.GRANTED_BY_LEVEL),
        ("eve", "write", "d9", Reason.GRANTED_BY_LEVEL),
        ("off", "write", "d9", Reason.ACCOUNT_NOT_ACTIVE),
        ("late", "write", "d9", Reason.ACCOUNT_NOT_ACTIVE),
        ("may", "write", "d9", Reason.NOT_A_MEMBER),
        ("TBD", "write", "d9", Reason.ACCOUNT_NOT_ACTIVE),
    ],
)
def test_the_decision_is_by_the_rows(crowd: Tenant, who: str, action: str, name: str, reason: Reason) -> None:
    decision = ask(crowd, who, action, Resource("device", name)).decision
    assert decision.reason is reason
    assert decision.allowed == reason.value.startswith("Granted")


@pytest.mark.parametrize("who", ["ada", "ada@acme.test", "ADA@ACME.TEST"])
def test_an_account_is_found_by_its_login_or_the_name_of_its_user(crowd: Tenant, who: str) -> None:
    found = ask(crowd, who)
    assert (found.login, found.user, found.workgroup, found.tenant) == ("ada@acme.test", "ada", "desk", "acme")


def test_a_login_comes_before_the_name_of_another_user(crowd: Tenant) -> None:
    crowd.apply(edited(pool(static=6), licenses=[{"type": "Static", "quantity": 9}]))
    crowd.apply(user("other", in_=desk(), spec={"userName": "ada"}, age=9))
    assert ask(crowd, "ada").user == "other"


def test_an_owner_is_a_login_or_an_account_id(crowd: Tenant) -> None:
    for owner in ("Ada@acme.test", ADA.uid):
        found = ask(crowd, "ada", "read", Resource("device", "d9", frozenset({owner})))
        assert found.decision.reason is Reason.GRANTED_BY_LEVEL


@pytest.mark.parametrize(("site", "reason"), [("north", Reason.NOT_THE_OWNER), ("south", Reason.OUT_OF_SCOPE)])
def test_scopes_are_those_of_the_membership(crowd: Tenant, site: str, reason: Reason) -> None:
    found = ask(crowd, "cyd", "read", Resource("device", "d9", scopes={"sites": site}), workgroup="desk")
    assert found.decision.reason is reason


def test_nr_21_joining_and_leaving_a_group_changes_the_very_next_decision(crowd: Tenant) -> None:
    crowd.apply(joined := edited(ADA, workgroups=desk(groups=["Editors"])))
    assert ask(crowd, "ada").decision.allowed
    crowd.apply(edited(joined, workgroups=desk()))
    assert not ask(crowd, "ada").decision.allowed


def test_what_a_workgroup_no_longer_defines_is_gone_with_the_very_next_decision(crowd: Tenant) -> None:
    crowd.apply(edited(DESK, projects=[]))
    assert ask(crowd, "ada", "read", Resource("device", "d1")).decision.reason is Reason.NOT_THE_OWNER


@pytest.mark.parametrize(
    ("who", "more", "message"),
    [
        ("ada", {"namespace": "nowhere"}, 'the store has no tenant "nowhere"; it has: acme'),
        ("zed", {}, 'tenant "acme" has no account or User "zed"; there are ada@acme.test, bob, cyd, eve, '),
        ("gone", {}, 'the account of "gone" was deleted'),
        ("lost", {}, 'User "lost" has no account: RoleNotFound'),
        ("cyd", {}, '"cyd" is in several workgroups, name one: there are desk, lab'),
        ("Admin", {}, 'several workgroups have a system user "Admin", name one: there are desk, lab'),
        ("ada", {"workgroup": "deks"}, 'there is no Workgroup "deks"; there are desk, lab'),
        ("ada", {"resource": Resource("device", "d1", scopes={"site": "north"})}, 'no scope "site"; there is sites'),
    ],
)
def test_what_is_not_there_or_not_clear_is_told_with_what_there_is(
    crowd: Tenant, who: str, more: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError) as raised:
        ask(crowd, who, **more)  # type: ignore[arg-type] # one of them is a resource
    assert message in str(raised.value)


def test_the_tenant_may_be_left_out_where_there_is_one(crowd: Tenant, store: Store) -> None:
    assert ask(crowd, "ada", namespace=None).tenant == "acme"
    Tenant(store, TenantRef("globex", "namespace-2")).apply(workgroup(namespace="globex"))
    with pytest.raises(InputError, match="several tenants, name one: there are acme, globex"):
        ask(crowd, "ada", namespace=None)


def test_a_store_without_a_tenant_is_told(store: Store) -> None:
    with pytest.raises(InputError, match="no tenant yet"):
        explain(store, Request("ada", "read", Resource("device", "d1")), Tenant(store).now)


def test_a_system_user_is_found_in_the_workgroup_that_is_named(crowd: Tenant) -> None:
    assert ask(crowd, "admin", workgroup="desk").decision.allowed
    assert not ask(crowd, "admin", workgroup="lab").decision.allowed


# ------------------------------------------------------------------ the command


@pytest.fixture
def shell(crowd: Tenant, store_url: str) -> list[str]:
    """What follows each question on the command line."""
    return ["-n", crowd.ref.namespace, "--store-url", store_url]


@pytest.mark.parametrize(
    ("question", "code", "word"),
    [
        (["eve", "write", "device/d9"], 0, "Allowed: GrantedByLevel."),
        (["ada", "write", "device/d9"], 4, "Denied: LevelTooLow."),
        (["ada", "read", "device/d9", "--owner", "bob", "--owner", "ada@acme.test"], 0, "Allowed: GrantedByLevel."),
        (["cyd", "read", "device/d9", "--workgroup", "desk", "--scope", "sites=south"], 4, "Denied: OutOfScope."),
        (["off", "write", "device/d9"], 4, "Denied: AccountNotActive."),
    ],
)
def test_the_exit_code_tells_allowed_from_denied(shell: list[str], question: list[str], code: int, word: str) -> None:
    done = tenantry("explain", *question, *shell)
    assert (done.code, done.err) == (code, "")
    assert done.lines[0].startswith(word)


@pytest.mark.parametrize(
    ("question", "code", "message"),
    [
        (["zed", "read", "device/d9"], 1, 'no account or User "zed"'),
        (["ada", "read", "device"], 2, "'device' is no resource; write device/north-bay"),
        (["ada", "device:read", "device/d9"], 2, "'device:read' has a type; write 'read'"),
        (["ada", "read", "device/d9", "--scope", "sites"], 2, "'sites' is no scope; write calendars=North"),
        (["ada", "read", "device/d9", "--scope", "sites=a", "--scope", "sites=b"], 2, "'sites' is given twice"),
    ],
)
def test_an_error_is_no_denial(shell: list[str], question: list[str], code: int, message: str) -> None:
    done = tenantry("explain", *question, *shell)
    assert (done.code, done.out) == (code, "")
    assert message in done.err


def test_the_text_has_the_chain_with_the_rule_that_decided(shell: list[str]) -> None:
    done = tenantry("explain", "ada", "write", "device/d1", *shell)
    assert done.lines == [
        "Denied: DeniedByProject. A project denies it to the account.",
        'ada@acme.test may not write device/d1 in Workgroup "desk" of tenant acme.',
        "",
        "   state       yes  the account is Active",
        '   membership  yes  member of Workgroup "desk" with role "Agent"',
        '   level       no   module "Devices": level "Own" by default; device:write needs "Edit"',
        '=> project     no   project "a" denies it',
    ]


def test_json_and_yaml_have_the_same(shell: list[str]) -> None:
    question = ["explain", "cyd", "write", "device/d/1", "--owner", "bob", "--scope", "sites=north", *shell]
    found = tenantry(*question, "--workgroup", "desk", "-o", "json")
    assert found.data == tenantry(*question, "--workgroup", "desk", "-o", "yaml").data
    assert found.code == 4
    assert [step["rule"] for step in found.data["steps"] if step["deciding"]] == ["level"]
    assert {name: found.data[name] for name in ("login", "user", "workgroup", "allowed", "reason")} == {
        "login": "cyd",
        "user": "cyd",
        "workgroup": "desk",
        "allowed": False,
        "reason": "LevelTooLow",
    }
    assert found.data["resource"] == {"type": "device", "name": "d/1", "owners": ["bob"], "scopes": {"sites": "north"}}


def test_what_is_asked_cannot_write_to_the_terminal(shell: list[str]) -> None:
    done = tenantry("explain", "ada", "read", "device/\x1b[2J", "--owner", "\x1b[2J", *shell)
    assert "\x1b" not in done.out
