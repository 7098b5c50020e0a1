"""YAML documents as JSON values, each with the lines that its fields stand on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode
from yaml.composer import Composer
from yaml.error import MarkedYAMLError
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from tenantry.cli.validation.scalars import resolve

try:
    from yaml._yaml import CParser as _Parser
except ImportError:  # PyYAML without libyaml: the same nodes, ten times slower

    class _Parser(Reader, Scanner, Parser, Composer):  # type: ignore[no-redef]
        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)


FieldPath: TypeAlias = tuple[str | int, ...]

_SEPARATOR = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_DIRECTIVES = re.compile(r"(\s*(%[^\n]*|#[^\n]*)?(\n|\Z))*")
_PLAIN, _TEXT, _COLLECTION = "plain", "text", "collection"
_STANDARD = "tag:yaml.org,2002:"
_MERGE = "<<"
#: So many values are no document that a person wrote: aliases of aliases multiply.
_MOST_VALUES = 1_000_000
#: Nor is what is nested deeper: PyYAML and the reading of its nodes recurse.
_DEEPEST = 200
_TOO_DEEP = f"nested more than {_DEEPEST} deep"
#: JSON writes a character beyond the first 65,536 as two escapes, which YAML does not take.
_ESCAPE = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL)
_HINTS = {
    "mapping values are not allowed in this context": "quote a value that contains a colon and a space",
    "could not find expected ':'": "a key without its colon, or text that is not indented below its key",
    "found unknown escape character": "in double quotes \\ begins an escape; write \\\\, or use single quotes",
}


@dataclass(frozen=True, slots=True)
class YamlFault:
    """What keeps a document from being read."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document, or one item of a List.

    The nodes that know the lines take many times the room of the text: they are not kept, but made again when somebody
    asks for a line. ``part`` is the text, which begins on ``first_line`` of the file. ``index`` counts the documents in
    it, ``start`` is the line in it where this one begins, and ``within`` is where an item stands in its List.
    """

    value: Any
    part: str
    first_line: int = 1
    index: int = 0
    start: int = 0
    within: FieldPath = ()

    def line(self, path: FieldPath = ()) -> int:
        """Return the line of a field; of one that is not there, that of the nearest field around it."""
        if not path and not self.within:
            return self.start + self.first_line
        node = _compose(self.part)[self.index]
        line = node.start_mark.line
        for step in (*self.within, *path):
            found = _below(node, step)
            if found is None:
                break
            key, node = found
            line = key.start_mark.line
        return line + self.first_line

    def text(self, path: FieldPath) -> str | None:
        """Return a scalar as it is written, or None."""
        node = _compose(self.part)[self.index]
        for step in (*self.within, *path):
            found = _below(node, step)
            if found is None:
                return None
            node = found[1]
        return node.value if isinstance(node, ScalarNode) else None

    def items(self, field: str) -> "Iterator[Document]":
        """Yield the entries of a list as documents of their own."""
        for index, value in enumerate(self.value[field]):
            yield replace(self, value=value, within=(*self.within, field, index))


def _below(node: Node, step: str | int) -> tuple[Node, Node] | None:
    """Return the node that names a field and the one of its value; an item of a list names itself."""
    if isinstance(node, MappingNode):
        return next(((key, value) for key, value in reversed(node.value) if key.value == step), None)
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


class _Nodes(_Parser):
    """Composes nodes and leaves the meaning of scalars to ``resolve``."""

    depth = 0

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> str:  # noqa: ANN401, ARG002 - PyYAML's
        if kind is not ScalarNode:
            return _COLLECTION
        return _PLAIN if implicit[0] else _TEXT

    def descend_resolver(self, parent: Node | None, _: object) -> None:
        self.depth += 1
        if self.depth > _DEEPEST and parent is not None:  # the C parser would go on until the stack ends
            raise MarkedYAMLError(problem=_TOO_DEEP, problem_mark=parent.start_mark)

    def ascend_resolver(self) -> None:
        self.depth -= 1


def read_documents(text: str) -> Iterator[Document | YamlFault]:
    """Yield the documents of a file. A fault in one does not hide the others: each is parsed by itself."""
    if text.lstrip()[:1] in {"{", "["}:
        text = _ESCAPE.sub(_joined, text)
    starts = [found.start() for found in _SEPARATOR.finditer(text)]
    line = 1
    for start, end in zip([0, *starts], [*starts, len(text)], strict=True):
        part = text[start:end]
        if _DIRECTIVES.fullmatch(part) is None:
            yield from _read(part, line)
        line += part.count("\n")


def _joined(escape: re.Match[str]) -> str:
    """Return the one escape that YAML has for the two of a surrogate pair; any other stays as it is."""
    if escape[1] is None:
        return escape[0]
    high, low = int(escape[1], 16), int(escape[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"


@lru_cache(maxsize=4)
def _compose(part: str) -> list[Node]:
    """Return the nodes of the documents in a text that was read without a fault before."""
    return list(_nodes(part))


def _nodes(part: str) -> Iterator[Node]:
    parser = _Nodes(part)
    while parser.check_node():
        node = parser.get_node()
        if node is not None:
            yield node


def _read(part: str, first_line: int) -> Iterator[Document | YamlFault]:
    try:
        for index, node in enumerate(_nodes(part)):
            reading = _Reading()
            value = reading.value(node)
            for line, message in reading.faults:
                yield YamlFault(line + first_line, message)
            if value is not None and not reading.fatal:
                yield Document(value, part, first_line, index, node.start_mark.line)
    except yaml.YAMLError as error:
        yield _explain(error, part, first_line)


def _explain(error: yaml.YAMLError, part: str, first_line: int) -> YamlFault:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    line = mark.line if mark is not None else part.count("\n", 0, getattr(error, "position", 0))
    lines = part.splitlines()
    written = lines[line] if line < len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return YamlFault(line + first_line, "a tab in the indentation, where YAML takes spaces only")
    hint = _HINTS.get(problem)
    return YamlFault(line + first_line, f"not YAML: {problem}" + (f"; {hint}" if hint else ""))


class _Reading:
    """One document on its way from nodes to values."""

    def __init__(self) -> None:
        self.faults: list[tuple[int, str]] = []
        self.fatal = False
        self._count = 0
        self._open: set[int] = set()

    def value(self, node: Node) -> Any:  # noqa: ANN401 - any JSON value
        """Return the value of a node; faults are kept."""
        self._count += 1
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if self.fatal or not self._enter(node):
            return None
        value = self._mapping(node) if isinstance(node, MappingNode) else [self.value(item) for item in node.value]
        self._open.discard(id(node))
        return value

    def _enter(self, node: Node) -> bool:
        if id(node) in self._open or self._count > _MOST_VALUES:
            self.fatal = True
            self._fault(node, "aliases that multiply or refer to themselves")
            return False
        if len(self._open) >= _DEEPEST:
            self.fatal = True
            self._fault(node, _TOO_DEEP)
            return False
        self._open.add(id(node))
        return True

    def _fault(self, node: Node, message: str) -> None:
        self.faults.append((node.start_mark.line, message))

    def _scalar(self, node: ScalarNode) -> Any:  # noqa: ANN401 - any JSON scalar
        tag = node.tag
        if tag is _PLAIN:
            return resolve(node.value)
        if tag is _TEXT or tag in ("!", f"{_STANDARD}str"):
            return node.value
        if not tag.startswith(_STANDARD) or tag.endswith(":binary"):
            self._fault(node, f"the tag {tag} is not known here; remove it")
            return None
        return resolve(node.value)

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._fault(key, "a key that is not plain text")
            elif key.value == _MERGE and key.tag is _PLAIN:
                merged = self._merged(value) | merged
            elif key.value in found:
                self._fault(key, f'the key "{key.value}" stands in this mapping twice; remove one')
            else:
                found[key.value] = self.value(value)
        return merged | found if merged else found

    def _merged(self, node: Node) -> dict[str, Any]:
        """Return what a merge key brings in; of several mappings the first wins."""
        value = self.value(node)
        some = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in some):
            self._fault(node, "<< takes a mapping, or a list of mappings")
            return {}
        merged: dict[str, Any] = {}
        for one in some:
            merged = one | merged
        return merged
