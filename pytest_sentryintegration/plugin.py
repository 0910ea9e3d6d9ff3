"""Hooks and fixtures, nothing else. Imports only pytest and the import hook until Sentry is used."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_sentryintegration.sdk.hook import ImportHook, at_first_client
from pytest_sentryintegration.settings import SettingError, Settings, read_settings

if TYPE_CHECKING:
    from pytest_sentryintegration.capturing.sharing import Shared
    from pytest_sentryintegration.inbox.events import SentryEvents
    from pytest_sentryintegration.server.fake_sentry import FakeSentry

SETTINGS = pytest.StashKey[Settings]()
CAPTURE = pytest.StashKey[Any]()
COUNTS = pytest.StashKey[dict[str, Any]]()
DIFFERENCE = pytest.StashKey[str]()
HELD = pytest.StashKey[Any]()
"""The module `sharing` that this session holds."""
PASSED = pytest.StashKey[bool]()
"""On a test that has passed so far, and whose policies are checked again when it has been torn down."""
AT_END = pytest.StashKey[list[Any]]()
"""What did not hold when the fixture `sentry_events` ended."""
OUTLIVING = pytest.StashKey[Any]()
"""Captures what fixtures report that end after the last test that may use them."""
WRITTEN = pytest.StashKey[str]()
"""What ``--sentry-allow-all`` has written."""

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

        (_shared(_SESSIONS[-1]) if _SESSIONS else shared()).redirect.install()
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


def _can_capture() -> bool:
    """Whether the installed SDK can be captured; imports what captures need."""
    try:
        import pytest_sentryintegration.capturing.sharing  # noqa: F401
    except ImportError as error:
        _go_without(error)
    return not _UNSUPPORTED


def _common(config: pytest.Config) -> Shared:
    """Return what captures share; fail with one sentence where the installed SDK cannot be captured."""
    if not _can_capture():
        pytest.fail(_UNSUPPORTED[0], pytrace=False)
    return _shared(config)


def _shared(config: pytest.Config) -> Shared:
    """Return what captures share, which this session holds from now on."""
    from pytest_sentryintegration.capturing import sharing

    if HELD not in config.stash:
        config.stash[HELD] = sharing
        sharing.hold()
    return sharing.shared(config.stash[SETTINGS])


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
    group.addoption(
        "--sentry-allow-all",
        metavar="FILE",
        help="fail no test for what sentry_unexpected counts, and write all of it into FILE, as lines that"
        " sentry_allow = @FILE reads",
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
        "sentry_dsn",
        "on: SENTRY_DSN is set from the start of the run, before conftests and Django's settings are loaded",
        default="off",
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
        "what sentry_unexpected does not count, a line each: name of an exception class (and of its"
        " subclasses), text, re:pattern, or @FILE with such lines, relative to this file",
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
    parser.addini(
        "sentry_secrets",
        "what must never be sent, in no encoding, a line each: a value, env:NAME or re:pattern",
        type="linelist",
    )


# A wrapper: those run before pytest-django's hook of this name, which loads the settings.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Set ``SENTRY_DSN`` before anything of the application is imported (``sentry_dsn = on``)."""
    if early_config.getini("sentry_dsn") != "off":
        early_config.stash[SETTINGS] = settings = _settings(early_config)
        if settings.dsn and _can_capture():
            _announce(early_config)
    return (yield)


def _announce(config: pytest.Config) -> None:
    from pytest_sentryintegration.capturing.capture import announce
    from pytest_sentryintegration.server.listening import ListenError

    try:
        config.add_cleanup(announce(_shared(config)))
    except ListenError as error:
        raise pytest.UsageError(str(error)) from error


def _settings(config: pytest.Config, listing: Path | None = None) -> Settings:
    folder = config.inipath.parent if config.inipath is not None else config.rootpath
    try:
        settings = read_settings(config.getini, folder, listing)
        if settings.secrets:
            from pytest_sentryintegration.inbox.secrets import secrets_of_settings

            secrets_of_settings(settings.secrets)
        return settings
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings and register the marker."""
    config.addinivalue_line(
        "markers",
        "sentry(**options): options of sentry_sdk.init for this test; transport='memory',"
        " unexpected='ignore|warn|fail', invalid='ignore|warn|fail' and allow=[...] are the plugin's own.",
    )
    listing = config.getoption("--sentry-allow-all")
    if listing is not None:
        # Absolute, for the workers of xdist too.
        listing = (config.invocation_params.dir / listing).resolve()
        config.option.sentry_allow_all = str(listing)
    config.stash[SETTINGS] = _settings(config, listing)
    if _SHARING in sys.modules:
        _shared(config)
    _SESSIONS.append(config)
    _HOOK.arm()


@pytest.fixture(scope="session")
def sentry_server(request: pytest.FixtureRequest) -> FakeSentry:
    """The running fake Sentry: `.url`, `.port`, `.dsn(project_id=1, host=None)`, `.env`.

    It listens for as long as the session lasts, on `sentry_host` and `sentry_port`. What is sent to it while
    a test runs that uses `sentry_events` is found there.
    """
    return _common(request.config).delivery.fake


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
        if PASSED in item.stash:
            item.stash[AT_END] = capture.check()
    if function is not None:
        item.obj = function
    # The item outlives the test by the whole session; what it captured need not.
    del item.stash[CAPTURE]
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
    has_policy = item.config.stash[SETTINGS].has_policy
    if has_policy and _SHARING in sys.modules:
        _shared(item.config).skip_strays()
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is None:
        return
    if "sentry_events" not in names:
        # A policy holds for every test, but is no reason to import the SDK.
        implied = has_policy and "sentry_sdk" in sys.modules and _can_capture()
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
    return _shared(item.config).check_strays(settings) if _SHARING in sys.modules else []


def _tell(item: pytest.Item, violations: list[Any], when: str = "") -> None:
    for violation in violations:
        if violation.policy == "warn":
            item.warn(pytest.PytestWarning(when + violation.text))
    failures = [violation.text for violation in violations if violation.policy == "fail"]
    if failures:
        pytest.fail(when + "\n\n".join(failures), pytrace=False)


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
    """Count what was sent, also for the controller of xdist; fail the run for what came late."""
    config = session.config
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output["sentryintegration_notes"] = list(_NOTES)
    if HELD in config.stash:
        counts = _shared(config).counts()
        if output is not None:
            output["sentryintegration"] = counts
            return
        _add(config, counts)
    counts = config.stash.get(COUNTS, {"late": {"counts": {}}, "lines": []})
    if session.exitstatus == pytest.ExitCode.OK and counts["late"]["counts"].get("fail"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    listing = config.getoption("--sentry-allow-all")
    # What was interrupted has not reported all that it reports.
    if listing is not None and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        from pytest_sentryintegration.words.allowing import write_lines

        write_lines(Path(listing), counts["lines"])
        config.stash[WRITTEN] = f"{len(counts['lines'])} lines for sentry_allow written to {listing}"


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Add up what an xdist worker counted."""
    output = getattr(node, "workeroutput", {})
    _NOTES.update(dict.fromkeys(output.get("sentryintegration_notes", ())))
    counts = output.get("sentryintegration")
    if counts:
        _add(node.config, counts)


def _add(config: pytest.Config, counts: dict[str, Any]) -> None:
    before = config.stash.get(COUNTS, None)
    if before is not None:
        from pytest_sentryintegration.words.summary import added

        counts = added(before, counts)
    config.stash[COUNTS] = counts


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write what Sentry was sent, and what came for tests that had finished."""
    for note in _NOTES:
        terminalreporter.write_line(f"Sentry: {note}")
    counts = config.stash.get(COUNTS, None)
    if counts is not None:
        from pytest_sentryintegration.words.summary import summary_lines

        for line in summary_lines(counts):
            terminalreporter.write_line(line)
    if WRITTEN in config.stash:
        terminalreporter.write_line(f"Sentry: {config.stash[WRITTEN]}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go of the SDK; what another session holds goes on with the settings of that one."""
    if config in _SESSIONS:
        _SESSIONS.remove(config)
    sharing = config.stash.get(HELD, None)
    if sharing is not None:
        sharing.let_go()
        if _SESSIONS and _SESSIONS[-1].stash.get(HELD, None) is sharing:
            _shared(_SESSIONS[-1])
    if not _SESSIONS:
        _HOOK.disarm()
