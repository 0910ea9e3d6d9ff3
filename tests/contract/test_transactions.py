"""Section 4, the table of objects: transactions, spans and traces, however they were sent."""

from __future__ import annotations

import json
import time
from datetime import timezone
from typing import Any

import pytest
import sentry_sdk

import sentryintegration
from pytest_sentryintegration import SentryEvents, span
from tests.contract.sending import (
    OPTIONS,
    REAL_DSN,
    STREAMED,
    TRACE,
    child,
    event,
    post,
    request,
    root,
    static_span,
    streamed,
    streamed_span,
    transaction,
)


def test_a_transaction_has_name_op_and_status(sentry_events: SentryEvents) -> None:
    with root("checkout", "http.server"):
        pass
    seen = sentry_events.transactions.find("checkout")
    assert (seen.name, seen.op) == ("checkout", "http.server")
    assert seen.status in (None, "ok")


def test_a_failed_transaction_says_so_in_the_words_of_its_mode(sentry_events: SentryEvents) -> None:
    with pytest.raises(ZeroDivisionError), root("checkout", "task"), child("db"):
        raise ZeroDivisionError
    seen = sentry_events.transactions.find("checkout")
    expected = "error" if STREAMED else "internal_error"
    assert (seen.status, seen.tree.status, seen.tree.children[0].status) == (expected, expected, expected)


def test_a_transaction_has_data_and_spans(sentry_events: SentryEvents) -> None:
    with root("checkout", "task", rows=3), child("db"), child("socket"):
        pass
    seen = sentry_events.transactions.find("checkout")
    assert seen.data["rows"] == 3
    assert {one.op for one in seen.spans} >= {"db", "socket"}
    assert seen.tree.op == "task"


def test_a_transaction_has_times_and_ids(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"):
        pass
    seen = sentry_events.transactions.find("checkout")
    assert len(seen.trace_id or "") == 32
    assert len(seen.span_id or "") == 16
    assert seen.parent_span_id is None
    assert seen.start is not None
    assert seen.end is not None
    assert seen.start.utcoffset() == timezone.utc.utcoffset(None)
    assert seen.start <= seen.end


@pytest.mark.sentry(release="shop@1", environment="staging")
def test_a_transaction_has_release_environment_and_sdk(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"):
        pass
    seen = sentry_events.transactions.find("checkout")
    assert (seen.release, seen.environment) == ("shop@1", "staging")
    assert seen.sdk["name"].startswith("sentry.python")
    assert seen.sdk["version"] == sentry_sdk.VERSION


def test_a_transaction_has_the_project_of_its_dsn(sentry_events: SentryEvents) -> None:
    sentry_sdk.init(REAL_DSN, **OPTIONS)
    with root("checkout", "task"), child("db"):
        pass
    seen = sentry_events.transactions.find("checkout")
    assert (seen.project_id, seen.tree.project_id, seen.tree.children[0].project_id) == ("42", "42", "42")


def test_a_transaction_event_has_source_tags_measurements_and_contexts(sentry_events: SentryEvents) -> None:
    more: dict[str, Any] = {
        "transaction_info": {"source": "route"},
        "tags": {"shop": "tea"},
        "measurements": {"lcp": {"value": 7.5, "unit": "second"}},
    }
    post(sentry_events.dsn, transaction("/cart", "http.server", **more))
    seen = sentry_events.transactions.find("/cart")
    assert (seen.source, seen.tags) == ("route", {"shop": "tea"})
    assert seen.measurements["lcp"]["value"] == 7.5
    assert seen.contexts["trace"]["op"] == "http.server"


def test_a_segment_of_streamed_spans_is_a_transaction_alike(sentry_events: SentryEvents) -> None:
    more: dict[str, Any] = {"sentry.span.source": "route", "sentry.release": "shop@1", "shop": "tea"}
    staging: dict[str, Any] = {"sentry.environment": "staging"}
    segment = streamed_span(1, "/cart", "http.server", **more, **staging)
    post(sentry_events.dsn, streamed(segment))
    seen = sentry_events.transactions.find("/cart")
    assert (seen.op, seen.source, seen.status) == ("http.server", "route", "ok")
    assert (seen.release, seen.environment) == ("shop@1", "staging")
    assert seen.tags == {"shop": "tea"}
    assert seen.tree.description == "/cart"


def test_children_know_their_parent_and_their_transaction(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"), child("db.query"), child("db.connect"):
        pass
    seen = sentry_events.transactions.find("checkout")
    (query,) = seen.tree.children
    (connect,) = query.children
    assert connect.parent is query
    assert query.parent is seen.tree
    assert seen.tree.parent is None
    assert connect.transaction is seen
    assert connect.parent_span_id == query.span_id
    assert connect.trace_id == seen.trace_id


def test_a_span_has_description_data_times_and_origin(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"), child("db.query", "SELECT 1", rows=3):
        pass
    seen = sentry_events.spans.find("db.query")
    assert (seen.description, seen.data["rows"], seen.origin) == ("SELECT 1", 3, "manual")
    assert seen.start is not None
    assert seen.end is not None
    assert seen.start <= seen.end


def test_a_span_without_a_description_has_none(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"), child("db.query"):
        pass
    assert sentry_events.spans.find("db.query").description is None


def test_of_a_streamed_span_the_description_is_its_name(sentry_events: SentryEvents) -> None:
    segment = streamed_span(1, "checkout", "task")
    query = streamed_span(2, "SELECT 1", "db", 1, rows=3, cached=True)
    plain = streamed_span(3, "cache.get", "cache.get", 1)
    post(sentry_events.dsn, streamed(segment, query, plain))
    seen = sentry_events.spans.find("db")
    assert (seen.description, seen.tags["rows"], seen.data["rows"]) == ("SELECT 1", "3", 3)
    assert not [name for name in seen.tags if name.startswith("sentry.")]
    assert sentry_events.spans.find("cache.get").description is None


def test_a_status_missing_on_a_span_falls_back_to_its_status_tag(sentry_events: SentryEvents) -> None:
    segment = streamed_span(1, "checkout", "task", status="not_found")
    del segment["status"]
    post(sentry_events.dsn, streamed(segment))
    assert sentry_events.spans.find("task").status == "not_found"


def test_streamed_spans_of_several_envelopes_children_first_are_one_tree(sentry_events: SentryEvents) -> None:
    segment = streamed_span(1, "checkout", "task")
    query = streamed_span(2, "SELECT 1", "db", 1)
    connect = streamed_span(3, "connect", "socket", 2)
    for one in (connect, query, segment):
        post(sentry_events.dsn, streamed(one))
    tree = sentry_events.transactions.find("checkout").tree
    assert tree == span("task", span("db", "SELECT 1", span("socket", "connect")), description="checkout")
    assert len(sentry_events.transactions) == 1


def test_streamed_spans_whose_segment_never_came_can_still_be_asserted(sentry_events: SentryEvents) -> None:
    query = streamed_span(2, "SELECT 1", "db", 1)
    connect = streamed_span(3, "connect", "socket", 2)
    post(sentry_events.dsn, streamed(query, connect))
    assert sentry_events.spans.find("db") == span("db", "SELECT 1", span("socket", "connect"))
    assert [one.op for one in sentry_events.traces.find(TRACE).orphans] == ["db"]


def test_spans_cut_out_of_their_transaction_are_put_back(sentry_events: SentryEvents) -> None:
    chat = streamed_span(3, "chat", "gen_ai.chat", 2)
    post(sentry_events.dsn, transaction("ask", "task", static_span(2, 1, "prompt")), streamed(chat))
    tree = sentry_events.transactions.find("ask").tree
    assert tree == span("task", span("prompt", span("gen_ai.chat", description="chat")))


def test_opentelemetrys_spans_are_spans(sentry_events: SentryEvents) -> None:
    start = time.time_ns() - 10**10
    base = {"traceId": TRACE, "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 10**9)}
    attributes = [{"key": "db.system", "value": {"stringValue": "postgresql"}}]
    server = {**base, "spanId": "a" * 16, "name": "GET /cart", "kind": 2}
    query = {**base, "spanId": "b" * 16, "parentSpanId": "a" * 16, "name": "SELECT 1", "kind": 3}
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [server, {**query, "attributes": attributes}]}]}]}
    dsn, path = sentry_events.dsn, "integration/otlp/v1/traces"
    answer = request(dsn, path, json.dumps(body).encode(), Content_Type="application/json")
    assert answer.status == 200
    seen = sentry_events.transactions.find("GET /cart")
    (inside,) = seen.tree.children
    assert (inside.description, inside.data["db.system"]) == ("SELECT 1", "postgresql")
    with pytest.raises(AssertionError, match="Also received: 1 transaction"):
        sentry_events.spans.find("task", timeout=0)


def test_one_trace_goes_over_several_services(sentry_events: SentryEvents) -> None:
    worker = sentry_events.dsn.rpartition("/")[0] + "/2"
    browser = transaction("/cart", "pageload", static_span(2, 1, "http.client"))
    header, payload = transaction("GET /cart", "http.server", static_span(4, 3, "db"), number=3)
    payload["contexts"]["trace"]["parent_span_id"] = f"{2:016x}"
    post(sentry_events.dsn, browser)
    post(worker, (header, payload))
    post(worker, event("oh", contexts={"trace": {"trace_id": TRACE, "span_id": f"{4:016x}"}}))
    trace = sentry_events.traces.find(TRACE)
    assert trace.tree == span("pageload", span("http.client", span("http.server", span("db"))))
    assert set(trace.projects) == {"1", "2"}
    assert [one.name for one in trace.transactions] == ["/cart", "GET /cart"]
    assert [one.message for one in trace.events] == ["oh"]
    assert list(trace.orphans) == []


def test_a_transactions_tree_ends_where_the_next_transaction_begins(sentry_events: SentryEvents) -> None:
    header, payload = transaction("GET /cart", "http.server", number=3)
    payload["contexts"]["trace"]["parent_span_id"] = f"{2:016x}"
    post(sentry_events.dsn, transaction("/cart", "pageload", static_span(2, 1, "http.client")))
    post(sentry_events.dsn, (header, payload))
    assert sentry_events.transactions.find("/cart").tree == span("pageload", span("http.client"))


def test_a_trace_of_two_roots_has_no_one_tree(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, transaction("a", "task"))
    post(sentry_events.dsn, transaction("b", "task", number=2))
    trace = sentry_events.traces.find(TRACE)
    assert [one.op for one in trace.roots] == ["task", "task"]
    with pytest.raises(Exception, match=r"2|two"):
        _ = trace.tree


def test_spans_of_the_facade_and_of_the_sdk_nest_in_each_other(sentry_events: SentryEvents) -> None:
    with sentryintegration.start_transaction(name="checkout", op="task"):
        with child("db.query", "SELECT 1"), sentryintegration.start_transaction(op="cache.get"):
            pass
        with sentryintegration.start_transaction(op="render", description="cart.html"), child("read"):
            pass
    assert sentry_events.transactions.find("checkout").tree == span(
        "task",
        span("db.query", "SELECT 1", span("cache.get")),
        span("render", "cart.html", span("read")),
    )


def test_the_facades_tags_and_data_are_read_alike_in_every_mode(sentry_events: SentryEvents) -> None:
    with sentryintegration.start_transaction(name="checkout", op="task", tags={"shop": "tea"}) as handle:
        handle.set_data("rows", 3)
        with sentryintegration.start_transaction(op="db", tags=[("graph", "g1")]):
            pass
    seen = sentry_events.transactions.find("checkout", tags={"shop": "tea"}, data={"rows": 3})
    assert seen.tree.children[0].tags["graph"] == "g1"


def test_walk_visits_the_whole_tree_and_find_finds_in_it(sentry_events: SentryEvents) -> None:
    with root("checkout", "task"):
        with child("db.query", "a"), child("socket"):
            pass
        with child("db.query", "b"):
            pass
    tree = sentry_events.transactions.find("checkout").tree
    assert [one.op for one in tree.walk()] == ["task", "db.query", "socket", "db.query"]
    assert tree.find("socket").parent is tree.find("db.query", description="a")
    with pytest.raises(AssertionError):
        tree.find("db.query")
    with pytest.raises(AssertionError):
        tree.find("cache.get")


def test_durations_are_the_time_between_start_and_end(sentry_events: SentryEvents) -> None:
    post(sentry_events.dsn, transaction("checkout", "task", static_span(2, 1, "db")))
    tree = sentry_events.transactions.find("checkout").tree
    whole, part = tree.duration, tree.children[0].duration
    assert whole is not None
    assert part is not None
    assert whole > part


def test_logs_and_spans_of_opentelemetry_are_of_one_trace(sentry_events: SentryEvents) -> None:
    now = str(time.time_ns())
    span_sent = {"traceId": TRACE, "spanId": "a" * 16, "name": "GET /cart", "kind": 2}
    times = {"startTimeUnixNano": now, "endTimeUnixNano": now}
    log = {"traceId": TRACE, "spanId": "a" * 16, "timeUnixNano": now, "body": {"stringValue": "paid"}}
    spans = {"resourceSpans": [{"scopeSpans": [{"spans": [{**span_sent, **times}]}]}]}
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{**log, "severityNumber": 13}]}]}]}
    for kind, body in (("traces", spans), ("logs", logs)):
        path, data = f"integration/otlp/v1/{kind}", json.dumps(body).encode()
        assert request(sentry_events.dsn, path, data, Content_Type="application/json").status == 200
    trace = sentry_events.traces.find(TRACE)
    assert [one.body for one in trace.logs] == ["paid"]
    assert sentry_events.logs.find("paid").level == "warn"
    assert trace.tree.description == "GET /cart"
