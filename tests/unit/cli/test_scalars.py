"""A plain scalar means what it means to kubectl (go-yaml v2)."""

import pytest

from tenantry.cli.validation.scalars import resolve

MEANINGS = [
    ("", None),
    ("~", None),
    ("Null", None),
    ("y", True),
    ("On", True),
    ("no", False),
    ("OFF", False),
    ("Yes please", "Yes please"),
    ("42", 42),
    ("+43123", 43123),
    ("-7", -7),
    ("1_000", 1000),
    ("0123", 83),
    ("0o17", 15),
    ("0x1F", 31),
    ("-0b11", -3),
    ("089", 89.0),
    ("1e3", 1000.0),
    (".5", 0.5),
    ("1.", 1.0),
    (".inf", float("inf")),
    ("18446744073709551616", 18446744073709551616.0),
    pytest.param("7" * 5000, "7" * 5000, id="an integer of 5,000 digits"),
    pytest.param("0x" + "f" * 5000, "0x" + "f" * 5000, id="a hexadecimal integer of 5,000 digits"),
    ("1e999", "1e999"),
    ("12:30", "12:30"),
    ("2026-01-31", "2026-01-31"),
    ("1.2.3", "1.2.3"),
    ("+43 1 234", "+43 1 234"),
    ("-", "-"),
    (".", "."),
    ("0x", "0x"),
    ("Admin", "Admin"),
]


@pytest.mark.parametrize(("text", "value"), MEANINGS)
def test_a_plain_scalar_means_what_it_means_to_kubectl(text: str, value: object) -> None:
    found = resolve(text)
    assert (found, type(found)) == (value, type(value))
