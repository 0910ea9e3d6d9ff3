"""What makes Sentry drop a whole transaction, and what it accepts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verdict.builders import NOW, judged, places, span, transaction

DAY = 86400


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


def traced(**trace: Any) -> dict[str, Any]:
    return transaction(contexts={"trace": trace})


DROPPED: dict[str, tuple[dict[str, Any], str]] = {
    "no start": (without(transaction(), "start_timestamp"), "start_timestamp hard-required"),
    "end before start": (transaction(timestamp=NOW - 5), "end timestamp is smaller than start"),
    "before 1970": (transaction(start_timestamp=-5), "too stale"),
    "no trace": (transaction(contexts={}), "missing valid trace context"),
    "no trace_id": (traced(span_id="c" * 16), "missing trace_id"),
    "unreadable trace_id": (traced(trace_id="x", span_id="c" * 16), "missing trace_id"),
    "no span_id": (traced(trace_id="b" * 32), "missing span_id"),
    "null span": (transaction(spans=[None]), "spans must be valid"),
    "span without span_id": (transaction(spans=[without(span(), "span_id")]), "span_id"),
    "span without trace_id": (transaction(spans=[without(span(), "trace_id")]), "trace_id"),
    "span with a zero id": (transaction(spans=[span(span_id="0" * 16)]), "span_id"),
    "span without start": (transaction(spans=[without(span(), "start_timestamp")]), "missing timestamp"),
    "span ends before it starts": (transaction(spans=[span(timestamp=NOW - 5)]), "end timestamp is smaller"),
    "span before 1970": (transaction(spans=[span(start_timestamp=-5)]), "must be valid"),
    "six days old": (
        transaction(start_timestamp=NOW - 6 * DAY, timestamp=NOW - 6 * DAY + 1),
        "out of the valid range",
    ),
}

KEPT: dict[str, dict[str, Any]] = {
    "as it should be": transaction(spans=[span()]),
    "no end": without(transaction(), "timestamp"),
    "no spans": without(transaction(), "spans"),
    "span without an end": transaction(spans=[without(span(), "timestamp")]),
    "no name": transaction(transaction=""),
    "no source": without(transaction(), "transaction_info"),
    "url without ids": transaction(transaction="/cart", transaction_info={"source": "url"}),
    "four days old": transaction(start_timestamp=NOW - 4 * DAY),
    "span outside of it": transaction(spans=[span(start_timestamp=NOW - 100, timestamp=NOW - 50)]),
    "other spellings": transaction(
        spans=[span(span_id="D" * 16, status="success", same_process_as_parent=True, data={"a": {"b": [1]}})]
    ),
    "measurements": transaction(measurements={"lcp": {"value": 1.5, "unit": "millisecond"}}),
    "many small spans": transaction(spans=[span(span_id=f"{index:016x}") for index in range(1, 2000)]),
}


@pytest.mark.parametrize(("body", "words"), DROPPED.values(), ids=DROPPED)
def test_a_transaction_is_dropped(body: dict[str, Any], words: str) -> None:
    verdict = judged("transaction", body)

    assert (verdict.outcome, verdict.reason, verdict.stored) == ("dropped", "invalid_transaction", None)
    assert [found.path for found in verdict.findings] == [""]
    assert words in verdict.findings[0].text


@pytest.mark.parametrize("body", KEPT.values(), ids=KEPT)
def test_a_transaction_is_kept_as_it_is(body: dict[str, Any]) -> None:
    verdict = judged("transaction", body)

    assert places(verdict) == []
    assert verdict.stored["type"] == "transaction"


def test_a_nil_trace_id_is_replaced() -> None:
    verdict = judged("transaction", traced(trace_id="0" * 32, span_id="c" * 16))

    assert [(found.path, found.rule) for found in verdict.findings] == [
        ("contexts.trace.trace_id", "nil_trace_id")
    ]


def test_ids_in_a_url_are_replaced() -> None:
    body = transaction(transaction="/users/12345/", transaction_info={"source": "url"})

    assert places(judged("transaction", body)) == [("transaction", "int", "/users/12345/", "/users/*/")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "fine"}, ("spans.0.status", "invalid_data", "fine", None)),
        ({"op": "x" * 129}, ("spans.0.op", "!limit", "x" * 129, "x" * 125 + "...")),
        ({"origin": "auto/http"}, ("spans.0.origin", "invalid_data", "auto/http", None)),
        ({"foo": 1}, ("spans.0.foo", "removed", 1, None)),
    ],
)
def test_a_span_loses_a_field(fields: dict[str, Any], expected: tuple[str, str, Any, Any]) -> None:
    assert places(judged("transaction", transaction(spans=[span(**fields)]))) == [expected]


def test_of_870_large_spans_some_are_lost() -> None:
    spans = [span(span_id=f"{index:016x}", description="x" * 1000) for index in range(1, 871)]

    verdict = judged("transaction", transaction(spans=spans))

    assert [found.path for found in verdict.findings] == ["spans"]
    assert 700 < len(verdict.findings[0].stored) < 800
    assert "819,200 bytes" in verdict.findings[0].text


def test_a_future_transaction_is_moved_to_when_it_was_received() -> None:
    body = transaction(start_timestamp=NOW + 600, timestamp=NOW + 601, spans=[span(timestamp=NOW + 600.5)])

    verdict = judged("transaction", body)

    assert [found.path for found in verdict.findings] == ["timestamp"]
    assert verdict.findings[0].rule == "future_timestamp"


@pytest.mark.parametrize("payload", [b"{", b'{"start_timestamp": NaN}'])
def test_a_transaction_that_serde_cannot_read_is_dropped(payload: bytes) -> None:
    verdict = judged("transaction", payload)

    assert (verdict.outcome, verdict.reason) == ("dropped", "invalid_json")


@pytest.mark.parametrize("at", [-6 * 86400, 900])
def test_a_span_out_of_time_gets_the_times_of_its_transaction(at: float) -> None:
    # Relay: validate_transaction_span in relay-event-normalization/src/validation.rs:248.
    far = span(start_timestamp=NOW + at, timestamp=NOW + at + 0.5)
    verdict = judged("transaction", transaction(spans=[far, span()]))

    assert places(verdict) == [
        ("spans.0.start_timestamp", "moved", NOW + at, NOW - 1),
        ("spans.0.timestamp", "moved", NOW + at + 0.5, NOW),
    ]
    assert verdict.stored["spans"][0]["timestamp"] == NOW


def test_a_span_that_would_end_before_it_starts_costs_the_transaction() -> None:
    late = span(start_timestamp=NOW + 30, timestamp=NOW + 900)

    assert judged("transaction", transaction(spans=[late])).reason == "invalid_transaction"
