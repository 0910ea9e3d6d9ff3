"""Names and nesting: what is a new transaction, what a child, and whose trace it has."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents, span
from sentryintegration import capture_message, finish_transaction, start_transaction

TRACE = "a" * 32
PARENT = "b" * 16


def raw_transaction(name: str, op: str) -> Any:
    """Start a transaction of plain ``sentry_sdk``, as a framework does."""
    if hasattr(sentry_sdk, "start_transaction") and not streaming():
        return sentry_sdk.start_transaction(name=name, op=op)
    return streamed(name, {"sentry.op": op}, None)


def raw_span(op: str) -> Any:
    if hasattr(sentry_sdk, "start_transaction") and not streaming():
        return sentry_sdk.start_span(op=op)
    return streamed(op, {"sentry.op": op})


def streamed(*args: Any) -> Any:
    import sentry_sdk.traces as traces

    return traces.start_span(*args)


def streaming() -> bool:
    from tests.facade.conftest import STREAM

    return STREAM


def test_a_start_without_a_name_is_a_child_of_the_active_span(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", op="root"), start_transaction(op="child", description="what"):
        pass

    assert sentry_events.transactions.find("root").tree == span("root", span("child", "what"))


def test_a_start_with_a_name_is_a_new_transaction_with_a_trace_of_its_own(
    sentry_events: SentryEvents,
) -> None:
    with start_transaction(name="outer", op="outer"):
        with start_transaction(name="inner", op="inner"):
            pass
        with start_transaction(op="after"):
            pass

    outer, inner = sentry_events.transactions.find("outer"), sentry_events.transactions.find("inner")
    assert outer.tree == span("outer", span("after"))
    assert inner.trace_id != outer.trace_id
    assert inner.parent_span_id is None


def test_a_start_without_a_name_and_an_active_span_is_named_by_its_description(
    sentry_events: SentryEvents,
) -> None:
    with start_transaction(op="task", description="nightly"):
        pass
    with start_transaction(op="task"):
        pass

    assert [transaction.name for transaction in sentry_events.transactions] == ["nightly", "task"]


def test_two_transactions_have_two_traces(sentry_events: SentryEvents) -> None:
    for name in ("one", "two"):
        with start_transaction(name=name):
            pass

    one, two = sentry_events.transactions
    assert one.trace_id != two.trace_id


def test_a_plain_call_is_active_at_once(sentry_events: SentryEvents) -> None:
    t = start_transaction(name="root", op="root")
    finish_transaction(start_transaction(op="child"))
    finish_transaction(t)

    assert sentry_events.transactions.find("root").tree == span("root", span("child"))


def test_nothing_stays_behind_after_a_transaction(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root") as t:
        capture_message("inside")
    capture_message("after")

    inside, after = sentry_events.messages.find("inside"), sentry_events.messages.find("after")
    assert (inside.transaction, inside.trace_id, inside.span_id) == ("root", t.trace_id, t.span_id)
    assert after.transaction is None
    assert after.trace_id != t.trace_id


def test_a_named_start_inside_a_framework_transaction_keeps_its_trace(sentry_events: SentryEvents) -> None:
    with raw_transaction("request", "http.server"):
        start_transaction(
            lambda t: finish_transaction(start_transaction(op="child")), name="named", op="named"
        )

    request = sentry_events.transactions.find("request")
    named = sentry_events.transactions.find("named")
    assert (named.trace_id, named.parent_span_id) == (request.trace_id, request.span_id)
    assert sentry_events.traces.find(request.trace_id).tree == span(
        "http.server", span("named", span("child"))
    )


def test_a_named_start_deeper_inside_a_framework_transaction_keeps_its_trace(
    sentry_events: SentryEvents,
) -> None:
    request = raw_transaction("request", "http.server")
    with request, start_transaction(name="outer"), start_transaction(name="inner"):
        pass

    inner = sentry_events.transactions.find("inner")
    assert inner.trace_id == sentry_events.transactions.find("request").trace_id


def test_an_unnamed_start_inside_a_framework_transaction_is_its_child(sentry_events: SentryEvents) -> None:
    with raw_transaction("request", "http.server"), start_transaction(op="child"):
        pass

    assert sentry_events.transactions.find("request").tree == span("http.server", span("child"))
    assert len(sentry_events.transactions) == 1


def test_spans_of_the_sdk_nest_inside_spans_of_the_facade(sentry_events: SentryEvents) -> None:
    with ExitStack() as stack:
        stack.enter_context(start_transaction(name="root", op="root"))
        stack.enter_context(start_transaction(op="facade"))
        stack.enter_context(raw_span("sdk"))
        stack.enter_context(start_transaction(op="facade.in"))
        stack.enter_context(raw_span("sdk.in"))

    assert sentry_events.transactions.find("root").tree == span(
        "root", span("facade", span("sdk", span("facade.in", span("sdk.in"))))
    )


def test_a_child_started_after_a_framework_transaction_is_not_lost(sentry_events: SentryEvents) -> None:
    transaction = raw_transaction("request", "http.server")
    with transaction:
        scope = sentry_sdk.get_current_scope().fork()
    sentry_sdk.Scope.set_current_scope(scope)
    with start_transaction(op="late"):
        pass

    trace = sentry_events.traces.find(sentry_events.transactions.find("request").trace_id)
    assert trace.tree == span("http.server", span("late"))


def test_starts_inside_a_flask_request(sentry_events: SentryEvents, mode_options: dict[str, Any]) -> None:
    flask = pytest.importorskip("flask")
    from sentry_sdk.integrations.flask import FlaskIntegration

    sentry_sdk.init(
        "http://k@localhost/1", traces_sample_rate=1.0, integrations=[FlaskIntegration()], **mode_options
    )
    app = flask.Flask(__name__)

    @app.get("/")  # type: ignore[untyped-decorator,unused-ignore]
    def index() -> str:
        with start_transaction(op="child"):
            pass
        with start_transaction(name="named", op="named"):
            pass
        return ""

    headers = {"sentry-trace": f"{TRACE}-{PARENT}-1"}
    app.test_client().get("/", headers=headers)

    request = sentry_events.transactions.find(op="http.server")
    named = sentry_events.transactions.find("named")
    assert request.tree == span("http.server", ..., span("child"), ...)
    assert (request.trace_id, request.parent_span_id) == (TRACE, PARENT)
    assert (named.trace_id, named.parent_span_id) == (TRACE, request.span_id)


def test_an_exception_sets_the_status_and_goes_on(sentry_events: SentryEvents, failed: str) -> None:
    error = KeyError("lost")
    try:
        with start_transaction(name="root", op="root"):
            with start_transaction(op="fine"):
                pass
            with start_transaction(op="broken"):
                raise error
    except KeyError as caught:
        raised = caught

    assert raised is error

    assert sentry_events.transactions.find("root").tree == span(
        "root", span("fine", status="ok"), span("broken", status=failed), status=failed
    )


def test_a_function_is_called_with_the_handle(sentry_events: SentryEvents) -> None:
    result = start_transaction(lambda t: (t.name, 42), name="nightly", op="task")

    assert result == ("nightly", 42)
    assert sentry_events.transactions.find("nightly").op == "task"


def test_a_coroutine_function_gives_an_awaitable(sentry_events: SentryEvents) -> None:
    import asyncio

    async def work(t: Any) -> int:
        await asyncio.sleep(0)
        with start_transaction(op="inside"):
            return 42

    assert asyncio.run(start_transaction(work, name="nightly", op="task")) == 42
    assert sentry_events.transactions.find("nightly").tree == span("task", span("inside"))


def test_a_function_that_raises_raises(sentry_events: SentryEvents, failed: str) -> None:
    def work(t: Any) -> None:
        raise KeyError("lost")

    with pytest.raises(KeyError):
        start_transaction(work, name="nightly")

    assert sentry_events.transactions.find("nightly").status == failed
