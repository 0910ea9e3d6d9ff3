"""Transactions and spans of transaction events."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from tests.model.sent import (
    TRACE,
    Sender,
    container,
    item,
    only_transaction,
    ops,
    received,
    span,
    streamed,
    transaction,
)


def test_a_transaction_has_all_that_was_sent() -> None:
    fields: dict[str, Any] = {
        "tags": {"region": "eu"},
        "release": "1.2",
        "environment": "production",
        "measurements": {"lcp": {"value": 1.5, "unit": "second"}},
        "sdk": {"name": "sentry.python"},
        "transaction_info": {"source": "route"},
    }
    trace = {"op": "http.server", "status": "ok", "parent_span_id": "b" * 16, "data": {"rows": 3}}

    sent = only_transaction(**fields, trace=trace)

    assert (sent.name, sent.source, sent.op, sent.status) == ("checkout", "route", "http.server", "ok")
    assert (sent.tags, sent.data, sent.measurements) == (
        {"region": "eu"},
        {"rows": 3},
        fields["measurements"],
    )
    assert (sent.trace_id, sent.span_id, sent.parent_span_id) == (TRACE, "root", "b" * 16)
    assert (sent.release, sent.environment, sent.project_id) == ("1.2", "production", "1")
    assert (sent.sdk, sent.contexts["trace"]["op"], sent.duration) == (fields["sdk"], "http.server", 2.0)
    assert sent.start == datetime(1970, 1, 1, 0, 1, 40, tzinfo=timezone.utc)
    assert sent.end == datetime(1970, 1, 1, 0, 1, 42, tzinfo=timezone.utc)
    assert sent.raw["transaction"] == "checkout"
    assert sent.verdict is sent.item.verdict
    assert repr(sent) == "<Transaction 'checkout' http.server>"


def test_a_transaction_without_fields_is_empty() -> None:
    (sent,) = received(item("transaction", {})).transactions

    assert (sent.name, sent.source, sent.op, sent.status, sent.trace_id) == ("", None, None, None, "")
    assert (sent.tags, sent.data, sent.measurements, sent.contexts, sent.sdk) == ({}, {}, {}, {}, {})
    assert (sent.start, sent.end, sent.duration, sent.release) == (None, None, None, None)
    assert (sent.spans, sent.tree.children, sent.tree.parent) == ((), (), None)
    assert repr(sent.tree) == "<Span >"


def test_the_tree_is_the_root_span_with_the_name_as_its_description() -> None:
    tree = only_transaction(trace={"status": "ok"}).tree

    assert (tree.op, tree.description, tree.status, tree.span_id) == ("task", "checkout", "ok", "root")
    assert tree.transaction is not None
    assert tree.transaction.tree is tree


def test_a_root_whose_name_repeats_its_op_has_no_description() -> None:
    assert only_transaction(transaction="task").tree.description is None


def test_a_span_has_all_that_was_sent() -> None:
    raw = span("db", description="SELECT 1", status="ok", tags={"a": 1}, data={"rows": 3}, origin="auto.db")

    sent = only_transaction(raw)

    (db,) = sent.spans
    assert (db.op, db.description, db.status, db.origin) == ("db", "SELECT 1", "ok", "auto.db")
    assert (db.tags, db.data, db.duration) == ({"a": "1"}, {"rows": 3}, 0.5)
    assert (db.trace_id, db.span_id, db.parent_span_id) == (TRACE, "db", "root")
    assert (db.parent, db.transaction, db.children, db.project_id) == (sent.tree, sent, (), "1")
    assert (db.raw, db.item, db.envelope) == (raw, sent.item, sent.envelope)
    assert repr(db) == "<Span db SELECT 1>"


def test_a_status_that_is_only_a_tag_is_the_status() -> None:
    (db,) = only_transaction(span("db", tags={"status": "not_found"})).spans

    assert db.status == "not_found"


@pytest.mark.parametrize("wrong", [1, True, None, "text", [], [1], {}, 1e300])
@pytest.mark.parametrize(
    "field", ["op", "description", "status", "tags", "data", "start_timestamp", "timestamp", "span_id"]
)
def test_a_field_of_any_type_is_read_without_an_error(field: str, wrong: Any) -> None:
    contents = received(
        item(
            "transaction",
            transaction({**span("db"), field: wrong}, **({field: wrong} if field != "op" else {})),
        )
    )

    (db,) = contents.transactions[0].spans

    assert [
        getattr(db, name)
        for name in ("op", "description", "status", "tags", "data", "start", "end", "duration")
    ]
    assert str(contents.transactions[0].tree)


@pytest.mark.parametrize("spans", [None, 3, "x", {}, [None, 3, [], "x"]])
def test_spans_that_are_none_are_passed_over(spans: Any) -> None:
    assert received(item("transaction", {**transaction(), "spans": spans})).transactions[0].spans == ()


def test_children_are_ordered_by_start_and_ties_as_they_were_recorded() -> None:
    sent = only_transaction(
        span("c", start=100.9), span("a", start=100.1), span("z", start=100.5), span("b", start=100.5)
    )

    assert ops(sent.tree.children) == ["a", "z", "b", "c"]
    assert ops(sent.spans) == ["a", "z", "b", "c"]


def test_times_of_different_spellings_are_ordered_as_times() -> None:
    starts = ["1970-01-01T00:01:40.5Z", "1970-01-01T01:01:40.4+01:00", 100.3, None, "1970-01-01T00:01:41Z"]

    sent = only_transaction(*(span(f"s{n}", start=start) for n, start in enumerate(starts)))

    assert ops(sent.tree.children) == ["s3", "s2", "s1", "s0", "s4"]


def test_children_cut_out_into_a_container_are_in_the_tree() -> None:
    chat = streamed("chat", parent="db", trace_id=TRACE)

    contents = received(item("transaction", transaction(span("db"))), container("span", chat))

    (sent,) = contents.transactions
    assert ops(sent.tree.walk()) == ["task", "db", "chat"]
    assert ops(sent.spans) == ["db", "chat"]
    assert sent.spans[1].transaction is sent


def test_a_span_whose_parent_was_lost_is_in_spans_and_not_in_the_tree() -> None:
    sent = only_transaction(span("db"), span("lost", parent="gone"), span("bare", parent=None))

    assert ops(sent.tree.walk()) == ["task", "db"]
    assert ops(sent.spans) == ["db", "lost", "bare"]
    assert [lost.transaction for lost in sent.spans] == [sent, sent, sent]


def test_two_transactions_without_a_trace_id_are_not_linked() -> None:
    bare = transaction({"span_id": "x", "parent_span_id": "root", "op": "x"}, trace={"trace_id": None})

    contents = received(item("transaction", bare), item("transaction", bare))

    assert [ops(sent.spans) for sent in contents.transactions] == [["x"], ["x"]]
    assert contents.traces == []


def test_a_transaction_sent_twice_by_a_forked_process_keeps_its_own_spans() -> None:
    sender = Sender()
    sender.send(item("transaction", transaction(span("before"), span("parent"))))
    contents = sender.send(item("transaction", transaction(span("before"), span("child"))))

    assert [ops(sent.tree.walk()) for sent in contents.transactions] == [
        ["task", "before", "parent"],
        ["task", "before", "child"],
    ]


def test_an_unreadable_transaction_is_passed_over() -> None:
    contents = received(item("transaction", b"[]"), item("transaction", transaction()))

    assert [sent.name for sent in contents.transactions] == ["checkout"]
