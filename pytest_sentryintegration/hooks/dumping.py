"""The dump of a run and its report: what becomes of each test, and what it sent, written as tests end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_sentryintegration.hooks.redirecting import HELD, NOTES, shared_by

if TYPE_CHECKING:
    from pytest_sentryintegration.report.manifest import Manifest

MANIFEST = pytest.StashKey["Manifest"]()
NOTED = pytest.StashKey[dict[str, Any]]()
"""On a test that runs: what is known of it so far."""
TEMPORARY = pytest.StashKey[Path]()
"""The dump that a report is made of, where no other is asked for."""


def is_on(config: pytest.Config) -> bool:
    """Whether this run writes a dump."""
    return config.getoption("--sentry-dump") is not None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist where to write: it is given the command line, not what became of it."""
    node.workerinput["sentryintegration_dump"] = node.config.getoption("--sentry-dump")


def prepare(config: pytest.Config) -> None:
    """Make the paths absolute, and remove the dump of an earlier run."""
    if hasattr(config, "workerinput"):
        config.option.sentry_dump = config.workerinput["sentryintegration_dump"]
        return
    report, folder = config.getoption("--sentry-report"), config.getoption("--sentry-dump")
    if report is not None:
        target = (config.invocation_params.dir / report).resolve()
        config.option.sentry_report = str(target)
        if target.is_dir():
            raise pytest.UsageError(f"--sentry-report: {target} is a folder; give a file")
        if not target.exists():
            _make_folder("--sentry-report", target.parent)
        elif not os.access(target, os.W_OK):
            raise pytest.UsageError(f"--sentry-report: the file {target} cannot be written")
        if folder is None:
            folder = config.stash[TEMPORARY] = Path(tempfile.mkdtemp(prefix="sentryintegration-"))
    if folder is not None:
        from pytest_sentryintegration.report.manifest import remove

        path = (config.invocation_params.dir / folder).resolve()
        config.option.sentry_dump = str(path)
        _make_folder("--sentry-dump", path)
        remove(path)
        config.pluginmanager.register(Collecting(config), "sentryintegration-collecting")


def _make_folder(option: str, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"{option}: the folder {folder} cannot be made: {error.strerror}") from error
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise pytest.UsageError(
            f"{option}: nothing can be written in the folder {folder}: {error.strerror}"
        ) from error


class Collecting:
    """Writes which files pytest could not collect: their tests, which may be all there are, never begin."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Write it. The controller of xdist is told what its workers found, once."""
        if report.failed:
            from pytest_sentryintegration.report.manifest import UNCOLLECTED

            failure = str(report.longreprtext)
            _write(self._config, lambda to: to.add(report.nodeid, UNCOLLECTED, [], failure=failure))


def begin(item: pytest.Item) -> None:
    """Write that a test begins: one that ends the process is known by that."""
    if is_on(item.config):
        item.stash[NOTED] = {"outcome": "passed", "duration": 0.0}
        _write(item.config, lambda to: to.begin(item.nodeid))


def note(item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[Any], capture: Any) -> None:
    """Take note of one phase of a test; write all of it after the last one.

    Args:
        item: The test.
        report: Of its setup, its call or its teardown.
        call: What ended it.
        capture: What captures for it; ``None`` where nothing does.
    """
    noted = item.stash.get(NOTED, None)
    if noted is None:
        return
    noted["duration"] += report.duration
    noted["outcome"] = _outcome(report, noted["outcome"])
    if report.failed:
        failure = str(report.longreprtext)
        noted["failure"] = f"{noted['failure']}\n\n{failure}" if "failure" in noted else failure
        # An exception whose `__str__` raises has a text here, too.
        noted.update(_evidence(capture, call.excinfo.exconly() if call.excinfo is not None else ""))
    if report.when == "teardown":
        del item.stash[NOTED]
        entries = [] if capture is None else capture.entries()
        _write(item.config, lambda to: to.add(item.nodeid, entries=entries, **noted))


def finish(config: pytest.Config) -> str:
    """Write what came outside of tests; of a whole run also the report, and say so in a sentence."""
    if HELD in config.stash and is_on(config):
        strays = shared_by(config).strays()
        if strays:
            _write(config, lambda to: to.add("outside of tests", "", strays))
    target = config.getoption("--sentry-report")
    if target is None or hasattr(config, "workerinput"):
        return ""
    from pytest_sentryintegration.report.building import build

    page, lacking = build([Path(config.getoption("--sentry-dump"))])
    try:
        Path(target).write_bytes(page)
    except OSError as error:
        # The temporary folder stays: it has what the run captured.
        again = f"sentryintegration report {config.getoption('--sentry-dump')} -o FILE"
        return f"no report: {error}; to make it elsewhere: {again}"
    if TEMPORARY in config.stash:
        shutil.rmtree(config.stash[TEMPORARY], ignore_errors=True)
    return " ".join([f"report written to {target}", *(f"({sentence})" for sentence in lacking[:3])])


def _write(config: pytest.Config, write: Callable[[Manifest], None]) -> None:
    """Write into the dump. Where that fails, as on a full disk, the run goes on, and its summary says so."""
    try:
        write(_manifest_of(config))
    except OSError as error:
        # Without the name of the file: else there is a note for each test.
        folder = config.getoption("--sentry-dump")
        NOTES[f"the dump lacks something: {error.strerror or error}: {folder}"] = None


def _manifest_of(config: pytest.Config) -> Manifest:
    # When there is something to write: the controller of xdist has only what could not be collected.
    if MANIFEST not in config.stash:
        from pytest_sentryintegration.report.manifest import Manifest

        worker: Mapping[str, Any] = getattr(config, "workerinput", {})
        folder = Path(config.getoption("--sentry-dump"))
        config.stash[MANIFEST] = Manifest(folder, worker.get("workerid", "main"))
    return config.stash[MANIFEST]


def _outcome(report: pytest.TestReport, before: str) -> str:
    if before in ("failed", "error"):
        return before
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    return "skipped" if report.skipped else before


def _evidence(capture: Any, error: str) -> dict[str, Any]:
    """Return the nearest misses of what a test asked for, or why nothing came."""
    reader = getattr(capture, "reader", None)
    if reader is None:
        return {}
    contents = reader.source.contents
    contents.update()
    found: dict[str, Any] = {}
    if not contents.envelopes:
        from pytest_sentryintegration.words.explaining import reasons

        found["reasons"] = reasons(reader.evidence(), contents)
    if reader.unmet is not None and reader.unmet.text in error:
        from pytest_sentryintegration.web.captured import nearest_of

        query = reader.unmet.query
        found["nearest"] = nearest_of(query, list(reader.objects(query.noun)))
    return found
