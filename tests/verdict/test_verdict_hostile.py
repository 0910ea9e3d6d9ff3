"""Any payload has a verdict, whatever is in it."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from pytest_sentryintegration.verdict import judge, pairs
from tests.verdict.builders import NOW, arrival, item, span

FIELDS = [
    *(
        "event_id",
        "level",
        "type",
        "platform",
        "timestamp",
        "start_timestamp",
        "release",
        "environment",
        "dist",
    ),
    *(
        "transaction",
        "transaction_info",
        "logger",
        "message",
        "logentry",
        "tags",
        "user",
        "breadcrumbs",
        "exception",
    ),
    *(
        "stacktrace",
        "threads",
        "extra",
        "contexts",
        "modules",
        "request",
        "sdk",
        "fingerprint",
        "debug_meta",
        "spans",
    ),
    *(
        "server_name",
        "site",
        "measurements",
        "errors",
        "_meta",
        "culprit",
        "time_spent",
        "foo",
        "csp",
        "template",
    ),
    *(
        "sentry.interfaces.Http",
        "sentry.interfaces.User",
        "sentry.interfaces.Message",
        "received",
        "_metrics",
    ),
]
INNER = [
    *(
        "values",
        "frames",
        "vars",
        "type",
        "value",
        "module",
        "mechanism",
        "stacktrace",
        "handled",
        "data",
        "url",
    ),
    *(
        "headers",
        "cookies",
        "query_string",
        "env",
        "method",
        "id",
        "email",
        "ip_address",
        "trace",
        "trace_id",
    ),
    *(
        "span_id",
        "status",
        "op",
        "start_timestamp",
        "timestamp",
        "level",
        "message",
        "formatted",
        "params",
        "images",
    ),
    *(
        "name",
        "version",
        "release",
        "environment",
        "a b",
        "a/b",
        "",
        "items",
        "attributes",
        "body",
        "started",
        "attrs",
    ),
    *(
        "aggregates",
        "discarded_events",
        "reason",
        "category",
        "quantity",
        "monitor_slug",
        "monitor_config",
        "schedule",
    ),
    *(
        "replay_id",
        "segment_id",
        "urls",
        "samples",
        "profile",
        "thread_id",
        "elapsed_since_start_ns",
        "chunk_id",
    ),
]
LEAVES = (
    some.none()
    | some.booleans()
    | some.integers(-(2**65), 2**65)
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(max_size=12)
    | some.sampled_from(
        ["warn", "a\nb", "x" * 300, "0" * 32, "b" * 32, "c" * 16, "2020-01-01T00:00:00Z", NOW, "{{auto}}"]
    )
)
VALUES = some.recursive(
    LEAVES,
    lambda inner: (
        some.lists(inner, max_size=4) | some.dictionaries(some.sampled_from(INNER), inner, max_size=5)
    ),
    max_leaves=25,
)
TYPES = [
    *("event", "transaction", "feedback", "check_in", "session", "sessions", "client_report", "user_report"),
    *(
        "attachment",
        "log",
        "span",
        "trace_metric",
        "replay_event",
        "replay_recording",
        "replay_video",
        "profile",
    ),
    *(
        "profile_chunk",
        "raw_security",
        "form_data",
        "statsd",
        "integration",
        "metric_buckets",
        "unreal_report",
    ),
]
HEADERS = some.dictionaries(
    some.sampled_from(
        ["event_id", "sent_at", "trace", "content_type", "item_count", "attachment_type", "platform"]
    ),
    VALUES | some.sampled_from(["application/vnd.sentry.items.log+json", 1, "a" * 32]),
    max_size=4,
)
fewer = settings(max_examples=50)


def check(kind: str, payload: Any, headers: dict[str, Any]) -> None:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    verdict = judge(arrival(item(kind, body, **headers), headers=headers), 0)

    assert verdict.outcome in ("accepted", "trimmed", "dropped", "refused")
    assert (verdict.outcome == "accepted") == (verdict.findings == ()) == (verdict.reason is None)
    assert verdict.stored is None or verdict.outcome in ("accepted", "trimmed")
    assert all(found.text.endswith(".") for found in verdict.findings)
    assert isinstance(verdict.pii, tuple)


@fewer
@given(some.dictionaries(some.sampled_from(FIELDS), VALUES, max_size=6), HEADERS)
def test_any_event_has_a_verdict(fields: dict[str, Any], headers: dict[str, Any]) -> None:
    check("event", {"event_id": "a" * 32, "timestamp": NOW, **fields}, headers)


@fewer
@given(some.dictionaries(some.sampled_from(FIELDS), VALUES, max_size=4), VALUES)
def test_any_transaction_has_a_verdict(fields: dict[str, Any], field: Any) -> None:
    trace = {"trace": {"trace_id": "b" * 32, "span_id": "c" * 16, "data": field}}
    body = {"timestamp": NOW, "start_timestamp": NOW - 1, "contexts": trace, "spans": [span(data=field)]}

    check("transaction", {**body, **fields}, {})


@fewer
@given(some.sampled_from(TYPES), VALUES | some.binary(max_size=40), HEADERS)
def test_any_item_has_a_verdict(kind: str, payload: Any, headers: dict[str, Any]) -> None:
    check(kind, payload, headers)


@fewer
@given(some.sampled_from(["log", "span", "trace_metric"]), some.lists(VALUES, max_size=4), VALUES)
def test_any_container_has_a_verdict(kind: str, elements: list[Any], trace: Any) -> None:
    content_type = {"log": "log", "span": "span.v2", "trace_metric": "trace-metric"}[kind]
    headers = {
        "content_type": f"application/vnd.sentry.items.{content_type}+json",
        "item_count": len(elements),
        "trace": trace,
    }

    check(kind, {"items": elements}, headers)


@pytest.mark.parametrize("depth", [100, 126])
def test_deep_payloads_have_a_verdict(depth: int) -> None:
    payload = b'{"extra":' * 1 + b'{"a":' * depth + b"1" + b"}" * depth + b"}"

    check("event", payload, {})


def test_very_many_tags_are_each_looked_up_and_not_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = count(1)
    real = pairs._at
    monkeypatch.setattr(pairs, "_at", lambda *given: (next(looks), real(*given))[1])
    tags = {f"key {number}": "x" for number in range(3000)}

    verdict = judge(arrival(item("event", {"event_id": "a" * 32, "timestamp": NOW, "tags": tags})), 0)

    assert {found.rule for found in verdict.findings} == {"tag_key"}
    assert (len(verdict.findings), next(looks) < 10 * len(tags)) == (len(tags), True)
