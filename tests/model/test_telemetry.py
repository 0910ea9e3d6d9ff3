"""Logs, metrics, check-ins, sessions, client reports and feedback."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from pytest_sentryintegration.model import Discarded
from tests.model.sent import RECEIVED, TRACE, container, item, received

MOMENT = datetime(1970, 1, 1, 0, 1, 40, 500000, tzinfo=timezone.utc)
ATTRIBUTES = {"rows": {"value": 3, "type": "integer"}, "bare": "b"}


def test_a_log_has_all_that_was_sent() -> None:
    raw = {
        "timestamp": 100.5,
        "trace_id": TRACE,
        "span_id": "b" * 16,
        "level": "warn",
        "body": "slow",
        "attributes": ATTRIBUTES,
    }

    (log,) = received(container("log", raw)).logs

    assert (log.level, log.body, log.attributes) == ("warn", "slow", {"rows": 3, "bare": "b"})
    assert (log.trace_id, log.span_id, log.timestamp) == (TRACE, "b" * 16, MOMENT)
    assert (log.raw, log.item.type, log.envelope.project_id) == (raw, "log", "1")
    assert repr(log) == "<Log warn 'slow'>"


def test_a_log_drain_of_vercel_holds_logs() -> None:
    sent: dict[str, Any] = {"id": "1", "deploymentId": "d", "source": "build", "host": "h", "projectId": "p"}
    sent |= {"timestamp": 100500, "level": "error", "message": "slow", "requestId": TRACE}
    headers = {"integration": "vercel_logs", "content_type": "application/x-ndjson"}
    contents = received(item("integration", json.dumps(sent).encode() + b"\nnonsense\n", **headers))

    (log,) = contents.logs
    assert (log.level, log.body, log.trace_id, log.timestamp) == ("error", "slow", TRACE, MOMENT)
    assert (log.attributes["vercel.source"], log.raw, log.item.type) == ("build", sent, "integration")
    assert contents.spans == []


def test_a_browsers_report_of_a_failed_request_is_a_log() -> None:
    report = {"age": 1500, "url": "https://shop.example/", "body": {"type": "tcp.refused"}}
    headers = {"integration": "nel", "content_type": "application/reports+json"}

    (log,) = received(item("integration", [report, 7], **headers)).logs
    assert (log.level, log.body, log.trace_id, log.raw) == ("warn", "tcp.refused", None, report)
    assert log.timestamp == RECEIVED - timedelta(seconds=1.5)


@pytest.mark.parametrize("integration", ["vercel_logs", "nel"])
def test_a_log_drain_that_cannot_be_read_has_no_logs(integration: str) -> None:
    headers = {"integration": integration, "content_type": "application/json"}

    assert received(item("integration", b"nonsense", **headers)).logs == []


def test_a_metric_has_all_that_was_sent() -> None:
    raw = {
        "timestamp": 100.5,
        "trace_id": TRACE,
        "name": "cart",
        "type": "counter",
        "value": 2,
        "unit": "item",
        "attributes": ATTRIBUTES,
    }

    (metric,) = received(container("trace_metric", raw)).metrics

    assert (metric.name, metric.type, metric.value, metric.unit) == ("cart", "counter", 2, "item")
    assert (metric.attributes, metric.trace_id, metric.timestamp) == ({"rows": 3, "bare": "b"}, TRACE, MOMENT)
    assert repr(metric) == "<Metric counter cart 2>"


def test_a_check_in_has_all_that_was_sent() -> None:
    raw = {
        "check_in_id": "A" * 32,
        "monitor_slug": "nightly",
        "status": "ok",
        "duration": 2.5,
        "monitor_config": {"schedule": {}},
    }

    (check_in,) = received(item("check_in", raw)).check_ins

    assert (check_in.monitor_slug, check_in.status, check_in.id) == ("nightly", "ok", "a" * 32)
    assert (check_in.duration, check_in.monitor_config) == (2.5, {"schedule": {}})
    assert repr(check_in) == "<CheckIn nightly ok>"


def test_a_session_has_all_that_was_sent() -> None:
    raw = {
        "sid": "A" * 32,
        "status": "crashed",
        "errors": 2,
        "attrs": {"release": "1.2", "environment": "prod"},
    }

    (session,) = received(item("session", raw)).sessions

    assert (session.sid, session.status, session.errors, session.count) == ("a" * 32, "crashed", 2, 1)
    assert (session.release, session.environment) == ("1.2", "prod")
    assert repr(session) == "<Session crashed 1.2>"


def test_counted_sessions_are_one_for_each_status() -> None:
    aggregates = [{"started": "x", "exited": 3, "errored": 1, "crashed": 0, "abnormal": "many"}, None]

    sessions = received(item("sessions", {"aggregates": aggregates, "attrs": {"release": "1.2"}})).sessions

    read = [
        (session.sid, session.status, session.count, session.errors, session.release) for session in sessions
    ]
    assert read == [(None, "exited", 3, 0, "1.2"), (None, "errored", 1, 1, "1.2")]


def test_a_client_report_says_what_was_discarded() -> None:
    lost = {"reason": "before_send", "category": "error", "quantity": 2}

    (report,) = received(
        item("client_report", {"timestamp": 100.5, "discarded_events": [lost, None, {}]})
    ).client_reports

    assert report.discarded == (Discarded("before_send", "error", 2), Discarded("", "", 0))
    assert report.timestamp == MOMENT
    assert repr(report) == "<ClientReport 2 error before_send, 0  >"


def test_feedback_is_read_from_both_item_types() -> None:
    written = {"message": "broken", "name": "Jo", "contact_email": "jo@x.org", "url": "/pay"}
    contents = received(
        item("feedback", {"contexts": {"feedback": written}}),
        item("user_report", {"comments": "old", "name": "Al", "email": "al@x.org"}),
    )

    read = [(one.message, one.name, one.contact_email, one.url) for one in contents.feedback]
    assert read == [("broken", "Jo", "jo@x.org", "/pay"), ("old", "Al", "al@x.org", None)]
    assert contents.events == []
    assert repr(contents.feedback[0]) == "<Feedback 'broken'>"


NOUNS = {
    "log": ("logs", ["level", "body", "attributes", "trace_id", "span_id", "timestamp"]),
    "trace_metric": (
        "metrics",
        ["name", "type", "value", "unit", "attributes", "trace_id", "span_id", "timestamp"],
    ),
    "check_in": ("check_ins", ["monitor_slug", "status", "id", "duration", "monitor_config"]),
    "session": ("sessions", ["sid", "status", "count", "errors", "release", "environment"]),
    "client_report": ("client_reports", ["discarded", "timestamp"]),
    "feedback": ("feedback", ["message", "name", "contact_email", "url"]),
    "user_report": ("feedback", ["message", "name", "contact_email", "url"]),
}
SENT_NAMES = ["check_in_id", "sid", "attrs", "discarded_events", "contexts", "comments", "email"]


@pytest.mark.parametrize("wrong", [1, True, None, "text", [], [1], {}, {"feedback": 3}, 1e300])
@pytest.mark.parametrize("kind", NOUNS)
def test_fields_of_any_type_are_read_without_an_error(kind: str, wrong: Any) -> None:
    noun, names = NOUNS[kind]
    payload = dict.fromkeys((*names, *SENT_NAMES), wrong)
    sent = container(kind, payload) if kind in ("log", "trace_metric") else item(kind, payload)

    (made,) = getattr(received(sent), noun)

    assert len([getattr(made, name) for name in names]) == len(names)
    assert repr(made)


@pytest.mark.parametrize(("kind", "noun"), [("log", "logs"), ("trace_metric", "metrics")])
def test_one_without_its_container_is_read_too(kind: str, noun: str) -> None:
    (made,) = getattr(received(item(kind, {"body": "x", "name": "x"})), noun)

    assert made.raw == {"body": "x", "name": "x"}


@pytest.mark.parametrize("items", [None, 3, {}, [None, [], 3]])
def test_elements_that_are_no_objects_are_passed_over(items: Any) -> None:
    contents = received(item("log", {"items": items}), container("log", {"body": "after"}))

    assert [log.body for log in contents.logs] == ["after"]
