"""Every other item type: what Sentry drops after its 200, and with which reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_sentryintegration.model import Envelope
from pytest_sentryintegration.verdict import judge, trace_attachments
from pytest_sentryintegration.verdict.containers import judge_container
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.uploads import Location
from tests.verdict.builders import NOW, arrival, event, item, judged, places, span

ID = "a" * 32
STARTED = "2026-03-01T11:59:00Z"
SCHEDULE = {"type": "crontab", "value": "0 * * * *"}


def check_in(**fields: Any) -> dict[str, Any]:
    return {"check_in_id": ID, "monitor_slug": "nightly", "status": "ok", **fields}


def session(**fields: Any) -> dict[str, Any]:
    return {"sid": ID, "started": STARTED, "attrs": {"release": "shop@1"}, **fields}


def report(**fields: Any) -> dict[str, Any]:
    count = {"reason": "before_send", "category": "error", "quantity": 2}
    return {"timestamp": NOW, "discarded_events": [count], **fields}


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        ("check_in", b"{", "invalid_json"),
        ("check_in", check_in(status=None), "invalid_json"),
        ("check_in", check_in(duration="long"), "invalid_json"),
        ("check_in", check_in(check_in_id="nightly"), "invalid_json"),
        ("check_in", check_in(monitor_slug=7), "invalid_json"),
        ("check_in", check_in(environment=["production"]), "invalid_json"),
        ("check_in", check_in(monitor_config=[]), "invalid_json"),
        ("check_in", check_in(monitor_config={"schedule": SCHEDULE, "max_runtime": -1}), "invalid_json"),
        ("check_in", check_in(monitor_config={"schedule": {"type": "crontab"}}), "invalid_json"),
        ("check_in", check_in(monitor_slug=""), "invalid_check_in"),
        ("check_in", check_in(environment="x" * 65), "invalid_check_in"),
        ("session", b"{", "invalid"),
        ("session", session(started=None), "invalid"),
        ("session", session(attrs={}), "invalid"),
        ("session", session(attrs={"release": "latest"}), "invalid"),
        ("session", session(started="2026-02-20T00:00:00Z"), "invalid"),
        ("session", session(started="2026-03-01T12:02:00Z"), "invalid"),
        ("sessions", {"attrs": {"release": "1"}, "aggregates": [{"exited": 1}]}, "invalid"),
        ("client_report", b"{", "invalid"),
        ("client_report", {"timestamp": NOW}, "invalid"),
        ("client_report", report(timestamp="yesterday"), "invalid"),
        ("client_report", report(timestamp=NOW - 91 * 86400), "invalid"),
        ("client_report", report(discarded_events=["an event"]), "invalid"),
        (
            "client_report",
            report(filtered_events={"reason": "a", "category": "error", "quantity": 1}),
            "invalid",
        ),
        ("client_report", report(timestamp=NOW + 120), "invalid"),
        ("client_report", report(discarded_events=[{"reason": "a"}]), "invalid"),
        (
            "client_report",
            report(discarded_events=[{"reason": "x" * 201, "category": "error", "quantity": 1}]),
            "invalid",
        ),
        ("raw_security", b"{", "invalid_json"),
        ("raw_security", {"a": 1}, "security_report_type"),
        # Relay: relay-event-schema/src/protocol/security_report.rs:584 and 620.
        ("raw_security", {"type": "deprecation"}, "invalid-csp"),
        ("raw_security", {"csp-report": None}, "security_report_type"),
        ("raw_security", {"csp-report": [], "type": "csp-violation"}, "security_report"),
        ("raw_security", {"csp-report": {"violated-directive": "nonsense"}}, "security_report"),
        ("raw_security", {"type": "csp-violation"}, "security_report"),
        ("raw_security", {"type": "csp-violation", "body": {"effectiveDirective": 7}}, "security_report"),
        ("statsd", b"a:1|c", "unknown"),
        ("otel_span", {}, "unknown"),
        ("form_data", b"a=1", "invalid_envelope"),
    ],
)
def test_an_item_is_dropped(kind: str, payload: object, reason: str) -> None:
    verdict = judged(kind, payload)

    assert (verdict.outcome, verdict.reason, verdict.stored) == ("dropped", reason, None)
    assert len(verdict.findings) == 1
    assert verdict.findings[0].text.endswith(".")


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("check_in", check_in(monitor_config={"schedule": SCHEDULE, "checkin_margin": 5}, duration=1.5)),
        ("session", session(status="exited", errors=1)),
        ("sessions", {"attrs": {"release": "1"}, "aggregates": [{"started": STARTED, "exited": 1}]}),
        ("client_report", report()),
        ("raw_security", {"csp-report": {"violated-directive": "script-src 'self'"}}),
        ("raw_security", {"type": "csp-violation", "body": {"effectiveDirective": "style-src-elem"}}),
    ],
)
def test_an_item_is_kept(kind: str, payload: object) -> None:
    verdict = judged(kind, payload)

    assert (verdict.outcome, verdict.findings, verdict.stored) == ("accepted", (), payload)


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("check_in", check_in(monitor_slug="x" * 51), ("monitor_slug", "!limit", "x" * 51, "x" * 50)),
        ("check_in", check_in(status="missed"), ("status", "invalid_data", "missed", "unknown")),
        ("check_in", check_in(status="fine"), ("status", "invalid_data", "fine", "unknown")),
        (
            "session",
            session(attrs={"release": "1", "environment": "none"}),
            ("attrs.environment", "invalid_data", "none", None),
        ),
    ],
)
def test_an_item_is_trimmed(kind: str, payload: object, expected: tuple[str, str, Any, Any]) -> None:
    assert places(judged(kind, payload)) == [expected]


def test_the_sessions_that_are_too_old_are_lost_alone() -> None:
    groups = [{"started": "2026-02-20T00:00:00Z", "exited": 1}, {"started": STARTED, "exited": 1}]

    verdict = judged("sessions", {"attrs": {"release": "1"}, "aggregates": groups})

    assert [found.path for found in verdict.findings] == ["aggregates.0.started"]
    assert verdict.stored["aggregates"] == groups[1:]


def test_a_frozen_session_is_kept() -> None:
    headers = {"sent_at": "2020-01-01T00:00:00Z"}

    assert judged("session", session(started="2020-01-01T00:00:00Z"), headers=headers).outcome == "accepted"


@pytest.mark.parametrize(
    ("payload", "headers", "reason"),
    [
        ({"event_id": ID, "comments": "hi"}, {"event_id": ID}, None),
        ({"event_id": ID, "comments": "hi"}, {}, "invalid_event_id"),
        ({"comments": "hi"}, {"event_id": ID}, "invalid_json"),
        (b"{", {"event_id": ID}, "invalid_json"),
        ({"event_id": ID, "comments": 5}, {"event_id": ID}, "invalid_json"),
    ],
)
def test_a_user_report_needs_two_event_ids(
    payload: object, headers: dict[str, Any], reason: str | None
) -> None:
    assert judged("user_report", payload, headers=headers).reason == reason


@pytest.mark.parametrize(
    ("item_headers", "headers", "reason"),
    [
        ({"filename": "a.txt"}, {"event_id": ID}, None),
        ({"filename": "a.txt"}, {}, "invalid_event_id"),
        ({"attachment_type": "event.minidump"}, {}, None),
        ({"attachment_type": "event.minidumps"}, {"event_id": ID}, "unknown"),
    ],
)
def test_an_attachment_by_itself(
    item_headers: dict[str, Any], headers: dict[str, Any], reason: str | None
) -> None:
    assert judged("attachment", b"text", item_headers=item_headers, headers=headers).reason == reason


FINAL = Location("/api/1/upload/key/", 5).signed()
INVALID_REFERENCE = "invalid_placeholder_attachment"


@pytest.mark.parametrize(
    ("sent", "length", "ruled"),
    [
        ({"location": FINAL}, 5, (None, [])),
        ({"location": FINAL}, 4, (INVALID_REFERENCE, ["attachment_length"])),
        ({"location": FINAL}, None, (INVALID_REFERENCE, ["attachment_length"])),
        ({"location": FINAL + "x"}, 5, (INVALID_REFERENCE, ["location"])),
        ({"location": FINAL.replace("=5", "=6")}, 6, (INVALID_REFERENCE, ["location"])),
        ({"location": Location("/a", 5, "id").signed()}, 5, (INVALID_REFERENCE, ["location"])),
        ({"location": Location("/a").signed()}, 5, (INVALID_REFERENCE, ["location"])),
        ({"location": "/a"}, 5, (INVALID_REFERENCE, ["location"])),
        ({}, 5, (INVALID_REFERENCE, ["location"])),
        ([], 5, (INVALID_REFERENCE, ["location"])),
        (b"nonsense", 5, (INVALID_REFERENCE, [""])),
    ],
)
def test_an_attachment_may_refer_to_a_complete_upload(
    sent: object, length: int | None, ruled: tuple[str | None, list[str]]
) -> None:
    # Relay: relay-server/src/processing/utils/attachments.rs:39; integration/test_attachment_ref.py:259.
    headers = {"content_type": "application/vnd.sentry.attachment-ref+json", "attachment_length": length}
    verdict = judged("attachment", sent, item_headers=headers, headers={"event_id": ID})

    assert (verdict.reason, [found.path for found in verdict.findings]) == ruled


def test_an_upload_is_kept() -> None:
    assert judged("upload", b"hello", endpoint="upload").stored == b"hello"
    assert judged("upload", b"hello").reason == "unknown"


@pytest.mark.parametrize("kind", ["attachment", "user_report", "profile"])
def test_what_belongs_to_a_dropped_event_falls_with_it(kind: str) -> None:
    both = arrival(item("event", b"{"), item(kind, {"event_id": ID}), headers={"event_id": ID})

    assert (judge(both, 1).outcome, judge(both, 1).reason) == ("dropped", "invalid_json")


def test_what_belongs_to_a_dropped_transaction_falls_with_it() -> None:
    both = arrival(item("transaction", event()), item("attachment", b"a"), headers={"event_id": ID})

    assert judge(both, 1).reason == "invalid_transaction"


def test_an_attachment_of_a_kept_event_is_kept() -> None:
    both = arrival(item("event", event(level="warn")), item("attachment", b"a"))

    assert [judge(both, index).outcome for index in (0, 1)] == ["trimmed", "accepted"]


REPLAY = {"replay_id": ID, "segment_id": 0}
RECORDING = item("replay_recording", b"{}\n[]")


def video(sent: bytes = json.dumps(REPLAY).encode(), recording: bytes = b"[]", moving: bytes = b"m") -> bytes:
    """Return the MessagePack in which mobile SDKs send a replay: three parts of binary data."""
    parts = {b"replay_event": sent, b"replay_recording": recording, b"replay_video": moving}
    binary = (
        bytes([0xA0 + len(name)]) + name + bytes([0xC4, len(part)]) + part for name, part in parts.items()
    )
    return b"\x83" + b"".join(binary)


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ([item("replay_event", REPLAY), RECORDING], None),
        ([RECORDING], None),
        ([item("replay_video", video())], None),
        ([item("replay_video", b"v")], "invalid_replay_video"),
        ([item("replay_video", video(b"{}", b"", b""))], "invalid_replay_video"),
        ([item("replay_video", video()[:-8])], "invalid_replay_video"),
        ([item("replay_video", video(b"{"))], "invalid_replay"),
        ([item("replay_video", video(b"{}"))], "invalid_replay"),
        ([item("replay_event", {**REPLAY, "timestamp": NOW - 89 * 86400}), RECORDING], None),
        ([item("replay_event", {**REPLAY, "timestamp": NOW - 91 * 86400}), RECORDING], "timestamp"),
        ([item("replay_event", REPLAY)], "invalid_replay_missing_recording"),
        ([RECORDING, item("replay_video", b"v")], "duplicate_item"),
        ([item("replay_event", {"segment_id": 0}), RECORDING], "invalid_replay"),
        ([item("replay_event", {"replay_id": ID, "segment_id": 65536}), RECORDING], "invalid_replay"),
        ([item("replay_event", {**REPLAY, "trace_ids": [None, "b" * 32]}), RECORDING], None),
        ([item("replay_event", {**REPLAY, "trace_ids": ["checkout"]}), RECORDING], "invalid_replay"),
        ([item("replay_event", b"{"), RECORDING], "invalid_replay"),
        ([item("replay_event", b"null"), RECORDING], "invalid_replay_no_payload"),
    ],
)
def test_a_replay_is_complete_or_lost(items: list[RawItem], reason: str | None) -> None:
    replay = arrival(*items, headers={"event_id": ID})

    assert {judge(replay, index).reason for index in range(len(items))} == {reason}


def test_a_replay_needs_an_event_id() -> None:
    replay = arrival(item("replay_event", REPLAY), RECORDING)

    assert judge(replay, 0).reason == "invalid_event_id"


def test_lists_of_a_replay_are_cut_to_100() -> None:
    urls = [f"/{index}" for index in range(101)]
    replay = arrival(item("replay_event", {**REPLAY, "urls": urls}), RECORDING, headers={"event_id": ID})

    assert places(judge(replay, 0)) == [("urls", "!limit", urls, urls[:100])]


def test_feedback_is_judged_as_an_event() -> None:
    contexts = {"feedback": {"message": "great", "contact_email": "a@b.example"}}

    verdict = judged("feedback", event(contexts=contexts, level="warn"))

    assert [found.path for found in verdict.findings] == ["level"]
    assert verdict.stored["type"] == "feedback"


@pytest.mark.parametrize(
    ("payload", "content_type", "reason"),
    [
        (b"{}", "application/json; charset=utf-8", None),
        (b"", "application/x-protobuf", None),
        (b"{", "application/json", "invalid_json"),
        (b"\xff\xff", "application/x-protobuf", "invalid_proto"),
    ],
)
def test_what_an_opentelemetry_exporter_sends_must_decode(
    payload: bytes, content_type: str, reason: str | None
) -> None:
    for integration in ("otlp_traces", "otlp_logs"):
        headers = {"content_type": content_type, "integration": integration}
        verdict = judged("integration", payload, item_headers=headers, endpoint="otlp")

        assert (verdict.reason, verdict.stored) == (reason, None if reason else payload)


VERCEL: dict[str, Any] = {
    "id": "1",
    "deploymentId": "d",
    "source": "build",
    "host": "h",
    "projectId": "p",
    "level": "info",
}
VERCEL |= {"timestamp": int(NOW * 1000)}
LOST = ("dropped", "invalid_json")


@pytest.mark.parametrize(
    ("integration", "content_type", "payload", "ruled"),
    [
        ("vercel_logs", "application/json", [VERCEL], ("accepted", None, [])),
        ("vercel_logs", "application/json", [VERCEL, {}], (*LOST, [""])),
        ("vercel_logs", "application/x-ndjson", VERCEL, ("accepted", None, [])),
        ("vercel_logs", "application/x-ndjson", {}, (*LOST, [""])),
        ("nel", "application/json", [{"body": {}}], ("accepted", None, [])),
        ("nel", "application/json", [{"body": {}}, 7], ("trimmed", "invalid_json", ["1"])),
        ("nel", "application/json", [7], (*LOST, ["0"])),
        ("nel", "application/json", {"body": {}}, (*LOST, [""])),
    ],
)
def test_a_log_drain_is_kept_where_sentry_can_read_it(
    integration: str, content_type: str, payload: object, ruled: tuple[str, str | None, list[str]]
) -> None:
    # Relay: relay-server/src/processing/logs/integrations/vercel.rs and nel.rs.
    headers = {"content_type": content_type, "integration": integration}
    verdict = judged("integration", payload, item_headers=headers, endpoint="vercel")

    assert (verdict.outcome, verdict.reason, [found.path for found in verdict.findings]) == ruled


DAY = 86400
OLD, AHEAD = NOW - 91 * DAY, NOW + 2 * DAY
HUGE = "x" * (2 * 2**20 + 1)
NANO = 10**9
JSON = "application/json"


def otlp(*records: dict[str, Any]) -> dict[str, Any]:
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}


def record(moment: float | None = NOW, body: str | None = "hi") -> dict[str, Any]:
    said = {} if body is None else {"body": {"stringValue": body}}
    return said if moment is None else {**said, "timeUnixNano": str(int(moment) * NANO)}


@pytest.mark.parametrize(
    ("integration", "payload", "outcome", "found"),
    [
        (
            "vercel_logs",
            [{**VERCEL, "timestamp": int(OLD * 1000)}],
            "dropped",
            [("0.timestamp", "timestamp", int(OLD * 1000), None)],
        ),
        (
            "vercel_logs",
            [VERCEL, {**VERCEL, "timestamp": int(AHEAD * 1000)}],
            "trimmed",
            [("1.timestamp", "future_timestamp", int(AHEAD * 1000), NOW)],
        ),
        ("vercel_logs", [VERCEL, {**VERCEL, "message": HUGE}], "trimmed", [("1", "too_large:log")]),
        ("vercel_logs", [{**VERCEL, "path": HUGE}], "dropped", [("0", "too_large:log")]),
        # Relay: vercel_to_sentry.rs:294; what its calendar does not have is the moment of receipt.
        ("vercel_logs", [{**VERCEL, "timestamp": -(2**63)}, {**VERCEL, "timestamp": 2**62}], "accepted", []),
        (
            "nel",
            [{"body": {}, "age": 91 * DAY * 1000}],
            "dropped",
            [("0.age", "timestamp", 91 * DAY * 1000, None)],
        ),
        (
            "nel",
            [{"body": {}, "age": -2 * DAY * 1000}],
            "trimmed",
            [("0.age", "future_timestamp", -2 * DAY * 1000, NOW)],
        ),
        ("nel", [{"body": {}}, {"body": {}, "url": HUGE}], "trimmed", [("1", "too_large:log")]),
        ("nel", [{"body": {}, "age": "old"}, {"body": {}, "age": 2**63 - 1}], "accepted", []),
        ("otlp_logs", otlp(record(OLD)), "dropped", [("0.timestamp", "timestamp", OLD, None)]),
        (
            "otlp_logs",
            otlp(record(), record(AHEAD)),
            "trimmed",
            [("1.timestamp", "future_timestamp", AHEAD, NOW)],
        ),
        (
            "otlp_logs",
            otlp(record(body=None), record(body=HUGE)),
            "dropped",
            [("0.body", "no_data"), ("1", "too_large:log")],
        ),
        ("otlp_logs", otlp(record(None), record(2**64 // NANO)), "accepted", []),
    ],
)
def test_a_log_of_another_format_is_judged_as_one_in_a_container(
    integration: str, payload: object, outcome: str, found: list[tuple[Any, ...]]
) -> None:
    # Relay: relay-server/src/processing/logs/mod.rs:160, process.rs:169, validate.rs:56.
    headers = {"content_type": JSON, "integration": integration}
    verdict = judged("integration", payload, item_headers=headers, endpoint="integration")

    assert verdict.outcome == outcome
    assert verdict.reason == (found[0][1] if found else None)
    assert [place[: len(one)] for place, one in zip(places(verdict), found, strict=True)] == found


def otlp_span(start: float = NOW - 1, **fields: Any) -> dict[str, Any]:
    times = {"startTimeUnixNano": str(int(start) * NANO), "endTimeUnixNano": str(int(start + 1) * NANO)}
    return {"traceId": "b" * 32, "spanId": "d" * 16, "name": "GET /", **times, **fields}


D, E = "d" * 16, "e" * 16
METHOD = [{"key": "http.method", "value": {"stringValue": "GET"}}]
WRONG_SEGMENT = [{"key": "sentry.segment.id", "value": {"stringValue": "zzz"}}]


@pytest.mark.parametrize(
    ("spans", "outcome", "found"),
    [
        ([otlp_span()], "accepted", []),
        ([otlp_span(OLD)], "dropped", [("0.start_timestamp", "timestamp", OLD, None)]),
        ([otlp_span(AHEAD)], "trimmed", [("0.start_timestamp", "future_timestamp", AHEAD, NOW)]),
        ([otlp_span(endTimeUnixNano="5")], "dropped", [("0.end_timestamp", "timestamp")]),
        ([otlp_span(spanId="dd"), otlp_span()], "trimmed", [("0.span_id", "invalid_span", "dd", None)]),
        ([otlp_span(), otlp_span()], "trimmed", [("0.span_id", "duplicate", "d" * 16, None)]),
        ([otlp_span(name="")], "dropped", [("0.name", "no_data", "", None)]),
        ([otlp_span(name="", attributes=METHOD)], "accepted", []),
        (
            [otlp_span(parentSpanId=E, attributes=WRONG_SEGMENT)],
            "dropped",
            [("0.attributes.sentry.segment.id", "invalid_span")],
        ),
        ([otlp_span(attributes=WRONG_SEGMENT)], "accepted", []),
        ([otlp_span(traceId="bb")], "accepted", []),
    ],
)
def test_a_span_of_opentelemetry_is_judged_as_one_in_a_container(
    spans: list[dict[str, Any]], outcome: str, found: list[tuple[Any, ...]]
) -> None:
    # Relay: relay-server/src/processing/spans/mod.rs:189; of OpenTelemetry no trace header is asked for,
    # dynamic_sampling.rs:77.
    headers = {"content_type": JSON, "integration": "otlp_traces"}
    payload = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    verdict = judged("integration", payload, item_headers=headers, endpoint="otlp")

    assert (verdict.outcome, verdict.reason) == (outcome, found[0][1] if found else None)
    assert [place[: len(one)] for place, one in zip(places(verdict), found, strict=True)] == found


def test_the_clock_of_a_log_is_judged_alike_in_every_format() -> None:
    container = {"content_type": "application/vnd.sentry.items.log+json", "item_count": 1}
    log = {"body": "hi", "level": "info", "trace_id": ID, "timestamp": OLD}
    (native,) = judged("log", {"items": [log]}, item_headers=container).findings
    sent = {"vercel_logs": [{**VERCEL, "timestamp": int(OLD * 1000)}], "otlp_logs": otlp(record(OLD))}

    for integration, payload in sent.items():
        headers = {"content_type": JSON, "integration": integration}
        (found,) = judged("integration", payload, item_headers=headers, endpoint="integration").findings
        assert (found.rule, found.text) == (native.rule, native.text)


def test_of_lines_sentry_keeps_those_that_it_can_read() -> None:
    headers = {"content_type": "application/x-ndjson", "integration": "vercel_logs"}
    payload = json.dumps(VERCEL).encode() + b"\nnonsense"

    verdict = judged("integration", payload, item_headers=headers, endpoint="vercel")
    assert places(verdict) == [("1", "invalid_json", b"nonsense", None)]


def test_a_security_report_is_judged_as_an_event() -> None:
    verdict = judged("security", event(csp={"document_uri": "https://a.example"}, level="warn"))

    assert [found.path for found in verdict.findings] == ["level"]
    assert verdict.stored["type"] == "csp"


@pytest.mark.parametrize("sent", [{"hpkp": {}}, {"csp": {}, "exception": [{"type": "E"}]}, {"csp": None}, {}])
def test_a_security_item_without_a_csp_report_is_lost(sent: dict[str, Any]) -> None:
    # Relay: relay-server/src/processing/errors/errors/security.rs:34.
    assert judged("security", event(**sent)).reason == "security_report_type"
    assert judged("security", b"nonsense").reason == "invalid_json"


TRACE_ATTACHMENT = "application/vnd.sentry.trace-attachment"
DESCRIBED = {
    "trace_id": "b" * 32,
    "attachment_id": "f" * 32,
    "timestamp": 1790000000,
    "content_type": "text/plain",
}
MALFORMED: dict[str, list[Any]] = {
    "trace_id": [None, "zz", 7, "b" * 31],
    "attachment_id": [None, "zz", []],
    "timestamp": [None, "soon", True, {}, 1e12],
    "content_type": [None, 5, ["text/plain"]],
}
META = json.dumps(DESCRIBED).encode()
TRACED = {"trace": {"trace_id": "b" * 32, "public_key": "0123456789abcdef0123456789abcdef"}}


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, None),
        ({"meta_length": len(META) + 3}, "invalid_json"),
        ({"meta_length": 0}, "invalid_json"),
        ({"meta_length": len(META) + 4}, "invalid_trace_attachment"),
        ({"meta_length": -1}, "invalid_trace_attachment"),
        ({"meta_length": None}, "invalid_trace_attachment"),
        ({"span_id": "d" * 16}, None),
        ({"span_id": None}, None),
        ({"span_id": "e" * 16}, "invalid_span_attachment"),
        # Relay: relay-server/src/envelope/item.rs:512; what is no id of a span names none.
        ({"span_id": "zzz"}, None),
        ({"span_id": 5}, None),
        ({"span_id": "0" * 16}, None),
    ],
)
def test_an_attachment_of_a_trace_is_json_and_bytes(headers: dict[str, Any], reason: str | None) -> None:
    # Relay: relay-server/src/processing/trace_attachments/process.rs:53, spans/process.rs:78.
    sent = {"content_type": TRACE_ATTACHMENT, "meta_length": len(META), **headers}
    attachment = item("attachment", META + b"abc", **sent)
    envelope = arrival(attachment, item("span", span()), headers=TRACED)
    verdict = judge(envelope, 0)

    assert (verdict.reason, verdict.stored) == (reason, None if reason else b"abc")


def streamed(**fields: Any) -> dict[str, Any]:
    times = {"start_timestamp": NOW - 0.9, "end_timestamp": NOW - 0.1}
    return {"span_id": "d" * 16, "trace_id": "b" * 32, "name": "GET /", "status": "ok", **times, **fields}


def with_spans(
    span_id: str | None, *spans: Any, headers: dict[str, Any] | None = None, **container: Any
) -> tuple[str | None, str | None]:
    """Return why an attachment beside a container of spans is lost, and why the first of the spans is."""
    sent = {
        "content_type": "application/vnd.sentry.items.span.v2+json",
        "item_count": len(spans),
        **container,
    }
    described = {"content_type": TRACE_ATTACHMENT, "meta_length": len(META), "span_id": span_id}
    attachment = item("attachment", META + b"abc", **described)
    held = item("span", {"items": spans}, **sent)
    envelope = arrival(attachment, held, headers=TRACED if headers is None else headers)
    return judge(envelope, 0).reason, judge(envelope, 1).reason


LONG_AGO = {"start_timestamp": NOW - 100 * DAY, "end_timestamp": NOW - 100 * DAY}
SEGMENT = {"sentry.segment.id": {"type": "string", "value": "zzz"}}


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        ({}, None),
        # Relay: tests/integration/test_attachmentsv2.py:910.
        ({"name": None}, "no_data"),
        (LONG_AGO, "timestamp"),
        ({"end_timestamp": NOW - 2}, "timestamp"),
        ({"attributes": SEGMENT}, "invalid_span"),
        ({"attributes": {"size": {"type": "integer", "value": "many"}}}, None),
        ({"start_timestamp": NOW + 2 * DAY, "end_timestamp": NOW + 2 * DAY}, None),
    ],
)
def test_an_attachment_of_a_span_falls_with_its_span(lost: dict[str, Any], reason: str | None) -> None:
    # Relay: ExpandedSpan has its attachments, relay-server/src/processing/spans/process.rs:78.
    other = streamed(span_id=E)

    assert with_spans(D, other, streamed(**lost))[0] == reason
    assert with_spans(E, other, streamed(**lost))[0] is None
    assert with_spans(None, other, streamed(**lost))[0] is None
    # The last of two spans with one id is the one that is kept.
    assert with_spans(D, streamed(**lost), streamed())[0] is None
    assert with_spans(D.upper(), streamed(), streamed(**lost))[0] == reason


@pytest.mark.parametrize(
    ("headers", "container", "spans", "reason"),
    [
        ({}, {}, [streamed()], "missing_dsc"),
        (None, {}, [streamed(trace_id="c" * 32)], "invalid_dsc"),
        (None, {"item_count": 7}, [streamed()], "invalid_json"),
    ],
)
def test_an_attachment_of_spans_falls_where_all_spans_do(
    headers: dict[str, Any] | None, container: dict[str, Any], spans: list[Any], reason: str
) -> None:
    # Relay: relay-server/src/processing/spans/mod.rs:189, dynamic_sampling.rs:78.
    for span_id in (D, None):
        assert with_spans(span_id, *spans, headers=headers, **container) == (reason, reason)
    unknown = "invalid_json" if container else "invalid_span_attachment"
    assert with_spans(E, *spans, headers=headers, **container)[0] == unknown


def test_an_attachment_of_a_span_of_the_first_version_falls_with_it() -> None:
    # Relay: expand_legacy_spans in relay-server/src/processing/spans/process.rs:149.
    described = {"content_type": TRACE_ATTACHMENT, "meta_length": len(META), "span_id": D}
    attachment = item("attachment", META, **described)
    spans = [item("span", span(timestamp=NOW - 2)), item("span", span(span_id=E)), item("span", b"nonsense")]

    assert judge(arrival(attachment, *spans, headers=TRACED), 0).reason == "timestamp"
    assert judge(arrival(attachment, *spans[1:], headers=TRACED), 0).reason == "invalid_span_attachment"
    assert judge(arrival(attachment, *spans), 0).reason == "missing_dsc"
    container = item("span", {"items": []}, content_type="application/vnd.sentry.items.span.v2+json")
    assert judge(arrival(attachment, *spans, container, headers=TRACED), 0).reason == "duplicate_item"


def test_the_spans_of_an_envelope_are_judged_once_for_all_of_their_attachments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judgements: list[str] = []

    def judging(other: RawItem, *arguments: Any) -> Any:
        judgements.append(other.type)
        return judge_container(other, *arguments)

    monkeypatch.setattr(trace_attachments, "judge_container", judging)
    described = {"content_type": TRACE_ATTACHMENT, "meta_length": len(META)}
    attachments = [item("attachment", META, **described, span_id=span_id) for span_id in (D, E, D, None)]
    spans = [item("span", span(timestamp=NOW - 2)), item("span", span(span_id=E))]
    envelope = Envelope(arrival(*attachments, *spans, headers=TRACED), {})

    assert [one.verdict.reason for one in envelope.items[:4]] == ["timestamp", None, "timestamp", None]
    assert judgements == ["span", "span"]


def test_attachments_of_no_single_span_need_the_trace_header() -> None:
    # Relay: SpanItems::None in relay-server/src/processing/spans/mod.rs:152, dynamic_sampling.rs:78.
    described = {"content_type": TRACE_ATTACHMENT, "meta_length": len(META)}

    assert judged("attachment", META, item_headers={**described, "span_id": None}).reason == "missing_dsc"
    assert judged("attachment", META, item_headers=described).reason is None


@pytest.mark.parametrize("span_id", [None, "d" * 16])
@pytest.mark.parametrize(
    ("described", "path"),
    [
        ({}, "trace_id"),
        (None, "trace_id"),
        (5, "trace_id"),
        ([], "trace_id"),
        ("text", "trace_id"),
        *[({**DESCRIBED, name: value}, name) for name, values in MALFORMED.items() for value in values],
        ({**DESCRIBED, "timestamp": "2026-03-01T12:00:00Z", "filename": 5, "more": 1}, None),
        ({**DESCRIBED, "trace_id": "bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb", "content_type": ""}, None),
    ],
)
def test_what_describes_an_attachment_of_a_trace_needs_four_fields(
    described: Any, path: str | None, span_id: str | None
) -> None:
    # Relay: relay-server/src/processing/trace_attachments/store.rs:75.
    meta = json.dumps(described).encode()
    headers = {"content_type": TRACE_ATTACHMENT, "meta_length": len(meta), "span_id": span_id}
    attachment = item("attachment", meta + b"abc", **headers)
    verdict = judge(arrival(attachment, item("span", span()), headers=TRACED), 0)

    assert verdict.reason == (path and "invalid_trace_attachment")
    assert [found.path for found in verdict.findings] == ([path] if path else [])


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        # Errors are taken out of an envelope before attachments of traces. Relay: processing/relay.rs:142.
        ({}, "dropped"),
        ({"span_id": "nonsense"}, "dropped"),
        # Spans are before: processing/relay.rs:135.
        ({"span_id": None}, "accepted"),
    ],
)
def test_an_attachment_of_a_trace_beside_an_event_is_the_events(
    headers: dict[str, Any], outcome: str
) -> None:
    attachment = item("attachment", META, content_type=TRACE_ATTACHMENT, meta_length=len(META), **headers)
    plain = item("attachment", b"{", content_type=TRACE_ATTACHMENT, **headers)

    assert judge(arrival(item("event", b"{"), attachment, headers=TRACED), 1).outcome == outcome
    beside = judge(arrival(item("event", event()), plain, headers=TRACED), 1)
    assert beside.reason == ("invalid_trace_attachment" if outcome == "accepted" else None)


def test_bytes_of_an_unjudged_item_are_stored_as_they_are() -> None:
    assert judged("replay_recording", b"{}\n[]", headers={"event_id": ID}).stored == b"{}\n[]"
