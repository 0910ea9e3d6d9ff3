"""Spans that are finished in another thread or task than the one that started them leave nothing behind."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import importlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeAlias

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents, span
from sentryintegration import (
    Handle,
    _finishing,
    capture_message,
    finish_transaction,
    init,
    set_task_transaction,
    start_transaction,
    traced,
)
from sentryintegration._nesting import Node

Elsewhere: TypeAlias = Callable[[Callable[[], None]], None]


def in_a_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def in_a_pool(work: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def in_a_task(work: Callable[[], None]) -> None:
    async def run() -> None:
        work()

    asyncio.run(run())


def in_a_copied_context(work: Callable[[], None]) -> None:
    """As ``asyncio.to_thread`` does it: in another thread, with the caller's context variables."""
    in_a_thread(lambda: contextvars.copy_context().run(work))


def in_the_context_of_the_caller(work: Callable[[], None]) -> None:
    context = contextvars.copy_context()
    in_a_thread(lambda: context.run(work))


ELSEWHERE = pytest.mark.parametrize(
    "elsewhere", [in_a_thread, in_a_pool, in_a_task, in_a_copied_context, in_the_context_of_the_caller]
)


@pytest.fixture(autouse=True, params=[False, True], ids=["bare", "scopes inherited"])
def _integrations(
    request: pytest.FixtureRequest, sentry_events: SentryEvents, mode_options: dict[str, Any]
) -> None:
    """Threads inherit the scopes of those that start them, or do not."""
    if request.param:
        init("http://key@localhost/1", traces_sample_rate=1.0, **mode_options)


def finish_all(*handles: Handle) -> None:
    for handle in handles:
        finish_transaction(handle)


def nested(depth: int) -> list[Handle]:
    """Start spans inside one another; return them innermost first."""
    return [start_transaction(op=f"level {level}") for level in range(depth)][::-1]


def levels(depth: int, level: int = 0) -> Any:
    return span(f"level {level}", *([levels(depth, level + 1)] if level + 1 < depth else []))


@ELSEWHERE
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_what_comes_after_is_inside_what_is_open(
    sentry_events: SentryEvents, elsewhere: Elsewhere, depth: int
) -> None:
    with start_transaction(name="main", op="task"):
        handles = nested(depth)
        elsewhere(lambda: finish_all(*handles))
        with start_transaction(op="after"):
            pass

    assert sentry_events.transactions.find("main").tree == span("task", levels(depth), span("after"))


@ELSEWHERE
def test_each_may_be_finished_in_a_thread_of_its_own(
    sentry_events: SentryEvents, elsewhere: Elsewhere
) -> None:
    with start_transaction(name="main", op="task"):
        for handle in nested(4):
            elsewhere(partial(finish_transaction, handle))
        with start_transaction(op="after"):
            pass

    assert sentry_events.transactions.find("main").tree == span("task", levels(4), span("after"))


@ELSEWHERE
def test_they_may_be_finished_outermost_first(sentry_events: SentryEvents, elsewhere: Elsewhere) -> None:
    with start_transaction(name="main", op="task"):
        handles = nested(3)
        elsewhere(lambda: finish_all(*reversed(handles)))
        with start_transaction(op="after"):
            pass

    assert sentry_events.transactions.find("main").tree == span("task", levels(3), span("after"))


@ELSEWHERE
def test_spans_of_the_sdk_and_events_find_no_finished_span(
    sentry_events: SentryEvents, elsewhere: Elsewhere, static: bool
) -> None:
    with start_transaction(name="main", op="task") as main:
        handles = nested(3)
        elsewhere(lambda: finish_all(*handles))
        capture_message("after")
        if static:
            with sentry_sdk.start_span(op="db"):
                pass
        else:
            start_span = importlib.import_module("sentry_sdk.traces").start_span
            with start_span(name="db", attributes={"sentry.op": "db"}):
                pass

    assert sentry_events.messages.find("after").span_id == main.span_id
    tree = sentry_events.transactions.find("main").tree
    assert tree == span("task", levels(3), span("db", description=...))


def begin(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, work: Callable[[], None]
) -> Callable[[], None]:
    """Do *work* in a thread up to its first call of a function; return what has it end and waits for that."""
    original = getattr(owner, name)
    arrived, go_on = threading.Event(), threading.Event()

    def call(*arguments: Any, **named: Any) -> Any:
        if threading.current_thread() is thread and not arrived.is_set():
            arrived.set()
            assert go_on.wait(timeout=10)
        return original(*arguments, **named)

    def end() -> None:
        go_on.set()
        thread.join()

    thread = threading.Thread(target=work)
    monkeypatch.setattr(owner, name, call)
    thread.start()
    assert arrived.wait(timeout=10)
    return end


POINTS = [
    (Node, "outwards"),
    (_finishing, "mark_of"),
    (_finishing, "_leave_scope"),
    (_finishing, "copy_tracing"),
    (Node, "add_follower"),
]


@pytest.mark.parametrize("point_of_inner", POINTS, ids=lambda point: point[1])
@pytest.mark.parametrize("point_of_outer", POINTS, ids=lambda point: point[1])
def test_a_span_and_the_one_around_it_may_finish_in_two_threads_at_the_same_moment(
    sentry_events: SentryEvents,
    monkeypatch: pytest.MonkeyPatch,
    point_of_inner: tuple[Any, str],
    point_of_outer: tuple[Any, str],
) -> None:
    with start_transaction(name="main", op="task") as main:
        inner, outer = nested(2)
        end_inner = begin(monkeypatch, *point_of_inner, partial(finish_transaction, inner))
        end_outer = begin(monkeypatch, *point_of_outer, partial(finish_transaction, outer))
        end_inner()
        end_outer()
        capture_message("after")

    assert sentry_events.messages.find("after").span_id == main.span_id
    assert sentry_events.transactions.find("main").tree == span("task", levels(2))


def test_a_span_that_another_thread_is_finishing_stays_shared(sentry_events: SentryEvents) -> None:
    with start_transaction(name="main", op="task") as main:
        inner, outer = nested(2)
        held = contextvars.copy_context()
        assert inner._node is not None
        inner._node.shared = True  # as that thread has it, before it waits for the lock
        finish_transaction(inner)
        in_a_thread(partial(finish_transaction, outer))
        held.run(capture_message, "after")

    assert sentry_events.messages.find("after").span_id == main.span_id


def test_a_span_that_follows_a_waiting_transaction_is_free_once_that_is_sent(
    sentry_events: SentryEvents,
) -> None:
    main = start_transaction(name="main", op="task")
    with set_task_transaction(main):
        other = start_transaction(op="other")
    inner = start_transaction(op="inner")
    finish_transaction(main)
    in_a_thread(lambda: finish_all(inner, other))
    capture_message("after")

    after = sentry_events.messages.find("after")
    assert after.span_id not in {one.span_id for one in sentry_events.spans}


@ELSEWHERE
def test_a_whole_transaction_finished_elsewhere_is_gone(
    sentry_events: SentryEvents, elsewhere: Elsewhere
) -> None:
    main = start_transaction(name="main", op="task")
    handles = nested(3)
    elsewhere(lambda: finish_all(*handles, main))
    capture_message("after")

    after = sentry_events.messages.find("after")
    assert after.transaction is None
    assert after.span_id not in {one.span_id for one in sentry_events.spans}
    assert sentry_events.transactions.find("main").tree == span("task", levels(3))


@ELSEWHERE
def test_a_transaction_that_waits_for_a_span_is_gone_once_it_is_sent(
    sentry_events: SentryEvents, elsewhere: Elsewhere
) -> None:
    main = start_transaction(name="main", op="task")
    outer, inner = start_transaction(op="outer"), start_transaction(op="inner")
    finish_transaction(main)
    elsewhere(lambda: finish_all(inner, outer))
    capture_message("after")

    after = sentry_events.messages.find("after")
    assert after.transaction is None
    assert after.span_id not in {one.span_id for one in sentry_events.spans}


@ELSEWHERE
def test_the_one_that_finishes_them_is_not_inside_them_any_more(
    sentry_events: SentryEvents, elsewhere: Elsewhere
) -> None:
    with start_transaction(name="main", op="task") as main:
        handles = nested(3)

        def work() -> None:
            finish_all(*handles)
            with start_transaction(op="in there"):
                pass

        elsewhere(work)
        with start_transaction(op="after"):
            pass

    ops = {one.span_id: one.op for one in sentry_events.spans}
    parents = {one.op: ops.get(one.parent_span_id or "") for one in sentry_events.spans}
    assert parents["after"] == "task"
    assert parents["in there"] in ("task", None)
    assert main.span_id in ops


def test_a_task_that_shares_a_scope_finds_no_finished_span(
    sentry_events: SentryEvents,
) -> None:
    async def later(over: asyncio.Event) -> None:
        await over.wait()
        with start_transaction(op="later"):
            pass

    async def main() -> None:
        over = asyncio.Event()
        with start_transaction(name="main", op="task"):
            with start_transaction(op="outer"), start_transaction(op="inner"):
                task = asyncio.create_task(later(over))
                await asyncio.sleep(0)
            over.set()
            await task

    asyncio.run(main())

    tree = sentry_events.transactions.find("main").tree
    assert tree == span("task", span("outer", span("inner")), span("later"))


def test_spans_that_a_generator_started_are_finished_by_who_iterates(
    sentry_events: SentryEvents,
) -> None:
    @traced(op="generator")
    def generator() -> Iterator[list[Handle]]:
        yield nested(3)
        with start_transaction(op="after"):
            pass

    with start_transaction(name="main", op="task"):
        for handles in generator():
            finish_all(*handles)
            with start_transaction(op="outside"):
                pass

    tree = sentry_events.transactions.find("main").tree
    inside = span("generator", ..., levels(3), span("after"), description=...)
    assert tree == span("task", inside, span("outside"), unordered=True)


@pytest.mark.sentry(traces_sample_rate=0.0)  # the SDK keeps the spans of a sampled transaction
def test_spans_finished_elsewhere_again_and_again_are_freed(sentry_events: SentryEvents) -> None:
    with start_transaction(name="main", op="task"), ThreadPoolExecutor(1) as pool:
        for _ in range(200):
            pool.submit(finish_transaction, start_transaction(op="one")).result()
        gc.collect()
        nodes = [one for one in gc.get_objects() if type(one) is Node]

    assert len(nodes) < 10
