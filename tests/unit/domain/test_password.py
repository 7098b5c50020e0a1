"""Which passwords a Secret may offer, and what becomes of the present one."""

from datetime import UTC, datetime

import pytest

from tenantry.domain.account import Password
from tenantry.domain.password import OfferKind, PasswordOffer, apply_offer, check_password, password_policy
from tenantry.domain.reason import Reason
from tenantry.specs import UserSpec, WorkgroupSpec
from tenantry.specs.base import SecretKeyRef
from tenantry.specs.workgroup_login import PasswordExpiry, PasswordPolicy

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)
POLICY = PasswordPolicy(min_length=4, max_length=10, history=3)


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        (PasswordOffer(OfferKind.NO_SECRET), Reason.SECRET_NOT_FOUND),
        (PasswordOffer(OfferKind.NO_KEY), Reason.SECRET_KEY_NOT_FOUND),
        (PasswordOffer(OfferKind.NOT_TEXT), Reason.PASSWORD_INVALID),
        (PasswordOffer(OfferKind.NEW, length=3), Reason.PASSWORD_INVALID),
        (PasswordOffer(OfferKind.NEW, length=11), Reason.PASSWORD_INVALID),
        (PasswordOffer(OfferKind.USED_BEFORE, length=5, position=1), Reason.PASSWORD_IN_HISTORY),
        (PasswordOffer(OfferKind.USED_BEFORE, length=5, position=2), Reason.PASSWORD_IN_HISTORY),
        (PasswordOffer(OfferKind.USED_BEFORE, length=5, position=3), None),
        (PasswordOffer(OfferKind.NEW, length=4), None),
        (PasswordOffer(OfferKind.SAME, length=2), None),
    ],
)
def test_an_offer_is_judged_by_the_policy(offer: PasswordOffer, reason: Reason | None) -> None:
    refusal = check_password(offer, POLICY, SecretKeyRef(name="secret", key="key"))
    assert (refusal.reason if refusal else None) == reason


def policy(expiry: str | None, *policies: PasswordPolicy) -> PasswordPolicy:
    """Return the policy of some workgroups for a User that says this of expiry."""
    given = {"password": {"expiry": expiry}} if expiry else {}
    spec = UserSpec.model_validate({"userName": "jdoe", "workgroups": [{"workgroupRef": "a"}], **given})
    return password_policy(spec, [WorkgroupSpec(password=each) for each in policies])


def test_of_two_policies_the_stricter_rule_holds() -> None:
    both = policy(None, POLICY, PasswordPolicy(min_length=6, max_length=128, history=1))
    assert (both.min_length, both.max_length, both.history) == (6, 10, 3)


@pytest.mark.parametrize(
    ("expiry", "days"),
    [("Always", 30), ("Never", None)],
)
def test_of_two_policies_the_earlier_expiry_holds(expiry: str, days: int | None) -> None:
    one = PasswordPolicy(expiry=PasswordExpiry(expiry), expiration_days=30)
    found = policy(None, one, PasswordPolicy(expiry=PasswordExpiry.NEVER, expiration_days=5))
    assert (found.expiration_days if found.expiry is PasswordExpiry.ALWAYS else None) == days


@pytest.mark.parametrize(("choice", "history"), [(None, 2), ("Enforced", 2), ("None", 0)])
def test_who_opts_out_of_expiry_is_not_held_to_its_history(choice: str | None, history: int) -> None:
    optional = PasswordPolicy(expiry=PasswordExpiry.OPTIONAL, history=2)
    assert policy(choice, optional).history == history
    always = PasswordPolicy(expiry=PasswordExpiry.ALWAYS, history=2)
    assert policy(choice, always).history == 2


def test_the_same_value_keeps_the_time_and_the_history() -> None:
    present = Password("hash", NOW, ("older",), "secret/1")
    kept = apply_offer(present, PasswordOffer(OfferKind.SAME, source="secret/2"), LATER)
    assert kept == Password("hash", NOW, ("older",), "secret/2")


def test_a_new_value_moves_the_present_one_into_the_history() -> None:
    present = Password("hash", NOW, ("older",), "secret/1")
    changed = apply_offer(present, PasswordOffer(OfferKind.NEW, source="secret/2", hash="new"), LATER)
    assert changed == Password("new", LATER, ("hash", "older"), "secret/2")


def test_without_an_offer_nothing_changes() -> None:
    present = Password("hash", NOW)
    assert apply_offer(present, None, LATER) is present
