"""What holds after any sequence of edits (P1, P2, P5, P7, P12), by domain functions alone."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tenantry.domain.account import Account, Onboarding
from tenantry.domain.observed import Kind, Observed
from tenantry.domain.onboarding import accept, check_acceptance, verify
from tenantry.domain.reason import Reason
from tenantry.domain.status import rfc3339
from tenantry.domain.user import plan_removal, plan_user
from tests.support.builders import START, pool, project_member, user, workgroup
from tests.support.edits import deleted, edited, made_again, with_spec
from tests.support.world import World

QUIET = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
NAMES = st.sampled_from(["ada", "bob", "cyd"])
POLICIES = st.sampled_from(["desk", "lab"])
ROLES = ["Agent"] * 5 + ["Boss", "Boss", None, "Gone"]
COMING = st.sampled_from(["Provisioned"] * 3 + ["Invitation"] * 3 + ["SignUp"])
MODES = st.sampled_from(["Restorable", "Permanent", "PermanentReserved"])


@st.composite
def pool_specs(draw: st.DrawFn, *, plenty: bool = False) -> dict[str, Any]:
    few = st.just(9) if plenty else st.sampled_from([3, 2, 1, 0])
    licenses = [
        {"type": "Static", "quantity": draw(few)},
        {"type": "Floating", "quantity": draw(st.integers(0, 1)), "accountsPerLicense": 2},
    ]
    spec: dict[str, Any] = {"licenses": licenses[: draw(st.integers(1, 2))]}
    if draw(st.booleans()):
        bosses = [{"workgroupRef": "desk", "role": "Boss"}, {"workgroupRef": "lab", "role": "Boss"}]
        spec["limits"] = [{"name": "bosses", "included": draw(few), "consumedBy": bosses}]
        spec["freeRoles"] = [{"workgroupRef": name, "role": "Agent"} for name in ("desk", "lab")]
    spec["whenReduced"] = {"policy": draw(st.sampled_from(["Keep", "Evict"])), "graceDays": draw(st.integers(0, 1))}
    return spec


@st.composite
def workgroup_specs(draw: st.DrawFn, mode: str, *, plenty: bool = False) -> dict[str, Any]:
    capped = {} if plenty else draw(st.sampled_from([{}, {}, {"maxHolders": 0}, {"maxHolders": 1}]))
    boss = {"name": "Boss", "requiresProject": draw(st.booleans()), **capped}
    project = {"name": "lab", "resources": [{"type": "device", "names": ["a"], "operations": ["read"]}]}
    return {
        "licensePoolRef": "seats",
        "deletion": {"mode": mode},
        "roles": draw(
            st.sampled_from([*[[{"name": "Agent"}, boss]] * 3, [boss], [{"name": "Agent", "maxHolders": 1}]])
        ),
        "groups": [{"name": "Users", "defaultFor": ["Static"]}],
        "onboarding": {"mode": draw(COMING), "expirationHours": 24},
        "emailVerification": draw(st.sampled_from(["Assumed", "Assumed", "Required"])),
        "attributes": [{"name": "Number", "format": "Sequence"}],
        "preferences": [{"name": "Units", "values": ["C", "F"], "default": "C"}],
        "projects": draw(st.sampled_from([[project], [project], []])),
    }


@st.composite
def user_specs(draw: st.DrawFn, login: str, workgroups: list[str] | None = None) -> dict[str, Any]:
    named = workgroups or draw(st.lists(POLICIES, min_size=1, unique=True))
    entries = []
    for name in named:
        role = draw(st.sampled_from(ROLES))
        entries.append({"workgroupRef": name} | ({"role": role} if role else {}))
    spec: dict[str, Any] = {
        "userName": login,
        "workgroups": entries,
        "active": draw(st.sampled_from([True, True, False])),
        "onExisting": draw(st.sampled_from(["Refuse", "Restore"])),
        "displayName": draw(st.sampled_from(["One", "Two"])),
        "emails": [{"value": draw(st.sampled_from(["one@example.com"] * 3 + ["two@example.com"]))}],
    }
    kind = draw(st.sampled_from([None, "Static", "Static", "Floating"]))
    spec |= {"license": {"type": kind}} if kind else {}
    spec |= {"preferences": [{"name": "Units", "value": "F"}]} if draw(st.booleans()) else {}
    return spec


def _login(seen: Observed[Any]) -> str:
    return str(json.loads(seen.document)["userName"])


def timeless(account: Account | None) -> Account | None:
    """Return the account with every time the same."""
    if account is None:
        return None
    seat = replace(account.seat, granted=START) if account.seat else None
    members = tuple(replace(member, since=START) for member in account.members)
    onboarding = replace(account.onboarding, invited=None, expires=None, joined=None, email_verified=None)
    return replace(account, seat=seat, members=members, created=START, onboarding=onboarding)


def _by_spec(account: Account | None) -> Account | None:
    """Return the account without what it has of its past: its id, numbers, whether its person came, and the like."""
    same = timeless(account)
    return same and replace(
        same,
        id="",
        assigned=(),
        preferences=(),
        restored_preferences=(),
        former_workgroups=frozenset(),
        onboarding=Onboarding(),
    )


class Tenant(RuleBasedStateMachine):
    """Any edits of users, pools, workgroups and members; `World.apply` checks what must hold after each."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.dead: list[Observed[Any]] = []
        self.policies: dict[str, Observed[Any]] = {}
        self.mode = ""
        self.age = 0.0

    @initialize(data=st.data(), mode=MODES)
    def start(self, data: st.DataObject, mode: str) -> None:
        self.mode = mode
        self.edit_pool(data.draw(pool_specs()))
        for name in ("desk", "lab"):
            self._edit_workgroup(name, data.draw(workgroup_specs(mode)))
        for name in ("ada", "bob"):
            self.make_user(name, "own", data)

    @rule(spec=pool_specs())
    def edit_pool(self, spec: dict[str, Any]) -> None:
        self._take(pool(spec=spec))

    @rule(name=POLICIES, data=st.data())
    def edit_workgroup(self, name: str, data: st.DataObject) -> None:
        self._edit_workgroup(name, data.draw(workgroup_specs(self.mode)))

    def _edit_workgroup(self, name: str, spec: dict[str, Any]) -> None:
        self._take(workgroup(name, spec=spec))

    def _take(self, fresh: Observed[Any]) -> None:
        """Make a policy, edit it, or make it anew after it went; one that is still going stays as it is."""
        present = self.policies.get(fresh.name)
        if present is not None and present.uid in self.world.live and self.world.live[present.uid].deleting:
            return
        if present is not None:
            alive = present.uid in self.world.live
            fresh = with_spec(present, json.loads(fresh.document)) if alive else made_again(present)
        self.policies[fresh.name] = fresh
        self.world.apply(fresh)

    @rule(name=st.sampled_from(["seats", "desk", "lab"]), sure=st.integers(0, 3))
    def delete_policy(self, name: str, sure: int) -> None:
        present = self.policies[name]
        if present.uid in self.world.live and sure == 0:  # seldom: little can happen without them
            self.world.apply(deleted(self.world.live[present.uid]))

    @rule(name=NAMES, login=st.sampled_from(["own", "own", "shared"]), data=st.data())
    def make_user(self, name: str, login: str, data: st.DataObject) -> None:
        """Make a User, after it was deleted another of the same name; or edit it."""
        present = self._user(name)
        if present is not None:
            self.world.apply(with_spec(present, data.draw(user_specs(_login(present)))))
            return
        self.age += 1
        spec = data.draw(user_specs(name if login == "own" else "shared"))
        made = user(name, license=None, spec=spec, age=self.age)
        again = sum(one.name == name for one in self.dead)
        self.world.apply(replace(made, uid=f"{made.uid}-{again}"))

    @rule(name=NAMES)
    def delete_user(self, name: str) -> None:
        present = self._user(name)
        if present is not None:
            self.dead.append(present)
            self.world.apply(deleted(present))

    @rule(name=NAMES, workgroup_ref=POLICIES, device=st.sampled_from(["a", "a", "b"]))
    def put_into_a_project(self, name: str, workgroup_ref: str, device: str) -> None:
        """Make a ProjectMember, or edit the one there is."""
        allow = [{"type": "device", "names": [device], "operations": ["read"]}]
        spec = {"workgroupRef": workgroup_ref, "project": "lab", "userRef": name, "allow": allow}
        made = project_member(f"{name}-{workgroup_ref}", spec=spec)
        present = self.world.live.get(made.uid)
        self.world.apply(with_spec(present, spec) if present is not None else made)

    @rule(name=NAMES, workgroup_ref=POLICIES)
    def take_out_of_a_project(self, name: str, workgroup_ref: str) -> None:
        wanted = f"{name}-{workgroup_ref}"
        present = next((o for o in self.world.live.values() if o.name == wanted), None)
        if present is not None:
            self.world.apply(deleted(present))

    @rule(hours=st.sampled_from([1, 30]))
    def let_time_pass(self, hours: int) -> None:
        self.world.snapshot.now += timedelta(hours=hours)
        self.world.apply()

    @rule(name=NAMES)
    def accept_or_sign_up(self, name: str) -> None:
        account = self._account(name)
        if account is not None and check_acceptance(account, self.world.snapshot.now) is None:
            self.world.act(account, accept)

    @rule(name=NAMES)
    def verify_the_address(self, name: str) -> None:
        account = self._account(name)
        if account is not None:
            self.world.act(account, verify)

    @rule(name=NAMES, minutes=st.sampled_from([0, 30]))
    def ask_for_the_invitation_once_more(self, name: str, minutes: int) -> None:
        present = self._user(name)
        if present is not None:
            asked = rfc3339(self.world.snapshot.now + timedelta(minutes=minutes))
            self.world.apply(edited(present, invitationResendTime=asked))

    @precondition(lambda self: self.dead)
    @rule(data=st.data())
    def p7_an_event_of_an_old_uid_touches_nothing_of_the_new_one(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(self.dead))
        before = dict(self.world.snapshot.logins)
        plan = plan_removal(deleted(old), self.world.snapshot)
        assert (plan.before, plan.after) == (None, None)
        new = self._user(old.name)
        account = self.world.account(new) if new is not None else None
        if account is not None and old.spec.user_name == account.user_name:
            plan = plan_user(old, self.world.snapshot)
            assert plan.findings[0].reason in {
                Reason.LOGIN_TAKEN,
                Reason.WORKGROUP_NOT_FOUND,
                Reason.ROLE_NOT_FOUND,
            } or (plan.after is None)
        assert self.world.snapshot.logins == before

    @rule(name=NAMES, data=st.data())
    def p12_there_and_back_again_is_the_first_account(self, name: str, data: st.DataObject) -> None:
        seen = self._user(name)
        if seen is None or self.world.reason(seen) is not Reason.PROVISIONED or self._scarce():
            return
        first = timeless(self.world.account(seen))
        same = [str(entry["workgroupRef"]) for entry in json.loads(seen.document)["workgroups"]]  # to leave one lasts
        other = with_spec(seen, data.draw(user_specs(_login(seen), same)))
        self.world.apply(other)
        back = replace(other, generation=other.generation + 1, document=seen.document, spec=seen.spec)
        self.world.apply(back)
        assert timeless(self.world.account(back)) == first
        assert self.world.reason(back) is Reason.PROVISIONED

    @rule()
    def p5_whoever_is_provisioned_is_so_by_the_objects_there_are_whatever_they_were_before(self) -> None:
        anew = World()
        anew.apply(*self.world.live.values())
        for seen in self.world.live.values():
            if seen.kind is Kind.USER and {w.reason(seen) for w in (self.world, anew)} == {Reason.PROVISIONED}:
                assert _by_spec(self.world.account(seen)) == _by_spec(anew.account(seen))
                named = {uid for uid in anew.members if self.world.spec(uid).user_ref == seen.name}
                for uid in named:
                    assert self.world.members[uid].in_force == anew.members[uid].in_force

    def _scarce(self) -> bool:
        """Tell whether somebody waits, who would take what is given up for a moment; or what is there is going."""
        over = any(plan.reduced for plan in self.world.pools.values())
        going = any(seen.deleting for seen in self.world.live.values())
        return bool(self.world.snapshot.usage.waiting.total()) or over or going

    def _account(self, name: str) -> Account | None:
        seen = self._user(name)
        return self.world.account(seen) if seen is not None else None

    def _user(self, name: str) -> Observed[Any] | None:
        return next((o for o in self.world.live.values() if o.kind is Kind.USER and o.name == name), None)


TestTenant = Tenant.TestCase
TestTenant.settings = settings(QUIET, max_examples=150, stateful_step_count=30)


@settings(QUIET, max_examples=60)
@given(st.data())
def test_p5_the_same_objects_in_another_order_come_to_the_same_end(data: st.DataObject) -> None:
    mode = data.draw(MODES)
    objects = [pool(spec=data.draw(pool_specs()))]
    objects += [workgroup(name, spec=data.draw(workgroup_specs(mode))) for name in ("desk", "lab")]
    names = data.draw(st.lists(NAMES, unique=True))
    objects += [user(n, license=None, spec=data.draw(user_specs(n)), age=i) for i, n in enumerate(names)]
    worlds = [World(), World()]
    for world in worlds:
        for seen in data.draw(st.permutations(objects)):
            world.apply(seen)
    assume(not any(world.snapshot.usage.waiting.total() for world in worlds))
    one, other = ({o.name: _end(world, o) for o in objects if o.kind is Kind.USER} for world in worlds)
    assert one == other


def _end(world: World, seen: Observed[Any]) -> tuple[Any, ...]:
    """Return what was decided on a User, but the numbers that were given out in order of coming."""
    account = timeless(world.account(seen))
    counted = account and replace(account, assigned=tuple((name, 0) for name, _ in account.assigned))
    return counted, world.plans[seen.uid].findings


MISSING = [
    {"preferences": [{"name": "Units", "value": "F"}]},
    {"attributes": [{"name": "Site", "value": "Vienna"}]},
    {"textAlerts": {"carrier": "Orange"}, "phoneNumbers": [{"type": "mobile", "value": "+43 1 1"}]},
    {"password": {"secretKeyRef": {"name": "passwords"}}},
    {"license": {"type": "Static"}},
]


@pytest.mark.parametrize("spec", MISSING, ids=lambda spec: next(iter(spec)))
def test_p5_what_a_workgroup_that_is_still_missing_may_define_is_no_fault(spec: dict[str, Any]) -> None:
    """Found by the machine above: a User that came before its Workgroup was Stalled PreferenceNotFound."""
    directory = {"url": "ldaps://ldap.example", "baseDN": "dc=example"}
    here = workgroup("desk", pool=None, spec={"authentication": {"mode": "Directory", "directory": directory}})
    ada = user("ada", license=None, in_=[{"workgroupRef": "desk"}, {"workgroupRef": "later"}], spec=spec)
    world = World()
    world.apply(ada)
    assert world.reason(ada) is Reason.WORKGROUP_NOT_FOUND
    world.apply(here)
    assert world.reason(ada) is Reason.WORKGROUP_NOT_FOUND
