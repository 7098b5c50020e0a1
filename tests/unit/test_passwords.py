"""Reading, comparing and hashing what a Secret offers."""

import base64
from typing import Any

import pytest

from tenantry.domain.password import OfferKind
from tenantry.services.passwords import hash_password, make_offer, verify_password
from tenantry.services.work import PasswordNeed
from tenantry.specs.base import SecretKeyRef

LOGIN = SecretKeyRef(name="login")
NEED = PasswordNeed(LOGIN)
_ACCENT_AS_ONE, _ACCENT_AS_TWO = "caf\u00e9 au lait", "cafe\u0301 au lait"


def secret(value: bytes, key: str = "password") -> dict[str, Any]:
    return {
        "metadata": {"name": "passwords", "uid": "s", "resourceVersion": "4"},
        "data": {key: base64.b64encode(value).decode()},
    }


def need(present: str = "", *history: str) -> PasswordNeed:
    former = tuple(hash_password(each) for each in history)
    return PasswordNeed(LOGIN, present=hash_password(present) if present else "", history=former)


def test_a_new_password_comes_with_its_hash_length_and_source() -> None:
    offer = make_offer(NEED, secret(b"correct horse"))
    assert (offer.kind, offer.length, offer.source, offer.compared) == (OfferKind.NEW, 13, "passwords/s/4/password", "")
    assert offer.hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify_password(offer.hash, "correct horse")


def test_the_present_password_is_the_same_one() -> None:
    present = need("correct horse")
    offer = make_offer(present, secret(b"correct horse"))
    assert (offer.kind, offer.hash, offer.compared) == (OfferKind.SAME, present.present, present.present)


def test_an_earlier_password_tells_how_far_back_it_was() -> None:
    offer = make_offer(need("now", "before", "long ago"), secret(b"long ago"))
    assert (offer.kind, offer.position) == (OfferKind.USED_BEFORE, 2)
    assert verify_password(offer.hash, "long ago")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (None, OfferKind.NO_SECRET),
        (secret(b"x", key="other"), OfferKind.NO_KEY),
        ({"metadata": {"name": "passwords", "uid": "s", "resourceVersion": "4"}}, OfferKind.NO_KEY),
        (secret(b"\xff\xfe"), OfferKind.NOT_TEXT),
        (
            {"metadata": {"name": "passwords", "uid": "s", "resourceVersion": "4"}, "data": {"password": "%%%"}},
            OfferKind.NOT_TEXT,
        ),
    ],
)
def test_what_is_not_there_is_told_apart(given: dict[str, Any] | None, kind: OfferKind) -> None:
    assert make_offer(NEED, given).kind is kind


def test_the_line_break_at_the_end_of_a_file_is_not_part_of_the_password() -> None:
    assert verify_password(make_offer(NEED, secret(b"correct horse\n")).hash, "correct horse")
    assert verify_password(make_offer(NEED, secret(b"correct horse\r\n")).hash, "correct horse")
    assert verify_password(make_offer(NEED, secret(b"correct\nhorse")).hash, "correct\nhorse")


def test_a_password_is_the_same_however_its_letters_are_composed() -> None:
    assert _ACCENT_AS_ONE != _ACCENT_AS_TWO
    assert verify_password(hash_password(_ACCENT_AS_ONE), _ACCENT_AS_TWO)


def test_a_value_no_policy_allows_is_measured_and_not_hashed() -> None:
    offer = make_offer(NEED, secret(b"x" * 100_000))
    assert (offer.kind, offer.length, offer.hash) == (OfferKind.NEW, 100_000, "")


def test_a_hash_that_cannot_be_read_is_no_match() -> None:
    assert not verify_password("not a hash", "correct horse")
