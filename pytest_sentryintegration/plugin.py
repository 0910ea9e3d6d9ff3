"""Hooks and fixtures, nothing else. Imports only pytest and the import hook until Sentry is used."""

from __future__ import annotations

import sys
import unittest
import warnings
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_sentryintegration.sdk.hook import ImportHook, at_first_client
from pytest_sentryintegration.settings import SettingError, Settings, read_settings

if TYPE_CHECKING:
    from pytest_sentryintegration.inbox.events import SentryEvents
    from pytest_sentryintegration.server.fake_sentry import FakeSentry

SETTINGS = pytest.StashKey[Settings]()
CAPTURE = pytest.StashKey[Any]()
COUNTS = pytest.StashKey[dict[str, Any]]()
DIFFERENCE = pytest.StashKey[str]()
BEFORE = pytest.StashKey[Any]()

_SHARING = "pytest_sentryintegration.capturing.sharing"
_RUNNING: list[pytest.Item] = []
_REQUESTS: list[pytest.FixtureRequest] = []
"""Of the fixtures `sentry_events` that are being set up: one that overrides it asks for it."""
_SESSIONS: list[pytest.Config] = []
"""The sessions that run in this process: more than one where pytest runs inside pytest."""


_UNSUPPORTED: list[str] = []
"""Why the installed sentry_sdk cannot be captured: a sentence, or none."""
_NOTES: dict[str, None] = {}
"""Sentences on the installed sentry_sdk for the terminal summary."""


def _redirect() -> None:
    try:
        from pytest_sentryintegration.capturing.sharing import shared

        shared(_SESSIONS[-1].stash[SETTINGS] if _SESSIONS else None).redirect.install()
        from pytest_sentryintegration.sdk.internals import newer

        _NOTES.update(dict.fromkeys(newer()))
    except Exception as error:  # whatever it is, the application's own code goes on
        from pytest_sentryintegration.sdk.unsupported import keep_from_sending

        _go_without(error)
        keep_from_sending(lambda: all(session.stash[SETTINGS].guard for session in _SESSIONS))


def _go_without(error: Exception) -> None:
    from pytest_sentryintegration.sdk.unsupported import reason_of

    _UNSUPPORTED[:] = [reason_of(error)]
    _NOTES[f"nothing was captured: {_UNSUPPORTED[0]}"] = None


def _common(config: pytest.Config) -> Any:
    """Return what captures share; fail with one sentence where the installed SDK cannot be captured."""
    try:
        from pytest_sentryintegration.capturing.sharing import shared
    except ImportError as error:
        _go_without(error)
    if _UNSUPPORTED:
        pytest.fail(_UNSUPPORTED[0], pytrace=False)
    return shared(config.stash[SETTINGS])


# Armed while this module is imported: conftests and Django settings, which may initialise the SDK, load
# before pytest_configure.
_HOOK = ImportHook(at_first_client(_redirect))
_HOOK.arm()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options and ini values."""
    group = parser.getgroup("sentry", "fake Sentry (sentryintegration)")
    group.addoption(
        "--sentry-dump",
        metavar="DIR",
        help="write what each test sent as .envelope files into DIR",
    )
    parser.addini("sentry_timeout", "seconds that find and wait wait for other processes", default="1")
    parser.addini(
        "sentry_transport", "http (default), or memory: no socket, this process alone", default="http"
    )
    parser.addini(
        "sentry_host",
        "the address that the fake Sentry listens on (default 127.0.0.1; 0.0.0.0: reachable from containers)",
        default="127.0.0.1",
    )
    parser.addini("sentry_port", "its port (default 0: a free one)", default="0")
    parser.addini(
        "sentry_guard", "on (default): no SDK client of this process reaches the real Sentry", default="on"
    )
    parser.addini(
        "sentry_strict", "on: refuse toy keys and missing authentication, as Sentry does", default="off"
    )
    parser.addini(
        "sentry_unexpected",
        "ignore (default), warn or fail: an event of level error or above that the test never looked at",
        default="ignore",
    )
    parser.addini(
        "sentry_allow",
        "what sentry_unexpected does not count, a line each: exception type, text, or re:pattern",
        type="linelist",
    )
    parser.addini(
        "sentry_invalid",
        "ignore (default), warn or fail: anything that real Sentry would refuse, drop or trim",
        default="ignore",
    )
    parser.addini(
        "sentry_invalid_allow",
        "paths that sentry_invalid does not count, a line each (default: variables of stack frames)",
        type="linelist",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings and register the marker."""
    config.addinivalue_line(
        "markers",
        "sentry(**options): options of sentry_sdk.init for this test; transport='memory',"
        " unexpected='ignore|warn|fail', invalid='ignore|warn|fail' and allow=[...] are the plugin's own.",
    )
    try:
        config.stash[SETTINGS] = read_settings(config.getini)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[BEFORE] = sharing = sys.modules.get(_SHARING)
    if sharing is not None:
        sharing.shared(config.stash[SETTINGS])
    _SESSIONS.append(config)
    _HOOK.arm()


@pytest.fixture(scope="session")
def sentry_server(request: pytest.FixtureRequest) -> FakeSentry:
    """The running fake Sentry: `.url`, `.port`, `.dsn(project_id=1, host=None)`, `.env`.

    It listens for as long as the session lasts, on `sentry_host` and `sentry_port`. What is sent to it while
    a test runs that uses `sentry_events` is found there.
    """
    return _common(request.config).delivery.fake  # type: ignore[no-any-return]


@pytest.fixture
def sentry_options() -> dict[str, Any]:
    """Options of sentry_sdk.init for when the application does not initialise the SDK itself.

    Override it in a conftest or a test module; by default every transaction is sampled.
    """
    return {"traces_sample_rate": 1.0}


# Without `request`, which pytest makes anew, signature and all, for each fixture that asks for it: that was
# one fiftieth of a test. `pytest_fixture_setup` has it anyway.
@pytest.fixture
def sentry_events(sentry_options: dict[str, Any]) -> Iterator[SentryEvents]:
    """Everything that is sent to Sentry during this test, and nothing else.

    `.messages`, `.errors`, `.transactions`, `.spans`, `.traces`, `.attachments`, `.logs` and more are live
    views; `find` returns exactly one or fails with what arrived instead. It is itself a sequence of the
    error and message events.
    """
    request = _REQUESTS[-1]
    common = _common(request.config)
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
            common,
            settings,
            test=item.nodeid,
            options=marked,
            defaults=sentry_options,
            patch=request.getfixturevalue("monkeypatch") if "monkeypatch" in request.fixturenames else None,
        )
    except (SettingError, ListenError) as error:
        # Not an exception: of that pytest would print where in the plugin it was raised.
        pytest.fail(str(error), pytrace=False)
    with capture as events:
        item.stash[CAPTURE] = capture
        if isinstance(request.instance, unittest.TestCase):
            request.instance.sentry_events = events  # type: ignore[attr-defined]
        function = getattr(item, "obj", None)
        if function is not None:
            item.obj = capture.entering(function)
        yield events
    if function is not None:
        item.obj = function
    # The item outlives the test by the whole session; what it captured need not.
    del item.stash[CAPTURE]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let `sentry_events` be the first of a test's own fixtures, in whatever order it asks for them.

    An application that another of them makes belongs to the test then, and ends with it; what it sends
    while it is made is the test's.
    """
    names: list[str] = getattr(item, "fixturenames", [])
    if "sentry_events" not in names:
        return
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
    # By the function: it may be imported as another name.
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test, after it passed, for what its policies do not allow."""
    _RUNNING.append(item)
    try:
        result = yield
    finally:
        _RUNNING.remove(item)
    capture = item.stash.get(CAPTURE, None)
    if capture is not None:
        for policy, message in capture.violations():
            if policy == "fail":
                pytest.fail(message, pytrace=False)
            warnings.warn(pytest.PytestWarning(message), stacklevel=1)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show in a failing test's report what was captured."""
    report = yield
    capture = item.stash.get(CAPTURE, None)
    if capture is not None and report.when == "call":
        if report.failed:
            if text := capture.summary():
                report.sections.append(("Captured Sentry", text))
            # pytest cuts an explanation of more than ten lines, to eight.
            if difference := item.stash.get(DIFFERENCE, None):
                report.sections.append(("Span tree", difference))
        folder = item.config.getoption("--sentry-dump")
        if folder:
            capture.dump(folder)
    return report


def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    """Explain how two span trees differ."""
    if op != "==" or not {type(left).__module__, type(right).__module__} & _COMPARED:
        return None
    from pytest_sentryintegration.words.trees import compare_lines

    lines = compare_lines(left, right)
    if lines is not None and len(lines) > 10 and _RUNNING:
        _RUNNING[-1].stash[DIFFERENCE] = "\n".join(lines)
    return lines


_COMPARED = {
    "pytest_sentryintegration.matching.span_pattern",
    "pytest_sentryintegration.model.spans",
    "pytest_sentryintegration.model.traces",
}


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Count what came late and what came outside tests, also for the controller of xdist."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["sentryintegration_notes"] = list(_NOTES)
    sharing = sys.modules.get(_SHARING)
    if sharing is None:
        return
    counts = sharing.finish()
    if output is not None:
        output["sentryintegration"] = counts
    else:
        _add(session.config, counts)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Add up what an xdist worker counted."""
    output = getattr(node, "workeroutput", {})
    _NOTES.update(dict.fromkeys(output.get("sentryintegration_notes", ())))
    counts = output.get("sentryintegration")
    if counts:
        _add(node.config, counts)


def _add(config: pytest.Config, counts: dict[str, Any]) -> None:
    total = config.stash.setdefault(COUNTS, {"strays": 0, "late": {}, "tests": 0, "envelopes": 0})
    for name in ("strays", "tests", "envelopes"):
        total[name] += counts[name]
    for test, late in counts["late"].items():
        total["late"][test] = total["late"].get(test, 0) + late


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write one line on what Sentry was sent, and one for each test whose threads reported late."""
    for note in _NOTES:
        terminalreporter.write_line(f"Sentry: {note}")
    counts = config.stash.get(COUNTS, None)
    if counts is not None:
        from pytest_sentryintegration.words.summary import summary_lines

        for line in summary_lines(counts):
            terminalreporter.write_line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go of the SDK, when the session ends that first held it."""
    before: Any = config.stash.get(BEFORE, None)
    if config in _SESSIONS:
        _SESSIONS.remove(config)
    sharing: Any = sys.modules.get(_SHARING)
    # A pytest inside pytest leaves what the outer one holds alone.
    if sharing is not None and _SESSIONS and before is sharing:
        sharing.shared(_SESSIONS[-1].stash[SETTINGS])
    elif sharing is not None:
        sharing.release()
    if not _SESSIONS:
        _HOOK.disarm()
