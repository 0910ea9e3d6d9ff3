"""What is to hold for every span of a trace or transaction."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pytest_sentryintegration.model import Trace, Transaction
from tests.model.sent import TRACE, item, received, span, streamed, transaction


def trace_of(*spans: Any) -> Trace:
    return received(item("transaction", transaction(*spans))).traces[0]


def queries(*durations: float) -> list[dict[str, Any]]:
    return [
        {
            **span(f"s{place}"),
            "op": "db.query",
            "description": f"SELECT {place}",
            "timestamp": 100.5 + duration,
        }
        for place, duration in enumerate(durations)
    ]


def test_it_passes_where_every_span_of_the_op_meets_the_criteria() -> None:
    trace = trace_of(*queries(0.1, 0.2), span("slow"))

    trace.every(op="db.query", duration=lambda seconds: seconds < 0.3, description=re.compile("SELECT"))
    trace.transactions[0].every("db.query", duration=lambda seconds: seconds < 0.3)
    trace.every(re.compile(r"^db\."), origin=None)


def test_it_fails_with_the_spans_that_differ() -> None:
    with pytest.raises(AssertionError) as caught:
        trace_of(*queries(0.1, 2, 3)).every(op="db.query", duration=0.1)

    assert str(caught.value).splitlines() == [
        f"Expected every span with op='db.query' in trace {TRACE} to match duration=0.1; 2 differ of 3:",
        "  db.query 'SELECT 1'",
        "    duration: expected 0.1, got 2.0",
        "  db.query 'SELECT 2'",
        "    duration: expected 0.1, got 3.0",
    ]


def test_many_spans_that_differ_are_counted() -> None:
    with pytest.raises(AssertionError, match=r"22 differ of 22:(.|\n)*\n  \.\.\. and 2 more$"):
        trace_of(*queries(*[1.0] * 22)).every(op="db.query", duration=2)


def test_it_fails_where_no_span_has_the_op_and_names_those_that_there_are() -> None:
    expected = f"Expected spans with op='db' in trace {TRACE}; it has none, but db.query (2), task (1)."

    with pytest.raises(AssertionError) as caught:
        trace_of(*queries(0.1, 0.2)).every(op="db", duration=0.1)
    assert str(caught.value) == expected


def test_without_an_op_it_holds_for_the_root_too() -> None:
    (sent,) = received(item("transaction", transaction(span("child", origin="manual")))).transactions

    with pytest.raises(
        AssertionError, match="every span in transaction 'checkout' to match origin='manual'; 1 differs"
    ):
        sent.every(origin="manual")


def test_a_transaction_answers_for_its_own_spans_alone() -> None:
    called = transaction(span("b", "a"), trace={"span_id": "a", "op": "a", "parent_span_id": "root"})
    contents = received(item("transaction", transaction()), item("transaction", called))
    first: Transaction = contents.transactions[0]

    first.every(op="task", origin=None)
    with pytest.raises(AssertionError, match="it has none, but task"):
        first.every(op="b", origin=None)


def test_what_is_to_hold_must_be_said() -> None:
    with pytest.raises(TypeError, match=r"every\(\) needs what is to hold"):
        trace_of().every(op="task")


def test_an_unknown_field_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(TypeError, match="did you mean 'duration'"):
        trace_of().every(op="task", durations=1)


def test_streamed_spans_are_held_against_criteria_too() -> None:
    sent = {"version": 2, "items": [streamed("root"), streamed("db", "root", status="error")]}
    (trace,) = received(item("span", sent)).traces

    with pytest.raises(AssertionError, match="status: expected 'ok', got 'error'"):
        trace.every(status="ok")
