"""The worker's queue, run by the thread that waits for it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sentry_sdk.worker import BackgroundWorker

from pytest_sentryintegration.sdk import shortcut
from pytest_sentryintegration.sdk.shortcut import Shortcut

PATIENCE = 5.0


@pytest.fixture(autouse=True)
def _worker_that_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does by itself what is queued, but far too late."""
    monkeypatch.setattr(shortcut, "NAP", 60.0)


@pytest.fixture
def worker() -> Iterator[BackgroundWorker]:
    worker = BackgroundWorker()
    yield worker
    with worker._queue.not_empty:
        threading.Condition.notify(worker._queue.not_empty)
    worker.kill()


@pytest.fixture
def short(worker: BackgroundWorker) -> Shortcut:
    """The shortcut of a worker that was woken once, so that it naps now."""
    short = Shortcut(worker._queue)
    done = threading.Event()
    worker.submit(done.set)
    deadline = time.monotonic() + PATIENCE
    while not (done.is_set() and short.bell._waiters):  # type: ignore[attr-defined]
        assert time.monotonic() < deadline
    return short


def run(short: Shortcut) -> bool:
    return short.run(time.monotonic() + PATIENCE)


def test_what_is_queued_runs_in_the_calling_thread_in_its_order(
    worker: BackgroundWorker, short: Shortcut
) -> None:
    ran: list[tuple[int, threading.Thread]] = []
    for number in range(3):
        worker.submit(_noting(ran, number))

    assert run(short)
    assert ran == [(number, threading.current_thread()) for number in range(3)]
    assert worker._queue.unfinished_tasks == 0


def test_a_task_that_fails_does_not_stop_the_next(worker: BackgroundWorker, short: Shortcut) -> None:
    ran: list[tuple[int, threading.Thread]] = []
    worker.submit(lambda: 1 / 0)
    worker.submit(_noting(ran, 2))

    assert run(short)
    assert [number for number, _ in ran] == [2]
    assert worker._queue.unfinished_tasks == 0


def test_what_a_signal_interrupts_is_left_to_the_worker(worker: BackgroundWorker, short: Shortcut) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    ran: list[tuple[int, threading.Thread]] = []
    done = threading.Event()
    worker.submit(interrupted)
    for number in (1, 2):
        worker.submit(_noting(ran, number))

    with pytest.raises(KeyboardInterrupt):
        run(short)
    with short.bell.worker_wanted():
        worker.submit(done.set)
        assert done.wait(PATIENCE)
    assert [(number, thread is threading.current_thread()) for number, thread in ran] == [
        (1, False),
        (2, False),
    ]


def test_nothing_is_taken_while_the_worker_is_at_it(worker: BackgroundWorker, short: Shortcut) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        go_on.wait(PATIENCE)

    with short.bell.worker_wanted():
        worker.submit(long)
        assert begun.wait(PATIENCE)
    worker.submit(list)

    assert not run(short)
    assert list(worker._queue.queue) == [list]
    go_on.set()


def test_a_second_thread_comes_after_the_first(worker: BackgroundWorker, short: Shortcut) -> None:
    ran: list[tuple[int, threading.Thread]] = []
    done = threading.Event()

    def other() -> None:
        assert not run(short)
        with short.bell.worker_wanted():
            worker.submit(short.after_others(done.set))

    def first() -> None:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert not done.wait(0.01)
        ran.append((1, threading.current_thread()))

    worker.submit(first)
    assert run(short)
    assert done.wait(PATIENCE)
    assert len(ran) == 1


def test_the_worker_sleeps_on_unless_it_is_wanted(worker: BackgroundWorker, short: Shortcut) -> None:
    napping, wanted = threading.Event(), threading.Event()
    worker.submit(napping.set)
    assert not napping.wait(0.01)
    with short.bell.worker_wanted():
        worker.submit(wanted.set)
        assert wanted.wait(PATIENCE)
    assert napping.is_set()


def test_the_worker_does_what_nobody_waits_for(
    worker: BackgroundWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortcut, "NAP", 0.001)
    short = Shortcut(worker._queue)
    for _ in range(20):
        done = threading.Event()
        worker.submit(done.set)
        assert done.wait(PATIENCE)
    assert run(short)


def test_a_worker_that_sleeps_is_woken(worker: BackgroundWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortcut, "LINGER", 0.0)
    Shortcut(worker._queue)
    for _ in range(20):
        done = threading.Event()
        worker.submit(done.set)
        assert done.wait(PATIENCE)


def test_deep_in_a_recursion_it_is_left_to_the_worker(worker: BackgroundWorker, short: Shortcut) -> None:
    def deep(frames: int) -> bool:
        return run(short) if frames == 0 else deep(frames - 1)

    worker.submit(list)
    depth = 0
    frame = sys._getframe()
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    most = sys.getrecursionlimit() - shortcut.ROOM
    if sys.version_info < (3, 12):
        most //= 2
    assert not deep(most - depth)
    assert deep(most - depth - 50)


def test_the_end_of_the_worker_is_not_run(worker: BackgroundWorker, short: Shortcut) -> None:
    worker.kill()
    assert not run(short)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_does_not_wait_for_a_thread_of_its_parent(short: Shortcut) -> None:
    holds, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with short.turn:
            holds.set()
            go_on.wait(PATIENCE)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holds.wait(PATIENCE)
    assert not run(short)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if run(short) else 1)
    go_on.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _noting(ran: list[tuple[int, threading.Thread]], number: int) -> Callable[[], None]:
    return lambda: ran.append((number, threading.current_thread()))
