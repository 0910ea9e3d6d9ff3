"""Logs, streamed spans and metrics: what loses an attribute, an element, or all of them."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_sentryintegration.verdict import Verdict, judge
from tests.verdict.builders import NOW, arrival, item, judged, places

TYPES = {
    "log": "application/vnd.sentry.items.log+json",
    "span": "application/vnd.sentry.items.span.v2+json",
    "trace_metric": "application/vnd.sentry.items.trace-metric+json",
}
TRACE = {"trace": {"trace_id": "b" * 32, "public_key": "0123456789abcdef0123456789abcdef"}}


def log(**fields: Any) -> dict[str, Any]:
    return {"timestamp": NOW, "trace_id": "b" * 32, "level": "warn", "body": "hi", **fields}


def metric(**fields: Any) -> dict[str, Any]:
    return {"timestamp": NOW, "trace_id": "b" * 32, "name": "size", "type": "gauge", "value": 1, **fields}


def streamed(**fields: Any) -> dict[str, Any]:
    return {
        "trace_id": "b" * 32,
        "span_id": "c" * 16,
        "name": "checkout",
        "status": "ok",
        "start_timestamp": NOW - 1,
        "end_timestamp": NOW,
        **fields,
    }


def held(kind: str, *elements: Any, headers: dict[str, Any] | None = None, **changed: Any) -> Verdict:
    item_headers = {"content_type": TYPES[kind], "item_count": len(elements), **changed}
    return judged(kind, {"items": list(elements)}, item_headers=item_headers, headers=headers or TRACE)


def without(element: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in element.items() if key != name}


GOOD = {"log": log(), "span": streamed(), "trace_metric": metric()}


@pytest.mark.parametrize("kind", GOOD)
def test_a_container_is_kept(kind: str) -> None:
    verdict = held(kind, GOOD[kind])

    assert (verdict.outcome, verdict.reason) == ("accepted", None)
    assert verdict.stored == {"items": [GOOD[kind]]}


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize(
    "changed", [{"item_count": 2}, {"item_count": None}, {"item_count": "1"}, {"content_type": "text/json"}]
)
def test_wrong_headers_lose_all_of_it(kind: str, changed: dict[str, Any]) -> None:
    verdict = held(kind, GOOD[kind], **changed)

    reason = "invalid_span" if kind == "span" and "content_type" in changed else "invalid_json"
    assert (verdict.outcome, verdict.reason, verdict.stored) == ("dropped", reason, None)


def test_the_content_type_may_be_in_capitals() -> None:
    assert held("log", log(), content_type=TYPES["log"].upper()).outcome == "accepted"


def test_a_log_without_a_container_is_lost() -> None:
    assert judged("log", log()).reason == "invalid_json"


@pytest.mark.parametrize("payload", [b"{", b"null", b'{"items": {}}', b'{"items": [NaN]}'])
def test_a_broken_container_is_lost(payload: bytes) -> None:
    headers = {"content_type": TYPES["log"], "item_count": 1}

    assert judged("log", payload, item_headers=headers).reason == "invalid_json"


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("log", "timestamp", "no_data"),
        ("log", "trace_id", "no_data"),
        ("log", "level", "no_data"),
        ("log", "body", "no_data"),
        ("trace_metric", "timestamp", "no_data"),
        ("trace_metric", "trace_id", "no_data"),
        ("trace_metric", "name", "invalid_trace_metric"),
        ("trace_metric", "type", "invalid_trace_metric"),
        ("trace_metric", "value", "no_data"),
        ("span", "span_id", "invalid_span"),
        ("span", "name", "no_data"),
        ("span", "status", "no_data"),
        ("span", "start_timestamp", "timestamp"),
        ("span", "end_timestamp", "timestamp"),
    ],
)
def test_an_element_without_what_it_needs_is_lost(kind: str, name: str, reason: str) -> None:
    verdict = held(kind, without(GOOD[kind], name))

    assert (verdict.outcome, verdict.reason) == ("dropped", reason)
    assert [(found.path, found.stored) for found in verdict.findings] == [(f"items.0.{name}", None)]


def test_the_other_elements_are_kept() -> None:
    verdict = held("log", log(body="a"), without(log(), "body"), 3, log(body="b"))

    assert (verdict.outcome, verdict.reason) == ("trimmed", "no_data")
    assert [found.path for found in verdict.findings] == ["items.1.body", "items.2"]
    assert [one["body"] for one in verdict.stored["items"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("attribute", "rule"),
    [
        ({"type": "integer", "value": "3"}, "invalid_data"),
        ({"type": "integer", "value": 2**63}, "invalid_data"),
        ({"type": "boolean", "value": 1}, "invalid_data"),
        ({"type": "string", "value": 1}, "invalid_data"),
        ({"type": "number", "value": 1}, "invalid_data"),
        ({"type": "array", "value": [1, "a"]}, "invalid_data"),
        ({"type": "array", "value": [{}]}, "invalid_data"),
        ({"value": 1}, "missing_attribute"),
        ({"type": "string"}, "missing_attribute"),
    ],
)
def test_a_bad_attribute_is_lost_alone(attribute: dict[str, Any], rule: str) -> None:
    good = {"type": "double", "value": 3}

    verdict = held("log", log(attributes={"a.b": attribute, "good": good}))

    assert places(verdict) == [("items.0.attributes.a.b", rule, attribute, None)]
    assert verdict.stored["items"][0]["attributes"] == {"good": good}


def test_a_log_of_two_mebibytes_is_lost() -> None:
    verdict = held(
        "log", log(body="x" * 2**20, attributes={"a": {"type": "string", "value": "x" * 2**20}}), log()
    )

    assert (verdict.outcome, verdict.reason) == ("trimmed", "too_large:log")
    assert [found.path for found in verdict.findings] == ["items.0"]


@pytest.mark.parametrize("kind", GOOD)
def test_what_is_older_than_the_retention_is_lost(kind: str) -> None:
    name = "start_timestamp" if kind == "span" else "timestamp"

    verdict = held(kind, {**GOOD[kind], name: NOW - 91 * 86400})

    assert (verdict.outcome, verdict.reason) == ("dropped", "timestamp")


@pytest.mark.parametrize(("ahead", "outcome"), [(50 * 60, "accepted"), (56 * 60, "trimmed")])
def test_a_log_from_the_future_is_moved_from_55_minutes_on(ahead: int, outcome: str) -> None:
    assert held("log", log(timestamp=NOW + ahead)).outcome == outcome


def test_a_frozen_clock_loses_no_log() -> None:
    headers = {**TRACE, "sent_at": "2020-01-01T00:00:00Z"}

    assert held("log", log(timestamp="2020-01-01T00:00:00Z"), headers=headers).outcome == "accepted"


@pytest.mark.parametrize(
    "trace",
    [
        None,
        {},
        {"trace_id": "b" * 32},
        {"trace_id": "x", "public_key": "a" * 32},
        {**TRACE["trace"], "public_key": "a"},
    ],
)
def test_spans_without_a_trace_header_are_lost(trace: object) -> None:
    assert held("span", streamed(), headers={"trace": trace}).reason == "missing_dsc"


@pytest.mark.parametrize("trace_id", ["d" * 32, None])
def test_spans_of_another_trace_lose_all(trace_id: str | None) -> None:
    verdict = held("span", streamed(), streamed(span_id="d" * 16, trace_id=trace_id))

    assert (verdict.outcome, verdict.reason) == ("dropped", "invalid_dsc")


def test_a_trace_id_may_be_spelled_otherwise() -> None:
    assert held("span", streamed(trace_id="B" * 32)).outcome == "accepted"


def test_of_two_spans_with_one_id_the_last_is_kept() -> None:
    # Relay: relay-server/src/processing/spans/process.rs:62.
    verdict = held("span", streamed(name="first"), streamed(name="last"))

    assert places(verdict) == [("items.0.span_id", "duplicate", "c" * 16, None)]
    assert [span["name"] for span in verdict.stored["items"]] == ["last"]


def test_spans_without_an_id_are_lost_before_the_trace_is_looked_at() -> None:
    # Relay: expand, then validate_and_set_dsc, relay-server/src/processing/spans/mod.rs:183.
    unnamed = streamed(span_id="x", trace_id="d" * 32)
    other = streamed(trace_id="d" * 32)

    assert held("span", unnamed, headers={"trace": None}).reason == "invalid_span"
    assert held("span", unnamed, streamed()).outcome == "trimmed"
    assert held("span", other, streamed()).reason == "duplicate"
    both = held("span", unnamed, other)
    assert (both.reason, {found.rule for found in both.findings}) == (
        "invalid_dsc",
        {"invalid_dsc", "invalid_span"},
    )


BIG = "x" * (2**20 - 20)
TOO_LARGE = "too_large:trace_metric"


@pytest.mark.parametrize(
    ("name", "kind", "value", "rules"),
    [
        ("n" * 11, "string", BIG, []),
        ("n" * 12, "string", BIG, [TOO_LARGE]),
        ("n", "array", [BIG, "y" * 10], []),
        ("n", "array", [BIG, "y" * 11], [TOO_LARGE]),
        ("n", "array", [1.5] * 2**17, [TOO_LARGE]),
        ("n", "object", {"k": [BIG, True], "l": {"m": 1}}, [TOO_LARGE, "invalid_data"]),
    ],
)
def test_the_size_of_a_metric_counts_its_name_its_value_and_all_in_its_attributes(
    name: str, kind: str, value: Any, rules: list[str]
) -> None:
    # Relay: calculate_size in relay-server/src/processing/trace_metrics/utils.rs:27, eap/size.rs:32.
    large = metric(name=name, attributes={"a": {"type": kind, "value": value}})

    assert [found.rule for found in held("trace_metric", large, metric()).findings] == rules


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"span_id": "c"}, "invalid_span"),
        ({"span_id": "0" * 16}, "invalid_span"),
        ({"end_timestamp": NOW - 2}, "timestamp"),
        ({"start_timestamp": "soon"}, "timestamp"),
        ({"attributes": {"sentry.segment.id": {"type": "string", "value": "x"}}}, "invalid_span"),
    ],
)
def test_a_broken_span_is_lost(fields: dict[str, Any], reason: str) -> None:
    assert held("span", streamed(**fields)).reason == reason


def test_spans_of_both_versions_in_one_envelope_are_lost() -> None:
    container = item("span", {"items": [streamed()]}, content_type=TYPES["span"], item_count=1)
    single = item("span", streamed())
    both = arrival(container, single, headers=TRACE)

    assert [judge(both, index).reason for index in (0, 1)] == ["duplicate_item", "duplicate_item"]


def test_a_single_span_of_version_1_is_kept() -> None:
    span = {**without(streamed(), "end_timestamp"), "timestamp": NOW}

    verdict = judged("span", span, headers=TRACE)

    assert (verdict.outcome, verdict.stored) == ("accepted", span)


def test_a_metric_s_name_and_unit_are_changed() -> None:
    verdict = held("trace_metric", metric(name="cart-size (kb)", unit="apples"))

    assert places(verdict) == [
        ("items.0.name", "metric_name", "cart-size (kb)", "cart_size_kb_"),
        ("items.0.unit", "metric_unit", "apples", "none"),
    ]


@pytest.mark.parametrize("fields", [{"name": " "}, {"type": "histogram"}])
def test_a_metric_without_name_or_type_is_lost(fields: dict[str, Any]) -> None:
    assert held("trace_metric", metric(**fields)).reason == "invalid_trace_metric"


def test_three_million_values_are_too_many() -> None:
    payload = b'{"items":[{"body":[' + b"1," * 3_000_000 + b"1]}]}"
    headers = {"content_type": TYPES["log"], "item_count": 4}

    whole = judged("log", payload, item_headers={**headers, "item_count": 1})

    assert whole.outcome in ("dropped", "refused")
