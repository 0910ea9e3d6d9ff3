"""opentelemetry-sdk with the OTLP exporters of both formats."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration import span
from pytest_sentryintegration.inbox.events import SentryEvents
from tests.clients.conftest import PROGRAMS, Run, installed, types

# Processes of tests do not find opentelemetry otherwise.
pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("frameworks")]


@pytest.fixture(params=["proto gzip", "proto deflate", "json gzip", "json none"])
def sent(request: pytest.FixtureRequest, run: Run) -> dict[str, Any]:
    format_, compression = request.param.split()
    said = run(installed("opentelemetry"), PROGRAMS / "opentelemetry_sdk.py", format_, compression)
    return {**said, "content_type": {"proto": "application/x-protobuf", "json": "application/json"}[format_]}


def test_what_arrived_is_what_opentelemetry_sent(sentry_events: SentryEvents, sent: dict[str, Any]) -> None:
    assert (sent["spans"], sent["logs"]) == (3, 1)
    assert (len(sentry_events.spans), len(sentry_events.logs)) == (sent["spans"], sent["logs"])
    assert types(sentry_events) == {"integration": 2}
    assert {item.headers["content_type"] for item in sentry_events.items} == {sent["content_type"]}
    assert not sentry_events.refused


def test_opentelemetry_spans_are_a_tree(sentry_events: SentryEvents, sent: dict[str, Any]) -> None:
    tree = sentry_events.traces.find(sent["trace_id"]).tree
    rows = {"rows": 3, "ratio": 0.5, "cached": False, "tables": ["cart", "item"]}
    assert tree == span(
        "http.server",
        "GET /cart",
        span("db", "SELECT cart", data=rows),
        span(None, "charge", status="error"),
        span_id=sent["span_id"],
        data={"http.request.method": "GET"},
    )


def test_opentelemetry_logs_are_read(sentry_events: SentryEvents, sent: dict[str, Any]) -> None:
    log = sentry_events.logs.find("cart opened")
    assert (log.level, log.trace_id, log.span_id) == ("warn", sent["trace_id"], sent["span_id"])
    assert log.attributes["cart"] == 7
