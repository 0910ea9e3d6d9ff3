"""The fixtures, and the hooks that give a test its own before all others."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_sentryintegration.hooks import dumping
from pytest_sentryintegration.hooks.redirecting import (
    SESSIONS,
    SETTINGS,
    can_capture,
    is_used,
    shared_by,
    shared_or_fail,
)
from pytest_sentryintegration.settings import SettingError

if TYPE_CHECKING:
    from pytest_sentryintegration.inbox.events import SentryEvents
    from pytest_sentryintegration.server.fake_sentry import FakeSentry

CAPTURE = pytest.StashKey[Any]()
"""What captures for a test, until its last report has been made."""
EVENTS = pytest.StashKey[Any]()
"""What it gave the test: as long as this is kept, its inbox can be read."""
PASSED = pytest.StashKey[bool]()
"""Whether a test has passed so far; on one whose policies are checked again when it has been torn down."""
AT_END = pytest.StashKey[list[Any]]()
"""What did not hold when the fixture `sentry_events` ended."""
OUTLIVING = pytest.StashKey[Any]()
"""Captures what fixtures report that end after the last test that may use them."""

_REQUESTS: list[pytest.FixtureRequest] = []
"""Of the fixtures `sentry_events` that are being set up: one that overrides it asks for it."""


@pytest.fixture(scope="session")
def sentry_server(request: pytest.FixtureRequest) -> FakeSentry:
    """The running fake Sentry: `.url`, `.port`, `.dsn(project_id=1, host=None)`, `.env`.

    It listens for as long as the session lasts, on `sentry_host` and `sentry_port`. What is sent to it while
    a test runs that uses `sentry_events` is found there.

    >>> sentry_server.dsn(project_id=2)
    'http://5e27be7a8d1c4f0e9b3a6c5d2f184e70@127.0.0.1:.../2'
    """
    return shared_or_fail(request.config).delivery.fake


@pytest.fixture
def sentry_options() -> dict[str, Any]:
    """Options of sentry_sdk.init for when the application does not initialise the SDK itself.

    Override it in a conftest or a test module; by default every transaction is sampled.

    >>> import pytest
    >>> @pytest.fixture
    ... def sentry_options():
    ...     return {"traces_sample_rate": 1.0, "release": "shop@1.2"}
    """
    return {"traces_sample_rate": 1.0}


# Without the argument `request`: pytest makes one for each fixture that asks for it, which took a fiftieth
# of a test's time. `pytest_fixture_setup` has one anyway.
@pytest.fixture
def sentry_events(sentry_options: dict[str, Any]) -> Iterator[SentryEvents]:
    """Everything that is sent to Sentry during this test, and nothing else.

    `.messages`, `.errors`, `.transactions`, `.spans`, `.traces`, `.attachments`, `.logs` and more are live
    views; `find` returns exactly one or fails with what arrived instead. It is itself a sequence of the
    error and message events.

    >>> event_id = capture_message("out of tea", Warn)
    >>> sentry_events.messages.find("out of tea").level
    'warning'
    """
    request = _REQUESTS[-1]
    shared = shared_or_fail(request.config)
    from pytest_sentryintegration.capturing.capture import Capture
    from pytest_sentryintegration.server.listening import ListenError

    item = request.node
    marked: dict[str, Any] = {}
    for marker in item.iter_markers("sentry"):
        if marker.args:
            pytest.fail(f"the marker sentry takes keyword arguments only, got {marker.args!r}", pytrace=False)
        marked = {**marker.kwargs, **marked}
    settings = request.config.stash[SETTINGS]
    try:
        capture = Capture(
            shared,
            settings,
            test=item.nodeid,
            options=marked,
            defaults=sentry_options,
            patch=request.getfixturevalue("monkeypatch") if "monkeypatch" in request.fixturenames else None,
        )
    except (SettingError, ListenError) as error:
        # Not that exception: pytest would print the lines of the plugin that raised it, and the text twice.
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    with capture as events:
        item.stash[CAPTURE], item.stash[EVENTS] = capture, events
        if isinstance(request.instance, unittest.TestCase):
            request.instance.sentry_events = events  # type: ignore[attr-defined]
        function = getattr(item, "obj", None)
        if function is not None:
            item.obj = capture.entering(function)
        yield events
        if PASSED in item.stash:
            item.stash[AT_END] = capture.check(passed=item.stash[PASSED])
    if function is not None:
        item.obj = function
    if PASSED in item.stash and item.stash[OUTLIVING] and not capture.has_client():
        # Fixtures that outlive the test and end now would have no client to report with.
        item.stash[OUTLIVING] = capture.again()
        item.stash[OUTLIVING].__enter__()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give a test the fixture that its marker or a policy implies, as the first of its own fixtures.

    In whatever order it asks for them: an application that another of them makes belongs to the test then,
    and ends with it; what it sends while it is made is the test's.
    """
    dumping.begin(item)
    has_policy = item.config.stash[SETTINGS].has_policy
    if has_policy and is_used():
        # Of what was sent before a run inside another the outer one tells.
        shared_by(item.config).take_strays(judged=item.config is SESSIONS[0])
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is None:
        return
    if "sentry_events" not in names:
        # A policy holds for every test, but is no reason to import the SDK.
        implied = has_policy and "sentry_sdk" in sys.modules and can_capture()
        if not implied and item.get_closest_marker("sentry") is None:
            return
        # A copy: the same test with other parameters has the same list.
        names = item.fixturenames = [*names, "sentry_events"]  # type: ignore[attr-defined]
    definitions = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    own = (name for name in names if name in definitions and definitions[name][-1].scope == "function")
    first = next(own, "sentry_events")
    if first != "sentry_events":
        names.remove("sentry_events")
        names.insert(names.index(first), "sentry_events")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    """Let a test's asynchronous fixtures run in its scopes, as its coroutine does."""
    # The function's name: a fixture may be imported under another one.
    if getattr(fixturedef.func, "__name__", "") == "sentry_events":
        _REQUESTS.append(request)
        try:
            return (yield)
        finally:
            _REQUESTS.pop()
    capture = request.node.stash.get(CAPTURE, None)
    if capture is None or fixturedef.scope != "function":
        return (yield)
    function = fixturedef.func
    fixturedef.func = capture.entering(function)  # type: ignore[misc]
    try:
        return (yield)
    finally:
        fixturedef.func = function  # type: ignore[misc]
