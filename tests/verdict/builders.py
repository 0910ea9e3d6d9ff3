"""What is judged in these tests, received at one fixed time."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from typing import Any

from pytest_sentryintegration.store import Arrival, Tolerated
from pytest_sentryintegration.verdict import Verdict, judge
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem

RECEIVED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
NOW = RECEIVED.timestamp()
CLIENT = "sentry.python/2.75.0"


def arrival(
    *items: RawItem,
    headers: dict[str, Any] | None = None,
    project_id: str = "1",
    public_key: str = "0123456789abcdef0123456789abcdef",
    client: str = CLIENT,
    endpoint: str = "envelope",
    tolerated: Tolerated | None = None,
) -> Arrival:
    """Return an accepted request with these items."""
    envelope = RawEnvelope(headers or {}, items)
    return Arrival(1, "", RECEIVED, project_id, public_key, client, envelope, (), endpoint, tolerated)


def event(**fields: Any) -> dict[str, Any]:
    """Return an event with what every SDK sends."""
    return {"event_id": "a" * 32, "timestamp": NOW, "platform": "python", **fields}


def transaction(**fields: Any) -> dict[str, Any]:
    """Return a transaction of one second that Sentry keeps as it is."""
    return {
        **event(type="transaction", transaction="checkout", transaction_info={"source": "custom"}),
        "start_timestamp": NOW - 1,
        "contexts": {"trace": {"trace_id": "b" * 32, "span_id": "c" * 16}},
        "spans": [],
        **fields,
    }


def span(**fields: Any) -> dict[str, Any]:
    """Return a span of the transaction that Sentry keeps as it is."""
    return {
        "span_id": "d" * 16,
        "parent_span_id": "c" * 16,
        "trace_id": "b" * 32,
        "start_timestamp": NOW - 0.9,
        "timestamp": NOW - 0.1,
        **fields,
    }


def android_trace(elapsed: int = 2_500_000, events: bytes = bytes(10)) -> str:
    """Return a trace of Android in base64, as SDKs send it."""
    head = b"*version\n2\nelapsed-time-usec=%d\n*end\nSLOW\x02\x00\x10\x00" % elapsed + bytes(8)
    return base64.b64encode(head + events).decode().rstrip("=")


def item(kind: str, payload: object, **headers: Any) -> RawItem:
    """Return an item; a payload that is no bytes is sent as JSON."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return RawItem({"type": kind, **headers}, data)


def judged(
    kind: str, payload: object, *, item_headers: dict[str, Any] | None = None, **facts: Any
) -> Verdict:
    """Return the verdict on an envelope with this one item."""
    return judge(arrival(item(kind, payload, **(item_headers or {})), **facts), 0)


def places(verdict: Verdict) -> list[tuple[str, str, Any, Any]]:
    """Return the findings without their sentences."""
    return [(found.path, found.rule, found.sent, found.stored) for found in verdict.findings]
