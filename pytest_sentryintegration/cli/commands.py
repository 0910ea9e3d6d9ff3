"""All commands, in the order in which the help lists them."""

from __future__ import annotations

from typing import Final

from pytest_sentryintegration.cli.options import Command

SUMMARIES: Final = {
    "serve": "run a fake Sentry for development and end-to-end tests",
    "run": "run a command with a fake Sentry of its own, and say what it sent",
    "wait": "wait until a running fake Sentry has been sent something",
    "show": "print .envelope files: events, trees, verdicts",
    "report": "make one page of dumps: tests, what they sent, verdicts",
}
"""What each command does, by its name."""


def find_command(name: str) -> Command | None:
    """Return the command of that name; ``None`` where there is none.

    Only its own module is imported: all of them take half a second.
    """
    if name == "serve":
        from pytest_sentryintegration.cli.serve import SERVE

        return SERVE
    if name == "run":
        from pytest_sentryintegration.cli.run import RUN

        return RUN
    if name == "wait":
        from pytest_sentryintegration.cli.wait import WAIT

        return WAIT
    if name == "show":
        from pytest_sentryintegration.cli.show import SHOW

        return SHOW
    if name == "report":
        from pytest_sentryintegration.cli.report import REPORT

        return REPORT
    return None
