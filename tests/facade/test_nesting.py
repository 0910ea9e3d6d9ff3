"""What is inside what: the semantics of tasks, in threads, pools, asyncio and gevent."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sentry_sdk

from pytest_sentryintegration import SentryEvents, span
from sentryintegration import (
    Handle,
    capture_message,
    finish_transaction,
    set_task_transaction,
    start_transaction,
    trace_headers,
)
from sentryintegration._nesting import Node

TASK = span("task", span("first", description=...), span("second", description=...))
DEEP = span(
    "task", span("task", span("first"), span("second")), span("first"), span("second"), unordered=True
)
TREE = span(
    "lifetime",
    span("task", span("first"), span("second")),
    span("task", span("first"), span("second")),
    DEEP,
    unordered=True,
)


def task(t: Handle, depth: int) -> None:
    """One of three tasks: two nested sub-operations each, one recurses."""
    with start_transaction(op="task"):
        if depth:
            task(t, depth - 1)
        with start_transaction(op="first"):
            pass
        with start_transaction(op="second"):
            pass


def in_task(t: Handle, depth: int) -> None:
    with set_task_transaction(t):
        task(t, depth)


def by_threads(t: Handle) -> None:
    threads = [threading.Thread(target=in_task, args=(t, depth)) for depth in (0, 0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def by_one_pool_thread(t: Handle) -> None:
    with ThreadPoolExecutor(1) as pool:
        for depth in (0, 0, 1):
            pool.submit(in_task, t, depth).result()


def by_asyncio(t: Handle) -> None:
    async def one(depth: int) -> None:
        set_task_transaction(t)
        await nested(depth)

    async def nested(depth: int) -> None:
        with start_transaction(op="task"):
            await asyncio.sleep(0)
            if depth:
                await nested(depth - 1)
            for op in ("first", "second"):
                with start_transaction(op=op):
                    await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(one(0), one(0), one(1))

    asyncio.run(main())


RUNNERS = pytest.mark.parametrize("run", [by_threads, by_one_pool_thread, by_asyncio])


@RUNNERS
def test_a_transaction_handed_to_three_tasks_gives_one_tree(
    sentry_events: SentryEvents, run: Callable[[Handle], None]
) -> None:
    t = start_transaction(name="MyApp", op="lifetime")
    run(t)
    finish_transaction(t)

    assert sentry_events.transactions.find("MyApp").tree == TREE
    assert len(sentry_events.transactions) == 1


@RUNNERS
def test_the_tree_is_one_when_the_root_is_finished_while_a_span_is_open(
    sentry_events: SentryEvents, run: Callable[[Handle], None]
) -> None:
    t = start_transaction(name="MyApp", op="lifetime")
    waiting = start_transaction(op="waiting")
    finish_transaction(t)
    run(t)
    finish_transaction(waiting)

    tree = sentry_events.transactions.find("MyApp").tree
    assert tree == span("lifetime", span("waiting"), *TREE.children, unordered=True)
    assert len(sentry_events.transactions) == 1


def test_the_root_keeps_its_own_end_time(sentry_events: SentryEvents) -> None:
    t = start_transaction(name="root", op="root")
    late = start_transaction(op="late")
    finish_transaction(t)
    ended = time.perf_counter()
    while time.perf_counter() < ended + 0.01:  # what a start takes counts as the root's: less than this
        pass
    finish_transaction(late)

    tree = sentry_events.transactions.find("root").tree
    last = tree.children[0].end
    assert tree.end is not None
    assert last is not None
    assert tree.end < last


@RUNNERS
def test_tasks_are_parallel_siblings_under_the_transaction(
    sentry_events: SentryEvents, run: Callable[[Handle], None]
) -> None:
    with start_transaction(name="MyApp", op="lifetime") as t, start_transaction(op="local"):
        run(t)

    tree = sentry_events.transactions.find("MyApp").tree
    assert [child.op for child in tree.children].count("task") == 3
    assert tree == span("lifetime", span("local"), *TREE.children, unordered=True)


def finish_in_the_order_of_starting() -> None:
    first = start_transaction(op="first")
    second = start_transaction(op="second")
    finish_transaction(first)
    finish_transaction(second)


def adopt_and_finish(t: Handle) -> None:
    set_task_transaction(t)
    finish_in_the_order_of_starting()


def in_a_thread() -> None:
    thread = threading.Thread(target=adopt_and_finish, args=(current(),))
    thread.start()
    thread.join()


def in_a_pool() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        pool.submit(adopt_and_finish, current()).result()


def in_a_task() -> None:
    async def main() -> None:
        finish_in_the_order_of_starting()

    asyncio.run(main())


HANDLES: list[Handle] = []


def current() -> Handle:
    return HANDLES[-1]


@pytest.mark.parametrize("run", [finish_in_the_order_of_starting, in_a_thread, in_a_pool, in_a_task])
def test_spans_finished_in_the_order_of_starting_stay_nested(
    sentry_events: SentryEvents, run: Callable[[], None]
) -> None:
    with start_transaction(name="root", op="root") as t:
        HANDLES.append(t)
        run()
        with start_transaction(op="after"):
            pass
    HANDLES.clear()

    tree = sentry_events.transactions.find("root").tree
    assert tree == span("root", span("first", span("second")), span("after"))


def test_interleaved_tasks_never_become_each_others_parents(sentry_events: SentryEvents) -> None:
    async def one(name: str) -> None:
        with start_transaction(op=name):
            await asyncio.sleep(0)
            with start_transaction(op=f"{name}.in"):
                await asyncio.sleep(0)

    async def main() -> None:
        with start_transaction(name="root", op="root"):
            await asyncio.gather(one("a"), one("b"), one("c"))

    asyncio.run(main())

    tree = sentry_events.transactions.find("root").tree
    assert tree == span("root", *(span(op, span(f"{op}.in")) for op in "abc"))


def test_siblings_may_finish_in_any_order(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", op="root") as t:
        with set_task_transaction(t):
            first = start_transaction(op="first")
        with set_task_transaction(t):
            second = start_transaction(op="second")
        finish_transaction(second)
        finish_transaction(first)

    assert sentry_events.transactions.find("root").tree == span("root", span("first"), span("second"))


def test_a_span_finishes_in_another_thread(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", op="root"):
        inner = start_transaction(op="inner")
        thread = threading.Thread(target=finish_transaction, args=(inner,))
        thread.start()
        thread.join()
        with start_transaction(op="next"):
            pass

    assert sentry_events.transactions.find("root").tree == span("root", span("inner"), span("next"))


def test_a_transaction_finished_in_another_thread_leaves_no_name_behind(sentry_events: SentryEvents) -> None:
    t = start_transaction(name="root")
    thread = threading.Thread(target=finish_transaction, args=(t,))
    thread.start()
    thread.join()
    capture_message("after")

    assert sentry_events.messages.find("after").transaction is None


def test_a_start_after_the_transaction_is_sent_continues_its_trace(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", op="root") as t:
        pass
    with set_task_transaction(t), start_transaction(op="later"):
        pass

    later = sentry_events.transactions.find("later")
    assert (later.trace_id, later.parent_span_id) == (t.trace_id, t.span_id)


def test_a_task_that_outlives_the_transaction_continues_its_trace(sentry_events: SentryEvents) -> None:
    async def late(ready: asyncio.Event) -> None:
        await ready.wait()
        with start_transaction(op="late"):
            pass

    async def main() -> None:
        ready = asyncio.Event()
        with start_transaction(name="root", op="root"):
            running = asyncio.create_task(late(ready))
            await asyncio.sleep(0)
        ready.set()
        await running

    asyncio.run(main())

    trace = sentry_events.traces.find(sentry_events.transactions.find("root").trace_id)
    assert trace.tree == span("root", span("late"))


def test_undoing_set_task_transaction_makes_the_thread_free(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", op="root") as t:
        pass
    with set_task_transaction(t):
        pass
    with start_transaction(op="own"):
        pass

    assert sentry_events.transactions.find("own").trace_id != t.trace_id


def test_finishing_is_idempotent_and_takes_none(sentry_events: SentryEvents) -> None:
    t = start_transaction(name="root", op="root")
    for _ in range(3):
        finish_transaction(t)
        finish_transaction(None)

    assert len(sentry_events.transactions) == 1


def test_many_threads_finishing_one_transaction_send_it_once(sentry_events: SentryEvents) -> None:
    t = start_transaction(name="root", op="root")
    gate = threading.Barrier(8)

    def run() -> None:
        gate.wait()
        finish_transaction(t)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(sentry_events.transactions) == 1


def test_many_threads_lose_no_span(sentry_events: SentryEvents) -> None:
    t = start_transaction(name="root", op="root")

    def run() -> None:
        for _ in range(50):
            with set_task_transaction(t), start_transaction(op="one"):
                pass

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    finish_transaction(start_transaction(op="other"))
    for thread in threads:
        thread.join()
    finish_transaction(t)

    assert len(sentry_events.transactions.find("root").tree.children) == 401


def node() -> Node:
    return Node(tree=None, span=None, scope=None, previous=None, outer=None)  # type: ignore[arg-type]


def test_threads_that_add_followers_at_once_lose_none() -> None:
    kept: list[Node] = []
    followed = [node() for _ in range(20)]
    together = threading.Barrier(4)

    def add() -> None:
        for each in followed:
            together.wait(timeout=10)
            for number in range(500):
                left = node()
                each.add_follower(left)
                if number % 4 == 0:
                    kept.append(left)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(add) for _ in range(4)]:
                done.result()
    finally:
        sys.setswitchinterval(interval)

    assert sorted(len(each.followers) for each in followed) == [500] * 20
    assert {left for each in followed for left in each.living_followers()} == set(kept)


def test_the_garbage_collector_may_remove_followers_while_they_are_taken() -> None:
    thresholds = gc.get_threshold()
    try:
        for later in range(300):
            gc.disable()
            followed = node()
            for _ in range(30):
                left = node()
                left.scope = left
                followed.add_follower(left)
            gc.set_threshold(gc.get_count()[0] + later % 20)
            gc.enable()
            assert left in followed.living_followers()  # the only one that something else holds
    finally:
        gc.set_threshold(*thresholds)
        gc.enable()


def test_a_dropped_child_is_finished_at_that_moment(sentry_events: SentryEvents) -> None:
    with start_transaction(name="root", op="root"):
        start_transaction(op="dropped")
        with start_transaction(op="next"):
            pass

    assert sentry_events.transactions.find("root").tree == span("root", span("dropped"), span("next"))


def test_headers_carry_a_trace_over_a_process_boundary(sentry_events: SentryEvents, static: bool) -> None:
    program = """
import sys, sentryintegration as si
options = {} if sys.argv[3] == "static" else eval(sys.argv[4])
si.init(traces_sample_rate=1.0, **options)
headers = {"sentry-trace": sys.argv[1], "baggage": sys.argv[2]}
with si.start_transaction(name="child", op="child", headers=headers):
    with si.start_transaction(op="work"):
        pass
assert si.close(5)
"""
    from tests.facade.conftest import MAJOR

    options = "{}" if MAJOR == 3 else "{'trace_lifecycle': 'stream'}"
    with start_transaction(name="parent", op="parent"):
        headers = trace_headers()
        arguments = [headers["sentry-trace"], headers["baggage"], "static" if static else "stream", options]
        subprocess.run([sys.executable, "-c", program, *arguments], env=sentry_events.env, check=True)

    parent = sentry_events.transactions.find("parent")
    sentry_events.transactions.find("child", timeout=5)
    trace = sentry_events.traces.find(parent.trace_id)
    assert trace.tree == span("parent", ..., span("child", span("work")), ...)


def test_greenlets_nest_under_the_transaction(sentry_events: SentryEvents) -> None:
    gevent = pytest.importorskip("gevent")

    def one(t: Handle, op: str) -> None:
        with set_task_transaction(t), start_transaction(op=op):
            gevent.sleep(0)
            with start_transaction(op=f"{op}.in"):
                gevent.sleep(0)

    with start_transaction(name="root", op="root") as t:
        gevent.joinall([gevent.spawn(one, t, op) for op in "abc"])

    tree = sentry_events.transactions.find("root").tree
    assert tree == span("root", *(span(op, span(f"{op}.in")) for op in "abc"))


def test_threads_started_inside_nest_by_themselves(
    sentry_events: SentryEvents, mode_options: dict[str, Any]
) -> None:
    sentry_sdk.init("http://key@localhost/1", traces_sample_rate=1.0, **mode_options)

    def work() -> None:
        with start_transaction(op="thread"), start_transaction(op="inner"):
            pass

    with start_transaction(name="root", op="root"), ThreadPoolExecutor(1) as pool:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        pool.submit(work).result()
        pool.submit(work).result()

    one = span("thread", span("inner"))
    assert sentry_events.transactions.find("root").tree == span("root", one, one, one)


def test_a_thread_that_outlives_the_transaction_continues_its_trace(
    sentry_events: SentryEvents, mode_options: dict[str, Any]
) -> None:
    sentry_sdk.init("http://key@localhost/1", traces_sample_rate=1.0, **mode_options)
    finished = threading.Event()

    def work() -> None:
        finished.wait(5)
        with start_transaction(op="late"):
            pass
        capture_message("late")

    with start_transaction(name="root", op="root") as t:
        thread = threading.Thread(target=work)
        thread.start()
    finished.set()
    thread.join()

    late = sentry_events.transactions.find("late")
    assert (late.trace_id, late.parent_span_id) == (t.trace_id, t.span_id)
    assert sentry_events.messages.find("late").transaction is None


def test_asyncio_to_thread_nests_by_itself(sentry_events: SentryEvents) -> None:
    def work() -> None:
        with start_transaction(op="thread"):
            pass

    async def main() -> None:
        with start_transaction(name="root", op="root"):
            await asyncio.gather(asyncio.to_thread(work), asyncio.to_thread(work))

    asyncio.run(main())

    tree = sentry_events.transactions.find("root").tree
    assert tree == span("root", span("thread"), span("thread"))


def test_a_finished_span_does_not_keep_its_scope_until_its_transaction_is_sent(
    sentry_events: SentryEvents,
) -> None:
    with start_transaction(name="root", op="root"):
        marker: list[str] = []
        with start_transaction(op="child"):
            sentry_sdk.get_current_scope().set_extra("kept", marker)
        keeping = [one for one in gc.get_referrers(marker) if isinstance(one, dict) and "kept" in one]

    assert keeping == []


def test_transactions_that_other_threads_finish_are_not_kept(sentry_events: SentryEvents) -> None:
    trees: list[Any] = []
    for _ in range(3):
        t = start_transaction(name="root")
        assert t._node is not None
        trees.append(weakref.ref(t._node.tree))
        thread = threading.Thread(target=finish_transaction, args=(t,))
        thread.start()
        thread.join()
        del t, thread
    gc.collect()

    assert [tree() for tree in trees[:-1]] == [None, None]


def test_the_id_of_a_span_is_made_before_several_threads_may_ask_for_it(
    sentry_events: SentryEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, child = start_transaction(name="root"), start_transaction(op="child")
    with monkeypatch.context() as patch:
        patch.setattr("uuid.uuid4", None)
        ids = [root.span_id, child.span_id]
    finish_transaction(child)
    finish_transaction(root)

    transaction = sentry_events.transactions.find("root")
    assert [transaction.span_id, transaction.tree.children[0].span_id] == ids
