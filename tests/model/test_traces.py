"""Traces over several services, and links that make no tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.model import Contents, NotOneSpan
from tests.model.sent import TRACE, Sender, container, item, ops, received, span, streamed, transaction


def services() -> Contents:
    """Return an inbox with a browser's, an API's and a worker's share of one trace, the last ones first."""
    sender = Sender()
    sender.send(container("span", streamed("job", "publish", is_segment=True)), project_id="3")
    api = transaction(
        span("publish", "api"), trace={"span_id": "api", "op": "api", "parent_span_id": "fetch"}
    )
    sender.send(item("transaction", api), project_id="2")
    return sender.send(item("transaction", transaction(span("fetch"))), project_id="1")


def test_a_trace_is_one_tree_over_all_services() -> None:
    (trace,) = services().traces

    assert ops(trace.tree.walk()) == ["task", "fetch", "api", "publish", "job"]
    assert (ops(trace.roots), trace.orphans) == (["task"], ())
    assert (len(trace.spans), trace.projects) == (5, ("3", "2", "1"))
    assert [sent.op for sent in trace.transactions] == ["job", "api", "task"]
    assert repr(trace) == f"<Trace {TRACE} 5 spans>"


def test_a_transactions_tree_stops_at_nested_transactions() -> None:
    contents = services()

    assert [ops(sent.tree.walk()) for sent in contents.transactions] == [
        ["job"],
        ["api", "publish"],
        ["task", "fetch"],
    ]
    assert [ops(sent.spans) for sent in contents.transactions] == [[], ["publish"], ["fetch"]]


def test_the_same_span_in_both_reaches_is_equal() -> None:
    contents = services()
    whole = contents.traces[0].tree.find("api")

    within = contents.transactions[1].tree

    assert whole == within
    assert hash(whole) == hash(within)
    assert (whole.parent, within.parent) == (contents.traces[0].tree.find("fetch"), None)
    assert whole != contents.traces[0].tree
    assert whole != "api"


def test_events_and_logs_of_the_trace_belong_to_it() -> None:
    inside, outside = {"trace_id": TRACE, "span_id": "x"}, {"trace_id": "b" * 32}
    contents = received(
        item("transaction", transaction()),
        item("event", {"message": "in", "contexts": {"trace": inside}}),
        item("event", {"message": "out", "contexts": {"trace": outside}}),
        container("log", {"body": "in", **inside}, {"body": "out", **outside}),
    )

    (trace,) = contents.traces

    assert [event.message for event in trace.events] == ["in"]
    assert [log.body for log in trace.logs] == ["in"]


def test_several_roots_are_named() -> None:
    (trace,) = received(container("span", streamed("one"), streamed("two"))).traces

    with pytest.raises(NotOneSpan, match=r"has 2 roots:\n  <Span one> of project 1\n  <Span two>"):
        _ = trace.tree


def test_a_transaction_whose_parent_reports_elsewhere_is_an_orphan_and_the_tree() -> None:
    (trace,) = received(item("transaction", transaction(trace={"parent_span_id": "elsewhere"}))).traces

    assert (trace.roots, ops(trace.orphans), trace.tree.op) == ((), ["task"], "task")


def test_a_trace_of_lost_spans_only_has_no_tree() -> None:
    (trace,) = received(container("span", streamed("lost", "gone"))).traces

    with pytest.raises(NotOneSpan, match="has no root among its 1 spans"):
        _ = trace.tree


def test_a_span_that_is_its_own_parent_is_an_orphan() -> None:
    (trace,) = received(container("span", streamed("root"), streamed("self", "self"))).traces

    assert (ops(trace.roots), ops(trace.orphans)) == (["root"], ["self"])
    assert trace.orphans[0].children == ()


def test_a_cycle_is_cut_at_the_span_that_came_first() -> None:
    spans = [streamed("root"), streamed("b", "c"), streamed("c", "d"), streamed("d", "b"), streamed("e", "c")]

    (trace,) = received(container("span", *spans)).traces

    assert (ops(trace.roots), ops(trace.orphans)) == (["root"], ["b"])
    assert ops(trace.orphans[0].walk()) == ["b", "d", "c", "e"]


def test_doubled_ids_are_all_there_and_their_children_have_one_parent() -> None:
    spans = [streamed("root"), streamed("twin", "root"), streamed("twin", "root"), streamed("child", "twin")]

    (trace,) = received(container("span", *spans)).traces

    assert ops(trace.tree.walk()) == ["root", "twin", "child", "twin"]
    assert trace.tree.children[0] != trace.tree.children[1]


@given(st.lists(st.tuples(st.integers(0, 6), st.none() | st.integers(0, 8), st.booleans()), max_size=12))
def test_every_span_is_in_exactly_one_place_whatever_the_links(
    links: list[tuple[int, int | None, bool]],
) -> None:
    spans = [streamed(f"s{a}", None if b is None else f"s{b}", is_segment=c) for a, b, c in links]

    contents = received(container("span", *spans))

    walked = [
        found for trace in contents.traces for top in (*trace.roots, *trace.orphans) for found in top.walk()
    ]
    assert len(walked) == len(set(walked)) == len(spans)
    assert all(str(found) and found.outline() for found in walked)
    belonging = [found for sent in contents.transactions for found in (sent.tree, *sent.spans)]
    assert len(belonging) == len(set(belonging))


@pytest.mark.uncounted
def test_a_hundred_thousand_spans_are_one_tree() -> None:
    spans = [{**span(f"{n}", f"{(n - 1) // 10}"), "op": "db"} for n in range(1, 100_001)]
    contents = received(item("transaction", transaction(*spans, trace={"span_id": "0"})))

    (trace,) = contents.traces

    assert sum(1 for _ in trace.tree.walk()) == len(contents.spans) == 100_001
    assert str(trace.tree).splitlines()[-1] == "... 99,802 spans more"


def test_a_chain_of_ten_thousand_spans_needs_no_recursion() -> None:
    spans = [span(f"{n}", f"{n - 1}" if n > 1 else "root") for n in range(1, 10_001)]
    (sent,) = received(item("transaction", transaction(*reversed(spans)))).transactions

    deepest = sent.tree.find("10000")

    assert deepest.transaction is sent
    assert (len(sent.spans), len(str(sent.tree).splitlines())) == (10_000, 41)
    assert hash(deepest) != hash(sent.tree)
