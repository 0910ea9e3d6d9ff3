"""Every public name shows itself at work in its docstring, and what docstrings show is true."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import Any

import pytest
import sentry_sdk

import pytest_sentryintegration
import sentryintegration
from pytest_sentryintegration import FakeSentry, capture
from pytest_sentryintegration.hooks import fixtures
from tests.examples.test_reference import CALLABLES

ROOMS = [name for _, name, _ in pkgutil.iter_modules(pytest_sentryintegration.__path__) if name != "__main__"]
KNOWN = {
    **{name: getattr(pytest_sentryintegration, name) for name in pytest_sentryintegration.__all__},
    **{name: getattr(sentryintegration, name) for name in sentryintegration.__all__ if name != "Attachment"},
    "sentry_sdk": sentry_sdk,
}
"""What an example need not import: what tests import, the facade, and the SDK."""
FIXTURES = {
    name: inspect.unwrap(getattr(value, "__wrapped__", value))
    for name, value in vars(fixtures).items()
    if name.startswith("sentry_")
}


CLASSES = {
    name: value
    for package in (sentryintegration, pytest_sentryintegration)
    for name in package.__all__
    if inspect.isclass(value := getattr(package, name))
}
PUBLIC = {
    f"{each.__module__}.{each.__qualname__}"
    for each in (*CLASSES.values(), *CALLABLES.values(), *FIXTURES.values())
}
"""What the reference shows: its examples use nothing but what is known."""


def modules_of(room: str) -> Iterator[Any]:
    module = importlib.import_module(f"pytest_sentryintegration.{room}")
    yield module
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{module.__name__}."):
        yield importlib.import_module(found.name)


@pytest.mark.parametrize("room", ROOMS)
def test_the_examples_of_a_room_are_true(
    room: str, sentry_server: FakeSentry, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with an inbox of its own where it names `sentry_events`."""
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    finder = doctest.DocTestFinder(exclude_empty=True)
    for found in chain.from_iterable(map(finder.find, modules_of(room))):
        with ExitStack() as stack:
            inside = {} if found.name in PUBLIC else found.globs
            found.globs = {**KNOWN, **inside, "sentry_server": sentry_server}
            if "sentry_events" in (found.docstring or ""):
                found.globs["sentry_events"] = stack.enter_context(capture())
            runner.run(found)

    assert runner.summarize(verbose=False).failed == 0, capsys.readouterr().out


def test_everything_public_has_an_example() -> None:
    """An attribute shares that of its class."""
    public = {**CLASSES, **CALLABLES, **FIXTURES}

    assert [name for name, value in public.items() if ">>>" not in (inspect.getdoc(value) or "")] == []
