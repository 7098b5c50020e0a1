"""What SQLite and PostgreSQL say differently: JSON in text columns, and the comparison of text."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, FromClause, String, cast, func, literal, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

#: Text in SQL of any type, which SQLAlchemy does not tell apart.
Sql = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """The items of a JSON list as rows: ``value`` is one, ``order`` its place."""

    source: FromClause
    value: Sql
    order: Sql


@dataclass(frozen=True, slots=True)
class Dialect:
    """The words of one kind of database."""

    postgresql: bool

    def text(self, document: Sql, *keys: str) -> Sql:
        """Return a member of a JSON document as text; null where it is not there."""
        if self.postgresql:
            return func.jsonb_extract_path_text(cast(document, JSONB), *keys, type_=String)
        return func.json_extract(document, "$." + ".".join(keys), type_=String)

    def truth(self, document: Sql, *keys: str) -> Sql:
        """Return a member of a JSON document as true or false."""
        return (
            cast(self.text(document, *keys), Boolean)
            if self.postgresql
            else type_coerce(func.json_extract(document, "$." + ".".join(keys)), Boolean)
        )

    def items(self, document: Sql, *keys: str) -> Rows:
        """Return the objects of a list in a JSON document; none where it is not there."""
        if self.postgresql:
            found = func.jsonb_array_elements(func.jsonb_extract_path(cast(document, JSONB), *keys))
            return _with_order(found)
        path = ".".join(("$", *keys))
        rows = func.json_each(document, path).table_valued("value", "key")
        return Rows(rows, rows.c.value, rows.c.key)

    def words(self, document: Sql, *keys: str) -> Rows:
        """Return the texts of a list in a JSON document."""
        if not self.postgresql:
            return self.items(document, *keys)
        parsed = cast(document, JSONB)
        inner = func.jsonb_extract_path(parsed, *keys) if keys else parsed
        return _with_order(func.jsonb_array_elements_text(inner))

    def list_of(self, document: str) -> Rows:
        """Return the objects of a JSON list that is given, as rows."""
        if self.postgresql:
            return _with_order(func.jsonb_array_elements(cast(literal(document), JSONB)))
        return self.items(literal(document))

    def folded(self, text: Sql) -> Sql:
        """Return the text as ``domain.query.fold`` has it: PostgreSQL's ICU knows every letter, whatever the locale."""
        return (
            func.lower(func.normalize(text).collate("und-x-icu")) if self.postgresql else func.fold(text, type_=String)
        )

    def ordered(self, text: Sql) -> Sql:
        """Return the text as it is sorted: by code points in either database."""
        return text.collate("C") if self.postgresql else text

    def contains(self, text: Sql, part: str) -> Sql:
        """Tell whether the text has this in it: LIKE would take some characters for others."""
        return (func.strpos(text, part) if self.postgresql else func.instr(text, part)) > 0

    def starts(self, text: Sql, part: str) -> Sql:
        """Tell whether the text begins so."""
        return func.substr(text, 1, len(part)) == part

    def ends(self, text: Sql, part: str) -> Sql:
        """Tell whether the text ends so."""
        if not part:
            return text.is_not(None)
        return (func.right(text, len(part)) if self.postgresql else func.substr(text, -len(part))) == part


def _with_order(elements: Any) -> Rows:  # noqa: ANN401 - a function of rows
    rows = elements.table_valued("value", with_ordinality="place").render_derived()
    return Rows(rows, rows.c.value, rows.c.place)
