"""What people read: sections of a failing test's report, span trees that differ, the terminal summary."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration.hooks import dumping
from pytest_sentryintegration.hooks.fixtures import CAPTURE, EVENTS
from pytest_sentryintegration.hooks.policies import LEAKED, RUNNING
from pytest_sentryintegration.hooks.redirecting import HELD, NOTES, SESSIONS, SETTINGS, shared_by

COUNTS = pytest.StashKey[dict[str, Any]]()
DIFFERENCE = pytest.StashKey[str]()
WRITTEN = pytest.StashKey[str]()
"""What ``--sentry-allow-all`` has written."""
REPORTED = pytest.StashKey[str]()
"""What ``--sentry-report`` has written."""
_COMPARED = {
    "pytest_sentryintegration.matching.span_pattern",
    "pytest_sentryintegration.model.spans",
    "pytest_sentryintegration.model.traces",
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show in the report of a test that fails, in its fixtures too, what was captured."""
    report = yield
    if LEAKED in item.stash:
        _show_leak(report, item.stash[LEAKED])
        del item.stash[LEAKED]
    capture = item.stash.get(CAPTURE, None)
    dumping.note(item, report, call, capture)
    if capture is None:
        return report
    if report.failed and (text := capture.summary()):
        report.sections.append(("Captured Sentry", text))
        _attach_for_allure(item.config, text)
    if report.failed:
        report.sections.extend(capture.outputs())
    # pytest cuts an explanation of more than ten lines, to eight.
    if report.failed and (difference := item.stash.get(DIFFERENCE, None)):
        report.sections.append(("Span tree", difference))
    if report.when == "teardown":
        # pytest keeps the item to the end of the session; what was captured is not needed that long.
        del item.stash[CAPTURE], item.stash[EVENTS]
    return report


def _attach_for_allure(config: pytest.Config, text: str) -> None:
    """Hand *text* to allure-pytest, which shows no sections of a report; pytest-html does."""
    if config.pluginmanager.hasplugin("allure_listener"):
        import allure  # type: ignore[import-not-found,unused-ignore]

        allure.attach(text, "Captured Sentry", allure.attachment_type.TEXT)


def _show_leak(report: pytest.TestReport, text: str) -> None:
    """Have the test fail for it, whatever a mark or its `unittest.TestCase` have made of its outcome."""
    vars(report).pop("wasxfail", None)
    if not report.failed:
        report.outcome, report.longrepr = "failed", text
    elif text not in str(report.longrepr):
        report.sections.append(("Secrets sent to Sentry", text))


def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    """Explain how two span trees differ."""
    if op != "==" or not {type(left).__module__, type(right).__module__} & _COMPARED:
        return None
    from pytest_sentryintegration.words.trees import compare_lines

    lines = compare_lines(left, right)
    if lines is not None and len(lines) > 10 and RUNNING:
        RUNNING[-1].stash[DIFFERENCE] = "\n".join(lines)
    return lines


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Count what was sent, also for the controller of xdist; fail the run for what came outside of tests."""
    config = session.config
    output = getattr(config, "workeroutput", None)
    if said := dumping.finish(config):
        config.stash[REPORTED] = said
    if output is not None:
        output["sentryintegration_notes"] = list(NOTES)
    if HELD in config.stash:
        if config.stash[SETTINGS].has_policy:
            shared_by(config).take_strays(judged=config is SESSIONS[0])
        counts = shared_by(config).counts()
        if output is not None:
            output["sentryintegration"] = counts
            return
        _add(config, counts)
    counts = config.stash.get(COUNTS, {"lines": []})
    fails = any(counts[name]["counts"].get("fail") for name in ("late", "outside") if name in counts)
    if fails and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    listing = config.getoption("--sentry-allow-all")
    # A run that was interrupted has not reported everything.
    if listing is not None and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        from pytest_sentryintegration.words.allowing import write_lines

        try:
            config.stash[WRITTEN] = write_lines(Path(listing), counts["lines"])
        except OSError as error:
            config.stash[WRITTEN] = f"no lines of --sentry-allow-all: {error}"


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Add up what an xdist worker counted."""
    output = getattr(node, "workeroutput", {})
    NOTES.update(dict.fromkeys(output.get("sentryintegration_notes", ())))
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
    lines = [f"Sentry: {note}" for note in [*NOTES, *_unset(config.stash[SETTINGS].secrets)]]
    counts = config.stash.get(COUNTS, None)
    if counts is not None:
        from pytest_sentryintegration.words.summary import summary_lines

        lines += summary_lines(counts)
    lines += [f"Sentry: {config.stash[key]}" for key in (WRITTEN, REPORTED) if key in config.stash]
    for line in lines:
        terminalreporter.write_line(line)
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if lines and target and config.stash[SETTINGS].step_summary:
        _write_step_summary(Path(target), lines, terminalreporter)


def _write_step_summary(target: Path, lines: list[str], terminalreporter: pytest.TerminalReporter) -> None:
    from pytest_sentryintegration.report.step_summary import summary

    failed = [
        (report.nodeid, _said(report), text)
        for outcome in ("failed", "error")
        for report in terminalreporter.getreports(outcome)
        if (text := dict(report.sections).get("Captured Sentry"))
    ]
    try:
        with target.open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{summary(lines, failed)}\n")
    except OSError as error:
        terminalreporter.write_line(f"Sentry: no summary of the step: {error}")


def _said(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash is not None else report.longreprtext)


def _unset(secrets: tuple[str, ...]) -> list[str]:
    """Say which variables of ``sentry_secrets`` have no value: their names may be wrong."""
    if not secrets:
        return []
    from pytest_sentryintegration.inbox.secrets import unset_variables

    unset = unset_variables(secrets)
    if not unset:
        return []
    return [f"sentry_secrets does not search for {', '.join(unset)}: not set in the environment"]
