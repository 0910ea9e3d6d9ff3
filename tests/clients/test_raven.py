"""raven 6.10, sentry-sdk's predecessor: compressed JSON to the store endpoint, authenticated by a secret."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration.inbox.events import SentryEvents
from tests.clients.conftest import PROGRAMS, Run, installed, types

pytestmark = pytest.mark.clients


@pytest.fixture
def sent(sentry_events: SentryEvents, run: Run) -> dict[str, Any]:
    dsn = sentry_events.dsn.replace("@", ":a1b2c3@")
    return run(installed("raven"), "-W", "ignore", PROGRAMS / "raven_client.py", SENTRY_DSN=dsn)


def test_what_arrived_is_what_raven_sent(sentry_events: SentryEvents, sent: dict[str, Any]) -> None:
    assert [event.id for event in sentry_events] == sent["ids"]
    assert len(sentry_events.envelopes) == sent["requests"] == 3
    assert types(sentry_events) == {"event": 3}
    assert not sent["failed"]
    assert not sentry_events.refused


@pytest.mark.usefixtures("sent")
def test_raven_events_are_read(sentry_events: SentryEvents) -> None:
    message = sentry_events.messages.find(level="warning", environment="staging")
    assert message.tags == {"region": "eu", "site": "shop"}
    assert message.user == {"id": 42, "email": "jane@example.com"}
    assert message.extra["rows"] == ["1", "2"]
    assert [(crumb.category, crumb.message) for crumb in message.breadcrumbs] == [("auth", "logged in")]

    error = sentry_events.errors.find(ValueError, release="1.2.3", fingerprint=["cart"])
    assert error.exception is not None
    assert error.exception.value == "no such cart: ünïcode"
    assert error.exception.frames[-1].function == "<module>"

    query = sentry_events.messages.find("SELECT 1")
    assert query.raw["sentry.interfaces.Query"] == {"query": "SELECT 1", "engine": "postgres"}


@pytest.mark.usefixtures("sent")
def test_a_raven_message_is_formatted_with_its_parameters(sentry_events: SentryEvents) -> None:
    message = sentry_events.messages.find(level="warning")
    assert message.message == message.verdict.stored["logentry"]["formatted"] == "Spec failed: 'structure'"


@pytest.mark.usefixtures("sent")
def test_a_raven_level_in_numbers_is_read(sentry_events: SentryEvents) -> None:
    error = sentry_events.errors.find(ValueError)
    assert error.level == error.verdict.stored["level"] == "error"
