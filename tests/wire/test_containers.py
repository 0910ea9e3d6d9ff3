from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_sentryintegration.wire.containers import Attribute, read_attributes, unpack
from pytest_sentryintegration.wire.envelope import RawItem

LOG = {"timestamp": 1.5, "trace_id": "a" * 32, "level": "info", "body": "hi"}
SPAN = {
    "trace_id": "a" * 32,
    "span_id": "b" * 16,
    "name": "GET /",
    "status": "ok",
    "start_timestamp": 1.0,
    "end_timestamp": 2.0,
}
METRIC = {"timestamp": 1.5, "trace_id": "a" * 32, "name": "n", "type": "counter", "value": 1}
CONTENT_TYPES = {
    "log": "application/vnd.sentry.items.log+json",
    "span": "application/vnd.sentry.items.span.v2+json",
    "trace_metric": "application/vnd.sentry.items.trace-metric+json",
}


def container(item_type: str, *elements: Any, extra: dict[str, Any] | None = None, **headers: Any) -> RawItem:
    payload = json.dumps({"items": elements, **(extra or {})}).encode()
    defaults = {
        "type": item_type,
        "item_count": len(elements),
        "content_type": CONTENT_TYPES[item_type],
    }
    return RawItem({**defaults, **headers}, payload)


def found(item: RawItem) -> list[tuple[str, str]]:
    return [(problem.path, problem.reason) for problem in unpack(item).problems]


@pytest.mark.parametrize(("item_type", "element"), [("log", LOG), ("span", SPAN), ("trace_metric", METRIC)])
def test_the_elements_come_out(item_type: str, element: dict[str, Any]) -> None:
    opened = unpack(container(item_type, element, element))

    assert (opened.elements, opened.problems, opened.readable) == ((element, element), (), True)


def test_the_content_type_may_have_any_case() -> None:
    assert found(container("log", LOG, content_type=CONTENT_TYPES["log"].upper())) == []


def test_settings_and_version_come_out() -> None:
    settings = {"infer_ip": "auto", "infer_user_agent": "never"}
    opened = unpack(container("log", LOG, extra={"version": 2, "ingest_settings": settings}))

    assert (opened.settings, opened.version) == (settings, 2)


@pytest.mark.parametrize("count", [None, 0, 2, "1", 1.0, True])
def test_a_wrong_item_count_drops_everything(count: object) -> None:
    opened = unpack(container("log", LOG, item_count=count))

    assert [(problem.path, problem.reason) for problem in opened.problems] == [("", "invalid_json")]
    assert (opened.elements, opened.readable) == ((LOG,), False)


@pytest.mark.parametrize("content_type", [None, "application/json", 7, CONTENT_TYPES["span"]])
def test_a_wrong_content_type_drops_everything(content_type: object) -> None:
    assert found(container("log", LOG, content_type=content_type)) == [("", "invalid_json")]


@pytest.mark.parametrize(
    "payload",
    [b"", b"nonsense", b"[]", b"1", b'{"items":{}}', b'{"items":[NaN]}', b'{"items":null}', b"\xff"],
)
def test_broken_json_drops_everything(payload: bytes) -> None:
    headers = {"type": "log", "item_count": 0, "content_type": CONTENT_TYPES["log"]}
    opened = unpack(RawItem(headers, payload))

    assert (opened.elements, opened.readable) == ((), False)
    assert opened.problems[-1].reason == "invalid_json"


def test_a_log_without_its_container_is_still_looked_at() -> None:
    opened = unpack(RawItem({"type": "log"}, json.dumps(LOG).encode()))

    assert (opened.elements, opened.readable) == ((LOG,), False)


@pytest.mark.parametrize("name", LOG)
def test_a_log_needs_each_of_its_fields(name: str) -> None:
    element = {key: value for key, value in LOG.items() if key != name}

    assert found(container("log", LOG, element)) == [(f"items.1.{name}", "no_data")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("trace_id", "invalid_dsc"),
        ("span_id", "invalid_span"),
        ("start_timestamp", "timestamp"),
        ("end_timestamp", "timestamp"),
        ("name", "no_data"),
        ("status", "no_data"),
    ],
)
def test_a_span_needs_each_of_its_fields(name: str, reason: str) -> None:
    assert found(container("span", {**SPAN, name: None})) == [(f"items.0.{name}", reason)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("timestamp", "no_data"),
        ("trace_id", "no_data"),
        ("name", "invalid_trace_metric"),
        ("type", "invalid_trace_metric"),
        ("value", "no_data"),
    ],
)
def test_a_metric_needs_each_of_its_fields(name: str, reason: str) -> None:
    assert found(container("trace_metric", {**METRIC, name: None})) == [(f"items.0.{name}", reason)]


def test_a_metric_has_one_of_three_types() -> None:
    assert found(container("trace_metric", {**METRIC, "type": "set"})) == [
        ("items.0.type", "invalid_trace_metric")
    ]


def test_what_is_no_object_is_no_element() -> None:
    opened = unpack(container("log", LOG, 7, None))

    assert [problem.path for problem in opened.problems] == ["items.1", "items.2"]
    assert opened.elements == (LOG,)


def test_a_span_by_itself_is_of_the_first_version() -> None:
    opened = unpack(RawItem({"type": "span"}, b'{"op":"db"}'))

    assert (opened.elements, opened.problems, opened.legacy) == (({"op": "db"},), (), True)


def test_a_span_container_with_another_content_type_is_one_invalid_span() -> None:
    opened = unpack(container("span", SPAN, content_type="application/json"))

    assert [problem.reason for problem in opened.problems] == ["invalid_span"]
    assert opened.elements == (SPAN,)


@pytest.mark.parametrize("payload", [b"nonsense", b"[]", b"7"])
def test_a_broken_span_of_the_first_version_is_dropped(payload: bytes) -> None:
    assert not unpack(RawItem({"type": "span"}, payload)).readable


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", "x"),
        ("integer", 7),
        ("integer", -(2**63)),
        ("integer", 2**63 - 1),
        ("double", 1.5),
        ("double", 7),
        ("boolean", True),
        ("array", ["a", "b"]),
        ("array", [1, 2]),
        ("array", [1, 2.5]),
        ("array", [True]),
        ("array", []),
    ],
)
def test_an_attribute_has_the_type_it_says(kind: str, value: object) -> None:
    assert read_attributes({"k": {"type": kind, "value": value}}) == ({"k": Attribute(kind, value)}, [])


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [
        ({"type": "string", "value": 7}, "invalid_data"),
        ({"type": "integer", "value": 1.0}, "invalid_data"),
        ({"type": "integer", "value": True}, "invalid_data"),
        ({"type": "integer", "value": 2**63}, "invalid_data"),
        ({"type": "double", "value": "1"}, "invalid_data"),
        ({"type": "double", "value": False}, "invalid_data"),
        ({"type": "boolean", "value": 1}, "invalid_data"),
        ({"type": "array", "value": ["a", 1]}, "invalid_data"),
        ({"type": "array", "value": [True, 1]}, "invalid_data"),
        ({"type": "array", "value": [["a"]]}, "invalid_data"),
        ({"type": "array", "value": "a"}, "invalid_data"),
        ({"type": "object", "value": {}}, "invalid_data"),
        ({"type": ["string"], "value": "x"}, "invalid_data"),
        ({"value": "x"}, "missing_attribute"),
        ({"type": "string"}, "missing_attribute"),
        ("x", "invalid_data"),
    ],
)
def test_an_attribute_of_another_type_is_removed(attribute: object, reason: str) -> None:
    kept, problems = read_attributes({"k": attribute}, "at")

    assert kept == {}
    assert [(problem.path, problem.reason) for problem in problems] == [("at.k", reason)]


def test_the_problems_of_attributes_are_among_those_of_their_element() -> None:
    element = {**LOG, "attributes": {"k": {"type": "string", "value": 7}}}

    assert found(container("log", element)) == [("items.0.attributes.k", "invalid_data")]


def test_attributes_that_are_no_object_are_removed() -> None:
    assert found(container("log", {**LOG, "attributes": []})) == [("items.0.attributes", "invalid_data")]
