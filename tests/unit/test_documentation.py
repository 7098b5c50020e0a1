"""The documents name what there is, and nothing that is gone."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("examples/*/README.md"),
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
