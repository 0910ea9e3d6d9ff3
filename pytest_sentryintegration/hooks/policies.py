"""Policies: a test fails, or warns, for what it sent and they do not allow."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_sentryintegration.hooks.fixtures import AT_END, CAPTURE, OUTLIVING, PASSED
from pytest_sentryintegration.hooks.redirecting import SETTINGS, is_used, shared_by
from pytest_sentryintegration.settings import Settings

RUNNING: list[pytest.Item] = []
"""The tests that run: more than one where pytest runs inside pytest."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test, after it passed, for what its policies do not allow."""
    RUNNING.append(item)
    try:
        result = yield
    finally:
        RUNNING.remove(item)
    capture = item.stash.get(CAPTURE, None)
    settings = item.config.stash[SETTINGS] if capture is None else capture.settings
    if settings.has_policy:
        found = [] if capture is None else capture.check()
        _tell(item, [*found, *_check_strays(item, settings)])
        item.stash[PASSED] = True
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
    """Fail a test, after its fixtures ended, for what these sent meanwhile and its policies do not allow."""
    if PASSED not in item.stash:
        return (yield)
    capture = item.stash.get(CAPTURE, None)
    settings = item.config.stash[SETTINGS] if capture is None else capture.settings
    item.stash[OUTLIVING] = nextitem is None or nextitem.parent is not item.parent
    found: list[Any] = []
    try:
        result = yield
    finally:
        del item.stash[PASSED]  # the test may be run again
        outliving = item.stash[OUTLIVING]
        if not isinstance(outliving, bool):
            found = outliving.check()
            outliving.__exit__()
    found += [*item.stash.get(AT_END, ()), *_check_strays(item, settings)]
    _tell(item, found, f"While the fixtures of {item.nodeid} ended:\n")
    return result


def _check_strays(item: pytest.Item, settings: Settings) -> list[Any]:
    # Of fixtures that outlive a test, of tests that import the SDK themselves, of items without fixtures.
    return shared_by(item.config).check_strays(settings) if is_used() else []


def _tell(item: pytest.Item, violations: list[Any], when: str = "") -> None:
    for violation in violations:
        if violation.policy == "warn":
            item.warn(pytest.PytestWarning(when + violation.text))
    failures = [violation.text for violation in violations if violation.policy == "fail"]
    if failures:
        pytest.fail(when + "\n\n".join(failures), pytrace=False)
