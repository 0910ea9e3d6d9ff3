"""The worker of a redirected transport: tasks run in the thread that waits for them, else in its own."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from pytest_sentryintegration import clock
from pytest_sentryintegration.sdk import worker as worker_module
from pytest_sentryintegration.sdk.worker import Worker

PATIENCE = 5.0

Ran = list[tuple[int, threading.Thread]]
"""The number of each task that ran, and the thread that ran it."""


@pytest.fixture(autouse=True)
def _naps_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread runs by itself what is queued, but far too late."""
    monkeypatch.setattr(worker_module, "NAP", 60.0)


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker whose thread naps."""
    worker = Worker(10)
    worker.submit(list)
    assert wait(worker)
    wait_until(lambda: bool(worker._queue.wake._waiters))  # type: ignore[attr-defined]
    yield worker
    thread = worker._queue.thread
    worker.kill()
    if thread is not None:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline


def run(worker: Worker) -> bool:
    return worker.run(clock.monotonic() + PATIENCE)


def wait(worker: Worker) -> bool:
    return worker.wait(clock.monotonic() + PATIENCE)


def noting(ran: Ran, number: int) -> Callable[[], None]:
    return lambda: ran.append((number, threading.current_thread()))


def test_what_is_queued_runs_in_the_calling_thread_in_its_order(worker: Worker) -> None:
    ran: Ran = []
    for number in range(3):
        worker.submit(noting(ran, number))

    assert run(worker)
    assert ran == [(number, threading.current_thread()) for number in range(3)]
    assert worker.unfinished_tasks == 0


def test_what_is_waited_for_runs_in_the_thread_of_the_worker(worker: Worker) -> None:
    ran: Ran = []
    worker.submit(noting(ran, 1))

    assert wait(worker)
    assert ran == [(1, worker._queue.thread)]


def test_a_task_that_fails_does_not_stop_the_next(worker: Worker) -> None:
    ran: Ran = []
    worker.submit(lambda: 1 / 0)
    worker.submit(noting(ran, 2))

    assert run(worker)
    assert [number for number, _ in ran] == [2]
    assert worker.unfinished_tasks == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_task_that_ends_its_thread_does_not_stop_the_next(worker: Worker) -> None:
    def leave() -> None:
        raise SystemExit

    ran: Ran = []
    thread = worker._queue.thread
    assert thread is not None
    worker.submit(leave)
    with worker.wanted():
        thread.join(PATIENCE)
    worker.submit(noting(ran, 2))

    assert wait(worker)
    assert [number for number, _ in ran] == [2]


def test_after_an_interrupt_the_rest_is_left_to_the_thread(worker: Worker) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    ran: Ran = []
    worker.submit(interrupted)
    for number in (1, 2):
        worker.submit(noting(ran, number))

    with pytest.raises(KeyboardInterrupt):
        run(worker)
    assert wait(worker)
    assert ran == [(1, worker._queue.thread), (2, worker._queue.thread)]


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signals here")
def test_what_the_handler_of_a_signal_raises_ends_the_run(worker: Worker) -> None:
    def handler(*_: object) -> None:
        raise TimeoutError("enough")

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        worker.submit(lambda: signal.raise_signal(signal.SIGUSR1))
        with pytest.raises(TimeoutError, match="enough"):
            run(worker)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert worker.unfinished_tasks == 0


def test_a_task_that_a_task_queues_is_not_waited_for(worker: Worker) -> None:
    goes_on = threading.Event()
    goes_on.set()

    def again() -> None:
        if goes_on.is_set():
            worker.submit(again)

    again()
    assert run(worker)
    assert worker.unfinished_tasks == 1
    assert wait(worker)
    goes_on.clear()


def test_nothing_runs_while_another_thread_is_running_a_task(worker: Worker) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        go_on.wait(PATIENCE)

    ran: Ran = []
    with worker.wanted():
        worker.submit(long)
        assert begun.wait(PATIENCE)
    worker.submit(noting(ran, 1))

    assert not run(worker)
    assert (ran, worker.unfinished_tasks) == ([], 2)
    go_on.set()
    assert wait(worker)


def test_a_wait_ends_after_its_deadline_and_says_that_something_is_left(worker: Worker) -> None:
    go_on = threading.Event()
    worker.submit(lambda: go_on.wait(PATIENCE))

    assert not worker.wait(clock.monotonic() + 0.01)
    assert worker.unfinished_tasks == 1
    go_on.set()
    assert wait(worker)


def test_no_task_begins_after_the_deadline(worker: Worker) -> None:
    worker.submit(list)

    assert not worker.run(clock.monotonic() - 1)
    assert worker.unfinished_tasks == 1


def test_a_task_that_waits_for_the_queue_goes_on_at_once(worker: Worker) -> None:
    took: list[float] = []

    def waits() -> None:
        started = time.perf_counter()
        assert not worker.wait(clock.monotonic() + 30)
        assert not worker.run(clock.monotonic() + 30)
        worker.flush(30)
        took.append(time.perf_counter() - started)

    worker.submit(waits)
    assert run(worker)
    assert took[0] < 10


def test_a_flush_waits_for_what_tasks_queue_too(worker: Worker) -> None:
    ran: Ran = []
    worker.submit(lambda: worker.submit(noting(ran, 1)))
    worker.flush(PATIENCE)

    assert ran == [(1, worker._queue.thread)]


def test_a_flush_that_takes_long_says_how_much_is_pending(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "NOTICE", 0.01)
    go_on = threading.Event()
    pending: list[tuple[int, float]] = []

    def callback(count: int, timeout: float) -> None:
        pending.append((count, timeout))
        go_on.set()

    worker.submit(lambda: go_on.wait(PATIENCE))
    worker.submit(list)
    worker.flush(PATIENCE, callback)

    assert pending == [(2, PATIENCE)]
    assert worker.unfinished_tasks == 0


def test_a_full_queue_takes_no_more(worker: Worker) -> None:
    assert [worker.submit(list) for _ in range(11)] == 10 * [True] + [False]
    assert worker.full()


def test_the_thread_naps_on_unless_it_is_wanted(worker: Worker) -> None:
    ran: Ran = []
    worker.submit(noting(ran, 1))
    assert ran == []
    assert wait(worker)
    assert [number for number, _ in ran] == [1]


def test_the_thread_runs_what_nobody_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "NAP", 0.001)
    worker = Worker(10)
    for _ in range(20):
        done = threading.Event()
        worker.submit(done.set)
        assert done.wait(PATIENCE)
    worker.kill()


def test_a_thread_that_sleeps_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "NAP", 0.001)
    monkeypatch.setattr(worker_module, "LINGER", 0.0)
    worker = Worker(10)
    for _ in range(20):
        done = threading.Event()
        worker.submit(done.set)
        assert done.wait(PATIENCE)
        wait_until(lambda: worker._queue.asleep)
    worker.kill()


def test_a_killed_worker_runs_what_is_queued_and_starts_again_when_asked(worker: Worker) -> None:
    ran: Ran = []
    first = worker._queue.thread
    assert first is not None
    worker.submit(noting(ran, 1))
    worker.kill()
    first.join(PATIENCE)
    worker.submit(noting(ran, 2))

    assert wait(worker)
    second = worker._queue.thread
    assert ran == [(1, first), (2, second)]
    assert second is not first


def test_where_no_thread_can_be_started_a_flush_runs_what_is_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", fails)
    worker, ran = Worker(10), Ran()
    worker.submit(noting(ran, 1))
    worker.flush(PATIENCE)

    assert ran == [(1, threading.current_thread())]


def test_deep_in_a_recursion_it_is_left_to_the_thread(worker: Worker) -> None:
    def deep(frames: int) -> bool:
        return run(worker) if frames == 0 else deep(frames - 1)

    worker.submit(list)
    depth = 0
    frame = sys._getframe()
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    most = sys.getrecursionlimit() - worker_module.ROOM
    if sys.version_info < (3, 12):
        most //= 2
    assert not deep(most - depth)
    assert deep(most - depth - 50)


@pytest.mark.uncounted
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("lock", ["turn", "lock"])
def test_a_forked_child_does_not_wait_for_a_thread_of_its_parent(worker: Worker, lock: str) -> None:
    holds, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with getattr(worker._queue, lock):
            holds.set()
            go_on.wait(PATIENCE)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holds.wait(PATIENCE)
    pid = os.fork()
    if pid == 0:
        ran: Ran = []
        worker.submit(noting(ran, 1))
        os._exit(0 if wait(worker) and len(ran) == 1 else 1)
    go_on.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_leaves_to_its_parent_what_that_had_queued(worker: Worker) -> None:
    ran: Ran = []
    worker.submit(noting(ran, 1))
    pid = os.fork()
    if pid == 0:
        worker.submit(noting(ran, 2))
        os._exit(0 if wait(worker) and [number for number, _ in ran] == [2] else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert run(worker)
    assert [number for number, _ in ran] == [1]
