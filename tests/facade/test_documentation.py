"""Every public name is documented, and every example in a docstring runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import sentryintegration
from pytest_sentryintegration import SentryEvents

MODULES = [name for _, name, _ in pkgutil.iter_modules(sentryintegration.__path__, "sentryintegration.")]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(sentry_events: SentryEvents, name: str, capsys: Any) -> None:
    module = importlib.import_module(name)
    namespace = {**vars(sentryintegration), **vars(module)}
    finder, runner = doctest.DocTestFinder(exclude_empty=True), doctest.DocTestRunner()
    for test in finder.find(module, name, globs=namespace):
        runner.run(test)

    assert runner.summarize(verbose=False).failed == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", sentryintegration.__all__)
def test_a_public_name_is_documented(name: str) -> None:
    public = getattr(sentryintegration, name)
    if inspect.isfunction(public) or inspect.isclass(public):
        assert ">>>" in (inspect.getdoc(public) or "")


def test_the_page_lists_each_call_with_its_arguments() -> None:
    page = (Path(__file__).parents[2] / "docs" / "facade.md").read_text(encoding="utf-8")
    first_column = "\n".join(re.findall(r"^\| (.*?) \|", page, re.MULTILINE))
    calls = re.findall(r"`(\w+)\((.*?)\)`", first_column)
    listed = {name: re.findall(r"(?:^|, )\**(\w+)", arguments) for name, arguments in calls}

    assert listed == {
        name: list(inspect.signature(public).parameters)
        for name, public in vars(sentryintegration).items()
        if name in sentryintegration.__all__ and inspect.isfunction(public)
    }


def test_all_is_sorted_and_complete() -> None:
    assert sorted(sentryintegration.__all__) == sentryintegration.__all__
