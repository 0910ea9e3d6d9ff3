"""Reading drains the SDK first, completely and whatever state it is in."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, call

import freezegun
import pytest
import sentry_sdk

import sentryintegration
from pytest_sentryintegration import SentryEvents, capture

log = pytest.importorskip("sentry_sdk.logger", reason="this SDK has no logs")

SMALL = pytest.mark.sentry(attach_stacktrace=False)
"""For events whose number counts: sentry-sdk 3 attaches all of pytest's frames, with their variables."""


def logs_on() -> None:
    # 2.41 sends logs only when asked to; later SDKs always do, and 3.0 refuses the option.
    known = sentry_sdk.client.get_options
    try:
        known(enable_logs=True)
    except TypeError:
        sentry_sdk.init("https://key@o5.ingest.sentry.io/1", traces_sample_rate=1.0)
    else:
        sentry_sdk.init("https://key@o5.ingest.sentry.io/1", traces_sample_rate=1.0, enable_logs=True)


@contextmanager
def busy_interpreter() -> Iterator[None]:
    """Keep two threads fighting for the interpreter."""
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(100))

    threads = [threading.Thread(target=spin) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def in_threads(count: int, function: Callable[[int], None]) -> None:
    """Call *function* with a number of its own in each of so many threads; return when all are done."""
    threads = [threading.Thread(target=function, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_batched_logs_are_there_at_once(sentry_events: SentryEvents) -> None:
    logs_on()
    log.info("first {name}", name="log")

    attributes = sentry_events.logs.find("first log", level="info").attributes
    assert attributes["sentry.message.parameter.name"] == "log"


def test_a_flusher_at_work_does_not_make_a_drain_too_short(sentry_events: SentryEvents) -> None:
    logs_on()
    with busy_interpreter():
        for round_ in range(1, 31):
            for number in range(100):  # the hundredth makes the SDK's thread flush
                log.info("{round_}.{number}", round_=round_, number=number)
            assert len(sentry_events.logs) == round_ * 100


def test_a_batch_that_cannot_be_serialised_does_not_stop_the_rest(sentry_events: SentryEvents) -> None:
    logs_on()
    batcher: Any = sentry_sdk.get_client().log_batcher
    batcher.add({"poison": object()})
    sentry_sdk.capture_message("after it")

    with pytest.warns(Warning, match="could not send its logs"):
        assert [event.message for event in sentry_events] == ["after it"]
    batcher._buffer.clear() if hasattr(batcher, "_buffer") else batcher._log_buffer.clear()


def test_a_frozen_clock_does_not_stop_a_drain(sentry_events: SentryEvents) -> None:
    with freezegun.freeze_time("2001-01-01"):
        sentry_sdk.capture_message("frozen")

        assert len(sentry_events) == 1


def test_a_session_is_there_at_once(sentry_events: SentryEvents) -> None:
    sentry_sdk.init("https://key@example.com/1", release="shop@1", auto_session_tracking=True)
    sentry_sdk.get_isolation_scope().start_session()
    sentry_sdk.get_isolation_scope().end_session()

    assert sentry_events.sessions.find().release == "shop@1"


def test_what_before_send_dropped_is_reported_at_once(sentry_events: SentryEvents) -> None:
    sentry_sdk.init("https://key@example.com/1", before_send=lambda event, hint: None)
    sentry_sdk.capture_message("dropped")

    assert not sentry_events
    report = sentry_events.client_reports.find("before_send")
    assert [(d.reason, d.category, d.quantity) for d in report.discarded] == [("before_send", "error", 1)]


def test_what_was_dropped_in_one_test_is_not_reported_in_the_next(sentry_events: SentryEvents) -> None:
    assert not sentry_events.client_reports


def test_the_organisation_and_key_of_the_dsn_stay_in_the_trace_header(sentry_events: SentryEvents) -> None:
    sentry_sdk.init("https://mykey@o5.ingest.sentry.io/1", traces_sample_rate=1.0)
    sentry_sdk.capture_message("x")

    trace = sentry_events.envelopes[0].headers["trace"]
    assert trace["public_key"] == "mykey"
    assert trace.get("org_id", "5") == "5"  # SDKs before 2.30 do not send it


def test_the_post_is_no_breadcrumb_and_no_span_of_the_application(sentry_events: SentryEvents) -> None:
    crumbs: list[Any] = []
    sentry_sdk.init(
        "http://key@127.0.0.1:9/1",
        traces_sample_rate=1.0,
        before_breadcrumb=lambda crumb, hint: crumbs.append(crumb),
    )
    for number in range(3):
        sentry_sdk.capture_message(str(number))
        assert len(sentry_events) == number + 1

    assert crumbs == []
    assert not sentry_events.spans


def test_a_second_init_leaves_no_breadcrumb_of_its_own(sentry_events: SentryEvents) -> None:
    for _ in range(2):
        sentry_sdk.init("https://key@example.com/1")
    sentry_sdk.capture_message("x")

    assert sentry_events.messages.find("x").breadcrumbs == ()


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """``force_flush`` of OpenTelemetry's provider, as the SDK's integration sets one up."""
    flush = Mock(return_value=True)
    tracing = SimpleNamespace(get_tracer_provider=lambda: SimpleNamespace(force_flush=flush))
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", tracing)
    monkeypatch.setitem(sys.modules, "sentry_sdk.integrations.otlp", SimpleNamespace())
    return flush


def test_an_exporter_of_opentelemetry_that_does_not_end_is_not_waited_for_and_said(exporter: Mock) -> None:
    from pytest_sentryintegration.sdk import draining

    end = threading.Event()
    exporter.side_effect = lambda _: end.wait(60)
    with capture() as sentry_events:
        problems = draining.drain([], timeout=0.05)
        end.set()
        sentry_sdk.capture_message("sent")
        assert sentry_events.messages.find("sent")

    assert problems == ["OpenTelemetry's exporter had not sent its spans after 0.05 s"]
    assert exporter.mock_calls[0] == call(50)


@pytest.mark.parametrize("ended", [{"return_value": False}, {"side_effect": ValueError("shut down")}])
def test_an_exporter_of_opentelemetry_that_was_shut_down_is_no_problem(
    exporter: Mock, ended: dict[str, Any]
) -> None:
    from pytest_sentryintegration.sdk import draining

    exporter.configure_mock(**ended)

    assert draining.drain([], timeout=60) == []
    assert exporter.called


def test_a_server_that_does_not_answer_ends_the_drain_and_is_said() -> None:
    from pytest_sentryintegration.sdk import draining

    with capture() as sentry_events:
        sentry_events.faults.delay(3600)
        sentry_sdk.capture_message("slow")

        problems = draining.drain([sentry_sdk.get_client()], timeout=0.05)

    assert problems == ["1 envelope was still queued after 0.05 s of waiting"]
    assert len(sentry_events) == 1


def test_a_drain_waits_five_seconds_and_no_longer() -> None:
    from pytest_sentryintegration.sdk import draining, transport

    waited: list[float] = []
    with capture() as sentry_events:
        sentry_events.faults.delay(3600)
        sentry_sdk.capture_message("slow")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(draining, "clock", SimpleNamespace(monotonic=lambda: 0.0))
            patch.setattr(
                transport.Redirected, "wait_until_sent", lambda _, timeout, **__: waited.append(timeout)
            )
            problems = sentry_events._reader.source.drain()

    assert waited == [5.0]
    assert problems == ["1 envelope was still queued after 5 s of waiting"]


@pytest.mark.parametrize("transport", ["http", "memory"])
def test_a_flush_does_not_claim_success_before_the_answer(transport: str) -> None:
    with capture(transport=transport, max_breadcrumbs=4) as sentry_events:
        sentry_events.faults.delay(3600)
        sentry_sdk.capture_message("slow")
        worker: Any = sentry_sdk.get_client().transport.worker  # type: ignore[union-attr]

        sentry_sdk.flush(timeout=0.2)
        assert worker.unfinished_tasks > 0
        assert not sentryintegration.flush(0.2)

    assert worker.unfinished_tasks == 0


@pytest.mark.uncounted
@SMALL
def test_a_burst_from_many_threads_is_complete(sentry_events: SentryEvents) -> None:
    def burst(name: int) -> None:
        for number in range(50):
            sentry_sdk.capture_message(f"{name}.{number}")

    in_threads(8, burst)

    assert len(sentry_events) == 400


@pytest.mark.uncounted
@SMALL
def test_what_one_thread_sends_arrives_in_its_order_while_another_looks(sentry_events: SentryEvents) -> None:
    def burst() -> None:
        for number in range(300):
            sentry_sdk.capture_message(f"{number}")

    thread = threading.Thread(target=burst)
    thread.start()
    while thread.is_alive():
        len(sentry_events)

    assert [event.message for event in sentry_events] == [f"{number}" for number in range(300)]


@pytest.mark.uncounted
@SMALL
def test_two_threads_that_look_find_what_both_have_sent(sentry_events: SentryEvents) -> None:
    missed: list[str] = []

    def send_and_look(name: int) -> None:
        for number in range(50):
            sentry_sdk.capture_message(f"{name}.{number}")
            if not sentry_events.messages.where(f"{name}.{number}"):
                missed.append(f"{name}.{number}")

    in_threads(4, send_and_look)

    assert missed == []
