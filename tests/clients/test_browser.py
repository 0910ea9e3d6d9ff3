"""@sentry/browser in headless Chromium, on a page of another origin."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from pytest_sentryintegration import span
from pytest_sentryintegration.inbox.events import SentryEvents
from tests.clients.conftest import types
from tests.clients.page import visit

pytestmark = pytest.mark.clients


@pytest.fixture
def said(sentry_events: SentryEvents, script: Path, tmp_path: Path) -> dict[str, Any]:
    return visit(script, tmp_path / "profile", sentry_events.env)


def test_what_arrived_is_what_the_browser_sent(sentry_events: SentryEvents, said: dict[str, Any]) -> None:
    assert types(sentry_events) == said["sent"]
    assert {"span", "log", "trace_metric", "feedback", "session", "client_report"} <= set(said["sent"])
    assert [said["sent"][kind] for kind in ("event", "attachment", "feedback")] == [2, 2, 1]
    assert not sentry_events.refused


def test_the_browser_asks_first_and_is_allowed(sentry_events: SentryEvents, said: dict[str, Any]) -> None:
    headers = [dict(envelope.arrival.headers) for envelope in sentry_events.envelopes]
    # Chromium sends a header of the page's own to another origin only after a preflight that allows it.
    assert {(one["origin"], one["x-requested-with"]) for one in headers} == {(said["origin"], "page")}
    assert said["origin"] != sentry_events.url


def test_browser_errors_are_read(sentry_events: SentryEvents, said: dict[str, Any]) -> None:
    caught = sentry_events.errors.find("no such cart: ünïcode", release="shop@1.2.3", environment="staging")
    assert caught.exception is not None
    assert (caught.exception.type, caught.exception.handled) == ("TypeError", True)
    assert caught.tags["region"] == "eu"
    assert caught.attachments["every.bin"].payload == bytes(range(256))
    assert caught.request["url"].startswith(f"{said['origin']}/?dsn=")
    clicks = [crumb.message for crumb in caught.breadcrumbs if crumb.category == "ui.click"]
    assert clicks == ["body > button"]

    uncaught = sentry_events.errors.find("nobody caught this")
    assert uncaught.exception is not None
    assert (uncaught.exception.type, uncaught.exception.handled) == ("RangeError", False)


def test_streamed_spans_of_the_browser_are_a_tree(sentry_events: SentryEvents, said: dict[str, Any]) -> None:
    tree = sentry_events.transactions.find("checkout", trace_id=said["traceId"]).tree
    assert tree == span("ui.action", "checkout", span("http.client", "GET cart", data={"rows": 3}))


def test_browser_telemetry_is_read(sentry_events: SentryEvents, said: dict[str, Any]) -> None:
    log = sentry_events.logs.find("cart opened", level="info", trace_id=said["traceId"])
    assert log.attributes["cart"] == 7
    assert [(metric.name, metric.value) for metric in sentry_events.metrics] == [("carts", 2)]
    feedback = sentry_events.feedback.find("nice shop")
    assert (feedback.name, feedback.contact_email) == ("Jane", "jane@example.com")
    assert (feedback.url or "").startswith(said["origin"])
    assert sentry_events.attachments.find("screen.txt").text == "pixels"
    assert {session.status for session in sentry_events.sessions} == {"ok", "unhandled"}
    discarded = [lost for report in sentry_events.client_reports for lost in report.discarded]
    assert ("before_send", "error", 1) in discarded


def test_a_replay_of_the_browser_is_in_items(sentry_events: SentryEvents, said: dict[str, Any]) -> None:
    recorded: list[Any] = []
    segments = [event.envelope for event in sentry_events.items.where("replay_event")]
    for number, (event, recording) in enumerate(segment.items for segment in segments):
        assert (event.json["replay_id"], event.json["segment_id"]) == (said["replayId"], number)
        header, _, compressed = recording.payload.partition(b"\n")
        assert (recording.type, json.loads(header)) == ("replay_recording", {"segment_id": number})
        assert (event.verdict.outcome, recording.verdict.outcome) == ("accepted", "accepted")
        recorded += json.loads(zlib.decompress(compressed))
    assert '"textContent": "buy"' in json.dumps(recorded)


def test_a_limited_browser_keeps_its_errors_back(
    sentry_events: SentryEvents, script: Path, tmp_path: Path
) -> None:
    sentry_events.faults.rate_limit("error", seconds=60)

    visit(script, tmp_path / "profile", sentry_events.env, "&errors")

    # The page reads the limit from a header that has to be exposed to it.
    assert [refused.status for refused in sentry_events.refused] == [429]
    assert not sentry_events.errors
    assert sentry_events.feedback.find("still allowed")
    discarded = [lost for report in sentry_events.client_reports for lost in report.discarded]
    assert ("ratelimit_backoff", "error", 1) in discarded
