"""Section 4, the table of objects: what is neither an event nor a span, and what came on the wire."""

from __future__ import annotations

import importlib
import time
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.crons import capture_checkin

from pytest_sentryintegration import SentryEvents
from tests.contract.sending import LOGS, OPTIONS, REAL_DSN, TRACE, envelope, event, fail, post, request, root


def container(kind: str, content: str, *items: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """An item that holds several."""
    header = {
        "type": kind,
        "item_count": len(items),
        "content_type": f"application/vnd.sentry.items.{content}+json",
    }
    return header, {"version": 2, "items": list(items)}


def test_a_log_has_level_body_attributes_and_its_trace(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS, **LOGS)
    logger: Any = importlib.import_module("sentry_sdk.logger")
    with root("checkout", "task"):
        logger.warning("paid {amount}", amount=7)
    log = sentry_events.logs.find("paid 7")
    assert log.level == "warn"
    assert log.attributes["sentry.message.parameter.amount"] == 7
    tree = sentry_events.transactions.find("checkout").tree
    assert (log.trace_id, log.span_id) == (tree.trace_id, tree.span_id)
    assert log.timestamp is not None


def test_logs_of_another_process_are_read_from_their_container(sentry_events: SentryEvents) -> None:
    one = {"timestamp": time.time(), "trace_id": TRACE, "level": "info", "body": "one", "attributes": {}}
    two = {**one, "body": "two", "attributes": {"n": {"value": 3, "type": "integer"}}}
    post(sentry_events.dsn, container("log", "log", one, two))
    assert [log.body for log in sentry_events.logs] == ["one", "two"]
    assert sentry_events.logs.find("two", attributes={"n": 3}).trace_id == TRACE


def test_a_metric_has_name_type_value_unit_and_attributes(sentry_events: SentryEvents) -> None:
    metric = {"timestamp": time.time(), "trace_id": TRACE, "name": "paid", "type": "distribution"}
    more = {"value": 7.5, "unit": "euro", "attributes": {"card": {"value": "visa", "type": "string"}}}
    post(sentry_events.dsn, container("trace_metric", "trace-metric", {**metric, **more}))
    seen = sentry_events.metrics.find("paid")
    assert (seen.name, seen.type, seen.value, seen.unit) == ("paid", "distribution", 7.5, "euro")
    assert seen.attributes == {"card": "visa"}


def test_a_check_in_has_its_monitor_status_and_duration(sentry_events: SentryEvents) -> None:
    schedule: Any = {"schedule": {"type": "crontab", "value": "0 3 * * *"}}
    identity = capture_checkin("nightly", status="in_progress", monitor_config=schedule)
    capture_checkin("nightly", check_in_id=identity, status="ok", duration=2.5)
    begun, ended = sentry_events.check_ins.wait(2, "nightly")
    assert (begun.monitor_slug, begun.status, begun.id) == ("nightly", "in_progress", identity)
    assert begun.monitor_config == schedule
    assert (ended.status, ended.id, ended.duration) == ("ok", identity, 2.5)


def test_a_session_has_status_errors_and_release(sentry_events: SentryEvents) -> None:
    identity = "5e8f42e1-9a2c-4d1a-8d5c-5f1e0a7f3c11"
    attrs = {"release": "shop@1", "environment": "staging"}
    times = {"started": "2026-01-01T00:00:00Z", "timestamp": "2026-01-01T00:00:01Z"}
    session = {"sid": identity, "status": "crashed", "errors": 2, "init": True, "attrs": attrs, **times}
    post(sentry_events.dsn, ({"type": "session"}, session))
    seen = sentry_events.sessions.find()
    assert (str(seen.sid).replace("-", ""), seen.status, seen.errors) == (
        identity.replace("-", ""),
        "crashed",
        2,
    )
    assert (seen.release, seen.environment) == ("shop@1", "staging")


def drop(event: Any, hint: Any) -> None:
    """Let nothing through."""


@pytest.mark.sentry(before_send=drop)
def test_a_client_report_says_what_was_discarded_and_why(sentry_events: SentryEvents) -> None:
    sentry_sdk.capture_message("a")
    sentry_sdk.capture_message("b")
    report = sentry_events.client_reports.find()
    (discarded,) = report.discarded
    assert (discarded.reason, discarded.category, discarded.quantity) == ("before_send", "error", 2)
    assert len(sentry_events.events) == 0


def test_feedback_has_message_name_address_and_url(sentry_events: SentryEvents) -> None:
    said = {
        "message": "I like it",
        "name": "Ada",
        "contact_email": "ada@example.org",
        "url": "https://shop.example/",
    }
    payload = {"event_id": "9ec79c33ec9942ab8353589fcb2e04dc", "contexts": {"feedback": said}}
    post(sentry_events.dsn, ({"type": "feedback"}, payload))
    seen = sentry_events.feedback.find("I like it")
    assert (seen.message, seen.name) == (said["message"], said["name"])
    assert (seen.contact_email, seen.url) == (said["contact_email"], said["url"])
    assert len(sentry_events.events) == 0


def test_profiles_replays_and_what_nobody_knows_are_items(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, ({"type": "profile"}, {"v": 1}), ({"type": "of_the_future"}, b"\x00\n\x01"))
    assert sentry_events.items.find("profile").json == {"v": 1}
    assert sentry_events.items.find("of_the_future").payload == b"\x00\n\x01"


def test_an_envelope_has_headers_items_project_time_and_test(sentry_events: SentryEvents) -> None:
    sent_at = "2026-01-01T00:00:00Z"
    post(sentry_events.dsn, event("a"), ({"type": "attachment", "filename": "x"}, b"x"), sent_at=sent_at)
    seen = sentry_events.envelopes.find("event")
    assert seen.headers["sent_at"] == sent_at
    assert [item.type for item in seen.items] == ["event", "attachment"]
    assert seen.project_id == "1"
    assert seen.received.tzinfo is not None
    assert "test_an_envelope_has_headers_items_project_time_and_test" in seen.test


def test_an_item_has_type_headers_payload_and_envelope(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, ({"type": "event", "x": 1}, b'{"message": "a"}'))
    item = sentry_events.items.find("event")
    assert (item.type, item.headers["x"], item.payload) == ("event", 1, b'{"message": "a"}')
    assert item.json == {"message": "a"}
    assert item.envelope is sentry_events.envelopes[0]


def test_a_refused_request_is_kept_with_its_reason_and_bytes(sentry_events: SentryEvents) -> None:
    answer = request(sentry_events.dsn, "envelope", b"not an envelope")
    refused = sentry_events.refused.find()
    assert (answer.status, refused.status) == (400, 400)
    assert "invalid event envelope" in refused.reason
    assert refused.body == b"not an envelope"
    assert refused.received.tzinfo is not None
    headers = {name.lower(): value for name, value in dict(refused.headers).items()}
    assert headers["content-length"] == "15"
    assert len(sentry_events.envelopes) == 0


def test_a_path_that_nobody_serves_is_refused_with_404(sentry_events: SentryEvents) -> None:
    assert request(sentry_events.dsn, "nothing-here", b"x").status == 404
    assert sentry_events.refused.find(status=404).body == b"x"


def test_an_older_client_may_store_an_event(sentry_events: SentryEvents) -> None:
    answer = request(sentry_events.dsn, "store", b'{"message": "old", "level": "info"}')
    assert answer.status == 200
    assert sentry_events.messages.find("old").level == "info"


def test_a_report_of_a_browsers_policy_is_an_event(sentry_events: SentryEvents) -> None:
    report = b'{"csp-report": {"document-uri": "https://a.example/", "violated-directive": "img-src"}}'
    answer = request(sentry_events.dsn, "security", report, Content_Type="application/csp-report")
    assert answer.status == 200
    assert len(sentry_events.envelopes) == 1


def test_a_cron_job_may_check_in_by_its_path(sentry_events: SentryEvents) -> None:
    body = b'{"status": "ok", "duration": 3}'
    answer = request(sentry_events.dsn, "cron/nightly", body, Content_Type="application/json")
    assert answer.status == 202
    assert sentry_events.check_ins.find("nightly").status == "ok"


def test_malformed_json_is_accepted_on_the_wire_and_kept(sentry_events: SentryEvents) -> None:
    answer = post(sentry_events.dsn, ({"type": "event"}, b'{"message": '))
    assert answer.status == 200
    assert sentry_events.items.find("event").payload == b'{"message": '
    assert len(sentry_events.envelopes) == 1


def test_nothing_of_a_large_envelope_is_lost(sentry_events: SentryEvents) -> None:
    big = bytes(range(256)) * 4096
    body = envelope(event("big"), ({"type": "attachment", "filename": "big.bin"}, big))
    assert request(sentry_events.dsn, "envelope", body).status == 200
    assert sentry_events.attachments.find("big.bin").payload == big


def test_errors_and_attachments_of_several_projects_stay_apart(sentry_events: SentryEvents) -> None:
    one = sentry_events.dsn
    two = one.rpartition("/")[0] + "/2"
    post(one, event("in one"))
    post(two, event("in two"))
    fail(ValueError("here"))
    assert sentry_events.events.find(project_id="2").message == "in two"
    assert {seen.project_id for seen in sentry_events} >= {"1", "2"}
