"""Logins: when two are the same, and which are none."""

import pytest

from tenantry.domain.login import is_email, login_fault, login_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("JDoe", "jdoe"),
        ("straße", "STRASSE"),
        ("ﬁne", "fine"),
        ("\uff21da", "ada"),
        ("é", "e\u0301"),
        ("ada@BÜCHER.example", "ADA@xn--bcher-kva.example"),
    ],
)
def test_logins_that_people_take_for_the_same_have_one_key(one: str, other: str) -> None:
    assert login_key(one) == login_key(other)


@pytest.mark.parametrize(("one", "other"), [("ada", "ad\u0430"), ("ada", "ada1"), ("a@b.example", "a@c.example")])
def test_different_logins_have_different_keys(one: str, other: str) -> None:
    assert login_key(one) != login_key(other)


def test_a_key_is_its_own_key() -> None:
    for name in ("JDoe", "ﬁne", "ada@BÜCHER.example", "İstanbul"):
        assert login_key(login_key(name)) == login_key(name)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (" ada", "space"),
        ("ada ", "space"),
        ("a\u200bda", "U+200B"),
        ("a\x00da", "U+0000"),
        ("ada\u202e", "U+202E"),
        ("a\ufe0fda", "U+FE0F"),
        ("\u3164", "U+3164"),
        ("0F3C2A11-9d1e-4c7b-8a55-0123456789AB", "the form of an account id"),
    ],
)
def test_invisible_characters_and_edge_spaces_make_no_login(name: str, told: str) -> None:
    fault = login_fault(name)
    assert fault is not None
    assert told in fault


@pytest.mark.parametrize("name", ["ada", "Ada Lovelace", "عمر", "名前", "o'neil", "ada@example.com", "é"])
def test_names_of_people_make_logins(name: str) -> None:
    assert login_fault(name) is None


@pytest.mark.parametrize("text", ["a@b.example", "first.last+tag@sub.example.com", "ü@bücher.example"])
def test_an_address_is_an_email(text: str) -> None:
    assert is_email(text)


@pytest.mark.parametrize(
    "text", ["a@b", "Ada <a@b.example>", "a b@c.example", "@b.example", "a@", "a@b.example.", "a@@b.c"]
)
def test_what_is_no_address_is_no_email(text: str) -> None:
    assert not is_email(text)
