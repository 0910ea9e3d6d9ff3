"""Spans that outlive a transaction which waits for nothing: a framework's, or one of plain ``sentry_sdk``."""

from __future__ import annotations

import asyncio
import gc
import importlib
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import Any, TypeAlias

import pytest
import sentry_sdk
from sentry_sdk.integrations.asyncio import AsyncioIntegration
from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware

from pytest_sentryintegration import SentryEvents, span
from sentryintegration import (
    capture_message,
    close,
    finish_transaction,
    init,
    set_task_transaction,
    start_transaction,
    traced,
)

Request: TypeAlias = Callable[[], AbstractContextManager[Any]]
Run: TypeAlias = Callable[[Iterator[None], Request], None]


@pytest.fixture
def request_of_the_sdk(static: bool) -> Request:
    if static:
        return lambda: sentry_sdk.start_transaction(name="request", op="http.server")
    start_span = importlib.import_module("sentry_sdk.traces").start_span
    return lambda: start_span(name="request", attributes={"sentry.op": "http.server"})


def in_a_thread(work: Iterator[None], request: Request) -> None:
    """Run *work* in a thread of the request, which ends where *work* yields."""
    opened, over = threading.Event(), threading.Event()

    def run() -> None:
        next(work)
        opened.set()
        over.wait(5)
        next(work, None)

    with request():
        thread = threading.Thread(target=run)
        thread.start()
        opened.wait(5)
    over.set()
    thread.join()


def in_a_task(work: Iterator[None], request: Request) -> None:
    async def run(over: asyncio.Event) -> None:
        next(work)
        await over.wait()
        next(work, None)

    async def main() -> None:
        over = asyncio.Event()
        with request():
            task = asyncio.create_task(run(over))
            await asyncio.sleep(0)
        over.set()
        await task

    asyncio.run(main())


def in_the_same_thread(work: Iterator[None], request: Request) -> None:
    with request():
        next(work)
    next(work, None)


RUNS = pytest.mark.parametrize("run", [in_a_thread, in_a_task, in_the_same_thread])


@pytest.fixture(autouse=True)
def _threads_inherit_scopes(sentry_events: SentryEvents, mode_options: dict[str, Any]) -> None:
    init("http://key@localhost/1", traces_sample_rate=1.0, **mode_options)


def whole(sentry_events: SentryEvents) -> Any:
    """The one trace that there is, as a tree."""
    [trace] = sentry_events.traces
    assert not trace.orphans
    return trace.tree


@RUNS
def test_a_span_that_outlives_the_request_is_sent_with_what_is_below_it(
    sentry_events: SentryEvents, request_of_the_sdk: Request, run: Run, static: bool
) -> None:
    def work() -> Iterator[None]:
        with start_transaction(op="agent", tags={"a": "b"}) as agent:
            agent.set_data("c", 1)
            with start_transaction(op="early"):
                pass
            yield
            with start_transaction(op="later"), start_transaction(op="deeper"):
                pass

    run(work(), request_of_the_sdk)

    agent = sentry_events.spans.find("agent")
    assert (agent.tags["a"], agent.data["c"]) == ("b", 1)
    assert whole(sentry_events) == span(
        "http.server", span("agent", span("early"), span("later", span("deeper")))
    )
    if static:
        sent = [one["op"] for one in sentry_events.transactions.find("agent").raw["spans"]]
        assert sent == ["later", "deeper"]


@RUNS
def test_spans_open_at_the_end_of_the_request_stay_inside_one_another(
    sentry_events: SentryEvents, request_of_the_sdk: Request, run: Run, static: bool
) -> None:
    def work() -> Iterator[None]:
        with start_transaction(op="a"), start_transaction(op="b") as b, start_transaction(op="c"):
            b.set_tag("named", "b")
            yield
            with start_transaction(op="d"):
                b.set_data("rows", 3)

    run(work(), request_of_the_sdk)

    assert whole(sentry_events) == span(
        "http.server", span("a", span("b", span("c", span("d")), tags={"named": "b"}, data={"rows": 3}))
    )
    assert len(sentry_events.transactions) == (2 if static else 1)


def test_a_child_may_outlive_the_late_span_that_it_is_in(
    sentry_events: SentryEvents, request_of_the_sdk: Request, static: bool
) -> None:
    def work() -> Iterator[None]:
        parent = start_transaction(op="parent")
        child = start_transaction(op="child")
        yield
        finish_transaction(parent)
        with start_transaction(op="grandchild"):
            pass
        finish_transaction(child)

    in_a_thread(work(), request_of_the_sdk)

    assert whole(sentry_events) == span("http.server", span("parent", span("child", span("grandchild"))))
    if static:
        parent = sentry_events.transactions.find("parent").tree
        [child] = parent.children
        assert parent.end is not None
        assert child.end is not None
        assert parent.end < child.end


def test_threads_that_outlive_the_request_send_a_transaction_each(
    sentry_events: SentryEvents, request_of_the_sdk: Request, static: bool
) -> None:
    opened, over = threading.Barrier(4), threading.Event()

    def work(number: int) -> None:
        with start_transaction(op=f"agent {number}"):
            opened.wait(5)
            over.wait(5)
            with start_transaction(op="tool"):
                pass

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    with request_of_the_sdk():
        for thread in threads:
            thread.start()
        opened.wait(5)
    over.set()
    for thread in threads:
        thread.join()

    agents = [span(f"agent {number}", span("tool")) for number in range(3)]
    assert whole(sentry_events) == span("http.server", *agents, unordered=True)
    assert len(sentry_events.transactions) == (4 if static else 1)


def test_threads_that_start_the_first_spans_of_a_request_at_once_have_one_parent(
    sentry_events: SentryEvents, request_of_the_sdk: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, both = uuid.uuid4, threading.Barrier(2)

    def made_beside_another() -> uuid.UUID:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.2)
        return made()

    def work() -> None:
        with start_transaction(op="agent"):
            pass

    with request_of_the_sdk(), monkeypatch.context() as patch:
        patch.setattr(uuid, "uuid4", made_beside_another)
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert whole(sentry_events) == span("http.server", span("agent"), span("agent"))


def test_a_late_span_keeps_its_start_and_its_end(
    sentry_events: SentryEvents, request_of_the_sdk: Request
) -> None:
    def work() -> Iterator[None]:
        with start_transaction(op="outer"), start_transaction(op="inner"):
            yield

    in_the_same_thread(work(), request_of_the_sdk)

    times = {one.op: (one.start, one.end) for one in sentry_events.spans}
    request, outer, inner = times["http.server"], times["outer"], times["inner"]
    assert request[0] <= outer[0] <= inner[0] <= request[1] <= inner[1]  # type: ignore[operator]
    assert inner[1] <= outer[1]  # type: ignore[operator]


def test_a_generator_outlives_the_request(sentry_events: SentryEvents, request_of_the_sdk: Request) -> None:
    @traced(op="stream")
    def stream() -> Iterator[int]:
        for number in range(3):
            with start_transaction(op=f"part {number}"):
                yield number

    with request_of_the_sdk():
        numbers = stream()
        next(numbers)
    assert list(numbers) == [1, 2]

    parts = [span(f"part {number}") for number in range(3)]
    assert whole(sentry_events) == span("http.server", span("stream", ..., *parts))


def test_an_exception_in_a_late_span_is_its_status(
    sentry_events: SentryEvents, request_of_the_sdk: Request, failed: str
) -> None:
    def work() -> Iterator[None]:
        with start_transaction(op="agent"):
            yield
            raise KeyError("lost")

    with pytest.raises(KeyError):
        in_the_same_thread(work(), request_of_the_sdk)

    assert sentry_events.spans.find("agent").status == failed


def test_a_late_span_is_handed_to_another_thread(
    sentry_events: SentryEvents, request_of_the_sdk: Request
) -> None:
    with request_of_the_sdk():
        agent = start_transaction(op="agent")

    def work() -> None:
        with set_task_transaction(agent), start_transaction(op="tool"):
            pass

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    finish_transaction(agent)

    assert whole(sentry_events) == span("http.server", span("agent", span("tool")))


def test_spans_of_the_sdk_inside_a_late_span_are_sent_with_it(
    sentry_events: SentryEvents, request_of_the_sdk: Request, static: bool
) -> None:
    def work() -> Iterator[None]:
        with start_transaction(op="agent"):
            yield
            if static:
                with sentry_sdk.start_span(op="db"):
                    pass
            else:
                start_span = importlib.import_module("sentry_sdk.traces").start_span
                with start_span(name="db", attributes={"sentry.op": "db"}):
                    pass

    in_a_thread(work(), request_of_the_sdk)

    assert whole(sentry_events) == span("http.server", span("agent", span("db", description=...)))


def test_a_late_span_below_one_of_an_integration_stays_in_the_trace(
    sentry_events: SentryEvents, request_of_the_sdk: Request, mode_options: dict[str, Any]
) -> None:
    async def tool() -> None:
        with start_transaction(op="tool"):
            await asyncio.sleep(0)

    async def agent(begun: asyncio.Event, over: asyncio.Event) -> None:
        with start_transaction(op="agent"):
            begun.set()
            await over.wait()
            await asyncio.gather(tool())

    async def main() -> None:
        # It puts a span of its own around each task.
        integrations = [AsyncioIntegration()]
        init("http://key@localhost/1", traces_sample_rate=1.0, integrations=integrations, **mode_options)
        begun, over = asyncio.Event(), asyncio.Event()
        with request_of_the_sdk():
            nested = asyncio.create_task(asyncio.wait_for(agent(begun, over), 5))
            await begun.wait()
        over.set()
        await nested

    asyncio.run(main())

    [trace] = [trace for trace in sentry_events.traces if trace.spans]
    assert not trace.orphans
    assert sentry_events.spans.find("tool").trace_id == sentry_events.spans.find("agent").trace_id


def test_close_sends_late_spans_that_are_open(
    sentry_events: SentryEvents, request_of_the_sdk: Request
) -> None:
    with request_of_the_sdk():
        agent = start_transaction(op="agent")
        tool = start_transaction(op="tool")
    assert close()
    finish_transaction(tool)
    finish_transaction(agent)

    assert whole(sentry_events) == span("http.server", span("agent", span("tool")))


def test_a_late_span_whose_handle_is_dropped_is_sent(
    sentry_events: SentryEvents, request_of_the_sdk: Request
) -> None:
    with request_of_the_sdk():
        agent = start_transaction(op="agent")
    del agent
    with start_transaction(name="next"):
        pass

    assert sentry_events.spans.find("agent").trace_id == sentry_events.transactions.find("request").trace_id


def test_a_late_span_is_finished_when_its_handle_is_dropped_though_it_is_current(
    sentry_events: SentryEvents, request_of_the_sdk: Request
) -> None:
    with request_of_the_sdk():
        handle = start_transaction(op="late")
    del handle
    gc.collect()

    assert sentry_events.spans.find("late")
    assert sentry_sdk.get_current_scope()._span is None


def test_a_named_transaction_in_a_late_span_keeps_the_trace(
    sentry_events: SentryEvents, request_of_the_sdk: Request
) -> None:
    def work() -> Iterator[None]:
        with start_transaction(op="agent"):
            yield
            with start_transaction(name="tool", op="tool"):
                pass

    in_a_thread(work(), request_of_the_sdk)

    assert whole(sentry_events) == span("http.server", span("agent", span("tool", description=...)))


def test_events_in_a_late_span_name_its_transaction_and_later_ones_do_not(
    sentry_events: SentryEvents, request_of_the_sdk: Request
) -> None:
    def work() -> Iterator[None]:
        with start_transaction(op="agent"):
            yield
            with start_transaction(op="tool"):
                pass
            capture_message("inside")

    in_the_same_thread(work(), request_of_the_sdk)
    capture_message("outside")

    inside = sentry_events.messages.find("inside")
    assert inside.span_id == sentry_events.spans.find("agent").span_id
    assert sentry_events.messages.find("outside").span_id != inside.span_id


@pytest.mark.parametrize("rate", [0.0, None])
def test_late_spans_of_a_request_that_is_not_sampled_are_not_sent(
    sentry_events: SentryEvents, request_of_the_sdk: Request, mode_options: dict[str, Any], rate: float | None
) -> None:
    init("http://key@localhost/1", traces_sample_rate=rate, **mode_options)

    def work() -> Iterator[None]:
        with start_transaction(op="agent"):
            yield
            with start_transaction(op="tool"):
                pass

    in_a_thread(work(), request_of_the_sdk)

    assert not sentry_events.spans


def test_a_thread_of_a_wsgi_application_outlives_the_request(sentry_events: SentryEvents) -> None:
    opened, over = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def work() -> None:
        with start_transaction(op="agent"):
            opened.set()
            over.wait(5)
            with start_transaction(op="tool"):
                pass

    def application(environ: Any, start_response: Any) -> list[bytes]:
        threads.append(threading.Thread(target=work))
        threads[0].start()
        opened.wait(5)
        start_response("200 OK", [])
        return [b"done"]

    environ = {"PATH_INFO": "/cart", "SERVER_NAME": "shop", "SERVER_PORT": "80", "REQUEST_METHOD": "GET"}
    answer: Any = SentryWsgiMiddleware(application)({**environ, "wsgi.url_scheme": "http"}, lambda *_: None)
    assert list(answer) == [b"done"]
    answer.close()
    over.set()
    threads[0].join()

    agent = sentry_events.spans.find("agent")
    [trace] = [trace for trace in sentry_events.traces if trace.trace_id == agent.trace_id]
    assert trace.tree == span("http.server", ..., span("agent", span("tool")), ..., description=...)


def test_what_is_open_in_an_overdue_transaction_goes_on_with_what_is_below_it(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentryintegration._ledger.PATIENCE", 0.0)
    t = start_transaction(name="root", op="root")
    outer, inner = start_transaction(op="outer"), start_transaction(op="inner")
    node: Any = t._node
    tree = node.tree
    finish_transaction(t)
    sentry_events.transactions.wait(1, "root")
    with start_transaction(op="below"):
        pass
    finish_transaction(outer)
    finish_transaction(inner)

    assert tree.sent
    assert whole(sentry_events) == span("root", span("outer", span("inner", span("below"))), description=...)
