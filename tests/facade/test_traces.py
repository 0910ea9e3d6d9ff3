"""Trace ids, headers, suppression and sampling."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents, span
from sentryintegration import capture_message, start_transaction, trace_headers

TRACE = "0123456789abcdef" * 2
PARENT = "fedcba9876543210"


@pytest.mark.parametrize("given", [TRACE, TRACE.upper(), uuid.UUID(TRACE)])
def test_a_trace_id_is_taken_in_any_form(sentry_events: SentryEvents, given: Any) -> None:
    with start_transaction(name="root", trace_id=given) as t:
        assert t.trace_id == TRACE

    assert sentry_events.transactions.find("root").trace_id == TRACE


def test_a_parent_span_id_is_taken_with_and_without_a_trace_id(sentry_events: SentryEvents) -> None:
    with start_transaction(name="both", trace_id=TRACE, parent_span_id=PARENT.upper()):
        pass
    with start_transaction(op="parent", parent_span_id=PARENT):
        pass

    both, parent = sentry_events.transactions
    assert (both.trace_id, both.parent_span_id) == (TRACE, PARENT)
    assert parent.trace_id != TRACE
    assert (parent.name, parent.parent_span_id) == ("parent", PARENT)


def test_explicit_ids_always_start_a_transaction(sentry_events: SentryEvents) -> None:
    with start_transaction(name="outer", op="outer"), start_transaction(op="inner", trace_id=TRACE):
        pass

    assert sentry_events.transactions.find("inner").trace_id == TRACE
    assert sentry_events.transactions.find("outer").tree == span("outer")


def test_explicit_ids_do_not_leak_into_later_traces(sentry_events: SentryEvents) -> None:
    with start_transaction(name="first", trace_id=TRACE):
        pass
    with start_transaction(name="second"):
        pass
    capture_message("after")

    assert sentry_events.transactions.find("second").trace_id != TRACE
    assert sentry_events.messages.find("after").trace_id != TRACE


@pytest.mark.parametrize(
    "bad", ["xyz", "0" * 32, TRACE[:-1], TRACE + "0", f"{TRACE}\n", 7, b"x", object(), "é" * 32]
)
def test_a_malformed_trace_id_starts_a_new_trace_and_is_logged(
    sentry_events: SentryEvents, records: list[logging.LogRecord], bad: Any
) -> None:
    with start_transaction(name="outer"), start_transaction(op="root", trace_id=bad):
        pass

    outer, root = sentry_events.transactions.find("outer"), sentry_events.transactions.find("root")
    assert root.trace_id not in (TRACE, outer.trace_id)
    assert root.parent_span_id is None
    [record] = records
    assert "trace id" in record.getMessage()
    assert "nearest valid one" in record.getMessage()


@pytest.mark.parametrize("bad", ["xyz", "0" * 16, PARENT[:-1], 7, object()])
def test_a_malformed_parent_span_id_starts_a_new_trace_and_is_logged(
    sentry_events: SentryEvents, records: list[logging.LogRecord], bad: Any
) -> None:
    with start_transaction(name="root", trace_id=TRACE, parent_span_id=bad):
        pass

    root = sentry_events.transactions.find("root")
    assert root.trace_id != TRACE
    assert root.parent_span_id is None
    assert len(records) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"sentry-trace": f"{TRACE}-{PARENT}-1"},
        {"Sentry-Trace": f"{TRACE.upper()}-{PARENT}"},
        {"SENTRY-TRACE": f"  {TRACE}-{PARENT}-1  ", "BAGGAGE": f"sentry-trace_id={TRACE},other=1"},
        {"HTTP_SENTRY_TRACE": f"{TRACE}-{PARENT}-1"},
        {"traceparent": f"00-{TRACE}-{PARENT}-01"},
        {"TraceParent": f"00-{TRACE}-{PARENT}-01"},
        [("sentry-trace", f"{TRACE}-{PARENT}-1")],
        {b"sentry-trace": f"{TRACE}-{PARENT}-1".encode()},
        {"sentry-trace": "garbage", "traceparent": f"00-{TRACE}-{PARENT}-01"},
    ],
)
def test_headers_of_a_request_are_continued(sentry_events: SentryEvents, headers: Any) -> None:
    with start_transaction(name="root", op="root", headers=headers), start_transaction(op="child"):
        pass

    root = sentry_events.transactions.find("root")
    assert (root.trace_id, root.parent_span_id) == (TRACE, PARENT)
    assert root.tree == span("root", span("child"))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sentry-trace": ""},
        {"sentry-trace": "garbage"},
        {"sentry-trace": f"{'0' * 32}-{PARENT}-1"},
        {"traceparent": f"00-{TRACE}-{'0' * 16}-01"},
        {"sentry-trace": f"{TRACE}-{PARENT}-2"},
        {"baggage": f"sentry-trace_id={TRACE}"},
        {"sentry-trace": None},
        {None: 1},
        7,
        "sentry-trace",
    ],
)
def test_malformed_headers_are_ignored(sentry_events: SentryEvents, headers: Any) -> None:
    with start_transaction(name="outer", op="outer"), start_transaction(op="root", headers=headers):
        pass

    root = sentry_events.transactions.find("root")
    assert root.trace_id not in (TRACE, "0" * 32)
    assert root.parent_span_id is None


def test_headers_lose_to_explicit_ids(sentry_events: SentryEvents) -> None:
    headers = {"sentry-trace": f"{'c' * 32}-{'d' * 16}-1", "baggage": f"sentry-trace_id={'c' * 32}"}
    with start_transaction(name="trace", headers=headers, trace_id=TRACE):
        pass
    with start_transaction(name="parent", headers=headers, parent_span_id=PARENT):
        pass

    trace, parent = sentry_events.transactions
    assert (trace.trace_id, trace.parent_span_id) == (TRACE, None)
    assert (parent.trace_id, parent.parent_span_id) == ("c" * 32, PARENT)


def test_the_decision_of_the_caller_holds(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", headers={"sentry-trace": f"{TRACE}-{PARENT}-0"}):
        pass

    assert not sentry_events.transactions


def test_headers_go_out_in_three_forms(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root") as t, start_transaction(op="child") as child:
        headers = trace_headers()

    assert headers == child.headers()
    assert headers["sentry-trace"] == f"{t.trace_id}-{child.span_id}-1"
    assert headers["traceparent"] == f"00-{t.trace_id}-{child.span_id}-01"
    assert f"sentry-trace_id={t.trace_id}" in headers["baggage"].split(",")


def test_the_trace_header_of_a_continued_trace_is_the_callers(sentry_events: SentryEvents) -> None:
    headers = {
        "sentry-trace": f"{TRACE}-{PARENT}-1",
        "baggage": f"sentry-trace_id={TRACE},sentry-public_key=far,sentry-sampled=true",
    }
    with start_transaction(name="root", headers=headers) as t:
        assert "sentry-public_key=far" in t.headers()["baggage"].split(",")


def test_no_trace_id_suppresses_what_is_inside_and_nothing_after(sentry_events: SentryEvents) -> None:
    with start_transaction(name="outer", op="outer"):
        with start_transaction(name="quiet", trace_id=None) as quiet:
            with start_transaction(op="child"), start_transaction(name="named"):
                pass
            with start_transaction(op="explicit", trace_id=TRACE):
                assert trace_headers()["sentry-trace"].endswith("-0")
            assert dict(sentry_sdk.get_current_scope().iter_trace_propagation_headers())[
                "sentry-trace"
            ].endswith("-0")
            assert quiet.headers()["traceparent"].endswith("-00")
            capture_message("still sent")
        with start_transaction(op="after"):
            pass

    assert sentry_events.transactions.find().tree == span("outer", span("after"))
    assert sentry_events.messages.find("still sent")
    assert not sentry_events.client_reports


def test_spans_of_the_sdk_are_suppressed_too(sentry_events: SentryEvents) -> None:
    from tests.facade.test_naming import raw_span

    with start_transaction(name="quiet", trace_id=None), raw_span("sdk"):
        pass

    assert not sentry_events.spans


def test_a_suppressed_handle_does_everything_without_effect(sentry_events: SentryEvents) -> None:
    with start_transaction(name="quiet", trace_id=None, tags={"a": 1}, data={"b": 2}) as t:
        t.set_tag("c", 3)
        t.set_data("d", 4)
        t.set_status("not_found")
        t.name = "louder"
        assert len(t.trace_id) == 32
        assert len(t.span_id) == 16

    assert not sentry_events.items


@pytest.mark.sentry(traces_sample_rate=0.0)
def test_a_sampled_out_transaction_sends_nothing(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root") as t, start_transaction(op="child"):
        t.set_tag("a", 1)

    assert not sentry_events.spans


def test_a_sampled_out_transaction_does_not_lock_out_the_next(
    sentry_events: SentryEvents, mode_options: dict[str, Any]
) -> None:
    import sentryintegration

    def sampler(context: Any) -> float:
        return 0.0 if context["transaction_context"]["name"] == "out" else 1.0

    sentryintegration.init("http://k@localhost/1", traces_sampler=sampler, **mode_options)
    with start_transaction(name="out"), start_transaction(name="within"):
        pass
    with start_transaction(name="next"):
        pass

    assert [transaction.name for transaction in sentry_events.transactions] == ["within", "next"]


@pytest.mark.parametrize("headers", [None, {"sentry-trace": f"{TRACE}-{PARENT}", "baggage": "other=1"}])
def test_a_sampler_is_given_the_sampling_context_of_the_sdk(
    sentry_events: SentryEvents, mode_options: dict[str, Any], static: bool, headers: dict[str, str] | None
) -> None:
    import sentryintegration

    if static:
        pytest.skip("the SDK takes one only where spans are streamed")
    given: list[Any] = []

    def sampler(context: Any) -> float:
        given.append(context.get("tenant"))
        return 1.0

    sentryintegration.init("http://k@localhost/1", traces_sampler=sampler, **mode_options)
    scope: Any = sentry_sdk.Scope
    scope.set_custom_sampling_context({"tenant": "north"})
    with start_transaction(name="root", headers=headers):
        pass

    assert given == ["north"]


@pytest.mark.sentry(traces_sample_rate=None)
def test_with_tracing_off_a_sampled_caller_changes_nothing(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", headers={"sentry-trace": f"{TRACE}-{PARENT}-1"}):
        pass

    assert not sentry_events.spans


def test_a_trace_that_came_in_through_the_sdk_is_continued(sentry_events: SentryEvents) -> None:
    scope = sentry_sdk.get_isolation_scope()
    scope.generate_propagation_context({"sentry-trace": f"{TRACE}-{PARENT}-1"})
    with start_transaction(name="root"):
        pass

    root = sentry_events.transactions.find("root")
    assert (root.trace_id, root.parent_span_id) == (TRACE, PARENT)


@pytest.mark.sentry(traces_sample_rate=None)
def test_with_tracing_off_the_trace_goes_on_undecided(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", trace_id=TRACE, parent_span_id=PARENT) as t:
        capture_message("inside")
        headers = trace_headers()

    assert headers["sentry-trace"] == f"{TRACE}-{t.span_id}"
    assert "sentry-sampled" not in headers["baggage"]
    assert sentry_events.messages.find("inside").trace_id == TRACE


@pytest.mark.sentry(traces_sample_rate=None)
def test_with_tracing_off_suppression_still_goes_out(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", trace_id=None):
        assert trace_headers()["sentry-trace"].endswith("-0")
