"""Spans of the facade that finish while one of ``sentry_sdk`` is active that was entered inside them."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents, span
from sentryintegration import Handle, capture_message, finish_transaction, start_transaction, traced

Spans: TypeAlias = Callable[[str], AbstractContextManager[Any]]
Finish: TypeAlias = Callable[[Handle], None]


@pytest.fixture
def span_of_the_sdk(static: bool) -> Spans:
    """Starts a span inside the active one."""
    if static:
        return lambda op: sentry_sdk.start_span(op=op)
    start_span = importlib.import_module("sentry_sdk.traces").start_span
    return lambda op: start_span(name=op, attributes={"sentry.op": op})


@pytest.fixture
def request_of_the_sdk(static: bool) -> Spans:
    """Starts a transaction."""
    if static:
        return lambda name: sentry_sdk.start_transaction(name=name, op="http.server")
    traces = importlib.import_module("sentry_sdk.traces")

    def start(name: str) -> AbstractContextManager[Any]:
        traces.new_trace()
        return traces.start_span(name, {"sentry.op": "http.server"}, None)  # type: ignore[no-any-return]

    return start


def in_a_thread(handle: Handle) -> None:
    thread = threading.Thread(target=finish_transaction, args=(handle,))
    thread.start()
    thread.join()


FINISH = pytest.mark.parametrize("finish", [finish_transaction, in_a_thread])


@FINISH
def test_what_starts_in_the_span_of_the_sdk_is_inside_it(
    sentry_events: SentryEvents, span_of_the_sdk: Spans, finish: Finish
) -> None:
    with start_transaction(name="main", op="task"):
        first = start_transaction(op="first")
        with span_of_the_sdk("db"):
            finish(first)
            with start_transaction(op="inside"):
                pass
            with span_of_the_sdk("inside too"):
                pass
        with start_transaction(op="after"):
            pass

    db = span("db", ..., span("inside"), span("inside too", ..., description=...), description=...)
    assert sentry_events.transactions.find("main").tree == span("task", span("first", db), span("after"))


@FINISH
def test_a_request_that_began_inside_the_span_stays_active(
    sentry_events: SentryEvents, request_of_the_sdk: Spans, finish: Finish
) -> None:
    first = start_transaction(op="first")
    with request_of_the_sdk("request"):
        finish(first)
        capture_message("during")
        with start_transaction(op="inside"):
            pass

    request = sentry_events.transactions.find("request")
    assert request.tree == span("http.server", "request", span("inside"))
    assert sentry_events.messages.find("during").trace_id == request.trace_id


@FINISH
def test_the_span_of_the_sdk_stays_active_in_a_finished_transaction(
    span_of_the_sdk: Spans, static: bool, sentry_events: SentryEvents, finish: Finish
) -> None:
    scope = sentry_sdk.get_current_scope()
    job = start_transaction(name="job")
    with span_of_the_sdk("db") as db:
        finish(job)
        assert sentry_sdk.get_current_scope()._span is db
    assert sentry_sdk.get_current_scope()._span is scope._span is None
    capture_message("after")

    # 2.75 leaves the name of its own streamed span there.
    assert sentry_events.messages.find("after").transaction in (None, "db")


@FINISH
@pytest.mark.parametrize("depth", [1, 3])
def test_nothing_finished_is_active_when_all_have_ended(
    sentry_events: SentryEvents, span_of_the_sdk: Spans, finish: Finish, depth: int
) -> None:
    outer = start_transaction(name="outer", op="task")
    for _ in range(depth):
        inner = start_transaction(op="inner")
        entered = span_of_the_sdk("db")
        entered.__enter__()
        finish(inner)
        entered.__exit__(None, None, None)
    with start_transaction(op="after"):
        pass
    finish(outer)

    assert sentry_sdk.get_current_scope()._span is None
    assert [child.op for child in sentry_events.transactions.find("outer").tree.children] == [
        *["inner"] * depth,
        "after",
    ]


@pytest.mark.usefixtures("sentry_events")
def test_the_transaction_may_end_before_the_span_of_the_sdk(span_of_the_sdk: Spans) -> None:
    outer = start_transaction(name="outer", op="task")
    inner = start_transaction(op="inner")
    with span_of_the_sdk("db") as db:
        finish_transaction(inner)
        finish_transaction(outer)
        assert sentry_sdk.get_current_scope()._span is db

    assert sentry_sdk.get_current_scope()._span is None


def test_a_generator_may_end_inside_a_later_request(
    sentry_events: SentryEvents, request_of_the_sdk: Spans
) -> None:
    @traced(op="rows")
    def rows() -> Iterator[int]:
        yield 1

    generator = rows()
    next(generator)
    with request_of_the_sdk("request"):
        list(generator)
        with start_transaction(op="inside"):
            pass

    assert sentry_events.transactions.find("request").tree == span("http.server", "request", span("inside"))
