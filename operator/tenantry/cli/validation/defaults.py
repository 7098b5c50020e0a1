"""What the API server does to an object before it tests it: nulls are taken out and defaults filled in."""

from typing import Any

from tenantry.resources.schema import Schema


def settle(schema: Schema, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value without the nulls of optional fields, and with defaults where a field is absent."""
    if isinstance(value, dict) and "properties" in schema:
        return _settle_object(schema["properties"], value)
    if isinstance(value, list) and "items" in schema and schema["items"].get("type") in {"object", "array"}:
        return [settle(schema["items"], item) for item in value]
    return value


def _settle_object(fields: dict[str, Schema], value: dict[str, Any]) -> dict[str, Any]:
    found = {
        name: settle(fields[name], below) if name in fields else below
        for name, below in value.items()
        if below is not None
    }
    for name, schema in fields.items():
        if "default" in schema and name not in found:
            found[name] = settle(schema, schema["default"])
    return found
