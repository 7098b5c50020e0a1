"""SCIM's filters and sorting as what the store searches by (domain.query)."""

import re
from datetime import UTC, datetime
from inspect import isclass
from typing import Any

from pydantic import ValidationError
from scim2_models import CaseExact, ComplexAttribute, InvalidFilterException, ScimFilter, SearchRequest
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
    Comparison,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)

from tenantry.domain import query
from tenantry.domain.query import Compare, Condition, Junction, Negation, Nothing, One, Operator, Page, Unsearchable
from tenantry.domain.scim import EXTENSION

_OF_EXTENSION = "tenantry:"
#: What is told of a filter that cannot be read.
_COLUMN = re.compile(r"invalid syntax at column (\d+)$")
_COMPARING = frozenset(operator.value for operator in Operator)
#: So much of a word is repeated.
_LONGEST_WORD = 24
#: Comparisons of one filter: each is looked at for every resource, and a database has a most of them too.
MOST_COMPARISONS = 200
#: What no database compares with.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
#: No collection has so many; a database counts as far.
_FARTHEST = 2**62
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def page_of(request: SearchRequest[Any], model: Any) -> Page:  # noqa: ANN401 - a model made at run time
    """Return which resources of one kind a search asks for.

    Raises:
        Unsearchable: an attribute is not kept in a form to search or sort by.
        InvalidFilterException: the filter compares too much, or with what is no text.
    """
    asked: Any = request.filter
    where = _Reader(_bound(asked, model)).visit(asked.ast) if asked is not None else None
    if where is not None and _comparisons(where) > MOST_COMPARISONS:
        raise InvalidFilterException(detail=f"the filter has more than {MOST_COMPARISONS} comparisons")
    binding = request.sort_binding(model) if request.sort_by is not None else None
    return Page(
        where=where,
        sort=_path(binding) if binding is not None else None,
        exact=binding.case_exact if binding is not None else False,
        descending=request.sort_order == SearchRequest.SortOrder.descending,
        start=min(request.start_index_0 or 0, _FARTHEST),
        count=request.count,
    )


def _bound(asked: ScimFilter[Any], model: Any) -> ScimFilter[Any]:  # noqa: ANN401 - a model made at run time
    kind: Any = ScimFilter
    bound: ScimFilter[Any] = kind[model](str(asked))
    return bound


def _path(binding: AttributeBinding) -> query.Path:
    """Return where the store has an attribute: the names of SCIM, those of the extension marked."""
    name = binding.urn
    schema = str(getattr(binding.model, "__schema__", "") or "")
    if schema and name.lower().startswith(schema.lower() + ":"):
        name = name[len(schema) + 1 :]
        name = _OF_EXTENSION + name if schema == EXTENSION else name
    return tuple(name.split("."))


class _Reader(FilterVisitor[Condition]):
    """Turns each part of a filter into a condition."""

    def __init__(self, asked: ScimFilter[Any]) -> None:
        self._asked = asked

    def visit_comparison(self, node: Comparison) -> Condition:
        binding = self._asked.resolve_comparison(node.attr_path, strict=False)
        if binding is None:
            return Nothing()
        value = coerce_value(binding, node.value, node.op)
        return Compare(_path(binding), Operator(node.op.value), _plain(value), binding.case_exact)

    def visit_present(self, node: Present) -> Condition:
        binding = self._asked.resolve(node.attr_path, strict=False)
        return Nothing() if binding is None else query.Present(_path(binding))

    def visit_not(self, node: Not) -> Condition:
        return Negation(self.visit(node.expr))

    def visit_logical_expr(self, node: LogicalExpr) -> Condition:
        return Junction(node.op is LogicalOperator.and_, tuple(map(self.visit, node.terms)))

    def visit_value_path(self, node: ValuePath) -> Condition:
        binding = self._asked.resolve(node.attr_path, strict=False)
        if binding is None:
            return Nothing()
        return One(_path(binding), _PartReader(binding).visit(node.val_filter))


class _PartReader(_Reader):
    """Reads a filter within brackets: its attributes are the parts of one value."""

    def __init__(self, binding: AttributeBinding) -> None:
        self._model = binding.field_type

    def visit_comparison(self, node: Comparison) -> Condition:
        path, exact = self._part(node.attr_path)
        return Compare(path, Operator(node.op.value), _plain(node.value), exact)

    def visit_present(self, node: Present) -> Condition:
        return query.Present(self._part(node.attr_path)[0])

    def visit_value_path(self, node: ValuePath) -> Condition:
        raise Unsearchable((str(node.attr_path),))

    def _part(self, attr: AttrPath) -> tuple[query.Path, bool]:
        if not (isclass(self._model) and issubclass(self._model, ComplexAttribute)):
            return ("value",), True
        for name, field in self._model.model_fields.items():
            alias = field.serialization_alias or name
            if alias.lower() == attr.attr.lower():
                return (alias,), self._model.get_field_annotation(name, CaseExact) == CaseExact.true
        raise Unsearchable((str(attr),))


def _plain(value: object) -> query.Value:
    """Return a value of one of the types that the store compares."""
    if isinstance(value, datetime):
        return _utc(value)
    if isinstance(value, bool | int | float) or value is None:
        return value
    text = str(value)
    if _NO_TEXT.search(text):
        raise InvalidFilterException(detail="a value has the character U+0000, or half of a surrogate pair")
    return text


def _utc(moment: datetime) -> datetime:
    """Return a moment in UTC, which it is without an offset; the first or last one where that has none."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return _FIRST if moment.year == _FIRST.year else _LAST


def with_place(detail: str, exception: BaseException) -> str:
    """Return what is wrong with a filter, with the word that cannot be read. Values are not repeated."""
    column, cause = _COLUMN.search(detail), exception.__cause__
    if column is None or not isinstance(cause, ValidationError):
        return detail
    text, place = str(cause.errors()[0]["input"]), int(column[1]) - 1
    before, here = text[:place].split()[-1:], text[place : place + _LONGEST_WORD].split()[:1]
    if not here:
        return f"{detail}, where it ends"
    if here[0].startswith('"') or (before and before[0].lower() in _COMPARING):
        return f'{detail}, at a value; text is in double quotes, and a backslash before " or a backslash in it'
    return f"{detail}, at {here[0]}"


def _comparisons(condition: Condition) -> int:
    match condition:
        case Junction(_, terms):
            return sum(map(_comparisons, terms))
        case Negation(term) | One(_, term):
            return _comparisons(term)
    return 1
