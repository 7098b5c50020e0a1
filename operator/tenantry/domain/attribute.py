"""Values of attributes."""

import re
from datetime import date

from tenantry.specs.workgroup_profile import AttributeDefinition, AttributeFormat

_MAC_ADDRESS = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")


def attribute_fault(definition: AttributeDefinition, value: str) -> str | None:
    """Return what is wrong with the value and what would be right, or None (TT-03, TT-04)."""
    if definition.format is AttributeFormat.SEQUENCE:
        return "is assigned by the store and cannot be set; remove it"
    if len(value) > definition.max_length:
        return f"has {len(value)} characters; {definition.max_length} are accepted"
    expected = _EXPECTED.get(definition.format)
    if expected is None or _has_format(definition.format, value):
        return None
    return f'"{value}" is not {expected}'


_EXPECTED = {
    AttributeFormat.MAC_ADDRESS: "a MAC address such as 00:1A:2B:3C:4D:5E",
    AttributeFormat.INTEGER: "a whole number such as 42",
    AttributeFormat.BOOLEAN: "true or false",
    AttributeFormat.DATE: "a date such as 2026-01-31",
}


def _has_format(wanted: AttributeFormat, value: str) -> bool:
    match wanted:
        case AttributeFormat.MAC_ADDRESS:
            return _MAC_ADDRESS.fullmatch(value) is not None
        case AttributeFormat.INTEGER:
            return re.fullmatch(r"[+-]?[0-9]{1,18}", value) is not None
        case AttributeFormat.BOOLEAN:
            return value in {"true", "false"}
        case AttributeFormat.DATE:
            return _is_date(value)
    return True


def _is_date(value: str) -> bool:
    try:
        return re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) is not None and bool(date.fromisoformat(value))
    except ValueError:
        return False
