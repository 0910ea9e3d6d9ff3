"""sentry-sdk: the oldest that is supported, the newest 2.x, and the pre-release 3."""

from __future__ import annotations

import pytest

from pytest_sentryintegration import span
from pytest_sentryintegration.inbox.events import SentryEvents
from tests.clients.conftest import PROGRAMS, Run, installed, types

pytestmark = pytest.mark.clients


@pytest.fixture(params=["sdk-oldest", "sdk-newest", "sdk-3"])
def sent(request: pytest.FixtureRequest, run: Run) -> dict[str, int]:
    """What the client handed to its connection, by item type."""
    return run(installed(request.param), PROGRAMS / "python_sdk.py")


def test_what_arrived_is_what_sentry_sdk_sent(sentry_events: SentryEvents, sent: dict[str, int]) -> None:
    assert types(sentry_events) == sent
    assert {kind: sent[kind] for kind in ("event", "attachment", "check_in")} == {
        "event": 2,
        "attachment": 2,
        "check_in": 2,
    }
    assert not sentry_events.refused


@pytest.mark.usefixtures("sent")
def test_sentry_sdk_events_are_read(sentry_events: SentryEvents) -> None:
    message = sentry_events.messages.find("spec failed", level="warning", environment="staging")
    assert message.tags == {"region": "eu"}
    assert message.user == {"id": "42", "email": "jane@example.com"}
    assert [(crumb.category, crumb.message) for crumb in message.breadcrumbs] == [("auth", "logged in")]

    error = sentry_events.errors.find(ValueError, release="shop@1.2.3")
    assert [(one.type, one.value) for one in error.exceptions] == [
        ("KeyError", "'cart'"),
        ("ValueError", "no such cart: ünïcode"),
    ]
    assert {name: file.payload for name, file in error.attachments.items()} == {
        "query.sql": b"DROP TABLES ;\n",
        "every.bin": bytes(range(256)),
    }


@pytest.mark.usefixtures("sent")
def test_sentry_sdk_spans_are_a_tree(sentry_events: SentryEvents) -> None:
    transaction = sentry_events.transactions.find("checkout", op="http.server")
    assert transaction.tree == span(
        "http.server",
        span("db.query", "SELECT * FROM cart", data={"rows": 3}),
        span("cache.get", "GET cart"),
    )
    assert len(sentry_events.spans) == 3


@pytest.mark.usefixtures("sent")
def test_sentry_sdk_telemetry_is_read(sentry_events: SentryEvents) -> None:
    assert [(log.level, log.body) for log in sentry_events.logs] == [
        ("info", "cart 7 opened"),
        ("warn", "cart is slow"),
    ]
    assert [(metric.type, metric.name, metric.value, metric.unit) for metric in sentry_events.metrics] == [
        ("counter", "carts", 2, None),
        ("gauge", "queue", 5, None),
        ("distribution", "latency", 12.5, "millisecond"),
    ]
    began, ended = sentry_events.check_ins
    assert (began.monitor_slug, began.status, began.id) == ("nightly", "in_progress", ended.id)
    assert began.monitor_config == {"schedule": {"type": "crontab", "value": "0 3 * * *"}}
    assert (ended.status, ended.duration) == ("ok", 1.5)


@pytest.mark.usefixtures("sent")
def test_sentry_sdk_sessions_and_reports_are_read(sentry_events: SentryEvents) -> None:
    session = sentry_events.sessions.find("exited")
    assert (session.release, session.environment) == ("shop@1.2.3", "staging")
    discarded = [lost for report in sentry_events.client_reports for lost in report.discarded]
    assert [tuple(lost) for lost in discarded] == [("before_send", "error", 1)]
