from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from pytest_sentryintegration.wire.otlp import (
    OtlpError,
    OtlpEvent,
    OtlpLink,
    OtlpLog,
    OtlpSpan,
    otlp_logs,
    otlp_spans,
)

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
TRACE_ID = "5B8EFFF798038103D269B633813FC60C"
SPAN_ID = "EEE19B7EC3C1B174"
PARENT_ID = "EEE19B7EC3C1B173"

SPAN: dict[str, Any] = {
    "traceId": TRACE_ID,
    "spanId": SPAN_ID,
    "parentSpanId": PARENT_ID,
    "name": "GET /",
    "kind": 2,
    "flags": 0x300,
    "startTimeUnixNano": "1544712660500000000",
    "endTimeUnixNano": "1544712661000000000",
    "attributes": [
        {"key": "text", "value": {"stringValue": "x"}},
        {"key": "whole", "value": {"intValue": "3"}},
        {"key": "half", "value": {"doubleValue": 0.5}},
        {"key": "yes", "value": {"boolValue": True}},
        {"key": "list", "value": {"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "a"}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": False}}]}}},
        {"key": "bytes", "value": {"bytesValue": base64.b64encode(b"hello").decode()}},
        {"key": "raw", "value": {"bytesValue": base64.b64encode(b"\xff\x00").decode()}},
        {"key": "nothing", "value": {}},
    ],
    "status": {"code": 2, "message": "boom"},
    "links": [{"traceId": TRACE_ID, "spanId": PARENT_ID, "flags": 1, "attributes": []}],
    "events": [{"timeUnixNano": "1544712660750000000", "name": "exception"}],
}
ATTRIBUTES = {
    "text": "x",
    "whole": 3,
    "half": 0.5,
    "yes": True,
    "list": [1, "a"],
    "map": {"k": False},
    "bytes": "hello",
    "raw": "/wA=",
    "nothing": None,
}
EXPECTED = OtlpSpan(
    trace_id=TRACE_ID.lower(),
    span_id=SPAN_ID.lower(),
    parent_span_id=PARENT_ID.lower(),
    name="GET /",
    kind="server",
    start=1544712660.5,
    end=1544712661.0,
    attributes=ATTRIBUTES,
    resource={"service.name": "shop"},
    scope="my.library",
    status="error",
    status_message="boom",
    links=(OtlpLink(TRACE_ID.lower(), PARENT_ID.lower(), {}, True),),
    events=(OtlpEvent("exception", 1544712660.75),),
    is_remote=True,
)


def traces(*spans: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    scoped = {"scope": {"name": "my.library"}, "spans": list(spans)}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scoped]}]}


def logs(*records: dict[str, Any]) -> dict[str, Any]:
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": list(records)}]}]}


def base64_ids(value: Any) -> Any:
    """Rewrite hexadecimal ids into what protobuf's own JSON wants."""
    if isinstance(value, list):
        return [base64_ids(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(inner)).decode() if key.endswith("Id") else base64_ids(inner)
        for key, inner in value.items()
    }


def test_a_span_in_json_is_read() -> None:
    assert otlp_spans(json.dumps(traces(SPAN)).encode(), JSON) == [EXPECTED]


def test_a_span_in_protobuf_is_the_same() -> None:
    request = ParseDict(base64_ids(traces(SPAN)), ExportTraceServiceRequest())

    assert otlp_spans(request.SerializeToString(), PROTOBUF) == [EXPECTED]


def test_the_charset_of_json_is_passed_over() -> None:
    assert otlp_spans(b"{}", "Application/JSON; charset=utf-8") == []


def test_ids_may_be_spelled_in_snake_case() -> None:
    (span,) = otlp_spans(json.dumps(traces({"trace_id": TRACE_ID, "span_id": SPAN_ID})).encode(), JSON)

    assert (span.trace_id, span.span_id, span.parent_span_id) == (TRACE_ID.lower(), SPAN_ID.lower(), None)


def test_unknown_fields_are_passed_over() -> None:
    sent = traces({"name": "a", "invented": {"spanId": "00"}})

    assert [span.name for span in otlp_spans(json.dumps(sent).encode(), JSON)] == ["a"]


@pytest.mark.parametrize(
    ("flags", "is_remote", "is_segment"), [(0, None, False), (0x100, False, False), (0x300, True, True)]
)
def test_a_remote_parent_is_told_by_the_flags(flags: int, is_remote: bool | None, is_segment: bool) -> None:
    (span,) = otlp_spans(json.dumps(traces({**SPAN, "flags": flags})).encode(), JSON)

    assert (span.is_remote, span.is_segment) == (is_remote, is_segment)


def test_a_span_without_parent_is_a_segment() -> None:
    (span,) = otlp_spans(json.dumps(traces({"parentSpanId": ""})).encode(), JSON)

    assert (span.parent_span_id, span.is_segment) == (None, True)


@pytest.mark.parametrize(
    ("number", "kind"),
    [(0, None), (1, "internal"), (2, "server"), (3, "client"), (4, "producer"), (5, "consumer")],
)
def test_a_span_has_a_kind(number: int, kind: str | None) -> None:
    (span,) = otlp_spans(json.dumps(traces({"kind": number})).encode(), JSON)

    assert span.kind == kind


@pytest.mark.parametrize("read", [otlp_spans, otlp_logs])
@pytest.mark.parametrize(
    ("payload", "content_type"),
    [
        (b"", JSON),
        (b"nonsense", JSON),
        (b"[]", JSON),
        (b'{"resourceSpans":7,"resourceLogs":7}', JSON),
        (b'{"resourceSpans":[7],"resourceLogs":[7]}', JSON),
        (b'{"x":NaN}', JSON),
        (b'{"x":' + b"[" * 100_000, JSON),
        (b'{"a":{"traceId":"nothex"}}', JSON),
        (b"nonsense", PROTOBUF),
        (b"\x0a\xff\xff\xff\xff\x0f", PROTOBUF),
        (b"\x0a\x02" * 3, PROTOBUF),
        (b"{}", "text/plain"),
        (b"{}", ""),
    ],
)
def test_what_is_no_otlp_is_an_error(read: Any, payload: bytes, content_type: str) -> None:
    with pytest.raises(OtlpError):
        read(payload, content_type)


def test_endless_nesting_in_protobuf_is_an_error() -> None:
    payload = b""
    for _ in range(2_000):
        payload = b"\x0a" + varint(len(payload)) + payload
    with pytest.raises(OtlpError):
        otlp_spans(nested_attribute(5_000), PROTOBUF)


def varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def field(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(payload)) + payload


def nested_attribute(depth: int) -> bytes:
    value = b"\x10\x01"
    for _ in range(depth):
        value = field(5, field(1, value))
    return field(1, field(2, field(2, field(9, field(1, b"k") + field(2, value)))))


def test_a_deep_attribute_within_protobufs_own_limit_is_read() -> None:
    (span,) = otlp_spans(nested_attribute(20), PROTOBUF)

    value = span.attributes["k"]
    for _ in range(20):
        (value,) = value
    assert value is True


def test_a_log_record_is_read() -> None:
    record = {
        "timeUnixNano": "1544712660300000000",
        "observedTimeUnixNano": "1544712661300000000",
        "severityNumber": 10,
        "severityText": "Information",
        "traceId": TRACE_ID,
        "spanId": SPAN_ID,
        "body": {"stringValue": "hello"},
        "attributes": [{"key": "a", "value": {"intValue": "1"}}],
        "eventName": "greeting",
    }

    assert otlp_logs(json.dumps(logs(record)).encode(), JSON) == [
        OtlpLog(
            body="hello",
            level="info",
            timestamp=1544712660.3,
            attributes={"a": 1},
            trace_id=TRACE_ID.lower(),
            span_id=SPAN_ID.lower(),
            event_name="greeting",
        )
    ]


def test_logs_in_protobuf_are_the_same() -> None:
    request = ParseDict(logs({"body": {"intValue": 7}}), ExportLogsServiceRequest())

    assert otlp_logs(request.SerializeToString(), PROTOBUF) == [OtlpLog("7", "info", None)]


@pytest.mark.parametrize(
    ("number", "text", "level"),
    [
        (1, "", "trace"),
        (4, "", "trace"),
        (5, "", "debug"),
        (9, "", "info"),
        (13, "", "warn"),
        (17, "fatal", "error"),
        (24, "", "fatal"),
        (25, "", "info"),
        (0, "WARNING", "warn"),
        (0, "Information", "info"),
        (0, "error", "error"),
        (0, "nonsense", "info"),
        (-1, "", "info"),
    ],
)
def test_severity_becomes_a_level(number: int, text: str, level: str) -> None:
    sent = logs({"severityNumber": number, "severityText": text})

    assert [log.level for log in otlp_logs(json.dumps(sent).encode(), JSON)] == [level]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"boolValue": True}, "true"),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"stringValue": "ü"}}]}}, '{"a": "ü"}'),
        ({"arrayValue": {"values": [{"intValue": 1}]}}, "[1]"),
        ({}, None),
    ],
)
def test_a_body_that_is_no_text_becomes_json(body: dict[str, Any], text: str | None) -> None:
    assert [log.body for log in otlp_logs(json.dumps(logs({"body": body})).encode(), JSON)] == [text]


def test_when_it_was_observed_stands_in_for_when_it_happened() -> None:
    sent = logs({"observedTimeUnixNano": "1000000000"})

    assert otlp_logs(json.dumps(sent).encode(), JSON)[0].timestamp == 1.0
