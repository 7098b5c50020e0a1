"""What a PATCH may speak of (RFC 7644 3.5.2): attributes that there are, here or at least in RFC 7643.

The latter identity providers send whoever they speak to, and an account has no place for them: they are let go. A name
that is in neither is a typo, and who is told 204 for it believes that it was done.
"""

from collections.abc import Iterator
from inspect import isclass
from typing import Any

import scim2_models
from scim2_models import (
    ComplexAttribute,
    EnterpriseUser,
    InvalidPathException,
    NoTargetException,
    Path,
    SCIMException,
)

_PATH: Any = Path
_STANDARD: dict[str, Any] = {"User": scim2_models.User[EnterpriseUser], "Group": scim2_models.Group}
_SCHEMAS = "schemas"


def check_targets(kind: str, model: Any, patch: Any) -> None:  # noqa: ANN401 - models made at run time
    """Refuse an operation on what no schema has.

    Raises:
        SCIMException: there is one; nothing was changed.
    """
    known = [_PATH[model], _PATH[_STANDARD[kind]]]
    for operation in patch.operations or ():
        path = str(operation.path or "")
        if not _paths(known, path):
            raise _unknown(InvalidPathException, path)
        for target in _unknown_targets(known, path, operation.value):
            raise _unknown(NoTargetException, target)


def _unknown(kind: type[SCIMException], path: str) -> SCIMException:
    return kind(detail=f'there is no attribute "{path[:256]}"; /Schemas lists what there is')


def _unknown_targets(known: list[Any], path: str, value: object) -> Iterator[str]:
    """Yield what the keys of a value name below a path, and no schema has."""
    found = _paths(known, path)
    if not found:
        yield path
    prefix = next((prefix for prefix in map(_prefix, found) if prefix is not None), None)
    if prefix is None or not isinstance(value, dict):
        return
    for key, item in value.items():
        if key.lower() != _SCHEMAS:
            yield from _unknown_targets(known, prefix + key, item)


def _paths(known: list[Any], text: str) -> list[Path[Any]]:
    """Return a path in each schema that has it."""
    return [path for path in (_parse(kind, text) for kind in known) if path is not None]


def _parse(kind: Any, text: str) -> Path[Any] | None:  # noqa: ANN401 - a class made at run time
    try:
        path: Path[Any] = kind(text)
    except InvalidPathException:
        return None
    return path if path.model is not None or path.resolve() is not None else None


def _prefix(path: Path[Any]) -> str | None:
    """Return what the keys of a value for this path are below; None where a value has no keys of its own."""
    if path.model is not None:
        return f"{path}:" if str(path) else ""
    binding = path.resolve()
    if binding is None or binding.sub_field_name is not None or not _is_complex(binding.field_type):
        return None
    return f"{path}." if not binding.is_multivalued or path.value_filter is not None else None


def _is_complex(type_: object) -> bool:
    return isclass(type_) and issubclass(type_, ComplexAttribute)
