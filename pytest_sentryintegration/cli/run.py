"""``run``: a command that reports to a fake Sentry of its own."""

from __future__ import annotations

import tempfile
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pytest_sentryintegration.cli import DONE, NOT_MET, NOT_THERE, WRONG_USE
from pytest_sentryintegration.cli.asking import QUESTIONS, SERVER, TOKEN, Api
from pytest_sentryintegration.cli.child import Child
from pytest_sentryintegration.cli.conditions import KINDS, Asked, unmet
from pytest_sentryintegration.cli.options import Command, Option, WrongUse, one_of, path, seconds
from pytest_sentryintegration.cli.receiving import here, there
from pytest_sentryintegration.cli.telling import Telling, counts, say
from pytest_sentryintegration.evidence import Child as Started
from pytest_sentryintegration.evidence import Evidence
from pytest_sentryintegration.inbox.secrets import masked, secrets_of_settings, unset_variables
from pytest_sentryintegration.inbox.source import StoredInbox
from pytest_sentryintegration.model.nouns import NOUNS
from pytest_sentryintegration.report.manifest import Manifest, remove
from pytest_sentryintegration.server.child_environment import child_environment
from pytest_sentryintegration.store import Store
from pytest_sentryintegration.words.explaining import explain
from pytest_sentryintegration.words.losses import dropped

BUNDLERS: Final = ("VITE_", "NEXT_PUBLIC_", "REACT_APP_", "NUXT_PUBLIC_")
"""What variables begin with that bundlers put into a page."""


class Received(StoredInbox):
    """What a command has sent."""

    def __init__(self, store: Store, inbox: str, command: str) -> None:
        super().__init__(store, inbox)
        self.command = command
        self.ended: int | None = None
        """The exit code of the command."""

    def evidence(self) -> Evidence:
        """Return what is known about the sender."""
        child = Started(self.command, ended=self.ended, running=self.ended is None)
        return Evidence(children=(child,), connected=self.number() > 0)


def environment(dsn: str) -> dict[str, str]:
    """Return the environment of a command that reports with *dsn*, also from a page that it bundles."""
    return {**child_environment(dsn), **{f"{prefix}SENTRY_DSN": dsn for prefix in BUNDLERS}}


def _run(options: Namespace) -> int:
    command = options.command
    if not command:
        raise WrongUse("which command is to run? It stands after --, as in: run -- python app.py")
    if "secret" in options.fail_on and not options.secret:
        raise WrongUse("--fail-on secret needs to know what is secret: --secret env:NAME")
    try:
        secrets = secrets_of_settings(options.secret, "--secret")
    except ValueError as error:
        raise WrongUse(str(error)) from None
    unset = ", ".join(unset_variables(options.secret))
    if "secret" in options.fail_on and not secrets:
        raise WrongUse(f"--fail-on secret has nothing to look for: {unset} is not set in the environment")
    # Now: once the command has run it would be too late to say so.
    if options.dump is not None:
        _prepare_folder(options.dump)
    if options.report is not None:
        _check_writable(options.report)
    api = None if options.server is None else Api(options.server, options.token)
    with here() if api is None else there(api, Path(command[0]).name) as receiving:
        received = Received(receiving.store, receiving.inbox, command[0])
        say(f"SENTRY_DSN={receiving.dsn}")
        if unset:
            say(f"--secret does not look for {unset}: not set in the environment")
        child = Child(command, environment(receiving.dsn))
        started = time.monotonic()
        with Telling(receiving.store, receiving.inbox, options.secret):
            received.ended = code = child.run()
            took = time.monotonic() - started
            lacking = receiving.catch_up()
            failures, notes = unmet(received, options) if code == 0 else ([], [])
            lacking = receiving.catch_up() or lacking
        received.contents.update()
        if child.problem:
            say(child.problem)
        else:
            _summarize(received, code, took)
        failed = [text for text in (*failures, lacking) if text]
        texts = [masked(text, options.secret) for text in failed] or [f"exit code {code}"] * (code != 0)
        about = {"duration": took, "failure": "\n\n".join(texts)}
        problem = _write(received, options, "failed" if texts else "passed", about)
    for text in (*notes, *failures, lacking, problem):
        say(masked(text, options.secret))
    return code or (NOT_MET if failures else NOT_THERE if lacking else WRONG_USE if problem else DONE)


def _summarize(received: Received, code: int, took: float) -> None:
    contents = received.contents
    say(f"exit code {code} after {took:.1f} s; sent: {counts(contents)}")
    lost = dropped(contents)
    if lost:
        say(f"the senders report: {lost}")
    if not received.number():
        say(explain(received.evidence(), contents))


def _prepare_folder(folder: Path) -> None:
    try:
        if folder.exists() and not folder.is_dir():
            raise WrongUse(f"--dump: {folder} is not a folder")
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise WrongUse(f"--dump: {folder} cannot be written: {error.strerror}") from None
    if any(folder.glob("*.envelope")):
        # They would be mixed with those of this run.
        raise WrongUse(
            f"--dump: {folder} holds .envelope files already: choose another folder, or remove them"
        )


def _check_writable(target: Path) -> None:
    try:
        if target.exists():
            if not target.is_fifo():  # nobody may read it yet
                target.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=target.parent).close()
    except OSError as error:
        raise WrongUse(f"--report: {target} cannot be written: {error.strerror}") from None


def _write(received: Received, options: Namespace, outcome: str, about: dict[str, Any]) -> str:
    """Write dump and report, where they are asked for; return why one cannot be written, ``""`` for done."""
    try:
        if options.dump is not None:
            count = _dump(received, options.dump, outcome, about)
            say(f"{NOUNS['envelopes'].counted(count)} written to {options.dump}")
        if options.report is not None:
            from pytest_sentryintegration.report.building import build

            with tempfile.TemporaryDirectory(prefix="sentryintegration-") as folder:
                _dump(received, Path(folder), outcome, about)
                page, _ = build([Path(folder)])
            options.report.write_bytes(page)
            say(f"report written to {options.report}")
    except OSError as error:
        return f"{error.filename or 'what was sent'} cannot be written: {error.strerror}"
    return ""


def _dump(received: Received, folder: Path, outcome: str, about: dict[str, Any]) -> int:
    """Write what a command has sent into a folder, and return how many envelopes there are."""
    remove(folder)  # the manifest of files that somebody removed
    manifest = Manifest(folder, "run")
    entries = received.store.since(received.inbox)
    manifest.add(received.command, outcome, entries, named="run", **about)
    return len(received.contents.envelopes)


RUN: Final = Command(
    "run",
    "[options] -- COMMAND...",
    "Runs COMMAND with SENTRY_DSN set to a fake Sentry (also VITE_SENTRY_DSN,\n"
    "NEXT_PUBLIC_SENTRY_DSN, REACT_APP_SENTRY_DSN and NUXT_PUBLIC_SENTRY_DSN, for\n"
    "bundlers). Says on stderr what comes, then how much came in all. Terminal,\n"
    "output, signals and exit code are those of the command: 128 + n where signal n\n"
    "ended it, 127 where it is not found, 126 where it cannot be run; and 3 where it\n"
    f"was 0 and a condition is not met.\n\n{QUESTIONS}",
    (
        Option(
            "expect",
            "what has to come, at least once (or count=N times)",
            metavar="NOUN?QUERY",
            read=Asked.read,
            repeated=True,
        ),
        Option("refuse", "what must not come", metavar="NOUN?QUERY", read=Asked.read, repeated=True),
        Option(
            "fail-on",
            "error: an event of level error or above that no --expect asks for; invalid: anything that real"
            " Sentry would refuse, drop or trim; secret: a --secret anywhere in what was sent",
            metavar="error|invalid|secret",
            read=lambda text: one_of(text.strip(), KINDS, "error, invalid or secret"),
            repeated=True,
        ),
        Option(
            "secret",
            "what --fail-on secret looks for, in any encoding, and what is not shown: env:NAME, re:PATTERN or"
            " the text itself",
            metavar="TEXT",
            repeated=True,
        ),
        Option(
            "timeout",
            "how long to wait, once the command has ended, for what an --expect asks for",
            metavar="SECONDS",
            read=seconds,
            default=10.0,
        ),
        Option("dump", "write each envelope to a file DIR/run-001.envelope", metavar="DIR", read=path),
        Option("report", "write one HTML file that shows what was sent", metavar="FILE", read=path),
        replace(
            SERVER, help="a running fake Sentry to report to, into an inbox of its own, instead of a new one"
        ),
        TOKEN,
    ),
    _run,
    arguments="command",
    runs_a_command=True,
)
