"""Broken propagation as users have reported it of Celery, with a real worker: each is judged rightly."""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents, Trace, span
from sentryintegration import start_transaction
from tests.clients.conftest import PROGRAMS, Run, installed, missing

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def imported(name: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError:
        missing(name.partition(".")[0])


@contextmanager
def worker(**options: Any) -> Iterator[Any]:
    """Run a Celery worker in a thread, over a broker in memory; yields its app, with a task `pack`."""
    celery = imported("celery")
    integration = imported("sentry_sdk.integrations.celery").CeleryIntegration(**options)
    sentry_sdk.init(
        "http://app@sentry.invalid/1", traces_sample_rate=1.0, release="app@1", integrations=[integration]
    )
    if not hasattr(celery.Task.apply_async, "__wrapped__"):
        # A pytest in this process has dropped the Celery that it imported, and for which the SDK did this.
        integration.setup_once()
    # After it: the worker takes what the SDK puts in place of parts of Celery when it is imported.
    testing = imported("celery.contrib.testing.worker")
    app = celery.Celery("parcels", broker="memory://", backend="cache+memory://", set_as_current=False)

    def pack() -> str:
        with start_transaction(op="print"):
            return "packed"

    app.task(name="pack", shared=False)(pack)
    with testing.start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        yield app


def traced(sentry_events: SentryEvents, ask: Callable[[], Any]) -> Trace:
    with start_transaction(name="order", op="task") as order:
        asked = ask()
    assert asked.get(timeout=30) == "packed"
    sentry_events.spans.find("print", timeout=10)
    return sentry_events.traces.find(order.trace_id, complete=True, timeout=10)


def said(trace: Trace) -> str:
    with pytest.raises(AssertionError) as caught:
        trace.assert_continuous()
    return " ".join(str(caught.value).split())


def test_a_task_is_continuous(sentry_events: SentryEvents) -> None:
    with worker() as app:
        trace = traced(sentry_events, app.tasks["pack"].delay)

    assert trace.tree.find("print").transaction.name == "pack"
    trace.assert_continuous()


def test_2372_with_the_sdk_of_the_report(sentry_events: SentryEvents, run: Run) -> None:
    # https://github.com/getsentry/sentry-python/issues/2372, with sentry-sdk 1.30: it records nothing of the
    # message, so nothing tells that the two traces are of one order, and nobody is accused. A tree with the
    # task in it, which the user expected, is not there.
    said = run(installed("sdk-1.30"), PROGRAMS / "celery_by_name.py")

    called, by_name = (
        sentry_events.traces.find(said[name], complete=True, timeout=30) for name in ("called", "by name")
    )
    tasks = sentry_events.transactions.where("pack")

    assert called.tree == span("task", span("queue.submit.celery", span.anywhere("queue.task.celery")))
    assert [task.trace_id == called.trace_id for task in tasks] == [True, False]
    assert by_name.tree == span("task")
    assert (called.breaks(), by_name.breaks()) == ([], [])


def test_2372_where_the_message_is_recorded(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As with sentry-sdk 1.30, which left `send_task` alone; newer ones also record which message was sent.
    with worker() as app:
        celery = imported("celery").Celery
        monkeypatch.setattr(celery, "send_task", inspect.unwrap(celery.send_task))
        trace = traced(sentry_events, lambda: app.send_task("pack"))

    assert "print" not in [sent.op for sent in trace.spans]
    assert [broken.kind for broken in trace.breaks()] == ["not_continued"]
    assert "and processes the message that was sent there" in said(trace)


def test_2372_is_mended(sentry_events: SentryEvents) -> None:
    with worker() as app:
        trace = traced(sentry_events, lambda: app.send_task("pack"))

    assert trace.tree.find("print").transaction.name == "pack"
    trace.assert_continuous()


def test_824_a_message_without_the_headers(sentry_events: SentryEvents) -> None:
    # https://github.com/getsentry/sentry-python/issues/824: the headers got lost; here they are not added.
    with worker(propagate_traces=False) as app:
        trace = traced(sentry_events, lambda: app.send_task("pack"))

    assert "print" not in [sent.op for sent in trace.spans]
    assert "and processes the message that was sent there" in said(trace)


def test_4408_baggage_in_place_of_the_context_of_opentelemetry(sentry_events: SentryEvents) -> None:
    # https://github.com/getsentry/sentry-python/issues/4408: the SDK puts its baggage into the headers of the
    # message. OpenTelemetry finds baggage there and no traceparent, takes that for the whole context, and
    # the task begins a new trace.
    trace_sdk = imported("opentelemetry.sdk.trace")
    export = imported("opentelemetry.sdk.trace.export")
    exporters = imported("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    propagate = imported("opentelemetry.propagate")
    attributes = {"messaging.system": "celery", "messaging.message.id": "task-7"}
    url = urlsplit(sentry_events.dsn)
    inbox, _, project = url.path.rpartition("/")
    exporter = exporters.OTLPSpanExporter(
        f"http://{url.hostname}:{url.port}{inbox}/api/{project}/integration/otlp/v1/traces",
        headers={"x-sentry-auth": f"sentry sentry_key={url.username}"},
    )
    provider = trace_sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    tracer, kinds = provider.get_tracer("parcels"), imported("opentelemetry.trace").SpanKind
    sentry_sdk.init("http://app@sentry.invalid/1", traces_sample_rate=1.0)

    with start_transaction(name="order", op="task") as order:
        carrier = {"traceparent": f"00-{order.trace_id}-{order.span_id}-01"}
        with tracer.start_as_current_span(
            "send", context=propagate.extract(carrier), kind=kinds.PRODUCER, attributes=attributes
        ):
            message = {"baggage": sentry_sdk.get_baggage()}
    context = propagate.extract(message)
    with tracer.start_as_current_span("run", context=context, kind=kinds.CONSUMER, attributes=attributes):
        pass
    provider.shutdown()

    trace = sentry_events.traces.find(order.trace_id, complete=True, timeout=10)
    assert message["baggage"]
    assert [broken.kind for broken in trace.breaks()] == ["not_continued"]
    assert "whether another tracing library replaces the context of the message" in said(trace)
