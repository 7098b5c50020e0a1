"""Conditions on attributes (domain.query) as SQL: where each attribute is kept, and what a comparison is there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt
from typing import Any, TypeAlias

from sqlalchemy import (
    Connection,
    FromClause,
    Select,
    String,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)

from tenantry.domain.query import (
    Compare,
    Condition,
    Junction,
    Negation,
    One,
    Operator,
    Page,
    Path,
    Present,
    Unsearchable,
    Value,
    fold,
)
from tenantry.store.dialect import Dialect, Sql


@dataclass(frozen=True, slots=True)
class Field:
    """One value, and of what type it is. ``equal``: how an index tells which resources have it."""

    sql: Sql
    type: type = str
    equal: Callable[[str], Sql] | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """Rows that hold values of an attribute: where they are, which are this resource's, and the parts of each.

    ``order`` sorts them, the value that stands for all of them first.
    """

    sources: tuple[FromClause, ...]
    where: tuple[Sql, ...]
    parts: Mapping[Path, Field]
    order: tuple[Sql, ...] = ()


@dataclass(frozen=True, slots=True)
class Searched:
    """One kind of resource: its rows, its id, how it is sorted by itself, its attributes of one value and of many."""

    rows: FromClause
    where: tuple[Sql, ...]
    id: Sql
    order: Sql
    fields: Mapping[Path, Field]
    many: Mapping[str, tuple[Branch, ...]]


#: A kind of resource by its name, and what is asked of it.
Asked: TypeAlias = Mapping[str, tuple[Searched, Page]]


def find_page(connection: Connection, asked: Asked) -> tuple[int, list[tuple[str, str]]]:
    """Return how many resources meet a condition, and kind and id of those of one page: all kinds are one collection.

    The page is the first one's; of the others only the condition and the attribute to sort by count.

    Raises:
        Unsearchable: no kind has an attribute in a form to search or sort by.
    """
    dialect = Dialect(connection.dialect.name == "postgresql")
    found = [_rows_of(dialect, name, kind, page) for name, (kind, page) in asked.items()]
    rows = (found[0] if len(found) == 1 else union_all(*found)).subquery()
    total = connection.execute(select(func.count()).select_from(rows)).scalar_one()
    page = next(iter(asked.values()))[1]
    order = [] if page.sort is None else [_directed(dialect, rows.c.sort, descending=page.descending)]
    query = select(rows.c.kind, rows.c.id).order_by(*order, dialect.ordered(rows.c.place), rows.c.id)
    ids = connection.execute(query.offset(page.start).limit(page.count))
    return total, [(kind, id_) for kind, id_ in ids]


def _rows_of(dialect: Dialect, name: str, kind: Searched, page: Page) -> Select[Any, Any, Any, Any]:
    where = [*kind.where]
    if page.where is not None:
        where.append(_Translator(dialect, kind.fields, kind.many).condition(page.where))
    sort = null() if page.sort is None else _sorted_by(dialect, kind, page.sort, exact=page.exact)
    columns = (literal(name).label("kind"), kind.id.label("id"), sort.label("sort"), kind.order.label("place"))
    return select(*columns).select_from(kind.rows).where(*where)


def _directed(dialect: Dialect, sql: Sql, *, descending: bool) -> Sql:
    sql = dialect.ordered(sql) if isinstance(sql.type, String) else sql
    return sql.desc().nulls_first() if descending else sql.asc().nulls_last()


def _sorted_by(dialect: Dialect, kind: Searched, path: Path, *, exact: bool) -> Sql:
    branches = kind.many.get(path[0])
    if branches is None:
        return _sortable(dialect, _field(kind.fields, path), exact=exact)
    if len(branches) > 1:
        raise Unsearchable(path)
    (branch,) = branches
    sql = _sortable(dialect, _field(branch.parts, path[1:] or ("value",)), exact=exact)
    first = select(sql).select_from(*branch.sources).where(*branch.where).order_by(*branch.order).limit(1)
    return first.correlate_except(*branch.sources).scalar_subquery()


def _sortable(dialect: Dialect, field: Field, *, exact: bool) -> Sql:
    return field.sql if exact or field.type is not str else dialect.folded(field.sql)


def _field(fields: Mapping[Path, Field], path: Path) -> Field:
    if path not in fields:
        raise Unsearchable(path)
    return fields[path]


@dataclass(frozen=True, slots=True)
class _Translator:
    """Every condition is true or false, never null: what is negated would be lost otherwise."""

    dialect: Dialect
    fields: Mapping[Path, Field]
    many: Mapping[str, tuple[Branch, ...]]

    def condition(self, wanted: Condition) -> Sql:
        match wanted:
            case Junction(every, terms):
                return (and_ if every else or_)(*map(self.condition, terms))
            case Negation(term):
                return not_(self.condition(term))
            case Present(path):
                return self._present(path)
            case One(path, term):
                return self._any(path[0], lambda within: within.condition(term))
            case Compare(path):
                many = path[0] in self.many
                return self._compare_many(wanted) if many else self._compare(_field(self.fields, path), wanted)
        return false()

    def _any(self, name: str, term: Callable[["_Translator"], Sql]) -> Sql:
        """Tell whether the term holds of a value of the attribute."""
        if name not in self.many:
            raise Unsearchable((name,))
        found = []
        for branch in self.many[name]:
            within = _Translator(self.dialect, branch.parts, {})
            inner = select(1).select_from(*branch.sources).where(*branch.where, term(within))
            found.append(exists(inner.correlate_except(*branch.sources)))
        return or_(*found)

    def _compare_many(self, wanted: Compare) -> Sql:
        name, path = wanted.path[0], wanted.path[1:] or ("value",)

        def one(operator: Operator) -> Sql:
            inner = Compare(path, operator, wanted.value, wanted.exact)
            return self._any(name, lambda within: within.condition(inner))

        nothing_there = not_(self._any(name, lambda _: true()))
        if wanted.operator is Operator.NE:
            same = not_(one(Operator.EQ))
            return and_(same, not_(nothing_there)) if wanted.value is None else same
        there = one(wanted.operator)
        return or_(there, nothing_there) if wanted.operator is Operator.EQ and wanted.value is None else there

    def _present(self, path: Path) -> Sql:
        if path[0] in self.many:
            part = Present(path[1:])
            return self._any(path[0], lambda within: within.condition(part) if path[1:] else true())
        below = [Present(p) for p in self.fields if len(p) > len(path) and p[: len(path)] == path]
        if below:
            return or_(*map(self.condition, below))
        field = _field(self.fields, path)
        there = field.sql.is_not(None)
        return and_(there, field.sql != "") if field.type is str else there

    def _compare(self, field: Field, wanted: Compare) -> Sql:
        if wanted.value is None:
            match wanted.operator:
                case Operator.EQ:
                    return field.sql.is_(None)
                case Operator.NE:
                    return field.sql.is_not(None)
            return false()
        if not _is_of(field.type, wanted.value):
            return true() if wanted.operator is Operator.NE else false()  # never equal, and without an order
        if wanted.operator is Operator.NE:
            return not_(self._holds(field, Operator.EQ, wanted))
        return self._holds(field, wanted.operator, wanted)

    def _holds(self, field: Field, operator: Operator, wanted: Compare) -> Sql:
        if field.type is not str:
            return and_(field.sql.is_not(None), _ordered(field.sql, operator, wanted.value))
        value = str(wanted.value)
        if operator is Operator.EQ and field.equal is not None:
            return field.equal(value)
        sql, value = (field.sql, value) if wanted.exact else (self.dialect.folded(field.sql), fold(value))
        return and_(field.sql.is_not(None), self._text(sql, operator, value))

    def _text(self, sql: Sql, operator: Operator, value: str) -> Sql:
        match operator:
            case Operator.CO:
                return self.dialect.contains(sql, value)
            case Operator.SW:
                return self.dialect.starts(sql, value)
            case Operator.EW:
                return self.dialect.ends(sql, value)
            case Operator.EQ:
                return sql == value
        return _ordered(self.dialect.ordered(sql), operator, value)


def _is_of(type_: type, value: object) -> bool:
    return isinstance(value, type_)


_COMPARED: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.EQ: eq,
    Operator.GT: gt,
    Operator.GE: ge,
    Operator.LT: lt,
    Operator.LE: le,
}


def _ordered(sql: Sql, operator: Operator, value: Value) -> Sql:
    compared = _COMPARED.get(operator)
    found: Sql = compared(sql, value) if compared is not None else false()
    return found
