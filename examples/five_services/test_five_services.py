"""One order, in five services: a page, its API in Node, the stock in Python, a database, and a worker."""

from __future__ import annotations

import re
from typing import Any

import pytest
from gateway import PATIENCE, Gateway

from conftest import LIFECYCLE, Buy, Replace
from pytest_sentryintegration import SentryEvents, Transaction, span

PAGE = "sentry.javascript.browser in project 1"
# @sentry/node calls a request that it streams by the host that was asked for, not by its own serverName.
API = "127.0.0.1" if LIFECYCLE == "stream" else "api"

RESERVED = span(
    "http.server",
    "POST /reserve",
    span("db.query", "SELECT pieces FROM stock WHERE article = ?"),
    span("queue.submit.celery", span.anywhere("print", "label of kettle"), ...),
    ...,
)


def order(*called: Any) -> Any:
    """Return the tree of an order; below the API is what it called. The dots stand for further spans."""
    api = span("http.server", span("http.client", *called, ...), ...)
    return span("ui.action", "buy", span("http.client", api, ...), ...)


PACKED = span("queue.task.celery", span.anywhere("print", "label of kettle"), ...)


def wait_for_worker(sentry_events: SentryEvents, trace_id: Any) -> Transaction:
    """Wait for what comes last. No other span names it as its parent, so `complete` cannot miss it."""
    return sentry_events.transactions.find("parcels.pack", trace_id=trace_id, tree=PACKED, timeout=PATIENCE)


def check(sentry_events: SentryEvents, said: dict[str, str], *, timeout: float = PATIENCE) -> None:
    trace = sentry_events.traces.find(said["traceId"], complete=True, timeout=timeout)
    trace.assert_continuous()
    assert trace.tree == order(RESERVED)
    assert trace.services == (PAGE, API, "stock", "parcels")


def failure(sentry_events: SentryEvents, said: dict[str, str], *, timeout: float = PATIENCE) -> str:
    """Return how the same test fails, in one line, with every request as REQUEST."""
    with pytest.raises(AssertionError) as caught:
        check(sentry_events, said, timeout=timeout)
    joined = " ".join(str(caught.value).split())
    # A request is called by its URL, or, where it is streamed, by its host or method.
    return re.sub(r"'POST( http://)?[^']*'", "REQUEST", joined)


def test_an_order_is_one_trace_from_the_page_to_the_worker(sentry_events: SentryEvents, buy: Buy) -> None:
    said = buy()
    wait_for_worker(sentry_events, said["traceId"])

    check(sentry_events, said)


def test_a_service_of_opentelemetry_goes_on_with_the_trace(
    sentry_events: SentryEvents, buy: Buy, replace_stock: Replace
) -> None:
    replace_stock("prices.py")

    said = buy()
    wait_for_worker(sentry_events, said["traceId"])

    trace = sentry_events.traces.find(said["traceId"], complete=True, timeout=PATIENCE)
    trace.assert_continuous()
    called = span("http.server", "POST /prices", span("http.client", "POST stock", RESERVED))
    assert trace.tree == order(called)
    assert trace.services == (PAGE, API, "prices", "stock", "parcels")


def test_a_proxy_that_drops_baggage_is_named(
    sentry_events: SentryEvents, buy: Buy, to_stock: Gateway
) -> None:
    to_stock.drops = {"baggage"}

    said = buy()
    wait_for_worker(sentry_events, said["traceId"])

    told = failure(sentry_events, said)
    assert f"From '{API}' (http.client REQUEST) to 'stock' (http.server REQUEST): the trace id " in told
    assert "A proxy or gateway between them drops the header baggage" in told


def test_cors_that_does_not_allow_the_headers_is_named(
    sentry_events: SentryEvents, buy: Buy, to_api: Gateway
) -> None:
    to_api.allowed = "content-type"

    told = failure(sentry_events, buy())

    assert f"From '{PAGE}' (http.client REQUEST) to the service that it called" in told
    assert "CORS does not allow it (Access-Control-Allow-Headers: sentry-trace, baggage)" in told


def test_targets_that_leave_out_the_api_are_named(sentry_events: SentryEvents, buy: Buy) -> None:
    said = buy(targets="https://other.example")
    packed = wait_for_worker(sentry_events, lambda trace_id: trace_id != said["traceId"])
    sentry_events.traces.find(packed.trace_id, complete=True, timeout=PATIENCE)

    told = failure(sentry_events, said)
    assert f"From '{PAGE}' (http.client REQUEST) to '{API}'" in told
    assert "Look at trace_propagation_targets (JavaScript: tracePropagationTargets) of the caller" in told


def test_a_service_that_is_not_sampled_is_named(
    sentry_events: SentryEvents, buy: Buy, replace_stock: Replace
) -> None:
    replace_stock("stock.py", STOCK_SAMPLES="0")

    said = buy()
    sentry_events.messages.find("kettle: few are left", trace_id=said["traceId"], timeout=PATIENCE)

    told = failure(sentry_events, said)
    assert f"From '{API}' (http.client REQUEST) to 'stock'" in told
    assert "its traces_sampler decides against the caller (use parent_sampled)" in told


def test_a_service_that_is_killed_before_it_flushed_is_named(
    sentry_events: SentryEvents, buy: Buy, replace_stock: Replace
) -> None:
    stock = replace_stock("stock.py", STOCK_CRASHES="1")

    said = buy()
    wait_for_worker(sentry_events, said["traceId"])
    stock.wait(PATIENCE)

    told = failure(sentry_events, said, timeout=1)
    assert "The caller of 'parcels' owes span" in told or "'stock' owes span" in told
    assert "(`stock.py`) was ended by SIGKILL: what it did not send before its end is lost" in told
