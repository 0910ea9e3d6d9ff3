"""What is sent in these tests: items of every kind, in an inbox."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from pytest_sentryintegration.model import Contents, Event, Transaction
from pytest_sentryintegration.store import Arrival, RefusedRequest
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem

RECEIVED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
TRACE = "a" * 32
SPAN_TYPE = "application/vnd.sentry.items.span.v2+json"


class Sender:
    """An inbox that things are sent to."""

    def __init__(self) -> None:
        self.entries: list[Arrival | RefusedRequest] = []
        self.contents = Contents(lambda number: [e for e in self.entries if e.number > number])

    def send(
        self,
        *items: RawItem,
        headers: dict[str, Any] | None = None,
        project_id: str = "1",
        test: str = "test_shop.py::test_pays",
        endpoint: str = "envelope",
    ) -> Contents:
        """Send one envelope, and return the inbox, up to date."""
        number = len(self.entries) + 1
        envelope = RawEnvelope(headers or {}, items)
        self.entries.append(
            Arrival(number, "t1", RECEIVED, project_id, "key", None, envelope, endpoint=endpoint, test=test),
        )
        self.contents.update()
        return self.contents


def item(kind: str, payload: Any, /, **headers: Any) -> RawItem:
    """Return an item of that type; *payload* is bytes, or what becomes JSON."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return RawItem({"type": kind, **headers}, data)


def received(*items: RawItem, headers: dict[str, Any] | None = None) -> Contents:
    """Return an inbox that one envelope was sent to."""
    return Sender().send(*items, headers=headers)


def event(payload: Any = None, /, **fields: Any) -> Event:
    """Return the event that this payload makes."""
    return received(item("event", {**(payload or {}), **fields})).events[0]


def transaction(*spans: Any, **fields: Any) -> dict[str, Any]:
    """Return a transaction event, its root has the span id ``root``, with these spans."""
    trace = {"trace_id": TRACE, "span_id": "root", "op": "task", **fields.pop("trace", {})}
    return {
        "type": "transaction",
        "transaction": "checkout",
        "start_timestamp": 100.0,
        "timestamp": 102.0,
        "contexts": {"trace": trace},
        "spans": list(spans),
        **fields,
    }


def span(span_id: str, parent: str | None = "root", start: Any = 100.5, **fields: Any) -> dict[str, Any]:
    """Return a span of a transaction event, its op is its id."""
    return {
        "trace_id": TRACE,
        "span_id": span_id,
        "parent_span_id": parent,
        "op": span_id,
        "start_timestamp": start,
        "timestamp": 101.0,
        **fields,
    }


def streamed(span_id: str, parent: str | None = None, start: Any = 100.5, **fields: Any) -> dict[str, Any]:
    """Return a span of a container, its op is its id."""
    attributes = {"sentry.op": {"value": span_id, "type": "string"}, **fields.pop("attributes", {})}
    return {
        "trace_id": TRACE,
        "span_id": span_id,
        "parent_span_id": parent,
        "name": span_id,
        "status": "ok",
        "is_segment": parent is None,
        "start_timestamp": start,
        "end_timestamp": 101.0,
        "attributes": attributes,
        **fields,
    }


def container(kind: str, *elements: Any) -> RawItem:
    """Return an item that holds several elements."""
    names = {"span": "span.v2", "log": "log", "trace_metric": "trace-metric"}
    content_type = f"application/vnd.sentry.items.{names[kind]}+json"
    return item(
        kind, {"version": 2, "items": list(elements)}, item_count=len(elements), content_type=content_type
    )


def only_transaction(*spans: Any, **fields: Any) -> Transaction:
    """Return the transaction that these spans make."""
    return received(item("transaction", transaction(*spans, **fields))).transactions[0]


def ops(spans: Any) -> list[str]:
    """Return the ops of spans."""
    return [one.op for one in spans]
