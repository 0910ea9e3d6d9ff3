"""Where several reasons apply, the first one is Relay's: it gives one for each item that it drops.

Relay: the order of ``process`` in ``relay-server/src/processing/<kind>/mod.rs``.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_sentryintegration.verdict import containers, elements, judge
from pytest_sentryintegration.wire.envelope import RawItem
from pytest_sentryintegration.wire.uploads import REFERENCE_TYPE
from tests.verdict.builders import NOW, arrival, event, item, judged, span, transaction

OLD = NOW - 91 * 86400
TRACE = {"trace_id": "b" * 32, "public_key": "0123456789abcdef0123456789abcdef"}
HUGE = "x" * 2000
CONTAINERS = {
    "log": "application/vnd.sentry.items.log+json",
    "span": "application/vnd.sentry.items.span.v2+json",
    "trace_metric": "application/vnd.sentry.items.trace-metric+json",
}


def container(kind: str, *elements: Any, count: int | None = None) -> RawItem:
    headers = {"content_type": CONTAINERS[kind], "item_count": len(elements) if count is None else count}
    return item(kind, {"items": list(elements)}, **headers)


def log(**fields: Any) -> dict[str, Any]:
    return {"timestamp": NOW, "trace_id": "b" * 32, "level": "info", "body": "hi", **fields}


def metric(**fields: Any) -> dict[str, Any]:
    return {"timestamp": NOW, "trace_id": "b" * 32, "name": "a", "type": "counter", "value": 1, **fields}


def streamed(**fields: Any) -> dict[str, Any]:
    ids = {"trace_id": "b" * 32, "span_id": "c" * 16, "name": "n", "status": "ok"}
    return {**ids, "start_timestamp": NOW - 1, "end_timestamp": NOW, **fields}


def segment(value: str) -> dict[str, Any]:
    return {"sentry.segment.id": {"type": "string", "value": value}}


def first_reasons(kind: str, *elements: Any, **headers: Any) -> tuple[str | None, list[str]]:
    """Return the reason of a container, and the first of each of its elements."""
    verdict = judge(arrival(container(kind, *elements), headers={"trace": TRACE, **headers}), 0)
    first: dict[str, str] = {}
    for found in verdict.findings:
        first.setdefault(".".join(found.path.split(".")[:2]), found.rule)
    return verdict.reason, list(first.values())


@pytest.mark.parametrize(
    ("kind", "element", "reason"),
    [
        # Size, time, schema. Relay: logs/mod.rs:166.
        ("log", log(body=HUGE, timestamp=OLD, level=None), "too_large:log"),
        ("log", log(timestamp=OLD, level=None), "timestamp"),
        ("log", log(timestamp=OLD, trace_id="nonsense"), "timestamp"),
        ("log", log(timestamp="soon", body=None), "no_data"),
        ("log", log(body=5), "no_data"),
        ("log", log(level=5, timestamp=OLD), "timestamp"),
        # Size, type, time, name, schema. Relay: trace_metrics/mod.rs:155.
        ("trace_metric", metric(name=HUGE, type="sum", timestamp=OLD), "too_large:trace_metric"),
        ("trace_metric", metric(type="sum", timestamp=OLD, name=""), "invalid_trace_metric"),
        ("trace_metric", metric(type=None, value=None), "invalid_trace_metric"),
        ("trace_metric", metric(timestamp=OLD, name=""), "timestamp"),
        ("trace_metric", metric(timestamp=OLD, name=None), "timestamp"),
        ("trace_metric", metric(name="", value=None), "invalid_trace_metric"),
        ("trace_metric", metric(name=5, trace_id="x"), "invalid_trace_metric"),
        ("trace_metric", metric(trace_id="x"), "no_data"),
        # Id, time, segment, schema. Relay: spans/mod.rs:181 and normalize_span in spans/process.rs:231.
        ("span", streamed(span_id="x", start_timestamp=OLD, name=None), "invalid_span"),
        ("span", streamed(start_timestamp=NOW + 1, attributes=segment("x"), name=None), "timestamp"),
        ("span", streamed(start_timestamp=None, name=None), "timestamp"),
        ("span", streamed(start_timestamp=OLD, name=None), "timestamp"),
        ("span", streamed(attributes=segment("x"), name=None), "invalid_span"),
        ("span", streamed(status=5), "no_data"),
    ],
)
def test_of_one_element(
    kind: str, element: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One alone that is too large is refused with its envelope; one of many is not.
    monkeypatch.setattr(elements, "MAX_BYTES", {"log": 1000, "trace_metric": 1000})

    assert first_reasons(kind, element) == (reason, [reason])


def test_the_elements_of_a_container_have_a_reason_each() -> None:
    kept = log()

    assert first_reasons("log", log(level=None), log(timestamp=OLD, level=None)) == (
        "no_data",
        ["no_data", "timestamp"],
    )
    assert first_reasons("log", log(timestamp=OLD, level=None), kept, 7) == (
        "timestamp",
        ["timestamp", "no_data"],
    )


@pytest.mark.parametrize(
    ("spans", "reasons"),
    [
        # The last of an id is kept, and the other is a duplicate, whatever else is wrong with it.
        ((streamed(start_timestamp=OLD), streamed()), ("duplicate", ["duplicate"])),
        ((streamed(), streamed(start_timestamp=OLD)), ("duplicate", ["duplicate", "timestamp"])),
        # The trace of the envelope counts for all that have an id, before they are looked at.
        ((streamed(trace_id="d" * 32, start_timestamp=OLD),), ("invalid_dsc", ["invalid_dsc"])),
        (
            (streamed(span_id=None), streamed(trace_id="d" * 32, name=None)),
            ("invalid_dsc", ["invalid_dsc", "invalid_span"]),
        ),
        # One that is a duplicate is not asked for its trace.
        ((streamed(trace_id="d" * 32), streamed()), ("duplicate", ["duplicate"])),
    ],
)
def test_of_spans_that_concern_each_other(
    spans: tuple[dict[str, Any], ...], reasons: tuple[str, list[str]]
) -> None:
    # Relay: expand in spans/process.rs:58, validate_and_set_dsc in spans/dynamic_sampling.rs:57.
    assert first_reasons("span", *spans) == reasons


def test_the_trace_counts_after_spans_without_an_id_and_before_all_else() -> None:
    sent = streamed(span_id=None), streamed(start_timestamp=OLD)

    assert first_reasons("span", *sent, trace=None) == ("missing_dsc", ["missing_dsc", "invalid_span"])
    assert first_reasons("span", sent[0], trace=None)[0] == "invalid_span"


@pytest.mark.parametrize("payload", [b"{", b"{}", b'{"items": [7]}'])
def test_spans_of_both_versions_count_before_they_are_read(payload: bytes) -> None:
    # Relay: validate::invalid in spans/mod.rs:176.
    broken = item("span", payload, content_type=CONTAINERS["span"], item_count=9)
    mixed = arrival(broken, item("span", span()))

    assert [judge(mixed, index).reason for index in (0, 1)] == ["duplicate_item"] * 2


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (container("log", log(timestamp=OLD), count=2), "invalid_json"),
        (container("log", *[log()] * 3, count=2), "request_too_large"),
        (item("log", b"{", content_type=CONTAINERS["log"], item_count=1), "invalid_json"),
        (item("log", {"items": [log()] * 3}, item_count=3), "invalid_json"),
    ],
)
def test_a_container_is_read_before_it_is_counted(
    sent: RawItem, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Relay: ItemContainer::parse in relay-server/src/envelope/container.rs:256.
    monkeypatch.setattr(containers, "MAX_OPERATIONS", 9)

    assert judge(arrival(sent), 0).reason == reason


META = json.dumps({"attachment_id": "d" * 32, "trace_id": "b" * 32, "timestamp": NOW}).encode()


def attached(meta: bytes = META, **headers: Any) -> RawItem:
    sent = {"content_type": "application/vnd.sentry.trace-attachment", "meta_length": len(meta), **headers}
    return item("attachment", meta + b"abc", **sent)


OTHER = container("span", streamed(trace_id="d" * 32))
LATE = container("span", streamed(name=None, start_timestamp=OLD))
BROKEN = item("span", b"{", content_type=CONTAINERS["span"])


@pytest.mark.parametrize(
    ("attachment", "spans", "reason"),
    [
        # All spans of a container, then what describes the attachment, its span, the trace, the span's own
        # reason, and fields that are missing. Relay: expand in spans/process.rs:25.
        (
            attached(b"{", span_id="c" * 16),
            BROKEN,
            "invalid_json",
        ),
        (
            attached(span_id="c" * 16, meta_length=None),
            container("span", streamed(), count=7),
            "invalid_json",
        ),
        (attached(b"{", span_id="e" * 16), container("span", streamed()), "invalid_json"),
        (
            attached(span_id="e" * 16),
            OTHER,
            "invalid_span_attachment",
        ),
        (attached(span_id="c" * 16), OTHER, "invalid_dsc"),
        (
            attached(span_id="c" * 16),
            LATE,
            "timestamp",
        ),
        (attached(span_id="c" * 16), container("span", streamed()), "invalid_trace_attachment"),
        (
            attached(meta_length=None, span_id=None),
            OTHER,
            "invalid_trace_attachment",
        ),
        # A span of the first version that is no JSON falls alone.
        (attached(span_id="c" * 16), item("span", b"{"), "invalid_span_attachment"),
    ],
)
def test_of_an_attachment_of_a_span(attachment: RawItem, spans: RawItem, reason: str) -> None:
    both = arrival(attachment, spans, headers={"trace": TRACE})

    assert judge(both, 0).reason == reason


def test_of_a_session() -> None:
    # What cannot be read, then its time, then its release. Relay: sessions/process.rs:38 and 150.
    old, release = {"started": "2026-01-01T00:00:00Z"}, {"release": "latest"}
    places = [
        [found.path for found in judged("session", sent).findings]
        for sent in (
            {**old, "attrs": release, "errors": "many"},
            {**old, "attrs": release},
            {"started": "2026-03-01T11:59:00Z", "attrs": release},
        )
    ]

    assert places == [["errors"], ["started"], ["attrs.release"]]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"status": 7, "environment": "x" * 65}, "status"),
        ({"status": "ok", "environment": "x" * 65}, "monitor_slug"),
        ({"status": "ok", "environment": "x" * 65, "monitor_slug": "a"}, "environment"),
    ],
)
def test_of_a_check_in(sent: dict[str, Any], path: str) -> None:
    # Relay: expand and normalize in check_ins/process.rs, relay-monitors/src/lib.rs:201.
    assert [found.path for found in judged("check_in", sent).findings] == [path]


RECORDING = item("replay_recording", b"")
WITH_ID = {"event_id": "a" * 32}


@pytest.mark.parametrize(
    ("items", "headers", "reason"),
    [
        # How many there are, JSON, the event id, the fields, the time. Relay: replays/mod.rs:178.
        ([item("replay_event", b"{")], {}, "invalid_replay_missing_recording"),
        ([item("replay_event", b"{"), RECORDING], {}, "invalid_replay"),
        ([item("replay_event", b"7"), RECORDING], {}, "invalid_event_id"),
        (
            [item("replay_event", b"7"), RECORDING],
            {"event_id": "a" * 32},
            "invalid_replay_no_payload",
        ),
        (
            [item("replay_event", {"timestamp": OLD}), RECORDING],
            WITH_ID,
            "invalid_replay",
        ),
        # An envelope that makes an event is given an id; its replay does not fall with it.
        ([RECORDING, item("event", b"{")], {}, None),
    ],
)
def test_of_a_replay(items: list[RawItem], headers: dict[str, Any], reason: str | None) -> None:
    assert judge(arrival(*items, headers=headers), 0).reason == reason


REFERENCE = item("attachment", b"{}", content_type=REFERENCE_TYPE)


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        # JSON, then the attachment, then the rest. Relay: transactions/mod.rs:118, errors/mod.rs:119.
        (item("transaction", b"{"), "invalid_json"),
        (item("transaction", b"7"), "invalid_placeholder_attachment"),
        (item("transaction", transaction(start_timestamp=NOW + 9)), "invalid_placeholder_attachment"),
        (item("event", b"{"), "invalid_json"),
        (item("event", b"7"), "invalid_placeholder_attachment"),
        (item("event", event()), "invalid_placeholder_attachment"),
    ],
)
def test_of_an_attachment_that_refers_to_nothing(sender: RawItem, reason: str) -> None:
    pytest.importorskip("sentry_relay")

    assert judge(arrival(sender, REFERENCE), 1).reason == reason


def test_a_transaction_that_is_no_object_is_an_internal_error_and_an_event_has_no_payload() -> None:
    # Relay: the OutcomeError of transactions/mod.rs:40 knows two errors.
    assert judged("transaction", b"7").reason == "internal"
    assert judged("event", b"7").reason == "no_event_payload"


def test_an_event_before_1970_is_no_invalid_json() -> None:
    pytest.importorskip("sentry_relay")

    # Relay: TimestampProcessor in relay-event-normalization/src/timestamp.rs:27.
    assert judged("event", event(start_timestamp=-5)).reason == "invalid_transaction"


@pytest.mark.parametrize("payload", [b"7", b"null", {"timestamp": -5}])
def test_the_type_of_a_security_event_counts_before_its_content(payload: object) -> None:
    # Relay: errors/errors/security.rs:41.
    assert judged("security", payload).reason == "security_report_type"


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        (item("event", b"7"), "no_event_payload"),
        (item("event", event()), "invalid_json"),
        # Relay: errors/errors/user_report_v2.rs takes no user reports.
        (item("feedback", event()), "invalid_envelope"),
    ],
)
def test_of_a_user_report(sender: RawItem, reason: str) -> None:
    assert judge(arrival(sender, item("user_report", b"{")), 1).reason == reason


def test_a_user_report_has_the_id_that_the_event_is_given() -> None:
    report = item("user_report", {"event_id": "a" * 32, "comments": "hi"})

    assert judge(arrival(report), 0).reason == "invalid_event_id"
    assert judge(arrival(item("event", event()), report), 1).reason is None


@pytest.mark.parametrize(
    ("kind", "element", "stored"),
    [
        ("log", log(timestamp=NOW + 4000), log()),
        ("trace_metric", metric(timestamp=NOW + 4000), metric()),
        # All times of a span are moved. Relay: relay-event-normalization/src/eap/time.rs:115.
        (
            "span",
            streamed(start_timestamp=NOW + 4000, end_timestamp=NOW + 4001),
            streamed(start_timestamp=NOW, end_timestamp=NOW + 1),
        ),
    ],
)
def test_what_lies_in_the_future_is_stored_as_of_its_receipt(
    kind: str, element: dict[str, Any], stored: dict[str, Any]
) -> None:
    verdict = judge(arrival(container(kind, element), headers={"trace": TRACE}), 0)

    assert (verdict.reason, verdict.stored["items"]) == ("future_timestamp", [stored])
