"""The lists of places in CONTRIBUTING.md are those of the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

# What a recipe follows, by its heading; and modules that name it for reasons of their own.
FOLLOWED = {
    "Add an item type": (r"check_in|CheckIn", {"ingest/endpoints/cron.py"}),
    "Add a reason": (r"\bbuffer_overflow\b", set[str]()),
    "Add an endpoint": (r"\bcron\b", set[str]()),
}


def places(heading: str) -> list[str]:
    """Return the files that the recipe of that heading lists."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^- `([^`]+)`: ", section, re.MULTILINE)


def named_in_code(path: Path) -> str:
    """Return the names and texts of a module, its own name included, without comments and docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    words = [path.stem]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            words.append(node.value)
        elif isinstance(node, ast.Name):
            words.append(node.id)
        elif isinstance(node, ast.Attribute):
            words.append(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.alias):
            words.append(node.name)
    return " ".join(words)


@pytest.mark.parametrize(
    ("heading", "place"), [(heading, place) for heading in FOLLOWED for place in places(heading)]
)
def test_a_place_of_a_recipe_exists_and_names_what_is_followed(heading: str, place: str) -> None:
    pattern, _ = FOLLOWED[heading]

    assert re.search(pattern, (ROOT / place).read_text(encoding="utf-8"))


@pytest.mark.parametrize("heading", FOLLOWED)
def test_a_recipe_lists_every_module_that_names_what_is_followed(heading: str) -> None:
    pattern, others = FOLLOWED[heading]
    package = ROOT / "pytest_sentryintegration"
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*.py")
        # Parsing all modules takes seconds: first, whether the text has it at all.
        if re.search(pattern, f"{path.stem} {path.read_text(encoding='utf-8')}")
        and re.search(pattern, named_in_code(path))
    }

    listed = {place for place in places(heading) if place.startswith(package.name)}
    assert listed == naming - {f"{package.name}/{other}" for other in others}


@pytest.mark.parametrize("path", re.findall(r"`((?:tests|docs|src|pytest_sentryintegration)/[^`]*)`", PAGE))
def test_a_path_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("target", re.findall(r"\bmake (\w+)\b(?! --)", PAGE))
def test_a_command_exists(target: str) -> None:
    assert f"\n{target}: " in MAKEFILE
