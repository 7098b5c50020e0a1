"""YAML is read as values, with the line of every field, and what is wrong with it by line."""

import pytest

from tenantry.cli.validation.documents import Document, FieldPath, YamlFault, read_documents

TEXT = """\
# about
---
kind: User
spec:
  workgroups:
  - workgroupRef: a
    role: Agent
  - {workgroupRef: b,
     role: Admin}
---
kind: Other
"""


def documents(text: str) -> list[Document]:
    return [found for found in read_documents(text) if isinstance(found, Document)]


def faults(text: str) -> list[tuple[int, str]]:
    return [(found.line, found.message) for found in read_documents(text) if isinstance(found, YamlFault)]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 3),
        (("spec",), 4),
        (("spec", "workgroups", 0), 6),
        (("spec", "workgroups", 0, "role"), 7),
        (("spec", "workgroups", 1, "workgroupRef"), 8),
        (("spec", "workgroups", 1, "role"), 9),
        (("spec", "workgroups", 1, "groups", 3), 8),
        (("spec", "missing"), 4),
    ],
)
def test_a_path_has_the_line_of_its_field_or_of_the_nearest_around_it(path: FieldPath, line: int) -> None:
    assert documents(TEXT)[0].line(path) == line


def test_a_later_document_counts_lines_from_the_top_of_the_file() -> None:
    assert documents(TEXT)[1].line(("kind",)) == 11


def test_comments_directives_and_empty_documents_are_none() -> None:
    assert documents("# nothing\n---\n---\n# here\n...\n") == []
    assert [d.value for d in documents("%YAML 1.1\n---\na: 1\n")] == [{"a": 1}]


def test_a_value_is_known_as_it_is_written() -> None:
    assert documents("phone: 0123")[0].text(("phone",)) == "0123"


def test_line_ends_of_windows_count_once() -> None:
    assert documents("a: 1\r\nb: 2\r\n---\r\nc: 3\r\n")[1].line(("c",)) == 4


def test_a_merge_key_brings_in_what_is_not_written() -> None:
    text = "base: &base {x: 1, y: 2}\nmade:\n  <<: *base\n  x: 3\nboth:\n  <<: [*base, {y: 9, z: 8}]\n"
    assert documents(text)[0].value["made"] == {"x": 3, "y": 2}
    assert documents(text)[0].value["both"] == {"x": 1, "y": 2, "z": 8}


def test_a_quoted_or_tagged_scalar_is_text() -> None:
    assert documents("a: 'yes'\nb: !!str 5\nc: !!int '5'")[0].value == {"a": "yes", "b": "5", "c": 5}


FAULTS = {
    "a tab": ("a:\n\tb: 1\n", 2, "a tab in the indentation, where YAML takes spaces only"),
    "a colon in a value": ("a: 1\nb: c: d\n", 2, "not YAML: mapping values are not allowed in this context; quote"),
    "an open brace": ("a: {b: 1\n", 2, "not YAML: did not find expected ',' or '}'"),
    "a key twice": ("a: 1\nb: 2\na: 3\n", 3, 'the key "a" stands in this mapping twice; remove one'),
    "a key that is a list": ("? [a]\n: 1\n", 1, "a key that is not plain text"),
    "a tag of somebody's": ("a: 1\nb: !secret x\n", 2, "the tag !secret is not known here; remove it"),
    "an alias of itself": ("a: &a [*a]\n", 1, "aliases that multiply or refer to themselves"),
    "an alias of nothing": ("a: *b\n", 1, "not YAML: found undefined alias"),
    "a merge of text": ("a: 1\n<<: text\n", 2, "<< takes a mapping, or a list of mappings"),
    "a control character": ("a: 1\nb: \x07\n", 2, "not YAML: control characters are not allowed"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_is_wrong_is_told_with_its_line(case: str) -> None:
    text, line, message = FAULTS[case]
    (found,) = faults(text)
    assert found[0] == line
    assert found[1].startswith(message)


def test_a_fault_in_one_document_does_not_hide_the_next() -> None:
    text = "a: {b: 1\n---\nc: 3\n---\n\td: 1\n"
    assert [line for line, _ in faults(text)] == [2, 5]
    assert [d.value for d in documents(text)] == [{"c": 3}]


def test_aliases_that_multiply_are_refused_before_they_fill_the_memory() -> None:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    rows += [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in zip("abcdefg", "bcdefgh", strict=True)
    ]
    assert faults("\n".join(rows))[0][1] == "aliases that multiply or refer to themselves"


DEEP = {
    "by the parser": "a: " + "[" * 100_000,
    "in the reading": "a: " + "[" * 3_000 + "]" * 3_000,
    "as JSON": '{"a":' * 3_000 + "1" + "}" * 3_000,
    "by aliases": "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 3_000))]),
}


@pytest.mark.parametrize("case", DEEP)
def test_what_is_nested_too_deep_is_refused_before_the_stack_ends(case: str) -> None:
    assert faults(DEEP[case])[0][1].endswith("nested more than 200 deep")


def test_what_is_nested_as_deep_as_a_person_may_write_is_read() -> None:
    (found,) = documents("a: " + "[" * 190 + "x" + "]" * 190)
    assert str(found.value).count("[") == 190


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"a": "\ud83d\ude00 \u00e9"}', "\U0001f600 \u00e9"),
        (r' [{"a": "\uD83D\uDE00"}]', "\U0001f600"),
        (r'{"a": "\\ud83d\\ude00"}', r"\ud83d\ude00"),
        (r'{"a": "\\\ud83d\ude00"}', "\\\U0001f600"),
    ],
)
def test_json_may_write_a_character_as_a_surrogate_pair(text: str, value: str) -> None:
    (found,) = documents(text)
    (entry,) = found.value if isinstance(found.value, list) else [found.value]
    assert entry == {"a": value}


def test_half_a_surrogate_pair_is_no_text() -> None:
    assert faults(r'{"a": "\ud83d"}')
