"""The pages of `docs/reference` are up to date, and leave nothing public out."""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import Any

import pytest

import pytest_sentryintegration
import sentryintegration
from pytest_sentryintegration.cli.commands import SUMMARIES
from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.plugin import pytest_addoption
from tests.examples.pages import ROOT
from tests.test_settings import Parser

FOLDER = ROOT / "docs" / "reference"


def make_reference() -> ModuleType:
    found = importlib.util.spec_from_file_location("make_reference", FOLDER.parent / "make_reference.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_pages_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    pages = make_reference().pages()

    written = {page.name: page.read_text(encoding="utf-8") for page in FOLDER.glob("*.md")}
    assert written == pages, "run: python docs/make_reference.py"


def public_names() -> list[tuple[str, str]]:
    parser: Any = Parser()
    pytest_addoption(parser)
    return [
        *(("facade.md", name) for name in sentryintegration.__all__),
        *(("plugin.md", name) for name in parser.defaults),
        *(("nouns.md", name) for name in NOUNS),
        *(("commands.md", name) for name in SUMMARIES),
    ]


@pytest.mark.parametrize(("page", "name"), public_names())
def test_a_public_name_is_in_the_reference(page: str, name: str) -> None:
    assert name in (FOLDER / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", pytest_sentryintegration.__all__)
def test_a_name_that_tests_import_has_a_heading(name: str) -> None:
    pages = [(FOLDER / page).read_text(encoding="utf-8") for page in ("nouns.md", "classes.md")]

    assert any(f"\n## {name}\n" in page or f"\n## `{name}" in page for page in pages)
