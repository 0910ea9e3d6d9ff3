"""Traces that a test begins itself, by headers that it sends to a service."""

from __future__ import annotations

import gc
import re
from typing import Any

import pytest

from pytest_sentryintegration import Trace
from pytest_sentryintegration.model import Break
from pytest_sentryintegration.wire.envelope import RawEnvelope
from pytest_sentryintegration.words import Evidence
from tests.model.sent import item, ops, span, transaction
from tests.words.inboxes import Received


def quick(timeout: float = 10) -> Received:
    received = Received(timeout=timeout)
    received.quiet = 0
    return received


def serve(received: Received, headers: Any, parent: str | None = None, **changes: str) -> None:
    """Receive what a service sends that has got these headers."""
    trace_id, span_id, _ = headers["sentry-trace"].split("-")
    header = dict(part.partition("=")[::2] for part in headers["baggage"].replace("sentry-", "").split(","))
    trace = {
        "trace_id": trace_id,
        "span_id": "served",
        "op": "http.server",
        "parent_span_id": parent or span_id,
    }
    child = {**span("db", "served"), "trace_id": trace_id}
    sent = item("transaction", transaction(child, trace=trace, transaction="GET /stock", server_name="api-1"))
    received.store.add("t", project_id="1", envelope=RawEnvelope({"trace": {**header, **changes}}, (sent,)))


def test_the_headers_are_those_of_one_sampled_trace() -> None:
    trace = quick().events.trace().__enter__()
    headers = trace.headers

    assert re.fullmatch(rf"{trace.trace_id}-[0-9a-f]{{16}}-1", headers["sentry-trace"])
    assert headers["traceparent"] == f"00-{headers['sentry-trace'][:49]}-01"
    assert dict(part.split("=") for part in headers["baggage"].split(",")) == {
        "sentry-trace_id": trace.trace_id,
        "sentry-public_key": "0" * 32,
        "sentry-sampled": "true",
        "sentry-sample_rate": "1.0",
        "sentry-sample_rand": "0.500000",
    }


def test_afterwards_it_is_the_trace_and_what_was_called_is_its_root() -> None:
    received = quick()

    with received.events.trace() as trace:
        serve(received, trace.headers)

    assert ops(trace.tree.walk()) == ["http.server", "db"]
    assert (trace.services, trace.orphans, trace.missing) == (("api-1",), (), ())
    trace.assert_complete()
    trace.assert_continuous()
    assert list(received.events.traces) == [trace]
    assert received.events.traces.find(trace.trace_id) is trace


def test_two_traces_know_nothing_of_each_other() -> None:
    received = quick()

    with received.events.trace() as first:
        serve(received, first.headers)
    with received.events.trace() as second:
        serve(received, second.headers)

    assert first.trace_id != second.trace_id
    assert [len(trace.spans) for trace in received.events.traces] == [2, 2]


def test_clearing_forgets_what_came_of_it_and_not_that_it_was_begun() -> None:
    received = quick()

    with received.events.trace() as trace:
        serve(received, trace.headers)
        report(received, trace.headers)
        trace.assert_complete()
        assert (len(trace.spans), len(trace.events)) == (2, 1)
        received.events.clear()
        before = (trace.spans, trace.events, list(received.events.traces))
        serve(received, trace.headers)

    assert before == ((), (), [])
    assert ops(trace.tree.walk()) == ["http.server", "db"]
    assert list(received.events.traces) == [trace]
    trace.assert_complete()
    trace.assert_continuous()


def test_a_trace_of_which_nothing_has_come_is_in_no_view() -> None:
    received = quick()

    with pytest.raises(KeyError), received.events.trace():
        raise KeyError

    assert list(received.events.traces) == []


def test_it_fails_where_nothing_of_it_comes() -> None:
    received = quick(timeout=0.01)

    expected = pytest.raises(
        AssertionError, match=r"Expected one complete trace(.|\n)*no service got its\s+headers"
    )
    with expected, received.events.trace():
        pass


def test_it_says_why_no_trace_comes() -> None:
    received = Received(timeout=0.01, evidence=Evidence(client=True, traces_sampler=False))

    expected = pytest.raises(AssertionError, match="- Tracing is off: the SDK client has neither")
    with expected, received.events.trace():
        pass


def test_of_a_trace_of_which_nothing_has_come_nothing_is_asserted() -> None:
    received = quick(timeout=0.01)
    trace = received.events.trace().__enter__()

    for ask in (trace.assert_complete, trace.assert_continuous):
        with pytest.raises(AssertionError, match=f"No span of trace {trace.trace_id} has\\s+come"):
            ask()
    with pytest.raises(LookupError, match=f"no span of trace {trace.trace_id} has come"):
        trace.received  # noqa: B018


def test_of_one_whose_inbox_is_gone_nothing_is_asserted_either() -> None:
    received = quick()
    trace = received.events.trace().__enter__()
    del received
    gc.collect()

    for ask in (trace.assert_complete, trace.assert_continuous):
        with pytest.raises(AssertionError, match=f"No span of trace {trace.trace_id} has\\s+come"):
            ask()


def test_it_fails_where_a_span_stays_out() -> None:
    received = quick(timeout=0.01)

    expected = pytest.raises(AssertionError, match="The caller of 'api-1' owes span")
    with expected, received.events.trace() as trace:
        serve(received, trace.headers, parent="between")


@pytest.mark.asyncio
async def test_the_loop_runs_while_it_is_waited_for() -> None:
    received = quick()

    async with received.events.trace(timeout=5) as trace:
        serve(received, trace.headers)

    assert len(trace.spans) == 2


def broken(trace: Trace) -> str:
    with pytest.raises(AssertionError) as caught:
        trace.assert_continuous()
    return " ".join(str(caught.value).split())


def report(received: Received, headers: Any, text: str = "no stock", **trace: Any) -> None:
    """Receive a message of a service that has got these headers and traces nothing."""
    trace_id, span_id, _ = headers["sentry-trace"].split("-")
    context = {"trace_id": trace_id, "span_id": "lost", "parent_span_id": span_id, **trace}
    received.message(text, contexts={"trace": context}, server_name="api-2")


def test_a_service_that_the_test_called_and_that_reports_no_spans_is_named() -> None:
    received = quick(timeout=0.01)

    with received.events.trace() as trace:
        serve(received, trace.headers)
        report(received, trace.headers)

    (event,) = received.events.messages
    assert trace.breaks() == [Break("unsampled", None, None, event=event, by_test=True)]
    assert (
        "From the test to 'api-2': it reported 'no stock' in this trace, and not the span in which that "
        "happened" in broken(trace)
    )


def test_a_service_that_sends_an_event_alone_is_named() -> None:
    received = quick(timeout=0.01)
    trace = received.events.trace().__enter__()
    report(received, trace.headers)

    assert "From the test to 'api-2': it reported 'no stock' in this trace" in broken(trace)
    with pytest.raises(AssertionError) as caught:
        trace.assert_complete()
    assert (
        f"- No span of trace {trace.trace_id} has come, but the event 'no stock' of 'api-2' has: its service "
        "does not trace, did not sample the trace, or has not sent its spans yet."
    ) in " ".join(str(caught.value).split())


def test_an_event_that_names_no_parent_makes_no_empty_trace_continuous() -> None:
    received = quick(timeout=0.01)
    trace = received.events.trace().__enter__()
    report(received, trace.headers, parent_span_id=None)

    assert f"No span of trace {trace.trace_id} has come, but the event 'no stock'" in broken(trace)


def test_a_service_that_goes_not_on_with_the_trace_of_the_test_is_named() -> None:
    received = quick(timeout=0.01)

    with received.events.trace() as trace:
        serve(received, trace.headers)
        alone = {"trace_id": "c" * 32, "span_id": "alone", "op": "http.server"}
        request = {"headers": {"sentry-trace": trace.headers["sentry-trace"]}}
        received.item("transaction", transaction(trace=alone, request=request, server_name="api-2"))

    assert "From the test to 'api-2' (http.server 'checkout'): it began a trace of its own" in broken(trace)


def test_a_service_that_changes_what_the_test_gave_is_named() -> None:
    received = quick(timeout=0.01)

    with received.events.trace() as trace:
        serve(received, trace.headers, public_key="1" * 32)

    assert (
        "From the test to 'api-1' (http.server 'GET /stock'): the trace header has changed: public_key"
        in (broken(trace))
    )


def test_a_service_that_begins_a_root_beside_what_the_test_called_is_named() -> None:
    received = quick(timeout=0.01)

    with received.events.trace() as trace:
        serve(received, trace.headers)
        alone = {"trace_id": trace.trace_id, "span_id": "alone", "op": "task"}
        received.item("transaction", transaction(trace=alone))

    assert "Beside root 'api-1' (http.server 'GET /stock') there is root 'project 1' (task" in broken(trace)
