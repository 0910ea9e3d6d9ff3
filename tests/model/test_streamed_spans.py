"""Spans that are streamed: containers, single spans of the old format, and OTLP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.model.sent import TRACE, Sender, container, item, ops, received, span, streamed, transaction


def attribute(value: Any) -> dict[str, Any]:
    return {"value": value, "type": "string"}


def test_a_streamed_span_is_read_from_its_attributes() -> None:
    attributes = {
        "sentry.op": attribute("db.query"),
        "sentry.origin": attribute("auto.db"),
        "rows": {"value": 3, "type": "integer"},
        "hot": {"value": True, "type": "boolean"},
        "names": {"value": ["a"], "type": "array"},
        "bare": "b",
        "none": None,
    }

    (sent,) = received(container("span", streamed("x", "p", name="SELECT 1", attributes=attributes))).spans

    assert (sent.op, sent.description, sent.status, sent.origin) == ("db.query", "SELECT 1", "ok", "auto.db")
    assert sent.tags == {"rows": "3", "hot": "True", "names": '["a"]', "bare": "b"}
    assert (sent.data["rows"], sent.data["sentry.op"], sent.data["bare"]) == (3, "db.query", "b")
    assert (sent.duration, sent.parent_span_id, sent.transaction) == (0.5, "p", None)


def test_a_name_that_repeats_the_op_is_no_description() -> None:
    assert received(container("span", streamed("cache.get"))).spans[0].description is None


def test_a_status_missing_on_the_span_is_its_status_tag() -> None:
    raw = streamed("x", attributes={"status": attribute("error")})
    del raw["status"]

    assert received(container("span", raw)).spans[0].status == "error"


def test_a_segment_is_a_transaction() -> None:
    attributes = {
        "sentry.op": attribute("http.server"),
        "sentry.span.source": attribute("route"),
        "sentry.release": attribute("1.2"),
        "sentry.environment": attribute("production"),
        "sentry.sdk.name": attribute("sentry.python"),
        "sentry.sdk.version": attribute("3.0"),
        "url": attribute("/pay"),
    }

    (sent,) = received(container("span", streamed("s", name="GET /pay", attributes=attributes))).transactions

    assert (sent.name, sent.op, sent.source, sent.status) == ("GET /pay", "http.server", "route", "ok")
    assert (sent.release, sent.environment) == ("1.2", "production")
    assert sent.sdk == {"name": "sentry.python", "version": "3.0"}
    assert (sent.tags, sent.data["url"]) == ({"url": "/pay"}, "/pay")
    assert (sent.measurements, sent.contexts, sent.duration) == ({}, {}, 0.5)
    assert sent.verdict is sent.item.verdict


def test_a_tree_that_comes_in_pieces_children_first_is_put_together() -> None:
    sender = Sender()
    contents = sender.send(
        container("span", streamed("leaf", "middle"), streamed("late", "segment", start=100.9))
    )
    assert list(contents.transactions) == []
    assert ops(contents.traces[0].orphans) == ["leaf", "late"]

    sender.send(container("span", streamed("middle", "segment")))
    sender.send(container("span", streamed("segment")))

    assert ops(contents.transactions[0].tree.walk()) == ["segment", "middle", "leaf", "late"]
    assert contents.traces[0].orphans == ()


def test_a_span_keeps_its_identity_and_learns_its_children() -> None:
    sender = Sender()
    segment = sender.send(container("span", streamed("segment"))).transactions[0].tree
    assert segment.children == ()

    contents = sender.send(container("span", streamed("child", "segment")))

    assert contents.transactions[0].tree is segment
    assert ops(segment.children) == ["child"]
    assert segment.children is segment.children


def test_a_lost_span_belongs_to_the_segment_that_it_names() -> None:
    lost = streamed("lost", "gone", attributes={"sentry.segment.id": attribute("segment")})

    (sent,) = received(container("span", streamed("segment"), lost)).transactions

    assert ops(sent.spans) == ["lost"]
    assert sent.tree.children == ()


def test_a_single_span_of_the_old_format_is_read() -> None:
    single = item("span", {**span("db", parent=None, description="SELECT 1"), "is_segment": True})

    contents = received(single)

    assert (contents.spans[0].op, contents.spans[0].description) == ("db", "SELECT 1")
    assert [sent.name for sent in contents.transactions] == ["SELECT 1"]


@pytest.mark.parametrize("items", [[None, 3, "x", []], {}, "x", None])
def test_elements_that_are_no_objects_are_passed_over(items: Any) -> None:
    contents = received(item("span", {"items": items}), container("span", streamed("after")))

    assert "after" in ops(contents.spans)


@pytest.mark.parametrize("wrong", [1, True, None, "text", [], [1], {}, 1e300])
@pytest.mark.parametrize(
    "field",
    [
        "name",
        "status",
        "attributes",
        "start_timestamp",
        "end_timestamp",
        "is_segment",
        "parent_span_id",
        "trace_id",
    ],
)
def test_a_field_of_any_type_is_read_without_an_error(field: str, wrong: Any) -> None:
    contents = received(container("span", {**streamed("x"), field: wrong}))

    (sent,) = contents.spans
    read = [
        getattr(sent, name)
        for name in ("op", "description", "status", "tags", "data", "start", "end", "duration")
    ]
    assert (len(read), sent.span_id) == (8, "x")
    assert all(isinstance(one.name, str) for one in contents.transactions)


def otlp(*spans: dict[str, Any], **resource: str) -> Any:
    attributes = [
        {"key": key.replace("_", "."), "value": {"stringValue": value}} for key, value in resource.items()
    ]
    sent = {
        "resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [{"spans": list(spans)}]}]
    }
    return item("integration", sent, integration="otlp_traces", content_type="application/json")


def otlp_span(span_id: str, parent: str = "", kind: int = 1, **attributes: str) -> dict[str, Any]:
    return {
        "traceId": TRACE,
        "spanId": span_id * 16,
        "parentSpanId": parent * 16,
        "name": f"name {span_id}",
        "kind": kind,
        "startTimeUnixNano": "100500000000",
        "endTimeUnixNano": "101000000000",
        "attributes": [
            {"key": key.replace("__", "."), "value": {"stringValue": value}}
            for key, value in attributes.items()
        ],
        "status": {"code": 2},
    }


def test_an_otlp_span_is_read_by_sentrys_names() -> None:
    resource = {
        "service_version": "1.2",
        "deployment_environment": "production",
        "telemetry_sdk_name": "otel",
    }

    contents = received(otlp(otlp_span("a", kind=2, http__method="GET"), **resource))

    (sent,) = contents.transactions
    assert (sent.name, sent.op, sent.status, sent.duration) == ("name a", "http.server", "error", 0.5)
    assert (sent.release, sent.environment, sent.sdk) == ("1.2", "production", {"name": "otel"})
    assert (sent.tree.description, sent.tags, sent.data) == (
        "name a",
        {"http.method": "GET"},
        {"http.method": "GET"},
    )
    assert contents.spans[0].trace_id == TRACE


@pytest.mark.parametrize(
    ("attributes", "op"),
    [
        ({"sentry__op": "mine", "db__system": "x"}, "mine"),
        ({"db__system": "postgresql"}, "db"),
        ({"rpc__system": "grpc"}, "rpc"),
        ({"messaging__system": "kafka"}, "message"),
        ({"other": "x"}, None),
    ],
)
def test_the_op_of_an_otlp_span_is_derived(attributes: dict[str, str], op: str | None) -> None:
    assert received(otlp(otlp_span("a", "", 1, **attributes))).spans[0].op == op


def test_an_otlp_server_span_begins_a_nested_transaction() -> None:
    contents = received(otlp(otlp_span("a"), otlp_span("b", "a", kind=3), otlp_span("c", "b", kind=2)))

    assert [sent.name for sent in contents.transactions] == ["name a", "name c"]
    assert [span.description for span in contents.transactions[0].tree.walk()] == ["name a", "name b"]
    assert len(list(contents.traces[0].tree.walk())) == 3


@pytest.mark.parametrize("payload", [b"", b"nope", b"\xff", json.dumps({"resourceSpans": 3}).encode()])
@pytest.mark.parametrize("content_type", ["application/json", "application/x-protobuf", "text/plain", 3])
@pytest.mark.parametrize("integration", ["otlp_traces", "otlp_logs", None])
def test_an_otlp_payload_that_cannot_be_read_is_in_no_noun_but_items(
    payload: bytes, content_type: Any, integration: Any
) -> None:
    contents = received(item("integration", payload, integration=integration, content_type=content_type))

    assert [*contents.spans, *contents.transactions, *contents.logs] == []
    assert len(contents.items) == 1


def test_otlp_logs_are_logs() -> None:
    record = {
        "timeUnixNano": "100500000000",
        "severityNumber": 13,
        "body": {"stringValue": "slow"},
        "traceId": TRACE,
        "attributes": [{"key": "value", "value": {"intValue": "3"}}],
    }
    sent = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}

    (log,) = received(
        item("integration", sent, integration="otlp_logs", content_type="application/json")
    ).logs

    assert (log.level, log.body, log.trace_id, log.attributes) == ("warn", "slow", TRACE, {"value": 3})


def test_the_server_name_of_a_transaction_is_read_however_it_was_sent() -> None:
    address = {"server.address": {"value": "streams", "type": "string"}}
    contents = received(
        item("transaction", transaction(server_name="static")),
        container("span", streamed("a", attributes=address)),
        otlp(otlp_span("b"), **{"host.name": "otlp"}),
        item("transaction", transaction(server_name=None)),
    )

    assert [sent.server_name for sent in contents.transactions] == ["static", "streams", "otlp", None]
