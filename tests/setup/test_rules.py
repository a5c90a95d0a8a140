"""The rules of the house stand in the house: what tests and pages refer to is there."""

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# A test of a house rule names its page and heading, where a failure shows them: docs/style.md, "…".
RULE = re.compile(r'\b((?:docs/)?\w+\.md), "([^"…]+)"')
# In these files every test that looks at a whole lesson or exercise holds a rule.
ANATOMY = {"test_notebooks.py": "lesson", "test_exercises.py": "path"}


def headings(page: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


def lost_rules(text: str) -> list[str]:
    """Return the rules that a text names and that stand nowhere."""
    return [
        f'{page}, "{heading}"'
        for page, heading in RULE.findall(text)
        if not (ROOT / page).is_file() or heading not in headings(ROOT / page)
    ]


def test_every_rule_that_a_test_names_is_there():
    texts = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py")}
    assert {name: lost for name, text in texts.items() if (lost := lost_rules(text))} == {}
    assert sum(len(RULE.findall(text)) for text in texts.values()) >= 30


def test_a_lost_rule_is_noticed():
    named = [
        f'{page}, "{heading}"' for page, heading in (("docs/style.md", "Rhymes"), ("a.md", "Cells"))
    ]
    assert lost_rules(". ".join(named)) == named


@pytest.mark.parametrize("name", ANATOMY)
def test_tests_of_anatomy_name_their_rule(name):
    tree = ast.parse((ROOT / "tests" / "lessons" / name).read_text(encoding="utf-8"))
    tests = [
        function
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        and function.name.startswith("test_")
        and ANATOMY[name] in [argument.arg for argument in function.args.args]
    ]
    assert len(tests) >= 6
    silent = [test.name for test in tests if not RULE.search(ast.get_docstring(test) or "")]
    assert silent == []


def test_fidelity_names_tests_that_exist():
    page = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
    file, found, lost = "", 0, []
    for path, name in re.findall(r"`(tests/[\w/]+\.py)`|`(test_\w+)`", page):
        if path:
            file = (ROOT / path).read_text(encoding="utf-8")
            continue
        found += 1
        lost += [name] if f"\ndef {name}(" not in file else []
    assert lost == [] and found >= 40


PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += [ROOT / "exercises" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_to_files(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(((?!https?:)[^()\s#]+)", text)
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_floors_name_what_is_there():
    """The page lists every module and package of the library, each on one floor."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tree = page.split("## The house on one page")[1].split("```")[1]
    listed = re.findall(r"^    ([a-z_]+)(?:/|\.py) +\d ", tree, re.MULTILINE)
    library = ROOT / "course_lib"
    present = {path.stem for path in library.glob("*.py")} - {"__init__"}
    present |= {path.parent.name for path in library.glob("*/__init__.py")}
    assert len(listed) == len(set(listed))
    assert set(listed) == present


def test_the_citation_says_what_pyproject_says():
    """Citation File Format 1.2.0: these fields must be there, and these values are the course's."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)
    assert citation["authors"] == [{"name": "The course's authors"}]
    assert f'version = "{citation["version"]}"' in project
    # A list of licences would mean "one of them"; that of the texts stands in the abstract.
    assert citation["license"] == "BSD-3-Clause" and "CC BY 4.0" in citation["abstract"]
