"""What a directory is asked: no login means anything but itself."""

import pytest

from tenantry.domain.directory import can_be_asked, is_principal, login_filter, principal_filter
from tenantry.specs.workgroup_login import Directory

DIRECTORY = Directory(url="ldaps://d.example", base_dn="dc=d", login_attribute="cn")


@pytest.mark.parametrize(
    ("login", "asked"),
    [
        ("ada", "(cn=ada)"),
        ("*", r"(cn=\2a)"),
        ("a)(uid=*", r"(cn=a\29\28uid=\2a)"),
        ("a\\b", r"(cn=a\5cb)"),
        ("a\0", r"(cn=a\00)"),
        ("zoë", "(cn=zoë)"),
        ("ada@corp.example", "(|(cn=ada@corp.example)(userPrincipalName=ada@corp.example))"),
        ("*@corp", r"(|(cn=\2a@corp)(userPrincipalName=\2a@corp))"),
    ],
)
def test_a_login_in_a_filter_is_only_itself(login: str, asked: str) -> None:
    assert login_filter(DIRECTORY, login) == asked


def test_a_principal_name_is_escaped_alike() -> None:
    assert principal_filter("(ada)@x") == r"(userPrincipalName=\28ada\29@x)"


def test_a_user_principal_name_has_a_name_and_a_domain() -> None:
    assert [is_principal(login) for login in ("ada@corp", "ada", "@corp", "ada@", "")] == [True, *[False] * 4]


@pytest.mark.parametrize("text", ["teal otter", " ", "zoë"])
def test_any_other_text_may_go_to_a_directory(text: str) -> None:
    assert can_be_asked(text)


@pytest.mark.parametrize("text", ["", "a\0b", "\0", "\ud800"])
def test_what_is_empty_or_has_an_end_inside_never_goes_to_a_directory(text: str) -> None:
    assert not can_be_asked(text)
