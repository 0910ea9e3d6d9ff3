"""The command as its users start it: a process of its own, with the environment that it is handed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pytest_sentryintegration import SentryEvents, span

KETTLE = Path(__file__).with_name("kettle.py")


def kettle(sentry_events: SentryEvents, degrees: str) -> int:
    command = [sys.executable, str(KETTLE), degrees]
    return subprocess.run(command, env=sentry_events.env, stderr=subprocess.DEVNULL, check=False).returncode


def test_heating_is_a_span_of_the_command(sentry_events: SentryEvents) -> None:
    assert kettle(sentry_events, "90") == 0

    command = sentry_events.transactions.find("kettle", release="kettle@1")
    assert command.tree == span("command", span("heat", "90 degrees"))
    assert not sentry_events.events


def test_boiling_over_is_a_warning_with_the_reading(sentry_events: SentryEvents) -> None:
    kettle(sentry_events, "120")

    event = sentry_events.messages.find("The kettle boils over", level="warning")
    assert event.attachments["reading.json"].json == {"degrees": 120}


def test_a_crash_is_reported_before_the_process_ends(sentry_events: SentryEvents) -> None:
    assert kettle(sentry_events, "warm") == 1

    assert sentry_events.errors.find(ValueError).exception.handled is False
    assert sentry_events.transactions.find("kettle").status != "ok"
