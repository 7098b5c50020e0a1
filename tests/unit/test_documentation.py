"""The documents name what there is, and nothing that is gone."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("examples/*/README.md"),
]
_DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text())
SCHEMAS = _DOCUMENT["components"]["schemas"]
#: Each call of the runtime API by its method and its path, whatever the parameters in that are called.
API = {
    (method.upper(), re.sub("{[^}]+}", "{}", path)): call
    for path, calls in _DOCUMENT["paths"].items()
    for method, call in calls.items()
}
#: The tables of calls on the page of the runtime API: call, body, and what for.
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/runtime-api.md").read_text().splitlines()
    if re.match(r"\| `(GET|POST|PUT|PATCH|DELETE)\b", line)
]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_decision_is_listed_by_its_title() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text()
    found = (ROOT / "docs/decisions").glob("2*.md")
    assert [f.name for f in found if f"[{f.read_text().splitlines()[0][2:]}]({f.name})" not in listed] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_in_the_readme_and_says_how_to_start_over(name: str) -> None:
    assert f"(examples/{name}/README.md)" in (ROOT / "README.md").read_text()
    assert "## Start over" in (ROOT / "examples" / name / "README.md").read_text()


def test_every_rule_of_which_something_shows_has_a_test_of_its_name() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    rows = re.findall(r"^\| ([A-Z]{2}-\d\d) \| (?!—)", (ROOT / "docs/rules.md").read_text(), re.MULTILINE)
    assert [rule for rule in rows if f"def test_{rule.lower().replace('-', '_')}_" not in tests] == []


def _calls(cell: str) -> list[tuple[str, str]]:
    """Return the calls that a cell of a table names: `GET`, `PATCH account/profile` are two of one path."""
    found: list[tuple[str, str]] = []
    for methods, path in re.findall(r"((?:`[A-Z]+`, )*`[A-Z]+) ([a-z][^`?]*)", cell):
        template = re.sub("<[^>]+>", "{}", f"/v1/{{}}/{path}")
        found += [(method, template) for method in re.findall("[A-Z]+", methods)]
    return found


def _fields(schema: Any) -> set[str]:
    """Return the fields of a body, those of what is in it too."""
    if not isinstance(schema, dict):
        return set().union(*map(_fields, schema)) if isinstance(schema, list) else set()
    below = _fields(SCHEMAS[schema["$ref"].rpartition("/")[2]]) if "$ref" in schema else set()
    return below | set(schema.get("properties", ())) | _fields(list(schema.values()))


def _body(method: str, path: str) -> dict[str, Any]:
    content = API[method, path].get("requestBody", {}).get("content", {})
    schema: dict[str, Any] = next((each["schema"] for each in content.values()), {})
    return SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_page_of_the_runtime_api_names_calls_that_there_are_with_what_they_need(row: list[str]) -> None:
    calls = _calls(row[0])
    assert [call for call in calls if call not in API] == []
    bodies = [_body(*call) for call in calls]
    named = set(re.findall(r"`([a-zA-Z]+)`", row[1]))
    assert named <= set().union(*map(_fields, bodies))
    assert named >= {field for body in bodies for field in body.get("required", ())}
