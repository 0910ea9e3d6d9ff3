"""``run``: a command that reports to a fake Sentry of its own."""

from __future__ import annotations

import time
from argparse import Namespace
from typing import Final

from pytest_sentryintegration.cli.child import Child
from pytest_sentryintegration.cli.options import Command, WrongUse
from pytest_sentryintegration.cli.telling import Telling, counts, say
from pytest_sentryintegration.evidence import Child as Started
from pytest_sentryintegration.evidence import Evidence
from pytest_sentryintegration.inbox.source import StoredInbox
from pytest_sentryintegration.server.child_environment import child_environment
from pytest_sentryintegration.server.fake_sentry import FakeSentry
from pytest_sentryintegration.store import STRAYS, Store
from pytest_sentryintegration.words.explaining import explain
from pytest_sentryintegration.words.losses import dropped

BUNDLERS: Final = ("VITE_", "NEXT_PUBLIC_", "REACT_APP_", "NUXT_PUBLIC_")
"""What variables begin with that bundlers put into a page."""


class Received(StoredInbox):
    """What a command has sent."""

    def __init__(self, store: Store, inbox: str, command: str) -> None:
        super().__init__(store, inbox)
        self._command = command
        self.ended: int | None = None
        """The exit code of the command."""

    def evidence(self) -> Evidence:
        """Return what is known about the sender."""
        child = Started(self._command, ended=self.ended, running=self.ended is None)
        return Evidence(children=(child,), connected=self.number() > 0)


def environment(dsn: str) -> dict[str, str]:
    """Return the environment of a command that reports with *dsn*, also from a page that it bundles."""
    return {**child_environment(dsn), **{f"{prefix}SENTRY_DSN": dsn for prefix in BUNDLERS}}


def _run(options: Namespace) -> int:
    command = options.command
    if not command:
        raise WrongUse("which command is to run? It stands after --, as in: run -- python app.py")
    with FakeSentry() as sentry:
        received = Received(sentry.store, STRAYS, command[0])
        say(f"SENTRY_DSN={sentry.dsn()}")
        child = Child(command, environment(sentry.dsn()))
        started = time.monotonic()
        with Telling(sentry.store, STRAYS):
            received.ended = code = child.run()
        received.contents.update()
        if child.problem:
            say(child.problem)
        else:
            _summarize(received, code, time.monotonic() - started)
    return code


def _summarize(received: Received, code: int, seconds: float) -> None:
    contents = received.contents
    say(f"exit code {code} after {seconds:.1f} s; sent: {counts(contents)}")
    lost = dropped(contents)
    if lost:
        say(f"the senders report: {lost}")
    if not received.number():
        say(explain(received.evidence(), contents))


RUN: Final = Command(
    "run",
    "run a command with a fake Sentry of its own, and say what it sent",
    "[options] -- COMMAND...",
    "Runs COMMAND with SENTRY_DSN set to a fake Sentry (also VITE_SENTRY_DSN, NEXT_PUBLIC_SENTRY_DSN,\n"
    "REACT_APP_SENTRY_DSN and NUXT_PUBLIC_SENTRY_DSN, for bundlers). Says on stderr what comes, then\n"
    "how much came in all. Terminal, output, signals and exit code are those of the command: 128 + n\n"
    "where signal n ended it, 127 where it is not found, 126 where it cannot be run.",
    (),
    _run,
    arguments="command",
    runs_a_command=True,
)
