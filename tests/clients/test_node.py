"""@sentry/node, which streams its spans."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration import span
from pytest_sentryintegration.inbox.events import SentryEvents
from tests.clients.conftest import NODE, Run, node, types

pytestmark = pytest.mark.clients


@pytest.fixture
def said(run: Run) -> dict[str, Any]:
    return run(node(), NODE / "send.mjs")


def test_what_arrived_is_what_node_sent(sentry_events: SentryEvents, said: dict[str, Any]) -> None:
    assert types(sentry_events) == said["sent"]
    assert {"event", "attachment", "span", "log", "trace_metric", "check_in", "feedback"} <= set(said["sent"])
    assert [said["sent"][kind] for kind in ("event", "attachment", "check_in", "session")] == [2, 2, 2, 2]
    assert not sentry_events.refused
    assert {event.sdk["version"] for event in sentry_events} == {"11.12.0"}


@pytest.mark.usefixtures("said")
def test_node_events_are_read(sentry_events: SentryEvents) -> None:
    message = sentry_events.find("spec failed", level="warning", environment="staging")
    assert message.tags == {"region": "eu"}
    assert message.user == {"id": "42", "email": "jane@example.com"}
    assert [(crumb.category, crumb.message) for crumb in message.breadcrumbs] == [("auth", "logged in")]

    error = sentry_events.errors.find("no such cart: ünïcode", release="shop@1.2.3")
    assert [(one.type, one.value) for one in error.exceptions] == [
        ("Error", "inner"),
        ("TypeError", "no such cart: ünïcode"),
    ]
    assert {name: file.payload for name, file in error.attachments.items()} == {
        "query.sql": b"DROP TABLES ;\n",
        "every.bin": bytes(range(256)),
    }


@pytest.mark.usefixtures("said")
def test_a_message_with_a_stack_trace_of_node_is_a_message(sentry_events: SentryEvents) -> None:
    assert [event.message for event in sentry_events.messages] == ["spec failed"]
    assert [event.message for event in sentry_events.errors] == [None]


def test_streamed_spans_of_node_are_a_tree(sentry_events: SentryEvents, said: dict[str, Any]) -> None:
    transaction = sentry_events.transactions.find("checkout", trace_id=said["traceId"])
    assert transaction.tree == span(
        "http.server",
        "checkout",
        span("db.query", "SELECT * FROM cart", data={"rows": 3}),
        span("cache.get", "GET cart"),
    )
    assert len(sentry_events.spans) == 3


def test_node_telemetry_is_read(sentry_events: SentryEvents, said: dict[str, Any]) -> None:
    assert [(log.level, log.body, log.trace_id == said["traceId"]) for log in sentry_events.logs] == [
        ("info", "cart opened", True),
        ("warn", "cart 7 is slow", True),
    ]
    assert [(metric.type, metric.name, metric.value, metric.unit) for metric in sentry_events.metrics] == [
        ("counter", "carts", 2, None),
        ("gauge", "queue", 5, None),
        ("distribution", "latency", 12.5, "millisecond"),
    ]
    assert [(report.status, report.id, report.duration) for report in sentry_events.check_ins] == [
        ("in_progress", said["checkInId"], None),
        ("ok", said["checkInId"], 1.5),
    ]


@pytest.mark.usefixtures("said")
def test_node_feedback_sessions_and_reports_are_read(sentry_events: SentryEvents) -> None:
    feedback = sentry_events.feedback.find("nice shop")
    assert (feedback.name, feedback.contact_email, feedback.url) == (
        "Jane",
        "jane@example.com",
        "http://shop/cart",
    )
    began, session = sentry_events.sessions
    assert (began.status, session.status, began.sid) == ("ok", "exited", session.sid)
    assert (session.release, session.environment, session.errors) == ("shop@1.2.3", "staging", 1)
    (report,) = sentry_events.client_reports
    assert [tuple(lost) for lost in report.discarded] == [("before_send", "error", 1)]
