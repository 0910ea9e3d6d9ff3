"""What comes in formats that are not Sentry's: OpenTelemetry, Vercel's log drains, browsers' reports (NEL).

Relay: ``relay-server/src/processing/logs/integrations`` and ``processing/spans/integrations``. What becomes a
log or a span is then judged as in a container (``logs/mod.rs:160`` and ``spans/mod.rs:189`` there).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_sentryintegration.verdict.delivery import Delivery
from pytest_sentryintegration.verdict.elements import in_order, judge_log, judge_span
from pytest_sentryintegration.verdict.finding import Finding
from pytest_sentryintegration.verdict.ruling import Ruling, capital, dropped, kept
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.log_drains import LogDrainError, SentLog, nel_logs, vercel_logs

if TYPE_CHECKING:
    from pytest_sentryintegration.wire.otlp import OtlpLog, OtlpSpan

__all__ = ["judge_integration"]

MAX_MOMENT = 8.21e12
"""How many seconds from 1970 Relay's calendar reaches; a time beyond it is read as the moment of receipt."""


def judge_integration(item: RawItem, delivery: Delivery) -> Ruling:
    """Judge an ``integration`` item: whether it can be decoded, then each log or span in it.

    The paths of the findings begin with the number of the log or span.
    """
    integration, content_type = (str(item.headers.get(name)) for name in ("integration", "content_type"))
    if integration not in ("nel", "vercel_logs"):
        return _judge_otlp(item, content_type, delivery)
    try:
        logs = nel_logs(item.payload) if integration == "nel" else vercel_logs(item.payload, content_type)
    except LogDrainError as error:
        return dropped("invalid_json", item.payload, f"{error}; all of it is lost.")
    return _rule([in_order("log", _judge_drained(log, delivery)) for log in logs], item.payload)


def _rule(found: list[list[Finding]], payload: bytes) -> Ruling:
    """Return the ruling on an item by what was found in each of its logs or spans."""
    findings = tuple(
        replace(one, path=f"{index}.{one.path}" if one.path else str(index))
        for index, of_log in enumerate(found)
        for one in of_log
    )
    if found and all(any(one.stored is None for one in of_log) for of_log in found):
        return Ruling("dropped", findings[0].rule, findings)
    return kept(findings, payload, of_elements=True)


def _judge_drained(log: SentLog, delivery: Delivery) -> Iterator[Finding]:
    if log.fields is None:
        yield Finding("", "invalid_json", log.sent, None, capital(f"{log.problem}; Sentry drops the log."))
        return
    # A log of Vercel has a time, a report of a browser an age.
    name = "timestamp" if "timestamp" in log.fields else "age"
    sent = log.sent.get(name)
    received = delivery.received.timestamp()
    moment = log.fields.get("timestamp", received - log.age)
    fields = {**log.fields, "timestamp": moment if abs(moment) < MAX_MOMENT else received}
    for one in judge_log(fields, {}, delivery):
        yield replace(one, path=name, sent=sent) if one.path == "timestamp" else one


def _judge_otlp(item: RawItem, content_type: str, delivery: Delivery) -> Ruling:
    # Protocol buffers take long to load, and few tests receive any.
    from pytest_sentryintegration.wire import otlp

    decode = otlp.otlp_logs if item.headers.get("integration") == "otlp_logs" else otlp.otlp_spans
    try:
        decoded = decode(item.payload, content_type)
    except otlp.OtlpError as error:
        reason = "invalid_json" if "json" in content_type else "invalid_proto"
        return dropped(reason, item.payload, f"{error}; all of it is lost.")
    found = [
        list(
            _judge_otlp_log(one, delivery)
            if isinstance(one, otlp.OtlpLog)
            else _judge_otlp_span(one, delivery)
        )
        for one in decoded
    ]
    last = {one.span_id: index for index, one in enumerate(decoded) if isinstance(one, otlp.OtlpSpan)}
    for index, one in enumerate(decoded):
        if isinstance(one, otlp.OtlpSpan) and last[one.span_id] != index:
            text = "Two spans have the same id; Sentry keeps the last of them."
            found[index].append(Finding("span_id", "duplicate", one.span_id, None, text))
    kind = "log" if decode is otlp.otlp_logs else "span"
    return _rule([in_order(kind, one) for one in found], item.payload)


def _judge_otlp_span(span: OtlpSpan, delivery: Delivery) -> Iterator[Finding]:
    # Relay: relay-spans/src/otel_to_sentry_v2.rs:37; a span needs a name, or attributes that give it one.
    # Of a segment, Relay writes its own id over what the sender says of the segment.
    own = ("sentry.segment.id", "sentry.segment_id") if span.is_segment else ()
    fields = {
        "span_id": span.span_id,
        "start_timestamp": span.start,
        "end_timestamp": span.end,
        "attributes": {name: {"value": value} for name, value in span.attributes.items() if name not in own},
    }
    yield from judge_span(fields, {}, delivery)
    named = ("http.method", "http.request.method")
    if not span.name and not any(name.startswith("db") or name in named for name in span.attributes):
        yield Finding("name", "no_data", span.name, None, "A span needs a name; Sentry drops the span.")


def _judge_otlp_log(log: OtlpLog, delivery: Delivery) -> Iterator[Finding]:
    # Relay: relay-ourlogs/src/otel_to_sentry.rs:93; a trace_id that is missing or wrong becomes a random one.
    if log.body is None:
        yield Finding("body", "no_data", None, None, "A log needs a body; Sentry drops the log.")
    attributes = {f"resource.{name}": value for name, value in log.resource.items()} | log.attributes
    fields = {
        "body": log.body,
        "attributes": {name: {"value": value} for name, value in attributes.items()},
        "timestamp": delivery.received.timestamp() if log.timestamp is None else log.timestamp,
    }
    yield from judge_log(fields, {}, delivery)
