"""The pages of `docs/reference` are up to date, and leave nothing public out."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator
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
    if sys.version_info >= (3, 13):  # whose argparse writes `-o, --output FILE`
        assert {*pages.pop("commands.md").split()} <= {*written.pop("commands.md").split(), "-o,"}
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


def public_callables() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield what applications and tests call: functions, and the methods of classes."""
    for package in (sentryintegration, pytest_sentryintegration):
        for name in package.__all__:
            value = getattr(package, name)
            if inspect.isroutine(value):
                yield name, value
                continue
            if name == "span":  # an object that is called
                yield name, value.__call__
            owner = value if inspect.isclass(value) else type(value)
            for base in (each for each in owner.__mro__ if "sentryintegration" in each.__module__):
                for method, function in vars(base).items():
                    unbound = getattr(function, "__func__", function)
                    if inspect.isfunction(unbound) and not method.startswith("_"):
                        yield f"{base.__name__}.{method}", unbound


CALLABLES = dict(public_callables())
TIMES = ("timeout", "seconds", "within")


def test_a_docstring_explains_each_parameter_or_says_where_that_is_done() -> None:
    left = []
    for name, function in CALLABLES.items():
        text = inspect.getdoc(function) or ""
        named = [
            each for each in inspect.signature(function).parameters if each not in ("self", "cls", "args")
        ]
        missing = [each for each in named if not re.search(rf"\b{each}\b", text)]
        if not text or (missing and not re.search(r"[Ss]ee `\w|Do what `", text) and name != "span"):
            left.append((name, missing))

    assert len(CALLABLES) > 50
    assert left == []


def test_a_docstring_says_that_a_time_is_in_seconds() -> None:
    timed = {
        name: inspect.getdoc(function) or ""
        for name, function in CALLABLES.items()
        if not {*inspect.signature(function).parameters}.isdisjoint(TIMES)
    }

    referring = r"[Ss]ee `\w|Do what `"
    assert [name for name, text in timed.items() if not re.search(rf"[Ss]econd|{referring}", text)] == []
