"""Traces that arrive late, doubled, reordered, in part, and from machines whose clocks differ."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_sentryintegration.model import Contents, MissingParent
from pytest_sentryintegration.wire.envelope import RawItem
from tests.model.sent import RECEIVED, Sender, container, item, ops, span, streamed, transaction
from tests.model.test_streamed_spans import otlp, otlp_span


def api(**fields: Any) -> RawItem:
    trace = {"span_id": "api", "op": "api", "parent_span_id": "fetch"}
    return item(
        "transaction", transaction(span("query", "api", 100.6), span("publish", "api"), trace=trace, **fields)
    )


ENVELOPES = (
    item("transaction", transaction(span("fetch", start=100.1), span("render", start=100.3))),
    api(),
    container("span", streamed("job", "publish", 100.7, is_segment=True), streamed("mail", "job", 100.8)),
    container("span", streamed("sql", "job", 100.9)),
)
"""One trace: a static page, a static API, and a streamed job in two envelopes."""
TREE = ["task", "fetch", "api", "publish", "job", "mail", "sql", "query", "render"]


def arrived(*envelopes: RawItem) -> Contents:
    sender = Sender()
    for envelope in envelopes:
        sender.send(envelope)
    return sender.contents


@given(st.permutations((*ENVELOPES, *ENVELOPES)))
def test_doubled_and_reordered_envelopes_give_the_same_tree(envelopes: list[RawItem]) -> None:
    (trace,) = arrived(*envelopes).traces

    assert ops(trace.tree.walk()) == TREE
    assert sorted(ops(trace.spans)) == sorted(TREE)
    assert (trace.orphans, trace.missing) == ((), ())
    assert sorted(ops(trace.transactions)) == ["api", "job", "task"]


def test_a_tree_that_was_read_before_the_last_envelope_came_is_whole_after_it() -> None:
    sender = Sender()
    trace, *_ = [sender.send(envelope).traces[0] for envelope in reversed(ENVELOPES)]

    assert ops(trace.tree.walk()) == TREE


def test_what_was_delivered_twice_is_twice_in_the_inbox() -> None:
    contents = arrived(*ENVELOPES, *ENVELOPES)

    assert (len(contents.envelopes), len(contents.spans)) == (8, 2 * len(TREE))
    page, call = ["fetch", "render"], ["publish", "query"]
    # A streamed segment that came again has with it what came in the same envelope.
    assert [ops(sent.spans) for sent in contents.transactions] == [
        page,
        call,
        ["mail", "sql"],
        page,
        call,
        ["mail"],
    ]


def test_what_two_processes_recorded_of_one_span_is_no_second_delivery() -> None:
    before_the_fork = span("load")
    parent = transaction(before_the_fork, span("one", start=100.6))
    child = transaction(before_the_fork, span("two", start=100.6), timestamp=103.0)

    (trace,) = arrived(item("transaction", parent), item("transaction", child)).traces

    assert [ops(root.walk()) for root in trace.roots] == [["task", "load", "one"], ["task", "load", "two"]]


def test_a_span_that_comes_with_a_second_delivery_is_below_the_first() -> None:
    root, child, late = streamed("root"), streamed("child", "root"), streamed("late", "child")

    (trace,) = arrived(container("span", root, child), container("span", child, late)).traces

    assert ops(trace.tree.walk()) == ["root", "child", "late"]


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3))
def test_clocks_that_differ_never_break_a_tree(skews: list[float]) -> None:
    first, second, third = (100 + skew for skew in skews)
    envelopes = (
        item(
            "transaction", transaction(span("fetch", start=first), start_timestamp=first, timestamp=first + 1)
        ),
        api(start_timestamp=second, timestamp=second - 1),
        container("span", streamed("job", "publish", third, end_timestamp=third + 5, is_segment=True)),
    )

    (trace,) = arrived(*envelopes).traces

    assert trace.tree.find("job").parent == trace.tree.find("publish")
    assert (len(tuple(trace.tree.walk())), trace.orphans, trace.missing) == (6, (), ())


def test_a_parent_that_has_not_come_is_missing_once_with_the_service_that_names_it() -> None:
    lost = (streamed("job", "gone", is_segment=True), streamed("again", "gone", is_segment=True))
    contents = arrived(api(server_name="api-1"), container("span", *lost))

    (trace,) = contents.traces

    first, job, _ = trace.orphans
    assert trace.missing == (MissingParent("fetch", first, "api-1"), MissingParent("gone", job, "project 1"))
    assert [missing.span.op for missing in trace.missing] == ["api", "job"]


def test_a_parent_that_comes_late_is_missing_no_more() -> None:
    sender = Sender()
    (trace,) = sender.send(api()).traces
    before = [missing.span_id for missing in trace.missing]

    sender.send(ENVELOPES[0])

    assert (before, trace.missing) == (["fetch"], ())


def test_a_span_in_a_cycle_misses_no_parent() -> None:
    (trace,) = arrived(container("span", streamed("one", "two"), streamed("two", "one"))).traces

    assert (len(trace.orphans), trace.missing) == (1, ())


def test_services_are_named_by_server_name_else_by_sdk_and_project_in_the_order_of_the_tree() -> None:
    sender = Sender()
    job = streamed("job", "publish", is_segment=True)
    sender.send(container("span", job), project_id="3", headers={"sdk": {"name": "sentry.python"}})
    sender.send(api(server_name="api-1"), project_id="2")
    page = transaction(span("fetch"), sdk={"name": "sentry.javascript.browser", "version": "10"})

    (trace,) = sender.send(item("transaction", page)).traces

    assert trace.services == (
        "sentry.javascript.browser in project 1",
        "api-1",
        "sentry.python in project 3",
    )


def test_a_server_that_a_streamed_span_calls_is_no_service() -> None:
    def attributes(address: str) -> dict[str, Any]:
        return {"server.address": {"value": address, "type": "string"}}

    called = streamed("http.client", "root", attributes=attributes("shop.example"))

    (trace,) = arrived(container("span", streamed("root", attributes=attributes("api-1")), called)).traces

    assert trace.services == ("api-1",)


def test_opentelemetry_names_a_service_itself_unless_it_says_that_it_cannot() -> None:
    host = {"host_name": "host-1", "telemetry_sdk_name": "opentelemetry"}
    named, unnamed = (
        otlp({**otlp_span("b" * 16), "traceId": trace_id}, service_name=name, **host)
        for trace_id, name in (("1" * 32, "stock"), ("2" * 32, "unknown_service:python"))
    )

    assert [trace.services for trace in arrived(named, unnamed).traces] == [("stock",), ("host-1",)]


class Counted(dict[str, Any]):
    """Headers of an envelope that count how often its trace header is looked at."""

    looked = 0

    def get(self, key: str, default: Any = None) -> Any:
        Counted.looked += key == "trace"
        return super().get(key, default)


def test_when_the_newest_came_is_known_of_many_traces_by_one_look_at_each_envelope() -> None:
    sender = Sender()
    ids = [f"{number:032x}" for number in range(1, 101)]
    for trace_id in ids:
        spans = container("span", streamed("root", trace_id=trace_id))
        sender.send(spans, headers=Counted(trace={"trace_id": trace_id}))
    traces = list(sender.contents.traces)
    Counted.looked = 0

    assert [trace.received for trace in traces for _ in range(3)] == [RECEIVED] * 300
    assert Counted.looked == 100


@given(st.permutations(range(20)))
def test_many_services_make_one_tree_in_whatever_order_they_report(order: list[int]) -> None:
    def share(number: int) -> RawItem:
        trace = {
            "span_id": f"{number}",
            "op": f"{number}",
            "parent_span_id": f"{number - 1}.1" if number else None,
        }
        inner = span(f"{number}.1", f"{number}")
        return item("transaction", transaction(inner, trace=trace, server_name=f"service-{number}"))

    (trace,) = arrived(*(share(number) for number in order)).traces

    assert ops(trace.tree.walk()) == [f"{n}{part}" for n in range(20) for part in ("", ".1")]
    assert trace.services == tuple(f"service-{number}" for number in range(20))
