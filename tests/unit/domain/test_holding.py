"""What becomes of what an account holds: by the choice, by the policy, and to whom it may go (NR-16, NR-17)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tenantry.domain.account import Account, Manager, Member, Seat
from tenantry.domain.holding import Estate, Held, Settlement, settle
from tenantry.domain.reason import Reason
from tenantry.specs.licensepool import LicenseType
from tenantry.specs.user_membership import HoldingChoice, MembershipKind
from tenantry.specs.workgroup_deletion import HoldingPolicy

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOES = "dropped"


def account(
    name: str,
    *,
    license_: LicenseType | None = LicenseType.STATIC,
    type_: str | None = None,
    members: tuple[Member, ...] = (Member("desk", NOW),),
    scope: str = "",
) -> Account:
    return Account(
        id=f"id-{name}",
        user_name=name,
        login_key=name,
        manager=Manager.SYSTEM if scope else Manager.KUBERNETES,
        created=NOW,
        scope=scope,
        profile={"userType": type_} if type_ else {},
        members=members,
        seat=Seat("seats", license_, NOW) if license_ is not None else None,
        provisioned=True,
    )


def kind(kind: str = "record", **fields: Any) -> HoldingPolicy:
    return HoldingPolicy.model_validate({"kind": kind, **fields})


def choice(kind: str, to: str | None = None, *, workgroup: str = "desk") -> HoldingChoice:
    fields = {"reassignTo": to} if to is not None else {"drop": True}
    return HoldingChoice.model_validate({"workgroupRef": workgroup, "kind": kind, **fields})


#: The API server does not take it: it neither gives away nor drops.
UNDECIDED = HoldingChoice.model_validate({"workgroupRef": "desk", "kind": "record"})
CANDIDATES = {
    "bob": account("bob"),
    "flo": account("flo", license_=LicenseType.FLOATING),
    "rex": account("rex", license_=LicenseType.RESTRICTED),
    "ext": account("ext", type_="External"),
    "free": account("free", license_=None),
    "far": account("far", members=(Member("other", NOW),)),
    "near": account("near", members=(Member("desk", NOW, MembershipKind.AVAILABLE),)),
    "late": account("late", members=()),
    "jdoe": account("jdoe"),
    "tbd": account("tbd", license_=None, scope="desk"),
}
INNER = {"licenseTypes": ["Static", "Floating"], "userTypes": ["Internal"]}


def decide(policies: list[HoldingPolicy], choices: list[HoldingChoice], *held: Held) -> Settlement:
    estate = Estate(
        CANDIDATES["jdoe"], "tenantry holdings reassign -n acme --from jdoe", choices, {"desk": policies}, CANDIDATES
    )
    return settle(held or [Held("desk", "record", "", 3)], estate)


@pytest.mark.parametrize(
    ("policies", "choices", "becomes"),
    [
        pytest.param([], [], GOES, id="a kind that nobody lists goes with the account"),
        pytest.param([kind()], [], Reason.HOLDINGS_LEFT, id="Block is the default"),
        pytest.param([kind(onDelete="Drop")], [], GOES, id="Drop"),
        pytest.param([kind(onDelete="Reassign", defaultAssignee="bob")], [], "bob", id="Reassign"),
        pytest.param([kind("*")], [], Reason.HOLDINGS_LEFT, id="every other kind"),
        pytest.param([kind("*"), kind(onDelete="Drop")], [], GOES, id="own policy before that of every kind"),
        pytest.param([kind()], [choice("record", "bob")], "bob", id="a choice before the policy"),
        pytest.param([kind()], [choice("*", "bob")], "bob", id="a choice for every kind before the policy"),
        pytest.param([kind()], [choice("*", "bob"), choice("record", "flo")], "flo", id="own choice first"),
        pytest.param([kind()], [choice("record", "flo"), choice("*", "bob")], "flo", id="own choice first, any order"),
        pytest.param([kind()], [choice("alert", "bob")], Reason.HOLDINGS_LEFT, id="a choice for another kind"),
        pytest.param(
            [kind()], [choice("record", "bob", workgroup="other")], Reason.HOLDINGS_LEFT, id="for another workgroup"
        ),
        pytest.param([], [choice("record", "bob")], "bob", id="a choice for a kind that nobody lists"),
        pytest.param([kind(droppable=True)], [UNDECIDED], Reason.HOLDINGS_LEFT, id="a choice that chooses nothing"),
        pytest.param([kind()], [UNDECIDED, choice("*", "bob")], "bob", id="nothing chosen, but for every kind"),
        pytest.param([kind(onDelete="Drop")], [choice("record", "bob")], "bob", id="given away instead of dropped"),
        pytest.param([kind(droppable=True)], [choice("record")], GOES, id="dropped as chosen"),
        pytest.param([kind()], [choice("record")], Reason.HOLDING_NOT_DROPPABLE, id="not to be dropped"),
        pytest.param([kind()], [choice("*")], Reason.HOLDING_NOT_DROPPABLE, id="not to be dropped with the others"),
        pytest.param(
            [kind(onDelete="Reassign", defaultAssignee="gone")], [], Reason.ASSIGNEE_NOT_FOUND, id="nobody by default"
        ),
    ],
)
def test_nr_17_the_choice_wins_over_the_policy(
    policies: list[HoldingPolicy], choices: list[HoldingChoice], becomes: str
) -> None:
    settlement = decide(policies, choices)
    if isinstance(becomes, Reason):
        assert [r.reason for r in settlement.refusals] == [becomes]
        assert (settlement.transfers, settlement.left) == ((), (Held("desk", "record", "", 3),))
    else:
        (transfer,) = settlement.transfers
        assert transfer.to == (None if becomes == GOES else f"id-{becomes}")
        assert (transfer.count, settlement.left, settlement.refusals) == (3, (), ())


@pytest.mark.parametrize(
    ("name", "allowed", "reason"),
    [
        ("bob", INNER, None),
        ("flo", INNER, None),
        ("rex", INNER, Reason.ASSIGNEE_NOT_ALLOWED),
        ("ext", INNER, Reason.ASSIGNEE_NOT_ALLOWED),
        ("free", INNER, Reason.ASSIGNEE_NOT_ALLOWED),
        ("free", {}, None),
        ("ext", {}, None),
        ("rex", {}, None),
        ("far", {}, Reason.ASSIGNEE_NOT_ALLOWED),
        ("near", {}, Reason.ASSIGNEE_NOT_ALLOWED),
        ("jdoe", {}, Reason.ASSIGNEE_NOT_ALLOWED),
        ("tbd", {"systemUsers": ["tbd"]}, Reason.ASSIGNEE_NOT_ALLOWED),
        ("late", {}, Reason.ASSIGNEE_NOT_FOUND),
        ("nobody", {}, Reason.ASSIGNEE_NOT_FOUND),
    ],
)
def test_nr_17_a_deletion_gives_only_to_those_that_the_policy_lets_in(
    name: str, allowed: dict[str, Any], reason: Reason | None
) -> None:
    settlement = decide([kind(assignees=allowed)], [choice("record", name)])
    assert [r.reason for r in settlement.refusals] == ([] if reason is None else [reason])
    for refusal in settlement.refusals:
        assert refusal.field == "spec.offboarding.holdings[0].reassignTo"
        assert f'"{name}"' in refusal.message


def test_nr_16_each_kind_that_is_left_is_told_with_its_number_and_a_way_out() -> None:
    held = [Held("desk", "record", "", 3), Held("desk", "query", "Sales", 1), Held("desk", "query", "Ops", 1)]
    settlement = decide([kind("*")], [], *held)
    first, second = settlement.refusals
    assert '2 holdings of kind "query" in Workgroup "desk"' in first.message
    assert '3 holdings of kind "record"' in second.message
    assert "tenantry holdings reassign -n acme --from jdoe --to LOGIN --workgroup desk --kind record" in second.message
    assert "drop" not in second.message


def test_what_can_be_settled_is_decided_beside_what_cannot() -> None:
    held = [Held("desk", "record", "", 3), Held("desk", "alert", "", 2)]
    settlement = decide([kind(), kind("alert", onDelete="Drop")], [], *held)
    assert [t.kind for t in settlement.transfers] == ["alert"]
    assert [h.kind for h in settlement.left] == ["record"]
