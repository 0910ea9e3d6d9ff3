"""Policies: a test fails, or warns, for what it sent and they do not allow."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from _pytest import skipping

from pytest_sentryintegration.hooks.fixtures import AT_END, CAPTURE, OUTLIVING, PASSED
from pytest_sentryintegration.hooks.redirecting import SETTINGS, is_used, shared_by
from pytest_sentryintegration.settings import Settings

RUNNING: list[pytest.Item] = []
"""The tests that run: more than one where pytest runs inside pytest."""
LEAKED = pytest.StashKey[str]()
"""What to say of secrets that a test has sent, until it is reported."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test, after it passed, for what its policies do not allow."""
    RUNNING.append(item)
    try:
        result = yield
    finally:
        RUNNING.remove(item)
    settings = _settings(item)
    # A failure here would be the one that the mark expects: a strict mark would hold for a test that passes.
    if settings.has_policy and not _is_expected_to_fail(item):
        _tell(item, _check(item, settings))
        item.stash[PASSED] = True
    return result


def _is_expected_to_fail(item: pytest.Item) -> bool:
    """Return whether a mark ``xfail`` holds, as pytest itself found it: conditions are texts, too."""
    found = getattr(skipping, "xfailed_key", None)
    return found is not None and bool(item.stash.get(found, None)) and not item.config.getoption("runxfail")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
    """Fail a test, after its fixtures ended, for what these sent meanwhile and its policies do not allow.

    A test that was skipped, failed or was expected to is held to ``sentry_secrets`` alone, here: its own
    outcome says nothing of them.
    """
    settings = _settings(item)
    when = f"While the fixtures of {item.nodeid} ended:\n"
    found: list[Any] = []
    if PASSED not in item.stash:
        if not settings.secrets:
            return (yield)
        settings = settings.of_any_outcome
        item.stash[PASSED] = False
        when = ""
        found += _check(item, settings)
    item.stash[OUTLIVING] = nextitem is None or nextitem.parent is not item.parent
    try:
        result = yield
    finally:
        passed = item.stash[PASSED]
        del item.stash[PASSED]  # the test may be run again
        outliving = item.stash[OUTLIVING]
        if not isinstance(outliving, bool):
            found += outliving.check(passed=passed)
            outliving.__exit__()
    found += [*item.stash.get(AT_END, ()), *_check_strays(item, settings)]
    _tell(item, found, when)
    return result


def _settings(item: pytest.Item) -> Settings:
    capture = item.stash.get(CAPTURE, None)
    settings: Settings = item.config.stash[SETTINGS] if capture is None else capture.settings
    return settings


def _check(item: pytest.Item, settings: Settings) -> list[Any]:
    capture = item.stash.get(CAPTURE, None)
    found = [] if capture is None else capture.check(passed=item.stash.get(PASSED, True))
    return [*found, *_check_strays(item, settings)]


def _check_strays(item: pytest.Item, settings: Settings) -> list[Any]:
    # Of fixtures that outlive a test, of tests that import the SDK themselves, of items without fixtures.
    return shared_by(item.config).check_strays(settings) if is_used() else []


def _tell(item: pytest.Item, violations: list[Any], when: str = "") -> None:
    for violation in violations:
        if violation.policy == "warn":
            item.warn(pytest.PytestWarning(when + violation.text))
    failures = [violation for violation in violations if violation.policy == "fail"]
    if failures:
        text = when + "\n\n".join(violation.text for violation in failures)
        if any(violation.setting == "sentry_secrets" for violation in failures):
            item.stash[LEAKED] = text
        pytest.fail(text, pytrace=False)
