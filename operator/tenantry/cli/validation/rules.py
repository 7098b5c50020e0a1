"""The CEL rules of the CRDs, evaluated as the API server does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

from cel_expr_python import cel

from tenantry.cli.validation.documents import FieldPath
from tenantry.cli.validation.schema import Fault, spec_schema
from tenantry.domain.observed import Kind
from tenantry.resources.schema import Schema

_VALIDATIONS = "x-kubernetes-validations"
#: A rule of a change, for which a file has no before.
_TRANSITION = "oldSelf"


@dataclass(frozen=True, slots=True)
class _Rule:
    program: Any
    message: str
    field_path: FieldPath

    def holds(self, value: Any) -> bool:  # noqa: ANN401 - any JSON value
        return self.program.eval(data={"self": value}).value() is True


@dataclass(slots=True)
class _Node:
    """The part of a schema that has rules, with the rest left out."""

    rules: list[_Rule] = field(default_factory=list)
    fields: dict[str, "_Node"] = field(default_factory=dict)
    items: "_Node | None" = None

    @classmethod
    def of(cls, schema: Schema) -> Self | None:
        """Return the node of a schema, or None where there is no rule in it."""
        rules = [_compile(rule) for rule in schema.get(_VALIDATIONS, ()) if _TRANSITION not in rule["rule"]]
        found = cls(rules, items=cls.of(schema["items"]) if "items" in schema else None)
        for name, below in schema.get("properties", {}).items():
            node = cls.of(below)
            if node is not None:
                found.fields[name] = node
        return found if found.rules or found.fields or found.items else None

    def check(self, value: Any, path: FieldPath) -> Iterator[Fault]:  # noqa: ANN401 - any JSON value
        """Yield the rules that do not hold, here and below."""
        for rule in self.rules:
            if not rule.holds(value):
                yield (*path, *rule.field_path), rule.message
        for name, node in self.fields.items():
            if name in value:
                yield from node.check(value[name], (*path, name))
        for index, item in enumerate(value if self.items is not None else ()):
            yield from self.items.check(item, (*path, index)) if self.items else ()


def check_rules(kind: Kind, spec: Any) -> list[Fault]:  # noqa: ANN401 - any JSON value
    """Return the rules of a kind that a spec breaks. Its types must be right and its defaults filled in."""
    tree = _tree(kind)
    return list(tree.check(spec, ("spec",))) if tree is not None else []


@cache
def _tree(kind: Kind) -> _Node | None:
    return _Node.of(spec_schema(kind))


@cache
def _environment() -> Any:  # noqa: ANN401 - the package ships no types that mypy sees
    return cel.NewEnv(variables={"self": cel.Type.DYN})


def _compile(rule: Schema) -> _Rule:
    steps = tuple(rule.get("fieldPath", "").strip(".").split(".")) if rule.get("fieldPath") else ()
    return _Rule(_environment().compile(rule["rule"]), rule["message"], steps)
